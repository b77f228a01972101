//! `POST /sign-out`: ends the session of this browser, and of no device.

use flow::{SignedIn, Unavailable};
use proto::wire::form::Form;

use super::cookies::{self, Flash, Next, Visit};
use super::csrf::{self, Action};
use super::view::{SignInNotice, field};
use super::{error, person};
use crate::reply::Reply;
use crate::request::Ask;
use crate::telemetry::AuditEvent;

pub(crate) async fn post(ask: &Ask<'_>, form: &Form<'_>) -> Reply {
    match person::of(ask).await {
        Ok(Some(person)) if csrf::fits_person(ask, form, Action::SignOut, &person) => {
            let keep_code = form.get(field::THEN) == Some("device");
            sign_out(ask, &person, keep_code).await.unwrap_or_else(|_| error::unavailable(ask))
        }
        Ok(Some(_)) => error::forbidden(ask),
        Ok(None) => person::sign_in_first(ask, Visit::of(ask), Next::Account),
        Err(_) => error::unavailable(ask),
    }
}

/// `keep_code`: somebody else will sign in and answer for the same device.
async fn sign_out(ask: &Ask<'_>, person: &SignedIn, keep_code: bool) -> Result<Reply, Unavailable> {
    ask.flow().sign_out(person.session.id).await?;
    ask.audit(&AuditEvent::SignOut { user: person.user.id, session: person.session.id, approver: ask.address });
    let mut visit = Visit::of(ask);
    visit.renew(ask);
    if keep_code {
        visit.next = Next::Decision;
    } else {
        visit.drop_code(Flash::SignIn(SignInNotice::SignedOut), "");
    }
    Ok(cookies::end_session(ask, visit.go(ask, "/sign-in")))
}
