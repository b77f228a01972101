//! An API asks what a token is good for (RFC 7662): everything is judged anew each time, and whatever is wrong, the answer
//! is only that the token is not active.

use serde::Serialize;

use super::Refusal;
use super::authenticate::Authenticated;
use super::mint::{Audience, Confirmation, subject};
use crate::Timestamp;
use crate::gate::MayIssue;
use crate::model::{Acr, Amr, Client, Family, KeyThumbprint, Scope, Session, SubjectType, User};
use crate::secret::{MacKey, RefreshToken};

/// What is said about a token (RFC 7662 §2.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Introspection {
    /// It is good.
    Active(Box<Active>),
    /// It is not, and nothing more is said.
    Inactive {
        /// `false`.
        active: bool,
    },
}

/// What is said about a good one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Active {
    active: bool,
    scope: String,
    client_id: String,
    /// A name would undo what a pairwise subject is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Audience>,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'static str>,
    amr: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
}

/// A token that was read and is genuine.
#[derive(Clone, Debug)]
pub enum Shown {
    /// An access token that this server signed and that has not expired.
    Access {
        /// What it is good for.
        scope: Scope,
        /// `aud`.
        aud: Vec<String>,
        /// The key that it is bound to.
        dpop: Option<KeyThumbprint>,
        /// `exp`.
        exp: Timestamp,
        /// `iat`.
        iat: Timestamp,
        /// `jti`.
        jti: String,
    },
    /// A refresh token.
    Refresh(RefreshToken),
}

/// Everything an introspection looks at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The family of the token.
    pub family: &'a Family,
    /// Its client.
    pub client: Option<&'a Client>,
    /// The person.
    pub user: Option<&'a User>,
    /// The session in which they approved.
    pub session: Option<&'a Session>,
}

/// The answer to everything that is not good.
pub const INACTIVE: Introspection = Introspection::Inactive { active: false };

/// Whether `caller` may ask at all (RFC 7662 §2.1, §4).
///
/// # Errors
/// It may not.
pub fn may_introspect(caller: Authenticated<'_>) -> Result<(), Refusal> {
    if caller.proof().is_given() && caller.client().introspects {
        Ok(())
    } else {
        Err(Refusal::IntrospectionNotEnabled)
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub struct Answerer<'a> {
    /// The issuer identifier, which is also the audience of tokens for which no resource was named.
    pub issuer: &'a str,
    /// Makes pairwise subjects.
    pub subjects: &'a MacKey,
}

/// What a token is good for. A refresh token is nobody's business but its own client's; an API is told of tokens for its
/// resources, and one that has none of those for which no resource was named (RFC 7662 §4).
#[must_use]
pub fn introspect(
    scene: Scene<'_>,
    shown: Shown,
    caller: Authenticated<'_>,
    answerer: Answerer<'_>,
    now: Timestamp,
) -> Introspection {
    let Scene { family, client, user, session } = scene;
    let (true, Ok(may)) = (family.is_live(now), MayIssue::check(family, user, client, session)) else {
        return INACTIVE;
    };
    let mut told = Told::default();
    let (scope, exp) = match shown {
        Shown::Access { scope, aud, dpop, exp, iat, jti } => {
            if !is_for(caller.client(), &aud, answerer.issuer) {
                return INACTIVE;
            }
            told = Told { aud: Audience::from_texts(aud), dpop, iat: Some(iat), jti: Some(jti), is_access: true };
            (scope, exp)
        }
        Shown::Refresh(token) => {
            let live = family.refresh.filter(|refresh| refresh.token == token.hash() && now < refresh.idle_until);
            match live.filter(|_| *caller.id() == family.client_id) {
                Some(refresh) => (family.scope.clone(), refresh.idle_until.min(family.expires_at)),
                None => return INACTIVE,
            }
        }
    };
    let token_type = told.is_access.then_some(if told.dpop.is_some() { "DPoP" } else { "Bearer" });
    Introspection::Active(Box::new(Active {
        active: true,
        scope: scope.to_string(),
        client_id: family.client_id.to_string(),
        username: (may.client().tokens.subject == SubjectType::Public).then(|| may.user().name.to_string()),
        token_type,
        exp: exp.as_seconds(),
        iat: told.iat.map(Timestamp::as_seconds),
        sub: subject(may.user(), may.client(), answerer.subjects),
        aud: told.aud,
        iss: answerer.issuer.to_owned(),
        jti: told.jti,
        auth_time: may.session().auth_time.as_seconds(),
        acr: Acr::of(&may.session().amr).map(Acr::as_str),
        amr: may.session().amr.iter().copied().map(Amr::as_str).collect(),
        cnf: told.dpop.map(Confirmation::from),
    }))
}

/// Whether a token for `aud` is for the API `client`. `default`: the audience of tokens for which no resource was named.
fn is_for(client: &Client, aud: &[String], default: &str) -> bool {
    match client.tokens.resources.as_slice() {
        [] => aud.iter().any(|aud| aud == default),
        own => own.iter().any(|own| aud.iter().any(|aud| aud == own.as_str())),
    }
}

/// What is told of an access token alone.
#[derive(Default)]
struct Told {
    aud: Option<Audience>,
    dpop: Option<KeyThumbprint>,
    iat: Option<Timestamp>,
    jti: Option<String>,
    is_access: bool,
}
