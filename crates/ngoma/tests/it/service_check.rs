//! `ngoma service check` on a service with one mistake of each kind.

use crate::program::{path_text, repository, run, stdout};
use std::path::Path;
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// What the check says, and whether it was satisfied. Whether types are looked at depends on the machine.
fn check(path: &Path, args: &[&str]) -> (String, bool) {
    let output = run(&[&["service", "check", path_text(path)], args].concat(), "");
    let said: String = stdout(&output)
        .lines()
        .filter(|line| !line.starts_with("types: "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(output.stderr.is_empty(), "{output:?}");
    (said, output.status.success())
}

#[test]
fn mistakes_in_code_are_found_with_their_place() {
    let folder = folder(&[
        ("package.json", r#"{ "main": "main.js", "type": "module" }"#),
        (
            "main.js",
            "import { greet } from \"./greet.js\";\nimport moment from \"moment\";\n\napi.on_inbound_message = (command) => {\n  consoel.log(greet(comand), moment);\n  api.done();\n};\n",
        ),
        ("broken.js", "export const a = ;\n"),
        ("config.json", "{\"a\": 1,,}\n"),
        ("legacy.cjs", "var xml = require('libxmljs');\nmodule.exports = xml;\n"),
        ("locale/zu.po", "msgid \"Yes\"\nmsgstr \"\"\nmsgid Yes\n"),
        ("test/a.test.js", "describe('a', () => it('b', () => missing()));\n"),
    ]);
    let (said, is_well) = check(folder.path(), &[]);
    assert!(!is_well);
    insta::assert_snapshot!(said);
}

#[test]
fn mistakes_in_states_and_texts_are_found_with_their_place() {
    let main = r#"import { choice, end, service, text } from "ngoma";

const long = "This text is far too long for one screen of USSD, since it goes on and on about nothing in particular, and nobody who reads it on a small phone by the roadside will want to scroll that far to find out what it asks.";

export default service({
  name: "bad",
  languages: { en: "English", fr: "Français" },
  translations: {
    fr: {
      "Agree?": "Nous gardons votre numéro et la date prévue, pour vous envoyer des messages jusqu’à la naissance. Vous êtes d’accord ?",
      Yes: "Oui",
      [long]: "Court.",
    },
  },
  start: "agree",
  states: {
    agree: choice({ question: "Agree?", options: { yes: "Yes", no: "No" }, next: { yes: "name", no: "nowhere" } as never }),
    name: text({ question: long, next: "done" }),
    done: end({ text: "Thank you." }),
    dead: end({ text: "Thank you." }),
  },
});
"#;
    let folder = folder(&[
        ("package.json", r#"{ "main": "main.ts", "type": "module" }"#),
        ("main.ts", main),
    ]);
    let (said, is_well) = check(folder.path(), &[]);
    assert!(!is_well);
    insta::assert_snapshot!(said);
}

#[test]
fn warnings_fail_only_a_strict_check() {
    let folder = folder(&[(
        "main.js",
        "require('gone');\napi.on_inbound_message = function () { api.done(); };\n",
    )]);
    let main = folder.path().join("main.js");
    let (said, is_well) = check(&main, &[]);
    assert!(is_well, "{said}");
    assert!(
        said.starts_with("main.js:1:9: warning: there is no module \"gone\""),
        "{said}"
    );
    assert!(said.ends_with("1 file looked at: 0 errors, 1 warning\n"), "{said}");
    assert!(!check(&main, &["--strict"]).1);
}

#[test]
fn a_service_that_does_not_start_is_an_error() {
    let folder = folder(&[("main.js", "var a = 1;\nthrow new Error('not today');\n")]);
    let (said, is_well) = check(&folder.path().join("main.js"), &[]);
    assert!(!is_well);
    assert!(said.starts_with("main.js:2:"), "{said}");
    assert!(said.contains("the service does not start: Error: not today"), "{said}");
}

#[test]
fn what_the_compiler_of_types_says_is_found_too() {
    use std::os::unix::fs::PermissionsExt;
    let compiler = "#!/bin/sh\ntest -f .ngoma/src/index.ts && test \"$1 $4\" = \"--noEmit --project\" && echo \"main.ts(2,7): error TS2322: No number.\"\nexit 2\n";
    let folder = folder(&[
        ("package.json", r#"{ "main": "main.ts", "type": "module" }"#),
        ("main.ts", "export {};\nconst a: number = 'a';\nthrow a;\n"),
        (
            "tsconfig.json",
            r#"{ "compilerOptions": { "paths": { "ngoma": ["./.ngoma/src/index.ts"] } } }"#,
        ),
        ("node_modules/.bin/tsc", compiler),
    ]);
    let file = folder.path().join("node_modules/.bin/tsc");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (said, is_well) = check(folder.path(), &[]);
    assert!(!is_well);
    assert!(
        said.starts_with("main.ts:2:7: No number. [TS2322] (make the types agree)\n"),
        "{said}"
    );
}

#[test]
fn the_examples_have_no_mistakes() {
    for (example, expected) in [
        ("clinic", "15 states in 3 languages looked at"),
        ("light", "not on the library"),
    ] {
        let (said, is_well) = check(&repository("examples").join(example), &[]);
        assert!(is_well && said.contains(expected), "{said}");
        assert!(said.contains("0 errors"), "{said}");
    }
}
