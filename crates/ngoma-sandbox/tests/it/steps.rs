//! What a step does, and in which order.

use crate::harness::{REPLY, answer_of, handler, script, service, writes};
use ngoma_engine::service::StepInput;
use serde_json::json;
use std::collections::BTreeMap;

async fn check(body: &str, expected: &str) {
    assert_eq!(answer_of(handler(body)).await, expected, "{body}");
}

#[tokio::test]
async fn the_command_reaches_the_handler_whole() {
    check(
        "reply([command.cmd, command.msg, this === api])",
        r#"["inbound-message",{"message_id":"m1","content":"hi"},true]"#,
    )
    .await;
}

#[tokio::test]
async fn handlers_are_found_by_vumis_rule() {
    let loaded = script("api.on_inbound_event = (command) => { api.log_info(command.msg.event_type); api.done(); };")
        .load()
        .await;
    let outcome = loaded.step(StepInput::Event(json!({"event_type": "ack"}))).await;
    let log: Vec<_> = outcome.log.iter().map(|line| line.message.as_str()).collect();
    assert_eq!((outcome.error, log), (None, vec!["ack", "Done."]));
    let loaded = script("api.on_unknown_command = function (command) { this.log_info(command.cmd); this.done(); };")
        .load()
        .await;
    assert_eq!(loaded.message().await.log[0].message, "inbound-message");
}

#[tokio::test]
async fn an_event_without_handler_is_nothing() {
    let outcome = script("").load().await.step(StepInput::Event(json!({}))).await;
    assert_eq!(outcome.error, None);
}

