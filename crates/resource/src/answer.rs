//! What a client is told that gets no access: RFC 6750 §3, RFC 9449 §7.1 and §9, RFC 9728 §5.1. The coarse code only;
//! the exact cause is for the log. Every challenge has a realm, so that no scheme stands without a parameter.

use http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use proto::Timestamp;

use crate::{Cause, KeySource, Refusal, Scheme, Validator};

/// The answer to a request without access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The challenges, and what else goes with the status.
    pub headers: HeaderMap,
}

impl Answer {
    /// As a response with an empty body.
    #[must_use]
    pub fn into_response<B: Default>(self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// The status and the error code, which a request without credentials does not get (RFC 6750 §3.1).
const fn outcome(cause: &Cause) -> (StatusCode, Option<&'static str>) {
    match cause {
        Cause::Introspection(_) | Cause::Keys(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
        Cause::MalformedHeader | Cause::SeveralTokens => (StatusCode::BAD_REQUEST, Some("invalid_request")),
        Cause::MissingScope(_) => (StatusCode::FORBIDDEN, Some("insufficient_scope")),
        Cause::NoToken => (StatusCode::UNAUTHORIZED, None),
        Cause::Inactive
        | Cause::NotBound
        | Cause::OtherKey
        | Cause::SentAsBearer
        | Cause::Token(_)
        | Cause::TokenType
        | Cause::UnknownBinding => (StatusCode::UNAUTHORIZED, Some("invalid_token")),
        Cause::Proof(error) if error.is_about_nonce() => (StatusCode::UNAUTHORIZED, Some("use_dpop_nonce")),
        Cause::MissingProof | Cause::Proof(_) | Cause::Replayed => {
            (StatusCode::UNAUTHORIZED, Some("invalid_dpop_proof"))
        }
        Cause::TooManyProofs => (StatusCode::TOO_MANY_REQUESTS, None),
    }
}

impl<S: KeySource> Validator<S> {
    /// What to answer to a request that was refused.
    #[must_use]
    pub fn answer(&self, refusal: &Refusal, now: Timestamp) -> Answer {
        let (status, error) = outcome(&refusal.cause);
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            return Answer { status, headers };
        }
        for scheme in self.challenged(refusal) {
            // An error belongs to the scheme that was used; one that could not be made out is told as the first.
            let error = error.filter(|_| refusal.scheme.is_none_or(|used| used == scheme));
            let scope = if let Cause::MissingScope(scope) = &refusal.cause { Some(scope.as_str()) } else { None };
            headers.append(WWW_AUTHENTICATE, self.challenge(scheme, error, scope));
        }
        if let (Cause::Proof(error), Some(nonces)) = (&refusal.cause, &self.nonces)
            && error.is_about_nonce()
            && let Ok(nonce) = HeaderValue::try_from(nonces.issue(now))
        {
            headers.insert(HeaderName::from_static("dpop-nonce"), nonce);
        }
        Answer { status, headers }
    }

    /// The scheme that was used, and every other that would help.
    fn challenged(&self, refusal: &Refusal) -> Vec<Scheme> {
        match (refusal.scheme, &refusal.cause) {
            (Some(Scheme::DPoP), _) => vec![Scheme::DPoP],
            (None, _) if self.must_be_bound => vec![Scheme::DPoP],
            (Some(Scheme::Bearer), Cause::NotBound | Cause::SentAsBearer) | (None, Cause::NoToken) => {
                vec![Scheme::Bearer, Scheme::DPoP]
            }
            (Some(Scheme::Bearer) | None, _) => vec![Scheme::Bearer],
        }
    }

    fn challenge(&self, scheme: Scheme, error: Option<&str>, scope: Option<&str>) -> HeaderValue {
        let algorithms = || self.algorithms.iter().flat_map(|algorithm| algorithm.names()).copied().collect::<Vec<_>>();
        let parameters = [
            ("realm", Some(self.audience.clone())),
            ("error", error.map(str::to_owned)),
            ("scope", scope.map(str::to_owned)),
            ("algs", (scheme == Scheme::DPoP).then(|| algorithms().join(" "))),
            ("resource_metadata", self.metadata_url.clone()),
        ];
        let parameters: Vec<String> = parameters
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| format!("{name}=\"{}\"", quotable(&value))))
            .collect();
        let text = format!("{} {}", scheme.name(), parameters.join(", "));
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("Bearer realm=\"\""))
    }
}

/// The characters that error, scope and the others may have (RFC 6750 §3); the rest is left out.
fn quotable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='!' | '#'..='[' | ']'..='~')).collect()
}
