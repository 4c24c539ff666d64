//! `ngoma simulate`, as scripts use it.

use crate::program::{path_text, repository, run, stdout};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

const NOW: &str = "2026-11-23T08:30:00Z";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs one message through a script made of this handler's body.
fn handle(body: &str, args: &[&str], files: &TempDir, input: &str) -> Vec<Value> {
    let script = files.path().join("service.js");
    std::fs::write(
        &script,
        format!("api.on_inbound_message = function (command) {{\n{body}\n}};"),
    )
    .unwrap();
    let output = run(&[&["simulate", path_text(&script)], args].concat(), input);
    assert!(output.status.success(), "{output:?}");
    lines(&stdout(&output))
}

fn file(folder: &TempDir, name: &str, content: &Value) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, content.to_string()).unwrap();
    path_text(&path).to_owned()
}

#[test]
fn each_line_is_answered_and_keys_are_carried_over() {
    let light = repository("examples/light");
    let input = "{\"content\":\"a\"}\n{\"content\":\"b\",\"session_event\":\"new\"}\n";
    let output = run(&["simulate", path_text(&light), "--now", NOW], input);
    let lines = lines(&stdout(&output));
    let line = |n: u64| {
        json!({
            "replies": [{ "content": format!("Message {n}"), "session_event": "resume", "helper_metadata": {} }],
            "sends": [], "kv": { "count.+27831234567": n }, "kv_ttl": {}, "requests": [], "metrics": [],
            "log": [{ "level": "info", "msg": "Done." }], "error": null,
        })
    };
    let without_log = |mut value: Value| {
        value["log"] = json!([]);
        value
    };
    let found: Vec<Value> = lines.into_iter().map(without_log).collect();
    assert_eq!(found, [without_log(line(1)), without_log(line(2))]);
}

#[test]
fn what_a_step_decides_about_people_is_told_when_it_does() {
    let files = tempfile::tempdir().unwrap();
    let body = "const person = {address_type: 'msisdn', address_value: '+27831234567', message_id: 'm1'};
        api.request('optout.optout', person, () => api.request('session.hand_over', {to: 'people'}, () =>
            api.request('outbound.send_to', {to_addr: '+1', content: 'a', send_at: '2026-11-24T10:00:00+02:00'},
                () => api.done())));";
    let found = &handle(body, &["--now", NOW], &files, "{\"content\":\"a\"}\n")[0];
    assert_eq!(
        found["opt_outs"],
        json!([{"address": "tel:+27831234567", "opted_out": true}])
    );
    let until = "2026-11-24 08:30:00.000000";
    assert_eq!(
        found["hand_overs"],
        json!([{"to": "people", "reason": null, "until": until}])
    );
    assert_eq!(found["sends"][0]["send_at"], "2026-11-24 08:00:00.000000");
}

#[test]
fn whole_messages_reach_the_script_unchanged() {
    let files = tempfile::tempdir().unwrap();
    let message = json!({
        "message_version": "20110921", "message_type": "user_message", "message_id": "m1", "odd": [1, null],
        "content": null, "session_event": "surprise", "from_addr": null, "to_addr": "8864", "timestamp": "yesterday",
    });
    let body = r#"api.request("kv.set", { key: "seen", value: command.msg }, function () { api.done(); });"#;
    let lines = handle(body, &[], &files, &format!("{message}\n"));
    assert_eq!(lines[0]["kv"]["seen"], message);
    assert_eq!(lines[0]["error"], Value::Null);
}

#[test]
fn config_keys_and_kept_keys_come_from_files() {
    let files = tempfile::tempdir().unwrap();
    let config = file(&files, "config.json", &json!({ "config": { "name": "x" } }));
    let kv = file(&files, "kv.json", &json!({ "n": 41 }));
    let body = r#"
        api.request("config.get", { key: "config" }, function (config) {
        api.request("config.get", { key: "unknown" }, function (unknown) {
        api.request("kv.incr", { key: "n" }, function (n) {
        api.request("kv.set", { key: "found", seconds: 60, value: [config, unknown, n.value] }, function () { api.done(); });
        }); }); });"#;
    let lines = handle(body, &["--config", &config, "--kv", &kv, "--now", NOW], &files, "{}\n");
    let found = &lines[0]["kv"]["found"];
    assert_eq!(
        (&found[0]["value"], &found[0]["success"]),
        (&json!({ "name": "x" }), &json!(true))
    );
    assert_eq!((&found[1]["value"], &found[1]["success"]), (&Value::Null, &json!(true)));
    assert_eq!((&found[2], &lines[0]["kv"]["n"]), (&json!(42), &json!(42)));
    assert_eq!(lines[0]["kv_ttl"], json!({ "found": 60 }));
}

