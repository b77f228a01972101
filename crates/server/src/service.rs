//! What surrounds each request: its name, its address, its body, its headers, and which endpoint or page answers it.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::{Method, Request, StatusCode};
use hyper::body::Body;
use proto::grant::Refusal;
use proto::registration::Refusal as Registering;
use proto::wire::form::{Form, InvalidForm};
use tracing::Instrument as _;

use crate::app::App;
use crate::http as endpoint;
use crate::listen::{BodyError, BodyLimits, read_body};
use crate::pages;
use crate::place::Place;
use crate::reply::{self, Kind, Reply};
use crate::request::{Ask, DPOP};
use crate::telemetry::{RequestId, StatusClass};

/// The nonce for the next proof (RFC 9449 §8.1).
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// Parameters that must never stand in a query: they end up in logs and histories (RFC 6749 §2.3.1).
const NEVER_IN_QUERY: [&str; 9] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "code_verifier",
    "device_code",
    "grant_type",
    "scope",
    "refresh_token",
    "token",
];

impl App {
    /// Answers one request that came over a connection from `peer`.
    pub async fn handle<B>(self: &Arc<Self>, request: Request<B>, peer: SocketAddr, limits: BodyLimits) -> Reply
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (parts, body) = request.into_parts();
        let id = RequestId::draw(&mut self.flow.env().entropy());
        let address = self.proxies.client_address(peer.ip(), &parts.headers);
        let place = Place::find(parts.uri.path(), &self.base);
        let ask = Ask { app: self, method: &parts.method, headers: &parts.headers, address, id };
        let mut reply = match place.kind() {
            Kind::Protocol => self.protocol(ask, place, parts.uri.query(), body, limits).await,
            Kind::Page | Kind::Asset => {
                let span = id.span(&parts.method, place.route());
                self.page(&ask, place, body, limits).instrument(span).await
            }
        };
        reply::finish(self, place.kind(), reply.headers_mut());
        if parts.method == Method::HEAD {
            reply::without_body(&mut reply);
        }
        self.metrics.requests.count(place.route(), StatusClass::from(reply.status()));
        reply
    }

    async fn protocol<B>(
        &self,
        ask: Ask<'_>,
        place: Place<'_>,
        query: Option<&str>,
        body: B,
        limits: BodyLimits,
    ) -> Reply
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let origin = endpoint::cors::origin(&ask).await;
        // Not around a poll: held in great numbers, it names its request in its own lines.
        let span = || ask.id.span(ask.method, place.route());
        let mut reply = if *ask.method == Method::OPTIONS {
            endpoint::cors::preflight(place.methods(), origin)
        } else if !place.methods().contains(ask.method) {
            endpoint::method_not_allowed(place.methods())
        } else {
            match place {
                Place::Token => match read_form(&ask, query, body, limits).await {
                    Ok(bytes) => match read_token(&ask, &bytes) {
                        Ok(read) => {
                            drop(bytes);
                            endpoint::token::answer(&ask, read).await
                        }
                        Err(cause) => endpoint::refusal(&cause, ask.has_authorization()),
                    },
                    Err(refused) => refused,
                },
                Place::DeviceAuthorization | Place::Introspect | Place::Revoke => {
                    match read_form(&ask, query, body, limits).await {
                        Ok(bytes) => carry_out(&ask, place, &bytes).instrument(span()).await,
                        Err(refused) => refused,
                    }
                }
                Place::Register | Place::Registration(_) => {
                    register(&ask, place, body, limits).instrument(span()).await
                }
                Place::Userinfo => endpoint::userinfo::answer(&ask).instrument(span()).await,
                Place::Jwks => endpoint::jwks::get(&ask),
                Place::Discovery => endpoint::discovery::get(&ask),
                Place::Ready => endpoint::health::readiness(&self.flow).instrument(span()).await,
                Place::Live
                | Place::Account
                | Place::Asset(_)
                | Place::Code
                | Place::Decision
                | Place::Devices
                | Place::Done
                | Place::Link(_)
                | Place::SignIn
                | Place::SignOut
                | Place::Unknown => endpoint::health::live(),
            }
        };
        if place.judges_proofs()
            && ask.headers.contains_key(DPOP)
            && let Some(nonce) = self.flow.dpop_nonce()
        {
            // With every reply, so that the next proof need not be sent twice (RFC 9449 §8.2). Nowhere else, since what is
            // public may be kept, and a nonce with it would be everybody's (DP-8-5).
            reply::set(reply.headers_mut(), DPOP_NONCE, &nonce);
        }
        endpoint::cors::expose(reply.headers_mut(), origin);
        reply
    }

    async fn page<B>(self: &Arc<Self>, ask: &Ask<'_>, place: Place<'_>, body: B, limits: BodyLimits) -> Reply
    where
        B: Body<Data = Bytes> + Unpin,
    {
        if place == Place::Unknown {
            return pages::error::not_found(ask);
        }
        if !place.methods().contains(ask.method) {
            return pages::error::method_not_allowed(ask, place.methods());
        }
        if *ask.method != Method::POST {
            return match place {
                Place::Account => pages::account::get(ask).await,
                Place::Asset(file) => asset(ask, file),
                Place::Code => pages::code::get(ask).await,
                Place::Decision => pages::decision::get(ask).await,
                Place::Devices => pages::devices::get(ask).await,
                Place::Done => pages::done::get(ask),
                Place::Link(code) => pages::link::get(ask, code),
                Place::SignIn => pages::sign_in::get(ask).await,
                Place::SignOut
                | Place::DeviceAuthorization
                | Place::Discovery
                | Place::Jwks
                | Place::Live
                | Place::Introspect
                | Place::Ready
                | Place::Register
                | Place::Registration(_)
                | Place::Revoke
                | Place::Token
                | Place::Unknown
                | Place::Userinfo => pages::error::not_found(ask),
            };
        }
        let bytes = match read_body(ask.headers, body, limits).await {
            Ok(bytes) => bytes,
            Err(cause) => return pages::error::unreadable(ask, cause.status()),
        };
        let (true, Some(place)) = (is_form(ask.headers), place.of_form()) else {
            return pages::error::unreadable(ask, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        };
        self.form(ask, place, bytes).await
    }

    /// Answers a form, in a task of its own: what it does and what the audit trail says of it belong together, so a
    /// browser that hangs up in between must not break it off.
    async fn form(self: &Arc<Self>, ask: &Ask<'_>, place: Place<'static>, bytes: Bytes) -> Reply {
        let (app, method, headers) = (Arc::clone(self), ask.method.clone(), ask.headers.clone());
        let (address, id) = (ask.address, ask.id);
        let answering = async move {
            let ask = &Ask { app: &app, method: &method, headers: &headers, address, id };
            let Ok(form) = Form::parse(&bytes) else {
                return pages::error::unreadable(ask, StatusCode::BAD_REQUEST);
            };
            match place {
                Place::Account => pages::account::post(ask, &form).await,
                Place::Code => pages::code::post(ask, &form).await,
                Place::Decision => pages::decision::post(ask, &form).await,
                Place::Devices => pages::devices::post(ask, &form).await,
                Place::SignIn => pages::sign_in::post(ask, &form).await,
                Place::SignOut => pages::sign_out::post(ask, &form).await,
                Place::Asset(_)
                | Place::DeviceAuthorization
                | Place::Discovery
                | Place::Done
                | Place::Jwks
                | Place::Link(_)
                | Place::Live
                | Place::Introspect
                | Place::Ready
                | Place::Register
                | Place::Registration(_)
                | Place::Revoke
                | Place::Token
                | Place::Unknown
                | Place::Userinfo => pages::error::not_found(ask),
            }
        };
        match tokio::spawn(answering.in_current_span()).await {
            Ok(reply) => reply,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is going down.
                Err(_) => reply::text(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The server is stopping. Please try again in a moment.\n",
                ),
            },
        }
    }
}

