//! What a request may do: the token it was accepted with.

use jose::Claims;
use jose::access_token::AccessToken;
use proto::Timestamp;

use crate::{Cause, Refusal, Scheme};

/// A request with access.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// The token: on whose behalf (`sub`), by which client (`client_id`), until when, and every other claim.
    pub token: Token,
    /// The thumbprint of the key the token is bound to and the request was signed with.
    pub jkt: Option<String>,
    /// How the token was presented.
    pub scheme: Scheme,
}

/// An access token that is good here and now, as a JWT says it or the authorization server does.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// The client it was issued to.
    pub client_id: String,
    /// When it ends.
    pub exp: Timestamp,
    /// When it was issued. A JWT always says so.
    pub iat: Option<Timestamp>,
    /// Its name. A JWT always has one.
    pub jti: Option<String>,
    /// On whose behalf it acts.
    pub sub: String,
    /// Every claim.
    pub claims: Claims,
}

impl From<AccessToken> for Token {
    fn from(token: AccessToken) -> Self {
        let AccessToken { client_id, exp, iat, jti, sub, claims } = token;
        Self { client_id, exp, iat: Some(iat), jti: Some(jti), sub, claims }
    }
}

impl Access {
    /// The scopes of the token.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.token.claims.scope.as_deref().unwrap_or_default().split(' ').filter(|scope| !scope.is_empty())
    }

    /// Demands every one of `scopes`.
    ///
    /// # Errors
    /// [`Cause::MissingScope`], naming all that are demanded (RFC 6750 §3.1).
    pub fn require(&self, scopes: &[&str]) -> Result<(), Refusal> {
        if scopes.iter().all(|wanted| self.scopes().any(|scope| scope == *wanted)) {
            return Ok(());
        }
        Err(Refusal { cause: Cause::MissingScope(scopes.join(" ")), scheme: Some(self.scheme) })
    }
}
