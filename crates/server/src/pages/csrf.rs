//! Proof that a form was filled in on our own page: where the request came from, and a token in the form (SB-4.16,
//! DF-3.3-10).
//!
//! A token counts for one action and one browser: the visit before sign-in, the session after it, and on the decision
//! page the sealed handle of the question as well, which names session, grant and versions.

use flow::SignedIn;
use proto::wire::form::Form;

use super::cookies::{self, Visit};
use super::view::field;
use crate::request::Ask;

/// What a form does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// `POST /account`.
    Account,
    /// `POST /device`.
    Code,
    /// `POST /device/decision`.
    Decide,
    /// The same from a page that asked to compare the code: counts only with the confirmation.
    DecideConfirmed,
    /// `POST /account/devices`.
    Devices,
    /// `POST /sign-in`.
    SignIn,
    /// `POST /sign-out`.
    SignOut,
}

impl Action {
    const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Code => "code",
            Self::Decide => "decide",
            Self::DecideConfirmed => "decide-confirmed",
            Self::Devices => "devices",
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
        }
    }
}

/// The token of a form before sign-in.
pub(super) fn of_visit(ask: &Ask<'_>, action: Action, visit: &Visit) -> String {
    ask.flow().csrf_token(action.name(), visit.id())
}

/// The token of a form of a signed-in person.
pub(super) fn of_person(ask: &Ask<'_>, action: Action, person: &SignedIn) -> String {
    ask.flow().csrf_token(action.name(), &person.session.id.to_string())
}

/// The token of the form that answers the question with this handle.
pub(super) fn of_question(ask: &Ask<'_>, action: Action, person: &SignedIn, handle: &str) -> String {
    ask.flow().csrf_token(action.name(), &question(person, handle))
}

/// Whether a form before sign-in is our own.
pub(super) fn fits_visit(ask: &Ask<'_>, form: &Form<'_>, action: Action, visit: &Visit) -> bool {
    fits(ask, form, action, visit.id())
}

/// Whether a form of a signed-in person is our own.
pub(super) fn fits_person(ask: &Ask<'_>, form: &Form<'_>, action: Action, person: &SignedIn) -> bool {
    fits(ask, form, action, &person.session.id.to_string())
}

/// Whether the answer to a question is our own.
pub(super) fn fits_question(ask: &Ask<'_>, form: &Form<'_>, action: Action, person: &SignedIn, handle: &str) -> bool {
    fits(ask, form, action, &question(person, handle))
}

/// What the companion of a session holds.
pub(super) fn companion(ask: &Ask<'_>, person: &SignedIn) -> String {
    ask.flow().csrf_token("companion", &person.session.id.to_string())
}

/// Whether the companion of the session came along.
pub(super) fn has_companion(ask: &Ask<'_>, person: &SignedIn) -> bool {
    let session = person.session.id.to_string();
    cookies::companion(ask).is_some_and(|token| ask.flow().csrf_fits("companion", &session, token))
}

fn fits(ask: &Ask<'_>, form: &Form<'_>, action: Action, binding: &str) -> bool {
    let token = form.get(field::CSRF).unwrap_or_default();
    ask.is_same_origin() && ask.flow().csrf_fits(action.name(), binding, token)
}

fn question(person: &SignedIn, handle: &str) -> String {
    format!("{} {handle}", person.session.id)
}
