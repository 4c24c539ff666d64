//! The channel type `fake_carrier`: what it is given to send goes to a [`Carrier`] in the same process.

use super::listener::Listener;
use super::{Answer, Carrier, Decision, Submission};
use async_trait::async_trait;
use ngoma_engine::channel::{
    ChannelContext, ChannelType, Config, ConfigError, Description, Field, FieldKind, Outbound, SendError,
    SendErrorKind, Sent, Transport,
};
use ngoma_message::{Address, text};

/// A channel type whose channels all send to one carrier, long texts in parts when `parts = true`; its receipts and
/// messages come back to the channel that was opened last.
pub struct FakeCarrier(pub Carrier);

struct FakeCarrierTransport {
    carrier: Carrier,
    sends_parts: bool,
    address: Option<String>,
}

impl ChannelType for FakeCarrier {
    fn code(&self) -> &'static str {
        "fake_carrier"
    }

    fn describe(&self) -> Description {
        Description {
            label: "Fake carrier",
            help: "A carrier in a test, which does what the test says and keeps a ledger.",
            transport_type: "sms",
            schemes: &["tel"],
            has_sessions: false,
            fields: vec![Field {
                name: "parts",
                label: "Parts",
                help: "Whether long texts go in parts.",
                kind: FieldKind::Flag,
                required: false,
            }],
        }
    }

    fn open(&self, config: &Config, ctx: ChannelContext) -> Result<Box<dyn Transport>, ConfigError> {
        self.0.listen(Listener::Door(ctx.door));
        Ok(Box::new(FakeCarrierTransport {
            carrier: self.0.clone(),
            sends_parts: config.0.get("parts") == Some(&true.into()),
            address: ctx.address,
        }))
    }
}

#[async_trait]
impl Transport for FakeCarrierTransport {
    async fn ready(&self) {
        self.carrier.until_linked().await;
    }

    fn parts(&self, message: &Outbound) -> Vec<String> {
        match self.sends_parts {
            true => text::segments(&message.content),
            false => Vec::new(),
        }
    }

    async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        if self.carrier.is_cut() {
            return Err(SendError::new(SendErrorKind::Temporary, "no link to the carrier"));
        }
        let submission = submission_of(message, self.address.as_deref());
        result_of(self.carrier.submit(submission).await)
    }
}

/// A message as it is handed to the carrier by a channel of that address.
pub(super) fn submission_of(message: &Outbound, address: Option<&str>) -> Submission {
    let from = message.from.as_ref().map(Address::value);
    Submission {
        message_id: message.id.to_string(),
        part: message.part.map(Into::into),
        from: from.or(address).map(str::to_owned),
        to: message.to.value().to_owned(),
        text: message.content.clone(),
    }
}

/// What a channel makes of the carrier's decision.
pub(super) fn result_of(decision: Decision) -> Result<Sent, SendError> {
    let (kind, reason) = match decision.answer {
        Answer::Accepted => {
            let provider_id = decision.provider_id;
            return Ok(Sent { provider_id });
        }
        Answer::ResponseLost => (SendErrorKind::Ambiguous, "the carrier's response was lost"),
        Answer::Throttled => (SendErrorKind::Throttled, "the carrier asks for a slower pace"),
        Answer::TemporaryError => (SendErrorKind::Temporary, "the carrier cannot take it now"),
        Answer::PermanentError => (SendErrorKind::Permanent, "the carrier refuses it"),
    };
    Err(SendError::new(kind, reason))
}
