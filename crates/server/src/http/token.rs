//! `POST /oauth2/token` (RFC 8628 §3.4, §3.5; RFC 6749 §6): read, then let go of the request, since a poll may be held.

use std::time::Duration;

use flow::{DpopProof, Issued, PollRequest, Polled, RefreshRequest, Renewed, Request};
use http::header::HeaderName;
use http::{HeaderValue, StatusCode};
use proto::grant::Refusal;
use proto::model::ClientId;
use proto::wire::credentials::Credentials;
use proto::wire::form::Form;
use proto::wire::prefer;
use proto::wire::token::GRANT_TYPE_REFRESH_TOKEN;
use zeroize::Zeroizing;

use super::{path, refusal};
use crate::reply::{self, Reply};
use crate::request::Ask;
use crate::telemetry::{AuditEvent, PollOutcome, ReplayOutcome};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A token request that was read: its body is not needed any more.
pub(crate) enum Read {
    /// A poll of a device.
    Poll { poll: flow::Poll, client_id: ClientId, by_header: bool },
    /// A renewal of its access.
    Refresh(Box<Refresh>),
}

/// A renewal, as it was sent.
pub(crate) struct Refresh {
    credentials: Credentials,
    dpop: Option<DpopProof>,
    refresh_token: Option<Zeroizing<String>>,
    scope: Option<String>,
    resources: Vec<String>,
}

/// Reads a request.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn read(ask: &Ask<'_>, form: &Form<'_>) -> Result<Read, Refusal> {
    let credentials = ask.credentials(form).map_err(Refusal::Credentials)?;
    let dpop = ask.dpop(path::TOKEN)?;
    if form.get("grant_type") == Some(GRANT_TYPE_REFRESH_TOKEN) {
        return Ok(Read::Refresh(Box::new(Refresh {
            credentials,
            dpop,
            refresh_token: form.get("refresh_token").map(|value| Zeroizing::new(value.to_owned())),
            scope: form.get("scope").map(str::to_owned),
            resources: form.resources().map(str::to_owned).collect(),
        })));
    }
    let wait = prefer::wait(ask.headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok()));
    let request = PollRequest {
        caller: Request { credentials: &credentials, dpop: dpop.as_ref() },
        grant_type: form.get("grant_type"),
        device_code: form.get("device_code"),
        code_verifier: form.get("code_verifier"),
        resources: form.resources().collect(),
        wait,
    };
    let poll = ask.flow().read_poll(&request)?;
    Ok(Read::Poll { poll, client_id: credentials.client_id, by_header: credentials.by_header })
}

/// Answers it, at once or when the person decides.
pub(crate) async fn answer(ask: &Ask<'_>, read: Read) -> Reply {
    match read {
        Read::Poll { poll, client_id, by_header } => answer_poll(ask, poll, &client_id, by_header).await,
        Read::Refresh(refresh) => answer_refresh(ask, &refresh).await,
    }
}

async fn answer_refresh(ask: &Ask<'_>, refresh: &Refresh) -> Reply {
    let (client, by_header) = (&refresh.credentials.client_id, refresh.credentials.by_header);
    let request = RefreshRequest {
        caller: Request { credentials: &refresh.credentials, dpop: refresh.dpop.as_ref() },
        refresh_token: refresh.refresh_token.as_ref().map(|text| text.as_str()),
        scope: refresh.scope.as_deref(),
        resources: refresh.resources.iter().map(String::as_str).collect(),
    };
    let Renewed { outcome, replayed } = ask.flow().refresh(request).await;
    if let Some(grant) = replayed {
        ask.audit(&AuditEvent::Replay { client, grant, initiator: ask.address, outcome: ReplayOutcome::Revoked });
    }
    match outcome {
        Ok(issued) => {
            let Issued { grant_id: grant, user_id: user, response, .. } = issued;
            ask.audit(&AuditEvent::Refresh { client, grant, user, initiator: ask.address });
            reply::json(StatusCode::OK, &response)
        }
        Err(cause) => {
            ask.refused(&cause, client);
            refusal(&cause, by_header)
        }
    }
}

async fn answer_poll(ask: &Ask<'_>, poll: flow::Poll, client_id: &ClientId, by_header: bool) -> Reply {
    let Polled { outcome, applied, grant_id, revoked } = ask.flow().poll(poll).await;
    ask.app.metrics.polls.count(label(&outcome, applied));
    let mut reply = match outcome {
        Ok(issued) => {
            if issued.replacement {
                ask.audit(&AuditEvent::Replay {
                    client: client_id,
                    grant: issued.grant_id,
                    initiator: ask.address,
                    outcome: ReplayOutcome::Replaced,
                });
            }
            ask.audit(&AuditEvent::Redeem {
                client: client_id,
                grant: issued.grant_id,
                user: issued.user_id,
                initiator: ask.address,
            });
            reply::json(StatusCode::OK, &issued.response)
        }
        Err(cause) => {
            if let (Refusal::CodeReplayed, Some(grant)) = (&cause, grant_id) {
                let outcome = if revoked { ReplayOutcome::Revoked } else { ReplayOutcome::Refused };
                ask.audit(&AuditEvent::Replay { client: client_id, grant, initiator: ask.address, outcome });
            }
            ask.refused(&cause, client_id);
            refusal(&cause, by_header)
        }
    };
    if let Some(applied) = applied {
        reply.headers_mut().insert(PREFERENCE_APPLIED, preference(applied));
    }
    reply
}

fn preference(applied: Duration) -> HeaderValue {
    HeaderValue::from_str(&format!("wait={}", applied.as_secs())).unwrap_or(HeaderValue::from_static("wait"))
}

const fn label(outcome: &Result<Issued, Refusal>, applied: Option<Duration>) -> PollOutcome {
    match outcome {
        Ok(_) => PollOutcome::Redeemed,
        Err(Refusal::AuthorizationPending) if applied.is_some() => PollOutcome::Held,
        Err(Refusal::AuthorizationPending) => PollOutcome::Pending,
        Err(Refusal::SlowDown { .. }) => PollOutcome::SlowDown,
        Err(Refusal::Denied) => PollOutcome::Denied,
        Err(Refusal::Expired) => PollOutcome::Expired,
        Err(Refusal::Overloaded) => PollOutcome::Unavailable,
        Err(_) => PollOutcome::Refused,
    }
}
