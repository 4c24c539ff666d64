//! What a step did, as one line of JSON.

use super::memory_kv::MemoryKv;
use ngoma_engine::service::{RequestRecord, StepOutcome};
use ngoma_message::Object;
use serde_json::{Value, json};

/// The line for one step, with every key of the store after it.
pub fn line(outcome: &StepOutcome, kv: &MemoryKv) -> Value {
    let failed = outcome.error.is_some();
    json!({
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
    })
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
        json!({
            "to": send.to,
            "content": send.content,
            "endpoint": send.endpoint,
            "helper_metadata": send.helper_metadata,
        })
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
