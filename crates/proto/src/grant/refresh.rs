//! A device renews its access (RFC 6749 §6) for as long as everything is as fit as it was at the redemption.
//!
//! Bound by client authentication or a DPoP key, a refresh token stays; an unbound one is replaced each time, and one that was replaced
//! and comes back ends the family (RFC 9700 §4.14.2, CF-8).

use std::time::Duration;

use super::Refusal;
use super::authenticate::Authenticated;
use super::bind::{self, Carried};
use super::issue::{Issue, Lifetimes, refreshable};
use super::revoke::revoked;
use crate::change::{Change, Decision, Require, Row};
use crate::gate::MayIssue;
use crate::model::{Client, Family, GrantType, KeyThumbprint, Refresh, Rotation, Scope, Session, User};
use crate::secret::RefreshToken;
use crate::{Entropy, Timestamp};

/// A refresh that changes nothing but when the token was used last writes that at most this often, so that many at once of
/// one client do not stand in each other's way.
pub const NOTED: Duration = Duration::from_secs(1);

/// The first generation of tokens that were issued to a key in a family that had none before: from its first proof on. What
/// is older was good without a key, so if it comes back, no key is needed to see that somebody took it.
const FIRST_TO_KEY: u32 = 1 << 31;

/// Everything a refresh looks at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The family of the presented token.
    pub family: &'a Family,
    /// Its client as it is stored now.
    pub client: Option<&'a Client>,
    /// The person.
    pub user: Option<&'a User>,
    /// The session in which they approved.
    pub session: Option<&'a Session>,
}

/// What the device gets.
#[derive(Debug)]
pub enum Refreshed<'a> {
    /// Tokens, once they are signed and the commit is done.
    Issue(Box<Issue<'a>>),
    /// A refusal, which may want something written.
    Refuse(Refusal),
}

/// Judges a refresh. `narrowed`: the scope asked for, when it is less than what was granted (RFC 6749 §6).
pub fn refresh<'a>(
    scene: Scene<'a>,
    caller: Authenticated<'_>,
    (presented, narrowed): (&RefreshToken, Option<&Scope>),
    carried: Carried<'_>,
    lifetimes: Lifetimes,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Decision<Refreshed<'a>> {
    let family = scene.family;
    let live = family.refresh.filter(|refresh| family.is_live(now) && now < refresh.idle_until);
    let (true, true, Some(live)) = (family.client_id == *caller.id(), family.id == presented.family_id(), live) else {
        return refuse(Refusal::RefreshTokenInvalid);
    };
    // It is genuine, or it would not have been read: somebody holds a token that was replaced.
    let replayed = || Decision {
        reply: Refreshed::Refuse(Refusal::RefreshTokenReplayed),
        requires: vec![Require::from(family)],
        changes: vec![revoked(family, now)],
    };
    if presented.generation() < FIRST_TO_KEY && live.generation >= FIRST_TO_KEY {
        return replayed();
    }
    let dpop = match bound_to(family, caller, carried.dpop) {
        Ok(dpop) => dpop,
        Err(refusal) => return refuse(refusal),
    };
    if presented.generation() != live.generation || presented.hash() != live.token {
        return replayed();
    }
    let may = match may_issue(scene) {
        Ok(may) => may,
        Err(refusal) => return refuse(refusal),
    };
    let scope = narrowed.filter(|scope| !scope.is_empty()).unwrap_or(&family.scope);
    if !scope.is_subset(&family.scope) {
        return refuse(Refusal::ScopeNotAllowed);
    }
    let scope = scope.clone();
    let resources = match bind::narrowed(&family.resources, carried.resources) {
        Ok(resources) => resources,
        Err(refusal) => return refuse(refusal),
    };
    let lifetimes = lifetimes.of(may.client());
    let rotates = match may.client().tokens.rotation {
        Rotation::Always => true,
        Rotation::Unbound => family.dpop.is_none() && !caller.proof().is_given(),
    };
    let is_noted = !rotates && dpop == family.dpop && family.refreshed_at.is_some_and(|at| now.since(at) < NOTED);
    let read = Require::from(family);
    let first = if family.dpop.is_none() && dpop.is_some() { FIRST_TO_KEY } else { 0 };
    let (refresh_token, refresh) = renewed(family, live, rotates.then_some(first), lifetimes, now, entropy);
    let family = Family { refresh: Some(refresh), refreshed_at: Some(now), dpop, ..family.clone() };
    let session = may.session();
    let issue = Issue {
        // As at the redemption (OpenID Connect Core §12.2): who signs in again does so in a new session.
        auth_time: session.auth_time,
        amr: &session.amr,
        scope,
        resources,
        dpop: carried.dpop,
        access_until: (now + lifetimes.access).min(family.expires_at),
        family: family.clone(),
        refresh_token,
        replaces: None,
        may,
    };
    let mut requires = issue.may.requires();
    let mut changes = Vec::new();
    if is_noted {
        requires.push(read);
    } else {
        changes.push(Change::Put(Row::Family(Box::new(family))));
    }
    Decision { requires, changes, reply: Refreshed::Issue(Box::new(issue)) }
}

/// The key that the family is bound to from now on (RFC 9449 §5). A public client's is bound to one key for good, from the
/// first proof on; another client is bound by its authentication, so its key may change, but never to none.
fn bound_to(
    family: &Family,
    caller: Authenticated<'_>,
    carried: Option<KeyThumbprint>,
) -> Result<Option<KeyThumbprint>, Refusal> {
    let may_change = caller.proof().is_given() && carried.is_some();
    bind::check_key(family.dpop.filter(|_| !may_change), carried, caller.client())?;
    Ok(carried.or(family.dpop))
}

/// The right to issue now, judged as at the redemption, and that the client may still refresh.
fn may_issue(scene: Scene<'_>) -> Result<MayIssue<'_>, Refusal> {
    let may = MayIssue::check(scene.family, scene.user, scene.client, scene.session)?;
    if !may.client().may_use(GrantType::RefreshToken) {
        Err(Refusal::RefreshNotEnabled)
    } else if !scene.family.scope.is_subset(&may.client().scopes) {
        Err(Refusal::ScopeNotAllowed)
    } else if !bind::may_name(may.client(), &scene.family.resources) {
        Err(Refusal::ResourceNotAllowed)
    } else {
        Ok(may)
    }
}

/// The same token with more time; or the next one, of a generation that is `rotated` at least.
fn renewed(
    family: &Family,
    live: Refresh,
    rotated: Option<u32>,
    lifetimes: Lifetimes,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> (Option<RefreshToken>, Refresh) {
    let end = family.expires_at;
    let Some(least) = rotated else {
        return (None, Refresh { idle_until: (now + lifetimes.refresh_idle).min(end), ..live });
    };
    let generation = live.generation.saturating_add(1).max(least);
    let (token, refresh) = refreshable(family.id, generation, lifetimes, (now, end), entropy);
    (Some(token), refresh)
}

const fn refuse<'a>(refusal: Refusal) -> Decision<Refreshed<'a>> {
    Decision::only(Refreshed::Refuse(refusal))
}

#[cfg(test)]
mod tests;
