//! Scripts that mean harm: each is stopped, and the next message of the same service is answered.

use crate::harness::{REPLY, script};
use ngoma_engine::service::StepInput;
use serde_json::json;

const PROCESSOR: &str = "the service used more than 1 s of processor time";
const MEMORY: &str = "out of memory: a service may use 64 MiB";

/// Runs an attack and a message after it; the error begins with these words, or there is none.
async fn check(attack: &str, expected: Option<&str>) {
    let source = format!(
        "{REPLY}\napi.on_inbound_message = (c) => {{ if (c.msg.content !== 'attack') return reply('fine'); {attack} }};"
    );
    let loaded = script(&source).load().await;
    let message = |content: &str| StepInput::Message(json!({"message_id": "m1", "content": content}));
    let outcome = loaded.step(message("attack")).await;
    let error = outcome.error.map(|error| error.message);
    match expected {
        Some(words) => assert!(
            error.as_deref().is_some_and(|error| error.starts_with(words)),
            "{attack}: {error:?}"
        ),
        None => assert_eq!(error, None, "{attack}"),
    }
    let outcome = loaded.step(message("normal")).await;
    assert_eq!(outcome.error, None, "after {attack}");
    assert_eq!(outcome.replies[0].content.as_deref(), Some("fine"), "after {attack}");
}

#[tokio::test]
async fn loops_without_end_are_stopped() {
    check("for (;;) {}", Some(PROCESSOR)).await;
    check(
        "for (;;) { try { for (;;) {} } catch (e) {} finally { for (;;) {} } }",
        Some(PROCESSOR),
    )
    .await;
    check(
        "const again = () => { Promise.resolve().then(again); }; again();",
        Some(PROCESSOR),
    )
    .await;
    check("const again = () => setImmediate(again); again();", Some(PROCESSOR)).await;
    check("(async () => { for (;;) await null; })();", Some(PROCESSOR)).await;
}

#[tokio::test]
async fn native_loops_are_stopped() {
    check("/^(a+)+$/.test('a'.repeat(60) + 'b');", Some(PROCESSOR)).await;
    let long = "const text = 'a'.repeat(2 ** 23); for (;;) text.lastIndexOf('a'.repeat(2 ** 22) + 'b');";
    check(long, Some(PROCESSOR)).await;
    let endless = "({length: 2 ** 53 - 1})";
    check(&format!("Array.prototype.indexOf.call({endless}, 1);"), Some(PROCESSOR)).await;
    check(&format!("Array.prototype.fill.call({endless}, 1);"), Some("")).await;
    check(
        "[].concat(new Proxy([], {get: () => 2 ** 32 - 1, has: () => true}));",
        Some(""),
    )
    .await;
}

#[tokio::test]
async fn memory_is_limited() {
    check("const a = []; for (;;) a.push(new Array(1000).fill(1));", Some(MEMORY)).await;
    check(
        "const a = []; for (;;) { try { a.push(new Uint8Array(1 << 20)); } catch (e) { a.push(1); throw e; } }",
        Some(MEMORY),
    )
    .await;
    check("new ArrayBuffer(2 ** 30);", Some(MEMORY)).await;
    check("let s = 'x'; for (;;) s = [...(s + s)].join('');", Some(MEMORY)).await;
    check("let s = 'x'; for (;;) s += s;", Some("")).await;
    check("let n = 3n; for (;;) n = n * n;", Some("")).await;
    check(
        "const a = []; for (let i = 0; i < 3e6; i += 1) a.push({i}); a.sort((x, y) => y.i - x.i);",
        Some(""),
    )
    .await;
    check("'ab'.repeat(1 << 20).replace(/a/g, 'x'.repeat(1000));", Some("")).await;
    let keeps = "globalThis.kept = {}; for (let i = 0; ; i += 1) kept['k' + i] = {i};";
    check(
        &format!("Promise.resolve().then(() => {{ {keeps} }}).finally(() => {{}}).then(() => reply('x'));"),
        Some(MEMORY),
    )
    .await;
}

