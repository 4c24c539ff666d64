//! What is published and what became of it.

use crate::amqp::headers::{self, Headers};
use crate::amqp::options::{BODY_BYTES_MAX, HEADER_BYTES_MAX, NAME_BYTES_MAX};
use bytes::Bytes;
use lapin::BasicProperties;

/// One message to publish. It is always written to disk by the queues it reaches (delivery mode 2).
#[derive(Debug, Clone, Default)]
pub struct Publication {
    /// The exchange; the empty one delivers to the queue named by the routing key.
    pub exchange: String,
    /// What the exchange chooses the queues by.
    pub routing_key: String,
    /// The content.
    pub body: Bytes,
    /// The kind of content, as `application/json`.
    pub content_type: Option<String>,
    /// More is sooner, in queues that know priorities.
    pub priority: Option<u8>,
    /// Headers.
    pub headers: Headers,
    /// Which message this is. One that is published again has the same id, so that a receiver can see it.
    pub message_id: String,
}

/// What became of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// The queues it reached hold it on disk (quorum queues: on most of their nodes).
    Durable,
    /// The exchange leads to no queue with this routing key: nobody has it.
    Unroutable,
    /// The broker, or a limit, said no: nobody has it.
    Refused(String),
    /// There was no word in time: a queue may have it or not. It is to be published again with the same id.
    Unknown(String),
}

/// What tells a publication from others when the broker hands it back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) exchange: String,
    pub(super) routing_key: String,
    pub(super) message_id: String,
}

impl Publication {
    pub(super) fn identity(&self) -> Identity {
        Identity {
            exchange: self.exchange.clone(),
            routing_key: self.routing_key.clone(),
            message_id: self.message_id.clone(),
        }
    }

    /// Why it cannot be published, if so.
    pub(super) fn problem(&self) -> Option<String> {
        let names = [
            ("exchange", &self.exchange),
            ("routing key", &self.routing_key),
            ("message id", &self.message_id),
        ];
        let header_names = self.headers.keys().map(|name| ("header name", name));
        let content_type = self.content_type.iter().map(|name| ("content type", name));
        let mut names = names.into_iter().chain(content_type).chain(header_names);
        if let Some((what, _)) = names.find(|(_, name)| name.len() > NAME_BYTES_MAX) {
            return Some(format!("the {what} has more than {NAME_BYTES_MAX} bytes"));
        }
        if self.message_id.is_empty() {
            return Some("it has no message id".to_owned());
        }
        if self.body.len() > BODY_BYTES_MAX {
            return Some(format!("the body has more than {BODY_BYTES_MAX} bytes"));
        }
        (headers::size(&self.headers) > HEADER_BYTES_MAX)
            .then(|| format!("the headers have more than {HEADER_BYTES_MAX} bytes"))
    }

    /// Its properties on the wire. It has no [`problem`](Self::problem).
    pub(super) fn properties(&self) -> BasicProperties {
        const ON_DISK: u8 = 2;
        let mut properties = BasicProperties::default()
            .with_delivery_mode(ON_DISK)
            .with_message_id(self.message_id.as_str().into());
        if let Some(content_type) = &self.content_type {
            properties = properties.with_content_type(content_type.as_str().into());
        }
        if let Some(priority) = self.priority {
            properties = properties.with_priority(priority);
        }
        if !self.headers.is_empty() {
            properties = properties.with_headers(headers::to_table(&self.headers));
        }
        properties
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amqp::headers::HeaderValue;

    #[test]
    fn what_is_too_long_is_told_before_it_is_sent() {
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        let header = |name: &str, value: &str| Headers::from([(name.to_owned(), HeaderValue::Text(value.to_owned()))]);
        check(|_| {}, None);
        check(
            |it| it.exchange = long.clone(),
            Some("the exchange has more than 255 bytes"),
        );
        check(|it| it.routing_key = long.clone(), Some("the routing key has"));
        check(|it| it.message_id = long.clone(), Some("the message id has"));
        check(|it| it.message_id.clear(), Some("it has no message id"));
        check(|it| it.content_type = Some(long.clone()), Some("the content type has"));
        check(|it| it.headers = header(&long, ""), Some("the header name has"));
        check(
            |it| it.headers = header("a", &"b".repeat(HEADER_BYTES_MAX)),
            Some("the headers have more than 8192"),
        );
        check(
            |it| it.body = Bytes::from(vec![0; BODY_BYTES_MAX + 1]),
            Some("the body has more than 1048576"),
        );
    }

    fn check(change: impl Fn(&mut Publication), expected: Option<&str>) {
        let mut publication = Publication {
            message_id: "1".to_owned(),
            ..Publication::default()
        };
        change(&mut publication);
        let problem = publication.problem();
        assert_eq!(problem.is_some(), expected.is_some(), "{problem:?}");
        assert!(
            problem.unwrap_or_default().starts_with(expected.unwrap_or_default()),
            "{expected:?}"
        );
    }
}
