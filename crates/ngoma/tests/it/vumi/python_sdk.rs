//! Our channel, and an application written with our library for Python: the example as it stands.

use super::{PERSON, queues, until};
use crate::program::{Server, path_text, repository, ussd};
use ngoma_testkit::servers;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

const EXAMPLE: &str = "examples/python-amqp";

/// A virtual environment with what the example asks for; made once.
fn python() -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-amqp");
    let python = environment.join("bin/python3");
    let venv = Command::new("python3")
        .args(["-m", "venv", path_text(&environment)])
        .status();
    assert!(venv.expect("python3 is needed for this test").success());
    let requirements = repository(EXAMPLE).join("requirements.txt");
    let arguments = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    let pip = Command::new(&python)
        .args(arguments)
        .arg(requirements)
        .status()
        .unwrap();
    assert!(pip.success());
    python
}

/// The example's process; it ends when dropped.
struct Application(Child);

impl Application {
    fn start(url: &str, transport_name: &str) -> Self {
        let child = Command::new(python())
            .arg("-B")
            .arg(repository(EXAMPLE).join("worker.py"))
            .args([url, transport_name])
            .env("PYTHONPATH", repository("sdk/python/src"))
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_answers_people_over_the_bus() {
    if !servers::available() {
        return;
    }
    let url = servers::rabbitmq().vhost();
    let _application = Application::start(&url, "greeter");
    until("the application's queues", async || {
        (queues(&url).len() == 3).then_some(())
    })
    .await;
    let toml = format!(
        r#"
        [account.test.channel.ussd]
        type = "ussd_http"
        address = "*120*8864#"
        country = "ZA"
        config = {{ deadline = "30s" }}
        [account.test.service.app]
        kind = "vumi_amqp"
        config = {{ url = "{url}", transport_name = "greeter" }}
        [[account.test.route]]
        channel = "ussd"
        service = "app"
        "#
    );
    let server = Server::declared(&toml, &[]).await;
    for (event, typed, expected, next) in [
        ("new", None, "What is your name?", "resume"),
        ("resume", Some("Nomsa"), "Hello Nomsa. You are on the bus.", "close"),
    ] {
        let answer = server.post("/c/test/ussd", &ussd("s1", PERSON, event, typed)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["content"], expected);
        assert_eq!(answer.json()["session_event"], next, "{}", answer.text());
    }
}
