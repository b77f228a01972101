//! Which address a request is from: the trusted proxies and the forwarding headers (RFC 9700 §4.13).
//!
//! Owns `trusted_proxies` and the reading of `X-Forwarded-For`. What an address then means (same network, prefixes for
//! limits) is decided in `proto::model`. Host and X-Forwarded-Host are never read.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::{HeaderMap, HeaderName};
use proto::model::{AddressOrigin, ClientAddress};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A block of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address alone. IPv4 mapped into IPv6 is IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressBlock {
    first: IpAddr,
    bits: u8,
}

/// Why a text is not an [`AddressBlock`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// What stands before the slash is no address.
    #[error("“{0}” is not an IP address; write a block such as 10.0.0.0/8 or 2001:db8::/32")]
    Address(String),
    /// The address is not the first of its block, so either the address or the length is a mistake.
    #[error("{given} has bits set beyond its length; did you mean {meant}?")]
    HostBits {
        /// What was written.
        given: String,
        /// The block that contains it.
        meant: AddressBlock,
    },
    /// What stands after the slash is no length for this family.
    #[error("“/{length}” is not a length of an {family} block (0 to {max})")]
    Length {
        /// What was written.
        length: String,
        /// `IPv4` or `IPv6`.
        family: &'static str,
        /// The longest.
        max: u8,
    },
}

/// The proxies whose forwarding header is believed. Empty: none is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<AddressBlock>);

impl AddressBlock {
    /// Whether `ip` lies in it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.first, ip.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => (first.to_bits() ^ ip.to_bits()) & mask_v4(self.bits) == 0,
            (IpAddr::V6(first), IpAddr::V6(ip)) => (first.to_bits() ^ ip.to_bits()) & mask_v6(self.bits) == 0,
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// The block of this length around `ip`; a mapped address with at least 96 bits becomes IPv4.
    fn around(ip: IpAddr, bits: u8) -> Self {
        match ip {
            IpAddr::V4(v4) => Self { first: IpAddr::V4((v4.to_bits() & mask_v4(bits)).into()), bits },
            IpAddr::V6(v6) => match (v6.to_ipv4_mapped(), bits.checked_sub(96)) {
                (Some(v4), Some(bits)) => Self::around(IpAddr::V4(v4), bits),
                (Some(_), None) | (None, _) => Self { first: IpAddr::V6((v6.to_bits() & mask_v6(bits)).into()), bits },
            },
        }
    }
}

impl FromStr for AddressBlock {
    type Err = InvalidBlock;

    fn from_str(text: &str) -> Result<Self, InvalidBlock> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let ip: IpAddr = address.parse().map_err(|_| InvalidBlock::Address(address.to_owned()))?;
        let (family, max) = if ip.is_ipv4() { ("IPv4", 32) } else { ("IPv6", 128) };
        let bits = match length {
            None => max,
            Some(length) => decimal(length).filter(|bits| *bits <= max).ok_or_else(|| InvalidBlock::Length {
                length: length.to_owned(),
                family,
                max,
            })?,
        };
        let block = Self::around(ip, bits);
        if block.first == ip.to_canonical() || block.first == ip {
            Ok(block)
        } else {
            Err(InvalidBlock::HostBits { given: text.to_owned(), meant: block })
        }
    }
}

impl fmt::Display for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl FromIterator<AddressBlock> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = AddressBlock>>(blocks: I) -> Self {
        Self(blocks.into_iter().collect())
    }
}

impl TrustedProxies {
    /// Reads a list of blocks.
    ///
    /// # Errors
    /// The first text that is not a block.
    pub fn parse<S: AsRef<str>>(blocks: impl IntoIterator<Item = S>) -> Result<Self, InvalidBlock> {
        blocks.into_iter().map(|block| block.as_ref().trim().parse()).collect()
    }

    /// Whether `ip` is one of them.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(ip))
    }

    /// The address of the client behind a connection from `peer` (RFC 9700 §4.13, SB-4.13-1).
    ///
    /// From a peer that is no trusted proxy: the peer. Else the right-most entry of X-Forwarded-For that is no trusted
    /// proxy, for everything left of it was written by somebody unknown. A chain of nothing but trusted proxies
    /// began at its left-most one. No entry, or a malformed one before the client is reached: unknown.
    #[must_use]
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        if !self.contains(peer) {
            return ClientAddress::direct(peer);
        }
        let mut nearest = None;
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        for entry in lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')) {
            match forwarded(entry) {
                Some(ip) => nearest = Some(ip),
                None => return unknown(peer),
            }
            if nearest.is_some_and(|ip| !self.contains(ip)) {
                break;
            }
        }
        nearest.map_or_else(|| unknown(peer), |ip| ClientAddress { ip, origin: AddressOrigin::Forwarded })
    }
}

/// Removes every header by which a proxy speaks of its client, except X-Forwarded-For from a trusted peer, so that
/// nothing behind the listener can come to believe one (SB-4.13-1).
pub fn strip_forwarding(headers: &mut HeaderMap, trusted_peer: bool) {
    // Nearly every request carries none of them: look before anything is copied.
    let unwanted = |name: &HeaderName| speaks_of_client(name.as_str()) && !(trusted_peer && *name == X_FORWARDED_FOR);
    if headers.keys().any(unwanted) {
        let names: Vec<HeaderName> = headers.keys().filter(|name| unwanted(name)).cloned().collect();
        for name in names {
            headers.remove(name);
        }
    }
}

fn speaks_of_client(name: &str) -> bool {
    match name.as_bytes().first() {
        Some(b'x') => {
            name.starts_with("x-forwarded")
                || name.starts_with("x-ssl-client-")
                || matches!(name, "x-real-ip" | "x-client-ip" | "x-client-cert" | "x-original-host")
        }
        Some(b'f') => name == "forwarded",
        // RFC 9440.
        Some(b'c') => matches!(name, "client-cert" | "client-cert-chain"),
        _ => false,
    }
}

fn unknown(peer: IpAddr) -> ClientAddress {
    ClientAddress { ip: peer.to_canonical(), origin: AddressOrigin::Unknown }
}

/// One entry: an address, perhaps with a port. Never a name, a zone or "unknown".
fn forwarded(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    // A zone (`fe80::1%1`) is accepted by SocketAddr alone, and means nothing on another machine.
    let with_port = || entry.parse().ok().filter(|_| !entry.contains('%')).map(|address: SocketAddr| address.ip());
    entry.parse().ok().or_else(with_port).or_else(bracketed).map(|ip: IpAddr| ip.to_canonical())
}

/// Digits only: `parse` alone would take "+8".
fn decimal(text: &str) -> Option<u8> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn mask_v4(bits: u8) -> u32 {
    u32::MAX.checked_shl(32_u32.saturating_sub(bits.into())).unwrap_or(0)
}

fn mask_v6(bits: u8) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(bits.into())).unwrap_or(0)
}

#[cfg(test)]
mod tests;
