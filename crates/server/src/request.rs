//! One request, as the handlers see it: where it came from and what it carries, read once.

use flow::caller::claimed_client;
use flow::{DpopProof, Flow};
use http::header::{self, HeaderName};
use http::{HeaderMap, Method};
use proto::grant::Refusal;
use proto::model::{ClientAddress, ClientId};
use proto::wire::credentials::{Credentials, InvalidCredentials};
use proto::wire::form::Form;

use crate::app::App;
use crate::telemetry::{AuditEvent, RequestId};

/// The header of a DPoP proof (RFC 9449 §4.1).
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A request without its body.
pub(crate) struct Ask<'a> {
    pub(crate) app: &'a App,
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// Where the caller is, as far as that can be known.
    pub(crate) address: ClientAddress,
    /// Names this request in the log and on the error page.
    pub(crate) id: RequestId,
}

impl Ask<'_> {
    pub(crate) fn flow(&self) -> &Flow {
        &self.app.flow
    }

    /// The only value of a header; `None` when it is absent, repeated or not text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() { None } else { value.to_str().ok() }
    }

    /// A cookie of this server. Over https its name has the `__Host-` prefix, which a neighbouring host cannot set.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let prefix = if self.app.secure { "__Host-" } else { "" };
        let all = self.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut values = all
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(own, _)| own.strip_prefix(prefix) == Some(name))
            .map(|(_, value)| value);
        // Two of a name: one of them was not set here, and there is no telling which.
        let first = values.next();
        first.filter(|_| values.next().is_none())
    }

    /// The Authorization header, as far as it is text.
    fn authorization(&self) -> Option<&str> {
        self.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default())
    }

    /// Who says they are calling. Two Authorization headers are two ways of saying it (RFC 6749 §2.3).
    pub(crate) fn credentials(&self, form: &Form<'_>) -> Result<Credentials, InvalidCredentials> {
        if self.headers.get_all(header::AUTHORIZATION).iter().count() > 1 {
            return Err(InvalidCredentials::TwoMethods);
        }
        Credentials::read(self.authorization(), form, claimed_client)
    }

    /// The DPoP proof, if there is one. `path`: where under the issuer this request goes.
    ///
    /// # Errors
    /// There are several, or what there is is no text (RFC 9449 §4.3).
    pub(crate) fn dpop(&self, path: &'static str) -> Result<Option<DpopProof>, Refusal> {
        let method = if *self.method == Method::GET { "GET" } else { "POST" };
        let values = self.headers.get_all(DPOP).iter().map(http::HeaderValue::as_bytes);
        DpopProof::only_one(values, method, path)
    }

    /// Whether there is an Authorization header, readable or not.
    pub(crate) fn has_authorization(&self) -> bool {
        self.headers.contains_key(header::AUTHORIZATION)
    }

    /// Writes an event to the audit trail.
    pub(crate) fn audit(&self, event: &AuditEvent<'_>) {
        event.record(self.id, &self.app.metrics);
    }

    /// Tells the log why a device was refused; on the wire several causes look alike.
    pub(crate) fn refused(&self, cause: &Refusal, client: &ClientId) {
        match cause {
            Refusal::AuthorizationPending | Refusal::DpopNonce | Refusal::SlowDown { .. } => {}
            Refusal::AssertionInvalid
            | Refusal::AssertionReplayed
            | Refusal::ClientUnknown
            | Refusal::SecretWrong
            | Refusal::ClientAuthMissing
            | Refusal::ClientAuthMethod => {
                self.audit(&AuditEvent::ClientRefused { client, initiator: self.address });
            }
            cause => tracing::info!(request = %self.id, client = ?client, ?cause, "a device was refused"),
        }
    }

    /// Whether nothing says that a form was sent by a page of somebody else (Fetch metadata, and Origin).
    ///
    /// Every browser says one of them with a POST. A program that says neither is no browser that could be misled, and
    /// is held to the form's token like all others.
    pub(crate) fn is_same_origin(&self) -> bool {
        let all = |name: HeaderName, honest: &str| self.headers.get_all(name).iter().all(|value| value == honest);
        all(SEC_FETCH_SITE, "same-origin") && all(header::ORIGIN, &self.app.origin)
    }
}
