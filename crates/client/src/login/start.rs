//! The request for codes (RFC 8628 §3.1–3.2), and what must be there before it: the key that tokens are to be bound to
//! (RFC 9449), PKCE where the server wants it. Owns what a reply may show to people.

use std::sync::Arc;
use std::time::Duration;

use jose::Algorithm;
use proto::device::{Machine, Now, Settings};
use proto::wire::authorize::{AuthorizationResponse, Quirk};
use proto::wire::error::{ErrorReply, Unusable};
use tokio::sync::Notify;

use super::{Client, Login, LoginRequest, Prompt, When};
use crate::authentication::Form;
use crate::endpoint::is_resource_indicator;
use crate::exchange::Post;
use crate::pkce::{Pkce, S256};
use crate::{Endpoint, Environment, Error, Plain, ProofKey, Server, Transport, proof_key};

const START_TIMEOUT: Duration = Duration::from_secs(15);
/// A device code of this length is not repeated by chance.
const SECRET: usize = 12;
const START_REPLY: &str = "the answer to the request for a code";

/// The reply to the request for codes.
struct Asked {
    codes: AuthorizationResponse,
    quirks: Vec<Quirk>,
    received: Now,
    sent: Now,
    status: u16,
}

impl<T: Transport, E: Environment> Client<T, E> {
    /// Asks the server for codes (RFC 8628 §3.1). Call this when a person asked to sign in, not at boot.
    ///
    /// # Errors
    /// [`Error`]; never [`Error::Denied`] or [`Error::Expired`].
    pub async fn start(&self, request: LoginRequest) -> Result<Login<'_, T, E>, Error> {
        if let Some(bad) = request.resources.iter().find(|resource| !is_resource_indicator(resource)) {
            return Err(Error::Resource(Plain::new(bad, 200)));
        }
        if let Some((name, _)) = request.parameters.iter().find(|(name, _)| self.is_own(name)) {
            return Err(Error::Parameter(Plain::new(name, 100)));
        }
        let mut entropy = self.environment.entropy();
        let key = self.key(request.binding)?;
        let mut pkce = self.wants_pkce(request.pkce).then(|| Pkce::new(&mut *entropy));

        let mut asked = self.ask(&request, key.as_ref(), pkce.as_ref()).await;
        if request.pkce == When::Offered && pkce.is_some() && asked.as_ref().is_err_and(is_about_pkce) {
            // What the server lists is for another grant, and here it minds.
            pkce = None;
            asked = self.ask(&request, key.as_ref(), None).await;
        }
        let Asked { codes, quirks, status, sent, received } = asked?;

