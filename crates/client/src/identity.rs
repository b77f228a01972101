//! Who signed in: the id_token, its signature always checked against the server's keys (OpenID Connect Core §3.1.3.7),
//! and the UserInfo endpoint (§5.3). The rules of validation are `jose`'s; fetching keys is ours.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use http::header::ACCEPT;
use jose::id_token::{self, Expected, IdToken};
use jose::{Algorithm, JwkSet, MAX_LEEWAY, TokenError, VerifyError};
use proto::wire::error::{ErrorReply, Unusable};
use proto::wire::members::Members;
use proto::wire::token::TokenResponse;
use serde_json::Value;

use crate::authentication::MOST_REPLY;
use crate::provider::{TENANT, is_uuid};
use crate::{Call, Client, Endpoint, Environment, Error, Plain, Server, Session, Transport, body, call, discovery};

/// The algorithms accepted on id_tokens; a server can narrow them, never widen.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256];
/// How deep claims may be nested.
const MOST_DEPTH: usize = 16;
const USERINFO_TIMEOUT: Duration = Duration::from_secs(15);
const USERINFO_REPLY: &str = "the answer of the userinfo endpoint";

/// Why an id_token was not used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdentityError {
    /// It is wrong.
    #[error("the server's word on who signed in is not valid: {0}")]
    Invalid(TokenError),
    /// The keys could not be fetched or read.
    #[error("the server's keys cannot be used: {0}")]
    Keys(Plain),
    /// The server publishes no keys.
    #[error("the server publishes no keys")]
    NoKeys,
}

impl IdentityError {
    /// The token is out of its time, which is what the wrong clock of a device looks like.
    #[must_use]
    pub const fn is_about_time(&self) -> bool {
        use TokenError::{Expired, IssuedInFuture, IssuedTooLongAgo, NotYetValid};
        matches!(self, Self::Invalid(Expired | IssuedInFuture | IssuedTooLongAgo | NotYetValid))
    }
}

/// A person, on the checked word of the server.
#[derive(Clone, PartialEq, Debug)]
pub struct Identity {
    /// Every claim, as sent.
    pub claims: Members,
    /// The most telling name among the claims.
    pub name: Plain,
    /// Unique and never reassigned within the issuer.
    pub subject: String,
}

impl Identity {
    fn new(subject: String, claims: Members) -> Self {
        let named = ["preferred_username", "name", "email"].into_iter().find_map(|claim| {
            let name = Plain::new(claims.get(claim).and_then(Value::as_str)?, 64);
            (!name.is_empty()).then_some(name)
        });
        Self { name: named.unwrap_or_else(|| Plain::new(&subject, 64)), claims, subject }
    }
}

/// The identity in a token response; `None` when it has no id_token.
pub(crate) async fn of<T: Transport, E: Environment>(
    client: &Client<T, E>,
    tokens: &TokenResponse,
) -> Result<Option<Identity>, IdentityError> {
    let Some(token) = &tokens.id_token else { return Ok(None) };
    let endpoint = client.server.jwks.as_ref().ok_or(IdentityError::NoKeys)?;
    let check = |keys: &JwkSet| validate(client, token.reveal(), tokens.access_token.reveal(), keys);

    let mut verdict = check(&keys(client, endpoint).await?);
    if verdict == Err(TokenError::Verify(VerifyError::KeyNotFound)) {
        // A key may have been rotated in after a cache on the way took its copy (OpenID Connect Core §10.1.1). Once.
        verdict = check(&keys(client, endpoint).await?);
    }
    let IdToken { sub, members, .. } = verdict.map_err(IdentityError::Invalid)?;
    Ok(Some(Identity::new(sub, members)))
}

fn validate<T, E: Environment>(
    client: &Client<T, E>,
    token: &str,
    access_token: &str,
    keys: &JwkSet,
) -> Result<IdToken, TokenError> {
    let published = &client.server.metadata.id_token_signing_alg_values_supported;
    let offered =
        |algorithm: &Algorithm| published.is_empty() || published.iter().any(|name| name.parse() == Ok(*algorithm));
    let algorithms: Vec<Algorithm> = ALGORITHMS.into_iter().filter(offered).collect();
    let issuer = expected_issuer(client, token);
    let expected = Expected {
        issuer: &issuer,
        client_id: &client.application.client_id,
        trusted_audiences: &[],
        algorithms: &algorithms,
        keys: keys.into(),
        access_token: Some(access_token),
        nonce: None,
        now: client.environment.now().wall,
        leeway: MAX_LEEWAY,
        max_age: id_token::MAX_AGE,
    };
    id_token::validate(token, &expected)
}

/// The issuer that the token must name: the configured one; with a provider that publishes another word for its tenants,
/// what it publishes, and where that has a place for the tenant, the token's own.
fn expected_issuer<T, E>(client: &Client<T, E>, token: &str) -> String {
    let Server { issuer, metadata, provider, .. } = &client.server;
    if !provider.tenant_in_issuer {
        return issuer.as_str().to_owned();
    }
    let claims = token.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    let claims = claims.and_then(|claims| jose::json::parse_object(&claims, MOST_DEPTH).ok());
    // Unverified so far: it chooses among issuers whose keys are the same, and has to be right in the end.
    let tenant = claims.as_ref().and_then(|claims| claims.get("tid")).and_then(Value::as_str);
    match tenant.filter(|tenant| is_uuid(tenant)) {
        Some(tenant) => metadata.issuer.replace(TENANT, tenant),
        None => metadata.issuer.clone(),
    }
}

async fn keys<T: Transport, E: Environment>(
    client: &Client<T, E>,
    endpoint: &Endpoint,
) -> Result<JwkSet, IdentityError> {
    let fetch = || discovery::fetch(&client.transport, endpoint.url().clone(), client.server.plaintext);
    let response = match fetch().await {
        // The sign-in is spent by now: worth a second attempt.
        Err(discovery::DiscoveryError::Unreachable(_)) => fetch().await,
        other => other,
    };
    let wrong = |text: String| IdentityError::Keys(Plain::new(&text, 200));
    let response = response.map_err(|error| wrong(error.to_string()))?;
    JwkSet::parse(&response.body).map_err(|error| wrong(error.to_string()))
}

impl<T: Transport, E: Environment> Client<T, E> {
    /// Asks the server who the session belongs to; `None` when it has no such endpoint. An answer about another subject
    /// than the id_token's is refused (OpenID Connect Core §5.3.2).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn userinfo(&self, session: &Session) -> Result<Option<Identity>, Error> {
        let Some(endpoint) = &self.server.userinfo else { return Ok(None) };
        let mut request = Call { most: MOST_REPLY, timeout: USERINFO_TIMEOUT, ..Call::get(endpoint.clone()) };
        request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = call(&self.transport, &self.environment, session, &request).await?;
        let unusable = |why| Error::unusable(USERINFO_REPLY, response.status, why);
        if response.status != 200 {
            let error = body::members(&response).ok().and_then(|members| ErrorReply::find(&members));
            let refused = |error| session.without_tokens(Error::refused(response.status, &error));
            return Err(error.map_or_else(|| unusable(Unusable::Missing("sub")), refused));
        }
        let members = body::members(&response).map_err(unusable)?;
        let subject = members.get("sub").and_then(Value::as_str).ok_or_else(|| unusable(Unusable::Missing("sub")))?;
        match &session.subject {
            Some(known) if known != subject => Err(IdentityError::Invalid(TokenError::Subject).into()),
            _ => Ok(Some(Identity::new(subject.to_owned(), members))),
        }
    }
}
