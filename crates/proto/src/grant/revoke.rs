//! A client gives tokens back (RFC 7009): the whole family ends, whichever of its tokens is shown.

use crate::Timestamp;
use crate::change::{Change, Decision, Row};
use crate::model::{ClientId, Family};

/// Ends a family at the wish of `client`. A token of another client is left alone, and the reply is the same
/// (RFC 7009 §2.1, §2.2).
#[must_use]
pub fn revoke(family: &Family, client: &ClientId, now: Timestamp) -> Decision<bool> {
    if family.client_id != *client || family.revoked_at.is_some() {
        return Decision::only(false);
    }
    Decision { reply: true, requires: Vec::new(), changes: vec![revoked(family, now)] }
}

/// The family, ended.
pub(super) fn revoked(family: &Family, now: Timestamp) -> Change {
    Change::Put(Row::Family(Box::new(Family { revoked_at: Some(now), ..family.clone() })))
}
