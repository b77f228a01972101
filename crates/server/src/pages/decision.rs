//! `GET` and `POST /device/decision`: the question, and its answer. GET changes nothing (DF-3.3-10).
//!
//! The answer is to the question that was shown, named by the sealed handle in its form; the code in the visit only says
//! which question to show.

use flow::decide::{DecideFailure, Decided};
use flow::{Found, Question, SignedIn, Unavailable};
use http::StatusCode;
use proto::grant::decide::{Shown, Verdict, Void};
use proto::grant::lookup::{Arrival, Ended};
use proto::model::{AddressOrigin, ClientAddress, Grant, Resource, SameNetwork};
use proto::wire::form::Form;

use super::cookies::{Flash, Next, Visit};
use super::csrf::{self, Action};
use super::view::{
    Application, DecisionPage, DecisionProblem, Network, Origin, Permission, Plain, ShownCode, When, field,
};
use super::{done, error, person, text};
use crate::reply::Reply;
use crate::request::Ask;
use crate::telemetry::{AuditEvent, FailCause, GuessOutcome, Party};

pub(crate) async fn get(ask: &Ask<'_>) -> Reply {
    let visit = Visit::of(ask);
    match person::of(ask).await {
        Ok(Some(person)) => look(ask, visit, &person, None).await.unwrap_or_else(|_| error::unavailable(ask)),
        Ok(None) => person::sign_in_first(ask, visit, Next::Decision),
        Err(_) => error::unavailable(ask),
    }
}

pub(crate) async fn post(ask: &Ask<'_>, form: &Form<'_>) -> Reply {
    let visit = Visit::of(ask);
    match person::of(ask).await {
        Ok(Some(person)) => answer(ask, visit, &person, form).await.unwrap_or_else(|_| error::unavailable(ask)),
        Ok(None) => person::sign_in_first(ask, visit, Next::Decision),
        Err(_) => error::unavailable(ask),
    }
}

/// Why a question is asked again, and which it was.
type Again = (DecisionProblem, Option<Shown>);

/// Shows what there is to say about the code that was brought.
async fn look(ask: &Ask<'_>, mut visit: Visit, person: &SignedIn, again: Option<Again>) -> Result<Reply, Unavailable> {
    let Some((shown_code, code, arrival)) = visit.code() else { return Ok(visit.go(ask, "/device")) };
    let found = ask.flow().look_up(person, &code, arrival, ask.address).await?;
    let shown_code = shown_code.to_owned();
    count(ask, person, &found);
    Ok(match found {
        Found::AskForCode => {
            visit.drop_code(Flash::TypeIt, "");
            visit.go(ask, "/device")
        }
        Found::Decided(ended, grant, client) => {
            let decided = Decided { ended, grant: *grant, client: client.map(|client| *client), changed: false };
            visit.next = Next::Account;
            visit.keep(ask, done::tell(ask, &decided, None, When::Before))
        }
        Found::Question(question) => {
            let code = (arrival == Arrival::Link).then(|| ShownCode::new(&shown_code));
            visit.keep(ask, page(ask, person, &question, code, again))
        }
        Found::Throttled(until) => {
            visit.drop_code(Flash::Throttled(until), &shown_code);
            visit.go(ask, "/device")
        }
        Found::Unusable => {
            visit.drop_code(Flash::Unusable, &shown_code);
            visit.go(ask, "/device")
        }
    })
}

/// Takes an answer.
async fn answer(ask: &Ask<'_>, mut visit: Visit, person: &SignedIn, form: &Form<'_>) -> Result<Reply, Unavailable> {
    let handle = form.get(field::HANDLE).unwrap_or_default();
    let fits = |action| csrf::fits_question(ask, form, action, person, handle);
    let asked_to_compare = fits(Action::DecideConfirmed);
    if !(asked_to_compare || fits(Action::Decide)) || !csrf::has_companion(ask, person) {
        return Ok(error::forbidden(ask));
    }
    let Some(verdict) = verdict(form) else { return Ok(visit.go(ask, Next::Decision.path())) };
    let shown = ask.flow().shown(handle);
    let confirmed = !asked_to_compare || form.get(field::CONFIRM_CODE).is_some();
    if verdict == Verdict::Approve && !confirmed {
        return look(ask, visit, person, Some((DecisionProblem::NotConfirmed, shown))).await;
    }
    let Some(shown) = shown else { return look(ask, visit, person, Some((DecisionProblem::Changed, None))).await };
    match ask.flow().decide(person, shown, verdict).await {
        Ok(decided) => {
            audit(ask, person, &decided, verdict);
            // The code stays, so that Back shows the outcome; sign-in leads elsewhere from now on.
            visit.next = Next::Account;
            let when = done::when(ask, &decided, verdict);
            Ok(visit.keep(ask, done::tell(ask, &decided, Some(verdict), when)))
        }
        Err(DecideFailure::Void(Void::Changed)) => {
            look(ask, visit, person, Some((DecisionProblem::Changed, Some(shown)))).await
        }
        Err(DecideFailure::Void(Void::NotSignedIn)) => Ok(person::sign_in_first(ask, visit, Next::Decision)),
        Err(DecideFailure::Void(Void::Unusable)) => {
            fail(ask, person, FailCause::Over);
            let typed = visit.code().map(|(shown, ..)| shown.to_owned()).unwrap_or_default();
            visit.drop_code(Flash::Unusable, &typed);
            Ok(visit.go(ask, "/device"))
        }
        Err(DecideFailure::Unavailable(_)) => {
            look(ask, visit, person, Some((DecisionProblem::TryAgain, Some(shown)))).await
        }
    }
}

