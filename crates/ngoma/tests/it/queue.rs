//! `ngoma queue` and `ngoma dead`, on a running server and on a folder at rest.

use crate::program::{Server, one_error_line, path_text, run, stdout};

async fn check(server: &Server) {
    let data = server.data();
    let command = |args: &[&str]| run(&[args, &["--data", path_text(&data)]].concat(), "");
    let depth = stdout(&command(&["queue", "depth"]));
    let lines: Vec<&str> = depth.lines().collect();
    assert!(lines[0].starts_with("channel"), "{depth}");
    for channel in ["test/sms", "test/ussd"] {
        assert_eq!(
            lines.iter().filter(|line| line.starts_with(channel)).count(),
            2,
            "{depth}"
        );
    }
    assert_eq!(
        stdout(&command(&["dead", "list", "test"])),
        "nothing of account test was given up\n"
    );
    assert_eq!(
        stdout(&command(&["dead", "replay", "test", "webhook"])),
        "0 pieces of work are tried again\n"
    );
    assert!(one_error_line(&command(&["dead", "list", "nobody"])).contains("there is no account nobody"));
    assert!(one_error_line(&command(&["dead", "replay", "test", "mail"])).contains("is no kind"));
    assert!(stdout(&command(&["queue", "rebuild"])).starts_with("0 pieces of work"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_and_what_was_given_up_is_shown_with_and_without_a_server() {
    let mut server = Server::light().await;
    check(&server).await;
    server.process.stop().unwrap();
    check(&server).await;
}
