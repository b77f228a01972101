//! Signing in: the device authorization request (`start`), then the loop that does what `proto::device::Machine` says
//! (RFC 8628 §3.1–3.5). Owns the IO; when to poll and when to stop is the machine's.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use proto::Entropy;
use proto::device::{Answer, Event, Machine, Now, Outcome, Poll, Step};
use proto::wire::authorize::{AuthorizationResponse, Quirk};
use proto::wire::error::Unusable;
use proto::wire::token::{Reply, TokenResponse};
use tokio::sync::Notify;

use crate::authentication::Form;
use crate::exchange::Post;
use crate::identity::IdentityError;
use crate::pkce::Pkce;
use crate::session::is_bound_as_asked;
use crate::transport::TransportError;
use crate::{Application, Environment, Error, Identity, Plain, ProofKey, Server, Session, Transport, body, identity};

mod pending;
mod start;

pub use pending::Pending;

const POLL_REPLY: &str = "the answer to a poll";

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

/// Whether to use something not every server can.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum When {
    /// Also where the server does not say that it can.
    Always,
    /// Not even where it does: for a server that misbehaves.
    Never,
    /// Where the server says that it can.
    #[default]
    Offered,
}

/// What to ask for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoginRequest {
    /// `audience`, an extension of Auth0.
    pub audience: Option<String>,
    /// Binding the tokens to a new key of this device (DPoP, RFC 9449). Once asked for, a token that is not bound is
    /// refused.
    pub binding: When,
    /// What the device calls itself (our server's extension); shown to the person as its own claim.
    pub device_name: Option<String>,
    /// PKCE, which some servers demand of some applications although RFC 8628 does not know it (Keycloak).
    pub pkce: When,
    /// What else the provider wants to know with the request for codes, by name; names of ours are refused.
    pub parameters: Vec<(String, String)>,
    /// The APIs that the tokens are for (RFC 8707 §2): absolute URIs.
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

/// A sign-in under way. Dropping it, or the future of [`Login::finish`], stops it; [`Login::pending`] is what somebody else
/// goes on with.
pub struct Login<'c, T, E> {
    client: &'c Client<T, E>,
    codes: AuthorizationResponse,
    entropy: Box<dyn Entropy + Send>,
    keeper: Option<pending::Keeper<'c>>,
    key: Option<ProofKey>,
    /// What the transport said last, for the message at the end.
    last_failure: Option<Plain>,
    machine: Machine,
    pkce: Option<Pkce>,
    prompt: Prompt,
    request: LoginRequest,
    wake: Arc<Notify>,
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
                Step::Send(poll) => {
                    self.checkpoint();
                    self.poll(poll).await?;
                }
                Step::Show(event) => watch(event),
                Step::WaitUntil(moment) => tokio::select! {
                    () = self.client.environment.sleep_until(moment) => {}
                    () = self.wake.notified() => self.machine.wake(self.client.environment.now()),
                },
            }
        }
    }

    /// One poll (RFC 8628 §3.4), with a proof of its own where a key is to be bound (RFC 9449 §5).
    async fn poll(&mut self, poll: Poll) -> Result<(), Error> {
        let client = self.client;
        let dialect = &client.server.provider.dialect;
        let mut pairs = vec![("grant_type", dialect.grant_type)];
        pairs.extend(dialect.poll_parameters);
        pairs.extend(dialect.code_parameters.iter().map(|name| (*name, self.codes.device_code.reveal())));
        if dialect.polls_with_user_code {
            pairs.push(("user_code", &self.codes.user_code));
        }
        if dialect.polls_with_resources {
            pairs.extend(self.request.resources.iter().map(|resource| ("resource", resource.as_str())));
        }
        pairs.extend(self.pkce.as_ref().map(|pkce| ("code_verifier", pkce.verifier.reveal())));
        let form = Form { endpoint: &client.server.token, by_get: false, pairs: &pairs, timeout: poll.timeout };
        let post = Post { form, key: self.key.as_ref() };
        let mut request = client.request(&post)?;
        if let Some(prefer) = poll.wait.and_then(|wait| HeaderValue::from_str(&format!("wait={wait}")).ok()) {
            request.headers.insert("prefer", prefer);
        }
        let result = client.transport.send(request).await;
        let now = client.environment.now();
        let answer = match result {
            Ok(response) => Answer {
                held: body::was_held(&response.headers),
                nonce: post.learn(&response),
                reply: client.read(&response).map_or_else(Reply::Unusable, |members| Reply::parse(&members)),
                retry_after: body::retry_after(&response.headers, now.wall),
                status: response.status,
            },
            Err(TransportError::TooLarge) => {
                let reply = Reply::Unusable(Unusable::TooLarge);
                Answer { held: false, nonce: None, reply, retry_after: None, status: 200 }
            }
            Err(TransportError::Failed { failure, detail }) => {
                self.last_failure = Some(detail);
                self.machine.failed(now, failure, &mut *self.entropy);
                return Ok(());
            }
        };
        self.machine.answered(now, answer, &mut *self.entropy);
        Ok(())
    }

    async fn conclude(mut self, outcome: Outcome) -> Result<SignedIn, Error> {
        match outcome {
            Outcome::Denied(_) => Err(Error::Denied),
            Outcome::Expired => Err(Error::Expired),
            Outcome::Refused { status, error } => {
                Err(Error::refused(status, &error).without(self.codes.device_code.reveal()))
            }
            Outcome::Tokens(tokens) => self.accept(*tokens).await,
            Outcome::Unreachable(reason) => Err(Error::unreachable(reason, self.last_failure.take())),
            Outcome::Unusable { status, why } => Err(Error::Unusable { what: POLL_REPLY, why, status }),
        }
    }

    /// Checks the binding, then the id_token, if one came. One that is wrong spoils the sign-in; one that cannot be
    /// checked now is not used.
    async fn accept(self, tokens: TokenResponse) -> Result<SignedIn, Error> {
        let client = self.client;
        let now = client.environment.now().wall;
        let mut session = Session::new(client, tokens.clone(), self.key, now);
        if let Err(error) = is_bound_as_asked(&session, POLL_REPLY, 200) {
            // Nobody is going to use these tokens: better that nobody can. What the server says to it changes nothing.
            drop(client.revoke(&session).await);
            return Err(error);
        }
        let (identity, unchecked) = match identity::of(client, &tokens).await {
            Ok(identity) => (identity, None),
            Err(wrong @ IdentityError::Invalid(_)) => return Err(wrong.into()),
            Err(cause) => (None, Some(cause)),
        };
        if session.scope.is_none() {
            // RFC 6749 §5.1: left out, it is what was asked for.
            session.scope = Some(self.request.scopes.join(" ")).filter(|scope| !scope.is_empty());
        }
        session.name = identity.as_ref().map(|identity| identity.name.as_str().to_owned());
        session.subject = identity.as_ref().map(|identity| identity.subject.clone());
        Ok(SignedIn { identity, session, unchecked })
    }
}
