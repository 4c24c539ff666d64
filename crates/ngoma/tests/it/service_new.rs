//! `ngoma service new`: what it makes works at once.

use crate::program::{one_error_line, path_text, run, stdout};
use std::path::Path;
use tempfile::TempDir;

/// A new service named `hello`, and what was said of it.
fn new(template: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hello");
    let output = run(&["service", "new", path_text(&path), "--template", template], "");
    assert!(output.status.success(), "{output:?}");
    let said = stdout(&output);
    (folder, said)
}

fn succeeds(args: &[&str]) -> String {
    let output = run(args, "");
    let said = stdout(&output);
    assert!(
        output.status.success(),
        "{args:?}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// Its check finds nothing, not even to warn of, and its tests pass and reach every line and state.
fn works_at_once(template: &str, passed: usize) {
    let (folder, said) = new(template);
    assert!(said.contains("ngoma service test ."), "{said}");
    let hello = folder.path().join("hello");
    let hello = path_text(&hello);
    let said = succeeds(&["service", "check", hello, "--strict"]);
    assert!(said.ends_with("0 errors, 0 warnings\n"), "{said}");
    let said = succeeds(&["service", "test", hello, "--coverage"]);
    assert!(said.ends_with(&format!("{passed} passed, 0 failed\n")), "{said}");
    assert!(
        !std::fs::read_to_string(Path::new(hello).join("README.md"))
            .unwrap()
            .contains("{{")
    );
}

#[test]
fn a_new_ussd_service_works_at_once() {
    works_at_once("ussd", 2);
}

#[test]
fn a_new_sms_service_works_at_once() {
    works_at_once("sms", 2);
}

#[test]
fn a_new_service_without_a_library_works_at_once() {
    works_at_once("plain-js", 2);
}

#[test]
fn a_new_service_in_python_works_at_once() {
    works_at_once("python", 1);
}

#[test]
fn nothing_is_written_over_and_names_are_checked() {
    let (folder, _) = new("ussd");
    for (name, expected) in [
        ("hello", "is there already"),
        ("Hello World", "is no name for a service"),
    ] {
        let path = folder.path().join(name);
        let error = one_error_line(&run(&["service", "new", path_text(&path)], ""));
        assert!(error.contains(expected), "{error}");
    }
}
