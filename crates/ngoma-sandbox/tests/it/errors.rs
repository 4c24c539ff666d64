//! Errors name the author's own file, line and column.

use crate::harness::{Service, handler, script, service, shown};

/// The error of a step, or of the load before it.
async fn error_of(service: Service) -> String {
    match service.try_load().await {
        Ok(loaded) => shown(&loaded.message().await.error.expect("the step fails")),
        Err(error) => format!("load: {}", shown(&error)),
    }
}

async fn check(files: &[(&str, &str)], expected: &str) {
    assert_eq!(error_of(service(files)).await, expected, "{files:?}");
}

#[tokio::test]
async fn an_exception_has_its_place() {
    let js = "api.on_inbound_message = function () {\n  const a = undefined;\n  a.b;\n};";
    check(
        &[("main.js", js)],
        "TypeError: cannot read property 'b' of undefined @main.js:3:3",
    )
    .await;
    check(
        &[("main.js", "\nthrow new RangeError('too far');")],
        "load: RangeError: too far @main.js:2:11",
    )
    .await;
    check(
        &[("main.mjs", "\n\nnope();")],
        "load: ReferenceError: nope is not defined @main.mjs:3:1",
    )
    .await;
}

/// The engine counts a `new` with arguments where its last name stands, in either language.
#[tokio::test]
async fn an_exception_in_typescript_has_the_place_of_the_source() {
    let ts = "interface Message {\n  content: string;\n}\n\ntype Other = { a: 1 };\napi.on_inbound_message = (command: { msg: Message }): void => {\n  \
        const content: string = command.msg.content;\n  throw new Error(content);\n};";
    let js = "api.on_inbound_message = (command) => {\n  const content = 'hi';\n  throw new Error(content);\n};";
    check(&[("main.js", js)], "Error: hi @main.js:3:19").await;
    check(&[("src/main.ts", ts)], "Error: hi @src/main.ts:8:19").await;
}

#[tokio::test]
async fn an_exception_in_a_file_that_was_loaded_has_its_place() {
    let main = "const lib = require('./lib');\napi.on_inbound_message = () => lib.fail();";
    let first_line = "exports.fail = () => { throw new Error('x'); };";
    check(&[("main.js", main), ("lib.js", first_line)], "Error: x @lib.js:1:34").await;
    let main = "import { fail } from './lib';\napi.on_inbound_message = () => fail();";
    let lib = "type A = string;\nexport function fail(): A {\n  throw new Error('x');\n}";
    check(&[("main.ts", main), ("lib.ts", lib)], "Error: x @lib.ts:3:13").await;
}

#[tokio::test]
async fn a_syntax_error_has_its_place() {
    let found = error_of(script("let a = 1;\nlet b = ;\n")).await;
    assert!(
        found.starts_with("load: SyntaxError: ") && found.contains("@main.js:2:"),
        "{found}"
    );
    let found = error_of(service(&[("main.ts", "const a: number = 1;\nconst b: = 2;\n")])).await;
    assert!(
        found.starts_with("load: SyntaxError: ") && found.ends_with("@main.ts:2:10"),
        "{found}"
    );
    let found = error_of(service(&[
        ("main.js", "require('./lib');"),
        ("lib.js", "let a;\n\nfoo(;\n"),
    ]))
    .await;
    assert!(
        found.starts_with("load: SyntaxError: ") && found.contains("@lib.js:3:"),
        "{found}"
    );
    let found = error_of(service(&[
        ("main.ts", "import './lib';"),
        ("lib.ts", "let a;\n\nfoo(;\n"),
    ]))
    .await;
    assert!(
        found.starts_with("load: SyntaxError: ") && found.contains("@lib.ts:3:"),
        "{found}"
    );
}

#[tokio::test]
async fn a_rejection_that_nobody_handles_is_an_error() {
    let js = "api.on_inbound_message = async () => {\n  await null;\n  throw new Error('late');\n};";
    check(&[("main.js", js)], "Error: late @main.js:3:13").await;
    let js = "api.on_inbound_message = () => {\n  const p = Promise.reject(new Error('x'));\n  p.catch(() => api.done());\n};";
    let outcome = script(js).load().await.message().await;
    assert_eq!(outcome.error, None);
}

