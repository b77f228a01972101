//! What is kept of a sign-in: the tokens, the key they are bound to, and what is needed to use, renew and revoke them.
//! Where it is kept is `vault`'s, how an API is called with it `call`'s.

use std::time::Duration;

use proto::Timestamp;
use proto::wire::error::{ErrorCode, ErrorReply, Unusable};
use proto::wire::token::{Credential, GRANT_TYPE_REFRESH_TOKEN, Reply, TokenResponse, TokenType};
use serde::{Deserialize, Serialize};

use crate::authentication::Form;
use crate::exchange::Post;
use crate::{Client, Environment, Error, ProofKey, Transport};

/// A token with less left is renewed before it is handed out: it has to survive the way to the API.
const LEAST: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(20);
const REPLY: &str = "the answer to the renewal";

/// A signed-in application.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Opaque.
    pub access_token: Credential,
    /// The application it was given to.
    pub client_id: String,
    /// When the access token ends, if the server said so.
    pub expires_at: Option<Timestamp>,
    /// When the access token was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Timestamp>,
    /// The server.
    pub issuer: String,
    /// The person, by the most telling claim. The server's text.
    pub name: Option<String>,
    /// The key both tokens are bound to (RFC 9449 §5); none with [`TokenType::Bearer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_key: Option<ProofKey>,
    /// For new access tokens.
    pub refresh_token: Option<Credential>,
    /// What was granted, space-delimited.
    pub scope: Option<String>,
    /// The person, as the server counts them.
    pub subject: Option<String>,
    /// How the access token is presented.
    pub token_type: TokenType,
}

/// What became of a revocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revocation {
    /// The server took the tokens back.
    Done,
    /// The server offers no revocation: the tokens live until they expire.
    NotOffered,
}

impl Session {
    pub(crate) fn new<T, E>(
        client: &Client<T, E>,
        tokens: TokenResponse,
        proof_key: Option<ProofKey>,
        now: Timestamp,
    ) -> Self {
        Self {
            access_token: tokens.access_token,
            client_id: client.application.client_id.clone(),
            expires_at: tokens.expires_in.map(|seconds| now + Duration::from_secs(seconds)),
            issued_at: Some(now),
            issuer: client.server.issuer.as_str().to_owned(),
            name: None,
            proof_key,
            refresh_token: tokens.refresh_token,
            scope: tokens.scope,
            subject: None,
            token_type: tokens.token_type,
        }
    }

    /// The access token will be good for a moment longer. One without a stated end is taken to be; one that never lived
    /// long is good for as long as half its life is left.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let whole = self.issued_at.zip(self.expires_at).map(|(start, end)| end.since(start));
        let least = whole.map_or(LEAST, |whole| LEAST.min(whole / 2));
        self.expires_at.is_none_or(|end| end > now + least)
    }

    /// The access token has come near its end, and is better renewed while it is still good: in the last tenth of its life,
    /// five minutes at most. `chance` spreads many who got theirs together, up to half of that.
    #[must_use]
    pub fn is_due(&self, now: Timestamp, chance: u8) -> bool {
        const MOST: Duration = Duration::from_secs(300);
        let (Some(end), Some(start)) = (self.expires_at, self.issued_at) else { return !self.is_fresh(now) };
        let early = (end.since(start) / 10).min(MOST);
        let early = early * (256 + u32::from(chance)) / 512;
        end <= now + early.max(LEAST.min(end.since(start) / 2))
    }

    /// The access token has not ended yet.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }

    /// The tokens are bound to a key exactly if they say so (RFC 9449 §5).
    pub(crate) fn is_consistent(&self) -> bool {
        (self.token_type == TokenType::Dpop) == self.proof_key.is_some()
    }

    /// An error without the tokens, which a server may have repeated in its own words.
    pub(crate) fn without_tokens(&self, error: Error) -> Error {
        let refresh = self.refresh_token.as_ref().map(Credential::reveal).unwrap_or_default();
        error.without(self.access_token.reveal()).without(refresh)
    }

    /// The value of the Authorization header (RFC 6750 §2.1, RFC 9449 §7.1). With a bound token an API wants a proof
    /// beside it: [`Self::headers`] makes both.
    #[must_use]
    pub fn header_value(&self) -> String {
        format!("{} {}", self.token_type.as_str(), self.access_token.reveal())
    }
}

