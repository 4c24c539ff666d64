//! The behaviour as the page's form has it.

use crate::Status;
use crate::behaviour::{Base, Behaviour, BindTerms, Failing, Form, Ids, InvalidBehaviour, ReceiptTerms, When};
use serde::{Deserialize, Serialize};

/// The settings as the form sends them: most are texts, and an empty one is none.
#[derive(Serialize, Deserialize)]
pub struct Settings {
    hold: Option<String>,
    latency_ms: String,
    jitter_ms: String,
    throttle_per_second: String,
    queue_limit: String,
    lost_percent: String,
    refuse: String,
    system_id: String,
    password: String,
    when: When,
    delay_ms: String,
    state: String,
    err: String,
    copies: String,
    form: Form,
    failing_percent: String,
    failing_every: String,
    failing_state: String,
    failing_err: String,
    prefix: String,
    answer: Base,
    receipt: Base,
}

impl Settings {
    /// As they are now.
    pub fn of(behaviour: &Behaviour) -> Self {
        let limit = |limit: Option<u64>| limit.map(|limit| limit.to_string()).unwrap_or_default();
        let (bind, receipts, ids) = (&behaviour.bind, &behaviour.receipts, &behaviour.ids);
        Self {
            hold: behaviour.hold.then(|| "on".into()),
            latency_ms: behaviour.latency_ms.to_string(),
            jitter_ms: behaviour.jitter_ms.to_string(),
            throttle_per_second: limit(behaviour.throttle_per_second),
            queue_limit: limit(behaviour.queue_limit),
            lost_percent: behaviour.lost_percent.to_string(),
            refuse: bind.refuse.map(Status::word).unwrap_or_default(),
            system_id: bind.system_id.clone().unwrap_or_default(),
            password: bind.password.clone().unwrap_or_default(),
            when: receipts.when,
            delay_ms: receipts.delay_ms.to_string(),
            state: receipts.state.clone(),
            err: receipts.err.clone(),
            copies: receipts.copies.to_string(),
            form: receipts.form,
            failing_percent: receipts.failing.percent.to_string(),
            failing_every: limit(receipts.failing.every),
            failing_state: receipts.failing.state.clone(),
            failing_err: receipts.failing.err.clone(),
            prefix: ids.prefix.clone(),
            answer: ids.answer,
            receipt: ids.receipt,
        }
    }

    /// The behaviour that it asks for.
    pub fn read(&self) -> Result<Behaviour, InvalidBehaviour> {
        Ok(Behaviour {
            hold: self.hold.is_some(),
            latency_ms: number("latency_ms", &self.latency_ms)?.unwrap_or(0),
            jitter_ms: number("jitter_ms", &self.jitter_ms)?.unwrap_or(0),
            throttle_per_second: number("throttle_per_second", &self.throttle_per_second)?,
            queue_limit: number("queue_limit", &self.queue_limit)?,
            lost_percent: number("lost_percent", &self.lost_percent)?.unwrap_or(0.0),
            bind: self.read_bind()?,
            receipts: self.read_receipts()?,
            ids: self.ids(),
        })
    }

    fn read_bind(&self) -> Result<BindTerms, InvalidBehaviour> {
        let filled = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let refuse = match filled(&self.refuse) {
            None => None,
            Some(text) => Some(Status::read(&text).ok_or_else(|| InvalidBehaviour {
                field: "bind.refuse",
                problem: "say a name such as ESME_RBINDFAIL, a number such as 0x0D, or nothing".into(),
            })?),
        };
        Ok(BindTerms {
            refuse,
            system_id: filled(&self.system_id),
            password: filled(&self.password),
        })
    }

    fn read_receipts(&self) -> Result<ReceiptTerms, InvalidBehaviour> {
        Ok(ReceiptTerms {
            when: self.when,
            delay_ms: number("receipts.delay_ms", &self.delay_ms)?.unwrap_or(0),
            state: self.state.trim().to_owned(),
            err: self.err.trim().to_owned(),
            copies: number("receipts.copies", &self.copies)?.unwrap_or(1),
            form: self.form,
            failing: Failing {
                percent: number("receipts.failing.percent", &self.failing_percent)?.unwrap_or(0.0),
                every: number("receipts.failing.every", &self.failing_every)?,
                state: self.failing_state.trim().to_owned(),
                err: self.failing_err.trim().to_owned(),
            },
        })
    }

    fn ids(&self) -> Ids {
        Ids {
            prefix: self.prefix.trim().to_owned(),
            answer: self.answer,
            receipt: self.receipt,
        }
    }
}

/// A number; nothing when nothing is typed.
fn number<T: std::str::FromStr>(field: &'static str, typed: &str) -> Result<Option<T>, InvalidBehaviour> {
    match typed.trim() {
        "" => Ok(None),
        typed => typed.parse().map(Some).map_err(|_| InvalidBehaviour {
            field,
            problem: "say a number".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_behaviour_goes_through_the_form_unchanged() {
        let behaviour: Behaviour = serde_json::from_value(json!({
            "hold": true, "latency_ms": 5, "throttle_per_second": 9, "lost_percent": 2.5,
            "bind": {"refuse": "0x400", "system_id": "clinic"},
            "receipts": {"when": "early", "copies": 3, "form": "tlv", "failing": {"percent": 10, "every": 4}},
            "ids": {"prefix": "m", "receipt": "hex"},
        }))
        .unwrap();
        for behaviour in [behaviour, Behaviour::default()] {
            assert_eq!(Settings::of(&behaviour).read(), Ok(behaviour));
        }
    }
}
