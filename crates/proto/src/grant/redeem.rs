//! A device presents its code (RFC 8628 §3.4, §3.5): what its poll gets once the grant is not known to be pending.

use std::time::Duration;

use super::Refusal;
use super::authenticate::Authenticated;
use super::bind::{self, Carried};
use super::issue::{Issue, Lifetimes, refreshable};
use super::revoke::revoked;
use super::start::OFFLINE_ACCESS;
use crate::change::{Change, Decision, Require, Row};
use crate::gate::MayIssue;
use crate::model::{Approval, Client, Family, FamilyId, Grant, GrantState, GrantType, Redemption, Session, User};
use crate::{Entropy, Timestamp};

/// How long after expiry a decision made in time is still honoured (CF-19).
pub const GRACE: Duration = Duration::from_secs(120);
/// A replay within this time lost a race, and is no sign of theft.
pub const RACE: Duration = Duration::from_secs(1);
/// Until then a proven holder whose reply was lost gets one replacement (CF-20).
pub const REPLACEMENT: Duration = Duration::from_secs(60);
/// From then on any other replay revokes the family (DF-3.4-8).
pub const REVOKES: Duration = Duration::from_secs(10);

/// Everything a redemption looks at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The grant of the presented code.
    pub grant: &'a Grant,
    /// The grant's client as it is stored now.
    pub client: Option<&'a Client>,
    /// The person who approved.
    pub user: Option<&'a User>,
    /// The session in which they did.
    pub session: Option<&'a Session>,
    /// The family that was issued already.
    pub family: Option<&'a Family>,
}

/// What the device gets.
#[derive(Debug)]
pub enum Redeem<'a> {
    /// Tokens, once they are signed and the commit is done.
    Issue(Box<Issue<'a>>),
    /// A refusal, which may want something written.
    Refuse(Refusal),
}

/// Judges a poll of a grant.
pub fn redeem<'a>(
    scene: Scene<'a>,
    caller: Authenticated<'_>,
    carried: Carried<'_>,
    lifetimes: Lifetimes,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Decision<Redeem<'a>> {
    let grant = scene.grant;
    if grant.client_id != *caller.id() {
        return refuse(Refusal::CodeForeign);
    }
    if let Err(refusal) = bind::check_key(grant.dpop, carried.dpop, caller.client()) {
        return refuse(refusal);
    }
    let remembered = now < grant.tombstone_until();
    match &grant.state {
        GrantState::Pending if now < grant.expires_at => refuse(Refusal::AuthorizationPending),
        GrantState::Approved(approval) if now < grant.expires_at + GRACE => {
            issue(scene, approval, carried, None, lifetimes, now, entropy).unwrap_or_else(refuse)
        }
        GrantState::Pending | GrantState::Approved(_) if remembered => refuse(Refusal::Expired),
        GrantState::Denied { .. } if remembered => refuse(Refusal::Denied),
        GrantState::Pending | GrantState::Approved(_) | GrantState::Denied { .. } => refuse(Refusal::CodeUnknown),
        GrantState::Redeemed(approval, redemption) => {
            replay(scene, caller, carried, (approval, *redemption), lifetimes, now, entropy)
        }
    }
}

/// The right to issue now: person, client and session are fit, and the client may still use this grant and ask for what
/// was approved (DF-3.4-9).
fn may_issue<'a>(scene: Scene<'a>, approval: &Approval) -> Result<MayIssue<'a>, Refusal> {
    let may = MayIssue::check(approval, scene.user, scene.client, scene.session)?;
    if !may.client().may_use(GrantType::DeviceCode) {
        Err(Refusal::GrantNotEnabled)
    } else if !scene.grant.scope.is_subset(&may.client().scopes) {
        Err(Refusal::ScopeNotAllowed)
    } else if !bind::may_name(may.client(), &scene.grant.resources) {
        Err(Refusal::ResourceNotAllowed)
    } else {
        Ok(may)
    }
}

