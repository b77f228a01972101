//! `GET` and `POST /account`: where the person is signed in, and their password.

use flow::account::{ChangePasswordFailure, Everywhere};
use flow::{Password, SignedIn, Unavailable, WeakPassword};
use http::StatusCode;
use proto::model::{Session, SessionId};
use proto::wire::form::Form;

use super::cookies::{self, Flash, Next, Visit};
use super::csrf::{self, Action};
use super::view::{AccountNotice, AccountPage, PasswordProblem, Plain, SessionRow, SignInNotice, field};
use super::{decision, error, person};
use crate::reply::Reply;
use crate::request::Ask;
use crate::telemetry::{AuditEvent, SessionEnd};

pub(crate) async fn get(ask: &Ask<'_>) -> Reply {
    let visit = Visit::of(ask);
    match person::of(ask).await {
        Ok(Some(person)) => page(ask, visit, &person, None).await.unwrap_or_else(|_| error::unavailable(ask)),
        Ok(None) => person::sign_in_first(ask, visit, Next::Account),
        Err(_) => error::unavailable(ask),
    }
}

pub(crate) async fn post(ask: &Ask<'_>, form: &Form<'_>) -> Reply {
    let visit = Visit::of(ask);
    match person::of(ask).await {
        Ok(Some(person)) if is_own(ask, form, &person) => {
            act(ask, visit, &person, form).await.unwrap_or_else(|_| error::unavailable(ask))
        }
        Ok(Some(_)) => error::forbidden(ask),
        Ok(None) => person::sign_in_first(ask, visit, Next::Account),
        Err(_) => error::unavailable(ask),
    }
}

fn is_own(ask: &Ask<'_>, form: &Form<'_>, person: &SignedIn) -> bool {
    csrf::fits_person(ask, form, Action::Account, person) && csrf::has_companion(ask, person)
}

async fn act(ask: &Ask<'_>, visit: Visit, person: &SignedIn, form: &Form<'_>) -> Result<Reply, Unavailable> {
    match form.get(field::ACTION) {
        Some("change_password") => change_password(ask, visit, person, form).await,
        Some("end_session") => end_session(ask, visit, person, form, SessionEnd::Ended).await,
        Some("not_me") => end_session(ask, visit, person, form, SessionEnd::NotMe).await,
        Some("sign_out_everywhere") => sign_out_everywhere(ask, visit, person, form).await,
        _ => Ok(error::unreadable(ask, StatusCode::BAD_REQUEST)),
    }
}

/// Back to the page, which says what was done.
fn back(ask: &Ask<'_>, mut visit: Visit, notice: AccountNotice) -> Reply {
    visit.flash = Some(Flash::Account(notice));
    visit.go(ask, "/account")
}

async fn end_session(
    ask: &Ask<'_>,
    visit: Visit,
    person: &SignedIn,
    form: &Form<'_>,
    how: SessionEnd,
) -> Result<Reply, Unavailable> {
    let named = form.get(field::SESSION).and_then(|text| text.parse::<SessionId>().ok());
    let own = ask.flow().sessions(person).await?;
    let Some(session) = own.iter().map(|session| session.id).find(|id| Some(*id) == named) else {
        return Ok(back(ask, visit, AccountNotice::SessionGone));
    };
    let not_me = how == SessionEnd::NotMe;
    ask.flow().end_session(person, session, not_me).await?;
    let (user, approver) = (person.user.id, ask.address);
    ask.audit(&AuditEvent::SessionEnded { user, session: Some(session), how, approver });
    let notice = if not_me { AccountNotice::SessionReported } else { AccountNotice::SessionEnded };
    Ok(back(ask, visit, notice))
}

async fn sign_out_everywhere(
    ask: &Ask<'_>,
    mut visit: Visit,
    person: &SignedIn,
    form: &Form<'_>,
) -> Result<Reply, Unavailable> {
    let devices = form.get(field::DEVICES).is_some();
    let (how, event) = if devices {
        (Everywhere::DevicesToo, SessionEnd::EverywhereAndDevices)
    } else {
        (Everywhere::Browsers, SessionEnd::Everywhere)
    };
    ask.flow().sign_out_everywhere(person, how).await?;
    let (user, approver) = (person.user.id, ask.address);
    ask.audit(&AuditEvent::SessionEnded { user, session: None, how: event, approver });
    visit.renew(ask);
    visit.drop_code(Flash::SignIn(SignInNotice::SignedOutEverywhere { devices }), "");
    Ok(cookies::end_session(ask, visit.go(ask, "/sign-in")))
}

