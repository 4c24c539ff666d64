//! `ngoma optout`, on a running server and on a folder at rest.

use crate::program::{Server, one_error_line, path_text, run, stdout};

fn check(server: &Server) {
    let data = server.data();
    let command = |args: &[&str]| run(&[&["optout"], args, &["--data", path_text(&data)]].concat(), "");
    let list = || stdout(&command(&["list", "test"]));
    assert_eq!(list(), "nobody has opted out of account test\n");
    assert_eq!(
        stdout(&command(&["add", "test", "+27 83 123 4567"])),
        "tel:+27831234567 gets no messages of account test\n"
    );
    command(&["add", "test", "+27831234567"]);
    command(&["add", "test", "telegram:123"]);
    let listed = list();
    let people: Vec<&str> = listed.lines().filter_map(|line| line.split(" since ").next()).collect();
    assert_eq!(people, ["tel:+27831234567", "telegram:123"]);
    let rest = stdout(&command(&["list", "test", "--after", "+27831234567"]));
    assert!(rest.starts_with("telegram:123 since "), "{rest}");
    for person in people {
        let removed = stdout(&command(&["remove", "test", person]));
        assert_eq!(removed, format!("{person} gets messages of account test again\n"));
    }
    assert!(list().starts_with("nobody"));
    for (args, expected) in [
        (["add", "nobody", "+27831234567"], "there is no account nobody"),
        (["add", "test", "083 123 4567"], "is no person's address"),
        (["remove", "test", "telegram:"], "is no person's address"),
    ] {
        let error = one_error_line(&command(&args));
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opted_out_is_shown_and_changed_with_and_without_a_server() {
    let mut server = Server::light().await;
    check(&server);
    server.process.stop().unwrap();
    check(&server);
}
