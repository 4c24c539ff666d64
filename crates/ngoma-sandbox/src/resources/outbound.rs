//! `outbound.*`: answers to the message, and messages to others.

use super::{Answer, Resource, StepContext, python};
use async_trait::async_trait;
use ngoma_engine::service::{Reply, SendTo};
use ngoma_message::Object;
use serde_json::Value;

/// The resource `outbound`.
pub struct Outbound;

#[async_trait]
impl Resource for Outbound {
    fn name(&self) -> &'static str {
        "outbound"
    }

    async fn call(&self, command: &str, params: &Object, step: &mut StepContext) -> Answer {
        match command {
            "reply_to" | "reply_to_group" => reply(params, step).into(),
            "send_to" => send(params, Some("default"), step).into(),
            "send_to_endpoint" => send(params, None, step).into(),
            _ => Answer::Unknown,
        }
    }
}

fn reply(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let content = content(params, "replies")?;
    let continue_session = match params.get("continue_session") {
        None => true,
        Some(Value::Bool(continues)) => *continues,
        Some(_) => return Err("'continue_session' must be either true or false if given.".into()),
    };
    let helper_metadata = helper_metadata(params, step)?;
    let in_reply_to = text(params, "in_reply_to", "replies")?;
    if !step.is_inbound(&in_reply_to) {
        let shown = python::repr(&in_reply_to);
        return Err(format!("Could not find original message with id: {shown}"));
    }
    step.outcome.replies.push(Reply {
        content,
        in_reply_to,
        continue_session,
        helper_metadata,
    });
    Ok(Answer::done())
}

fn send(params: &Object, default_endpoint: Option<&str>, step: &mut StepContext) -> Result<Answer, String> {
    let content = content(params, "sends")?;
    let to = text(params, "to_addr", "sends")?;
    let endpoint = match (params.get("endpoint"), default_endpoint) {
        (None, Some(default)) => default.to_owned(),
        _ => text(params, "endpoint", "sends")?,
    };
    let helper_metadata = helper_metadata(params, step)?;
    step.outcome.sends.push(SendTo {
        content,
        to,
        from: None,
        endpoint,
        helper_metadata,
    });
    Ok(Answer::done())
}

fn content(params: &Object, what: &str) -> Result<Option<String>, String> {
    match params.get("content") {
        None => Err(format!("'content' must be given in {what}.")),
        Some(Value::Null) => Ok(None),
        Some(Value::String(content)) => Ok(Some(content.clone())),
        Some(_) => Err("'content' must be unicode or null.".into()),
    }
}

fn text(params: &Object, name: &str, what: &str) -> Result<String, String> {
    match params.get(name) {
        None | Some(Value::Null) => Err(format!("'{name}' must be given in {what}.")),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(format!("'{name}' must be unicode.")),
    }
}

/// Nothing, null and `{}` are always fine; more only where it is allowed.
fn helper_metadata(params: &Object, step: &StepContext) -> Result<Object, String> {
    let given = match params.get("helper_metadata") {
        None | Some(Value::Null) => return Ok(Object::new()),
        Some(Value::Object(given)) if given.is_empty() => return Ok(Object::new()),
        Some(given) => given,
    };
    let allowed = &step.limits.helper_metadata;
    if allowed.is_empty() {
        return Err("'helper_metadata' is not allowed".into());
    }
    match given {
        Value::Object(given) if given.keys().all(|key| allowed.contains(key)) => Ok(given.clone()),
        Value::Object(_) => Err(format!(
            "'helper_metadata' may only contain the following keys: {}",
            allowed.join(", ")
        )),
        _ => Err("'helper_metadata' must be object or null.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::testing::{Given, run};
    use serde_json::json;

    async fn check(allowed: &[&str], command: &str, params: Value, expected: Result<Value, &str>) {
        let helper_metadata = allowed.iter().map(|&key| key.to_owned()).collect();
        let mut step = Given {
            helper_metadata,
            ..Given::default()
        }
        .step();
        let answer = run(&Outbound, &mut step, command, params).await;
        let outcome = &step.outcome;
        let replies = outcome
            .replies
            .iter()
            .map(|reply| json!([reply.content, reply.continue_session, reply.helper_metadata]));
        let sends = outcome
            .sends
            .iter()
            .map(|send| json!([send.content, send.to, send.endpoint, send.helper_metadata]));
        match expected {
            Ok(sent) => {
                assert_eq!(answer, json!({"success": true}));
                assert_eq!(replies.chain(sends).collect::<Vec<_>>(), [sent]);
            }
            Err(reason) => assert_eq!(answer, json!({"success": false, "reason": reason})),
        }
    }

    #[tokio::test]
    async fn answers_are_noted() {
        let reply = json!({"content": "hi", "in_reply_to": "m1"});
        check(&[], "reply_to", reply.clone(), Ok(json!(["hi", true, {}]))).await;
        check(&[], "reply_to_group", reply, Ok(json!(["hi", true, {}]))).await;
        let last = json!({"content": null, "in_reply_to": "m1", "continue_session": false, "helper_metadata": {}});
        check(&[], "reply_to", last, Ok(json!([null, false, {}]))).await;
    }

    #[tokio::test]
    async fn messages_to_others_are_noted() {
        let send = json!({"content": "hi", "to_addr": "+27"});
        check(&[], "send_to", send.clone(), Ok(json!(["hi", "+27", "default", {}]))).await;
        check(&[], "send_to_endpoint", send, Err("'endpoint' must be given in sends.")).await;
        let send = json!({"content": "hi", "to_addr": "+27", "endpoint": "sms"});
        check(&[], "send_to_endpoint", send, Ok(json!(["hi", "+27", "sms", {}]))).await;
    }

    #[tokio::test]
    async fn helper_metadata_has_its_rules() {
        let reply = |metadata: Value| json!({"content": "hi", "in_reply_to": "m1", "helper_metadata": metadata});
        check(&[], "reply_to", reply(Value::Null), Ok(json!(["hi", true, {}]))).await;
        check(
            &[],
            "reply_to",
            reply(json!({"a": 1})),
            Err("'helper_metadata' is not allowed"),
        )
        .await;
        check(
            &["a"],
            "reply_to",
            reply(json!({"a": 1})),
            Ok(json!(["hi", true, {"a": 1}])),
        )
        .await;
        let only = "'helper_metadata' may only contain the following keys: a";
        check(&["a"], "reply_to", reply(json!({"b": 1})), Err(only)).await;
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_said() {
        check(
            &[],
            "reply_to",
            json!({"in_reply_to": "m1"}),
            Err("'content' must be given in replies."),
        )
        .await;
        check(
            &[],
            "reply_to",
            json!({"content": 5, "in_reply_to": "m1"}),
            Err("'content' must be unicode or null."),
        )
        .await;
        check(
            &[],
            "reply_to",
            json!({"content": "a"}),
            Err("'in_reply_to' must be given in replies."),
        )
        .await;
        let unknown = "Could not find original message with id: u'x'";
        check(
            &[],
            "reply_to",
            json!({"content": "a", "in_reply_to": "x"}),
            Err(unknown),
        )
        .await;
        check(
            &[],
            "send_to",
            json!({"content": "a"}),
            Err("'to_addr' must be given in sends."),
        )
        .await;
    }
}
