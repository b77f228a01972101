//! Which requests have access: the token judged first, a JWT by its signature and any other by whoever issued it, then the
//! key it is bound to.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method, Uri};
use jose::access_token::{self, AccessToken};
use jose::dpop::{self, NoncePolicy, Nonces, Replays, Seen, Window};
use jose::{Algorithm, Claims, JwkSet, TokenError, VerifyError};
use proto::Timestamp;
use serde_json::Value;

use crate::address::origin;
use crate::credentials::{Presented, is_jwt};
use crate::introspection::{self, IntrospectionResponse};
use crate::keys::KeyCache;
use crate::{Access, Cause, Introspection, KeySource, Metadata, Refusal, Scheme, Token};

const LEEWAY: Duration = Duration::from_secs(30);
/// Some 50 MB at worst, and 1,000 requests a minute with one key.
const MOST_PROOFS: usize = 500_000;
const MOST_PROOFS_PER_KEY: usize = 1_250;

/// Judges the requests to one resource. Made once, shared by all of them.
#[derive(Debug)]
pub struct Validator<S> {
    issuer: String,
    pub(crate) audience: String,
    pub(crate) algorithms: Vec<Algorithm>,
    keys: KeyCache<S>,
    introspection: Option<Introspection>,
    leeway: Duration,
    external_url: Option<String>,
    pub(crate) must_be_bound: bool,
    pub(crate) nonces: Option<Nonces>,
    most_proofs: (usize, usize),
    replays: Mutex<Replays>,
    pub(crate) metadata_url: Option<String>,
}

