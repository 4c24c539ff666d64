//! A contact's fields as a service gives them, under Vumi Go's rules and in its words.

use crate::resources::{StepContext, python};
use ngoma_engine::ports::contacts::{ContactChange, Field};
use ngoma_message::{Object, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// Why nothing may stand where something must.
pub const NONE_REFUSED: &str = "None is not allowed as a value for non-null fields.";
const NO_MOMENT: &str = "Timestamp field expects a datetime or an iso8601 formatted string.";
/// What a service may give and nobody changes.
const FIXED: [&str; 3] = ["key", "user_account", "$VERSION"];

/// What becomes of null where notes should be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// It is as if it were not given.
    Passed,
    /// It is refused.
    Refused,
}

/// The field that addresses of a kind of channel are in.
pub fn delivery_field(delivery_class: &str) -> Option<Field> {
    Some(match delivery_class {
        "sms" | "ussd" | "voice" | "whatsapp" => Field::Msisdn,
        "twitter" => Field::TwitterHandle,
        "gtalk" => Field::GtalkId,
        "mxit" => Field::MxitId,
        "wechat" => Field::WechatId,
        "telegram" => Field::TelegramId,
        "facebook" => Field::FacebookId,
        _ => return None,
    })
}

/// An address as it is kept: a telephone number begins with a plus, and Google Talk's has no resource behind a slash.
pub fn address(field: Field, given: &str, step: &StepContext) -> String {
    match field {
        Field::Msisdn => {
            let allowances = &step.ports.account.allowances;
            let read = allowances.address("msisdn", given);
            let digits = read.value().trim_start_matches('+');
            match !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                true => format!("+{digits}"),
                false => given.to_owned(),
            }
        }
        Field::GtalkId => given.split('/').next().unwrap_or_default().to_owned(),
        _ => given.to_owned(),
    }
}

/// What these fields change, and the names that are none of a contact's.
pub fn change(given: &Object, gap: Gap, step: &StepContext) -> Result<(ContactChange, Vec<String>), String> {
    let mut change = ContactChange::default();
    let mut unknown = Vec::new();
    for (name, value) in given {
        if let Some(field) = Field::named(name) {
            change.fields.insert(field, plain(field, value, step)?);
            continue;
        }
        match name.as_str() {
            "dob" => change.dob = Some(moment(value)?),
            "created_at" => change.created_at = Some(moment(value)?.ok_or(NONE_REFUSED)?),
            "groups" => change.groups = groups(value)?,
            "extra" => change.extra = notes(value, gap)?,
            "subscription" => change.subscription = notes(value, gap)?,
            name if FIXED.contains(&name) => {}
            name => match (name.strip_prefix("extras-"), name.strip_prefix("subscription-")) {
                // As replies show them.
                (Some(extra), _) => drop(change.more_extra.insert(extra.to_owned(), text(value)?)),
                (None, Some(about)) => drop(change.more_subscription.insert(about.to_owned(), text(value)?)),
                (None, None) => unknown.push(name.to_owned()),
            },
        }
    }
    Ok((change, unknown))
}

fn plain(field: Field, value: &Value, step: &StepContext) -> Result<Option<String>, String> {
    if value.is_null() && field != Field::Msisdn {
        return Ok(None);
    }
    let text = text(value)?;
    let most = match field {
        Field::Name | Field::Surname | Field::Msisdn => 255,
        Field::TwitterHandle | Field::FacebookId | Field::BbmPin => 100,
        _ => usize::MAX,
    };
    if text.chars().count() > most {
        let shown = python::repr(&text);
        return Err(format!("Value {shown} too long (maximum length is {most})."));
    }
    Ok(Some(match field {
        Field::Msisdn => address(field, &text, step),
        _ => text,
    }))
}

/// A moment in any form of ISO 8601 that services used; an offset from UTC is passed over, as Vumi did.
fn moment(value: &Value) -> Result<Option<Timestamp>, String> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim(),
        _ => return Err(NO_MOMENT.to_owned()),
    };
    let offset = text
        .char_indices()
        .skip(11)
        .find(|(_, letter)| matches!(letter, '+' | '-'));
    let text = &text[..offset.map_or(text.len(), |(at, _)| at)];
    let forms = [
        text.to_owned(),
        format!("{}:00", text.trim_end_matches('Z')),
        format!("{text} 00:00:00"),
    ];
    let read = forms.iter().find_map(|form| Timestamp::parse(form));
    read.map(Some).ok_or_else(|| NO_MOMENT.to_owned())
}

fn groups(value: &Value) -> Result<Vec<String>, String> {
    let listed = value.as_array();
    let listed = listed.ok_or_else(|| format!("Value {} should be a list of values", python::repr_value(value)))?;
    let mut groups: Vec<String> = Vec::new();
    for group in listed {
        let group = text(group)?;
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    Ok(groups)
}

fn notes(value: &Value, gap: Gap) -> Result<Option<BTreeMap<String, String>>, String> {
    match value {
        Value::Null if gap == Gap::Passed => Ok(None),
        Value::Null => Err(NONE_REFUSED.to_owned()),
        Value::Object(given) => {
            let given = given.iter().map(|(name, value)| Ok((name.clone(), text(value)?)));
            given.collect::<Result<_, String>>().map(Some)
        }
        other => Err(format!(
            "Value {} should be a dict of subfield name-value pairs",
            python::repr_value(other)
        )),
    }
}

/// A text that must be there.
pub fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Err(NONE_REFUSED.to_owned()),
        other => Err(format!("Value {} is not a unicode string.", python::repr_value(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn moments_are_read_in_their_forms() {
        for (given, expected) in [
            ("2013-04-24 14:01:41.803693", "2013-04-24 14:01:41.803693"),
            ("2013-04-24T14:01:41.803Z", "2013-04-24 14:01:41.803000"),
            ("2013-04-24T14:01:41+02:00", "2013-04-24 14:01:41.000000"),
            ("2013-04-24T14:01", "2013-04-24 14:01:00.000000"),
            ("2013-04-24", "2013-04-24 00:00:00.000000"),
        ] {
            let read = moment(&json!(given)).unwrap().map(Timestamp::to_vumi);
            assert_eq!(read.as_deref(), Some(expected), "{given}");
        }
        for given in [json!("yesterday"), json!(5), json!(""), json!("2013-04-24é+")] {
            assert_eq!(moment(&given), Err(NO_MOMENT.to_owned()), "{given}");
        }
        assert_eq!(moment(&Value::Null), Ok(None));
    }
}
