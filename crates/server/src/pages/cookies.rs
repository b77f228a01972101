//! What the browser keeps for the pages: the visit and the last outcome, both sealed and short-lived, and the session.
//!
//! Before sign-in nothing is stored on the server: the code, what was typed and what is to be said next travel in the
//! visit. Its random id is what the forms before sign-in are bound to; it is replaced at sign-in and at sign-out.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flow::SignedIn;
use proto::Timestamp;
use proto::entropy;
use proto::grant::lookup::Arrival;
use proto::secret::{Alphabet, SessionToken, UserCode};
use serde::{Deserialize, Serialize};

use super::csrf;
use super::view::{AccountNotice, DevicesNotice, Outcome, Plain, SignInNotice, When};
use crate::reply::{self, Reply};
use crate::request::Ask;

const COMPANION: &str = "countersign_same_site";
const OUTCOME: &str = "countersign_outcome";
const SESSION: &str = "countersign_session";
const VISIT: &str = "countersign_flow";

/// How long a visit may pause: longer than a code lives by default.
const VISIT_FOR: Duration = Duration::from_secs(900);
/// Characters of what was typed that are kept for the field.
const MAX_TYPED: usize = 80;

/// What one browser is about.
#[derive(Serialize, Deserialize)]
pub(super) struct Visit {
    id: String,
    code: Option<Brought>,
    /// What stands in the field for the code.
    pub(super) typed: String,
    /// What the next page says, once.
    pub(super) flash: Option<Flash>,
    /// Where sign-in leads.
    pub(super) next: Next,
}

/// A code that awaits its question, in the form in which people see it.
#[derive(Serialize, Deserialize)]
struct Brought {
    code: String,
    by_link: bool,
}

/// What the next page says, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Flash {
    /// On the account page.
    Account(AccountNotice),
    /// On the page of devices.
    Devices(DevicesNotice),
    /// Nothing: a link was opened, and the code page passes the visitor on.
    Linked,
    /// A link held no code that can be one.
    Misread,
    /// On the sign-in page.
    SignIn(SignInNotice),
    /// Too many wrong codes, until then.
    Throttled(Timestamp),
    /// The link does not count here.
    TypeIt,
    /// The code cannot be used.
    Unusable,
}

/// Where sign-in leads: never an address that came from outside (SB-4.11-1).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Next {
    /// To the account page.
    Account,
    /// To the question about the code.
    Decision,
    /// To the page of devices.
    Devices,
}

/// What came of the last decision in this browser.
#[derive(Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) application: String,
    pub(super) outcome: Outcome,
    pub(super) when: When,
}

impl Visit {
    /// The visit of this request, or a new one.
    pub(super) fn of(ask: &Ask<'_>) -> Self {
        let known = ask.cookie(VISIT).and_then(|text| ask.flow().unseal(VISIT, text));
        known.unwrap_or_else(|| Self {
            id: draw_id(ask),
            code: None,
            typed: String::new(),
            flash: None,
            next: Next::Account,
        })
    }

    /// Under a new id: forms that were open before do not count any more (session fixation).
    pub(super) fn renew(&mut self, ask: &Ask<'_>) {
        self.id = draw_id(ask);
    }

    /// What the forms before sign-in are bound to.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// A code was brought.
    pub(super) fn bring(&mut self, code: &UserCode, arrival: Arrival) {
        self.code = Some(Brought { code: code.grouped(), by_link: arrival == Arrival::Link });
        self.typed = String::new();
        self.next = Next::Decision;
    }

    /// The code is done with; `flash` says why, and `typed` is what stands in the field for the next one.
    pub(super) fn drop_code(&mut self, flash: Flash, typed: &str) {
        self.code = None;
        self.next = Next::Account;
        self.flash = Some(flash);
        self.typed = Plain::new(typed, MAX_TYPED).to_string();
    }

    /// The code in its shown form, as it was brought, and how.
    pub(super) fn code(&self) -> Option<(&str, UserCode, Arrival)> {
        let Brought { code, by_link } = self.code.as_ref()?;
        let read = |alphabet| UserCode::read(alphabet, code).ok().filter(|read| !read.corrected);
        let read = read(Alphabet::Base20).or_else(|| read(Alphabet::Digits))?;
        Some((code, read.code, if *by_link { Arrival::Link } else { Arrival::Typed }))
    }

    /// Where sign-in leads.
    pub(super) fn next(&self) -> Next {
        match self.next {
            Next::Decision if self.code.is_none() => Next::Account,
            next => next,
        }
    }

    /// Has the browser keep it.
    pub(super) fn keep(&self, ask: &Ask<'_>, mut reply: Reply) -> Reply {
        let sealed = ask.flow().seal(VISIT, self, ask.flow().now() + VISIT_FOR);
        reply::set_cookie(ask.app, &mut reply, VISIT, &sealed, false, Some(VISIT_FOR));
        reply
    }

    /// On to another page.
    pub(super) fn go(&self, ask: &Ask<'_>, path: &str) -> Reply {
        self.keep(ask, reply::see_other(ask.app, path))
    }
}

impl Next {
    /// The page.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Account => "/account",
            Self::Decision => "/device/decision",
            Self::Devices => "/account/devices",
        }
    }
}

impl Told {
    /// What the browser was told last, if that was not long ago.
    pub(super) fn of(ask: &Ask<'_>) -> Option<Self> {
        ask.cookie(OUTCOME).and_then(|text| ask.flow().unseal(OUTCOME, text))
    }

    /// Has the browser keep it.
    pub(super) fn keep(&self, ask: &Ask<'_>, mut reply: Reply) -> Reply {
        let sealed = ask.flow().seal(OUTCOME, self, ask.flow().now() + VISIT_FOR);
        reply::set_cookie(ask.app, &mut reply, OUTCOME, &sealed, false, Some(VISIT_FOR));
        reply
    }
}

/// The secret of the session, if the browser has one.
pub(super) fn session<'a>(ask: &'a Ask<'_>) -> Option<&'a str> {
    ask.cookie(SESSION)
}

/// Has the browser keep a new session, with its companion: a second cookie that a browser never sends along when a page
/// of somebody else leads here (SameSite=Strict), and without which nothing is decided.
pub(super) fn begin_session(ask: &Ask<'_>, mut reply: Reply, token: &SessionToken, person: &SignedIn) -> Reply {
    reply::set_cookie(ask.app, &mut reply, SESSION, token.reveal(), false, None);
    reply::set_cookie(ask.app, &mut reply, COMPANION, &csrf::companion(ask, person), true, None);
    reply
}

/// Takes away everything that belongs to a session.
pub(super) fn end_session(ask: &Ask<'_>, mut reply: Reply) -> Reply {
    reply::set_cookie(ask.app, &mut reply, SESSION, "", false, None);
    reply::set_cookie(ask.app, &mut reply, COMPANION, "", true, None);
    reply::set_cookie(ask.app, &mut reply, OUTCOME, "", false, None);
    reply
}

/// The companion of the session, if the browser sent one.
pub(super) fn companion<'a>(ask: &'a Ask<'_>) -> Option<&'a str> {
    ask.cookie(COMPANION)
}

fn draw_id(ask: &Ask<'_>) -> String {
    URL_SAFE_NO_PAD.encode(entropy::bytes::<16>(&mut ask.flow().env().entropy()))
}