impl<S: KeySource> Validator<S> {
    /// For the resource that tokens of `issuer` name as `audience`, usually its URL (RFC 8707). All algorithms are
    /// allowed, clocks may be half a minute apart, bound and unbound tokens are welcome.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, source: S) -> Self {
        let audience = audience.into();
        Self {
            issuer: issuer.into(),
            external_url: origin(&audience).map(str::to_owned),
            audience,
            algorithms: Algorithm::ALL.to_vec(),
            keys: KeyCache::new(source),
            introspection: None,
            leeway: LEEWAY,
            must_be_bound: false,
            nonces: None,
            most_proofs: (MOST_PROOFS, MOST_PROOFS_PER_KEY),
            replays: Mutex::new(Replays::new(Window::default().span(), MOST_PROOFS, MOST_PROOFS_PER_KEY)),
            metadata_url: None,
        }
    }

    /// Accepts tokens that are no JWTs, of which the authorization server is asked what they are good for. Without it such
    /// a token is refused.
    #[must_use]
    pub fn introspection(mut self, introspection: Introspection) -> Self {
        self.introspection = Some(introspection);
        self
    }

    /// Allows these algorithms alone, for tokens and proofs.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl Into<Vec<Algorithm>>) -> Self {
        self.algorithms = algorithms.into();
        self
    }

    /// How far the issuer's clock may be off; cut to a minute (RFC 9068 §4).
    #[must_use]
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// What the client puts before the path that arrives here, for an API behind a proxy that rewrites addresses, or one
    /// whose audience is no URL. Unless given, the origin of the audience; without either no proof is accepted.
    #[must_use]
    pub fn external_url(mut self, base: &str) -> Self {
        self.external_url = Some(base.trim_end_matches('/').to_owned());
        self
    }

    /// Accepts only tokens that are bound to a key.
    #[must_use]
    pub const fn require_bound_tokens(mut self) -> Self {
        self.must_be_bound = true;
        self
    }

    /// Demands a nonce in every proof (RFC 9449 §9).
    #[must_use]
    pub fn nonces(mut self, nonces: Nonces) -> Self {
        self.nonces = Some(nonces);
        self.with_memory()
    }

    /// The most proofs that are remembered at a time, in all and of one key. What goes beyond is refused.
    #[must_use]
    pub fn remember(mut self, most: usize, most_per_key: usize) -> Self {
        self.most_proofs = (most, most_per_key);
        self.with_memory()
    }

    /// Points to `metadata` in every challenge (RFC 9728 §5.1).
    #[must_use]
    pub fn metadata(mut self, metadata: &Metadata) -> Self {
        self.metadata_url = Some(metadata.url());
        self
    }

    fn with_memory(mut self) -> Self {
        let (most, most_per_key) = self.most_proofs;
        let span = self.nonces.as_ref().map_or(Window::default().span(), Nonces::span);
        self.replays = Mutex::new(Replays::new(span, most, most_per_key));
        self
    }

    /// Whether a request has access. `uri` may be relative, as HTTP/1.1 has it; only its path and query matter.
    ///
    /// # Errors
    /// [`Refusal`], which [`Self::answer`] turns into what the client is told.
    pub async fn authorize(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Access, Refusal> {
        let Presented { scheme, token: text } = Presented::read(uri, headers)?;
        let refused = |cause| Refusal { cause, scheme: Some(scheme) };
        let token = self.token(text, now).await.map_err(refused)?;
        let jkt = bound_to(&token).map_err(refused)?;
        match (scheme, &jkt) {
            (Scheme::Bearer, None) if !self.must_be_bound => {}
            (Scheme::Bearer | Scheme::DPoP, None) => return Err(refused(Cause::NotBound)),
            (Scheme::Bearer, Some(_)) => return Err(refused(Cause::SentAsBearer)),
            (Scheme::DPoP, Some(jkt)) => self.proof(method, uri, headers, now, (text, jkt)).map_err(refused)?,
        }
        Ok(Access { token, jkt, scheme })
    }

    async fn token(&self, token: &str, now: Timestamp) -> Result<Token, Cause> {
        match &self.introspection {
            Some(introspection) if !is_jwt(token) => self.introspected(introspection, token, None, now).await,
            Some(introspection) if introspection.is_for_every_token() => {
                // Noise and what another issuer signed costs no question.
                let genuine = self.offline(token, now).await?;
                self.introspected(introspection, token, Some(genuine), now).await
            }
            Some(_) | None => self.offline(token, now).await.map(Token::from),
        }
    }

    async fn introspected(
        &self,
        introspection: &Introspection,
        token: &str,
        genuine: Option<AccessToken>,
        now: Timestamp,
    ) -> Result<Token, Cause> {
        let response = introspection.ask(token, now).await?;
        let IntrospectionResponse::Active(claims) = &*response else { return Err(Cause::Inactive) };
        let claims = Claims::clone(claims);
        let claims = match genuine {
            Some(genuine) => introspection::completed(claims, genuine.claims),
            None => claims,
        };
        let (issuer, audience) = (&self.issuer, &self.audience);
        introspection::judge(claims, &introspection::Expected { issuer, audience, now, leeway: self.leeway })
    }

    async fn offline(&self, token: &str, now: Timestamp) -> Result<AccessToken, Cause> {
        let keys = self.keys.keys(now).await?;
        match self.judge(token, &keys, now) {
            Err(unknown @ TokenError::Verify(VerifyError::KeyNotFound)) => match self.keys.other_than(&keys, now).await
            {
                Some(other) => Ok(self.judge(token, &other, now)?),
                None => Err(unknown.into()),
            },
            judged => Ok(judged?),
        }
    }

    fn judge(&self, token: &str, keys: &JwkSet, now: Timestamp) -> Result<AccessToken, TokenError> {
        let expected = access_token::Expected {
            issuer: &self.issuer,
            audience: &self.audience,
            algorithms: &self.algorithms,
            keys: keys.into(),
            now,
            leeway: self.leeway,
        };
        access_token::validate(token, &expected)
    }

    /// RFC 9449 §7.1: a valid proof for this request and token, under the token's key, never seen before.
    fn proof(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        now: Timestamp,
        (token, jkt): (&str, &str),
    ) -> Result<(), Cause> {
        let values = headers.get_all("dpop").iter().map(http::HeaderValue::as_bytes);
        let proof = dpop::only_one(values)?.ok_or(Cause::MissingProof)?;
        let is_fresh = |nonce: &str| self.nonces.as_ref().is_some_and(|nonces| nonces.is_fresh(nonce, now));
        let expected = dpop::Expected {
            method: method.as_str(),
            url: &format!("{}{}", self.external_url.as_deref().unwrap_or_default(), uri.path()),
            algorithms: &self.algorithms,
            now,
            window: Window::default(),
            nonce: if self.nonces.is_some() { NoncePolicy::Required(&is_fresh) } else { NoncePolicy::Unused },
            access_token: Some(token),
        };
        let proof = dpop::validate(proof, &expected)?;
        if proof.jkt != jkt {
            return Err(Cause::OtherKey);
        }
        match self.replays.lock().unwrap_or_else(PoisonError::into_inner).remember(&proof, now) {
            Seen::Never => Ok(()),
            Seen::Before => Err(Cause::Replayed),
            Seen::NoRoom => Err(Cause::TooManyProofs),
        }
    }
}

/// The key a token is bound to (RFC 9449 §6.1). A binding that is not understood is no reason to do without.
fn bound_to(token: &Token) -> Result<Option<String>, Cause> {
    let Some(cnf) = token.claims.other.get("cnf") else { return Ok(None) };
    match cnf.as_object().filter(|methods| methods.len() == 1).and_then(|methods| methods.get("jkt")) {
        Some(Value::String(jkt)) => Ok(Some(jkt.clone())),
        _ => Err(Cause::UnknownBinding),
    }
}
