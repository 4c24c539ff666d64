//! `GET /api/state`: how the carrier is, in numbers.

use super::{Api, links};
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

/// Shows it.
pub async fn show_state(State(api): State<Api>) -> Json<Value> {
    let carrier = &api.carrier;
    let ledger = carrier
        .ledger
        .as_ref()
        .map(|ledger| json!({ "path": ledger.path().display().to_string(), "problem": ledger.problem() }));
    Json(json!({
        "smpp": api.smpp.to_string(),
        "system_id": carrier.system_id,
        "counts": carrier.counts(),
        "last_message": carrier.messages.last(),
        "answers_waiting": carrier.answers().len(),
        "deliveries_waiting": carrier.queued(),
        "links": links::all(carrier),
        "ledger": ledger,
    }))
}
