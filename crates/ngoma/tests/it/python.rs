//! Services in Python through the whole program: applied, dialled, simulated, with packages of their own.

use crate::how_to::blocks;
use crate::program::{Server, binary, path_text, repository, stdout, ussd};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const PERSON: &str = "+27831234567";

fn toml(source: &str) -> String {
    format!(
        r#"
        [account.test.channel.ussd]
        type = "ussd_http"
        address = "*120*8864#"
        country = "ZA"
        [account.test.service.visits]
        kind = "script"
        source = "{source}"
        [[account.test.route]]
        channel = "ussd"
        service = "visits"
        "#
    )
}

async fn dialogue(server: &Server, turns: &[(Option<&str>, &str)]) {
    for (turn, (typed, screen)) in turns.iter().enumerate() {
        let event = if turn == 0 { "new" } else { "resume" };
        let answer = server.post("/c/test/ussd", &ussd("s1", PERSON, event, *typed)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let content = answer.json()["content"].as_str().unwrap_or_default().to_owned();
        assert!(content.starts_with(screen), "{typed:?}: {content:?} is not {screen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_is_dialled_and_survives_a_restart() {
    let mut server = Server::declared(&toml(path_text(&repository("examples/python-clinic"))), &[]).await;
    let turns = [
        (None, "Welcome. Your language?\n1. English\n2. Français"),
        (Some("2"), "Dans quel centre allez-vous ?\n1. Mankweng Clinic"),
        (Some("1"), "Quand est votre visite ?"),
    ];
    dialogue(&server, &turns).await;
    server.process.stop().unwrap();
    server.start_again().await;
    let turns = [
        (None, "Welcome back. You have not finished.\n1. "),
        (Some("1"), "Quand est votre visite ?"),
    ];
    dialogue(&server, &turns).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_cannot_run_is_refused_with_its_place() {
    let server = Server::empty().await;
    for (source, words) in [
        (
            "import nothing_there\n",
            "ModuleNotFoundError: No module named 'nothing_there' (main.py line 1)",
        ),
        ("x = 1\n", "main.py has no service"),
    ] {
        server.write("service/main.py", source);
        let output = server.apply(&server.write("declared.toml", &toml("service")));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(words), "{error}");
    }
    server.write("service/main.py", "from ngoma import Service\nservice = Service()\n");
    server.write("service/requirements.txt", "requests>=2\n");
    let output = server.apply(&server.write("declared.toml", &toml("service")));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("requirements.txt line 1: only exact versions are installed"),
        "{error}"
    );
}

/// A wheel with one module, in which another package may be asked for.
fn write_wheel(folder: &Path, name: &str, source: &str, needs: &str) {
    write_wheel_with(folder, name, source, needs, "");
}

/// The same with a line that Python runs when it starts where the package is installed.
fn write_wheel_with(folder: &Path, name: &str, source: &str, needs: &str, at_start: &str) {
    let script = r#"
import sys, zipfile
folder, name, source, needs, at_start = sys.argv[1:]
info = f"{name}-1.0.dist-info"
metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + (f"Requires-Dist: {needs}\n" if needs else "")
files = {
    f"{name}.py": source,
    f"{info}/METADATA": metadata,
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
if at_start:
    files[f"{name}.pth"] = at_start + "\n"
files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in files) + f"{info}/RECORD,,\n"
with zipfile.ZipFile(f"{folder}/{name}-1.0-py3-none-any.whl", "w") as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
"#;
    let arguments = [path_text(folder), name, source, needs, at_start];
    let status = Command::new("python3")
        .args(["-c", script])
        .args(arguments)
        .status()
        .unwrap();
    assert!(status.success());
}

/// The lines that answer these when they are put to a service, which finds packages in this folder alone.
fn simulate(service: &Path, input: &str, wheels: &Path, cache: &Path) -> Vec<Value> {
    let mut child = Command::new(binary())
        .args(["simulate", path_text(service)])
        .envs([("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", path_text(wheels))])
        .env("XDG_CACHE_HOME", cache)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What a service with these requirements answers.
fn answer_with(requirements: &str, wheels: &Path, cache: &Path) -> Value {
    let service = tempfile::tempdir().unwrap();
    std::fs::write(service.path().join("requirements.txt"), requirements).unwrap();
    let source = "from greeting_words import HELLO\nfrom ngoma import Service\nservice = Service()\n\
        @service.on_message\nasync def answer(message, ctx):\n    await ctx.reply(HELLO)\n";
    std::fs::write(service.path().join("main.py"), source).unwrap();
    simulate(service.path(), "{\"content\":\"a\"}\n", wheels, cache).remove(0)
}

#[test]
fn a_packages_code_is_not_run_by_its_installation() {
    let (wheels, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mark = wheels.path().join("it_ran");
    let at_start = format!("import os; os.system('touch {}')", path_text(&mark));
    write_wheel_with(wheels.path(), "greeting_words", "HELLO = 'Hello'", "", &at_start);
    // The confined worker runs it, and may neither start a program nor write.
    answer_with("greeting_words==1.0\n", wheels.path(), cache.path());
    assert!(!mark.exists());
    // Anybody else who starts that Python does.
    let found = Command::new("find")
        .args([path_text(cache.path()), "-path", "*/venv/bin/python3"])
        .output()
        .unwrap();
    let python = String::from_utf8(found.stdout).unwrap();
    assert!(
        Command::new(python.trim())
            .args(["-c", "0"])
            .status()
            .unwrap()
            .success()
    );
    assert!(mark.exists());
}

#[test]
fn packages_are_installed_as_they_are_pinned() {
    let (wheels, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_wheel(wheels.path(), "greeting_words", "HELLO = 'Hello'", "");
    let answer = answer_with("# words\ngreeting_words==1.0\n", wheels.path(), cache.path());
    assert_eq!(
        (&answer["replies"][0]["content"], &answer["error"]),
        (&json!("Hello"), &Value::Null)
    );
    let message =
        |requirements: &str| answer_with(requirements, wheels.path(), cache.path())["error"]["message"].to_string();
    let found = message("greeting_words==2.0\n");
    assert!(
        found.contains("pip cannot install what requirements.txt asks for:")
            && found.contains("No matching distribution found for greeting_words==2.0"),
        "{found}"
    );
    write_wheel(wheels.path(), "lonely", "", "greeting_words");
    let found = message("lonely==1.0\n");
    assert!(
        found.contains("requirements.txt must list every package that is needed")
            && found.contains("add\\ngreeting_words==1.0"),
        "{found}"
    );
}

#[test]
fn what_the_how_to_writes_can_be_talked_to() {
    let document = std::fs::read_to_string(repository("docs/how-to/write-a-python-service.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for (number, block) in blocks(&document)
        .into_iter()
        .filter(|block| block.kind == "python")
        .enumerate()
    {
        if block.text.contains("Tester") {
            continue;
        }
        let path = folder.path().join(format!("service_{number}.py"));
        std::fs::write(&path, &block.text).unwrap();
        let input =
            "{\"content\":null,\"session_event\":\"new\"}\n{\"content\":\"Thandi\",\"session_event\":\"resume\"}\n";
        let lines = simulate(&path, input, folder.path(), folder.path());
        assert_eq!(lines.len(), 2, "{}", block.text);
        for line in lines {
            assert_eq!(line["error"], Value::Null, "{}", block.text);
            assert!(line["replies"][0]["content"].is_string(), "{line}");
        }
        count += 1;
    }
    assert_eq!(count, 2);
}
