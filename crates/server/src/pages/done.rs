//! `GET /device/done`: what came of the decision, and what to do now (RFC 8628 §3.3).

use std::time::Duration;

use flow::Decided;
use http::StatusCode;
use proto::grant::decide::Verdict;
use proto::grant::lookup::Ended;
use proto::model::GrantState;

use super::cookies::Told;
use super::view::{DonePage, Outcome, Plain, When};
use crate::reply::{self, Reply};
use crate::request::Ask;

/// A second press of the same button within this time is the same press.
const SAME_PRESS: Duration = Duration::from_secs(10);

pub(crate) fn get(ask: &Ask<'_>) -> Reply {
    let Some(Told { application, outcome, when }) = Told::of(ask) else { return reply::see_other(ask.app, "/device") };
    let page = DonePage { site: &ask.app.site, application: Plain::name(&application), outcome, when };
    super::show(ask, StatusCode::OK, &page)
}

/// To the page, with what it is to say. `verdict`: the button, if one was pressed.
pub(super) fn tell(ask: &Ask<'_>, decided: &Decided, verdict: Option<Verdict>, when: When) -> Reply {
    let reported = match &decided.grant.state {
        GrantState::Denied { reported, .. } => *reported,
        GrantState::Approved(_) | GrantState::Pending | GrantState::Redeemed(..) => verdict == Some(Verdict::Report),
    };
    let outcome = match decided.ended {
        Ended::Approved => Outcome::Approved,
        Ended::Denied => Outcome::Denied { reported },
        Ended::Expired => Outcome::Expired,
    };
    let application = decided.client.as_ref().map(|client| Plain::name(&client.name).to_string()).unwrap_or_default();
    Told { application, outcome, when }.keep(ask, reply::see_other(ask.app, "/device/done"))
}

/// Whether the outcome is news: it is what was just pressed, once or twice.
pub(super) fn when(ask: &Ask<'_>, decided: &Decided, verdict: Verdict) -> When {
    let (at, same) = match (&decided.grant.state, verdict) {
        (GrantState::Pending, _) => return When::Now,
        (GrantState::Approved(approval) | GrantState::Redeemed(approval, _), verdict) => {
            (approval.at, verdict == Verdict::Approve)
        }
        (GrantState::Denied { at, .. }, verdict) => (*at, verdict != Verdict::Approve),
    };
    if same && ask.flow().now().since(at) < SAME_PRESS { When::Now } else { When::Before }
}
