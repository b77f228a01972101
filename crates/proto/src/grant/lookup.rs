//! A person brings a code: what the pages show them. Asked only after sign-in, so that no stranger learns whether a
//! code exists (DF-5.1, T19).

use super::bind;
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

/// Whether a pending grant can still be decided: in time, for a client that may use it and may still ask for its scope
/// and its APIs.
pub(super) fn may_be_decided(grant: &Grant, client: &Client, now: Timestamp) -> bool {
    now < grant.expires_at
        && client.enabled
        && client.may_use(GrantType::DeviceCode)
        && grant.scope.is_subset(&client.scopes)
        && bind::may_name(client, &grant.resources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::fixture::{T0, around, client, grant, session, user};
    use crate::model::{Approval, AuthMethod, FamilyId, Redemption, Resource, Scope};

    const ARRIVALS: [Arrival; 2] = [Arrival::Link, Arrival::Typed];
    const NETWORKS: [SameNetwork; 2] = [SameNetwork::No, SameNetwork::Yes];

    fn every_way() -> impl Iterator<Item = (Arrival, SameNetwork)> {
        ARRIVALS.into_iter().flat_map(|arrival| NETWORKS.map(|network| (arrival, network)))
    }

    #[test]
    fn df_3_3_1_4_df_3_3_1_a_link_skips_the_typing_where_its_policy_and_network_allow_and_never_the_question() {
        use Look::{AskForCode as Ask, Show};
        let person = user(1).id;
        for (link, expected) in [
            // Link from elsewhere, link from the device's network, typed elsewhere, typed on the device's network.
            (LinkPolicy::Always, [Show, Show, Show, Show]),
            (LinkPolicy::SameNetwork, [Ask, Show, Show, Show]),
            (LinkPolicy::Never, [Ask, Ask, Show, Show]),
        ] {
            let client = Client { link, ..client("tv", AuthMethod::None) };
            let grant = grant(&client);
            for ((arrival, network), expected) in every_way().zip(expected) {
                let seen = look(&grant, Some(&client), person, arrival, network, T0);
                assert_eq!(seen, expected, "{link:?} {arrival:?} {network:?}");
            }
        }
    }

    #[test]
    fn df_3_2_4_a_user_code_stops_working_at_expiry() {
        let client = Client { link: LinkPolicy::Always, ..client("tv", AuthMethod::None) };
        let grant = grant(&client);
        for (arrival, network) in every_way() {
            let seen =
                around(grant.expires_at).map(|now| look(&grant, Some(&client), user(1).id, arrival, network, now));
            assert_eq!(seen, [Look::Show, Look::Unusable, Look::Unusable]);
        }
    }

    #[test]
    fn nothing_is_shown_for_a_client_that_may_not_use_the_grant_or_ask_for_its_scope_or_api() {
        let fit = Client { link: LinkPolicy::Never, ..client("tv", AuthMethod::None) };
        let grant = grant(&fit);
        let disabled = Client { enabled: false, ..fit.clone() };
        let not_enabled = Client { grants: vec![GrantType::RefreshToken], ..fit.clone() };
        let narrowed = Client { scopes: Scope::parse("openid").unwrap(), ..fit.clone() };
        for client in [None, Some(&disabled), Some(&not_enabled), Some(&narrowed)] {
            for (arrival, network) in every_way() {
                assert_eq!(look(&grant, client, user(1).id, arrival, network, T0), Look::Unusable);
            }
        }
        let api = Resource::parse("https://api.example.com").unwrap();
        let mut may_name_it = fit.clone();
        may_name_it.tokens.resources = vec![api.clone()];
        let grant = Grant { resources: vec![api], ..grant };
        for (client, expected) in [(&fit, Look::Unusable), (&may_name_it, Look::Show)] {
            let seen = look(&grant, Some(client), user(1).id, Arrival::Typed, SameNetwork::Yes, T0);
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn df_3_3_12_a_decided_code_tells_its_outcome_to_who_decided_and_nothing_to_others() {
        let client = client("tv", AuthMethod::None);
        let (mine, other) = (user(1).id, user(2).id);
        let session = session(1, &user(1));
        let approval =
            Approval { at: T0, user_id: mine, session_id: session.id, auth_time: session.auth_time, amr: session.amr };
        let redemption =
            Redemption { at: T0, last_issue: T0, family_id: FamilyId::from_bytes([1; 16]), replaced: false };
        for (state, ended) in [
            (GrantState::Approved(approval.clone()), Ended::Approved),
            (GrantState::Redeemed(approval, redemption), Ended::Approved),
            (GrantState::Denied { at: T0, by: mine, reported: false }, Ended::Denied),
            (GrantState::Denied { at: T0, by: mine, reported: true }, Ended::Denied),
        ] {
            let grant = Grant { state, ..grant(&client) };
            for (arrival, network) in every_way() {
                for now in [T0, grant.expires_at, grant.tombstone_until()] {
                    let seen = |person| look(&grant, Some(&client), person, arrival, network, now);
                    assert_eq!((seen(mine), seen(other)), (Look::Decided(ended), Look::Unusable));
                }
            }
        }
    }
}
