//! Exchanges and queues as they are to be.

use crate::amqp::error::BusError;
use crate::amqp::options::NAME_BYTES_MAX;
use lapin::types::{AMQPValue, FieldTable};
use std::time::Duration;

/// The exchange of Vumi and vumi2.
pub const VUMI_EXCHANGE: &str = "vumi";

/// How an exchange chooses queues. Exchanges are always durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeKind {
    /// Those bound with exactly the routing key.
    Direct,
    /// All.
    Fanout,
}

/// A queue as it is to be. Queues are always durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSpec {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: QueueKind,
    /// What leads to it, beside the default exchange.
    pub binding: Option<Binding>,
}

/// The kinds of queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueKind {
    /// Replicated, on disk at most of its nodes before it is confirmed.
    Quorum(Quorum),
    /// Exactly as vumi2 declares its own: durable and without arguments. One that is there already is used as it is,
    /// whatever its kind.
    Classic,
    /// For what is of use now or never.
    Passing(Passing),
}

/// What is said of a queue that may lose what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passing {
    /// How long after its last consumer it is gone.
    pub gone_after: Duration,
    /// How many messages it holds; the oldest make room.
    pub length_limit: u32,
}

/// What is said of a quorum queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    /// Who gets messages.
    pub turns: Turns,
    /// How often a message is delivered again at most; then it goes to the dead letters, or is dropped without any.
    pub delivery_limit: u32,
    /// How many messages it holds, about; what is more is refused.
    pub length_limit: Option<u32>,
    /// Where messages go that were discarded or delivered too often. They are kept until they have arrived there.
    pub dead_letters: Option<Binding>,
}

/// Which of several consumers get messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turns {
    /// All of them.
    Competing,
    /// One; the next when it is gone. Messages then stay in order.
    SingleActive,
}

/// An exchange and a routing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The exchange.
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
}

impl QueueSpec {
    /// A quorum queue, reached by its name through the default exchange.
    pub fn quorum(name: impl Into<String>, quorum: Quorum) -> Self {
        Self {
            name: name.into(),
            kind: QueueKind::Quorum(quorum),
            binding: None,
        }
    }

    /// A queue of Vumi: its routing key at the exchange `vumi` is its name, as `sms.inbound`.
    pub fn vumi(name: impl Into<String>) -> Self {
        let name = name.into();
        let binding = Binding {
            exchange: VUMI_EXCHANGE.to_owned(),
            routing_key: name.clone(),
        };
        Self {
            name,
            kind: QueueKind::Classic,
            binding: Some(binding),
        }
    }

    pub(super) fn check(&self) -> Result<(), BusError> {
        check_name(&self.name)?;
        let dead_letters = match &self.kind {
            QueueKind::Quorum(quorum) => &quorum.dead_letters,
            QueueKind::Classic | QueueKind::Passing(_) => &None,
        };
        let bindings = self.binding.iter().chain(dead_letters);
        let mut names = bindings.flat_map(|binding| [&binding.exchange, &binding.routing_key]);
        names.try_for_each(|name| check_length(name))
    }
}

impl Quorum {
    /// Its arguments on the wire. The broker compares them with those of the queue that is there.
    pub(super) fn arguments(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        let mut set = |name: &str, value: AMQPValue| {
            arguments.insert(name.into(), value);
        };
        set("x-queue-type", text("quorum"));
        set("x-delivery-limit", AMQPValue::LongLongInt(self.delivery_limit.into()));
        if self.turns == Turns::SingleActive {
            set("x-single-active-consumer", AMQPValue::Boolean(true));
        }
        if let Some(limit) = self.length_limit {
            set("x-max-length", AMQPValue::LongLongInt(limit.into()));
        }
        if let Some(dead_letters) = &self.dead_letters {
            set("x-dead-letter-exchange", text(&dead_letters.exchange));
            set("x-dead-letter-routing-key", text(&dead_letters.routing_key));
            set("x-dead-letter-strategy", text("at-least-once"));
        }
        // The other way to hold no more than allowed is to drop the oldest; keeping dead letters safe demands this one too.
        if self.length_limit.is_some() || self.dead_letters.is_some() {
            set("x-overflow", text("reject-publish"));
        }
        arguments
    }
}

impl Passing {
    /// Its arguments on the wire.
    pub(super) fn arguments(&self) -> FieldTable {
        let millis = i64::try_from(self.gone_after.as_millis()).unwrap_or(i64::MAX);
        let mut arguments = FieldTable::default();
        arguments.insert("x-expires".into(), AMQPValue::LongLongInt(millis));
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(self.length_limit.into()));
        arguments
    }
}

pub(in crate::amqp) fn check_name(name: &str) -> Result<(), BusError> {
    match name {
        "" => Err(BusError::Invalid("a queue or an exchange needs a name".to_owned())),
        _ => check_length(name),
    }
}

fn check_length(name: &str) -> Result<(), BusError> {
    match name.len() {
        0..=NAME_BYTES_MAX => Ok(()),
        _ => Err(BusError::Invalid(format!(
            "a name or key has more than {NAME_BYTES_MAX} bytes"
        ))),
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quorum() -> Quorum {
        Quorum {
            turns: Turns::Competing,
            delivery_limit: 20,
            length_limit: None,
            dead_letters: None,
        }
    }

    fn dead() -> Option<Binding> {
        Some(Binding {
            exchange: String::new(),
            routing_key: "dead".to_owned(),
        })
    }

    #[test]
    fn arguments_say_what_is_wanted_and_nothing_else() {
        let single = Quorum {
            turns: Turns::SingleActive,
            ..quorum()
        };
        let short = Quorum {
            length_limit: Some(9),
            ..quorum()
        };
        let safe = Quorum {
            dead_letters: dead(),
            ..quorum()
        };
        check(&quorum(), "delivery-limit queue-type");
        check(&single, "delivery-limit queue-type single-active-consumer");
        check(&short, "delivery-limit max-length overflow queue-type");
        check(
            &safe,
            "dead-letter-exchange dead-letter-routing-key dead-letter-strategy delivery-limit overflow queue-type",
        );
    }

    fn check(quorum: &Quorum, expected: &str) {
        let arguments = quorum.arguments();
        let names: Vec<_> = arguments
            .inner()
            .keys()
            .map(|name| name.as_str().trim_start_matches("x-"))
            .collect();
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        let long = "q".repeat(NAME_BYTES_MAX + 1);
        assert_eq!(QueueSpec::vumi("sms.inbound").check(), Ok(()));
        assert!(QueueSpec::vumi("").check().is_err());
        assert!(QueueSpec::vumi(&long).check().is_err());
        let mut dead_letters = dead();
        dead_letters.as_mut().expect("there are some").routing_key = long;
        let spec = QueueSpec::quorum(
            "q",
            Quorum {
                dead_letters,
                ..quorum()
            },
        );
        assert!(spec.check().is_err());
    }
}
