//! `POST /phone/reply`: the handset answers the screen; the network resumes the session.

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
pub struct Reply {
    /// The handset's number.
    #[serde(default)]
    from: String,
    /// The session on the screen.
    session: String,
    /// The answer.
    #[serde(default)]
    typed: String,
}

/// Answers the screen. A session that ended in the meantime is shown as it is.
pub async fn reply(State(phone): State<Phone>, Form(form): Form<Reply>) -> Result<Redirect, AppError> {
    let handset = Handset::load(&phone, phone.number(&form.from)).await?;
    let here = page_address(&handset.number, &[]);
    let Some((line, session)) = handset.open_session(&form.session) else {
        return Ok(Redirect::to(&here));
    };
    let body = json!({
        "session_id": session.key,
        "from": handset.number.value(),
        "to": line.address,
        "session_event": "resume",
        "content": form.typed,
    });
    let (status, _) = phone.carrier.post(&line.path(), body).await;
    if status.is_success() {
        return Ok(Redirect::to(&here));
    }
    let failed = [("failed", line.address.as_str()), ("status", status.as_str())];
    Ok(Redirect::to(&page_address(&handset.number, &failed)))
}
