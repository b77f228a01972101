//! Pending polls: how many a second, and how long one takes at a rate that leaves time.
//!
//! A grant may be polled four times at once and then once in two seconds (interval 5 s). So a round polls each of the
//! 10,000 four times, three in a closed loop and one in an open one, and the next comes when all buckets are full again:
//! every answer is `authorization_pending`, with the pace kept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{INTERVAL, Starts, poll};
use crate::baseline::{self, BODY, Baseline};
use crate::clock::{Stopwatch, pause};
use crate::load::figures::{Schedule, Spread, latency};
use crate::load::{Answer, Pace, Shape, Work, send};
use crate::process::Server;
use crate::product::{CLIENT, Product};
use crate::report::{Report, spread};
use crate::{Plan, pin};

const GRANTS: usize = 10_000;
const CLOSED: usize = 3 * GRANTS;
const OPEN: usize = GRANTS;
const OPEN_RATE: u32 = 10_000;
/// Until four polls may come again, and some.
const REFILL: Duration = Duration::from_millis(INTERVAL * 1_600 + 500);
/// What the product answers.
const PENDING: &str = r#"{"error":"authorization_pending"}"#;
const PRODUCT: usize = 2;

struct Polls {
    requests: Vec<Vec<u8>>,
    body: &'static str,
}

impl Work for Polls {
    fn write(&self, number: usize, request: &mut Vec<u8>) {
        request.extend_from_slice(self.requests.get(number % GRANTS).map_or(&[], Vec::as_slice));
    }

    fn check(&self, _: usize, answer: Answer<'_>) -> Result<()> {
        let pending = answer.status == 400 && answer.body == self.body.as_bytes();
        ensure!(pending, "status {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        Ok(())
    }
}

/// A server, what is asked of it, and what it did.
struct Measured {
    server: Server,
    work: Arc<Polls>,
    rounds: Vec<Round>,
}

/// One round of one server.
struct Round {
    rate: f64,
    /// Processor time of the server for a poll, in microseconds.
    processor: f64,
    /// The share of the time in which the server was at work.
    busy: f64,
    p50: f64,
    p99: f64,
}

pub(crate) fn run(plan: &Plan) -> Result<Value> {
    pin::pin(pin::LOAD)?;
    let product = Product::new(plan)?;
    let server = product.start()?;
    let codes = pending(server.address, plan)?;
    let mut all = [
        Measured::new(baseline::start(Baseline::Hyper)?, &codes, BODY),
        Measured::new(baseline::start(Baseline::Axum)?, &codes, BODY),
        Measured::new(server, &codes, PENDING),
    ];
    let mut polled: Option<Stopwatch> = None;
    // The first round warms up and does not count.
    for round in 0..=plan.rounds {
        let mut order = [0, 1, PRODUCT];
        order.rotate_left(usize::try_from(round % 3)?);
        for index in order {
            if index == PRODUCT {
                pause(polled.map_or(Duration::ZERO, |watch| REFILL.saturating_sub(watch.elapsed())));
            }
            let measured = all.get_mut(index).context("a server")?;
            let figures = one(measured, plan.connections)?;
            if round > 0 {
                measured.rounds.push(figures);
            }
            if index == PRODUCT {
                polled = Some(Stopwatch::start());
            }
        }
    }
    report(plan, &all)
}

impl Measured {
    fn new(server: Server, codes: &[String], body: &'static str) -> Self {
        let requests = codes.iter().map(|code| poll(server.address, CLIENT, code)).collect();
        Self { work: Arc::new(Polls { requests, body }), server, rounds: Vec::new() }
    }

    fn each(&self, figure: impl Fn(&Round) -> f64) -> Vec<f64> {
        self.rounds.iter().map(figure).collect()
    }
}

/// Device codes of so many grants that wait.
fn pending(address: SocketAddr, plan: &Plan) -> Result<Vec<String>> {
    let starts = Arc::new(Starts::new(address, CLIENT));
    let shape = Shape { connections: plan.connections, first: 0, count: GRANTS, pace: Pace::Closed };
    send(address, shape, &starts)?;
    Ok(starts.codes())
}

fn one(measured: &Measured, connections: usize) -> Result<Round> {
    let Measured { server, work, .. } = measured;
    let before = server.processor_time()?;
    let closed = Shape { connections, first: 0, count: CLOSED, pace: Pace::Closed };
    let sample = send(server.address, closed, work)?;
    let processor = server.processor_time()?.saturating_sub(before);
    let schedule = Schedule::per_second(OPEN_RATE);
    let open = Shape { connections, first: CLOSED, count: OPEN, pace: Pace::Open(schedule) };
    let (p50, p99) = latency(&send(server.address, open, work)?.latencies);
    Ok(Round {
        rate: sample.rate(),
        processor: processor.as_secs_f64() * 1e6 / sample.count as f64,
        busy: processor.as_secs_f64() / sample.elapsed.as_secs_f64(),
        p50,
        p99,
    })
}

fn report(plan: &Plan, all: &[Measured; 3]) -> Result<Value> {
    let [hyper, axum, product] = all;
    let rates = Spread::of(product.each(|round| round.rate));
    let mut report = Report::new("polls", rates, "polls/s", plan.rounds)?;
    report.add("pending_grants", json!(GRANTS));
    report.add("connections", json!(plan.connections));
    report.add("open_loop_per_second", json!(OPEN_RATE));
    report.add("countersign", summary(product));
    report.add("baselines", json!({"hyper": summary(hyper), "axum": summary(axum)}));
    let beside = |figure: fn(&Round) -> f64, upside_down: bool| -> Value {
        let of = |baseline: &Measured| {
            let pairs = product.each(figure).into_iter().zip(baseline.each(figure));
            spread(Spread::of(pairs.map(|(own, other)| if upside_down { other / own } else { own / other })), 3)
        };
        json!({"hyper": of(hyper), "axum": of(axum)})
    };
    report.add("ratios", beside(|round| round.rate, false));
    report.add("ratios_by_processor_time", beside(|round| round.processor, true));
    Ok(report.finish())
}

fn summary(measured: &Measured) -> Value {
    let part = |figure: fn(&Round) -> f64, digits| spread(Spread::of(measured.each(figure)), digits);
    json!({
        "polls_per_second": part(|round| round.rate, 0),
        "processor_us": part(|round| round.processor, 2),
        "busy": part(|round| round.busy, 2),
        "open_loop_p50_ms": part(|round| round.p50, 3),
        "open_loop_p99_ms": part(|round| round.p99, 3),
    })
}
