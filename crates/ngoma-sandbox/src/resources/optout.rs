//! `optout.*`: who does not want messages of the account, where its services may know and change that.

use super::{Answer, Resource, StepContext};
use async_trait::async_trait;
use ngoma_engine::OptOutRecord;
use ngoma_engine::ports::OptOutWrite;
use ngoma_message::{Address, MessageId, Object};
use serde_json::Value;
use std::collections::HashSet;

/// The longest address, in characters.
const LONGEST_ADDRESS: usize = 256;
const NOT_ALLOWED: &str =
    "Account not allowed to manage optouts. Set services_manage_optouts = true in the account's policy.";

/// The resource `optout`.
pub struct OptOut;

#[async_trait]
impl Resource for OptOut {
    fn name(&self) -> &'static str {
        "optout"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        match command {
            "status" => status(params, step).await.into(),
            "count" => count(step).await.into(),
            "optout" => opt_out(params, step).await.into(),
            "cancel_optout" => cancel(params, step).await.into(),
            _ => Answer::Unknown,
        }
    }
}

async fn status(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let address = address(params, step)?;
    check_allowed(step)?;
    Ok(match held(&address, step).await? {
        Some(record) => opted_out(&record),
        None => Answer::value("opted_out", false),
    })
}

/// What is stored, and what the step has changed of it.
async fn count(step: &mut StepContext) -> Result<Answer, String> {
    check_allowed(step)?;
    let reader = step.ports.account.opt_outs.clone();
    let mut count = reader.count().await.map_err(|error| error.to_string())?;
    let changed: HashSet<&Address> = step.outcome.opt_outs.iter().map(OptOutWrite::address).collect();
    for address in changed {
        let before = reader.get(address).await.map_err(|error| error.to_string())?;
        let after = latest(address, step).unwrap_or_default();
        count = count.saturating_add_signed(i64::from(after.is_some()) - i64::from(before.is_some()));
    }
    Ok(Answer::value("count", count))
}

async fn opt_out(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let address = address(params, step)?;
    let message = text(params, "message_id")?;
    check_allowed(step)?;
    if let Some(record) = held(&address, step).await? {
        return Ok(opted_out(&record));
    }
    let record = OptOutRecord {
        address,
        at: step.now(),
        message: Some(MessageId::from(message.as_str())),
    };
    let answer = opted_out(&record);
    step.outcome.opt_outs.push(OptOutWrite::OptOut(record));
    Ok(answer)
}

async fn cancel(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let address = address(params, step)?;
    check_allowed(step)?;
    if held(&address, step).await?.is_some() {
        step.outcome.opt_outs.push(OptOutWrite::OptIn { address });
    }
    Ok(Answer::value("opted_out", false))
}

/// The opt-out of a person as this step sees it: as it wrote it, else as it is stored.
async fn held(address: &Address, step: &StepContext) -> Result<Option<OptOutRecord>, String> {
    if let Some(known) = latest(address, step) {
        return Ok(known);
    }
    let held = step.ports.account.opt_outs.get(address).await;
    held.map_err(|error| error.to_string())
}

/// What the step wrote about a person last, if anything.
fn latest(address: &Address, step: &StepContext) -> Option<Option<OptOutRecord>> {
    let mut writes = step.outcome.opt_outs.iter().rev();
    writes
        .find(|write| write.address() == address)
        .map(|write| match write {
            OptOutWrite::OptOut(record) => Some(record.clone()),
            OptOutWrite::OptIn { .. } => None,
        })
}

fn opted_out(record: &OptOutRecord) -> Answer {
    let message = record.message.as_ref().map(|message| message.as_str().to_owned());
    Answer::Reply(Object::from_iter([
        ("opted_out".to_owned(), true.into()),
        ("created_at".to_owned(), record.at.to_vumi().into()),
        ("message_id".to_owned(), message.into()),
    ]))
}

fn check_allowed(step: &StepContext) -> Result<(), String> {
    match step.ports.account.allowances.manages_opt_outs() {
        true => Ok(()),
        false => Err(NOT_ALLOWED.into()),
    }
}

fn address(params: &Object, step: &StepContext) -> Result<Address, String> {
    let (kind, value) = (text(params, "address_type")?, text(params, "address_value")?);
    if kind.chars().count().max(value.chars().count()) > LONGEST_ADDRESS {
        return Err(format!("an address has at most {LONGEST_ADDRESS} characters"));
    }
    Ok(step.ports.account.allowances.address(&kind, &value))
}