#[tokio::test]
async fn replies_come_after_the_request_with_this_being_api() {
    let body = "const order = ['a']; api.request('log.info', {msg: 'x'}, function (r) { \
        order.push('c', this === api, r.cmd, r.success, r.reply); reply(order); }); order.push('b');";
    check(body, r#"["a","b","c",true,"log.info",true,true]"#).await;
}

#[tokio::test]
async fn tasks_run_in_the_order_of_an_event_loop() {
    let body = "const order = []; setTimeout(() => { order.push('timeout'); reply(order); }, 5); \
        setImmediate(() => { order.push('immediate'); queueMicrotask(() => order.push('micro 2')); }); \
        setImmediate(() => order.push('immediate 2')); \
        Promise.resolve().then(() => order.push('micro')); process.nextTick(() => order.push('tick')); order.push('sync');";
    check(
        body,
        r#"["sync","micro","tick","immediate","micro 2","immediate 2","timeout"]"#,
    )
    .await;
}

#[tokio::test]
async fn timers_can_be_cleared() {
    let body = "const never = () => reply('never'); clearTimeout(setTimeout(never, 1)); clearImmediate(setImmediate(never)); \
        let n = 0; const every = setInterval(() => { n += 1; if (n === 3) { clearInterval(every); \
        setTimeout(() => reply(n), 20); } }, 1);";
    check(body, "3").await;
}

#[tokio::test]
async fn handlers_may_be_asynchronous() {
    let body = "const get = (key) => new Promise((resolve) => api.request('kv.get', {key}, (r) => resolve(r.value))); \
        return (async () => { const values = await Promise.all([get('a'), get('b')]); reply(values); })();";
    let mut service = handler(body);
    service.kv = BTreeMap::from([("a".into(), json!(1))]);
    assert_eq!(answer_of(service).await, "[1,null]");
}

#[tokio::test]
async fn a_step_sees_its_own_writes_and_commits_them_in_order() {
    let body = "api.request('kv.set', {key: 'a', value: {b: 1}, seconds: 60}); api.request('kv.incr', {key: 'n'}); \
        api.request('kv.get', {key: 'a'}, (a) => api.request('kv.incr', {key: 'n', amount: 2}, (n) => \
        api.request('kv.delete', {key: 'old'}, (old) => reply([a.value, n.value, old.existed]))));";
    let mut service = handler(body);
    service.kv = BTreeMap::from([("n".into(), json!(40)), ("old".into(), json!("x"))]);
    let outcome = service.load().await.message().await;
    assert_eq!(outcome.replies[0].content.as_deref(), Some(r#"[{"b":1},43,true]"#));
    let expected = [
        json!(["set", "a", {"b": 1}, true]),
        json!(["increment", "n", 1]),
        json!(["increment", "n", 2]),
        json!(["delete", "old"]),
    ];
    assert_eq!(writes(&outcome), expected);
}

#[tokio::test]
async fn each_step_begins_afresh() {
    let loaded = script(&format!(
        "{REPLY} let n = 0; api.on_inbound_message = () => {{ n += 1; reply(n); }};"
    ))
    .load()
    .await;
    assert_eq!([loaded.answer().await, loaded.answer().await], ["1", "1"]);
}

#[tokio::test]
async fn steps_of_one_service_run_at_once() {
    let body = "api.request('kv.get', {key: 'a'}, (r) => setTimeout(() => reply(r.value), 50))";
    let loaded = handler(body).load().await;
    let (a, b, c) = tokio::join!(loaded.answer(), loaded.answer(), loaded.answer());
    assert_eq!([a, b, c], ["null", "null", "null"]);
}

#[tokio::test]
async fn what_was_asked_while_loading_is_asked_by_every_step() {
    let source = format!("{REPLY} api.log_info('loaded'); api.on_inbound_message = () => reply('x');");
    let loaded = script(&source).load().await;
    for _ in 0..2 {
        assert_eq!(loaded.message().await.log[0].message, "loaded");
    }
}

#[tokio::test]
async fn requests_before_done_happen_even_when_nobody_waits_for_them() {
    let source = "api.on_inbound_message = (c) => { api.request('http.get', {url: 'http://slow.org/'}); \
        api.request('outbound.reply_to', {content: 'x', in_reply_to: 'm1', continue_session: false}); api.done(); };";
    let outcome = script(source).load().await.message().await;
    assert_eq!(outcome.error, None);
    assert_eq!((outcome.replies.len(), outcome.replies[0].continue_session), (1, false));
    assert_eq!(outcome.requests[0].code, Some(200));
}

#[tokio::test]
async fn a_slow_call_does_not_hold_up_others() {
    let body = "const order = []; api.request('http.get', {url: 'http://slow.org/'}, (r) => { order.push(r.code); reply(order); }); \
        api.request('kv.get', {key: 'a'}, () => order.push('kv'));";
    check(body, r#"["kv",200]"#).await;
}

#[tokio::test]
async fn http_reaches_allowed_hosts_only() {
    let body = "api.request('http.post', {url: 'https://api.example.org/a', headers: {A: ['b']}, data: 'd'}, (yes) => \
        api.request('http.get', {url: 'https://evil.org/'}, (no) => reply([yes.code, JSON.parse(yes.body), yes.headers, no.success, no.reason])));";
    let mut service = handler(body);
    service.http_allow = Some(vec!["*.example.org".into()]);
    let outcome = service.load().await.message().await;
    let expected = json!([
        200,
        {"method": "POST", "url": "https://api.example.org/a", "headers": {"A": "b"}, "body": "d"},
        {"content-type": ["application/json"]},
        false,
        "this service may not call evil.org"
    ]);
    let answer = outcome.replies[0].content.as_deref().unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(answer).unwrap(), expected);
    assert_eq!(outcome.requests.len(), 1);
}

#[tokio::test]
async fn the_console_writes_to_the_log() {
    let source = "api.on_inbound_message = () => { console.log('a', 1, {b: [2]}, undefined); console.warn(new Error('e')); \
        console.error('x'); console.log('%s has %d', 'a', 1, {b: 2}); console.log('100%'); console.assert(true); api.done(); };";
    let outcome = script(source).load().await.message().await;
    let log: Vec<_> = outcome
        .log
        .iter()
        .map(|line| (line.level.as_str(), line.message.as_str()))
        .collect();
    let expected = [
        ("info", "a 1 {\"b\":[2]} undefined"),
        ("warning", "Error: e"),
        ("error", "x"),
        ("info", "a has 1 { b: 2 }"),
        ("info", "100%"),
        ("info", "Done."),
    ];
    assert_eq!(log, expected);
}

#[tokio::test]
async fn random_numbers_differ_between_steps_unless_seeded() {
    let body = "reply([Math.random(), Math.random()])";
    let loaded = handler(body).load().await;
    let (first, second) = (loaded.answer().await, loaded.answer().await);
    assert_ne!(first, second);
    let mut seeded = handler(body);
    seeded.seed = Some(7);
    let loaded = seeded.load().await;
    let first = loaded.answer().await;
    assert_eq!(first, loaded.answer().await);
    let numbers: Vec<f64> = serde_json::from_str(&first).unwrap();
    assert!(
        numbers[0] != numbers[1] && numbers.iter().all(|number| (0.0..1.0).contains(number)),
        "{numbers:?}"
    );
}

#[tokio::test]
async fn the_clock_stands_still_where_it_is_frozen() {
    let body = "const D = api.kept; class Sub extends Date {} ; reply([new Date().toISOString(), Date.now() === new D().getTime(), \
        new Sub().getFullYear(), new Date(0).getTime(), Date(), new Date() instanceof Date, Date.name, \
        new Date(2020, 1, 3).getTimezoneOffset(), Date.UTC(1970, 0, 1)])";
    let source = format!("{REPLY} api.kept = Date; api.on_inbound_message = () => {{ {body} }};");
    let mut frozen = script(&source);
    frozen.now = Some("2026-11-24 08:00:00.5");
    let expected = r#"["2026-11-24T08:00:00.500Z",true,2026,0,"Tue Nov 24 2026 08:00:00 GMT+0000",true,"Date",0,0]"#;
    assert_eq!(answer_of(frozen).await.replace(" (UTC)", ""), expected);
}

#[tokio::test]
async fn the_clock_runs_where_it_is_not() {
    let body = "const before = Date.now(); setTimeout(() => reply(Date.now() - before >= 9 && before > 1.7e12), 10)";
    check(body, "true").await;
}

#[tokio::test]
async fn unknown_commands_end_the_step() {
    let outcome = handler("api.request('shell.run', {}, () => reply('never'))")
        .load()
        .await
        .message()
        .await;
    assert_eq!(outcome.error.unwrap().message, "unknown command: shell.run");
    assert_eq!(outcome.log.last().unwrap().message, "unknown command: shell.run");
    let outcome = handler("api.request('kv.burn', {}); reply('x')")
        .load()
        .await
        .message()
        .await;
    assert_eq!(outcome.error.unwrap().message, "unknown command: kv.burn");
}

#[tokio::test]
async fn a_script_may_forget_done_once_it_answered() {
    let answered =
        "api.on_inbound_message = () => api.request('outbound.reply_to', {content: 'x', in_reply_to: 'm1'});";
    let outcome = script(answered).load().await.message().await;
    assert_eq!((outcome.error, outcome.replies.len()), (None, 1));
    let outcome = script("api.on_inbound_message = () => {};")
        .load()
        .await
        .message()
        .await;
    assert_eq!(
        outcome.error.unwrap().message,
        "the script stopped without calling api.done()"
    );
}

#[tokio::test]
async fn config_and_metrics_go_through() {
    let body = "api.request('metrics.fire', {metric: 'm', value: 1, agg: 'sum'}); \
        api.request('config.get', {key: 'name'}, (r) => reply(r.value));";
    let mut service = handler(body);
    service.config = json!({"name": "clinic"});
    let outcome = service.load().await.message().await;
    assert_eq!(outcome.replies[0].content.as_deref(), Some("clinic"));
    assert_eq!(outcome.metrics[0].metric, "m");
}

#[tokio::test]
async fn text_of_any_script_survives() {
    let text = "isiZulu \u{201c}é\u{201d} 😀 \u{2028} \\ \" \u{0}";
    let loaded = service(&[(
        "main.js",
        &format!("{REPLY} api.on_inbound_message = (c) => reply(c.msg.content);"),
    )])
    .load()
    .await;
    let outcome = loaded
        .step(StepInput::Message(json!({"message_id": "m1", "content": text})))
        .await;
    assert_eq!(outcome.replies[0].content.as_deref(), Some(text));
}

#[tokio::test]
async fn half_of_a_pair_of_surrogates_becomes_a_replacement_character() {
    let outcome = handler("api.request('kv.set', {key: 'a', value: {'b\\udc00': ['\\ud83d', '\\\\ud83d', '😀']}}); reply('ab😀'.slice(0, 3))")
        .load()
        .await
        .message()
        .await;
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.replies[0].content.as_deref(), Some("ab\u{fffd}"));
    let value = json!({"b\u{fffd}": ["\u{fffd}", "\\ud83d", "😀"]});
    assert_eq!(writes(&outcome), [json!(["set", "a", value, false])]);
}