impl<T: Transport, E: Environment> Client<T, E> {
    /// A session with a new access token (RFC 6749 §6). A new refresh token replaces the old one; hold the lock of the
    /// vault from before reading the session until the new one is saved, since the old may be dead afterwards.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Refused`] with `invalid_grant` when the session is over.
    pub async fn refresh(&self, session: &Session) -> Result<Session, Error> {
        let Some(refresh_token) = &session.refresh_token else { return Err(Error::Expired) };
        let pairs = [("grant_type", GRANT_TYPE_REFRESH_TOKEN), ("refresh_token", refresh_token.reveal())];
        let form = Form { endpoint: &self.server.token, by_get: false, pairs: &pairs, timeout: TIMEOUT };
        let response = self.exchange(&Post { form, key: session.proof_key.as_ref() }, REPLY).await?;
        let reply = self.read(&response).map_or_else(Reply::Unusable, |members| Reply::parse(&members));
        let tokens = match reply {
            Reply::Tokens(tokens) if (200..300).contains(&response.status) => tokens,
            Reply::Error(error) => {
                return Err(session.without_tokens(Error::refused(response.status, &error)));
            }
            Reply::Tokens(_) => return Err(Error::unusable(REPLY, response.status, Unusable::Missing("error"))),
            Reply::Unusable(why) => return Err(Error::unusable(REPLY, response.status, why)),
        };
        self.renewed(session, tokens, response.status)
    }

    fn renewed(&self, session: &Session, tokens: TokenResponse, status: u16) -> Result<Session, Error> {
        let now = self.environment.now().wall;
        let fresh = Session::new(self, tokens, session.proof_key.clone(), now);
        is_bound_as_asked(&fresh, REPLY, status)?;
        Ok(Session {
            name: session.name.clone(),
            refresh_token: fresh.refresh_token.clone().or_else(|| session.refresh_token.clone()),
            scope: fresh.scope.clone().or_else(|| session.scope.clone()),
            subject: session.subject.clone(),
            ..fresh
        })
    }

    /// Takes the tokens back at the server (RFC 7009): the refresh token, which ends what was made from it, else the
    /// access token. The body of a success is not read (§2.2).
    ///
    /// # Errors
    /// [`Error`]; the tokens must then be taken to be alive (§2.2.1).
    pub async fn revoke(&self, session: &Session) -> Result<Revocation, Error> {
        const REPLY: &str = "the answer to the revocation";
        let Some(endpoint) = &self.server.revocation else { return Ok(Revocation::NotOffered) };
        let refresh = session.refresh_token.as_ref().map(|token| (token, "refresh_token"));
        let both = [refresh, Some((&session.access_token, "access_token"))];
        for (token, hint) in both.into_iter().flatten() {
            let pairs = [("token", token.reveal()), ("token_type_hint", hint)];
            // Revocation asks for no proof (RFC 7009): whoever has a stolen token may end it.
            let form = Form { endpoint, by_get: false, pairs: &pairs, timeout: TIMEOUT };
            let response = self.exchange(&Post { form, key: None }, REPLY).await?;
            if response.status == 200 {
                continue;
            }
            let error = self.read(&response).ok().and_then(|members| ErrorReply::find(&members));
            match error {
                // Many servers revoke refresh tokens only; the access token soon ends by itself.
                Some(error) if error.code == Some(ErrorCode::UnsupportedTokenType) && hint == "access_token" => {}
                Some(error) => return Err(session.without_tokens(Error::refused(response.status, &error))),
                None => return Err(Error::unusable(REPLY, response.status, Unusable::Missing("error"))),
            }
        }
        Ok(Revocation::Done)
    }
}

/// Refuses tokens that are not bound as the request wanted them: a Bearer answer to a proof is good for whoever steals it
/// (RFC 9449 §5), a bound one without a key for nobody.
pub(crate) fn is_bound_as_asked(session: &Session, what: &'static str, status: u16) -> Result<(), Error> {
    match (session.is_consistent(), session.token_type) {
        (true, _) => Ok(()),
        (false, TokenType::Bearer) => Err(Error::NotBound),
        (false, TokenType::Dpop) => Err(Error::Unusable { what, why: Unusable::UnknownTokenType, status }),
    }
}
