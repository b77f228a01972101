//! The newest nonce of every server a key was proved to (RFC 9449 §8.2), kept apart for each role and origin (§9): one
//! origin can be both, and its two nonces must not be mixed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

/// Longer ones are not taken: they would be sent back with every request.
pub(crate) const MOST_NONCE: usize = 1024;
/// More servers than one sign-in ever talks to.
pub(crate) const MOST_SERVERS: usize = 64;

/// Whose nonce.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Gives tokens.
    Authorization,
    /// Takes them.
    Resource,
}

/// A nonce, as it is kept between runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    nonce: String,
    origin: String,
    role: Role,
}

/// All of one key.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    is_changed: bool,
    newest: BTreeMap<(Role, String), String>,
}

impl Nonces {
    pub(crate) fn find(&self, role: Role, url: &Url) -> Option<String> {
        self.newest.get(&(role, origin(url))).cloned()
    }

    pub(crate) fn remember(&mut self, role: Role, url: &Url, nonce: &str) {
        self.is_changed |= self.put((role, origin(url)), nonce.to_owned());
    }

    /// What to keep, if there is something new in it since the last time.
    pub(crate) fn unkept(&mut self) -> Option<Vec<Kept>> {
        let all = self.newest.iter().map(|((role, origin), nonce)| {
            let (nonce, origin) = (nonce.clone(), origin.clone());
            Kept { nonce, origin, role: *role }
        });
        std::mem::take(&mut self.is_changed).then(|| all.collect())
    }

    /// Takes what was kept.
    pub(crate) fn recall(&mut self, kept: Vec<Kept>) {
        for Kept { nonce, origin, role } in kept.into_iter().filter(|kept| is_nonce(&kept.nonce)) {
            self.put((role, origin), nonce);
        }
    }

    /// Whether that changed anything.
    fn put(&mut self, server: (Role, String), nonce: String) -> bool {
        if self.newest.len() >= MOST_SERVERS && !self.newest.contains_key(&server) {
            self.newest.clear();
        }
        self.newest.insert(server, nonce.clone()) != Some(nonce)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.newest.len()
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The characters of RFC 9449 §8.1 (NQCHAR), and not too many of them.
pub(crate) fn is_nonce(text: &str) -> bool {
    let is_nqchar = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    (1..=MOST_NONCE).contains(&text.len()) && text.bytes().all(is_nqchar)
}
