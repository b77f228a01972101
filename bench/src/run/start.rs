//! Durable grant creations a second: each was on the disk before it was answered. Beside what SQLite alone does with the
//! same rows in batches, in the same minute on the same disk.

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::Starts;
use crate::baseline::sqlite::{BATCH, Raw};
use crate::load::figures::{Spread, latency};
use crate::load::{Pace, Shape, send};
use crate::product::{CLIENT, Product};
use crate::report::{Report, spread};
use crate::{Plan, pin};

const STARTS: usize = 20_000;
const ROWS: usize = 40_000;

pub(crate) fn run(plan: &Plan) -> Result<Value> {
    pin::pin(pin::LOAD)?;
    let product = Product::new(plan)?;
    let server = product.start()?;
    let mut raw = Raw::new(product.folder())?;
    let work = Arc::new(Starts::new(server.address, CLIENT));
    let shape = Shape { connections: plan.connections, first: 0, count: STARTS, pace: Pace::Closed };
    let (mut rates, mut beside, mut processor, mut p99) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // The first round warms up and does not count.
    for round in 0..=plan.rounds {
        let raw_rate = raw.rate(ROWS)?;
        let before = server.processor_time()?;
        let sample = send(server.address, shape, &work)?;
        let spent = server.processor_time()?.saturating_sub(before);
        if round > 0 {
            rates.push(sample.rate());
            beside.push(raw_rate);
            processor.push(spent.as_secs_f64() * 1e6 / sample.count as f64);
            p99.push(latency(&sample.latencies).1);
        }
    }
    let ratios = rates.iter().zip(&beside).map(|(own, raw)| own / raw).collect::<Vec<_>>();
    let mut report = Report::new("start", Spread::of(rates), "durable grant creations/s", plan.rounds)?;
    report.add("connections", json!(plan.connections));
    report.add("grants_at_the_end", json!(work.codes().len()));
    report.add("processor_us", spread(Spread::of(processor), 1));
    report.add("p99_ms", spread(Spread::of(p99), 1));
    report.add("baselines", json!({"sqlite_raw": {"rows_per_second": spread(Spread::of(beside), 0), "batch": BATCH}}));
    report.add("ratios", json!({"sqlite_raw": spread(Spread::of(ratios), 3)}));
    Ok(report.finish())
}
