//! What the JavaScript library does besides talking, where a recorded dialogue does not show it.

use crate::program::{path_text, repository, run, stdout};
use serde_json::{Value, json};

/// A dial.
const DIAL: &str = "[dial]";

/// What a service of the library's tests answers to these inputs, a step each.
fn talk(service: &str, inputs: &[&str]) -> Vec<Value> {
    talk_as(service, "+27831234567", "ussd", inputs)
}

fn talk_as(service: &str, from: &str, channel: &str, inputs: &[&str]) -> Vec<Value> {
    let lines = inputs
        .iter()
        .map(|input| message(from, channel, input).to_string() + "\n");
    let lines: String = lines.collect();
    let path = repository(&format!("sdk/js/tests/services/{service}.ts"));
    let output = run(&["simulate", path_text(&path), "--now", "2026-11-23T08:00:00Z"], &lines);
    let answers = stdout(&output);
    let answers: Vec<Value> = answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), inputs.len(), "{output:?}");
    assert!(answers.iter().all(|answer| answer["error"].is_null()), "{answers:?}");
    answers
}

fn message(from: &str, channel: &str, input: &str) -> Value {
    match (channel, input) {
        ("ussd", DIAL) => json!({ "from": from, "session_event": "new" }),
        ("ussd", _) => json!({ "from": from, "session_event": "resume", "content": input }),
        _ => json!({ "from": from, "transport_type": channel, "content": input }),
    }
}

fn content(answer: &Value) -> &str {
    answer["replies"][0]["content"].as_str().unwrap()
}

fn metrics(answer: &Value) -> Vec<&str> {
    let metrics = answer["metrics"].as_array().unwrap().iter();
    metrics.map(|metric| metric["metric"].as_str().unwrap()).collect()
}

