//! Which addresses are on the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where a client may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only addresses of the public internet.
    PublicOnly,
    /// Anywhere, private networks included.
    Anywhere,
}

impl Reach {
    /// Whether this address may be called.
    pub fn allows(self, address: IpAddr) -> bool {
        self == Self::Anywhere || is_public(address)
    }

    /// Whether this port may be called: web ports and unprivileged ones, so that no mail or shell server is spoken to.
    pub fn allows_port(self, port: u16) -> bool {
        self == Self::Anywhere || matches!(port, 80 | 443 | 1024..)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match v4_within(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

/// IANA's special-purpose registry for IPv4 (RFC 6890), and what later documents added.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(
        (a, b, c),
        (0 | 10 | 127, ..)               // this network, private, loopback
            | (100, 64..=127, _)         // carrier-grade NAT, RFC 6598
            | (169, 254, _)              // link local, cloud metadata
            | (172, 16..=31, _)          // private
            | (192, 0, 0 | 2)            // protocol assignments, documentation
            | (192, 88, 99)              // 6to4 relays
            | (192, 168, _)              // private
            | (198, 18 | 19, _)          // benchmarks
            | (198, 51, 100)             // documentation
            | (203, 0, 113)              // documentation
            | (224.., ..) // multicast, reserved, broadcast
    );
    !is_special
}

/// Only global unicast, 2000::/3, without its special blocks.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_global_unicast = first & 0xe000 == 0x2000;
    let is_special = matches!(
        (first, second),
        (0x2001, 0x0000..=0x01ff | 0x0db8) | (0x3fff, 0x0000..=0x0fff)
    );
    is_global_unicast && !is_special
}

/// The IPv4 address that a mapped, translated (NAT64, RFC 6052) or 6to4 address leads to.
fn v4_within(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] if (high, low) != (0, 0) && (high, low) != (0, 1) => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: bool) {
        let parsed: IpAddr = address.parse().expect("an address");
        assert_eq!(Reach::PublicOnly.allows(parsed), expected, "{address}");
        assert!(Reach::Anywhere.allows(parsed));
    }

    #[test]
    fn only_addresses_of_the_public_internet_are_allowed() {
        for address in [
            "8.8.8.8",
            "100.63.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            check(address, true);
        }
    }

    #[test]
    fn private_and_special_addresses_are_refused_in_every_disguise() {
        let addresses = [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.255.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "100::1",
        ];
        for address in addresses {
            check(address, false);
        }
    }

    #[test]
    fn privileged_ports_but_the_webs_are_refused() {
        for (port, expected) in [
            (80, true),
            (443, true),
            (8080, true),
            (22, false),
            (25, false),
            (1023, false),
        ] {
            assert_eq!(Reach::PublicOnly.allows_port(port), expected, "{port}");
        }
    }
}
