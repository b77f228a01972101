//! Answers that are used again for some seconds, under the hash of their token; the oldest goes when there is no room.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use proto::Timestamp;
use proto::secret::SecretHash;

use super::IntrospectionResponse;

/// Active and inactive apart: whoever shows noise empties the one shelf and never the other.
pub(super) struct Kept {
    pub(super) active: Shelf,
    pub(super) inactive: Shelf,
}

impl Kept {
    pub(super) fn new(most: usize) -> Self {
        Self { active: Shelf::new(most), inactive: Shelf::new(most) }
    }

    pub(super) fn find(&self, name: &SecretHash, now: Timestamp) -> Option<Arc<IntrospectionResponse>> {
        self.active.find(name, now).or_else(|| self.inactive.find(name, now))
    }
}

pub(super) struct Shelf {
    most: usize,
    entries: HashMap<SecretHash, Entry>,
    /// In the order they came. One that was replaced stands here twice; its first place is an empty one.
    order: VecDeque<(SecretHash, u64)>,
    next: u64,
}

struct Entry {
    response: Arc<IntrospectionResponse>,
    until: Timestamp,
    number: u64,
}

impl Shelf {
    fn new(most: usize) -> Self {
        Self { most, entries: HashMap::new(), order: VecDeque::new(), next: 0 }
    }

    fn find(&self, name: &SecretHash, now: Timestamp) -> Option<Arc<IntrospectionResponse>> {
        self.entries.get(name).filter(|entry| now < entry.until).map(|entry| Arc::clone(&entry.response))
    }

    pub(super) fn put(
        &mut self,
        name: SecretHash,
        response: Arc<IntrospectionResponse>,
        until: Timestamp,
        now: Timestamp,
    ) {
        while self.order.front().is_some_and(|oldest| self.order.len() >= self.most || !self.is_good(oldest, now)) {
            self.drop_oldest();
        }
        if until <= now || self.most == 0 {
            return;
        }
        let number = self.next;
        self.next += 1;
        self.entries.insert(name, Entry { response, until, number });
        self.order.push_back((name, number));
    }

    fn is_good(&self, (name, number): &(SecretHash, u64), now: Timestamp) -> bool {
        self.entries.get(name).is_some_and(|entry| entry.number == *number && now < entry.until)
    }

    fn drop_oldest(&mut self) {
        if let Some((name, number)) = self.order.pop_front()
            && self.entries.get(&name).is_some_and(|entry| entry.number == number)
        {
            self.entries.remove(&name);
        }
    }
}
