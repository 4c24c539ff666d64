//! What an application on the bus sends: answers to what people sent, and messages to somebody. It may answer only what
//! was routed to its service, and send only by channels whose routes lead to it.

use crate::amqp::Published;
use crate::directory::{Catalog, ChannelEntry, ServiceEntry};
use crate::engine::Runtime;
use crate::inbound::Plan;
use crate::outbound;
use crate::record::Status;
use crate::store::{AcceptResult, Acceptance, Asked, InboundMessage, NewOutbound, StoreError, Submitted};
use crate::trace::Trail;
use crate::vumi_bus::{Connector, Intake, Line, Notes, Taken};
use async_trait::async_trait;
use ngoma_message::{Address, Event, EventKind, Message, MessageId, Object, SessionEvent, vumi};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Weak};

/// What the keys begin with under which an application's messages are known. A client's own key cannot: it comes in a
/// header, which has no such character.
const KEY: &str = "\u{2}vumi";
/// The endpoint of those that name none.
const DEFAULT_ENDPOINT: &str = "default";

/// The most an application may note with a message, in bytes of JSON.
const HELPER_METADATA_BYTES: usize = 16 << 10;

/// The longest id of a message, and the longest name of an endpoint, in bytes.
const NAME_BYTES: usize = 255;

/// The application of one service.
pub(super) struct Application {
    runtime: Weak<Runtime>,
    account: i64,
    service: i64,
    connector: Arc<Connector>,
}

/// Why a message was not taken.
enum Problem {
    /// It is tried again.
    Later(String),
    /// Its sender is told.
    Refused(String),
}

/// A message ready to be stored, and how it goes on from there.
struct Planned {
    plan: Plan,
    root: Option<MessageId>,
    ends_session: Option<(i64, String)>,
    trail: Trail,
}

impl Application {
    pub(super) fn new(runtime: &Arc<Runtime>, service: &ServiceEntry, connector: Arc<Connector>) -> Self {
        Self {
            runtime: Arc::downgrade(runtime),
            account: service.account,
            service: service.id,
            connector,
        }
    }

    async fn accept(&self, runtime: &Arc<Runtime>, message: &Message) -> Result<(), Problem> {
        check_texts(runtime, message)?;
        runtime.store.check_room().await.map_err(later)?;
        let catalog = runtime.catalog();
        let service = catalog.service(self.service);
        let service = service.ok_or_else(|| refused("the service is gone"))?;
        let planned = match &message.in_reply_to {
            Some(asked) => self.plan_answer(runtime, &catalog, message, asked).await?,
            None => plan_send(runtime, &catalog, service, message)?,
        };
        self.store(runtime, message, planned).await
    }

    async fn plan_answer(
        &self,
        runtime: &Runtime,
        catalog: &Catalog,
        message: &Message,
        asked: &MessageId,
    ) -> Result<Planned, Problem> {
        let asked = runtime.store.asked(self.account, asked).await.map_err(later)?;
        let asked = self.own(asked)?;
        let channel = catalog.channel(asked.channel);
        let running = channel.and_then(|channel| runtime.host.get(channel.id));
        let Some((channel, running)) = channel.zip(running) else {
            return Err(Problem::Later("its channel does not run".into()));
        };
        let content = match &message.content {
            Some(content) => content.clone(),
            // Somebody waits for the answer: an empty screen.
            None if running.description.has_sessions => String::new(),
            None => return Err(refused("it has no content")),
        };
        let closes = message.session_event == Some(SessionEvent::Close);
        let mut answer = NewOutbound::answering(&asked, MessageId::generate(), content);
        answer.service = Some(self.service);
        answer.helper_metadata = noted(message);
        let event = if closes {
            SessionEvent::Close
        } else {
            SessionEvent::Resume
        };
        answer.session_event = asked.session.is_some().then_some(event);
        let mut trail = Trail::default();
        Ok(Planned {
            plan: Plan::of_answer(runtime, &running, channel, answer, &mut trail),
            root: Some(asked.id),
            ends_session: asked.session.filter(|_| closes).map(|(key, _)| (channel.id, key)),
            trail,
        })
    }

