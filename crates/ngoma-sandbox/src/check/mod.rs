//! Finds what is wrong with a service's code before anybody uses it: each finding with its place and what to do.

mod catalogue;
mod code;
mod flow;
mod globals;
mod modules;
mod names;
mod places;
mod screens;
mod toolkit;

use crate::describe::Description;
use crate::worker::{Files, library};
use code::{Code, Sources};
use ngoma_engine::service::Bundle;
use std::fmt;

pub(crate) use code::source_type;

pub use catalogue::check_catalogue;
pub use toolkit::ToolkitStates;

/// What was found, with the place of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file within the service's folder.
    pub file: String,
    /// The line, from 1; 0 when the finding is about the whole file.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub advice: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The service cannot work so.
    Error,
    /// The service works, worse than it could.
    Warning,
}

/// What a check of the code found.
#[derive(Debug, Default)]
pub struct CodeReport {
    /// What is wrong, in the order of files and lines.
    pub findings: Vec<Finding>,
    /// How many files were looked at.
    pub files: usize,
    /// The states of a service on the toolkit, as far as its code names them.
    pub toolkit: ToolkitStates,
    main: String,
    codes: Vec<Code>,
}

impl CodeReport {
    /// Adds what is wrong with the service as it describes itself: its states and its texts.
    pub fn add_description(&mut self, description: &Description) {
        let sources = Sources::new(&self.main, &self.codes);
        let mut found = flow::check(description, &sources);
        found.extend(screens::check(description, &sources));
        self.add(found);
    }

    /// Adds findings, in their places.
    pub fn add(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
        self.findings.sort();
        self.findings.dedup();
    }
}

/// The names that the runtime defines, as it says itself.
#[derive(Clone, Debug, Default)]
pub struct KnownGlobals {
    /// Those of every file; none, when the runtime could not be asked, and then names are not looked at.
    pub everywhere: Vec<String>,
    /// Those that files of tests have besides.
    pub in_tests: Vec<String>,
}

impl Finding {
    /// An error at a place.
    pub fn error(file: &str, place: (u32, u32), problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(file, place, Severity::Error, problem.into(), advice.into())
    }

    /// A warning at a place.
    pub fn warning(file: &str, place: (u32, u32), problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(file, place, Severity::Warning, problem.into(), advice.into())
    }

