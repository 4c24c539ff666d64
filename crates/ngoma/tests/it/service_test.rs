//! `ngoma service test`, as authors use it.

use crate::program::{binary, path_text, repository, run, stdout};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const MAIN: &str = "var greet = require('./greet');\n\napi.on_inbound_message = function (command) {\n  var answer = { content: greet(command.msg.content), in_reply_to: command.msg.message_id, continue_session: false };\n  api.request('outbound.reply_to', answer, function () {\n    api.done();\n  });\n};\n";
const GREET: &str = "module.exports = function greet(name) {\n  if (name === 'nobody') {\n    return 'Go away';\n  }\n  return 'Hello ' + name;\n};\n";
const TEST: &str = "var assert = require('assert');\nvar greet = require('../greet');\n\ndescribe('greeting', function () {\n  it('names the person', function () {\n    assert.equal(greet('Thandi'), 'Hello Thandi');\n  });\n  it('is polite', function () {\n    assert.equal(greet('Sipho'), 'Good day Sipho');\n  });\n  it('is not written yet');\n});\n";
const DIALOGUE: &str = "now: 2026-11-23 08:00:00\n\n> Thandi\nHello Thandi\n= end\n";

fn service(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let known = [
        ("package.json", "{\"main\": \"main.js\"}"),
        ("main.js", MAIN),
        ("greet.js", GREET),
    ];
    for (path, text) in known.iter().chain(files) {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// What is said of the tests, the place of the folder left out, and whether they passed.
fn test(folder: &TempDir, args: &[&str]) -> (String, bool) {
    let path = path_text(folder.path());
    let output = run(&[&["service", "test", path], args].concat(), "");
    let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
    (said.replace(path, "FOLDER"), output.status.success())
}

#[test]
fn the_authors_tests_are_told_of_one_by_one() {
    let folder = service(&[("test/greet.js", TEST)]);
    let (said, is_success) = test(&folder, &[]);
    assert!(!is_success);
    insta::assert_snapshot!(said);
    let (said, is_success) = test(&folder, &["--grep", "names the person"]);
    assert!(is_success, "{said}");
    assert!(said.ends_with("1 passed, 0 failed\n"), "{said}");
}

#[test]
fn a_dialogue_that_went_otherwise_is_shown_line_by_line() {
    let other = "now: 2026-11-23 08:00:00\n\n> nobody\nHello nobody\n= end\n~ sms +1: x\n";
    let folder = service(&[
        ("dialogues/known.txt", DIALOGUE),
        ("dialogues/other.txt", other),
        ("dialogues/odd.txt", "colour: red\n> a\n"),
    ]);
    let (said, is_success) = test(&folder, &[]);
    assert!(!is_success);
    insta::assert_snapshot!(said);
}

#[test]
fn dialogues_are_written_anew_when_asked_for() {
    let folder = service(&[("dialogues/a.txt", "# Kept.\nnow: 2026-11-23\n\n> nobody\nHello\n")]);
    let (said, is_success) = test(&folder, &["--update"]);
    assert!(
        is_success && said.ends_with("0 passed, 0 failed, 1 dialogue written anew\n"),
        "{said}"
    );
    let text = std::fs::read_to_string(folder.path().join("dialogues/a.txt")).unwrap();
    assert_eq!(text, "# Kept.\nnow: 2026-11-23\n\n> nobody\nGo away\n= end\n");
    assert!(test(&folder, &[]).1);
}

#[test]
fn writing_dialogues_anew_changes_none_that_are_right() {
    let folder = tempfile::tempdir().unwrap();
    let recorded = repository("examples/clinic/dialogues");
    let service = std::fs::canonicalize(repository("examples/clinic")).unwrap();
    for entry in std::fs::read_dir(&recorded).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        // A header that is wrong about nothing but one answer has the whole file written anew.
        let text = format!(
            "service: {}\n{text}\n> [dial]\nnothing of the kind\n",
            service.display()
        );
        std::fs::write(folder.path().join(path.file_name().unwrap()), text).unwrap();
    }
    test(&folder, &["--update"]);
    for entry in std::fs::read_dir(&recorded).unwrap() {
        let path = entry.unwrap().path();
        let before = std::fs::read_to_string(&path).unwrap();
        let after = std::fs::read_to_string(folder.path().join(path.file_name().unwrap())).unwrap();
        let (_, after) = after.split_once('\n').unwrap();
        assert!(after.starts_with(&before), "{}:\n{after}", path.display());
        assert!(!after.contains("nothing of the kind"));
    }
}

#[test]
fn coverage_counts_the_lines_of_tests_and_dialogues_together() {
    let folder = service(&[("test/greet.js", TEST), ("dialogues/known.txt", DIALOGUE)]);
    let lcov = folder.path().join("lcov.info");
    let (said, _) = test(&folder, &["--coverage", "--lcov", path_text(&lcov)]);
    let table: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("file ")).collect();
    insta::assert_snapshot!(table.join("\n"));
    let lcov = std::fs::read_to_string(lcov).unwrap();
    assert!(lcov.contains("SF:greet.js\nDA:1,"), "{lcov}");
    assert!(lcov.contains("\nDA:3,0\n"), "{lcov}");
}

#[test]
fn the_states_of_the_clinic_are_counted() {
    let output = run(
        &[
            "service",
            "test",
            path_text(&repository("examples/clinic")),
            "--coverage",
        ],
        "",
    );
    let said = stdout(&output);
    assert!(said.contains("states entered: 15/15 (100%)"), "{said}");
    assert!(output.status.success(), "{said}");
}

#[test]
fn tests_run_again_when_a_file_changes() {
    let folder = service(&[("dialogues/known.txt", DIALOGUE)]);
    let mut process = Command::new("timeout")
        .arg("60")
        .arg(binary())
        .args(["service", "test", path_text(folder.path()), "--watch"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut next = |end: &str| {
        lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains(end))
            .unwrap()
    };
    assert_eq!(next("passed"), "1 passed, 0 failed");
    next("Waiting for a change");
    write(
        folder.path(),
        "greet.js",
        "module.exports = function () { return 'Bye'; };",
    );
    assert_eq!(next("passed"), "0 passed, 1 failed");
    // `timeout` passes the signal on; a kill would end only itself.
    let ended = Command::new("kill").arg(process.id().to_string()).status().unwrap();
    assert!(ended.success());
    process.wait().unwrap();
}

#[test]
fn what_cannot_be_found_is_said() {
    let folder = service(&[]);
    let (said, is_success) = test(&folder, &[]);
    assert!(
        !is_success && said.contains("no tests: write dialogues/first.txt"),
        "{said}"
    );
}

#[test]
fn programs_talk_to_a_service_by_lines() {
    let folder = service(&[]);
    let output = run(
        &["service", "simulate", path_text(folder.path())],
        "{\"content\":\"Thandi\"}\n",
    );
    let said = stdout(&output);
    assert!(said.contains("\"content\":\"Hello Thandi\""), "{said}");
}