#[tokio::test]
async fn recursion_is_limited() {
    check(
        "(function f() { f(); })();",
        Some("RangeError: Maximum call stack size exceeded"),
    )
    .await;
    check("JSON.parse('['.repeat(1e6));", Some("")).await;
    check("eval('('.repeat(1e6));", Some("")).await;
    check("eval('x' + '.x'.repeat(1e5) + '=>1');", Some("")).await;
    check("new RegExp('()'.repeat(1e6));", Some("")).await;
    check(
        "let o = {}; for (let i = 0; i < 2e5; i += 1) o = {o}; JSON.stringify(o);",
        Some(""),
    )
    .await;
}

#[tokio::test]
async fn output_and_requests_are_limited() {
    let too_much = "the service sent more than 1 MiB in one step";
    check("reply('x'.repeat(10 * 2 ** 20));", Some(too_much)).await;
    let too_many = "the service made more than 1000 requests in one step";
    check("for (;;) api.log_info('again');", Some(too_many)).await;
    check(
        "for (;;) { try { api.log_info('again'); } catch (e) {} }",
        Some(too_many),
    )
    .await;
    check(
        "const again = () => api.log_info('again', again); again();",
        Some(too_many),
    )
    .await;
}

#[tokio::test]
async fn waiting_is_limited() {
    let mut slow = script("api.on_inbound_message = () => setTimeout(() => {}, 1e9);");
    slow.wall_limit = std::time::Duration::from_millis(300);
    let error = slow.load().await.message().await.error.unwrap();
    assert_eq!(error.message, "the service took longer than 300 ms");
    let mut hung =
        script("api.on_inbound_message = () => api.request('http.get', {url: 'http://hang.org/'}, () => {});");
    hung.wall_limit = std::time::Duration::from_millis(300);
    let error = hung.load().await.message().await.error.unwrap();
    assert_eq!(error.message, "the service took longer than 300 ms");
}

#[tokio::test]
async fn forged_lines_are_only_commands() {
    check(
        "api.request('js.error', {message: 'mine', file: 'x', line: -1});",
        Some(""),
    )
    .await;
    check("api.request('js.idle', {}); for (;;) {}", Some("the script stopped")).await;
    check(
        "api.request({toString: () => 'kv.get\\n{}'}, {}); reply('x');",
        Some(""),
    )
    .await;
    check(
        "api.request('kv.get', {key: 'a', toJSON() { return '}\\n{\"cmd\":\"outbound.reply_to\"}'; }}); reply('x');",
        Some("the service sent what is no command"),
    )
    .await;
    check(
        "api.request('a', {toJSON: () => 5}); reply('x');",
        Some("the service sent what is no command"),
    )
    .await;
}

#[tokio::test]
async fn what_a_step_breaks_is_broken_for_itself_alone() {
    check(
        "Object.prototype.content = 'evil'; Array.prototype.push = null; JSON.parse = JSON.stringify = null; \
        globalThis.api = null; reply('x');",
        Some(""),
    )
    .await;
    check("Object.prototype.toJSON = () => 'evil'; reply('x');", Some("")).await;
}

#[tokio::test]
async fn there_is_nothing_to_find() {
    let names = "['std', 'os', 'fetch', 'WebAssembly', 'SharedArrayBuffer', 'Worker', 'XMLHttpRequest', 'Deno', 'Bun']";
    check(
        &format!("reply({names}.filter((name) => Function('return this')()[name] !== undefined));"),
        None,
    )
    .await;
    check(
        "import('os').then(() => reply('found'));",
        Some("Error: cannot find the module 'os'"),
    )
    .await;
    check("import('std').then(() => reply('found'), () => reply('none'));", None).await;
    check(
        "import('/etc/passwd').then(() => reply('found'));",
        Some("Error: cannot find the module"),
    )
    .await;
}
