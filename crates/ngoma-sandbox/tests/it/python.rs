//! Services in Python through the real worker: steps, resources, failures, environments.

use crate::harness::{Loaded, Service, key, service, shown, writes};
use ngoma_engine::service::{ServiceRunner, StepInput};
use serde_json::json;
use std::time::Duration;

/// What every handler stands in.
const HEAD: &str =
    "from ngoma import Service\n\nservice = Service()\n\n\n@service.on_message\nasync def answer(message, ctx):\n";
/// The line of the handler's first statement.
const FIRST_LINE: usize = 8;

/// A service in Python whose message handler is this code.
pub fn handler(body: &str) -> Service {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    service(&[("main.py", &format!("{HEAD}{body}"))])
}

async fn load_error(files: &[(&str, &str)]) -> String {
    shown(&service(files).try_load().await.err().expect("the load fails"))
}

async fn step_error(body: &str) -> String {
    let loaded = handler(body).load().await;
    shown(&loaded.message().await.error.expect("the step fails"))
}

#[tokio::test]
async fn a_step_answers_and_keeps_what_it_did() {
    let mut service = handler(
        "visits = await ctx.kv.increment('visits')\n\
        await ctx.kv.set('last', {'é': [visits]}, seconds=60)\n\
        await ctx.metrics.count('visits')\n\
        await ctx.outbound.send_sms('+27831234567', 'Welcome')\n\
        print('seen', visits)\n\
        await ctx.reply(f\"{await ctx.config.get('name')} {visits} {message.text} é\", end=True)",
    );
    service.config = json!({"name": "clinic"});
    service.kv.insert("visits".into(), json!(6));
    let outcome = service.load().await.message().await;
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.replies[0].content.as_deref(), Some("clinic 7 hi é"));
    assert!(!outcome.replies[0].continue_session);
    let expected = [
        json!(["increment", "visits", 1]),
        json!(["set", "last", {"é": [7]}, true]),
    ];
    assert_eq!(writes(&outcome), expected);
    assert_eq!((outcome.sends[0].endpoint.as_str(), outcome.metrics.len()), ("sms", 1));
    let log: Vec<_> = outcome
        .log
        .iter()
        .map(|line| (line.level.as_str(), line.message.as_str()))
        .collect();
    assert_eq!(log, [("info", "seen 7")]);
}

#[tokio::test]
async fn events_reach_their_handler_and_a_step_need_not_answer() {
    let source = "from ngoma import Service\nservice = Service()\n@service.on_event\nasync def hear(event, ctx):\n    \
        await ctx.kv.set('state', event.event_type)\n";
    let loaded = service(&[("main.py", source)]).load().await;
    let outcome = loaded
        .step(StepInput::Event(json!({"event_type": "ack", "user_message_id": "m0"})))
        .await;
    assert_eq!(
        (outcome.error.clone(), writes(&outcome)),
        (None, vec![json!(["set", "state", "ack", false])])
    );
    let outcome = loaded.message().await;
    assert_eq!((outcome.error, outcome.replies.len()), (None, 0));
}

#[tokio::test]
async fn calls_to_the_outside_and_refusals_come_back() {
    let body = "from ngoma import ResourceError\n\
        response = await ctx.http.post('http://example.org/a', params={'q': 'a b'}, json_body={'x': 1})\n\
        told = response.json()\n\
        try:\n    await ctx.kv.set('a', 1, seconds='x')\nexcept ResourceError as error:\n    refused = error.reason\n\
        await ctx.reply(f\"{response.code} {told['method']} {told['url']} {told['body']} {refused}\")";
    let answer = handler(body).load().await.answer().await;
    assert_eq!(
        answer,
        r#"200 POST http://example.org/a?q=a%20b {"x": 1} seconds must be a number or null"#
    );
}

#[tokio::test]
async fn a_service_is_several_files_and_may_read_them() {
    let main = "import json\nimport pathlib\n\nfrom lib.words import HELLO\nfrom ngoma import Service\n\nservice = Service()\n\
        TEXTS = json.loads((pathlib.Path(__file__).parent / 'texts.json').read_text())\n\
        @service.on_message\nasync def answer(message, ctx):\n    \
        await ctx.reply(HELLO + TEXTS['name'] + json.load(open('texts.json'))['name'])\n";
    let files = [
        ("main.py", main),
        ("lib/words.py", "HELLO = 'Hello '"),
        ("lib/__init__.py", ""),
        ("texts.json", "{\"name\": \"you\"}"),
    ];
    assert_eq!(service(&files).load().await.answer().await, "Hello youyou");
}

