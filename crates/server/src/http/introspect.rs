//! `POST /oauth2/introspect` (RFC 7662): for APIs that the operator lets ask.

use flow::Request;
use http::StatusCode;
use proto::grant::Refusal;
use proto::wire::form::Form;

use super::refusal;
use crate::reply::{self, Reply};
use crate::request::Ask;

pub(crate) async fn post(ask: &Ask<'_>, form: &Form<'_>) -> Reply {
    let credentials = match ask.credentials(form) {
        Ok(credentials) => credentials,
        Err(cause) => return refusal(&Refusal::Credentials(cause), ask.has_authorization()),
    };
    let Some(token) = form.get("token") else {
        return refusal(&Refusal::TokenMissing, credentials.by_header);
    };
    match ask.flow().introspect(Request { credentials: &credentials, dpop: None }, token).await {
        Ok(introspection) => reply::json(StatusCode::OK, &introspection),
        Err(cause) => {
            ask.refused(&cause, &credentials.client_id);
            refusal(&cause, credentials.by_header)
        }
    }
}
