//! `POST /oauth2/revoke` (RFC 7009): 200 for what ended and for what there was nothing to end of.

use flow::Request;
use http::StatusCode;
use proto::grant::Refusal;
use proto::wire::form::Form;

use super::refusal;
use crate::reply::{self, Reply};
use crate::request::Ask;
use crate::telemetry::{AuditEvent, RevokedBy};

pub(crate) async fn post(ask: &Ask<'_>, form: &Form<'_>) -> Reply {
    let credentials = match ask.credentials(form) {
        Ok(credentials) => credentials,
        Err(cause) => return refusal(&Refusal::Credentials(cause), ask.has_authorization()),
    };
    let Some(token) = form.get("token") else {
        return refusal(&Refusal::TokenMissing, credentials.by_header);
    };
    match ask.flow().revoke(Request { credentials: &credentials, dpop: None }, token).await {
        Ok(revoked) => {
            if let Some(flow::Revoked { grant_id: grant, user_id: user }) = revoked {
                let (client, approver) = (&credentials.client_id, Some(ask.address));
                ask.audit(&AuditEvent::Revoke { client, grant, user: Some(user), by: RevokedBy::Client, approver });
            }
            reply::json_bytes(StatusCode::OK, "{}".into())
        }
        Err(cause) => {
            ask.refused(&cause, &credentials.client_id);
            refusal(&cause, credentials.by_header)
        }
    }
}
