//! Questions to the endpoints that change nothing: codes for an application that does not exist, and tokens for a code that
//! was never given. How a server refuses tells what it can, and in which shape its errors come.

use std::time::Duration;

use proto::wire::error::{ErrorCode, ErrorReply};

use super::{Kind, Notes};
use crate::authentication::Form;
use crate::exchange::Post;
use crate::{Application, Client, Environment, Error, Transport};

/// No application of any server.
pub(super) const NOBODY: &str = "countersign-doctor";
/// No code of any server.
const NOTHING: &str = "countersign-doctor-asks-what-an-unknown-code-is-answered-with";
const TIMEOUT: Duration = Duration::from_secs(15);
const ANSWER: &str = "the answer";

/// Asks for codes in nobody's name.
pub(super) async fn codes<T: Transport, E: Environment>(client: &Client<&T, &E>, notes: &mut Notes) {
    let nobody = Client { application: Application::public(NOBODY), ..client.clone() };
    let dialect = &client.server.provider.dialect;
    let endpoint = &client.server.device_authorization;
    let pairs = dialect.start_parameters;
    let form = Form { endpoint, by_get: dialect.starts_by_get, pairs, timeout: TIMEOUT };
    match ask(&nobody, form).await {
        Err(why) => {
            notes.add(Kind::Wrong, "device_authorization_endpoint", format!("It cannot be asked for codes: {why}."));
        }
        Ok(Answer { error: Some(error), status, .. }) if error.code.is_some() => {
            let message = format!("It refuses codes to an unknown application with {} (status {status}).", error.error);
            notes.add(Kind::Supported, "device_authorization_endpoint", message);
            shape(status, &error, notes);
        }
        Ok(Answer { status: status @ (404 | 405 | 410 | 501), .. }) => {
            let message = format!("Nothing gives codes at {endpoint} (status {status}).");
            notes.add(Kind::Wrong, "device_authorization_endpoint", message);
        }
        Ok(Answer { has_codes: true, .. }) => {
            notes.add(
                Kind::Note,
                "device_authorization_endpoint",
                "It gives codes to applications that it does not know.",
            );
        }
        Ok(Answer { status, .. }) => {
            let message = format!("It refuses codes in words of its own (status {status}).");
            notes.add(Kind::WorkedAround, "device_authorization_endpoint", message);
        }
    }
}

/// Polls with a code that nobody has, in the application's name if there is one.
pub(super) async fn tokens<T: Transport, E: Environment>(client: &Client<&T, &E>, is_named: bool, notes: &mut Notes) {
    let dialect = &client.server.provider.dialect;
    let mut pairs = vec![("grant_type", dialect.grant_type)];
    pairs.extend(dialect.poll_parameters);
    pairs.extend(dialect.code_parameters.iter().map(|name| (*name, NOTHING)));
    let form = Form { endpoint: &client.server.token, by_get: false, pairs: &pairs, timeout: TIMEOUT };
    let answer = match ask(client, form).await {
        Ok(answer) => answer,
        Err(why) => return notes.add(Kind::Wrong, "token_endpoint", format!("It cannot be asked for tokens: {why}.")),
    };
    let Some(error) = answer.error else {
        let message = format!("It refuses tokens in words of its own (status {}).", answer.status);
        return notes.add(Kind::WorkedAround, "token_endpoint", message);
    };
    shape(answer.status, &error, notes);
    let said = format!("{} (status {})", error.error, answer.status);
    match error.code {
        Some(ErrorCode::UnsupportedGrantType) => {
            notes.add(Kind::Wrong, "token_endpoint", format!("It does not know the device grant: {said}."));
        }
        Some(ErrorCode::UnauthorizedClient) if is_named => {
            notes.add(Kind::Wrong, "client", format!("The application may not use the device grant: {said}."));
        }
        Some(ErrorCode::InvalidClient) if is_named => {
            let message = format!("The application is not known, or needs a secret or a key: {said}.");
            notes.add(Kind::Note, "client", message);
        }
        Some(ErrorCode::InvalidGrant | ErrorCode::ExpiredToken) if is_named => {
            notes.add(Kind::Supported, "client", format!("The application may use the device grant: {said}."));
        }
        Some(ErrorCode::AuthorizationPending) => {
            let message = "A code that nobody has is answered as if it were pending: only its lifetime ends a wait.";
            notes.add(Kind::WorkedAround, "token_endpoint", message);
        }
        _ => notes.add(Kind::Supported, "token_endpoint", format!("An unknown code is refused with {said}.")),
    }
}

/// Where the shape of an error is not that of RFC 6749 §5.2.
fn shape(status: u16, error: &ErrorReply, notes: &mut Notes) {
    let own = error.code.is_some_and(|code| code.as_str() != error.error);
    if own {
        let meant = error.code.map(ErrorCode::as_str).unwrap_or_default();
        notes.add(Kind::WorkedAround, "errors", format!("It says {} where {meant} is meant.", error.error));
    }
    if !matches!(status, 400 | 401) {
        notes.add(Kind::WorkedAround, "errors", format!("Its errors come with status {status}."));
    }
}

struct Answer {
    error: Option<ErrorReply>,
    has_codes: bool,
    status: u16,
}

async fn ask<T: Transport, E: Environment>(client: &Client<&T, &E>, form: Form<'_>) -> Result<Answer, Error> {
    let response = client.exchange(&Post { form, key: None }, ANSWER).await?;
    let members = client.read(&response).ok();
    let has_codes = members.as_ref().is_some_and(|members| members.contains_key("user_code"));
    let error = members.as_ref().and_then(ErrorReply::find);
    Ok(Answer { error, has_codes, status: response.status })
}
