//! Signing in: the device authorization request, then the loop that does what `proto::device::Machine` says
//! (RFC 8628 §3.1–3.5). Owns the IO; when to poll and when to stop is the machine's.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use proto::Entropy;
use proto::device::{Answer, Event, Machine, Now, Outcome, Poll, Settings, Step};
use proto::wire::authorize::{AuthorizationResponse, Quirk};
use proto::wire::error::{ErrorReply, Unusable};
use proto::wire::token::{GRANT_TYPE_DEVICE_CODE, Reply, TokenResponse};
use tokio::sync::Notify;

use crate::identity::IdentityError;
use crate::transport::TransportError;
use crate::{Application, Endpoint, Environment, Error, Identity, Plain, Server, Session, Transport, body, identity};

const START_TIMEOUT: Duration = Duration::from_secs(15);
const START_REPLY: &str = "the answer to the request for a code";

/// An application at a server.
#[derive(Clone, Debug)]
pub struct Client<T, E> {
    /// The application.
    pub application: Application,
    /// Time and randomness.
    pub environment: E,
    /// The server.
    pub server: Server,
    /// How requests leave.
    pub transport: T,
}

/// What to ask for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoginRequest {
    /// `audience`, an extension of Auth0.
    pub audience: Option<String>,
    /// What the device calls itself (our server's extension); shown to the person as its own claim.
    pub device_name: Option<String>,
    /// Resource indicators (RFC 8707).
    pub resources: Vec<String>,
    /// Scopes; none means the server's default for the application.
    pub scopes: Vec<String>,
}

/// What the person needs to see. Safe to print.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prompt {
    /// When the code runs out.
    pub expires_at: Now,
    /// The host of the address, when it is not the server's own nor known to belong to it.
    pub foreign_host: Option<Plain>,
    /// Least time between polls.
    pub interval: Duration,
    /// Where the reply departed from RFC 8628 §3.2.
    pub quirks: Vec<Quirk>,
    /// What to type.
    pub user_code: Plain,
    /// Where.
    pub verification_uri: Plain,
    /// The same with the code in it.
    pub verification_uri_complete: Option<Plain>,
}

/// A sign-in that was approved.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who signed in, when the server said so and its word was checked.
    pub identity: Option<Identity>,
    /// What to keep.
    pub session: Session,
    /// Why an id_token that came could not be checked. It was not used then.
    pub unchecked: Option<IdentityError>,
}

/// A sign-in under way. Dropping it, or the future of [`Login::finish`], stops it.
pub struct Login<'c, T, E> {
    client: &'c Client<T, E>,
    codes: AuthorizationResponse,
    entropy: Box<dyn Entropy + Send>,
    /// What the transport said last, for the message at the end.
    last_failure: Option<Plain>,
    machine: Machine,
    prompt: Prompt,
    request: LoginRequest,
    wake: Arc<Notify>,
}

impl<T: Transport, E: Environment> Client<T, E> {
    /// Asks the server for codes (RFC 8628 §3.1). Call this when a person asked to sign in, not at boot.
    ///
    /// # Errors
    /// [`Error`]; never [`Error::Denied`] or [`Error::Expired`].
    pub async fn start(&self, request: LoginRequest) -> Result<Login<'_, T, E>, Error> {
        let scope = request.scopes.join(" ");
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        pairs.extend(self.server.provider.scope_parameters.iter().map(|name| (*name, scope.as_str())));
        pairs.extend(request.resources.iter().map(|resource| ("resource", resource.as_str())));
        pairs.extend(request.audience.as_deref().map(|audience| ("audience", audience)));
        pairs.extend(request.device_name.as_deref().map(|name| ("device_name", name)));
        let post = self.application.post(&self.server.device_authorization, &pairs, START_TIMEOUT);

        let sent = self.environment.now();
        let response = self.transport.send(post).await.map_err(|error| Error::transport(START_REPLY, error))?;
        let received = self.environment.now();
        let unusable = |why| Error::unusable(START_REPLY, response.status, why);
        let members = body::members(&response).map_err(unusable)?;
        if let Some(error) = ErrorReply::find(&members) {
            return Err(Error::refused(response.status, &error));
        }
        if !(200..300).contains(&response.status) {
            return Err(unusable(Unusable::Missing("error")));
        }
        let (codes, quirks) = AuthorizationResponse::parse(&members).map_err(unusable)?;