#[tokio::test]
async fn a_step_finds_no_trace_of_another() {
    let source = "from ngoma import Service\nservice = Service()\nseen = []\n@service.on_message\nasync def answer(message, ctx):\n    \
        seen.append(message.message_id)\n    await ctx.reply(str(seen))\n";
    let loaded = service(&[("main.py", source)]).load().await;
    assert_eq!(loaded.answer().await, "['m1']");
    assert_eq!(loaded.answer().await, "['m1']");
}

#[tokio::test]
async fn time_and_chance_are_the_hosts() {
    let mut service = handler(
        "import random\nawait ctx.reply(f'{ctx.now():%Y-%m-%d %H:%M} {ctx.random.random()} {random.random()}')",
    );
    service.now = Some("2026-11-24 08:00:00");
    service.seed = Some(7);
    let loaded = service.load().await;
    let first = loaded.answer().await;
    assert!(first.starts_with("2026-11-24 08:00 0."), "{first}");
    assert_eq!(loaded.answer().await, first);
    let other = handler("import random\nawait ctx.reply(f'{random.random()} {ctx.random.random()}')")
        .load()
        .await;
    assert_ne!(other.answer().await, other.answer().await);
}

#[tokio::test]
async fn an_exception_has_its_place_in_the_authors_file() {
    let line = FIRST_LINE + 1;
    assert_eq!(
        step_error("a = {}\na['b']").await,
        format!("KeyError: 'b' @main.py:{line}:5")
    );
    let found = step_error("import json\njson.loads('{')").await;
    assert!(
        found.starts_with("json.decoder.JSONDecodeError: ") && found.ends_with(&format!("@main.py:{line}:5")),
        "{found}"
    );
    let found = step_error("raise SystemExit(3)").await;
    assert_eq!(found, format!("SystemExit: 3 @main.py:{FIRST_LINE}:5"));
    let files = [
        (
            "main.py",
            "from ngoma import Service\nfrom lib import fail\nservice = Service()\n\
        @service.on_message\nasync def answer(message, ctx):\n    fail()\n",
        ),
        ("lib.py", "\ndef fail():\n    raise ValueError('no\\nway')\n"),
    ];
    let error = service(&files).load().await.message().await.error.unwrap();
    assert_eq!(shown(&error), "ValueError: no\nway @lib.py:3:5");
}

#[tokio::test]
async fn a_crash_has_its_place_too() {
    let line = FIRST_LINE + 1;
    let error = handler("import ctypes\nctypes.string_at(0)")
        .load()
        .await
        .message()
        .await
        .error
        .unwrap();
    assert_eq!(
        (error.file.as_deref(), error.line),
        (Some("main.py"), u32::try_from(line).ok())
    );
}

#[tokio::test]
async fn code_that_cannot_be_loaded_says_why() {
    assert_eq!(
        load_error(&[("main.py", "x = 1\n")]).await,
        "main.py has no service: write `service = Service()` or `service = Dialogue(…)` in it"
    );
    assert_eq!(
        load_error(&[("main.py", "a = 1\nb = (\n")]).await,
        "SyntaxError: '(' was never closed @main.py:2:5"
    );
    assert_eq!(
        load_error(&[("main.py", "\nimport nothing_there\n")]).await,
        "ModuleNotFoundError: No module named 'nothing_there' @main.py:2:1"
    );
    let two = "from ngoma import Service\na = Service()\nb = Service()\n";
    assert_eq!(
        load_error(&[("main.py", two)]).await,
        "main.py has 2 services: leave one in it"
    );
    let found = load_error(&[("main.py", "import os\nos.write(2, b'last words')\nos._exit(3)")]).await;
    assert_eq!(found, "loading the service ended its process:\nlast words");
    let found = load_error(&[("main.py", "raise ValueError('x' * 1000000)")]).await;
    assert!(
        found.starts_with("ValueError: xxx") && found.ends_with("xxx… @main.py:1:1"),
        "{found}"
    );
    let loose = [("main.py", ""), ("requirements.txt", "requests\n")];
    assert_eq!(
        load_error(&loose).await,
        "requirements.txt line 1: only exact versions are installed: write it as requests==1.2.3"
    );
}

