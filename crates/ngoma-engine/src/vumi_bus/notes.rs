//! What a Vumi message holds and our messages have no place for, kept so that an answer has it again.

use ngoma_message::{Message, Object};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name under which notes lie among what a channel or a service notes with a message. Whoever else is told of the
/// message does not see it.
const NAME: &str = "ngoma_vumi";

/// What is kept of a Vumi message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// The id it has on the other side, where that is not ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Who sent it, as it was written there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_addr: Option<String>,
    /// Whom it was for, as it was written there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_addr: Option<String>,
    /// What its helpers noted.
    #[serde(skip_serializing_if = "Object::is_empty")]
    pub helper_metadata: Object,
    /// The group it was said in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Value>,
    /// The carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

impl Notes {
    /// Takes the notes from among what else was noted; empty when there are none.
    pub fn take_from(noted: &mut Object) -> Self {
        let notes = noted.remove(NAME);
        notes
            .and_then(|notes| serde_json::from_value(notes).ok())
            .unwrap_or_default()
    }

    /// Lays the notes among what else was noted.
    pub fn lay_into(&self, noted: &mut Object) {
        if let Ok(notes) = serde_json::to_value(self) {
            noted.insert(NAME.to_owned(), notes);
        }
    }

    /// Lets a message tell what was kept.
    pub(crate) fn tell(self, message: &mut Message) {
        message.helper_metadata.extend(self.helper_metadata);
        message.group = self.group.or(message.group.take());
        message.provider = self.provider.or(message.provider.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn notes_lie_beside_what_else_is_noted_and_are_taken_out_again() {
        let notes = Notes {
            from_addr: Some("27831234567".into()),
            helper_metadata: Object::from_iter([("tag".to_owned(), json!(["pool", "1"]))]),
            group: Some(json!("#room")),
            ..Notes::default()
        };
        let mut noted = Object::from_iter([("session_id".to_owned(), json!(7))]);
        let before = noted.clone();
        notes.lay_into(&mut noted);
        assert_eq!(
            noted[NAME],
            json!({"from_addr": "27831234567", "helper_metadata": {"tag": ["pool", "1"]}, "group": "#room"})
        );
        assert_eq!(Notes::take_from(&mut noted), notes);
        assert_eq!(noted, before);
        noted.insert(NAME.into(), json!("nonsense"));
        assert_eq!(Notes::take_from(&mut noted), Notes::default());
    }
}
