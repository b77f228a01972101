//! kill -9 at random moments during flows on SQLite, and after each restart everything that was acknowledged holds:
//! a started grant is known, an approval is approved or redeemed, a denial is a denial, a token works, and no grant
//! has two live token sets. Redemptions whose reply died with the server are counted: their outcome is `invalid_grant`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{PASSWORD, PERSON, Plan, Report, registrations, server};
use crate::drive::Random;
use crate::drive::daemon::Daemon;
use crate::drive::device::{Answer, Device, Grant, Registration};
use crate::drive::person::{Choice, Person};
use crate::process::{Stopwatch, pause};

/// Lanes of flows, one behind the other; each has a person whose session must outlive the kills.
const LANES: usize = 6;
/// When the server is killed, in milliseconds after its start.
const MOMENT: (u64, u64) = (20, 500);

/// What one flow had been told before the server died.
#[derive(Default)]
struct Flow {
    grant: Option<Grant>,
    /// The decision that was sent, and whether a page acknowledged it.
    choice: Option<(Choice, bool)>,
    /// Whether the last poll was sent and never answered.
    poll_lost: bool,
    tokens: Vec<String>,
    /// What went wrong although the server was alive.
    failure: Option<String>,
}

#[derive(Default)]
struct Counts {
    rounds: u32,
    started: u32,
    approvals: u32,
    denials: u32,
    redeemed_before: u32,
    redeemed_after: u32,
    replies_lost: u32,
    slowest_restart_ms: u128,
}

pub(super) fn run(plan: &Plan) -> Result<Report> {
    let mut daemon = server(plan, "crash")?;
    let mut random = Random::new(plan.seed);
    let mut counts = Counts::default();
    let mut violations = Vec::new();
    let mut people: Vec<Person> = (0..LANES).map(|_| Person::new(daemon.address, PERSON, PASSWORD)).collect();
    let mut flown = 0;
    while flown < plan.count {
        counts.rounds += 1;
        let mut round = fly(&mut daemon, &mut people, &mut random)?;
        let restart = daemon.start().context("the server does not start after a kill")?;
        counts.slowest_restart_ms = counts.slowest_restart_ms.max(restart.as_millis());
        for (flow, registration) in &mut round {
            flown += 1;
            if let Err(error) = inspect(&daemon, flow, registration, &mut counts) {
                violations.push(format!("round {}, flow {flown}: {error:#}", counts.rounds));
            }
        }
    }
    let panics = daemon.panics()?;
    if panics > 0 {
        violations.push(format!("the server panicked {panics} times"));
    }
    let figures = json!({
        "kills": counts.rounds, "started": counts.started, "approvals_acknowledged": counts.approvals,
        "denials_acknowledged": counts.denials, "redeemed_before_the_kill": counts.redeemed_before,
        "redeemed_after_the_kill": counts.redeemed_after, "redemptions_whose_reply_died": counts.replies_lost,
        "slowest_restart_ms": u64::try_from(counts.slowest_restart_ms)?,
    });
    Ok(Report { figures, violations })
}

/// Runs flows in every lane and kills the server somewhere in the middle of them.
fn fly(daemon: &mut Daemon, people: &mut [Person], random: &mut Random) -> Result<Vec<(Flow, Registration)>> {
    let address = daemon.address;
    let dead = AtomicBool::new(false);
    let moment = Duration::from_millis(random.between(MOMENT.0, MOMENT.1));
    thread::scope(|scope| {
        let lanes: Vec<_> = people
            .iter_mut()
            .zip(registrations().into_iter().cycle())
            .map(|(person, registration)| {
                let (mut random, dead) = (Random::new(random.next()), &dead);
                scope.spawn(move || {
                    let mut flows = Vec::new();
                    loop {
                        let mut flow = Flow::default();
                        let end = flow.run(address, &registration, person, &mut random);
                        let alive = !dead.load(Ordering::SeqCst);
                        flow.failure = end.as_ref().err().filter(|_| alive).map(|error| format!("{error:#}"));
                        flows.push((flow, registration.clone()));
                        if end.is_err() {
                            return flows;
                        }
                    }
                })
            })
            .collect();
        pause(moment);
        dead.store(true, Ordering::SeqCst);
        daemon.kill()?;
        let mut flows = Vec::new();
        for lane in lanes {
            flows.extend(lane.join().ok().context("a lane ended early")?);
        }
        Ok(flows)
    })
}

