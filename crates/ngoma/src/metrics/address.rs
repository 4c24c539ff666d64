//! Where metrics are told: nowhere, unless asked; on a private address, unless said otherwise.

use anyhow::{Result, anyhow, bail};
use clap::builder::FalseyValueParser;
use std::net::{IpAddr, SocketAddr};

/// The flags.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct MetricsArgs {
    /// A private address and port to tell metrics on, such as 127.0.0.1:9100 [default: none]
    #[arg(long, env = "NGOMA_METRICS_LISTEN", value_name = "ADDR:PORT")]
    metrics_listen: Option<String>,
    /// Allow a --metrics-listen that others can reach
    #[arg(long, env = "NGOMA_METRICS_PUBLIC", value_parser = FalseyValueParser::new())]
    metrics_public: bool,
}

/// What was set. It is judged by who binds it: a worker is given the socket.
#[derive(Clone, Debug, Default)]
pub struct MetricsSettings {
    listen: Option<String>,
    is_public: bool,
}

impl MetricsArgs {
    /// The flags, else what the settings file says.
    pub fn or(&self, listen: Option<String>, is_public: Option<bool>) -> MetricsSettings {
        MetricsSettings {
            listen: self.metrics_listen.clone().or(listen),
            is_public: self.metrics_public || is_public.unwrap_or_default(),
        }
    }
}

impl MetricsSettings {
    /// The address to bind, if any.
    pub fn address(&self) -> Result<Option<SocketAddr>> {
        let Some(listen) = &self.listen else { return Ok(None) };
        let expected =
            |_| anyhow!("--metrics-listen {listen}: expected an IP address and a port, such as 127.0.0.1:9100");
        let address: SocketAddr = listen.parse().map_err(expected)?;
        if !self.is_public && !is_private(address.ip()) {
            bail!(
                "--metrics-listen {listen}: others could read the metrics there; choose an address of this machine or of \
                 a private network, or allow it with metrics_public = true (--metrics-public)"
            );
        }
        Ok(Some(address))
    }
}

/// Loopback, private (RFC 1918, RFC 4193) or link local; not "every address of this machine".
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listen: &str, is_public: bool, expected: Result<(), &str>) {
        let settings = MetricsSettings {
            listen: Some(listen.to_owned()),
            is_public,
        };
        match (settings.address(), expected) {
            (Ok(Some(address)), Ok(())) => assert_eq!(address, listen.parse().unwrap()),
            (Err(error), Err(named)) => assert!(error.to_string().contains(named), "{listen}: {error}"),
            (found, _) => panic!("{listen}: {found:?}"),
        }
    }

    #[test]
    fn a_private_address_is_taken_and_another_only_when_allowed() {
        for listen in [
            "127.0.0.1:9100",
            "10.1.2.3:9100",
            "172.16.0.1:9100",
            "192.168.0.1:9100",
            "169.254.0.1:9100",
            "[::1]:9100",
            "[fd00::1]:9100",
            "[fe80::1]:9100",
            "[::ffff:10.0.0.1]:9100",
        ] {
            check(listen, false, Ok(()));
        }
        for listen in [
            "0.0.0.0:9100",
            "[::]:9100",
            "8.8.8.8:9100",
            "172.32.0.1:9100",
            "[2001:db8::1]:9100",
            "[::ffff:8.8.8.8]:9100",
        ] {
            check(listen, false, Err("metrics_public = true"));
            check(listen, true, Ok(()));
        }
        for listen in ["9100", "localhost:9100", "127.0.0.1", ""] {
            check(listen, true, Err("expected an IP address and a port"));
        }
    }

    #[test]
    fn flags_win_over_the_file_and_nothing_is_the_default() {
        let args = |listen: Option<&str>| MetricsArgs {
            metrics_listen: listen.map(Into::into),
            metrics_public: false,
        };
        let address = |settings: MetricsSettings| settings.address().unwrap().map(|address| address.port());
        assert_eq!(address(args(None).or(None, None)), None);
        assert_eq!(address(args(None).or(Some("127.0.0.1:1".into()), None)), Some(1));
        assert_eq!(
            address(args(Some("127.0.0.1:2")).or(Some("127.0.0.1:1".into()), None)),
            Some(2)
        );
        assert_eq!(address(args(None).or(Some("0.0.0.0:3".into()), Some(true))), Some(3));
    }
}
