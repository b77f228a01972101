//! `POST /oauth2/device_authorization` (RFC 8628 §3.1, §3.2).

use flow::{Request, StartRequest};
use http::StatusCode;
use proto::grant::Refusal;
use proto::grant::start::Parameters;
use proto::wire::form::Form;

use super::{path, refusal};
use crate::reply::{self, Reply};
use crate::request::Ask;
use crate::telemetry::AuditEvent;

pub(crate) async fn post(ask: &Ask<'_>, form: &Form<'_>) -> Reply {
    let credentials = match ask.credentials(form) {
        Ok(credentials) => credentials,
        Err(cause) => return refusal(&Refusal::Credentials(cause), ask.has_authorization()),
    };
    let dpop = match ask.dpop(path::DEVICE_AUTHORIZATION) {
        Ok(dpop) => dpop,
        Err(cause) => return refusal(&cause, credentials.by_header),
    };
    let request = StartRequest {
        caller: Request { credentials: &credentials, dpop: dpop.as_ref() },
        parameters: Parameters {
            scope: form.get("scope"),
            device_name: form.get("device_name"),
            resources: form.resources().collect(),
            code_challenge: form.get("code_challenge"),
            code_challenge_method: form.get("code_challenge_method"),
        },
        requester: ask.address,
    };
    match ask.flow().start(request).await {
        Ok(started) => {
            let grant = &started.grant;
            let event = AuditEvent::Start { client: &grant.client_id, grant: grant.id, initiator: ask.address };
            ask.audit(&event);
            reply::json(StatusCode::OK, &started.response)
        }
        Err(cause) => {
            ask.refused(&cause, &credentials.client_id);
            refusal(&cause, credentials.by_header)
        }
    }
}