fn issue<'a>(
    scene: Scene<'a>,
    approval: &'a Approval,
    carried: Carried<'_>,
    replaces: Option<(&Family, Redemption)>,
    lifetimes: Lifetimes,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<Decision<Redeem<'a>>, Refusal> {
    let may = may_issue(scene, approval)?;
    let grant = scene.grant;
    bind::check_verifier(grant.code_challenge, carried.code_verifier)?;
    let resources = bind::narrowed(&grant.resources, carried.resources)?;
    let lifetimes = lifetimes.of(may.client());
    let id = FamilyId::draw(now, entropy);
    let access_until = now + lifetimes.access;
    let lasting = grant.scope.contains(OFFLINE_ACCESS) && may.client().may_use(GrantType::RefreshToken);
    let end = now + lifetimes.refresh_absolute;
    let refresh = lasting.then(|| refreshable(id, 0, lifetimes, (now, end), entropy));
    let family = Family {
        id,
        grant_id: grant.id,
        client_id: grant.client_id.clone(),
        user_id: approval.user_id,
        session_id: approval.session_id,
        scope: grant.scope.clone(),
        resources: grant.resources.clone(),
        dpop: carried.dpop,
        device_name: grant.device_name.clone(),
        requester: Some(grant.requester),
        issued_at: now,
        expires_at: if lasting { end.max(access_until) } else { access_until },
        refresh: refresh.as_ref().map(|(_, refresh)| *refresh),
        refreshed_at: None,
        revoked_at: None,
        version: 0,
    };
    let redemption = Redemption {
        at: replaces.map_or(now, |(_, first)| first.at),
        last_issue: now,
        family_id: family.id,
        replaced: replaces.is_some(),
    };
    let redeemed = Grant { state: GrantState::Redeemed(approval.clone(), redemption), ..grant.clone() };
    let mut changes =
        vec![Change::Put(Row::Grant(Box::new(redeemed))), Change::Put(Row::Family(Box::new(family.clone())))];
    changes.extend(replaces.map(|(old, _)| revoked(old, now)));
    // Once in the life of a client that registered itself; a look at a field for all others.
    changes.extend(may.client().first_used().map(|client| Change::Put(Row::Client(Box::new(client)))));
    let issue = Issue {
        auth_time: approval.auth_time,
        amr: &approval.amr,
        scope: family.scope.clone(),
        resources,
        dpop: carried.dpop,
        family,
        access_until,
        refresh_token: refresh.map(|(token, _)| token),
        replaces: replaces.map(|(old, _)| old.id),
        may,
    };
    Ok(Decision { requires: issue.may.requires(), changes, reply: Redeem::Issue(Box::new(issue)) })
}

/// The code was redeemed before (RFC 6749 §4.1.2 by analogy, CF-5, CF-6, CF-20).
fn replay<'a>(
    scene: Scene<'a>,
    caller: Authenticated<'_>,
    carried: Carried<'_>,
    (approval, redemption): (&'a Approval, Redemption),
    lifetimes: Lifetimes,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Decision<Redeem<'a>> {
    let since_first = now.since(redemption.at);
    let live = scene.family.filter(|family| family.id == redemption.family_id && family.is_live(now));
    if since_first < RACE {
        return refuse(Refusal::CodeReplayed);
    }
    let bound = scene.family.and_then(|family| family.dpop);
    let proven = match (bound, carried.dpop) {
        // Whoever took the code alone does not have the key, whatever else they know.
        (Some(bound), carried) => carried == Some(bound),
        (None, _) => caller.proof().is_given(),
    };
    let may_replace = proven && since_first < REPLACEMENT && !redemption.replaced;
    if let Some(family) = live.filter(|family| may_replace && family.refreshed_at.is_none())
        && let Ok(replacement) = issue(scene, approval, carried, Some((family, redemption)), lifetimes, now, entropy)
    {
        return replacement;
    }
    match live {
        Some(family) if now.since(redemption.last_issue) >= REVOKES => Decision {
            reply: Redeem::Refuse(Refusal::CodeReplayed),
            requires: vec![Require::from(scene.grant)],
            changes: vec![revoked(family, now)],
        },
        Some(_) | None => refuse(Refusal::CodeReplayed),
    }
}

const fn refuse<'a>(refusal: Refusal) -> Decision<Redeem<'a>> {
    Decision::only(Redeem::Refuse(refusal))
}

#[cfg(test)]
mod tests;
