//! From the moment a person presses "Allow" to the moment the device holds its tokens.
//!
//! One half of the devices polls like any plain client: a poll, then the interval the server named, then the next.
//! The other half sends `Prefer: wait=30` (RFC 7240 §4.3). Approvals come at random times.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{PASSWORD, PERSON, Plan, Report, percentile, registrations, server};
use crate::drive::Random;
use crate::drive::daemon::Daemon;
use crate::drive::device::{Answer, Device, Grant};
use crate::drive::person::{Choice, Person};
use crate::process::{Stopwatch, pause};

/// Flows that run side by side: enough to end in time, few enough to leave the server most of the machine.
const PARALLEL: u32 = 8;
const WAIT: u64 = 30;

/// Limits in milliseconds: median and 99th percentile.
const PLAIN: (f64, f64) = (20.0, 1100.0);
const WAITING: (f64, f64) = (20.0, 100.0);

pub(super) fn run(plan: &Plan) -> Result<Report> {
    let daemon = server(plan, "latency")?;
    let mut violations = Vec::new();
    let mut figures = serde_json::Map::new();
    for (kind, wait, limits) in [("plain", None, PLAIN), ("wait", Some(WAIT), WAITING)] {
        let mut samples = measure(&daemon, plan, wait)?;
        samples.sort_by(f64::total_cmp);
        let (p50, p99) = (percentile(&samples, 0.5), percentile(&samples, 0.99));
        if plan.timed && (p50 > limits.0 || p99 > limits.1) {
            violations.push(format!("{kind}: p50 {p50:.1} ms, p99 {p99:.1} ms; allowed {} and {}", limits.0, limits.1));
        }
        let largest = samples.last().copied().unwrap_or_default();
        figures.insert(kind.to_owned(), summary(samples.len(), p50, p99, largest));
    }
    Ok(Report { figures: Value::Object(figures), violations })
}

fn summary(flows: usize, p50: f64, p99: f64, max: f64) -> Value {
    let rounded = |value: f64| (value * 10.0).round() / 10.0;
    json!({"flows": flows, "p50_ms": rounded(p50), "p99_ms": rounded(p99), "max_ms": rounded(max)})
}

fn measure(daemon: &Daemon, plan: &Plan, wait: Option<u64>) -> Result<Vec<f64>> {
    let lanes = PARALLEL.min(plan.count);
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes)
            .map(|lane| {
                let flows = (plan.count + lanes - 1 - lane) / lanes;
                let random = Random::new(plan.seed.wrapping_add(u64::from(lane) << 32));
                scope.spawn(move || one_lane(daemon, flows, random, wait))
            })
            .collect();
        let mut samples = Vec::new();
        for lane in lanes {
            samples.extend(lane.join().ok().context("a lane ended early")??);
        }
        Ok(samples)
    })
}

fn one_lane(daemon: &Daemon, flows: u32, mut random: Random, wait: Option<u64>) -> Result<Vec<f64>> {
    let [public, _] = registrations();
    let mut device = Device::new(daemon.address, public);
    let mut person = Person::new(daemon.address, PERSON, PASSWORD);
    let mut samples = Vec::new();
    for _ in 0..flows {
        let grant = device.start()?;
        let delay = Duration::from_millis(random.between(200, 6000));
        let watch = Stopwatch::start();
        let (received, approved) = thread::scope(|scope| {
            let device = scope.spawn(|| until_token(&mut device, &grant, wait, &watch));
            let page = person.open(&grant.user_code)?;
            pause(delay.saturating_sub(watch.elapsed()));
            let approved = watch.elapsed();
            person.decide(&page, Choice::Approve)?;
            Ok::<_, anyhow::Error>((device.join().ok().context("the device ended early")??, approved))
        })?;
        samples.push(received.saturating_sub(approved).as_secs_f64() * 1000.0);
    }
    Ok(samples)
}

/// Polls until the tokens come; a reply that the server held counts from its sending (RFC 8628 §3.5).
fn until_token(device: &mut Device, grant: &Grant, wait: Option<u64>, watch: &Stopwatch) -> Result<Duration> {
    let interval = Duration::from_secs(grant.interval);
    loop {
        let sent = watch.elapsed();
        let (answer, held) = device.poll(&grant.device_code, wait)?;
        match answer {
            Answer::Token(_) => return Ok(watch.elapsed()),
            answer if answer.is_pending() => {}
            Answer::Refused(error) => bail!("the device was told {error}"),
        }
        if wait.is_some() && held {
            pause(interval.saturating_sub(watch.elapsed().saturating_sub(sent)));
        } else {
            pause(interval);
        }
    }
}