async fn change_password(
    ask: &Ask<'_>,
    visit: Visit,
    person: &SignedIn,
    form: &Form<'_>,
) -> Result<Reply, Unavailable> {
    let others_ended = ask.flow().sessions(person).await?.len() > 1;
    let problem = match (form.get(field::CURRENT_PASSWORD), form.get(field::NEW_PASSWORD)) {
        (Some(current), Some(new)) if current == new => PasswordProblem::Same,
        (Some(current), Some(new)) => {
            let (current, new) = (Password::typed(current), Password::typed(new));
            match ask.flow().change_password(person, &current, &new).await {
                Ok(()) => {
                    audit_change(ask, person, others_ended);
                    return Ok(back(ask, visit, AccountNotice::PasswordChanged { others_ended }));
                }
                Err(ChangePasswordFailure::Throttled(until)) => {
                    PasswordProblem::TooManyTries { wait: super::wait(ask, until) }
                }
                Err(ChangePasswordFailure::Unavailable(unavailable)) => return Err(unavailable),
                Err(ChangePasswordFailure::Weak(WeakPassword::Common)) => PasswordProblem::Common,
                Err(ChangePasswordFailure::Weak(WeakPassword::Name)) => PasswordProblem::HoldsName,
                Err(ChangePasswordFailure::Weak(WeakPassword::TooLong)) => PasswordProblem::TooLong,
                Err(ChangePasswordFailure::Weak(WeakPassword::TooShort)) => PasswordProblem::TooShort,
                Err(ChangePasswordFailure::Wrong) => PasswordProblem::WrongCurrent,
            }
        }
        (None, _) | (_, None) => PasswordProblem::Missing,
    };
    page(ask, visit, person, Some(problem)).await
}

fn audit_change(ask: &Ask<'_>, person: &SignedIn, others_ended: bool) {
    let (user, approver) = (person.user.id, ask.address);
    ask.audit(&AuditEvent::PasswordChanged { user, approver });
    if others_ended {
        ask.audit(&AuditEvent::SessionEnded { user, session: None, how: SessionEnd::PasswordChange, approver });
    }
}

async fn page(
    ask: &Ask<'_>,
    mut visit: Visit,
    person: &SignedIn,
    problem: Option<PasswordProblem>,
) -> Result<Reply, Unavailable> {
    let mut sessions = ask.flow().sessions(person).await?;
    sessions.sort_by_key(|session| session.id != person.session.id);
    let notice = match visit.flash.take() {
        Some(Flash::Account(notice)) => Some(notice),
        _ => None,
    };
    let page = AccountPage {
        site: &ask.app.site,
        csrf: &csrf::of_person(ask, Action::Account, person),
        sign_out_csrf: &csrf::of_person(ask, Action::SignOut, person),
        account: Plain::name(person.user.name.as_str()),
        sessions: sessions.iter().map(|session| row(ask, session, person)).collect(),
        least: flow::passwords::MIN_CHARACTERS,
        problem,
        notice,
    };
    Ok(visit.keep(
        ask,
        match problem {
            None => super::show(ask, StatusCode::OK, &page),
            Some(PasswordProblem::TooManyTries { wait }) => {
                super::retry_after(super::show(ask, StatusCode::TOO_MANY_REQUESTS, &page), wait)
            }
            Some(_) => super::show(ask, StatusCode::UNPROCESSABLE_ENTITY, &page),
        },
    ))
}

fn row(ask: &Ask<'_>, session: &Session, person: &SignedIn) -> SessionRow {
    let now = ask.flow().now();
    let (started, used) = (now.since(session.auth_time), now.since(session.last_seen));
    let address = decision::address(session.address);
    let row = SessionRow::new(&session.id.to_string(), &session.user_agent, address.as_str(), started, used);
    if session.id == person.session.id { row.here() } else { row }
}
