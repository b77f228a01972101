//! Which addresses may be connected to when a stranger chose the name: public ones, and those of listed networks.
//!
//! IPv6 is public only inside 2000::/3 (IANA's registry of global unicast); what IANA's registries of special-purpose
//! addresses (RFC 6890) set aside is taken out of both families. Forms that carry an IPv4 address inside are judged by it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::AddressBlock;

/// Networks that may be fetched from although they are not public.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Networks(Vec<AddressBlock>);

/// How an address is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// By the operator's list.
    Listed,
    /// Like everything on the internet.
    Public,
}

/// Why an address is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// For tests of equipment (RFC 2544, RFC 5180).
    Benchmark,
    /// For examples (RFC 5737, RFC 9637).
    Documentation,
    /// Of one link, where clouds keep their metadata (RFC 3927, RFC 4291 §2.5.6).
    LinkLocal,
    /// This machine.
    Loopback,
    /// A cloud's own service, which trusts whoever reaches it.
    Metadata,
    /// To many, or to all.
    Multicast,
    /// The well-known prefix of NAT64, which leads to an IPv4 address (RFC 6052).
    Nat64,
    /// Of a private network (RFC 1918, RFC 4193).
    Private,
    /// Not assigned, or for the protocols' own purposes (RFC 6890).
    Reserved,
    /// Behind a provider's address translation (RFC 6598).
    Shared,
    /// An IPv4 address in the clothes of IPv6: mapped, compatible, 6to4, Teredo, local NAT64.
    Tunnelled,
    /// No address at all, which many systems take for this machine.
    Unspecified,
}

impl Networks {
    pub(super) const fn new(listed: Vec<AddressBlock>) -> Self {
        Self(listed)
    }

    /// Whether `ip` may be connected to.
    pub(super) fn allow(&self, ip: IpAddr) -> Result<Allowed, Special> {
        match special(ip) {
            None => Ok(Allowed::Public),
            Some(special) if special.may_be_listed() && self.0.iter().any(|block| block.contains(ip)) => {
                match (special, ip) {
                    (Special::Nat64, IpAddr::V6(v6)) => self.allow(IpAddr::V4(low_half(v6))),
                    _ => Ok(Allowed::Listed),
                }
            }
            Some(special) => Err(special),
        }
    }
}

impl Special {
    /// Some are never meant, even when a wide network is listed.
    const fn may_be_listed(self) -> bool {
        match self {
            Self::Benchmark
            | Self::Documentation
            | Self::Loopback
            | Self::Nat64
            | Self::Private
            | Self::Reserved
            | Self::Shared => true,
            Self::LinkLocal | Self::Metadata | Self::Multicast | Self::Tunnelled | Self::Unspecified => false,
        }
    }
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Benchmark => "a benchmarking address",
            Self::Documentation => "an address of documentation",
            Self::LinkLocal => "a link-local address",
            Self::Loopback => "a loopback address",
            Self::Metadata => "an address of a cloud's metadata",
            Self::Multicast => "a multicast address",
            Self::Nat64 => "a NAT64 address",
            Self::Private => "a private address",
            Self::Reserved => "a reserved address",
            Self::Shared => "a shared address (RFC 6598)",
            Self::Tunnelled => "an IPv4 address inside an IPv6 address",
            Self::Unspecified => "no address of a machine",
        })
    }
}

/// What `ip` is set aside for; `None` for a public address.
fn special(ip: IpAddr) -> Option<Special> {
    match ip {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

fn special_v4(ip: Ipv4Addr) -> Option<Special> {
    match ip.octets() {
        // Oracle, Alibaba, Azure; those of the others are link-local.
        [192, 0, 0, 192] | [100, 100, 100, 200] | [168, 63, 129, 16] => Some(Special::Metadata),
        [0, ..] => Some(Special::Unspecified),
        [127, ..] => Some(Special::Loopback),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Special::Private),
        [100, 64..=127, ..] => Some(Special::Shared),
        [169, 254, ..] => Some(Special::LinkLocal),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some(Special::Documentation),
        [198, 18 | 19, ..] => Some(Special::Benchmark),
        [224..=239, ..] | [255, 255, 255, 255] => Some(Special::Multicast),
        // 192.88.99.0/24 was the way into 6to4 (RFC 7526).
        [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => Some(Special::Reserved),
        _ => None,
    }
}

fn special_v6(ip: Ipv6Addr) -> Option<Special> {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Special::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Special::Loopback),
        // Compatible and mapped (RFC 4291 §2.5.5), Teredo (RFC 4380), 6to4 (RFC 3056), local NAT64 (RFC 8215): where the
        // IPv4 address stands in the last is for its network to know.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x2001, 0, ..] | [0x2002, ..] | [0x64, 0xff9b, 1, ..] => {
            Some(Special::Tunnelled)
        }
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(Special::Nat64),
        // Amazon, Google.
        [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..] => Some(Special::Metadata),
        [0xfc00..=0xfdff, ..] => Some(Special::Private),
        [0xfe80..=0xfebf, ..] => Some(Special::LinkLocal),
        [0xff00..=0xffff, ..] => Some(Special::Multicast),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some(Special::Documentation),
        [0x2001, 2, 0, ..] => Some(Special::Benchmark),
        // 2001::/23 is for protocols, 3ffe::/16 was the 6bone.
        [0x2001, 0..=0x1ff, ..] | [0x3ffe, ..] => Some(Special::Reserved),
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Special::Reserved),
    }
}

fn low_half(ip: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = ip.octets();
    Ipv4Addr::new(a, b, c, d)
}