    fn new(file: &str, (line, column): (u32, u32), severity: Severity, problem: String, advice: String) -> Self {
        Self {
            file: file.to_owned(),
            line,
            column,
            severity,
            problem,
            advice,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        let severity = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        write!(f, " {severity}{}", self.problem)?;
        match self.advice.as_str() {
            "" => Ok(()),
            advice => write!(f, " ({advice})"),
        }
    }
}

/// Looks at every file of the author: syntax, names that nothing defines, modules that are not there.
pub fn check_code(bundle: &Bundle, known: &KnownGlobals) -> CodeReport {
    let files = Files::new(bundle.clone(), library());
    let mut report = CodeReport {
        main: bundle.main.clone(),
        ..CodeReport::default()
    };
    let mut findings = Vec::new();
    for (path, bytes) in bundle.files.iter().filter(|(path, _)| is_of_author(path)) {
        report.files += 1;
        match code::read(&files, path, bytes) {
            Ok(code) => report.codes.extend(code),
            Err(errors) => findings.extend(errors),
        }
    }
    let reached = modules::reached(&files, &report.codes, &bundle.main);
    if !known.everywhere.is_empty() {
        findings.extend(names::check(&report.codes, known, &reached));
    }
    findings.extend(modules::check(&files, &report.codes));
    report.toolkit = toolkit::look(report.codes.iter().filter(|code| reached.contains(&code.path)));
    findings.extend(report.toolkit.findings.iter().cloned());
    report.add(findings);
    report
}

/// The globals that the library's sources rely on.
const GLOBALS: &str = include_str!("../../../../sdk/js/globals.d.ts");

/// The sources of the library `ngoma`, as paths and texts, for whoever wants its types.
pub fn library_sources() -> Vec<(String, Vec<u8>)> {
    let sources = library().into_iter().filter_map(|(path, text)| {
        let path = path.strip_prefix("ngoma:/")?;
        Some((format!("src/{path}"), text.into_owned()))
    });
    let globals = ("globals.d.ts".to_owned(), GLOBALS.as_bytes().to_vec());
    sources.chain([globals]).collect()
}

/// Whether a file is the author's own, not that of a package.
pub fn is_of_author(path: &str) -> bool {
    !path.starts_with("node_modules/") && !path.contains("/node_modules/")
}

/// Whether a file is one of the author's tests: in a folder of tests, or named `.test` or `.spec`.
pub fn is_test(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_script = !matches!(
        path.rsplit_once('.'),
        None | Some((_, "json" | "po" | "txt" | "csv" | "py"))
    );
    let in_folder = folder.split('/').any(|part| matches!(part, "test" | "tests" | "spec"));
    is_script && is_of_author(path) && (in_folder || name.contains(".test.") || name.contains(".spec."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::bundle;
    use std::collections::BTreeMap;

    pub fn report(files: &[(&str, &str)]) -> CodeReport {
        let main = files[0].0.to_owned();
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let known = KnownGlobals {
            everywhere: names(&["api", "require", "module", "exports", "console", "Object", "undefined"]),
            in_tests: names(&["describe", "it"]),
        };
        check_code(&bundle(main, BTreeMap::from_iter(files)), &known)
    }

    /// What is found in these files, a line each.
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let found: Vec<String> = report(files).findings.iter().map(Finding::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_right_is_not_spoken_of() {
        check(
            &[
                (
                    "main.js",
                    "var a = require('./lib'); api.on_inbound_message = function (command) { a(command, arguments); };",
                ),
                (
                    "lib.js",
                    "module.exports = function (c) { if (typeof window !== 'undefined') window.alert(c); return undefined; };",
                ),
                (
                    "typed.ts",
                    "import type { Context } from 'ngoma';\nimport { text } from 'ngoma';\ninterface A { b: Context }\nexport const c = (a: A, d: Unknown): unknown => [a, d, text];\ndeclare const given: string;\nconsole.log(given);",
                ),
                ("data.json", "{\"a\": 1}"),
                ("tsconfig.json", "{ /* may have comments */ }"),
                (
                    "test/app.js",
                    "describe('a', function () { it('b', function () {}); });",
                ),
                ("node_modules/bad/index.js", "this is not code"),
            ],
            &[],
        );
    }

    #[test]
    fn bad_syntax_is_an_error_at_its_place() {
        check(
            &[("main.js", "var a = 1;\nvar b = ;\n")],
            &["main.js:2:9: Unexpected token (write what belongs here, or take away what does not)"],
        );
        check(
            &[("main.ts", "const a = 1;\nconst a = 2;\n")],
            &["main.ts:1:7: Identifier `a` has already been declared (give one of them another name)"],
        );
        check(
            &[("main.js", ""), ("data.json", "{\n  \"a\": 1,\n}")],
            &["data.json:3:1: not JSON: key must be a string (correct the text)"],
        );
    }

    #[test]
    fn a_name_that_nothing_defines_is_an_error() {
        check(
            &[(
                "main.js",
                "api.on_inbound_message = function () {\n  mesage.reply();\n};\n",
            )],
            &["main.js:2:3: nothing defines the name \"mesage\" (correct its spelling, or declare or import it)"],
        );
        check(
            &[("main.js", "console.log(consoel, describe);")],
            &[
                "main.js:1:13: nothing defines the name \"consoel\" (write \"console\" if that is meant, or declare or import it)",
                "main.js:1:22: nothing defines the name \"describe\" (correct its spelling, or declare or import it)",
            ],
        );
    }

    #[test]
    fn a_script_that_is_not_strict_may_define_a_name_by_writing_to_it() {
        check(&[("main.js", "count = 1; api.x = function () { return count; };")], &[]);
        check(
            &[("main.ts", "count = 1;")],
            &["main.ts:1:1: nothing defines the name \"count\" (declare it with let or const)"],
        );
        check(
            &[("main.js", "'use strict';\ncount = 1;")],
            &["main.js:2:1: nothing defines the name \"count\" (declare it with let or const)"],
        );
    }

    #[test]
    fn a_module_that_is_not_there_is_an_error_and_for_require_a_warning() {
        check(
            &[
                (
                    "main.ts",
                    "import './other';\nimport q from 'qq';\nimport type { A } from 'types-only';\nexport * from './data.json';\nexport const b = () => import('./gone.js');",
                ),
                ("data.json", "{}"),
            ],
            &[
                "main.ts:1:8: there is no file \"./other\" (correct the path)",
                "main.ts:2:15: there is no module \"qq\" (install it into node_modules, or correct the name)",
                "main.ts:5:31: there is no file \"./gone.js\" (correct the path)",
            ],
        );
        check(
            &[(
                "main.js",
                "var a = require('./a'), b = require('libxmljs'), c = require(a);",
            )],
            &[
                "main.js:1:17: there is no file \"./a\" (correct the path)",
                "main.js:1:37: warning: there is no module \"libxmljs\": require gives null (install it into node_modules, or correct the name)",
            ],
        );
    }

    #[test]
    fn files_that_are_put_together_elsewhere_share_their_names() {
        let parts = [
            ("src/a.js", "var go = {};"),
            ("src/b.js", "go.b = function () { return c; };"),
        ];
        let whole = [("main.js", "var go = {}; go.a = api;")];
        check(
            &[&whole[..], &parts, &[("test/b.js", "it(go.b);")]].concat(),
            &["src/b.js:1:29: nothing defines the name \"c\" (correct its spelling, or declare or import it)"],
        );
        let loads = [("main.js", "require('./src/a'); require('./src/b'); api.x = 1;")];
        let found = report(&[&loads[..], &parts].concat()).findings;
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn tests_are_known_by_their_folder_or_name() {
        for (path, expected) in [
            ("test/app.js", true),
            ("src/app.test.ts", true),
            ("tests/deep/a.mjs", true),
            ("app.spec.js", true),
            ("test/fixtures.json", false),
            ("testing.js", false),
            ("tests/test_main.py", false),
            ("node_modules/q/test/q.js", false),
        ] {
            assert_eq!(is_test(path), expected, "{path}");
        }
    }
}
