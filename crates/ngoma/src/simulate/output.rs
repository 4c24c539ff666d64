//! What a step did, as one line of JSON.

use super::memory_kv::MemoryKv;
use ngoma_engine::ports::contacts::MemoryContacts;
use ngoma_engine::ports::{HandOverWrite, OptOutWrite};
use ngoma_engine::service::{RequestRecord, StepOutcome};
use ngoma_message::Object;
use serde_json::{Value, json};

/// The line for one step, with every key of the store after it, and the contacts and groups it changed.
pub fn line(outcome: &StepOutcome, kv: &MemoryKv, contacts: &MemoryContacts) -> Value {
    let failed = outcome.error.is_some();
    let mut line = json!({
        // A step that failed sends nothing, as in production.
        "replies": if failed { json!([]) } else { replies(outcome) },
        "sends": if failed { json!([]) } else { sends(outcome) },
        "kv": kv.values(),
        "kv_ttl": kv.seconds_left(),
        "requests": outcome.requests.iter().map(request).collect::<Vec<_>>(),
        "metrics": metrics(outcome),
        "log": outcome.log.iter().map(|line| json!({ "level": line.level, "msg": line.message })).collect::<Vec<_>>(),
        "error": outcome.error.as_ref().map(|error| json!({
            "message": error.message, "file": error.file, "line": error.line, "column": error.column,
        })),
    });
    if !failed {
        tell_people(outcome, &mut line);
    }
    // A service that keeps no contacts need not be told of them.
    if !failed && !outcome.contacts.is_empty() {
        line["contacts"] = json!(contacts.shown(&outcome.contacts));
    }
    line
}

/// Tells what the step decided about people, if it did.
fn tell_people(outcome: &StepOutcome, line: &mut Value) {
    let opt_outs = outcome.opt_outs.iter().map(|write| {
        let opted_out = matches!(write, OptOutWrite::OptOut(_));
        json!({ "address": write.address().to_string(), "opted_out": opted_out })
    });
    let hand_overs = outcome.hand_overs.iter().map(|write| match write {
        HandOverWrite::To { service, reason, until } => {
            json!({ "to": service, "reason": reason, "until": until.to_vumi() })
        }
        HandOverWrite::Back => json!({ "to": null }),
    });
    let (opt_outs, hand_overs): (Vec<Value>, Vec<Value>) = (opt_outs.collect(), hand_overs.collect());
    for (name, decided) in [("opt_outs", opt_outs), ("hand_overs", hand_overs)] {
        if !decided.is_empty() {
            line[name] = decided.into();
        }
    }
}

fn replies(outcome: &StepOutcome) -> Value {
    let replies = outcome.replies.iter().map(|reply| {
        json!({
            "content": reply.content,
            "session_event": if reply.continue_session { "resume" } else { "close" },
            "helper_metadata": reply.helper_metadata,
        })
    });
    replies.collect()
}

fn sends(outcome: &StepOutcome) -> Value {
    let sends = outcome.sends.iter().map(|send| {
        let mut told = json!({
            "to": send.to,
            "content": send.content,
            "endpoint": send.endpoint,
            "helper_metadata": send.helper_metadata,
        });
        if let Some(send_at) = send.send_at {
            told["send_at"] = send_at.to_vumi().into();
        }
        told
    });
    sends.collect()
}

fn metrics(outcome: &StepOutcome) -> Value {
    let metrics = outcome.metrics.iter().map(
        |metric| json!({ "store": metric.store, "metric": metric.metric, "value": metric.value, "agg": metric.agg }),
    );
    metrics.collect()
}

fn request(record: &RequestRecord) -> Value {
    let request = &record.request;
    let mut headers = Object::new();
    for (name, value) in &request.headers {
        let values = headers.entry(name.clone()).or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(json!(value));
        }
    }
    json!({
        "method": request.method,
        "url": request.url,
        "headers": headers,
        "body": request.body.as_ref().map(|body| String::from_utf8_lossy(body)),
        "code": record.code,
    })
}