    /// The message, if it is one that was given to this application.
    fn own(&self, asked: Option<Asked>) -> Result<InboundMessage, Problem> {
        match asked {
            Some(asked) if asked.service == Some(self.service) => Ok(asked.message),
            // The application was quicker than the end of the step that told it.
            Some(asked) if asked.service.is_none() && asked.status == Status::Received => Err(Problem::Later(
                "the message it answers is still being handed over".into(),
            )),
            _ => Err(refused("it answers no message of this application")),
        }
    }

    /// Stores it, once, and lets it go on.
    async fn store(&self, runtime: &Arc<Runtime>, message: &Message, planned: Planned) -> Result<(), Problem> {
        let Some(id) = planned.plan.messages.first().map(|message| message.id.clone()) else {
            return Ok(());
        };
        let (now, lease) = (runtime.clock.now(), runtime.store.epoch());
        let root = planned.root.clone().unwrap_or_else(|| id.clone());
        let submitted = Submitted {
            acceptance: Acceptance {
                account: self.account,
                messages: planned.plan.messages.clone(),
                at: now,
                lease,
                idempotency: Some((self.key(message), print_of(message))),
            },
            root: planned.root,
            ends_session: planned.ends_session,
            trail: planned.trail,
        };
        let answers = planned.plan.answers(&root, now, lease);
        let (runtime, under_way) = (Arc::clone(runtime), runtime.under_way.enter());
        // In its own task: a bridge that is closed meanwhile has it stored and sent all the same.
        let storing = tokio::spawn(async move {
            let storing = runtime.persist(|| runtime.store.accept_submitted(submitted.clone()));
            match storing.await.map_err(later)? {
                AcceptResult::Accepted => {}
                // It was committed and the answer was lost.
                AcceptResult::Known(ids) if ids.contains(&id) => {}
                AcceptResult::Known(_) => return Ok(()),
                AcceptResult::KeyTaken => return Err(refused("its message_id was used before, for another message")),
            }
            tokio::spawn(async move {
                for answer in answers {
                    answer.go_on(&runtime).await;
                }
                drop(under_way);
            });
            Ok(())
        });
        let broke_off = |_| Err(Problem::Later("taking it broke off".into()));
        storing.await.unwrap_or_else(broke_off)
    }

    fn key(&self, message: &Message) -> String {
        let digest = Sha256::digest(message.id.as_str().as_bytes());
        format!("{KEY} {} {}", self.service, hex(&digest))
    }

    /// Tells the application that a message is not sent.
    async fn nack(&self, runtime: &Runtime, message: &Message, reason: String) -> Taken {
        let event = Event {
            id: MessageId::generate(),
            timestamp: runtime.clock.now(),
            message_id: message.id.clone(),
            kind: EventKind::Nack { reason: reason.clone() },
            routing_metadata: Object::new(),
            helper_metadata: match has_small_notes(message) {
                true => message.helper_metadata.clone(),
                false => Object::new(),
            },
            extra: Object::from_iter([
                ("transport_name".to_owned(), json!(self.connector.transport_name())),
                ("transport_metadata".to_owned(), json!({})),
            ]),
        };
        let (id, body) = (event.id.to_string(), vumi::event_to_json(&event));
        match self.connector.publish(Line::Event, &id, &body).await {
            Published::Durable => {
                tracing::warn!(
                    queue = self.connector.queue(Line::Outbound),
                    reason,
                    "an application was refused"
                );
                Taken::Done
            }
            _ => Taken::Later("the bus does not take its nack".into()),
        }
    }
}

#[async_trait]
impl Intake for Application {
    /// Messages to one person stay in order.
    fn key(&self, message: &Value) -> String {
        message["to_addr"].as_str().unwrap_or_default().to_owned()
    }