#[test]
fn http_is_answered_from_fixtures_only() {
    let files = tempfile::tempdir().unwrap();
    let http = json!([{
        "method": "POST", "url": "http://api.example.org/x", "params": { "a": ["1", "2"] }, "data": { "n": 1 },
        "responses": [{ "code": 201, "body": { "ok": true } }],
    }]);
    let http = file(&files, "http.json", &http);
    let body = r#"
        var url = "http://api.example.org/x?a=1&a=2";
        api.request("http.post", { url: url, data: '{"n": 1}', headers: { "X-A": ["b"] } }, function (first) {
        api.request("http.get", { url: "http://other.example.org/" }, function (second) {
        api.request("kv.set", { key: "found", value: [first, second] }, function () { api.done(); });
        }); });"#;
    let lines = handle(body, &["--http", &http], &files, "{}\n");
    let found = &lines[0]["kv"]["found"];
    assert_eq!(
        (&found[0]["code"], &found[0]["body"]),
        (&json!(201), &json!(r#"{"ok":true}"#))
    );
    assert_eq!(found[1]["success"], false);
    let reason = found[1]["reason"].as_str().unwrap();
    assert!(
        reason.contains("GET http://other.example.org/") && reason.contains("nearest"),
        "{reason}"
    );
    let requests = &lines[0]["requests"];
    assert_eq!(
        (&requests[0]["method"], &requests[0]["code"]),
        (&json!("POST"), &json!(201))
    );
    assert_eq!(requests[0]["body"], "{\"n\": 1}");
    assert_eq!(requests[1]["code"], Value::Null);
}

#[test]
fn an_exception_names_the_authors_file_and_line() {
    let cases = [
        (
            "service.js",
            "api.on_inbound_message = function () {\n  throw new Error('no');\n};",
            "no",
            2,
        ),
        (
            "typed.ts",
            "interface A {\n  b: string;\n}\nfunction f(a: A): never {\n  throw new Error(a.b);\n}\napi.on_inbound_message = () => f({ b: 'bad' });\ndeclare const api: any;\n",
            "bad",
            5,
        ),
        ("broken.js", "var a = 1;\nvar b = ;\n", "", 2),
    ];
    for (name, source, message, line) in cases {
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join(name), source).unwrap();
        let output = run(&["simulate", path_text(&files.path().join(name))], "{}\n{}\n");
        assert!(output.status.success(), "{name}: {output:?}");
        let lines = lines(&stdout(&output));
        assert_eq!(lines.len(), 2);
        for answer in lines {
            let error = &answer["error"];
            assert_eq!(
                (&error["file"], &error["line"]),
                (&json!(name), &json!(line)),
                "{error}"
            );
            assert!(error["message"].as_str().unwrap().contains(message), "{error}");
            assert_eq!(answer["replies"], json!([]));
        }
    }
}

#[test]
fn a_line_that_cannot_be_read_ends_with_2_and_its_number() {
    let output = run(
        &["simulate", path_text(&repository("examples/light"))],
        "{}\nnot json\n{}\n",
    );
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(lines(&stdout(&output)).len(), 1);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn a_folder_may_bring_its_own_modules() {
    let files = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = files.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("package.json", r#"{"main":"lib/start.js"}"#);
    write(
        "lib/start.js",
        "var greet = require('greeter');\napi.on_inbound_message = function (command) {\n  api.request('outbound.reply_to', { content: greet(require('missing')), in_reply_to: command.msg.message_id, continue_session: false }, function () { api.done(); });\n};",
    );
    write("node_modules/greeter/package.json", r#"{"main":"./main"}"#);
    write(
        "node_modules/greeter/main.js",
        "module.exports = function (who) { return 'hello ' + who; };",
    );
    let lines = lines(&stdout(&run(&["simulate", path_text(files.path())], "{}\n")));
    assert_eq!(lines[0]["replies"][0]["content"], "hello null", "{}", lines[0]);
    assert_eq!(lines[0]["replies"][0]["session_event"], "close");
}

#[test]
fn contacts_come_from_a_file_and_are_carried_over() {
    let files = tempfile::tempdir().unwrap();
    let contacts = json!({
        "contacts": [{ "key": "a", "name": "Anna", "msisdn": "+27831234567", "extras-town": "Musina" }],
        "groups": [{ "key": "g", "name": "Mothers" }],
    });
    let contacts = file(&files, "contacts.json", &contacts);
    let body = r#"
        api.request("contacts.get", { delivery_class: "ussd", addr: command.msg.from_addr }, function (got) {
        api.request("groups.get_by_name", { name: "Mothers" }, function (group) {
        api.request("contacts.update", { key: got.contact.key, fields: { groups: [group.group.key] } }, function () {
        api.request("groups.count_members", { key: group.group.key }, function (counted) {
        api.request("contacts.get_or_create", { delivery_class: "sms", addr: "+27830000000" }, function (other) {
            if (command.msg.content === "fail") { throw new Error("asked to"); }
            api.request("kv.set", { key: "seen", value: [got.contact.groups, counted.count, other.created] },
                function () { api.done(); });
        }); }); }); }); });"#;
    let said = |content: &str| format!("{}\n", json!({ "content": content, "from_addr": "+27831234567" }));
    let input = [said("fail"), said("a"), said("b")].concat();
    let args = ["--contacts", contacts.as_str(), "--now", NOW];
    let [failed, first, second] = handle(body, &args, &files, &input).try_into().unwrap();
    assert_eq!(failed.get("contacts"), None, "a step that fails keeps nothing");
    assert_eq!(first["kv"]["seen"], json!([[], 1, true]));
    let names = |line: &Value| -> Vec<Value> {
        let changed = line["contacts"].as_array().unwrap().iter();
        let mut names: Vec<Value> = changed.map(|contact| contact["msisdn"].clone()).collect();
        names.sort_by_key(Value::to_string);
        names
    };
    assert_eq!(names(&first), ["+27830000000", "+27831234567"]);
    assert_eq!(second["kv"]["seen"], json!([["g"], 1, false]));
    assert_eq!(names(&second), ["+27831234567"]);
    assert_eq!(second["contacts"][0]["extras-town"], "Musina");
}
