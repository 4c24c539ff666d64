//! An author's tests, run in the worker.

use crate::harness::sandbox;
use ngoma_sandbox::bundle;
use ngoma_sandbox::testing::{TestError, TestEvent, TestOptions, TestReport, TestResult};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Runs these files, all of them tests unless their names have no `test`.
async fn run_with(files: &[(&str, &str)], options: TestOptions) -> (TestReport, Vec<TestEvent>) {
    let held = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let bundle = bundle::bundle(files[0].0.to_owned(), BTreeMap::from_iter(held));
    let tests: Vec<String> = files
        .iter()
        .filter(|(path, _)| path.contains("test"))
        .map(|(path, _)| (*path).to_owned())
        .collect();
    let mut events = Vec::new();
    let report = sandbox()
        .run_tests(&bundle, &tests, &options, |event| events.push(event.clone()))
        .await;
    (report, events)
}

async fn run(files: &[(&str, &str)]) -> TestReport {
    run_with(files, TestOptions::default()).await.0
}

/// `passed title`, for each test.
fn shown(report: &TestReport) -> Vec<String> {
    let line = |result: &TestResult| {
        format!(
            "{} {}",
            json!(result.outcome).as_str().unwrap(),
            result.title.join(" > ")
        )
    };
    report.results.iter().map(line).collect()
}

/// One file of tests comes to its end with these results.
async fn check(source: &str, expected: &[&str]) {
    let report = run(&[("test.js", source)]).await;
    assert_eq!(report.problem, None, "{source}");
    assert_eq!(shown(&report), expected, "{source}");
}

/// One test that fails: `message @file:line:column`.
async fn check_failure(source: &str, expected: &str) {
    let report = run(&[("test.js", source)]).await;
    assert_eq!(report.problem, None, "{source}");
    let errors: Vec<&TestError> = report
        .results
        .iter()
        .filter_map(|result| result.error.as_ref())
        .collect();
    let [error] = errors.as_slice() else {
        panic!("one failure: {report:?}");
    };
    let place = match (&error.file, error.line, error.column) {
        (Some(file), Some(line), Some(column)) => format!(" @{file}:{line}:{column}"),
        _ => String::new(),
    };
    assert_eq!(format!("{}{place}", error.message), expected, "{source}");
}

#[tokio::test]
async fn tests_pass_fail_and_wait_to_be_written() {
    let source = "const assert = require('assert');
        describe('sums', () => {
          it('adds', () => assert.equal(1 + 1, 2));
          it('fails', () => assert.equal(1 + 1, 3));
          it('comes later');
          it.skip('is skipped', () => assert.fail());
          it('skips itself', function () { this.skip(); });
          context('nested', () => { specify('is found', () => {}); });
          describe.skip('left out', () => { it('is not run', () => assert.fail()); });
        });
        suite('other words', () => { test('mean the same', () => {}); });";
    let expected = [
        "passed sums > adds",
        "failed sums > fails",
        "pending sums > comes later",
        "pending sums > is skipped",
        "pending sums > skips itself",
        "passed sums > nested > is found",
        "pending sums > left out > is not run",
        "passed other words > mean the same",
    ];
    check(source, &expected).await;
}

#[tokio::test]
async fn tests_may_end_later() {
    let source = "
        it('by a callback', (done) => setTimeout(done, 5));
        it('by a callback with an error', (done) => setTimeout(() => done(new Error('e')), 5));
        it('by a promise', async () => { await new Promise((resolve) => setTimeout(resolve, 5)); });
        it('by a promise that is rejected', () => Promise.reject(new Error('r')));
        it('by what nobody catches', (done) => { setTimeout(() => { throw new Error('u'); }, 1); });
        it('by a rejection that nobody handles', (done) => { Promise.reject(new Error('h')); });
        it('in time', (done) => { done(); });";
    let expected = [
        "passed by a callback",
        "failed by a callback with an error",
        "passed by a promise",
        "failed by a promise that is rejected",
        "failed by what nobody catches",
        "failed by a rejection that nobody handles",
        "passed in time",
    ];
    check(source, &expected).await;
}

