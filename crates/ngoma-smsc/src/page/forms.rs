//! What the page's forms do; one that cannot be done is shown again with what was typed.

use super::Desk;
use super::settings::Settings;
use super::show::render;
use super::view::{self, FormError, View};
use crate::api::{Delivery, LinkCommand};
use crate::behaviour::InvalidBehaviour;
use crate::link::Order;
use axum::extract::{Form, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use ngoma_web::{AppError, Page};
use serde::Deserialize;

/// A message of a person.
#[derive(Deserialize)]
pub struct Typed {
    from: String,
    to: String,
    words: String,
}

/// What is done to a link; to all when none is named.
#[derive(Deserialize)]
pub struct Ordered {
    order: Order,
    link: Option<u64>,
}

/// Has the carrier behave so.
pub async fn change_behaviour(
    State(desk): State<Desk>,
    page: Page,
    Form(form): Form<Settings>,
) -> Result<Response, AppError> {
    let read = form.read().and_then(|behaviour| desk.carrier.behave(behaviour));
    let Err(InvalidBehaviour { field, problem }) = read else {
        return Ok(Redirect::to("/?done=behaviour").into_response());
    };
    let mut view = view::of(&desk, None);
    view.settings = form;
    refuse(&page, view, field, problem)
}

/// Sends a message of a person.
pub async fn deliver(State(desk): State<Desk>, page: Page, Form(form): Form<Typed>) -> Result<Response, AppError> {
    let delivery = Delivery {
        from: form.from.trim().to_owned(),
        to: form.to.trim().to_owned(),
        text: Some(form.words.clone()),
        ..Delivery::default()
    };
    let (field, problem) = match delivery.send(&desk.carrier).await {
        Ok(told) => match untaken(&told) {
            None => return Ok(Redirect::to("/?done=delivered#phone").into_response()),
            Some(answer) => ("text".to_owned(), format!("The ESME did not take it: {answer}.")),
        },
        Err(problem) => (problem.field.unwrap_or_else(|| "text".into()), problem.error),
    };
    let mut view = view::of(&desk, None);
    (view.from, view.to, view.words) = (form.from, form.to, form.words);
    refuse(&page, view, &field, problem)
}

/// Cuts links and the like.
pub async fn order_links(State(desk): State<Desk>, Form(form): Form<Ordered>) -> Result<Response, AppError> {
    let command = LinkCommand {
        order: form.order,
        link: form.link,
    };
    match command.give(&desk.carrier).await {
        Ok(_) => Ok(Redirect::to("/?done=links").into_response()),
        Err(problem) => Err(AppError::not_found(problem.error)),
    }
}

fn refuse(page: &Page, mut view: View, field: &str, problem: String) -> Result<Response, AppError> {
    view.error = Some(FormError {
        field: field.replace('.', "-"),
        name: field.to_owned(),
        problem,
    });
    Ok((StatusCode::BAD_REQUEST, render(page, view)?).into_response())
}

/// What the ESME said to the first part that it did not take.
fn untaken(told: &serde_json::Value) -> Option<String> {
    let parts = told["parts"].as_array()?;
    let part = parts.iter().find(|part| part["taken"] == false)?;
    part["answer"].as_str().map(str::to_owned)
}