/// The body of a request of the protocol, once its head is acceptable.
async fn read_form<B>(ask: &Ask<'_>, query: Option<&str>, body: B, limits: BodyLimits) -> Result<Bytes, Reply>
where
    B: Body<Data = Bytes> + Unpin,
{
    let refuse = |cause: &Refusal| endpoint::refusal(cause, false);
    let query = Form::parse(query.unwrap_or_default().as_bytes()).map_err(|cause| refuse(&Refusal::Form(cause)))?;
    if NEVER_IN_QUERY.iter().any(|name| query.get(name).is_some()) {
        return Err(refuse(&Refusal::QueryCredentials));
    }
    if !is_form(ask.headers) {
        return Err(refuse(&Refusal::MediaType));
    }
    read_body(ask.headers, body, limits).await.map_err(|cause| match cause {
        BodyError::TooLarge => refuse(&Refusal::Form(InvalidForm::TooLong)),
        BodyError::Encoded => refuse(&Refusal::MediaType),
        BodyError::Broken | BodyError::TooSlow => endpoint::incomplete(cause.status()),
    })
}

/// A registration, or what is done with one. What has no body, none is read of.
async fn register<B>(ask: &Ask<'_>, place: Place<'_>, body: B, limits: BodyLimits) -> Reply
where
    B: Body<Data = Bytes> + Unpin,
{
    let refuse = |cause| endpoint::register::refusal(ask, &cause);
    let mut read = Bytes::new();
    if matches!(*ask.method, Method::POST | Method::PUT) {
        if !has_type(ask.headers, "application/json") {
            return refuse(Registering::MediaType);
        }
        read = match read_body(ask.headers, body, limits).await {
            Ok(bytes) => bytes,
            Err(BodyError::TooLarge) => return refuse(Registering::TooLarge),
            Err(BodyError::Encoded) => return refuse(Registering::MediaType),
            Err(cause @ (BodyError::Broken | BodyError::TooSlow)) => return endpoint::incomplete(cause.status()),
        };
    }
    match place {
        Place::Registration(client) => endpoint::register::manage(ask, client, &read).await,
        _ => endpoint::register::post(ask, &read).await,
    }
}

/// A form of the protocol that is answered at once.
async fn carry_out(ask: &Ask<'_>, place: Place<'_>, bytes: &Bytes) -> Reply {
    match Form::parse(bytes) {
        Ok(form) if place == Place::Introspect => endpoint::introspect::post(ask, &form).await,
        Ok(form) if place == Place::Revoke => endpoint::revoke::post(ask, &form).await,
        Ok(form) => endpoint::device_authorization::post(ask, &form).await,
        Err(cause) => endpoint::refusal(&Refusal::Form(cause), false),
    }
}

fn read_token(ask: &Ask<'_>, bytes: &Bytes) -> Result<endpoint::token::Read, Refusal> {
    let form = Form::parse(bytes).map_err(Refusal::Form)?;
    endpoint::token::read(ask, &form)
}

fn is_form(headers: &HeaderMap) -> bool {
    has_type(headers, "application/x-www-form-urlencoded")
}

fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case(wanted)
}

fn asset(ask: &Ask<'_>, file: &str) -> Reply {
    let Some(asset) = ask.app.assets.find(file) else { return pages::error::not_found(ask) };
    let mut reply = reply::with_type(StatusCode::OK, asset.content_type, asset.body.clone());
    reply::set(reply.headers_mut(), header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    reply
}
