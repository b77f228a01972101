//! What tokens say: the claims of access tokens (RFC 9068 §2.2) and id_tokens (OpenID Connect Core §2).
//!
//! Signing them is the caller's; only a [`MayIssue`] gets here, and it is consumed.

use std::time::Duration;

use serde::Serialize;

use super::redeem::Issue;
use crate::Timestamp;
use crate::model::{Amr, Family, FamilyId, IdTokenAlg, Scope, User};

/// The scope that asks for an id_token (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// `typ` of an access token (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYP: &str = "at+jwt";

/// Claims of an access token.
#[derive(Clone, Debug, Serialize)]
pub struct AccessTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    auth_time: i64,
    amr: Vec<&'static str>,
    /// Names the family, so that the server itself sees a revocation at once.
    family: String,
}

/// Claims of an id_token. There is no `nonce`: no authentication request carried one (OI-3).
#[derive(Clone, Debug, Serialize)]
pub struct IdTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    auth_time: i64,
    amr: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hash: Option<String>,
    #[serde(flatten)]
    person: PersonClaims,
}

/// Claims about a person, as far as the scopes allow (OpenID Connect Core §5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonClaims {
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they sign in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// Their address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Everything to sign.
#[derive(Clone, Debug)]
pub struct Minting {
    /// The access token.
    pub access: AccessTokenClaims,
    /// The id_token, when `openid` was granted (OI-1).
    pub id: Option<IdTokenClaims>,
    /// How the client wants its id_token signed.
    pub id_token_alg: IdTokenAlg,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// What was granted; sent with every reply (OA-3.3-2).
    pub scope: Scope,
    /// The family.
    pub family_id: FamilyId,
}

/// Who issues.
#[derive(Clone, Copy, Debug)]
pub struct Issuer<'a> {
    /// The issuer identifier.
    pub issuer: &'a str,
    /// The audience of access tokens for which no resource was named (AT-3-1).
    pub audience: &'a str,
}

/// The claims of what is issued. `jti` is unique. Consumes the right to issue.
#[must_use]
pub fn mint(issue: Issue<'_>, issuer: Issuer<'_>, jti: String, now: Timestamp) -> Minting {
    let Issue { may, approval, family, replaces: _ } = issue;
    let amr: Vec<&'static str> = approval.amr.iter().copied().map(Amr::as_str).collect();
    let lifetime = family.expires_at.since(now);
    let sub = may.user().id.to_string();
    let auth_time = approval.auth_time.as_seconds();
    let access = AccessTokenClaims {
        iss: issuer.issuer.to_owned(),
        sub: sub.clone(),
        aud: issuer.audience.to_owned(),
        client_id: family.client_id.to_string(),
        iat: now.as_seconds(),
        exp: expiry(now, lifetime),
        jti,
        scope: family.scope.to_string(),
        auth_time,
        amr: amr.clone(),
        family: family.id.to_string(),
    };
    let id = family.scope.contains(OPENID).then(|| IdTokenClaims {
        iss: issuer.issuer.to_owned(),
        sub,
        aud: family.client_id.to_string(),
        iat: now.as_seconds(),
        exp: expiry(now, lifetime),
        auth_time,
        amr,
        at_hash: None,
        person: PersonClaims::of(may.user(), &family.scope),
    });
    Minting {
        access,
        id,
        id_token_alg: may.client().id_token_alg,
        expires_in: lifetime.as_secs(),
        scope: family.scope,
        family_id: family.id,
    }
}

/// NumericDate of the end: never later than the family's own.
fn expiry(now: Timestamp, lifetime: Duration) -> i64 {
    (now + lifetime).as_seconds()
}

impl IdTokenClaims {
    /// The same claims, bound to the access token beside it (OpenID Connect Core §3.1.3.6).
    #[must_use]
    pub fn bound_to(mut self, at_hash: String) -> Self {
        self.at_hash = Some(at_hash);
        self
    }
}

impl PersonClaims {
    /// What `scope` lets a client know about `user`.
    #[must_use]
    pub fn of(user: &User, scope: &Scope) -> Self {
        let profile = scope.contains("profile");
        Self {
            name: user.display_name.clone().filter(|_| profile),
            preferred_username: profile.then(|| user.name.to_string()),
            email: user.email.clone().filter(|_| scope.contains("email")),
        }
    }
}

/// What `/oauth2/userinfo` says (OpenID Connect Core §5.3.2).
#[derive(Clone, Debug, Serialize)]
pub struct UserInfo {
    /// The same subject as in the id_token.
    pub sub: String,
    /// What the scopes allow.
    #[serde(flatten)]
    pub person: PersonClaims,
}

impl UserInfo {
    /// What the holder of a token of `family` may know about `user`.
    #[must_use]
    pub fn of(user: &User, family: &Family) -> Self {
        Self { sub: user.id.to_string(), person: PersonClaims::of(user, &family.scope) }
    }
}
