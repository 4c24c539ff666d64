//! `POST /phone/hang-up`: the handset ends the session and the network tells the channel.

use crate::phone::Phone;
use crate::phone::handset::Handset;
use crate::phone::query::page_address;
use axum::extract::{Form, State};
use axum::response::Redirect;
use ngoma_web::AppError;
use serde::Deserialize;
use serde_json::json;

/// What the handset sends.
#[derive(Deserialize)]
pub struct HangUp {
    /// The handset's number.
    #[serde(default)]
    from: String,
    /// The session on the screen.
    session: String,
}

/// Hangs up. Whatever the channel answers, the handset is free.
pub async fn hang_up(State(phone): State<Phone>, Form(form): Form<HangUp>) -> Result<Redirect, AppError> {
    let handset = Handset::load(&phone, phone.number(&form.from)).await?;
    if let Some((line, session)) = handset.open_session(&form.session) {
        let body = json!({
            "session_id": session.key,
            "from": handset.number.value(),
            "to": line.address,
            "session_event": "close",
            "content": null,
        });
        let (status, _) = phone.carrier.post(&line.path(), body).await;
        if !status.is_success() {
            tracing::warn!(channel.name = %line.channel, status = status.as_u16(), "a channel refused the end of a session");
        }
    }
    Ok(Redirect::to(&page_address(&handset.number, &[])))
}
