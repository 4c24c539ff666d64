//! The toolkit's own tests, and those of its examples.

use crate::{PACKAGE, sandbox, toolkit};
use ngoma_sandbox::testing::{TestEvent, TestOptions, TestOutcome};
use std::time::Duration;

/// Runs all test files below a folder; as many pass, and none fails.
async fn check(folders: &[&str], expected: usize) {
    let bundle = toolkit();
    let files: Vec<String> = bundle
        .files
        .keys()
        .filter(|path| {
            folders
                .iter()
                .any(|folder| path.starts_with(&format!("{PACKAGE}/{folder}/")))
        })
        .cloned()
        .collect();
    let mut failed = String::new();
    let on_event = |event: &TestEvent| match event {
        TestEvent::Ended(result) if result.outcome == TestOutcome::Failed => failed += &format!("{result:#?}\n"),
        _ => {}
    };
    // A busy machine is no failure of the toolkit's.
    let options = TestOptions {
        test_limit: Duration::from_secs(20),
        ..TestOptions::default()
    };
    let report = sandbox().run_tests(&bundle, &files, &options, on_event).await;
    assert_eq!((report.problem.as_ref(), failed.as_str()), (None, ""));
    let counts = [TestOutcome::Passed, TestOutcome::Failed, TestOutcome::Pending].map(|outcome| report.count(outcome));
    assert_eq!(counts, [expected, 0, 0]);
}

/// As many as Mocha 9.2 counts in Node.
#[tokio::test]
async fn the_toolkits_own_tests_pass_whole() {
    check(&["test"], 762).await;
}

#[tokio::test]
async fn the_tests_of_its_examples_pass() {
    check(
        &["examples/simple/test", "examples/http/test", "examples/contacts/test"],
        23,
    )
    .await;
}
