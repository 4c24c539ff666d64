//! Services that fail while a person waits: the person gets the channel's fallback text, the author the file and the line, and
//! the next message is answered.

use crate::program::{Server, path_text, run, stdout, ussd};

const FALLBACK: &str = "Please try again later.";

/// What the service does with each text.
const CODE: &str = r#"const answer = (command, content) =>
  api.request("outbound.reply_to", { in_reply_to: command.msg.message_id, content });
api.on_inbound_message = function (command) {
  switch (command.msg.content) {
    case "throw":
      throw new Error("thrown");
    case "reject":
      return Promise.reject(new TypeError("rejected"));
    case "text":
      throw "a text";
    case "loop":
      for (;;) command.rounds = (command.rounds || 0) + 1;
    case "nonsense":
      return api.request("outbound.reply_to", { in_reply_to: command.msg.message_id, content: { a: 1 } });
    case "refused":
      answer(command, 5);
      return api.done();
    case "unknown":
      return api.request("no.such", {});
    case "twice":
      answer(command, "once");
      return answer(command, "twice");
    case "memory":
      for (const kept = []; ; ) kept.push(new Array(1000).fill(1));
    case "leave":
      return;
    default:
      answer(command, "fine");
      return api.done();
  }
};
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_the_authors_to_read_and_not_the_persons() {
    let toml = format!(
        r#"
        [account.test.channel.ussd]
        type = "ussd_http"
        address = "*120*8864#"
        config = {{ deadline = "20s", fallback = "{FALLBACK}" }}
        [account.test.service.faulty]
        kind = "script"
        source = "main.js"
        [[account.test.route]]
        channel = "ussd"
        service = "faulty"
        "#
    );
    let server = Server::declared(&toml, &[("main.js", CODE)]).await;
    let log = || {
        let data = server.data();
        let args = [
            "service",
            "logs",
            "test",
            "faulty",
            "-n",
            "1",
            "--data",
            path_text(&data),
        ];
        stdout(&run(&args, ""))
    };
    for (fault, expected) in [
        ("throw", "Error: thrown (main.js line 6)"),
        ("reject", "TypeError: rejected (main.js line 8)"),
        ("text", "the script threw \"a text\" (main.js line 10)"),
        (
            "loop",
            "the service used more than 1 s of processor time (main.js line 12)",
        ),
        (
            "nonsense",
            "Error: outbound.reply_to: 'content' must be unicode or null. (main.js line 14)",
        ),
        (
            "refused",
            "outbound.reply_to was refused: 'content' must be unicode or null.",
        ),
        ("unknown", "unknown command: no.such"),
        (
            "twice",
            "Error: the message was answered already: a session takes one answer (main.js line 2)",
        ),
        ("memory", "out of memory: a service may use 64 MiB"),
        ("leave", "the script stopped without calling api.done()"),
    ] {
        let turn = |event, content| ussd(fault, "+27831234567", event, Some(content));
        let answer = server.post("/c/test/ussd", &turn("new", fault)).await;
        assert_eq!(answer.json()["content"], FALLBACK, "{fault}");
        let line = log();
        assert!(line.contains(expected), "{fault}: {line}");
        let answer = server.post("/c/test/ussd", &turn("resume", "again")).await;
        assert_eq!(answer.json()["content"], "fine", "after {fault}");
    }
}
