//! What a request may do: the token it was accepted with.

use jose::access_token::AccessToken;

use crate::{Cause, Refusal, Scheme};

/// A request with access.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// The token: on whose behalf (`sub`), by which client (`client_id`), until when, and every other claim.
    pub token: AccessToken,
    /// The thumbprint of the key the token is bound to and the request was signed with.
    pub jkt: Option<String>,
    /// How the token was presented.
    pub scheme: Scheme,
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
