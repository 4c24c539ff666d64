//! The channel type `linked_carrier`: what it is given to send goes over a link to a [`Carrier`](super::super::Carrier),
//! and what the carrier tells comes in by it.

use super::super::channel::{result_of, submission_of};
use super::super::listener::Listener;
use super::Link;
use super::wire::{OfCarrier, OfChannel};
use async_trait::async_trait;
use ngoma_engine::channel::{
    ChannelContext, ChannelDown, ChannelType, Config, ConfigError, Description, Outbound, SendError, SendErrorKind,
    Sent, Shutdown, Transport,
};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;

/// How long a channel waits for the carrier's response before it does not know.
const RESPONSE_WITHIN: Duration = Duration::from_secs(10);
/// How long it waits before it links again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// A channel type whose channels link to the carrier at this address, that of a [`LinkFront`](super::LinkFront).
pub struct LinkedCarrier(pub String);

struct LinkedTransport {
    carrier: String,
    ctx: ChannelContext,
    link: Mutex<Option<Link>>,
}

impl ChannelType for LinkedCarrier {
    fn code(&self) -> &'static str {
        "linked_carrier"
    }

    fn describe(&self) -> Description {
        Description {
            label: "Linked carrier",
            help: "A carrier in another process of a test, which does what the test says and keeps a ledger.",
            transport_type: "sms",
            schemes: &["tel"],
            has_sessions: false,
            fields: Vec::new(),
        }
    }

    fn open(&self, _config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError> {
        Ok(Box::new(LinkedTransport {
            carrier: self.0.clone(),
            ctx,
            link: Mutex::default(),
        }))
    }
}

#[async_trait]
impl Transport for LinkedTransport {
    async fn run(&self, mut stop: Shutdown) -> Result<(), ChannelDown> {
        loop {
            tokio::select! {
                () = stop.requested() => return Ok(()),
                () = self.hold_link() => tokio::time::sleep(AGAIN_AFTER).await,
            }
        }
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let link = self.link.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(link) = link.filter(|link| !link.is_gone()) else {
            return Err(SendError::new(SendErrorKind::Temporary, "there is no link"));
        };
        let submission = submission_of(message, self.ctx.address.as_deref());
        let asking = link.ask(json!(OfChannel::Submit(submission)));
        let response = tokio::time::timeout(RESPONSE_WITHIN, asking).await.ok().flatten();
        match response.and_then(|response| serde_json::from_value(response).ok()) {
            Some(decision) => result_of(decision),
            None => Err(SendError::new(SendErrorKind::Ambiguous, "the link brought no response")),
        }
    }
}

impl LinkedTransport {
    /// Links, and returns when the link is gone.
    async fn hold_link(&self) {
        let Ok(stream) = TcpStream::connect(&self.carrier).await else {
            return;
        };
        let door = Listener::Door(self.ctx.door.clone());
        let (link, work) = Link::over(stream, move |told| take(door.clone(), told));
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
        work.await;
    }
}

async fn take(door: Listener, told: Value) -> Option<Value> {
    Some(match serde_json::from_value(told).ok()? {
        OfCarrier::Receipt(receipt) => json!(door.report(&receipt.into()).await),
        OfCarrier::Message(message) => json!(door.hand_over(&message).await),
    })
}