/// The kind of the quick replies, what opens them, and the ids of the choices.
fn quick_replies(answer: &Value) -> (String, String, Vec<String>) {
    let replies = &answer["replies"][0]["helper_metadata"]["quick_replies"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let choices = replies["choices"].as_array().into_iter().flatten();
    let ids = choices.map(|choice| text(&choice["id"])).collect();
    (text(&replies["kind"]), text(&replies["button"]), ids)
}

#[test]
fn whatsapp_shows_buttons_a_list_or_pages_and_takes_taps_and_titles() {
    let numbered = |from: usize, to: usize| (from..=to).map(|number| format!("id{number}"));
    let turning = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let few = turning(&["yes", "no", "maybe"]);
    let some: Vec<String> = numbered(1, 10).collect();
    let first: Vec<String> = numbered(1, 8).chain(["ngoma:more".to_owned()]).collect();
    let second = numbered(9, 16).chain(turning(&["ngoma:more", "ngoma:back"]));
    let second: Vec<String> = second.collect();
    let cases = [
        ("Hi", "buttons", "", few),
        ("maybe", "list", "Look", some),
        ("Thing 7", "list", "Choose", first.clone()),
        ("ngoma:more", "list", "Choose", second.clone()),
        ("back", "list", "Choose", first),
        ("9", "list", "Choose", second),
        // A label that is too long for any of them leaves the text alone.
        ("id3", "", "", vec![]),
        ("1", "list", "Choose", turning(&["a", "b"])),
        // A value that is a number is not taken for the number of an option.
        ("b", "buttons", "", turning(&["ngoma:2", "ngoma:1"])),
        // Two labels that are alike are told apart by their numbers.
        ("ngoma:1", "", "", vec![]),
        ("2", "", "", vec![]),
    ];
    let inputs: Vec<&str> = cases.iter().map(|(input, ..)| *input).collect();
    let answers = talk_as("shop", "+27831234567", "whatsapp", &inputs);
    for ((input, kind, button, ids), answer) in cases.into_iter().zip(&answers) {
        assert_eq!(
            quick_replies(answer),
            (kind.to_owned(), button.to_owned(), ids),
            "{input}"
        );
    }
    assert!(
        content(&answers[0]).ends_with("?\n1. Yes\n2. No\n3. Perhaps"),
        "{:?}",
        answers[0]
    );
    assert_eq!(content(answers.last().unwrap()), "maybe, id7, id3, a, b, 1, b");
}

#[test]
fn other_channels_get_no_quick_replies() {
    for channel in ["ussd", "sms", "telegram"] {
        let answers = talk_as("shop", "+27831234567", channel, &[DIAL]);
        assert_eq!(answers[0]["replies"][0]["helper_metadata"], json!({}), "{channel}");
    }
}

#[test]
fn a_person_is_kept_and_is_written_to_later() {
    let answers = talk("people", &[DIAL, "1", "Nomsa", "1", DIAL, "6", DIAL, "1", "Nomsa", "2"]);
    let joined = &answers[3];
    let (send, contact) = (&joined["sends"][0], &joined["contacts"][0]);
    assert_eq!(send["send_at"], "2026-11-25 08:00:00.000000", "{joined}");
    assert_eq!(
        (&send["endpoint"], &send["content"]),
        (&json!("sms"), &json!("Here we are, Nomsa."))
    );
    assert_eq!(
        (&contact["name"], &contact["extras-when"]),
        (&json!("Nomsa"), &json!("soon"))
    );
    assert_eq!(contact["groups"], json!([joined["contacts"][1]["key"]]));
    assert_eq!(content(&answers[5]), "1: Nomsa, soon");
    assert_eq!(answers[9]["sends"][0]["send_at"], "2026-12-25 06:00:00.000000");
}

#[test]
fn nobody_is_found_where_nobody_is_kept() {
    assert_eq!(content(&talk("people", &[DIAL, "6"])[1]), "Nobody; true");
}

#[test]
fn a_person_is_opted_out_counted_and_handed_over() {
    let answers = talk("people", &[DIAL, "2", DIAL, "3", DIAL, "4", DIAL, "5"]);
    assert_eq!(content(&answers[1]), "Stopped: true, 1");
    let last = answers[1]["opt_outs"].as_array().unwrap().last().unwrap();
    assert_eq!(last, &json!({ "address": "tel:+27831234567", "opted_out": true }));
    assert_eq!(content(&answers[3]), "0, 0, 0, 0");
    let expected = json!([{ "to": "desk", "reason": "greeted long", "until": "2026-11-23 10:00:00.000000" }]);
    assert_eq!(answers[5]["hand_overs"], expected);
    assert_eq!(answers[5]["replies"][0]["session_event"], "close");
    assert_eq!(answers[7]["hand_overs"], json!([{ "to": null }]));
}

#[test]
fn a_variant_is_counted_once_a_dialogue_and_again_at_the_goal() {
    let answers = talk("variants", &[DIAL, "1", "2", DIAL]);
    let variant = content(&answers[0]).to_owned();
    let (shown, reached) = (
        format!("variant.offer.{variant}.shown"),
        format!("variant.offer.{variant}.reached"),
    );
    let counted: Vec<Vec<&str>> = answers.iter().map(metrics).collect();
    assert_eq!(
        counted,
        [
            vec![shown.as_str()],
            vec![],
            vec![reached.as_str()],
            vec![shown.as_str()]
        ]
    );
    assert_eq!(content(&answers[1]), variant);
    assert_eq!(content(&answers[3]), variant);
}

#[test]
fn variants_are_spread_by_their_weights() {
    let service = path_text(&repository("sdk/js/tests/services/variants.ts")).to_owned();
    let lines = (0..400).map(|number| format!("{}\n", message(&format!("+2783{number:07}"), "ussd", DIAL)));
    let output = run(&["simulate", &service], &lines.collect::<String>());
    let answers = stdout(&output);
    let often = answers
        .lines()
        .filter(|line| line.contains("\"content\":\"often\""))
        .count();
    assert_eq!(answers.lines().count(), 400);
    // Three of four; nine standard deviations would still be within these bounds.
    assert!((222..378).contains(&often), "{often}");
}

#[test]
fn a_step_tells_once_what_has_no_translation() {
    let answers = talk("survey", &[DIAL, "Nomsa", "20", "0831234567", "1"]);
    let lines = answers[4]["log"].as_array().unwrap();
    let told = lines
        .iter()
        .filter(|line| line["msg"].as_str().unwrap().starts_with("no translation into fr"));
    assert_eq!(told.count(), 1, "{lines:?}");
    assert_eq!(lines[0]["msg"], "no translation into fr: \"Other\"");
}

#[test]
fn a_catalogue_that_cannot_be_read_is_told_when_the_service_loads() {
    let check = |catalogue: &str, expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let code = format!(
            "import {{ end, service }} from \"ngoma\";\nservice({{ name: \"a\", languages: {{ en: \"\", zu: \"\" }}, \
             translations: {{ zu: {} }}, start: \"a\", states: {{ a: end({{ text: \"a\" }}) }} }});\n",
            json!(catalogue)
        );
        let path = folder.path().join("main.ts");
        std::fs::write(&path, code).unwrap();
        let output = run(&["simulate", path_text(&path)], "{\"session_event\":\"new\"}\n");
        let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{catalogue}: {said}");
    };
    let rule = |rule: &str| format!("msgid \"\"\nmsgstr \"Plural-Forms: {rule}\\n\"\n");
    for (written, expected) in [
        ("nplurals=2; plural=n+;", "cannot be read"),
        ("nplurals=2; plural=(n!=1;", "cannot be read"),
        ("nplurals=2; plural=n ? 1;", "cannot be read"),
        ("nplurals=2; plural=x;", "cannot be read"),
        ("nplurals=2; plural=n; api.done()", "\"replies\":[{\"content\":\"a\""),
        ("nplurals=2; plural=api.done();", "cannot be read"),
        ("nplurals=0; plural=0;", "is no rule for plurals"),
        ("nplurals=99; plural=0;", "is no rule for plurals"),
        ("plural=0;", "is no rule for plurals"),
    ] {
        check(&rule(written), expected);
    }
    check("msgid \"a\"\nmsgstr b\n", "line 2 of the catalogue cannot be read");
    check("hello", "line 1 of the catalogue cannot be read");
}

