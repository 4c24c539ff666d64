//! The address of a broker, which never shows its user and password.

use lapin::uri::AMQPUri;
use std::fmt;
use std::time::Duration;
use url::{Host, Url};

/// The largest frame this client takes. The client keeps buffers of 32 frames for each direction.
const FRAME_BYTES: u32 = 32 * 1024;

/// An address that cannot be used. It says why without repeating the address, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the broker's address {0}; write amqp://USER:PASSWORD@HOST:PORT/VHOST or amqps://…, the vhost / as %2f")]
pub struct BadAddress(&'static str);

/// Where the broker is and who we are there. Shown without the latter.
#[derive(Clone)]
pub(super) struct Address(AMQPUri);

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, BadAddress> {
        let url = Url::parse(text).map_err(|_| BadAddress("cannot be read"))?;
        if !matches!(url.scheme(), "amqp" | "amqps") || url.cannot_be_a_base() {
            return Err(BadAddress("does not begin with amqp:// or amqps://"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BadAddress("has something after its vhost"));
        }
        let mut uri: AMQPUri = text.parse().map_err(|_| BadAddress("holds a wrong % sequence"))?;
        uri.authority.host = match url.host() {
            // The library's parser overlooks IPv6.
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(_) => uri.authority.host,
            None => return Err(BadAddress("names no host")),
        };
        if uri.authority.userinfo.username.len() > 255 || uri.vhost.len() > 255 {
            return Err(BadAddress("has a user or a vhost of more than 255 bytes"));
        }
        Ok(Self(uri))
    }

    /// What the library connects to.
    pub(super) fn uri(&self, heartbeat: Duration) -> AMQPUri {
        let mut uri = self.0.clone();
        uri.query.frame_max = Some(FRAME_BYTES);
        uri.query.heartbeat = Some(u16::try_from(heartbeat.as_secs()).unwrap_or(u16::MAX).max(1));
        uri
    }

    pub(super) fn host(&self) -> &str {
        &self.0.authority.host
    }

    pub(super) fn port(&self) -> u16 {
        self.0.authority.port
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri { scheme, vhost, .. } = &self.0;
        write!(f, "{scheme}://{}:{} (vhost {vhost})", self.host(), self.port())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_user_and_password() {
        check(
            "amqp://me:s3cret@mq.example/vumi",
            "amqp://mq.example:5672 (vhost vumi)",
        );
        check("amqps://me:s3cret@10.0.0.1/%2f", "amqps://10.0.0.1:5671 (vhost /)");
        check("amqp://me:s3%2Fcret@mq.example:99", "amqp://mq.example:99 (vhost /)");
        check("amqp://me:s3cret@[::1]:5672/%2f", "amqp://::1:5672 (vhost /)");
    }

    #[test]
    fn a_wrong_address_is_refused_without_repeating_it() {
        check("", "the broker's address cannot be read");
        check("//me:s3cret@mq.example/", "the broker's address cannot be read");
        check("http://me:s3cret@mq.example/", "the broker's address does not begin");
        check("me:s3cret@mq.example", "the broker's address does not begin");
        check("amqp:me:s3cret@mq.example", "the broker's address does not begin");
        check(
            "amqp://me:s3cret@mq.example/v?verify=s3cret",
            "the broker's address has something",
        );
        check("amqp://me:s3cret%ff@mq.example", "the broker's address holds a wrong");
        check("amqp:///v", "the broker's address names no host");
        check(
            &format!("amqp://mq.example/{}", "v".repeat(256)),
            "the broker's address has a user or",
        );
    }

    #[test]
    fn user_and_password_reach_the_library() {
        let address = Address::parse("amqp://me:s3%2Fcret@mq.example/").expect("an address");
        let uri = address.uri(Duration::from_secs(10));
        assert_eq!(uri.authority.userinfo.password, "s3/cret");
        assert_eq!((uri.vhost.as_str(), uri.query.heartbeat), ("", Some(10)));
    }

    fn check(text: &str, expected: &str) {
        let shown = match Address::parse(text) {
            Ok(address) => format!("{address}|{address:?}"),
            Err(error) => format!("{error}|{error:?}"),
        };
        assert!(shown.starts_with(expected), "{text}: {shown}");
        assert!(!shown.contains("s3"), "{shown}");
    }
}
