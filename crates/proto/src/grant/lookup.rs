//! A person brings a code: what the pages show them. Asked only after sign-in, so that no stranger learns whether a
//! code exists (DF-5.1, T19).

use crate::Timestamp;
use crate::model::{Client, Grant, GrantState, GrantType, LinkPolicy, SameNetwork, UserId};

/// How the code came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// By `verification_uri_complete`.
    Link,
    /// Typed by the person.
    Typed,
}

/// How a grant ended, as its person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// They said yes.
    Approved,
    /// They said no.
    Denied,
    /// Time ran out.
    Expired,
}

/// What the pages show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The code must be typed: its link does not count for this client and network.
    AskForCode,
    /// The same person decided it already.
    Decided(Ended),
    /// The question.
    Show,
    /// This code cannot be used: unknown, expired, or somebody else decided.
    Unusable,
}

/// Judges what `person` sees of a grant. `network`: whether their browser is on the device's own network.
#[must_use]
pub fn look(
    grant: &Grant,
    client: Option<&Client>,
    person: UserId,
    arrival: Arrival,
    network: SameNetwork,
    now: Timestamp,
) -> Look {
    match &grant.state {
        GrantState::Approved(approval) | GrantState::Redeemed(approval, _) if approval.user_id == person => {
            Look::Decided(Ended::Approved)
        }
        GrantState::Denied { by, .. } if *by == person => Look::Decided(Ended::Denied),
        GrantState::Approved(_) | GrantState::Redeemed(..) | GrantState::Denied { .. } => Look::Unusable,
        GrantState::Pending => {
            let Some(client) = client.filter(|client| may_be_decided(grant, client, now)) else {
                return Look::Unusable;
            };
            match (arrival, client.link, network) {
                (Arrival::Typed, _, _)
                | (Arrival::Link, LinkPolicy::Always, _)
                | (Arrival::Link, LinkPolicy::SameNetwork, SameNetwork::Yes) => Look::Show,
                (Arrival::Link, LinkPolicy::Never, _) | (Arrival::Link, LinkPolicy::SameNetwork, SameNetwork::No) => {
                    Look::AskForCode
                }
            }
        }
    }
}

/// Whether a pending grant can still be decided: in time, for a client that may use it.
pub(super) fn may_be_decided(grant: &Grant, client: &Client, now: Timestamp) -> bool {
    now < grant.expires_at && client.enabled && client.may_use(GrantType::DeviceCode)
}