    async fn take(&self, message: Value) -> Taken {
        let runtime = self.runtime.upgrade().filter(|runtime| !runtime.is_stopping());
        let Some(runtime) = runtime else {
            return Taken::Later("the engine stops".into());
        };
        let message = match vumi::message_from_json(message) {
            Ok(message) => message,
            Err(error) => return Taken::Refused(error.to_string()),
        };
        if message.id.as_str().len() > NAME_BYTES {
            return Taken::Refused(format!("message_id: has more than {NAME_BYTES} bytes"));
        }
        match self.accept(&runtime, &message).await {
            Ok(()) => Taken::Done,
            Err(Problem::Later(reason)) => Taken::Later(reason),
            Err(Problem::Refused(reason)) => self.nack(&runtime, &message, reason).await,
        }
    }
}

fn plan_send(
    runtime: &Runtime,
    catalog: &Catalog,
    service: &ServiceEntry,
    message: &Message,
) -> Result<Planned, Problem> {
    let Some(to) = &message.to else {
        return Err(refused("it has no to_addr"));
    };
    let Some(content) = message.content.clone() else {
        return Err(refused("it has no content"));
    };
    let endpoint = endpoint_of(message);
    check_endpoint(catalog, service, endpoint)?;
    let way = outbound::choose_channel(runtime, service, endpoint, &to.to_string()).map_err(Problem::Refused)?;
    let mut sent = NewOutbound::to_somebody(service.account, service.id, to.clone(), content);
    sent.helper_metadata = noted(message);
    let mut trail = Trail::default();
    Ok(Planned {
        plan: Plan::of_message(runtime, way, sent, &mut trail),
        root: None,
        ends_session: None,
        trail,
    })
}

/// An endpoint that names a channel must name one whose routes lead to the service.
fn check_endpoint(catalog: &Catalog, service: &ServiceEntry, endpoint: &str) -> Result<(), Problem> {
    let named = catalog.channel_named(&service.key.account, endpoint);
    let leads_here = |channel: &ChannelEntry| channel.routes.iter().any(|route| route.service == service.id);
    match named {
        Some(channel) if !leads_here(channel) => Err(refused("its endpoint is a channel of another service")),
        _ => Ok(()),
    }
}

/// What the application noted, and its own id of the message, by which it is told of events.
fn noted(message: &Message) -> Object {
    let mut noted = message.helper_metadata.clone();
    let notes = Notes {
        message_id: Some(message.id.to_string()),
        ..Notes::default()
    };
    notes.lay_into(&mut noted);
    noted
}

fn check_texts(runtime: &Runtime, message: &Message) -> Result<(), Problem> {
    let most = runtime.limits.content_chars;
    let content = message.content.as_deref().unwrap_or_default();
    if content.chars().nth(most).is_some() {
        return Err(refused(&format!("its content is longer than {most} characters")));
    }
    if !has_small_notes(message) {
        return Err(refused(&format!(
            "its helper_metadata has more than {HELPER_METADATA_BYTES} bytes"
        )));
    }
    if endpoint_of(message).len() > NAME_BYTES {
        return Err(refused(&format!("its endpoint_name has more than {NAME_BYTES} bytes")));
    }
    Ok(())
}

fn has_small_notes(message: &Message) -> bool {
    let notes = Value::Object(message.helper_metadata.clone()).to_string();
    notes.len() <= HELPER_METADATA_BYTES
}

/// Which way out it names.
fn endpoint_of(message: &Message) -> &str {
    let endpoint = message.routing_metadata.get("endpoint_name").and_then(Value::as_str);
    endpoint.unwrap_or(DEFAULT_ENDPOINT)
}

/// By which a message that comes again is told from another with its id.
fn print_of(message: &Message) -> Vec<u8> {
    let said = json!([
        message.to.as_ref().map(Address::to_string),
        message.content,
        message.in_reply_to.as_ref().map(MessageId::as_str),
        message.session_event.as_ref().map(SessionEvent::as_str),
    ]);
    Sha256::digest(said.to_string().as_bytes()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn later(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(reason) => Problem::Later(reason),
        StoreError::Refused(reason) => Problem::Refused(reason),
    }
}

fn refused(reason: &str) -> Problem {
    Problem::Refused(reason.to_owned())
}