impl Flow {
    /// Device and person at once, as in life: the device polls while the person reads.
    fn run(
        &mut self,
        address: SocketAddr,
        registration: &Registration,
        person: &mut Person,
        random: &mut Random,
    ) -> Result<()> {
        let mut device = Device::new(address, registration.clone());
        let grant = device.start()?;
        self.grant = Some(grant.clone());
        let choice = if random.between(0, 5) == 0 { Choice::Deny } else { Choice::Approve };
        let delay = Duration::from_millis(random.between(0, 40));
        let (poll_lost, tokens, choice_slot) = (&mut self.poll_lost, &mut self.tokens, &mut self.choice);
        thread::scope(|scope| {
            let polling = scope.spawn(|| poll(&mut device, &grant, poll_lost, tokens));
            let deciding = decide(person, &grant, choice, delay, choice_slot);
            polling.join().ok().context("the device ended early")?.and(deciding)
        })
    }
}

fn poll(device: &mut Device, grant: &Grant, poll_lost: &mut bool, tokens: &mut Vec<String>) -> Result<()> {
    loop {
        *poll_lost = true;
        let (answer, _) = device.poll(&grant.device_code, None)?;
        *poll_lost = false;
        match answer {
            Answer::Token(token) => {
                tokens.push(token);
                return Ok(());
            }
            answer if answer.is_pending() => pause(Duration::from_secs(grant.interval)),
            Answer::Refused(_) => return Ok(()),
        }
    }
}

fn decide(
    person: &mut Person,
    grant: &Grant,
    choice: Choice,
    delay: Duration,
    slot: &mut Option<(Choice, bool)>,
) -> Result<()> {
    let page = person.open(&grant.user_code)?;
    pause(delay);
    *slot = Some((choice, false));
    let outcome = person.decide(&page, choice)?;
    let wanted = if choice == Choice::Approve { "approved" } else { "denied" };
    if outcome != wanted {
        bail!("the page says {outcome} after {choice:?}");
    }
    *slot = Some((choice, true));
    Ok(())
}

/// Holds what the flow had been told against what the restarted server says.
fn inspect(daemon: &Daemon, flow: &mut Flow, registration: &Registration, counts: &mut Counts) -> Result<()> {
    if let Some(failure) = &flow.failure {
        bail!("failed while the server lived: {failure}");
    }
    let Some(grant) = &flow.grant else { return Ok(()) };
    counts.started += 1;
    let mut device = Device::new(daemon.address, registration.clone());
    let answer = settled(&mut device, grant)?;
    let redeemed_before = !flow.tokens.is_empty();
    if let Answer::Token(token) = &answer {
        flow.tokens.push(token.clone());
    }
    let said_no = answer.is_refused("access_denied");
    let gone = answer.is_refused("invalid_grant");
    match flow.choice {
        _ if redeemed_before => {
            counts.redeemed_before += 1;
            counts.approvals += u32::from(matches!(flow.choice, Some((_, true))));
            if !gone && !matches!(answer, Answer::Token(_)) {
                bail!("a redeemed grant answers {answer:?}");
            }
        }
        Some((Choice::Approve, acknowledged)) => {
            counts.approvals += u32::from(acknowledged);
            let lost = gone && flow.poll_lost;
            counts.replies_lost += u32::from(lost);
            counts.redeemed_after += u32::from(matches!(answer, Answer::Token(_)));
            let undecided = !acknowledged && answer.is_pending();
            if !lost && !undecided && !matches!(answer, Answer::Token(_)) {
                bail!("an approval (acknowledged: {acknowledged}) became {answer:?}");
            }
        }
        Some((Choice::Deny, acknowledged)) => {
            counts.denials += u32::from(acknowledged);
            if !said_no && (acknowledged || !answer.is_pending()) {
                bail!("a denial (acknowledged: {acknowledged}) became {answer:?}");
            }
        }
        None if !answer.is_pending() => bail!("an undecided grant answers {answer:?}"),
        None => {}
    }
    one_live(&mut device, &flow.tokens)
}

/// Polls until the answer is more than "not so fast". `wait=0` asks not to be held, so that a replay comes soon enough
/// to be one of those that revoke nothing.
fn settled(device: &mut Device, grant: &Grant) -> Result<Answer> {
    for _ in 0..10 {
        let (answer, _) = device.poll(&grant.device_code, Some(0))?;
        if !answer.is_refused("slow_down") {
            return Ok(answer);
        }
        pause(Duration::from_secs(grant.interval));
    }
    bail!("slow_down ten times in a row")
}

fn one_live(device: &mut Device, tokens: &[String]) -> Result<()> {
    let watch = Stopwatch::start();
    let mut live = 0;
    for token in tokens {
        live += u32::from(device.is_live(token)?);
    }
    let wanted = u32::from(!tokens.is_empty());
    if live != wanted {
        bail!("{live} of {} tokens are live after {:?}", tokens.len(), watch.elapsed());
    }
    Ok(())
}
