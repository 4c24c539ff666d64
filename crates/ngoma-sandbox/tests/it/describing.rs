//! What services and the runtime say about themselves to the tools of authors.

use crate::harness::sandbox;
use ngoma_sandbox::bundle::bundle;
use ngoma_sandbox::coverage;
use ngoma_sandbox::describe::Description;
use std::collections::BTreeMap;

async fn describe(source: &str) -> Result<Option<Description>, String> {
    let files = BTreeMap::from([("main.ts".to_owned(), source.as_bytes().to_vec())]);
    let described = sandbox().describe(bundle("main.ts".to_owned(), files)).await;
    described.map_err(|error| error.message)
}

#[tokio::test]
async fn a_service_on_the_library_tells_its_states_and_screens() {
    let source = "import { end, service, text } from 'ngoma';\n\
                  service({ name: 'a', start: 'ask', states: { ask: text({ question: 'Who?', next: 'done' }), done: end({ text: 'Bye' }) } });";
    let description = describe(source).await.unwrap().unwrap();
    let states: Vec<&str> = description.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(
        (states, description.start.states.as_slice()),
        (vec!["ask", "done"], ["ask".to_owned()].as_slice())
    );
    assert_eq!(description.states[0].leads.states, ["done"]);
    let ussd = description
        .screens
        .iter()
        .find(|screen| screen.state == "ask" && screen.channel == "ussd")
        .unwrap();
    assert_eq!((ussd.text.as_str(), ussd.limit), ("Who?", 182));
}

#[tokio::test]
async fn other_services_say_nothing() {
    let fails = "api.on_unknown_command = () => { throw new Error('what?'); };";
    for source in ["api.on_inbound_message = () => api.done();", fails, "import 'ngoma';"] {
        assert_eq!(describe(source).await, Ok(None), "{source}");
    }
}

#[tokio::test]
async fn a_description_that_fails_or_makes_no_sense_is_an_error() {
    let describing = |body: &str| format!("import 'ngoma';\napi.on_describe = () => {{ {body} }};");
    let request = |description: &str| {
        describing(&format!(
            "api.request('service.description', {{ description: {description} }}); api.done();"
        ))
    };
    for (source, expected) in [
        (describing("throw new Error('no');"), "no"),
        (request("7"), "the description: "),
        (request("{ name: [] }"), "the description: "),
        (describing("for (;;);"), "processor time"),
    ] {
        let problem = describe(&source).await.unwrap_err();
        assert!(problem.contains(expected), "{problem}");
    }
}

#[tokio::test]
async fn nothing_is_done_for_a_service_that_is_described() {
    let source = "import 'ngoma';\napi.on_describe = () => api.request('kv.set', { key: 'a', value: 1 }, (reply: any) => {\n\
                  throw new Error(JSON.stringify(reply.success)); });";
    assert!(describe(source).await.unwrap_err().contains("false"));
}

#[tokio::test]
async fn the_runtime_tells_the_names_it_defines() {
    let known = sandbox().known_globals().await;
    let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
    for name in [
        "api",
        "require",
        "module",
        "setTimeout",
        "console",
        "Promise",
        "undefined",
    ] {
        assert!(has(&known.everywhere, name), "{name} is not in {:?}", known.everywhere);
    }
    for name in ["describe", "it", "beforeEach"] {
        assert!(has(&known.in_tests, name) && !has(&known.everywhere, name), "{name}");
    }
}

#[tokio::test]
async fn code_with_counters_does_what_it_did_and_says_what_ran() {
    use crate::harness::service;
    let source = "var seen = [];\nfunction reply(text) {\n  api.request('outbound.reply_to', { content: text, in_reply_to: 'm1' }, function () { api.done(); });\n}\n\
                  api.on_inbound_message = function () {\n  out: for (var i = 0; i < 3; i++) if (i === 1) continue out; else seen.push(i);\n\
                  if (seen.length > 5) throw new Error('never');\n  reply(seen.map(n => n * 2).join());\n};\n";
    let files = BTreeMap::from([("main.js".to_owned(), source.as_bytes().to_vec())]);
    let (counted, plan) = coverage::instrument(&bundle("main.js".to_owned(), files));
    let code = String::from_utf8(counted.files["main.js"].clone()).unwrap();
    let outcome = service(&[("main.js", &code)]).load().await.message().await;
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.replies[0].content.as_deref(), Some("0,4"));
    let counters = outcome
        .log
        .iter()
        .find_map(|line| coverage::counted(&line.message))
        .unwrap();
    let mut coverage = coverage::Coverage::new(plan);
    coverage.add(&counters);
    let file = coverage.files().remove(0);
    assert_eq!(file.uncovered(), "");
    assert_eq!(file.lines.keys().copied().collect::<Vec<_>>(), [1, 3, 5, 6, 7, 8]);
}
