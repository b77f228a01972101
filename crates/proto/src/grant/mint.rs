//! What tokens say: the claims of access tokens (RFC 9068 §2.2) and id_tokens (OpenID Connect Core §2).
//!
//! Signing them is the caller's; only a [`MayIssue`] gets here, and it is consumed.

use serde::Serialize;

use super::Issue;
use crate::Timestamp;
use crate::model::{
    AccessTokenFormat, Acr, Amr, Client, FamilyId, KeyThumbprint, Resource, Scope, SigningAlg, SubjectType, User,
};
use crate::secret::{MacKey, RefreshToken};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The scope that asks for an id_token (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// `typ` of an access token (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYP: &str = "at+jwt";

/// Claims of an access token.
#[derive(Clone, Debug, Serialize)]
pub struct AccessTokenClaims {
    iss: String,
    sub: String,
    aud: Audience,
    client_id: String,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'static str>,
    amr: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
    /// Names the family, so that the server itself sees a revocation at once.
    family: String,
}

/// `aud`: a text, or several (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Audience {
    /// Several.
    Many(Vec<String>),
    /// One.
    One(String),
}

/// `cnf`: the key that a token is bound to (RFC 9449 §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// Its thumbprint.
    pub jkt: String,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'static str>,
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
    /// What the access token looks like.
    pub format: AccessTokenFormat,
    /// How the client wants its access token signed, if it has a wish.
    pub access_alg: Option<SigningAlg>,
    /// How the client wants its id_token signed.
    pub id_token_alg: SigningAlg,
    /// Whether the access token is bound to a key: its type is then `DPoP` (RFC 9449 §5).
    pub is_bound: bool,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// What was granted; sent with every reply (OA-3.3-2).
    pub scope: Scope,
    /// The family.
    pub family_id: FamilyId,
    /// The new refresh token, when there is one.
    pub refresh_token: Option<RefreshToken>,
}

/// Who issues.
#[derive(Clone, Copy, Debug)]
pub struct Issuer<'a> {
    /// The issuer identifier.
    pub issuer: &'a str,
    /// The audience of access tokens for which no resource was named (AT-3-1).
    pub audience: &'a str,
    /// Makes pairwise subjects. It never changes, or everybody would become somebody else.
    pub subjects: &'a MacKey,
}

/// The claims of what is issued. `jti` is unique. Consumes the right to issue.
#[must_use]
pub fn mint(issue: Issue<'_>, issuer: Issuer<'_>, jti: String, now: Timestamp) -> Minting {
    let Issue { may, auth_time, amr, family, scope, resources, dpop, access_until, refresh_token, replaces: _ } = issue;
    let acr = Acr::of(amr).map(Acr::as_str);
    let amr: Vec<&'static str> = amr.iter().copied().map(Amr::as_str).collect();
    let sub = subject(may.user(), may.client(), issuer.subjects);
    let auth_time = auth_time.as_seconds();
    // Never later than the family's own end: NumericDate is rounded down.
    let exp = access_until.as_seconds();
    let access = AccessTokenClaims {
        iss: issuer.issuer.to_owned(),
        sub: sub.clone(),
        aud: Audience::of(&resources, issuer.audience),
        client_id: family.client_id.to_string(),
        iat: now.as_seconds(),
        exp,
        jti,
        scope: scope.to_string(),
        auth_time,
        acr,
        amr: amr.clone(),
        cnf: dpop.map(Confirmation::from),
        family: family.id.to_string(),
    };
    let id = scope.contains(OPENID).then(|| IdTokenClaims {
        iss: issuer.issuer.to_owned(),
        sub,
        aud: family.client_id.to_string(),
        iat: now.as_seconds(),
        exp,
        auth_time,
        acr,
        amr,
        at_hash: None,
        person: PersonClaims::of(may.user(), &scope),
    });
    let client = may.client();
    Minting {
        access,
        id,
        format: client.tokens.format,
        access_alg: client.tokens.alg,
        id_token_alg: client.id_token_alg,
        is_bound: dpop.is_some(),
        expires_in: access_until.since(now).as_secs(),
        scope,
        family_id: family.id,
        refresh_token,
    }
}

/// Who `user` is to `client` (OpenID Connect Core §8). A pairwise subject is an HMAC: it says nothing about the person,
/// and clients of other sectors cannot compare theirs.
#[must_use]
pub fn subject(user: &User, client: &Client, subjects: &MacKey) -> String {
    let sector: [&[u8]; 2] = match &client.tokens.subject {
        SubjectType::Public => return user.id.to_string(),
        SubjectType::Pairwise(Some(sector)) => [b"sector", sector.as_bytes()],
        SubjectType::Pairwise(None) => [b"client", client.id.as_str().as_bytes()],
    };
    let [kind, name] = sector;
    URL_SAFE_NO_PAD.encode(subjects.tag(&[kind, name, user.id.as_bytes()]).into_bytes())
}

impl Audience {
    /// The APIs that were named, or the default (RFC 9068 §3).
    #[must_use]
    pub fn of(resources: &[Resource], default: &str) -> Self {
        match resources {
            [] => Self::One(default.to_owned()),
            [one] => Self::One(one.to_string()),
            many => Self::Many(many.iter().map(Resource::to_string).collect()),
        }
    }

    /// The texts of a token that was read; `None` when there are none.
    #[must_use]
    pub fn from_texts(mut texts: Vec<String>) -> Option<Self> {
        match texts.len() {
            0 => None,
            1 => texts.pop().map(Self::One),
            _ => Some(Self::Many(texts)),
        }
    }
}

impl From<KeyThumbprint> for Confirmation {
    fn from(key: KeyThumbprint) -> Self {
        Self { jkt: key.to_string() }
    }
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
    /// What the holder of `client`'s token for `scope` may know about `user`.
    #[must_use]
    pub fn of(user: &User, scope: &Scope, client: &Client, subjects: &MacKey) -> Self {
        Self { sub: subject(user, client, subjects), person: PersonClaims::of(user, scope) }
    }
}

#[cfg(test)]
mod tests;