        let mut entropy = self.environment.entropy();
        let settings = Settings { first_poll: self.server.provider.first_poll, ..Settings::default() };
        let machine = Machine::new(settings, &codes, sent, received, &mut *entropy);
        let prompt = self.prompt(&codes, quirks, &machine, sent).map_err(|why| Error::Unusable {
            what: START_REPLY,
            why,
            status: response.status,
        })?;
        let wake = Arc::new(Notify::new());
        Ok(Login { client: self, codes, entropy, last_failure: None, machine, prompt, request, wake })
    }

    /// Makes a reply fit for people: addresses checked and written anew, codes cleaned (RFC 8628 §3.3).
    fn prompt(
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

impl<T: Transport, E: Environment> Login<'_, T, E> {
    /// What the person needs to see.
    #[must_use]
    pub const fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// A handle that makes the next poll leave as soon as the interval allows: for a key press, a device that woke up,
    /// a network that is back.
    #[must_use]
    pub fn waker(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Polls until there is an outcome, and tells `watch` what happens on the way.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn finish(mut self, mut watch: impl FnMut(Event)) -> Result<SignedIn, Error> {
        loop {
            let now = self.client.environment.now();
            match self.machine.step(now) {
                Step::Done(outcome) => return self.conclude(outcome).await,
                Step::Send(poll) => self.poll(poll).await,
                Step::Show(event) => watch(event),
                Step::WaitUntil(moment) => tokio::select! {
                    () = self.client.environment.sleep_until(moment) => {}
                    () = self.wake.notified() => self.machine.wake(self.client.environment.now()),
                },
            }
        }
    }

    /// One poll (RFC 8628 §3.4).
    async fn poll(&mut self, poll: Poll) {
        let Client { application, environment, server, transport } = self.client;
        let pairs = [("grant_type", GRANT_TYPE_DEVICE_CODE), ("device_code", self.codes.device_code.reveal())];
        let mut post = application.post(&server.token, &pairs, poll.timeout);
        if let Some(prefer) = poll.wait.and_then(|wait| HeaderValue::from_str(&format!("wait={wait}")).ok()) {
            post.headers.insert("prefer", prefer);
        }
        let result = transport.send(post).await;
        let now = environment.now();
        let answer = match result {
            Ok(response) => Answer {
                held: body::was_held(&response.headers),
                nonce: None,
                reply: body::members(&response).map_or_else(Reply::Unusable, |members| Reply::parse(&members)),
                retry_after: body::retry_after(&response.headers, now.wall),
                status: response.status,
            },
            Err(TransportError::TooLarge) => {
                let reply = Reply::Unusable(Unusable::TooLarge);
                Answer { held: false, nonce: None, reply, retry_after: None, status: 200 }
            }
            Err(TransportError::Failed { failure, detail }) => {
                self.last_failure = Some(detail);
                return self.machine.failed(now, failure, &mut *self.entropy);
            }
        };
        self.machine.answered(now, answer, &mut *self.entropy);
    }

    async fn conclude(mut self, outcome: Outcome) -> Result<SignedIn, Error> {
        match outcome {
            Outcome::Denied(_) => Err(Error::Denied),
            Outcome::Expired => Err(Error::Expired),
            Outcome::Refused { status, error } => Err(Error::refused(status, &error)),
            Outcome::Tokens(tokens) => self.accept(*tokens).await,
            Outcome::Unreachable(reason) => Err(Error::unreachable(reason, self.last_failure.take())),
            Outcome::Unusable { status, why } => Err(Error::Unusable { what: "the answer to a poll", why, status }),
        }
    }

    /// Checks the id_token, if one came. One that is wrong spoils the sign-in; one that cannot be checked now is not used.
    async fn accept(self, tokens: TokenResponse) -> Result<SignedIn, Error> {
        let client = self.client;
        let (identity, unchecked) = match identity::of(client, &tokens).await {
            Ok(identity) => (identity, None),
            Err(wrong @ IdentityError::Invalid(_)) => return Err(wrong.into()),
            Err(cause) => (None, Some(cause)),
        };
        let now = client.environment.now().wall;
        let mut session = Session::new(client, tokens, now);
        if session.scope.is_none() {
            // RFC 6749 §5.1: left out, it is what was asked for.
            session.scope = Some(self.request.scopes.join(" ")).filter(|scope| !scope.is_empty());
        }
        session.name = identity.as_ref().map(|identity| identity.name.as_str().to_owned());
        session.subject = identity.as_ref().map(|identity| identity.subject.clone());
        Ok(SignedIn { identity, session, unchecked })
    }
}