/// A value that is not what Python holds for false.
fn text(params: &Object, key: &str) -> Result<String, String> {
    let value = params.get(key).ok_or_else(|| format!("Missing key: {key}"))?;
    let shown = match value {
        Value::String(text) if !text.is_empty() => return Ok(text.clone()),
        Value::Number(number) if number.as_f64() != Some(0.0) => return Ok(number.to_string()),
        Value::String(text) => text.clone(),
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    };
    Err(format!("Invalid value \"{shown}\" for \"{key}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::testing::{Given, run};
    use crate::resources::testing_account::FakeAccount;
    use ngoma_message::Timestamp;
    use serde_json::json;

    const MESSAGE: &str = "0192b0c4a1b27c8d9e0f1a2b3c4d5e6f";

    fn allowed() -> StepContext {
        let held = OptOutRecord {
            address: Address::new("tel", "+27831111111"),
            at: Timestamp::parse("2026-11-01 10:00:00").unwrap(),
            message: None,
        };
        let account = FakeAccount {
            manages_opt_outs: true,
            opt_outs: vec![held],
            ..FakeAccount::default()
        };
        Given {
            account,
            ..Given::default()
        }
        .step()
    }

    fn person(number: &str) -> Value {
        json!({"address_type": "msisdn", "address_value": number, "message_id": MESSAGE})
    }

    async fn check(step: &mut StepContext, command: &str, params: Value, expected: Value) {
        assert_eq!(
            run(&OptOut, step, command, params.clone()).await,
            expected,
            "{command} {params}"
        );
    }

    #[tokio::test]
    async fn later_commands_of_a_step_see_what_earlier_ones_did() {
        let step = &mut allowed();
        let (held, new) = ("+27831111111", "0832222222");
        let stored =
            json!({"success": true, "opted_out": true, "created_at": "2026-11-01 10:00:00.000000", "message_id": null});
        let written = json!({"success": true, "opted_out": true, "created_at": "2026-11-24 08:00:00.000000", "message_id": MESSAGE});
        let not = json!({"success": true, "opted_out": false});
        let count = |count: u64| json!({"success": true, "count": count});
        check(step, "status", person(held), stored.clone()).await;
        check(step, "status", person(new), not.clone()).await;
        check(step, "count", json!({}), count(1)).await;
        check(step, "optout", person(new), written.clone()).await;
        check(step, "status", person("+27832222222"), written).await;
        check(step, "count", json!({}), count(2)).await;
        check(step, "optout", person(held), stored).await;
        check(step, "cancel_optout", person(held), not.clone()).await;
        check(step, "status", person(held), not.clone()).await;
        check(step, "cancel_optout", person(new), not.clone()).await;
        check(step, "cancel_optout", person(new), not).await;
        check(step, "count", json!({}), count(0)).await;
        let writes: Vec<&str> = step
            .outcome
            .opt_outs
            .iter()
            .map(|write| write.address().value())
            .collect();
        assert_eq!(writes, ["+27832222222", "+27831111111", "+27832222222"]);
    }

    #[tokio::test]
    async fn what_is_missing_is_told_in_vumi_gos_words() {
        let refused = |reason: &str| json!({"success": false, "reason": reason});
        for (command, without) in [
            ("status", "address_type"),
            ("status", "address_value"),
            ("optout", "message_id"),
            ("cancel_optout", "address_value"),
        ] {
            for (value, reason) in [
                (None, format!("Missing key: {without}")),
                (Some(json!(null)), format!("Invalid value \"None\" for \"{without}\"")),
                (Some(json!("")), format!("Invalid value \"\" for \"{without}\"")),
                (Some(json!(0)), format!("Invalid value \"0\" for \"{without}\"")),
                (Some(json!(false)), format!("Invalid value \"False\" for \"{without}\"")),
            ] {
                let mut params = person("+27831111111");
                let fields = params.as_object_mut().unwrap();
                fields.remove(without);
                fields.extend(value.map(|value| (without.to_owned(), value)));
                // Also where it is not allowed at all: the first problem is told.
                check(&mut Given::default().step(), command, params, refused(&reason)).await;
            }
        }
    }

    #[tokio::test]
    async fn an_account_that_does_not_say_so_does_not_let_its_services() {
        for command in ["status", "count", "optout", "cancel_optout"] {
            let mut step = Given::default().step();
            check(
                &mut step,
                command,
                person("+1"),
                json!({"success": false, "reason": NOT_ALLOWED}),
            )
            .await;
            assert!(step.outcome.opt_outs.is_empty());
        }
    }

    #[tokio::test]
    async fn an_address_longer_than_any_is_refused() {
        let reason = "an address has at most 256 characters";
        let long = person(&"1".repeat(257));
        check(
            &mut allowed(),
            "optout",
            long,
            json!({"success": false, "reason": reason}),
        )
        .await;
    }
}