#[tokio::test]
async fn an_exception_in_a_callback_is_an_error() {
    let js = "api.on_inbound_message = () => {\n  api.request('kv.get', {key: 'a'}, () => {\n    null.x;\n  });\n};";
    check(
        &[("main.js", js)],
        "TypeError: cannot read property 'x' of null @main.js:3:5",
    )
    .await;
    let js = "api.on_inbound_message = () => {\n  setTimeout(() => { throw new Error('t'); }, 1);\n};";
    check(&[("main.js", js)], "Error: t @main.js:2:32").await;
}

#[tokio::test]
async fn what_is_thrown_need_not_be_an_error() {
    for (thrown, expected) in [
        ("'text'", "the script threw \"text\" @main.js:3:1"),
        ("{a: 1}", "the script threw {\"a\":1} @main.js:3:1"),
        ("undefined", "the script threw a value of type undefined @main.js:3:1"),
    ] {
        assert_eq!(error_of(handler(&format!("throw {thrown};"))).await, expected);
    }
}

#[tokio::test]
async fn what_is_thrown_has_its_place_wherever_it_goes() {
    let ts = "type A = string;\nfunction f(a: A): never {\n  if (a) throw a + '!';\n  throw new Error(a);\n}\n";
    let main = format!("{ts}api.on_inbound_message = async () => {{ await null; f('é'); }};");
    check(&[("main.ts", &main)], "the script threw \"é!\" @main.ts:3:10").await;
    let main =
        "const lib = require('./lib');\napi.on_inbound_message = () => { try { lib(); } catch (e) { throw e; } };";
    let lib = "module.exports = () => { throw 'x'; };";
    check(
        &[("main.js", main), ("lib.js", lib)],
        "the script threw \"x\" @main.js:2:61",
    )
    .await;
    // What follows on the line keeps its own column.
    let js = "api.on_inbound_message = () => { if (api.no) throw 'é'; throw new Error('x'); };";
    check(&[("main.js", js)], "Error: x @main.js:1:67").await;
}

#[tokio::test]
async fn an_exception_in_a_package_has_the_place_of_its_caller() {
    let main = "const q = require('q');\napi.on_inbound_message = () => {\n  q.f();\n};";
    let package = "exports.f = () => { null.x; };";
    check(
        &[("main.js", main), ("node_modules/q/index.js", package)],
        "TypeError: cannot read property 'x' of null @main.js:3:5",
    )
    .await;
}

#[tokio::test]
async fn a_missing_handler_is_named() {
    check(
        &[("main.js", "")],
        "Error: the script has no function api.on_inbound_message",
    )
    .await;
}

#[tokio::test]
async fn a_missing_module_is_named_where_it_is_imported() {
    let files = [("main.ts", "type A = 1;\n\nimport { b } from './gone';\nb();")];
    check(&files, "load: Error: cannot find the module './gone' @main.ts:3:1").await;
    let files = [("main.js", "\nrequire('./gone');")];
    check(&files, "load: Error: cannot find the module './gone' @main.js:2:1").await;
    let files = [
        ("main.mjs", "import { c } from './b.mjs';"),
        ("b.mjs", "export const a = 1;"),
    ];
    let found = error_of(service(&files)).await;
    assert!(found.contains("Could not find export 'c'"), "{found}");
}

#[tokio::test]
async fn columns_are_counted_as_editors_do() {
    let throws = "throw new Error('x')";
    let js = format!("\u{feff}let a;\r\nlet b = 'é😀'; {throws}");
    check(&[("main.js", &js)], "load: Error: x @main.js:2:26").await;
    let ts = format!("\u{feff}interface A {{}}\r\nlet b: string = 'é😀'; {throws}");
    check(&[("main.ts", &ts)], "load: Error: x @main.ts:2:34").await;
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let found = error_of(handler("throw new Error('é'.repeat(3e6))")).await;
    assert!(
        found.starts_with("Error: éé") && found.len() < 5000,
        "{} bytes",
        found.len()
    );
}