#[tokio::test]
async fn states_make_a_dialogue() {
    let source = "from ngoma import Dialogue, choice, end, text\nservice = Dialogue(name='survey', start='name', states={\n    \
        'name': text('What is your name?', next='sure'),\n    \
        'sure': choice('{name}, are you sure?', {'yes': 'Yes', 'no': 'No'}, next={'yes': 'done', 'no': 'name'}),\n    \
        'done': end('Thank you, {name}.'),\n})\n";
    let mut service = service(&[("main.py", source)]);
    let place = json!({"state": "sure", "page": 0, "manner": "session", "since": 1795507200});
    service.now = Some("2026-11-24 08:00:00");
    let person = json!({"v": 1, "answers": {"name": "Nomsa"}, "profile": {}, "at": place});
    service.kv.insert("users.survey.+27831234567".into(), person);
    let loaded = service.load().await;
    let message = |content: &str| {
        StepInput::Message(
            json!({"message_id": "m1", "from_addr": "+27831234567", "content": content, "session_event": "resume"}),
        )
    };
    let wrong = loaded.step(message("7")).await;
    assert_eq!(wrong.error, None);
    assert_eq!(
        wrong.replies[0].content.as_deref(),
        Some("Please choose one of these numbers.\nNomsa, are you sure?\n1. Yes\n2. No")
    );
    let right = loaded.step(message("1")).await;
    assert_eq!(
        (right.replies[0].content.as_deref(), right.replies[0].continue_session),
        (Some("Thank you, Nomsa."), false)
    );
}

#[tokio::test]
async fn twenty_at_once_do_not_wait_for_a_slow_call() {
    let slow = "if message.text == 'slow':\n    await ctx.http.get('http://hang.org/')\nawait ctx.reply('fine')";
    let mut service = handler(slow);
    service.wall_limit = Duration::from_secs(10);
    let loaded = service.load().await;
    let message = |content: &str| StepInput::Message(json!({"message_id": "m1", "content": content}));
    let mut hanging = Box::pin(loaded.step(message("slow")));
    let all = async {
        let others = (0..20).map(|_| loaded.step(message("quick")));
        for outcome in futures_of(others).await {
            assert_eq!(outcome.error, None);
            assert_eq!(outcome.replies[0].content.as_deref(), Some("fine"));
        }
    };
    tokio::select! {
        outcome = &mut hanging => panic!("it does not hang: {outcome:?}"),
        () = all => {}
    }
}

/// Runs them together.
async fn futures_of<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, done) in &mut all {
            if done.is_none()
                && let std::task::Poll::Ready(outcome) = future.as_mut().poll(context)
            {
                *done = Some(outcome);
            }
        }
        match all.iter().all(|(_, done)| done.is_some()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    all.into_iter().filter_map(|(_, done)| done).collect()
}

#[tokio::test]
async fn a_worker_that_dies_is_started_again() {
    let loaded = handler("await ctx.reply('x')").load().await;
    assert_eq!(loaded.answer().await, "x");
    loaded.kill_worker().await;
    loaded.until_it_answers().await;
}

#[tokio::test]
async fn a_worker_that_hangs_is_ended_and_started_again() {
    let source = "import os\nfrom ngoma import Service\nservice = Service()\nforks = []\n\
        def hang():\n    forks.append(1)\n    while len(forks) > 1:\n        pass\n\
        os.register_at_fork(before=hang)\n\
        @service.on_message\nasync def answer(message, ctx):\n    await ctx.reply('x')\n";
    let mut service = service(&[("main.py", source)]);
    service.wall_limit = Duration::from_millis(200);
    let loaded: Loaded = service.load().await;
    // The first step may take a while on a busy machine, and is then told so.
    let _ = loaded.message().await;
    let worker = loaded.worker_pid().await;
    let error = loaded.message().await.error.unwrap();
    assert_eq!(error.message, "the service took longer than 200 ms");
    while loaded.worker_pid().await == worker {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn new_code_takes_the_place_of_old_in_either_language() {
    let loaded = handler("await ctx.reply('python')").load().await;
    assert_eq!(loaded.answer().await, "python");
    let script = "api.on_inbound_message = () => api.request('outbound.reply_to', {content: 'script', in_reply_to: 'm1'}, () => api.done());";
    let bundle = ngoma_sandbox::bundle::bundle(
        "main.js".into(),
        [("main.js".to_owned(), script.as_bytes().to_vec())].into(),
    );
    loaded
        .sandbox()
        .load(&key(), std::sync::Arc::new(bundle))
        .await
        .unwrap();
    assert_eq!(loaded.answer().await, "script");
}