fn verdict(form: &Form<'_>) -> Option<Verdict> {
    match form.get(field::DECISION)? {
        "approve" => Some(Verdict::Approve),
        "deny" => Some(Verdict::Deny),
        "report" => Some(Verdict::Report),
        _ => None,
    }
}

fn page(
    ask: &Ask<'_>,
    person: &SignedIn,
    question: &Question,
    link_code: Option<ShownCode>,
    again: Option<Again>,
) -> Reply {
    let Question { grant, client, network, handle } = question;
    let problem = again.map(|(problem, before)| match before {
        // The answer was to another question, in another window.
        Some(before) if before.grant_id != grant.id => DecisionProblem::Changed,
        _ => problem,
    });
    let action = if link_code.is_some() { Action::DecideConfirmed } else { Action::Decide };
    let page = DecisionPage {
        site: &ask.app.site,
        csrf: &csrf::of_question(ask, action, person, handle),
        sign_out_csrf: &csrf::of_person(ask, Action::SignOut, person),
        handle,
        account: Plain::name(person.user.name.as_str()),
        application: Application::new(&client.name, client.id.as_str(), client.verified),
        device_name: grant.device_name.as_deref().map(Plain::name).filter(|name| !name.is_empty()),
        origin: origin(ask, grant, *network),
        link_code,
        permissions: Permission::of_all(grant.scope.iter()),
        resources: grant.resources.iter().map(resource).collect(),
        problem,
    };
    let status = match problem {
        None => StatusCode::OK,
        Some(DecisionProblem::Changed) => StatusCode::CONFLICT,
        Some(DecisionProblem::NotConfirmed) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(DecisionProblem::TryAgain) => StatusCode::SERVICE_UNAVAILABLE,
    };
    super::show(ask, status, &page)
}

fn origin(ask: &Ask<'_>, grant: &Grant, network: SameNetwork) -> Origin {
    let now = ask.flow().now();
    Origin {
        started: now.since(grant.created_at),
        remaining: grant.expires_at.since(now),
        address: address(grant.requester),
        network: match network {
            SameNetwork::No => Network::Different,
            SameNetwork::Yes => Network::Same,
        },
    }
}

/// An API as people know it: its address without the scheme.
pub(super) fn resource(resource: &Resource) -> Plain {
    let text = resource.as_str();
    Plain::name(text.strip_prefix("https://").unwrap_or(text).trim_end_matches('/'))
}

/// The address, unless it is known to be a proxy's.
pub(super) fn address(address: ClientAddress) -> Plain {
    match address.origin {
        AddressOrigin::Direct | AddressOrigin::Forwarded => Plain::name(&address.ip.to_string()),
        AddressOrigin::Unknown => Plain::name(text::UNKNOWN_ADDRESS),
    }
}

fn party<'a>(ask: &Ask<'_>, person: &SignedIn, grant: &'a Grant) -> Party<'a> {
    Party {
        client: &grant.client_id,
        grant: grant.id,
        initiator: grant.requester,
        user: person.user.id,
        approver: ask.address,
    }
}

fn count(ask: &Ask<'_>, person: &SignedIn, found: &Found) {
    let guess = match found {
        Found::AskForCode | Found::Decided(..) => GuessOutcome::Found,
        Found::Question(question) => {
            ask.audit(&AuditEvent::Display(party(ask, person, &question.grant)));
            GuessOutcome::Found
        }
        Found::Throttled(_) => {
            fail(ask, person, FailCause::Limited);
            GuessOutcome::Limited
        }
        Found::Unusable => {
            fail(ask, person, FailCause::Unknown);
            GuessOutcome::Missed
        }
    };
    ask.app.metrics.guesses.count(guess);
}

fn fail(ask: &Ask<'_>, person: &SignedIn, cause: FailCause) {
    ask.audit(&AuditEvent::Fail { user: Some(person.user.id), approver: ask.address, cause });
}

fn audit(ask: &Ask<'_>, person: &SignedIn, decided: &Decided, verdict: Verdict) {
    let party = party(ask, person, &decided.grant);
    match (decided.changed, verdict) {
        (true, Verdict::Approve) => ask.audit(&AuditEvent::Approve(party)),
        (true, Verdict::Deny) => ask.audit(&AuditEvent::Deny(party)),
        (true, Verdict::Report) => ask.audit(&AuditEvent::Report(party)),
        (false, _) if decided.ended == Ended::Expired => fail(ask, person, FailCause::Over),
        (false, _) => {}
    }
}