        let settings = Settings { first_poll: self.server.provider.first_poll, ..Settings::default() };
        let machine = Machine::new(settings, &codes, sent, received, &mut *entropy);
        let prompt = self.prompt(&codes, quirks, &machine, sent);
        let prompt = prompt.map_err(|why| Error::Unusable { what: START_REPLY, why, status })?;
        let wake = Arc::new(Notify::new());
        Ok(Login {
            client: self,
            codes,
            entropy,
            keeper: None,
            key,
            last_failure: None,
            machine,
            pkce,
            prompt,
            request,
            wake,
        })
    }

    /// The key of this sign-in alone, so that two of them cannot be told to be one device's.
    fn key(&self, binding: When) -> Result<Option<ProofKey>, Error> {
        let algorithm = match binding {
            When::Always => proof_key::offered(&self.server.metadata).or(Some(Algorithm::Es256)),
            When::Never => None,
            When::Offered => proof_key::offered(&self.server.metadata),
        };
        algorithm.map(ProofKey::generate).transpose().map_err(Error::Signing)
    }

    fn wants_pkce(&self, when: When) -> bool {
        let Server { metadata, provider, .. } = &self.server;
        match when {
            When::Always => true,
            When::Never => false,
            When::Offered => provider.pkce && metadata.code_challenge_methods_supported.iter().any(|name| name == S256),
        }
    }

    /// A parameter that this client sends itself.
    fn is_own(&self, name: &str) -> bool {
        const OWN: [&str; 9] = [
            "audience",
            "client_assertion",
            "client_assertion_type",
            "client_id",
            "client_secret",
            "code_challenge",
            "code_challenge_method",
            "device_name",
            "resource",
        ];
        let dialect = &self.server.provider.dialect;
        name.is_empty()
            || OWN.contains(&name)
            || dialect.scope_parameters.contains(&name)
            || dialect.start_parameters.iter().any(|(own, _)| *own == name)
    }

    async fn ask(&self, request: &LoginRequest, key: Option<&ProofKey>, pkce: Option<&Pkce>) -> Result<Asked, Error> {
        let scope = request.scopes.join(" ");
        let dialect = &self.server.provider.dialect;
        let mut pairs: Vec<(&str, &str)> = dialect.start_parameters.to_vec();
        pairs.extend(dialect.scope_parameters.iter().map(|name| (*name, scope.as_str())));
        pairs.extend(request.resources.iter().map(|resource| ("resource", resource.as_str())));
        pairs.extend(request.audience.as_deref().map(|audience| ("audience", audience)));
        pairs.extend(request.device_name.as_deref().map(|name| ("device_name", name)));
        if let Some(pkce) = pkce {
            pairs.extend([("code_challenge", pkce.challenge.as_str()), ("code_challenge_method", S256)]);
        }
        pairs.extend(request.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let endpoint = &self.server.device_authorization;
        let form = Form { endpoint, by_get: dialect.starts_by_get, pairs: &pairs, timeout: START_TIMEOUT };

        let sent = self.environment.now();
        let response = self.exchange(&Post { form, key }, START_REPLY).await?;
        let received = self.environment.now();
        let status = response.status;
        let unusable = |why| match status {
            // What servers without the flow, or with it turned off, answer (GitHub Enterprise Server, older GitLab).
            401 | 403..=405 | 410 | 422 | 501 => Error::NoDeviceFlow(status),
            _ => Error::unusable(START_REPLY, status, why),
        };
        let members = self.read(&response).map_err(unusable)?;
        if let Some(error) = ErrorReply::find(&members) {
            return Err(match (status, error.code) {
                // `{"message": "Not Found"}`: no word of the protocol.
                (404 | 405, None) => Error::NoDeviceFlow(status),
                _ => Error::refused(status, &error),
            });
        }
        if !(200..300).contains(&status) {
            return Err(unusable(Unusable::Missing("error")));
        }
        let (codes, quirks) = AuthorizationResponse::parse(&members).map_err(unusable)?;
        Ok(Asked { codes, quirks, status, sent, received })
    }

    /// Makes a reply fit for people: addresses checked and written anew, codes cleaned (RFC 8628 §3.3).
    pub(super) fn prompt(
        &self,
        codes: &AuthorizationResponse,
        quirks: Vec<Quirk>,
        machine: &Machine,
        sent: Now,
    ) -> Result<Prompt, Unusable> {
        let address =
            |text: &str, name| Endpoint::parse(text, self.server.plaintext).map_err(|_| Unusable::NotWebAddress(name));
        let plain = address(&codes.verification_uri, "verification_uri")?;
        let complete = codes
            .verification_uri_complete
            .as_deref()
            .map(|text| address(text, "verification_uri_complete"))
            .transpose()?;
        let user_code = Plain::new(&codes.user_code, 64);
        if user_code.is_empty() {
            return Err(Unusable::Missing("user_code"));
        }
        let complete_text = complete.as_ref().map(|complete| complete.url().as_str());
        let shown = [
            ("user_code", Some(user_code.as_str())),
            ("verification_uri", Some(plain.url().as_str())),
            ("verification_uri_complete", complete_text),
        ];
        let secret = codes.device_code.reveal();
        // A short one can stand in an address by chance.
        let is_in =
            |(_, text): &(_, Option<&str>)| secret.len() >= SECRET && text.is_some_and(|it| it.contains(secret));
        if let Some((name, _)) = shown.iter().find(|it| is_in(it)) {
            return Err(Unusable::ShowsDeviceCode(name));
        }
        let issuer = self.server.issuer.host();
        let foreign = [Some(&plain), complete.as_ref()]
            .into_iter()
            .flatten()
            .map(Endpoint::host)
            .find(|host| !self.server.provider.vouches_for(issuer, host))
            .map(|host| Plain::new(host, 253));
        let lifetime = machine.expires_at().saturating_sub(sent.monotonic);
        Ok(Prompt {
            expires_at: Now { monotonic: machine.expires_at(), wall: sent.wall + lifetime },
            foreign_host: foreign,
            interval: machine.interval(),
            quirks,
            user_code,
            verification_uri: Plain::own(plain.to_string()),
            verification_uri_complete: complete.map(|complete| Plain::own(complete.to_string())),
        })
    }
}

/// A refusal that names PKCE's own parameters.
fn is_about_pkce(error: &Error) -> bool {
    let Error::Refused(refusal) = error else { return false };
    let said = [Some(&refusal.error), refusal.description.as_ref()];
    said.into_iter().flatten().any(|text| text.as_str().contains("code_challenge"))
}