#[test]
fn a_service_describes_every_way_from_state_to_state() {
    for (service, expected) in [
        ("leads", vec!["lost"]),
        // Texts that ask for contacts or stand in the config are no mistakes, only not known beforehand.
        ("people", vec![]),
        ("catalogues", vec![]),
        ("waits", vec![]),
        ("shop", vec![]),
    ] {
        let path = repository(&format!("sdk/js/tests/services/{service}.ts"));
        let said = stdout(&run(&["service", "check", path_text(&path)], ""));
        let findings = said
            .lines()
            .filter(|line| line.starts_with(service) && !line.contains("no translation"));
        let findings: Vec<&str> = findings.collect();
        assert_eq!(findings.len(), expected.len(), "{said}");
        for (finding, state) in findings.iter().zip(expected) {
            assert!(
                finding.contains(&format!("nothing leads to the state \"{state}\"")),
                "{finding}"
            );
        }
    }
}

#[test]
fn a_time_out_that_cannot_be_read_is_told_when_the_service_loads() {
    let check = |timeout: &str, expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let code = format!(
            "import {{ end, service }} from \"ngoma\";\nservice({{ name: \"a\", timeout: {timeout}, start: \"a\", \
             states: {{ a: end({{ text: \"a\" }}) }} }});\n"
        );
        let path = folder.path().join("main.js");
        std::fs::write(&path, code).unwrap();
        let output = run(&["simulate", path_text(&path)], "{\"session_event\":\"new\"}\n");
        let said = stdout(&output) + &String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{timeout}: {said}");
    };
    for good in [
        "\"1 day\"",
        "\"2 weeks\"",
        "\"0.5 hours\"",
        "{ after: \"90 seconds\", next: \"a\" }",
    ] {
        check(good, "\"error\":null");
    }
    for bad in [
        "\"1 moon\"",
        "\"day\"",
        "\"-1 day\"",
        "\"\"",
        "\"1 constructor\"",
        "{ after: \"soon\", next: \"a\" }",
    ] {
        check(bad, "is no span of time");
    }
}

#[test]
fn a_person_who_changes_the_channel_is_offered_to_go_on() {
    let message = |channel: &str, input: &str| message("+27831234567", channel, input).to_string() + "\n";
    let steps = [
        ("sms", "Hi"),
        ("sms", "1"),
        ("whatsapp", "3"),
        ("whatsapp", "continue where you left off"),
    ];
    let lines: String = steps.iter().map(|(channel, input)| message(channel, input)).collect();
    let path = repository("sdk/js/tests/services/shop.ts");
    let answers = stdout(&run(&["simulate", path_text(&path)], &lines));
    let answers: Vec<Value> = answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(content(&answers[1]).starts_with("Some?"), "{answers:?}");
    assert!(content(&answers[2]).starts_with("Welcome back."), "{answers:?}");
    assert!(content(&answers[3]).starts_with("Some?"), "{answers:?}");
    // The label of going on is too long for buttons and lists.
    assert_eq!(quick_replies(&answers[2]).0, "");
    assert_eq!(quick_replies(&answers[3]).0, "list");
}
