//! `GET` and `POST /sign-in`: a new session with a new secret, whatever the browser had before.

use flow::{Browser, Password, SignInFailure, SignedIn, Unavailable};
use http::{StatusCode, header};
use proto::secret::SessionToken;
use proto::wire::form::Form;

use super::cookies::{self, Flash, Next, Visit};
use super::csrf::{self, Action};
use super::view::{Plain, Purpose, SignInNotice, SignInPage, SignInProblem, field};
use super::{error, person};
use crate::reply::Reply;
use crate::request::Ask;
use crate::telemetry::{AuditEvent, SignInCause, SignInOutcome};

pub(crate) async fn get(ask: &Ask<'_>) -> Reply {
    let mut visit = Visit::of(ask);
    match person::of(ask).await {
        Ok(Some(_)) => visit.go(ask, visit.next().path()),
        Ok(None) => {
            let notice = match visit.flash.take() {
                Some(Flash::SignIn(notice)) => Some(notice),
                _ => None,
            };
            page(ask, &visit, StatusCode::OK, Plain::default(), Ok(notice))
        }
        Err(_) => error::unavailable(ask),
    }
}

pub(crate) async fn post(ask: &Ask<'_>, form: &Form<'_>) -> Reply {
    let visit = Visit::of(ask);
    if !csrf::fits_visit(ask, form, Action::SignIn, &visit) {
        return error::forbidden(ask);
    }
    let name = form.get(field::USERNAME).unwrap_or_default();
    let problem = match form.get(field::PASSWORD).filter(|_| !name.is_empty()) {
        None => SignInProblem::Missing,
        Some(password) => match sign_in(ask, name, password).await {
            Ok(begun) => return welcome(ask, visit, begun).await.unwrap_or_else(|_| error::unavailable(ask)),
            Err(SignInFailure::Wrong) => SignInProblem::NotRight,
            Err(SignInFailure::Throttled(until)) => SignInProblem::TooManyTries { wait: super::wait(ask, until) },
            Err(SignInFailure::Unavailable(_)) => return error::unavailable(ask),
        },
    };
    refuse(ask, &visit, name, problem)
}

/// A new session, and its secret.
type Begun = (SessionToken, SignedIn);

async fn sign_in(ask: &Ask<'_>, name: &str, password: &str) -> Result<Begun, SignInFailure> {
    let browser = Browser { address: ask.address, user_agent: ask.header(header::USER_AGENT).unwrap_or_default() };
    let outcome = ask.flow().sign_in(name, &Password::typed(password), browser).await;
    let failed = |cause| AuditEvent::SignInFailed { user: None, approver: ask.address, cause };
    let (label, event) = match &outcome {
        Ok((_, person)) => {
            let (user, session) = (person.user.id, person.session.id);
            (SignInOutcome::SignedIn, AuditEvent::SignIn { user, session, approver: ask.address })
        }
        Err(SignInFailure::Throttled(_)) => (SignInOutcome::Limited, failed(SignInCause::Limited)),
        Err(SignInFailure::Wrong) => (SignInOutcome::Failed, failed(SignInCause::Credentials)),
        Err(SignInFailure::Unavailable(_)) => return outcome,
    };
    ask.app.metrics.sign_ins.count(label);
    ask.audit(&event);
    outcome
}

/// On with a new session and a new visit. The session that the browser had before is over.
async fn welcome(ask: &Ask<'_>, mut visit: Visit, (token, person): Begun) -> Result<Reply, Unavailable> {
    if let Some(before) = person::of(ask).await? {
        ask.flow().sign_out(before.session.id).await?;
        let (user, session) = (before.user.id, before.session.id);
        ask.audit(&AuditEvent::SignOut { user, session, approver: ask.address });
    }
    visit.renew(ask);
    let reply = visit.go(ask, visit.next().path());
    Ok(cookies::begin_session(ask, reply, &token, &person))
}

fn refuse(ask: &Ask<'_>, visit: &Visit, name: &str, problem: SignInProblem) -> Reply {
    let name = Plain::name(name);
    match problem {
        SignInProblem::TooManyTries { wait } => {
            super::retry_after(page(ask, visit, StatusCode::TOO_MANY_REQUESTS, name, Err(problem)), wait)
        }
        SignInProblem::Missing | SignInProblem::NotRight => {
            page(ask, visit, StatusCode::UNPROCESSABLE_ENTITY, name, Err(problem))
        }
    }
}

fn page(
    ask: &Ask<'_>,
    visit: &Visit,
    status: StatusCode,
    username: Plain,
    said: Result<Option<SignInNotice>, SignInProblem>,
) -> Reply {
    let page = SignInPage {
        site: &ask.app.site,
        csrf: &csrf::of_visit(ask, Action::SignIn, visit),
        purpose: match visit.next() {
            Next::Account | Next::Devices => Purpose::Account,
            Next::Decision => Purpose::Device,
        },
        username,
        problem: said.err(),
        notice: said.ok().flatten(),
    };
    visit.keep(ask, super::show(ask, status, &page))
}
