//! `outbound.*`: answers to the message, and messages to others, now or later.

mod quick_replies;
mod send_at;

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
            "send_to_tag" => send_to_tag(params, step).into(),
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
    let mut helper_metadata = helper_metadata(params, step)?;
    quick_replies::note(params, content.as_deref(), &mut helper_metadata)?;
    let in_reply_to = text(params, "in_reply_to", "replies")?;
    if !step.is_inbound(&in_reply_to) {
        let shown = python::repr(&in_reply_to);
        return Err(format!("Could not find original message with id: {shown}"));
    }
    if step.is_answered() {
        return Err("the message was answered already: a session takes one answer".into());
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
    if !step.ports.account.allowances.has_endpoint(&endpoint) {
        return Err(format!("Endpoint {} not configured", python::repr(&endpoint)));
    }
    push(params, step, content, to, endpoint, helper_metadata)
}

/// Vumi Go's older form of an endpoint: the tag is the address of a channel, its pool the channel's name or type.
fn send_to_tag(params: &Object, step: &mut StepContext) -> Result<Answer, String> {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    let given = (text("tagpool"), text("tag"), text("content"), text("to_addr"));
    let (Some(pool), Some(tag), Some(content), Some(to)) = given else {
        return Err("Tag, content or to_addr not specified".into());
    };
    let Some(channel) = step.ports.account.allowances.channel_of_tag(pool, tag) else {
        let (pool, tag) = (python::repr(pool), python::repr(tag));
        return Err(format!("Tag ({pool}, {tag}) not held by account"));
    };
    let (content, to) = (Some(content.to_owned()), to.to_owned());
    let helper_metadata = helper_metadata(params, step)?;
    push(params, step, content, to, channel, helper_metadata)
}

fn push(
    params: &Object,
    step: &mut StepContext,
    content: Option<String>,
    to: String,
    endpoint: String,
    mut helper_metadata: Object,
) -> Result<Answer, String> {
    quick_replies::note(params, content.as_deref(), &mut helper_metadata)?;
    let send_at = send_at::read(params, step.now())?;
    step.outcome.sends.push(SendTo {
        content,
        to,
        from: None,
        endpoint,
        send_at,
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
    let allowed = step.ports.account.allowances.helper_metadata();
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
    use crate::resources::testing_account::FakeAccount;
    use serde_json::json;

    async fn check(allowed: &[&str], command: &str, params: Value, expected: Result<Value, &str>) {
        let account = FakeAccount {
            helper_metadata: allowed.iter().map(|&key| key.to_owned()).collect(),
            ..FakeAccount::default()
        };
        let mut step = Given {
            account,
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
    async fn an_endpoint_without_a_channel_is_told_in_vumis_words() {
        let send = json!({"content": "hi", "to_addr": "+27", "endpoint": "fax"});
        let expected = Err("Endpoint u'fax' not configured");
        check(&[], "send_to", send.clone(), expected.clone()).await;
        check(&[], "send_to_endpoint", send, expected).await;
    }

    #[tokio::test]
    async fn a_tag_means_a_channel_by_its_address() {
        let send = |pool: &str, tag: &str| json!({"content": "hi", "to_addr": "+27", "tagpool": pool, "tag": tag});
        for pool in ["sms", "fake_sms"] {
            check(
                &[],
                "send_to_tag",
                send(pool, "100"),
                Ok(json!(["hi", "+27", "sms", {}])),
            )
            .await;
        }
        let unknown = "Tag (u'sms', u'200') not held by account";
        check(&[], "send_to_tag", send("sms", "200"), Err(unknown)).await;
        for without in ["content", "to_addr", "tagpool", "tag"] {
            let mut params = send("sms", "100");
            params[without] = Value::Null;
            check(&[], "send_to_tag", params, Err("Tag, content or to_addr not specified")).await;
        }
    }

    #[tokio::test]
    async fn messages_may_go_out_later_and_have_buttons() {
        let mut step = Given::default().step();
        let buttons = json!({"kind": "buttons", "choices": [{"id": "y", "title": "Yes"}]});
        let send = json!({"content": "Come?", "to_addr": "+27", "send_at": "2026-11-25T10:00:00+02:00",
            "quick_replies": buttons});
        assert_eq!(
            run(&Outbound, &mut step, "send_to", send).await,
            json!({"success": true})
        );
        let reply = json!({"content": "Come?", "in_reply_to": "m1", "quick_replies": buttons});
        assert_eq!(
            run(&Outbound, &mut step, "reply_to", reply).await,
            json!({"success": true})
        );
        let sent = &step.outcome.sends[0];
        assert_eq!(
            sent.send_at.map(|at| at.to_vumi()).as_deref(),
            Some("2026-11-25 08:00:00.000000")
        );
        assert_eq!(sent.helper_metadata["quick_replies"], buttons);
        assert_eq!(step.outcome.replies[0].helper_metadata["quick_replies"], buttons);
        let late = json!({"content": "a", "to_addr": "+27", "send_at": "2030-01-01T00:00:00Z"});
        let refused = json!({"success": false, "reason": "'send_at' may be a year ahead at most."});
        assert_eq!(run(&Outbound, &mut step, "send_to", late).await, refused);
        assert_eq!(step.outcome.sends.len(), 1);
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
