//! A channel of any type, opened for a test on a fake door; requests go straight to its routes.

use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use ngoma_engine::channel::{
    ChannelContext, ChannelType, Config, ConfigError, Inbound, Outbound, SendError, Sent, Transport,
};
use ngoma_message::{Address, Object, SessionEvent};
use ngoma_testkit::FakeDoor;
use serde_json::Value;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// A channel under test; its clones are the same channel.
#[derive(Clone)]
pub struct TestLine {
    pub door: Arc<FakeDoor>,
    pub transport: Arc<dyn Transport>,
}

/// What a request was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl TestLine {
    /// A channel with the address `*120*8864#` and these settings.
    pub fn open(channel_type: &dyn ChannelType, config: &Value) -> Self {
        Self::open_at(channel_type, config, Some("*120*8864#"))
    }

    /// A channel with this address and these settings.
    pub fn open_at(channel_type: &dyn ChannelType, config: &Value, address: Option<&str>) -> Self {
        let door = FakeDoor::new();
        let transport = open(channel_type, config, door.context(address)).expect("good settings");
        let transport = Arc::from(transport);
        Self { door, transport }
    }

    /// Sends a request and waits for its answer, which must be JSON.
    pub async fn request(&self, request: Request<Body>) -> Answered {
        let response = self.transport.routes().oneshot(request).await.expect("never fails");
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        Answered {
            status: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("not JSON, {error}: {bytes:?}")),
        }
    }

    /// Posts a body and waits for its answer.
    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answered {
        self.request(Request::post(path).body(body.into()).expect("a request"))
            .await
    }

    /// Posts JSON and goes on at once; the answer is waited for by awaiting the handle.
    pub fn post_and_go_on(&self, body: Value) -> JoinHandle<Answered> {
        let line = self.clone();
        tokio::spawn(async move { line.post("/", body.to_string()).await })
    }

    /// Sends an answer to a message, as the engine does.
    pub async fn reply(&self, asked: &Inbound, content: &str, event: Option<SessionEvent>) -> Result<Sent, SendError> {
        let message = Outbound {
            in_reply_to: Some(asked.id.clone()),
            session_event: event,
            ..outbound(content)
        };
        self.transport.send(&message).await
    }
}

/// Opens a channel with these settings.
pub fn open(
    channel_type: &dyn ChannelType,
    config: &Value,
    ctx: ChannelContext,
) -> Result<Box<dyn Transport>, ConfigError> {
    let config = Config(config.as_object().cloned().expect("an object"));
    channel_type.open(&config, ctx)
}

/// Expects these settings to be refused: the field and a part of the problem.
pub fn check_refused(channel_type: &dyn ChannelType, config: Value, field: &str, problem: &str) {
    let ctx = FakeDoor::new().context(None);
    let Err(error) = open(channel_type, &config, ctx) else {
        panic!("{config} was taken");
    };
    assert_eq!(error.field, field, "{config}: {error}");
    assert!(error.problem.contains(problem), "{config}: {error}");
}

/// Expects that the settings a type describes are those it reads.
pub fn check_described(channel_type: &dyn ChannelType, config: &Value) {
    let described: Vec<_> = channel_type.describe().fields.iter().map(|field| field.name).collect();
    let mut read: Vec<_> = config
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    read.sort_by_key(|name| described.iter().position(|described| described == name));
    assert_eq!(described, read);
    let ctx = FakeDoor::new().context(None);
    assert!(open(channel_type, config, ctx).is_ok(), "{config}");
}

/// The message `a-1` to +27831234567.
pub fn outbound(content: &str) -> Outbound {
    Outbound {
        id: "a-1".into(),
        to: Address::new("tel", "+27831234567"),
        from: None,
        content: content.to_owned(),
        whole: None,
        in_reply_to: None,
        session_event: None,
        attempts: 0,
        part: None,
        helper_metadata: Object::new(),
    }
}
