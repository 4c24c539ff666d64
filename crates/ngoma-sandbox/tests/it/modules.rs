//! How a service's files find each other.

use crate::harness::{REPLY, answer_of, service};

/// A service of these files answers this; its main file says it with `answer(value)`.
async fn check(files: &[(&str, &str)], expected: &str) {
    let (main, source) = files[0];
    let source = format!("{source};\n{REPLY}\napi.on_inbound_message = () => reply(answer());");
    let mut files = files.to_vec();
    files[0] = (main, &source);
    assert_eq!(answer_of(service(&files)).await, expected, "{main}");
}

#[tokio::test]
async fn a_plain_script_runs_at_global_level_and_sloppily() {
    let main =
        "var a = 1; b = 2; function answer() { return [this.a, global.b, typeof module, typeof exports, __filename]; }";
    check(&[("main.js", main)], r#"[1,2,"object","object","main.js"]"#).await;
}

#[tokio::test]
async fn commonjs_finds_files_folders_json_and_packages() {
    let files = [
        (
            "src/main.js",
            "const a = require('./lib/a'); const answer = () => \
             [a.name, require('./folder').x, require('../data').y, require('q').z, require('pkg/inner'), require('./lib/a') === a]",
        ),
        (
            "src/lib/a.js",
            "exports.name = __filename + ' ' + __dirname + ' ' + (module.exports === exports);",
        ),
        ("src/folder/index.js", "module.exports = {x: require('./b.cjs')};"),
        ("src/folder/b.cjs", "module.exports = 'b';"),
        ("data.json", r#"{"y": [1]}"#),
        ("node_modules/q/package.json", r#"{"main": "lib/q.js"}"#),
        ("node_modules/q/lib/q.js", "exports.z = require('dep');"),
        ("node_modules/q/node_modules/dep/index.js", "module.exports = 'dep';"),
        ("node_modules/pkg/inner.js", "module.exports = 'inner';"),
    ];
    check(&files, r#"["src/lib/a.js src/lib true","b",[1],"dep","inner",true]"#).await;
}

#[tokio::test]
async fn commonjs_may_go_round_in_circles() {
    let files = [
        (
            "main.js",
            "const a = require('./a'); const answer = () => [a.early, a.b.seen]",
        ),
        (
            "a.js",
            "exports.early = 1; exports.b = require('./b'); exports.late = 2;",
        ),
        (
            "b.js",
            "const a = require('./a'); exports.seen = [a.early, a.late === undefined];",
        ),
    ];
    check(&files, "[1,[1,true]]").await;
}

#[tokio::test]
async fn an_unknown_module_is_null() {
    let main = "const answer = () => ['fs', 'os', 'std', 'child_process'].map((name) => require(name))";
    check(&[("main.js", main)], "[null,null,null,null]").await;
}

#[tokio::test]
async fn es_modules_import_each_other_and_packages() {
    let files = [
        (
            "src/main.ts",
            "import { a, type A } from './a.js'; import b from '../b'; import data from './data.json'; import * as both from 'both'; \
             import lodash, { pick } from 'lodash';\n\
             const answer = (): unknown => [a, b, data.x, both.kind, lodash.pick(1), pick(2), this === undefined]",
        ),
        (
            "src/a.ts",
            "export interface A { x: number }\nenum E { One = 1 }\nexport const a: number = E.One;",
        ),
        ("src/data.json", r#"{"x": "json"}"#),
        ("b/index.js", "export default 'b';"),
        (
            "node_modules/both/package.json",
            r#"{"exports": {"import": "./m.mjs", "require": "./c.cjs"}}"#,
        ),
        ("node_modules/both/m.mjs", "export const kind = 'module';"),
        ("node_modules/both/c.cjs", "exports.kind = 'script';"),
        ("node_modules/lodash/index.js", "exports.pick = (x) => 'picked ' + x;"),
    ];
    check(&files, r#"[1,"b","json","module","picked 1","picked 2",true]"#).await;
}

#[tokio::test]
async fn js_is_a_module_by_its_package_or_its_syntax() {
    let main = "const answer = () => this === undefined";
    check(&[("main.js", main), ("package.json", r#"{"type": "module"}"#)], "true").await;
    check(&[("main.js", main), ("package.json", "{}")], "false").await;
    check(
        &[("main.js", "export {}; const answer = () => this === undefined")],
        "true",
    )
    .await;
    check(&[("main.mjs", main)], "true").await;
}

#[tokio::test]
async fn commonjs_may_require_an_es_module() {
    let files = [
        ("main.js", "const answer = () => require('./m.mjs').a"),
        ("m.mjs", "export const a = 'module';"),
    ];
    check(&files, "module").await;
}

#[tokio::test]
async fn a_module_that_fails_may_be_caught_by_who_requires_it() {
    let files = [
        (
            "main.js",
            "let found = 'none'; try { require('./m.mjs'); } catch (error) { found = error.message; }\nconst answer = () => found",
        ),
        ("m.mjs", "export const a = 1; throw new Error('broken');"),
    ];
    check(&files, "broken").await;
}

#[tokio::test]
async fn modules_may_await_and_import_at_run_time() {
    let files = [
        (
            "main.mjs",
            "const { a } = await import('./a.mjs'); const answer = () => a",
        ),
        ("a.mjs", "export const a = await Promise.resolve('late');"),
    ];
    check(&files, "late").await;
    let waiting =
        "const value = await new Promise((resolve) => api.request('config.get', {key: 'x'}, (r) => resolve(r.value)));";
    check(
        &[("main.mjs", &format!("{waiting} const answer = () => [value]"))],
        "[null]",
    )
    .await;
}

#[tokio::test]
async fn the_library_is_built_in() {
    check(
        &[(
            "main.ts",
            "import * as ngoma from 'ngoma'; const answer = () => typeof ngoma",
        )],
        "object",
    )
    .await;
    check(&[("main.js", "const answer = () => typeof require('ngoma')")], "object").await;
}
