//! `quick_replies`: the buttons or the list a message can be answered by, where its channel can show them.

use ngoma_engine::service::QUICK_REPLIES;
use ngoma_message::Object;
use serde_json::{Value, json};
use std::collections::HashSet;

/// What WhatsApp shows at most: <https://developers.facebook.com/docs/whatsapp/cloud-api/messages>.
const BUTTONS: usize = 3;
const BUTTON_CHARS: usize = 20;
const ROWS: usize = 10;
const ROW_CHARS: usize = 24;
const DESCRIPTION_CHARS: usize = 72;
const ID_CHARS: usize = 200;

/// How the choices are shown.
struct Kind {
    name: &'static str,
    choices: usize,
    title_chars: usize,
    has_descriptions: bool,
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "buttons",
        choices: BUTTONS,
        title_chars: BUTTON_CHARS,
        has_descriptions: false,
    },
    Kind {
        name: "list",
        choices: ROWS,
        title_chars: ROW_CHARS,
        has_descriptions: true,
    },
];

/// Notes the quick replies that a command gives, if any, with its message.
pub fn note(params: &Object, content: Option<&str>, helper_metadata: &mut Object) -> Result<(), String> {
    let given = match params.get(QUICK_REPLIES) {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(given)) => given,
        Some(_) => return Err("'quick_replies' must be object or null.".into()),
    };
    if content.is_none_or(str::is_empty) {
        return Err("'quick_replies' need a content: channels that cannot show them send it alone.".into());
    }
    helper_metadata.insert(QUICK_REPLIES.to_owned(), read(given)?);
    Ok(())
}

fn read(given: &Object) -> Result<Value, String> {
    let word = given.get("kind").and_then(Value::as_str).unwrap_or_default();
    let kind = KINDS.iter().find(|kind| kind.name == word);
    let kind = kind.ok_or("'quick_replies.kind' must be buttons or list.")?;
    let choices = given.get("choices").and_then(Value::as_array).map(Vec::as_slice);
    let choices = choices.unwrap_or_default();
    if choices.is_empty() || choices.len() > kind.choices {
        let (name, most) = (kind.name, kind.choices);
        return Err(format!(
            "'quick_replies.choices' must be 1 to {most} choices for {name}."
        ));
    }
    let mut ids = HashSet::new();
    let mut read = Vec::with_capacity(choices.len());
    for choice in choices {
        let choice = read_choice(choice, kind)?;
        if !ids.insert(choice["id"].clone()) {
            return Err(format!("'quick_replies.choices' have the id {} twice.", choice["id"]));
        }
        read.push(choice);
    }
    let mut replies = json!({"kind": kind.name, "choices": read});
    if let Some(button) = text(given, "button", BUTTON_CHARS)? {
        replies["button"] = button.into();
    }
    Ok(replies)
}

fn read_choice(given: &Value, kind: &Kind) -> Result<Value, String> {
    let missing = |name: &str| format!("'quick_replies.choices' need {name} each.");
    let given = given.as_object().ok_or_else(|| missing("an id and a title"))?;
    let id = text(given, "id", ID_CHARS)?.ok_or_else(|| missing("an id"))?;
    let title = text(given, "title", kind.title_chars)?.ok_or_else(|| missing("a title"))?;
    let mut choice = json!({"id": id, "title": title});
    match text(given, "description", DESCRIPTION_CHARS)? {
        Some(_) if !kind.has_descriptions => return Err("buttons have no description.".into()),
        Some(description) => choice["description"] = description.into(),
        None => {}
    }
    Ok(choice)
}

/// A text that is not empty and not too long; nothing when it is not given.
fn text<'a>(given: &'a Object, name: &str, chars: usize) -> Result<Option<&'a str>, String> {
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() && text.chars().nth(chars).is_none() => Ok(Some(text)),
        Some(_) => Err(format!(
            "a {name} of quick replies must be a text of 1 to {chars} characters."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(replies: Value) -> Result<Value, String> {
        let mut metadata = Object::new();
        let params = Object::from_iter([("quick_replies".to_owned(), replies)]);
        note(&params, Some("Which?"), &mut metadata)?;
        Ok(metadata.remove("quick_replies").unwrap_or_default())
    }

    fn choice(id: &str, title: &str) -> Value {
        json!({"id": id, "title": title})
    }

    #[test]
    fn buttons_and_lists_are_noted_as_they_are_and_what_else_is_given_is_left_out() {
        let buttons = json!({"kind": "buttons", "choices": [choice("y", &"x".repeat(20)), choice("n", "No")]});
        let row = json!({"id": "a", "title": "x".repeat(24), "description": "d".repeat(72)});
        let list = json!({"kind": "list", "button": "Choose", "choices": [row, choice("b", "B")]});
        for given in [buttons, list] {
            assert_eq!(noted(given.clone()), Ok(given));
        }
        let more = json!({"kind": "buttons", "button": null, "x": 1, "choices": [{"id": "y", "title": "Yes", "x": 1}]});
        assert_eq!(
            noted(more),
            Ok(json!({"kind": "buttons", "choices": [choice("y", "Yes")]}))
        );
        assert_eq!(noted(Value::Null), Ok(Value::Null));
    }

    #[test]
    fn what_cannot_be_shown_is_refused() {
        let many = |count: usize| (0..count).map(|id| choice(&id.to_string(), "t")).collect::<Vec<_>>();
        let check = |replies: Value, expected: &str| assert_eq!(noted(replies), Err(expected.to_owned()));
        check(json!(5), "'quick_replies' must be object or null.");
        check(json!({"choices": []}), "'quick_replies.kind' must be buttons or list.");
        for (kind, most) in [("buttons", 3), ("list", 10)] {
            let expected = format!("'quick_replies.choices' must be 1 to {most} choices for {kind}.");
            check(json!({"kind": kind, "choices": many(most + 1)}), &expected);
            check(json!({"kind": kind, "choices": []}), &expected);
            check(json!({"kind": kind}), &expected);
            assert!(noted(json!({"kind": kind, "choices": many(most)})).is_ok());
        }
        for (kind, title) in [
            ("buttons", "x".repeat(21)),
            ("list", "x".repeat(25)),
            ("list", " ".to_owned()),
        ] {
            let most = if kind == "buttons" { 20 } else { 24 };
            let expected = format!("a title of quick replies must be a text of 1 to {most} characters.");
            check(json!({"kind": kind, "choices": [choice("a", &title)]}), &expected);
        }
        let twice = json!({"kind": "list", "choices": [choice("a", "A"), choice("a", "B")]});
        check(twice, "'quick_replies.choices' have the id \"a\" twice.");
        let described = json!({"kind": "buttons", "choices": [{"id": "a", "title": "A", "description": "d"}]});
        check(described, "buttons have no description.");
        check(
            json!({"kind": "list", "choices": [{"title": "A"}]}),
            "'quick_replies.choices' need an id each.",
        );
    }

    #[test]
    fn they_stand_beside_a_text() {
        let buttons = json!({"kind": "buttons", "choices": [choice("y", "Yes")]});
        let params = Object::from_iter([("quick_replies".to_owned(), buttons)]);
        for content in [None, Some("")] {
            assert!(note(&params, content, &mut Object::new()).is_err());
        }
    }
}
