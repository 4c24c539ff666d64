//! `POST /phone/sms`: the handset sends an SMS to the channel that has the number.

use super::show;
use crate::phone::Phone;
use crate::phone::lines::find_sms;
use crate::phone::query::{Query, page_address};
use crate::phone::view::SmsForm;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use ngoma_message::MessageId;
use ngoma_web::{AppError, Page};
use serde::Deserialize;
use serde_json::json;

/// What the handset sends.
#[derive(Deserialize)]
pub struct SendSms {
    /// The handset's number.
    #[serde(default)]
    from: String,
    /// The number it goes to.
    #[serde(default)]
    to: String,
    /// The text.
    #[serde(default)]
    content: String,
}

/// Sends. A form that cannot be sent is shown again with what is wrong and all that was typed.
pub async fn send_sms(
    State(phone): State<Phone>,
    headers: HeaderMap,
    page: Page,
    Form(form): Form<SendSms>,
) -> Result<Response, AppError> {
    let query = Query {
        from: form.from.clone(),
        ..Query::default()
    };
    match try_to_send(&phone, &query, &form).await {
        Ok(()) => Ok(Redirect::to(&page_address(&phone.number(&query.from), &[])).into_response()),
        Err(refused) => show::render(&phone, &query, &headers, &page, refused).await,
    }
}

async fn try_to_send(phone: &Phone, query: &Query, form: &SendSms) -> Result<(), SmsForm> {
    let filled = SmsForm::filled(&form.to, &form.content);
    if form.content.trim().is_empty() {
        return Err(filled.wrong_content("The message is empty. Write a text and send it again."));
    }
    let Some(line) = find_sms(&phone.store.directory(), form.to.trim()) else {
        let problem = format!(
            "No SMS channel has the number {}. Choose one that is declared.",
            form.to.trim()
        );
        return Err(filled.wrong_number(problem));
    };
    let body = json!({
        "message_id": MessageId::generate().as_str(),
        "from": phone.number(&query.from).value(),
        "to": line.address,
        // Browsers send line ends as CRLF; a phone sends LF.
        "content": form.content.replace("\r\n", "\n"),
    });
    let (status, _) = phone.carrier.post(&line.path(), body).await;
    if status.is_success() {
        return Ok(());
    }
    Err(filled.wrong_number(format!(
        "The channel answered {status} and did not take the message. Send it again."
    )))
}
