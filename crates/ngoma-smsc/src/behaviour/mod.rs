//! How the carrier behaves: what is sent by PUT and shown as a form.

mod answer;
mod ids;
mod receipts;

pub use answer::NextAnswer;
pub use ids::{Base, Ids};
pub use receipts::{Failing, Form, ReceiptTerms, When};
pub(crate) use receipts::{LONGEST_WORD, check_word};

use crate::Status;
use serde::{Deserialize, Serialize};

/// The longest delay, in milliseconds: a day.
pub(crate) const LONGEST_DELAY: u64 = 86_400_000;

/// How the carrier behaves. What is not said is as it is with a carrier that takes everything.
///
/// ```json
/// {"latency_ms": 200, "throttle_per_second": 10, "receipts": {"delay_ms": 5000, "failing": {"every": 10}}}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Nothing is answered while this is set.
    pub hold: bool,
    /// How long an answer takes.
    pub latency_ms: u64,
    /// How much longer it takes at most, by chance.
    pub jitter_ms: u64,
    /// How many messages a second are taken; others are answered `ESME_RTHROTTLED`.
    pub throttle_per_second: Option<u64>,
    /// How many messages may wait for their delivery; others are answered `ESME_RMSGQFUL`.
    pub queue_limit: Option<u64>,
    /// How many of a hundred messages that are taken get no answer.
    pub lost_percent: f64,
    /// Who may bind.
    pub bind: BindTerms,
    /// What becomes of messages, and how it is told.
    pub receipts: ReceiptTerms,
    /// How ids are written.
    pub ids: Ids,
}

/// Who may bind; anybody when nothing is said.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BindTerms {
    /// What every bind is refused with.
    pub refuse: Option<Status>,
    /// The only one who may bind; others are refused with `ESME_RINVSYSID`.
    pub system_id: Option<String>,
    /// The only password; with others a bind is refused with `ESME_RINVPASWD`.
    pub password: Option<String>,
}

/// The password is never shown.
impl std::fmt::Debug for BindTerms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BindTerms")
            .field("refuse", &self.refuse)
            .field("system_id", &self.system_id)
            .finish_non_exhaustive()
    }
}

/// A behaviour that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidBehaviour {
    /// The field at fault.
    pub field: &'static str,
    /// What is wrong, and what may be said.
    pub problem: String,
}

impl Behaviour {
    /// Checks what types do not say.
    pub fn check(&self) -> Result<(), InvalidBehaviour> {
        check_delay("latency_ms", self.latency_ms)?;
        check_delay("jitter_ms", self.jitter_ms)?;
        check_percent("lost_percent", self.lost_percent)?;
        check_words("bind.system_id", self.bind.system_id.as_deref(), 15)?;
        check_words("bind.password", self.bind.password.as_deref(), 8)?;
        self.receipts.check()?;
        self.ids.check()
    }
}

fn invalid(field: &'static str, problem: impl Into<String>) -> InvalidBehaviour {
    let problem = problem.into();
    InvalidBehaviour { field, problem }
}

fn check_delay(field: &'static str, milliseconds: u64) -> Result<(), InvalidBehaviour> {
    match milliseconds <= LONGEST_DELAY {
        true => Ok(()),
        false => Err(invalid(
            field,
            format!("say at most {LONGEST_DELAY} milliseconds, a day"),
        )),
    }
}

fn check_percent(field: &'static str, percent: f64) -> Result<(), InvalidBehaviour> {
    match (0.0..=100.0).contains(&percent) {
        true => Ok(()),
        false => Err(invalid(field, "say a number from 0 to 100")),
    }
}

/// Words that go into a field of a PDU.
fn check_words(field: &'static str, words: Option<&str>, longest: usize) -> Result<(), InvalidBehaviour> {
    let fits = |words: &str| words.len() <= longest && words.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    match words.is_none_or(fits) {
        true => Ok(()),
        false => Err(invalid(field, format!("say at most {longest} characters of ASCII"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_said_is_as_with_a_carrier_that_takes_everything() {
        let behaviour: Behaviour = serde_json::from_value(json!({})).unwrap();
        assert_eq!(behaviour, Behaviour::default());
        assert_eq!(behaviour.check(), Ok(()));
        assert_eq!(behaviour.receipts.when, When::After);
        let written = serde_json::to_value(&behaviour).unwrap();
        assert_eq!(serde_json::from_value::<Behaviour>(written).unwrap(), behaviour);
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_field() {
        for (written, field) in [
            (json!({"latency_ms": 86_400_001}), "latency_ms"),
            (json!({"jitter_ms": 86_400_001}), "jitter_ms"),
            (json!({"lost_percent": 100.5}), "lost_percent"),
            (json!({"bind": {"system_id": "a".repeat(16)}}), "bind.system_id"),
            (json!({"bind": {"password": "pässword"}}), "bind.password"),
            (json!({"receipts": {"delay_ms": 86_400_001}}), "receipts.delay_ms"),
            (json!({"receipts": {"copies": 0}}), "receipts.copies"),
            (json!({"receipts": {"copies": 11}}), "receipts.copies"),
            (json!({"receipts": {"state": ""}}), "receipts.state"),
            (json!({"receipts": {"state": "NOT ONE"}}), "receipts.state"),
            (json!({"receipts": {"err": "a b"}}), "receipts.err"),
            (
                json!({"receipts": {"failing": {"percent": -1}}}),
                "receipts.failing.percent",
            ),
            (json!({"receipts": {"failing": {"every": 0}}}), "receipts.failing.every"),
            (
                json!({"receipts": {"failing": {"state": "ö"}}}),
                "receipts.failing.state",
            ),
            (json!({"receipts": {"failing": {"err": ""}}}), "receipts.failing.err"),
            (json!({"ids": {"prefix": "é"}}), "ids.prefix"),
        ] {
            let behaviour: Behaviour = serde_json::from_value(written.clone()).unwrap();
            let error = behaviour.check().unwrap_err();
            assert_eq!(error.field, field, "{written}");
        }
    }

    #[test]
    fn a_password_is_not_shown_in_words() {
        let bind = BindTerms {
            password: Some("drum".into()),
            ..BindTerms::default()
        };
        assert!(!format!("{bind:?}").contains("drum"));
    }
}
