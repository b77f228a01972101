//! Who is there: the session of a request, and what happens when a page needs one and there is none.

use flow::{SignedIn, Unavailable};

use super::cookies::{self, Flash, Next, Visit};
use super::view::SignInNotice;
use crate::reply::Reply;
use crate::request::Ask;

/// The signed-in person, if anybody is.
///
/// # Errors
/// The store.
pub(super) async fn of(ask: &Ask<'_>) -> Result<Option<SignedIn>, Unavailable> {
    match cookies::session(ask) {
        Some(secret) => ask.flow().signed_in(secret).await,
        None => Ok(None),
    }
}

/// To the sign-in page, and from there on to `next`.
pub(super) fn sign_in_first(ask: &Ask<'_>, mut visit: Visit, next: Next) -> Reply {
    visit.next = next;
    if cookies::session(ask).is_none() {
        return visit.go(ask, "/sign-in");
    }
    visit.flash = Some(Flash::SignIn(SignInNotice::SessionEnded));
    cookies::end_session(ask, visit.go(ask, "/sign-in"))
}
