//! `GET /phone`: the handset, its SMS thread and the trace of the last turn.

use crate::phone::Phone;
use crate::phone::handset::{Handset, load_trace};
use crate::phone::query::Query;
use crate::phone::view::{self, SmsForm};
use axum::extract::{Query as FromQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ngoma_web::{AppError, Page};

/// The request header by which the page's script asks for the parts that change, without the page around them.
const FRAGMENT: &str = "x-fragment";

/// Shows the phone.
pub async fn show_phone(
    State(phone): State<Phone>,
    FromQuery(query): FromQuery<Query>,
    headers: HeaderMap,
    page: Page,
) -> Result<Response, AppError> {
    render(&phone, &query, &headers, &page, SmsForm::default()).await
}

/// Renders the phone with an SMS form as it was filled in.
pub async fn render(
    phone: &Phone,
    query: &Query,
    headers: &HeaderMap,
    page: &Page,
    sms_form: SmsForm,
) -> Result<Response, AppError> {
    let handset = Handset::load(phone, phone.number(&query.from)).await?;
    let traced = handset.traced_message(&query.trace);
    let steps = match traced {
        Some(message) => load_trace(phone, message).await?,
        None => Vec::new(),
    };
    let status = if sms_form.has_error() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let shown = view::of(
        &handset,
        query,
        traced.map(|message| (message, steps)),
        sms_form,
        phone.clock.now(),
    );
    let template = if headers.contains_key(FRAGMENT) {
        "phone/live.html"
    } else {
        "phone/show.html"
    };
    let mut answer = (status, page.render(template, shown)?).into_response();
    let set = answer.headers_mut();
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    set.insert(header::VARY, HeaderValue::from_static(FRAGMENT));
    Ok(answer)
}
