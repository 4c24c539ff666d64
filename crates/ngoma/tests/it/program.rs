//! The built program, a running server of it, and files to give it.

use ngoma_testkit::{Answer, JsonClient, NgomaProcess};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The program under test: the one `NGOMA_BIN` names, else the one cargo built for this test.
pub fn binary() -> PathBuf {
    std::env::var_os("NGOMA_BIN").map_or_else(|| env!("CARGO_BIN_EXE_ngoma").into(), PathBuf::from)
}

/// Whether the long rounds run.
pub fn is_full_run() -> bool {
    std::env::var_os("NGOMA_FULL").is_some()
}

/// A folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Runs a command of the program to its end with this standard input. One that should end and does not is ended after a
/// minute, and its test fails.
pub fn run(args: &[&str], input: &str) -> Output {
    let mut child = Command::new("timeout")
        .arg("60")
        .arg(binary())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its input early closes the pipe; what it says of that is what is tested.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error, checked to be one line, as text.
pub fn one_error_line(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "not one line: {text}");
    assert!(!output.status.success(), "it said it went well: {text}");
    text
}

/// A server on a data folder of its own.
pub struct Server {
    /// The running program.
    pub process: NgomaProcess,
    folder: TempDir,
}

impl Server {
    /// `ngoma demo`.
    pub async fn demo() -> Self {
        Self::start("demo", tempfile::tempdir().unwrap()).await
    }

    /// `ngoma serve` with the light service on a USSD channel and an SMS channel of account `test`.
    pub async fn light() -> Self {
        Self::light_with("").await
    }

    /// The same with these settings in its `ngoma.toml`.
    pub async fn light_with(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ngoma.toml"), settings).unwrap();
        let file = folder.path().join("light.toml");
        std::fs::write(&file, light_toml(&repository("examples/light"))).unwrap();
        let output = run(
            &[
                "apply",
                path_text(&file),
                "--data",
                path_text(&folder.path().join("data")),
            ],
            "",
        );
        assert!(output.status.success(), "{output:?}");
        Self::start("serve", folder).await
    }

    /// `ngoma serve` with what this declares, and what is written beside it.
    pub async fn declared(toml: &str, beside: &[(&str, &str)]) -> Self {
        let server = Self::empty().await;
        for (name, content) in beside {
            server.write(name, content);
        }
        let output = server.apply(&server.write("declared.toml", toml));
        assert!(output.status.success(), "{output:?}");
        server
    }

    /// `ngoma serve` with these settings in the data folder's `ngoma.toml`, and what this declares.
    pub async fn with_settings(settings: &str, toml: &str) -> Self {
        let server = Self::with_only(settings).await;
        let output = server.apply(&server.write("declared.toml", toml));
        assert!(output.status.success(), "{output:?}");
        server
    }

    /// `ngoma serve` with these settings in the data folder's `ngoma.toml`, and what its database holds.
    pub async fn with_only(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("data/ngoma.toml"), settings).unwrap();
        Self::start("serve", folder).await
    }

    /// `ngoma serve` on an empty folder.
    pub async fn empty() -> Self {
        Self::start("serve", tempfile::tempdir().unwrap()).await
    }

    async fn start(command: &str, folder: TempDir) -> Self {
        let data = folder.path().join("data");
        let args = [command, "--data", path_text(&data)];
        let process = NgomaProcess::start(&binary(), &args, folder.path()).await.unwrap();
        Self { process, folder }
    }

    /// Starts `serve` again on the same folder and port, after the process was killed or stopped.
    pub async fn start_again(&mut self) {
        let data = self.data();
        let args = ["serve", "--data", path_text(&data)];
        let port = self.process.port();
        self.process = NgomaProcess::start_on(port, &binary(), &args, self.folder.path())
            .await
            .unwrap();
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file beside the data folder.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `ngoma apply FILE` on this server's data folder.
    pub fn apply(&self, file: &Path) -> Output {
        run(&["apply", path_text(file), "--data", path_text(&self.data())], "")
    }

    /// A token of that account.
    pub fn token(&self, account: &str) -> String {
        let output = run(&["token", "create", account, "--data", path_text(&self.data())], "");
        assert!(output.status.success(), "{output:?}");
        stdout(&output).split_whitespace().last().unwrap().to_owned()
    }

    /// A client that a token of that account lets in.
    pub fn client_of(&self, account: &str) -> JsonClient {
        let token = self.token(account);
        let client = self.process.client();
        client.with_header("Authorization", &format!("Bearer {token}"))
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.process.client().post(path, body).await.unwrap()
    }
}

/// A path as text; the tests' paths are.
pub fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// One USSD turn as a gateway posts it.
pub fn ussd(session: &str, from: &str, event: &str, content: Option<&str>) -> Value {
    json!({ "session_id": session, "from": from, "to": "*120*8864#", "session_event": event, "content": content })
}

/// Account `test`: channels `ussd` and `sms`, both to the light service.
pub fn light_toml(source: &Path) -> String {
    format!(
        r#"
        [account.test.channel.ussd]
        type = "ussd_http"
        address = "*120*8864#"
        country = "ZA"
        [account.test.channel.sms]
        type = "http_json"
        address = "8864"
        country = "ZA"
        [account.test.service.light]
        kind = "script"
        source = "{}"
        [[account.test.route]]
        channel = "ussd"
        service = "light"
        [[account.test.route]]
        channel = "sms"
        service = "light"
        "#,
        source.display()
    )
}