#[tokio::test]
async fn hooks_run_around_tests_from_the_outermost_in() {
    let source = "const seen = []; const note = (what) => () => { seen.push(what); };
        before(note('B')); after(note('A')); beforeEach(note('be')); afterEach(note('ae'));
        it('one', note('1'));
        describe('inner', function () {
          before(function () { this.x = 5; seen.push('ib'); });
          after(note('ia')); beforeEach(async () => { await null; seen.push('ibe'); }); afterEach(note('iae'));
          it('two', function () { seen.push('2:' + this.x + ':' + this.test.title); });
          it('three', note('3'));
        });
        describe('last', () => { it('saw all', () => {
          require('assert').equal(seen.join(' '), 'B be 1 ae ib be ibe 2:5:two iae ae be ibe 3 iae ae ia be');
        }); });";
    check(
        source,
        &[
            "passed one",
            "passed inner > two",
            "passed inner > three",
            "passed last > saw all",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_hook_that_fails_ends_its_group() {
    let source = "
        describe('a', () => {
          beforeEach('make ready', () => { throw new Error('x'); });
          it('is not run', () => {});
          it('neither', () => {});
        });
        describe('b', () => {
          before(() => { throw new Error('x'); });
          it('is not run', () => {});
          describe('c', () => it('neither', () => {}));
        });
        describe('d', () => { after(() => { throw new Error('x'); }); it('runs', () => {}); });";
    let expected = [
        "failed a > \"before each\" hook: make ready for \"is not run\"",
        "failed b > \"before all\" hook for \"is not run\"",
        "passed d > runs",
        "failed d > \"after all\" hook",
    ];
    check(source, &expected).await;
}

#[tokio::test]
async fn only_what_is_marked_or_asked_for_runs() {
    let marked = "it('a', () => {}); describe('b', () => { it.only('c', () => {}); it('d', () => {}); });
        describe.only('e', () => { it('f', () => {}); });";
    check(marked, &["passed b > c", "passed e > f"]).await;
    let nested =
        "describe('a', () => { it('b', () => {}); describe('c', () => { it.only('d', () => {}); it('e', () => {}); });
        it.only('f', () => {}); describe('g', () => it('h', () => {})); });";
    check(nested, &["passed a > f", "passed a > c > d"]).await;
    let source = "describe('clinic', () => { it('greets', () => {}); it('asks', () => {}); }); it('other', () => {});";
    let options = TestOptions {
        only: Some("clinic gr".into()),
        ..TestOptions::default()
    };
    let (report, _) = run_with(&[("test.js", source)], options).await;
    assert_eq!(shown(&report), ["passed clinic > greets"]);
}

#[tokio::test]
async fn a_test_that_takes_too_long_fails_alone() {
    let source = "
        it('waits', function (done) { this.timeout(50); });
        it('hangs', function () { this.timeout(50); for (;;) {} });
        it('hangs in a promise', async function () { this.timeout(50); await null; for (;;) {} });
        it('is slow', () => { const end = Date.now() + 30; while (Date.now() < end); }).timeout(10);
        it('may be slow', () => { const end = Date.now() + 30; while (Date.now() < end); }).timeout(0);
        it('goes on', () => {});";
    let expected = [
        "failed waits",
        "failed hangs",
        "failed hangs in a promise",
        "failed is slow",
        "passed may be slow",
        "passed goes on",
    ];
    check(source, &expected).await;
}

#[tokio::test]
async fn a_run_that_cannot_go_on_says_where_it_was() {
    // The engine's own loop does not look at its time.
    let native = "const text = 'a'.repeat(2 ** 25); for (;;) text.lastIndexOf('a'.repeat(2 ** 24) + 'b');";
    let source =
        format!("it('passes', () => {{}}); it('sits in the engine', () => {{ {native} }}); it('never', () => {{}});");
    let options = TestOptions {
        whole_limit: Duration::from_secs(2),
        ..TestOptions::default()
    };
    let (report, _) = run_with(&[("test.js", &source)], options).await;
    assert_eq!(shown(&report), ["passed passes", "failed sits in the engine"]);
    assert_eq!(report.problem.unwrap().message, "the service took longer than 2 s");
    let report = run(&[("test.js", "it('waits for ever', (done) => {}).timeout(0);")]).await;
    assert_eq!(shown(&report), ["failed waits for ever"]);
    assert_eq!(report.problem.unwrap().message, "the tests wait for what never comes");
}

#[tokio::test]
async fn an_error_has_its_place() {
    check_failure(
        "\nit('a', () => {\n  throw new Error('x');\n});",
        "Error: x @test.js:3:13",
    )
    .await;
    check_failure(
        "\nit('a', () => {\n  null.x;\n});",
        "TypeError: cannot read property 'x' of null @test.js:3:3",
    )
    .await;
    check_failure(
        "const assert = require('assert');\nit('a', () => {\n  assert.equal(1, 2);\n});",
        "AssertionError: 1 == 2 @test.js:3:10",
    )
    .await;
    check_failure(
        "\n\nit('a', () => Promise.reject('text'));",
        "the script threw \"text\" @test.js:3:1",
    )
    .await;
    check_failure(
        "\nlet a = ;",
        "SyntaxError: unexpected token in expression: ';' @test.js:2:9",
    )
    .await;
    check_failure("\nfoo();", "ReferenceError: foo is not defined @test.js:2:1").await;
}

#[tokio::test]
async fn what_differs_is_shown() {
    let source = "it('a', () => require('assert').deepEqual({b: [1], a: 'x'}, {b: [2]}));";
    let report = run(&[("test.js", source)]).await;
    let error = report.results[0].error.as_ref().unwrap();
    assert_eq!(error.actual.as_deref(), Some("{\n  a: 'x',\n  b: [\n    1\n  ]\n}"));
    assert_eq!(error.expected.as_deref(), Some("{\n  b: [\n    2\n  ]\n}"));
}

#[tokio::test]
async fn files_of_all_kinds_are_tests_and_share_globals() {
    let files = [
        ("test/a.js", "shared = require('../lib').x; it('a', () => {});"),
        ("lib.js", "exports.x = 1;"),
        (
            "test/b.ts",
            "import { y } from '../m';\nconst z: number = shared + y;\nit('b', () => { if (z !== 3) throw z; });",
        ),
        ("m.ts", "export const y: number = 2;"),
        (
            "test/c.mjs",
            "await null; const { y } = await import('../m.ts'); it('c ' + y, () => {});",
        ),
        ("test/broken.js", "require('./gone');"),
        ("test/d.js", "it('d', () => {});"),
    ];
    let report = run(&files).await;
    let expected = [
        "failed test/broken.js",
        "passed a",
        "passed b",
        "passed c 2",
        "passed d",
    ];
    assert_eq!(shown(&report), expected);
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens() {
    let source = "it('a', () => { console.log('heard', 1); api.done(); api.request('kv.get', {key: 'x'}); });";
    let (report, events) = run_with(&[("test.js", source)], TestOptions::default()).await;
    assert_eq!(report.results.len(), 1);
    let expected = [
        TestEvent::Began {
            title: vec!["a".into()],
        },
        TestEvent::Said {
            level: "info".into(),
            text: "heard 1".into(),
        },
        TestEvent::Ended(report.results[0].clone()),
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn tests_have_no_resources_but_their_own() {
    let source = "it('a', (done) => api.request('kv.get', {key: 'x'}, (reply) => {
        require('assert').deepEqual([reply.success, reply.reason], [false, 'tests have no resources: give the code an api of the test\\'s own']);
        done(); }));";
    check(source, &["passed a"]).await;
}

#[tokio::test]
async fn a_global_is_handed_over_at_the_end() {
    let source = "counted = {a: 1, text: 'é'.repeat(300000)}; it('a', () => { counted.a += 1; });";
    let options = TestOptions {
        collect: Some("counted".into()),
        ..TestOptions::default()
    };
    let (report, _) = run_with(&[("test.js", source)], options).await;
    let collected = report.collected.unwrap();
    assert_eq!(collected["a"], 2);
    assert_eq!(collected["text"].as_str().unwrap().chars().count(), 300_000);
}

#[tokio::test]
async fn tests_may_use_more_than_a_step() {
    let source = "it('a', () => { const kept = []; for (let i = 0; i < 120; i += 1) kept.push(new Uint8Array(1 << 20).fill(1)); });
        it('b', function () { this.timeout(20000); const end = performance.now() + 1500; while (performance.now() < end); });";
    check(source, &["passed a", "passed b"]).await;
}
