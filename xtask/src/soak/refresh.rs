//! One refresh token presented 64 ways at once, by public and confidential clients in turn.
//!
//! Unbound, it is replaced (RFC 9700 §4.14.2): one request is answered with its successor, the 63 others present a token
//! that was replaced, are told `invalid_grant` and end the family, of which nothing works afterwards, the successor
//! included. Bound to a secret, it stays: everybody gets a good access token, and those whom the server is too busy for
//! (503 with Retry-After) get theirs when they come again.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::race::at_once;
use super::{PASSWORD, PERSON, Plan, Report, registrations, server};
use crate::drive::device::{Device, Grant};
use crate::drive::http::Response;
use crate::drive::person::{Choice, Person};

const PARALLEL: usize = 64;
const TOKEN: &str = "/oauth2/token";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Tokens of one answer.
#[derive(Clone, Debug)]
struct Tokens {
    access: String,
    refresh: Option<String>,
}

/// What a presentation led to.
#[derive(Debug)]
enum Outcome {
    Renewed(Tokens),
    /// 503: come again.
    Busy,
    Refused(String),
}

#[derive(Default)]
struct Counts {
    presented: usize,
    renewed: usize,
    busy: usize,
    ended: usize,
    kept: usize,
}

pub(super) fn run(plan: &Plan) -> Result<Report> {
    let daemon = server(plan, "refresh")?;
    let mut person = Person::new(daemon.address, PERSON, PASSWORD);
    let [public, confidential] = registrations();
    let mut api = Device::new(daemon.address, confidential.clone());
    let team = |registration| (0..PARALLEL).map(|_| Device::new(daemon.address, Clone::clone(registration))).collect();
    let (mut public, mut confidential): (Vec<_>, Vec<_>) = (team(&public), team(&confidential));
    let (mut counts, mut violations) = (Counts::default(), Vec::new());
    for turn in 0..plan.count {
        let is_public = turn % 2 == 0;
        let team = if is_public { &mut public } else { &mut confidential };
        let held = sign_in(team, &mut person).and_then(|first| {
            if is_public {
                replaced(team, &mut api, &first, &mut counts)
            } else {
                kept(team, &mut api, &first, &mut counts)
            }
        });
        if let Err(error) = held {
            violations.push(format!("family {turn}: {error:#}"));
        }
    }
    let panics = daemon.panics()?;
    if panics > 0 {
        violations.push(format!("the server panicked {panics} times"));
    }
    let Counts { presented, renewed, busy, ended, kept } = counts;
    let figures = json!({
        "presented": presented, "renewed": renewed, "busy": busy, "families_ended": ended, "families_kept": kept,
    });
    Ok(Report { figures, violations })
}

fn sign_in(team: &mut [Device], person: &mut Person) -> Result<Tokens> {
    let device = team.first_mut().context("an empty team")?;
    let Grant { user_code, device_code, .. } = device.start_for("openid profile offline_access")?;
    let page = person.open(&user_code)?;
    let outcome = person.decide(&page, Choice::Approve)?;
    ensure!(outcome == "approved", "the page says {outcome}");
    match read(&device.post(TOKEN, &[], &[("grant_type", DEVICE_CODE), ("device_code", &device_code)])?)? {
        Outcome::Renewed(tokens) => Ok(tokens),
        other => bail!("the approved device was told {other:?}"),
    }
}

fn present(device: &mut Device, token: &str) -> Result<Outcome> {
    read(&device.post(TOKEN, &[], &[("grant_type", "refresh_token"), ("refresh_token", token)])?)
}

fn read(response: &Response) -> Result<Outcome> {
    let body = response.json()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    match (response.status, text("access_token"), text("error")) {
        (200, Some(access), _) => Ok(Outcome::Renewed(Tokens { access, refresh: text("refresh_token") })),
        (503, ..) if response.header("retry-after").is_some() => Ok(Outcome::Busy),
        (400, _, Some(error)) => Ok(Outcome::Refused(error)),
        (status, ..) => bail!("status {status}: {body}"),
    }
}

/// A public client: one successor, and then the end of everything.
fn replaced(team: &mut [Device], api: &mut Device, first: &Tokens, counts: &mut Counts) -> Result<()> {
    let token = first.refresh.as_deref().context("no lasting access")?;
    let outcomes = at_once(team, |device| present(device, token))?;
    counts.presented += outcomes.len();
    let mut tokens = vec![first.clone()];
    for outcome in outcomes {
        match outcome {
            Outcome::Renewed(next) => tokens.push(next),
            Outcome::Refused(error) if error == "invalid_grant" => {}
            other => bail!("a loser was told {other:?}"),
        }
    }
    let renewed = tokens.len() - 1;
    counts.renewed += renewed;
    ensure!(renewed == 1, "{renewed} of {PARALLEL} got tokens");
    let device = team.first_mut().context("an empty team")?;
    for Tokens { access, refresh } in &tokens {
        let refresh = refresh.as_deref().context("no refresh token")?;
        ensure!(!device.is_live(access)?, "an access token outlived its family at userinfo");
        ensure!(!is_active(api, access)?, "an access token outlived its family at introspection");
        let again = present(device, refresh)?;
        ensure!(matches!(&again, Outcome::Refused(error) if error == "invalid_grant"), "afterwards: {again:?}");
    }
    counts.ended += 1;
    Ok(())
}

/// A client with a secret: nobody is turned away, nothing is replaced, every token is good.
fn kept(team: &mut [Device], api: &mut Device, first: &Tokens, counts: &mut Counts) -> Result<()> {
    let token = first.refresh.as_deref().context("no lasting access")?;
    let mut outcomes = at_once(team, |device| present(device, token))?;
    counts.presented += outcomes.len();
    let device = team.first_mut().context("an empty team")?;
    for outcome in &mut outcomes {
        if let Outcome::Busy = outcome {
            counts.busy += 1;
            *outcome = present(device, token)?;
        }
    }
    outcomes.push(present(device, token)?);
    for outcome in outcomes {
        let Outcome::Renewed(Tokens { access, refresh }) = outcome else { bail!("a holder was told {outcome:?}") };
        counts.renewed += 1;
        ensure!(refresh.is_none_or(|refresh| refresh == token), "the token was replaced");
        ensure!(device.is_live(&access)?, "an access token is dead at userinfo");
        ensure!(is_active(api, &access)?, "an access token is dead at introspection");
    }
    counts.kept += 1;
    Ok(())
}

/// What an API is told about an access token (RFC 7662 §2.2).
fn is_active(api: &mut Device, token: &str) -> Result<bool> {
    let body = api.post("/oauth2/introspect", &[], &[("token", token)])?.json()?;
    body.get("active").and_then(Value::as_bool).with_context(|| format!("introspection says {body}"))
}
