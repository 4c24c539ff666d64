//! Web hooks of accounts: how a call is made and signed, and how long it is tried.

mod schedule;
mod signature;

pub use signature::{HEADER as SIGNATURE_HEADER, SignatureError, TOLERANCE, verify};

use crate::directory::{AccountEntry, Catalog, WebhookRecord};
use crate::engine::Runtime;
use crate::outgoing_http::HttpError;
use crate::panics::caught;
use crate::service::{HttpRequest, HttpResponse};
use crate::store::{Effects, FollowUpCommit, FollowUpEnd, QueueKind, Subject, TakenFollowUp};
use crate::trace::Trail;
use crate::{events, inbound};
use ngoma_message::{MessageId, Timestamp};
use schedule::{NextCall, next_call};
use signature::sign;
use std::sync::Arc;

/// The header that names what is delivered: the same however often it is.
pub const DELIVERY_HEADER: &str = "Ngoma-Delivery";
/// The most bytes read of an answer.
const ANSWER_BYTES: usize = 1 << 20;
/// How many failed calls the trace tells of, besides the last: more say nothing new.
const TRACED_FAILURES: u32 = 3;
/// A receiver that answers so wants no more of it.
const GONE: u16 = 410;

/// What a call brought.
#[derive(Debug, PartialEq, Eq)]
enum Brought {
    /// The receiver has it.
    Taken,
    /// It may be taken later.
    Refused(String),
    /// It never will be.
    Unwanted(String),
}

/// Calls an account's web hook about a message or an event, once, and stores what that brought.
pub(crate) async fn call(runtime: &Arc<Runtime>, taken: TakenFollowUp) {
    if !runtime.holds(taken.lease).await {
        return runtime
            .give_back(taken.account, QueueKind::Webhook, &taken.item, taken.lease)
            .await;
    }
    let catalog = runtime.catalog();
    let account = catalog.account(taken.account);
    let brought = match account.and_then(|account| Some((account, account.webhook.as_ref()?))) {
        // Nobody wants to be called any more.
        None => Brought::Taken,
        Some((account, webhook)) => {
            let request = request(runtime, &catalog, webhook, &taken);
            let calling = caught(runtime.http_client(webhook.reach()).call(request));
            tokio::select! {
                // It is made again after the next start: nobody waits for a slow receiver when the engine stops.
                () = runtime.until_stopping() => return,
                called = calling => judge(account, called),
            }
        }
    };
    let _under_way = runtime.under_way.enter();
    store(runtime, &taken, brought).await;
}

fn request(runtime: &Runtime, catalog: &Catalog, webhook: &WebhookRecord, taken: &TakenFollowUp) -> HttpRequest {
    let body = body(runtime, catalog, &taken.subject);
    let header = |name: &str, value: String| (name.to_owned(), value);
    HttpRequest {
        method: "POST".to_owned(),
        url: webhook.url.clone(),
        headers: vec![
            header("Content-Type", "application/json; charset=utf-8".to_owned()),
            header(DELIVERY_HEADER, taken.item.to_string()),
            header(
                SIGNATURE_HEADER,
                sign(webhook.secret.as_bytes(), runtime.clock.now(), &body),
            ),
        ],
        body: Some(body),
        response_limit: ANSWER_BYTES,
        timeout: runtime.limits.call_wall,
        may_be_private: false,
    }
}

/// What is told: a message or an event in Vumi's form.
fn body(runtime: &Runtime, catalog: &Catalog, subject: &Subject) -> Vec<u8> {
    let name = |channel: i64| catalog.channel(channel).map(|channel| channel.name.as_str());
    let told = match subject {
        Subject::Event(event) => events::as_vumi(event, event.channel.and_then(name)),
        Subject::Message(message) => {
            let running = runtime.host.get(message.channel);
            inbound::as_vumi(
                message,
                name(message.channel).unwrap_or_default(),
                running.map(|running| running.description.transport_type),
                message.session.as_ref().map(|(_, event)| event),
            )
        }
    };
    told.to_string().into_bytes()
}

fn judge(account: &AccountEntry, called: Result<Result<HttpResponse, HttpError>, String>) -> Brought {
    let brought = match called {
        Ok(Ok(answer)) if (200..300).contains(&answer.code) => Brought::Taken,
        Ok(Ok(answer)) if answer.code == GONE => Brought::Unwanted("the receiver answered 410: it is gone".to_owned()),
        Ok(Ok(answer)) if (300..400).contains(&answer.code) => Brought::Refused(format!(
            "the receiver answered {}: redirects are not followed",
            answer.code
        )),
        Ok(Ok(answer)) => Brought::Refused(format!("the receiver answered {}", answer.code)),
        Ok(Err(error)) => Brought::Refused(error.to_string()),
        Err(panic) => Brought::Refused(format!("the call broke off: {panic}")),
    };
    if let Brought::Refused(reason) | Brought::Unwanted(reason) = &brought {
        tracing::debug!(account.code = account.code, reason, "a call of a web hook failed");
    }
    brought
}

/// What follows from what a call brought; the trail tells of it.
fn end(taken: &TakenFollowUp, brought: Brought, now: Timestamp, trail: &mut Trail) -> FollowUpEnd {
    let (attempts, message) = (taken.attempts + 1, messages(taken).0);
    let (reason, next) = match brought {
        Brought::Taken => return FollowUpEnd::Done,
        Brought::Unwanted(reason) => (reason, NextCall::DeadLetter),
        Brought::Refused(reason) => (reason, next_call(taken.since, now, attempts, chance())),
    };
    match next {
        NextCall::At(due_at) => {
            if attempts <= TRACED_FAILURES {
                let wait = due_at.since(now).as_secs_f64().ceil();
                trail.note_about(
                    message,
                    now,
                    "webhook",
                    format!("not taken: {reason}; again in {wait} s"),
                );
            }
            FollowUpEnd::Later { due_at, attempts }
        }
        NextCall::DeadLetter => {
            tracing::warn!(delivery.id = %taken.item, reason, "a call of a web hook was given up");
            trail.note_about(message, now, "webhook", format!("given up: {reason}"));
            FollowUpEnd::GivenUp { attempts, reason }
        }
    }
}

fn chance() -> u64 {
    // Without chance, what failed together comes back together: that is all.
    getrandom::u64().unwrap_or_default()
}

async fn store(runtime: &Runtime, taken: &TakenFollowUp, brought: Brought) {
    let mut trail = Trail::default();
    let now = runtime.clock.now();
    let end = end(taken, brought, now, &mut trail);
    let commit = Arc::new(FollowUpCommit {
        account: taken.account,
        item: taken.item.clone(),
        kind: QueueKind::Webhook,
        at: now,
        lease: taken.lease,
        end,
        effects: Effects::default(),
        root: messages(taken).1.clone(),
        trail,
    });
    let stored = runtime
        .persist(|| runtime.store.commit_follow_up(Arc::clone(&commit)))
        .await;
    if let Err(error) = stored {
        tracing::error!(delivery.id = %taken.item, %error, "what became of a call of a web hook was not stored");
    }
}

/// The message a call is about, and the one whose trace tells of it.
fn messages(taken: &TakenFollowUp) -> (&MessageId, &MessageId) {
    match &taken.subject {
        Subject::Message(message) => (&message.id, &message.id),
        Subject::Event(event) => (&event.message, event.root.as_ref().unwrap_or(&event.message)),
    }
}
