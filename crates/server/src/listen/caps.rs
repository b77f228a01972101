//! How many connections there may be, in all and of one network.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use proto::model::{ClientAddress, NetworkPrefix};

use super::ListenSettings;
use crate::telemetry::ConnectionRefusal;

/// The connections there are.
#[derive(Debug)]
pub(super) struct Caps {
    total: usize,
    per_network: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    networks: HashMap<NetworkPrefix, usize>,
}

/// The place of one connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    /// None for a trusted proxy, which takes no place.
    taken: Option<(Arc<Caps>, NetworkPrefix)>,
}

impl Caps {
    pub(super) fn new(settings: &ListenSettings) -> Arc<Self> {
        let ListenSettings { connections: total, connections_per_network: per_network, .. } = *settings;
        Arc::new(Self { total, per_network, open: Mutex::default() })
    }

    /// A place for a connection from `peer`.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr, trusted: bool) -> Result<Place, ConnectionRefusal> {
        if trusted {
            return Ok(Place { taken: None });
        }
        let network = ClientAddress::direct(peer).network();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.total {
            return Err(ConnectionRefusal::Total);
        }
        let of_network = open.networks.entry(network).or_default();
        if *of_network >= self.per_network {
            return Err(ConnectionRefusal::Network);
        }
        *of_network = of_network.saturating_add(1);
        open.total = open.total.saturating_add(1);
        Ok(Place { taken: Some((Arc::clone(self), network)) })
    }

    fn give_back(&self, network: NetworkPrefix) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        if let Entry::Occupied(mut of_network) = open.networks.entry(network) {
            match of_network.get().saturating_sub(1) {
                0 => drop(of_network.remove()),
                left => *of_network.get_mut() = left,
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((caps, network)) = self.taken.take() {
            caps.give_back(network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(connections: usize, connections_per_network: usize) -> Arc<Caps> {
        Caps::new(&ListenSettings { connections, connections_per_network, ..ListenSettings::default() })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_its_share_and_gets_it_back() {
        let caps = caps(100, 2);
        let first = caps.admit(ip("203.0.113.1"), false).unwrap();
        let _second = caps.admit(ip("::ffff:203.0.113.1"), false).unwrap();
        assert_eq!(caps.admit(ip("203.0.113.1"), false).unwrap_err(), ConnectionRefusal::Network);
        let _neighbour = caps.admit(ip("203.0.113.2"), false).unwrap();
        drop(first);
        assert!(caps.admit(ip("203.0.113.1"), false).is_ok());
    }

    #[test]
    fn ipv6_is_counted_by_64() {
        let caps = caps(100, 1);
        let _one = caps.admit(ip("2001:db8:1:2::1"), false).unwrap();
        assert_eq!(caps.admit(ip("2001:db8:1:2:ffff::9"), false).unwrap_err(), ConnectionRefusal::Network);
        assert!(caps.admit(ip("2001:db8:1:3::1"), false).is_ok());
    }

    #[test]
    fn the_total_is_kept_and_a_refusal_takes_nothing() {
        let caps = caps(2, 1);
        let _one = caps.admit(ip("203.0.113.1"), false).unwrap();
        assert_eq!(caps.admit(ip("203.0.113.1"), false).unwrap_err(), ConnectionRefusal::Network);
        let two = caps.admit(ip("203.0.113.2"), false).unwrap();
        assert_eq!(caps.admit(ip("203.0.113.3"), false).unwrap_err(), ConnectionRefusal::Total);
        drop(two);
        assert!(caps.admit(ip("203.0.113.3"), false).is_ok());
        assert_eq!(caps.open.lock().unwrap().networks.len(), 1, "networks without connections are forgotten");
    }

    #[test]
    fn trusted_proxies_are_not_counted() {
        let caps = caps(1, 1);
        let places: Vec<_> = (0..9).map(|_| caps.admit(ip("10.0.0.1"), true).unwrap()).collect();
        assert!(caps.admit(ip("203.0.113.1"), false).is_ok());
        drop(places);
    }
}
