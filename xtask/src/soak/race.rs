//! 64 parallel polls of every approved grant, public and confidential clients in turn: exactly one is answered with
//! tokens (RFC 6749 §4.1.2 applied to the device code), the rest with `invalid_grant`, and the token that was handed
//! out works afterwards, when all the losers have been turned away.

use std::sync::Barrier;
use std::thread;

use anyhow::{Context, Result};
use serde_json::json;

use super::{PASSWORD, PERSON, Plan, Report, registrations, server};
use crate::drive::device::{Answer, Device};
use crate::drive::person::{Choice, Person};

const PARALLEL: usize = 64;

pub(super) fn run(plan: &Plan) -> Result<Report> {
    let daemon = server(plan, "race")?;
    let mut person = Person::new(daemon.address, PERSON, PASSWORD);
    let mut teams = Vec::new();
    for registration in registrations() {
        teams.push((0..PARALLEL).map(|_| Device::new(daemon.address, registration.clone())).collect::<Vec<_>>());
    }

    let (mut polls, mut winners, mut violations) = (0_usize, 0_usize, Vec::new());
    let turns = plan.count as usize;
    for (turn, team) in (0..turns).zip((0..teams.len()).cycle()) {
        let team = teams.get_mut(team).context("no team")?;
        let grant = team.first_mut().context("an empty team")?.start()?;
        let page = person.open(&grant.user_code)?;
        let outcome = person.decide(&page, Choice::Approve)?;
        if outcome != "approved" {
            violations.push(format!("grant {turn}: the page says {outcome}"));
        }

        let answers = at_once(team, |device| Ok(device.poll(&grant.device_code, None)?.0))?;
        polls += answers.len();
        let tokens: Vec<&String> = answers.iter().filter_map(token).collect();
        winners += tokens.len();
        if tokens.len() != 1 {
            violations.push(format!("grant {turn}: {} of {PARALLEL} polls got tokens", tokens.len()));
        }
        for other in answers.iter().filter(|answer| token(answer).is_none() && !answer.is_refused("invalid_grant")) {
            violations.push(format!("grant {turn}: a loser was told {other:?}"));
        }
        for token in tokens {
            if !team.first_mut().context("an empty team")?.is_live(token)? {
                violations.push(format!("grant {turn}: its token is dead after the race"));
            }
        }
    }
    let panics = daemon.panics()?;
    if panics > 0 {
        violations.push(format!("the server panicked {panics} times"));
    }
    Ok(Report { figures: json!({"grants": turns, "polls": polls, "tokens": winners}), violations })
}

fn token(answer: &Answer) -> Option<&String> {
    match answer {
        Answer::Token(token) => Some(token),
        Answer::Refused(_) => None,
    }
}

/// Every device acts at the same moment, on a connection that is already open.
pub(super) fn at_once<T: Send>(
    team: &mut [Device],
    act: impl Fn(&mut Device) -> Result<T> + Copy + Send,
) -> Result<Vec<T>> {
    for device in team.iter_mut() {
        device.connect()?;
    }
    let start = &Barrier::new(team.len());
    thread::scope(|scope| {
        let acting = team.iter_mut().map(|device| {
            scope.spawn(move || {
                start.wait();
                act(device)
            })
        });
        let acting: Vec<_> = acting.collect();
        let join =
            |thread: thread::ScopedJoinHandle<'_, Result<T>>| thread.join().ok().context("a thread ended early")?;
        acting.into_iter().map(join).collect()
    })
}
