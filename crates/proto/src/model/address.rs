//! Where a request came from, and whether two requests came from the same network.

use std::fmt;
use std::net::IpAddr;

/// How sure the server is of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressOrigin {
    /// The peer of the connection itself.
    Direct,
    /// Named by a trusted proxy.
    Forwarded,
    /// A trusted proxy forwarded it without a usable address: this is the proxy's.
    Unknown,
}

/// The address of a client or a browser. An IPv4 address mapped into IPv6 is kept as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress {
    /// The address.
    pub ip: IpAddr,
    /// How it was learned.
    pub origin: AddressOrigin,
}

/// Whether two addresses are on the same network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameNetwork {
    /// They are not, or it cannot be said.
    No,
    /// Equal IPv4 addresses, or the same IPv6 /64.
    Yes,
}

/// The network an address belongs to, for limits: it names many devices of one household, never one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NetworkPrefix {
    address: IpAddr,
    bits: u8,
}

impl ClientAddress {
    /// The peer of a connection.
    #[must_use]
    pub fn direct(ip: IpAddr) -> Self {
        Self { ip: ip.to_canonical(), origin: AddressOrigin::Direct }
    }

    /// Whether a browser at `other` is on this device's own network. Mixed families, unknown forwarding, a private
    /// address behind a proxy and prefixes that strangers share (link-local, Teredo, NAT64) are never the same.
    #[must_use]
    pub fn same_network(&self, other: &Self) -> SameNetwork {
        let usable = |address: &Self| match address.origin {
            AddressOrigin::Direct => true,
            AddressOrigin::Forwarded => !is_private(address.ip),
            AddressOrigin::Unknown => false,
        };
        let own = |address: &Self| usable(address) && !is_shared(address.ip);
        if own(self) && own(other) && self.network() == other.network() { SameNetwork::Yes } else { SameNetwork::No }
    }

    /// IPv4 /32 or IPv6 /64.
    #[must_use]
    pub fn network(&self) -> NetworkPrefix {
        NetworkPrefix::of(self.ip, 64)
    }

    /// IPv6 /48, the usual allotment of one site; `None` for IPv4.
    #[must_use]
    pub fn site(&self) -> Option<NetworkPrefix> {
        self.ip.is_ipv6().then(|| NetworkPrefix::of(self.ip, 48))
    }
}

impl NetworkPrefix {
    fn of(ip: IpAddr, v6_bits: u8) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => Self { address: v4.into(), bits: 32 },
            IpAddr::V6(v6) => {
                let mask = u128::MAX << (128 - u32::from(v6_bits));
                Self { address: IpAddr::V6((v6.to_bits() & mask).into()), bits: v6_bits }
            }
        }
    }
}

impl fmt::Display for NetworkPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Addresses whose /64 says nothing about the household.
fn is_shared(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => {
            let [first, second, third, ..] = v6.segments();
            let teredo = first == 0x2001 && second == 0;
            let nat64 = first == 0x64 && second == 0xff9b && third <= 1;
            v6.is_unicast_link_local() || teredo || nat64
        }
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ip: &str, origin: AddressOrigin) -> ClientAddress {
        ClientAddress { ip: ip.parse::<IpAddr>().unwrap().to_canonical(), origin }
    }

    #[test]
    fn same_network_is_equal_ipv4_or_the_same_ipv6_64() {
        use AddressOrigin::{Direct, Forwarded, Unknown};
        use SameNetwork::{No, Yes};
        for (a, a_from, b, b_from, expected) in [
            ("203.0.113.7", Direct, "203.0.113.7", Direct, Yes),
            ("203.0.113.7", Forwarded, "203.0.113.7", Forwarded, Yes),
            ("203.0.113.7", Direct, "203.0.113.8", Direct, No),
            ("::ffff:203.0.113.7", Direct, "203.0.113.7", Direct, Yes),
            ("2001:db8:1:2::1", Direct, "2001:db8:1:2:9::", Direct, Yes),
            ("2001:db8:1:2::1", Direct, "2001:db8:1:3::1", Direct, No),
            ("203.0.113.7", Direct, "2001:db8::1", Direct, No),
            ("203.0.113.7", Direct, "203.0.113.7", Unknown, No),
            ("192.168.1.9", Direct, "192.168.1.9", Direct, Yes),
            ("192.168.1.9", Forwarded, "192.168.1.9", Forwarded, No),
            ("100.64.0.1", Forwarded, "100.64.0.1", Forwarded, No),
            ("fd00::1", Forwarded, "fd00::1", Forwarded, No),
            ("127.0.0.1", Direct, "127.0.0.1", Direct, Yes),
            ("fe80::1", Direct, "fe80::2", Direct, No),
            ("2001:0:53aa::1", Direct, "2001:0:53aa::1", Direct, No),
            ("64:ff9b::1", Direct, "64:ff9b::2", Direct, No),
        ] {
            assert_eq!(at(a, a_from).same_network(&at(b, b_from)), expected, "{a} {a_from:?} {b} {b_from:?}");
            assert_eq!(at(b, b_from).same_network(&at(a, a_from)), expected, "symmetry of {a} {b}");
        }
    }
}
