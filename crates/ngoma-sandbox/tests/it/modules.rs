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
async fn text_files_are_their_text() {
    let files = [
        (
            "main.js",
            "const { zulu } = require('./m.mjs'); const answer = () => [require('./locale/zu.po'), zulu, require('./a.csv')]",
        ),
        (
            "m.mjs",
            "import text from './locale/zu.po'; export const zulu = text.toUpperCase();",
        ),
        ("locale/zu.po", "\u{feff}msgid \"a\""),
        ("a.csv", "b,c\n"),
    ];
    check(&files, r#"["msgid \"a\"","MSGID \"A\"","b,c\n"]"#).await;
}

#[tokio::test]
async fn nodes_modules_come_first_and_a_services_own_by_their_path() {
    let files = [
        (
            "main.js",
            "const answer = () => [typeof require('url').parse, require('./node_modules/url').own, require('url/').own, \
             require('stream').own, require('node:url') === require('url'), require('internal/equal'), require('host:')]",
        ),
        ("node_modules/url/index.js", "exports.own = 'mine';"),
        ("node_modules/stream/index.js", "exports.own = 'a stream';"),
    ];
    check(&files, r#"["function","mine","mine","a stream",true,null,null]"#).await;
    let imported = "import assert, { equal } from 'node:assert'; import * as events from 'events'; \
        const answer = () => [assert.equal === equal, typeof events.default, typeof events.once]";
    check(&[("main.mjs", imported)], r#"[true,"function","function"]"#).await;
}

#[tokio::test]
async fn globals_of_node_are_there_and_can_be_replaced() {
    let main = "var url = require('url'); const answer = () => [Buffer.from('é').toString('hex'), new URL('/b', 'http://a.org').href, \
        url.URL === URL, new TextDecoder().decode(new TextEncoder().encode('é')), crypto.randomUUID().length, atob('aGk='), btoa('hi'), \
        process.hrtime().length, typeof process.env.HOME]";
    check(
        &[("main.js", main)],
        r#"["c3a9","http://a.org/b",true,"é",36,"hi","aGk=",2,"undefined"]"#,
    )
    .await;
    let main = "var Buffer = 'b'; function URL() {} let crypto = 1; const answer = () => [Buffer, new URL() instanceof URL, crypto]";
    check(&[("main.js", main)], r#"["b",true,1]"#).await;
}

/// As Browserify, webpack and esbuild write them: the modules in a table, their own `require`, all in one file.
#[tokio::test]
async fn a_service_in_one_file_runs() {
    let browserify = "require=(function e(t,n,r){function s(o){if(!n[o]){var f=n[o]={exports:{}};t[o][0].call(f.exports,\
        function(m){var i=t[o][1][m];return i?s(i):require_(m)},f,f.exports)}return n[o].exports}\
        var require_=typeof require==='function'&&require;for(var o=0;o<r.length;o++)s(r[o]);return s})\
        ({1:[function(require,module,exports){var b=require('./b');answer=function(){return [b.x,typeof require('assert')]}},{'./b':2}],\
        2:[function(require,module,exports){exports.x='b'},{}]},{},[1])";
    check(&[("main.js", browserify)], r#"["b","function"]"#).await;
    let webpack = "(()=>{var t={1:(e,n,r)=>{e.exports={x:r(2)}},2:e=>{e.exports='w'}},n={};function r(e){var o=n[e];\
        if(void 0!==o)return o.exports;var i=n[e]={exports:{}};return t[e](i,i.exports,r),i.exports}\
        globalThis.answer=()=>r(1)})()";
    check(&[("main.js", webpack)], r#"{"x":"w"}"#).await;
    let esbuild = "var __getOwnPropNames=Object.getOwnPropertyNames;var __commonJS=(cb,mod)=>function __require(){return mod||(0,\
        cb[__getOwnPropNames(cb)[0]])((mod={exports:{}}).exports,mod),mod.exports};\
        var require_b=__commonJS({'b.js'(exports,module){module.exports='e'}});\
        var import_util=require('node:util');var answer=()=>import_util.format('%s!',require_b())";
    check(&[("main.js", esbuild)], "e!").await;
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
