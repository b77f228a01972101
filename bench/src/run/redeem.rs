//! Redemptions a second: an approved grant becomes tokens, which are answered once that is on the disk. With an access
//! token alone (ES256), and with an id_token beside it (RS256). Grants are approved before, by the use cases themselves.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::poll;
use crate::baseline::sqlite::{BATCH, Raw};
use crate::load::figures::{Spread, latency};
use crate::load::{Answer, Pace, Shape, Work, send};
use crate::process::Server;
use crate::product::{CLIENT, LASTING, OPENID, Product};
use crate::report::{Report, spread};
use crate::{Plan, pin, prepare};

const EACH: usize = 4_000;
const ROWS: usize = 20_000;

/// Redemptions of prepared grants, each of which can be had once.
struct Redemptions {
    requests: Vec<Vec<u8>>,
    with_id_token: bool,
    with_refresh_token: bool,
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    token_type: String,
    id_token: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

impl Work for Redemptions {
    fn write(&self, number: usize, request: &mut Vec<u8>) {
        request.extend_from_slice(self.requests.get(number).map_or(&[], Vec::as_slice));
    }

    fn check(&self, _: usize, answer: Answer<'_>) -> Result<()> {
        let text = || String::from_utf8_lossy(answer.body).into_owned();
        ensure!(answer.status == 200, "status {}: {}", answer.status, text());
        let issued: Issued = serde_json::from_slice(answer.body).with_context(text)?;
        ensure!(issued.token_type == "Bearer" && signed_with(&issued.access_token)? == "ES256", "{}", text());
        ensure!(issued.id_token.is_some() == self.with_id_token, "{}", text());
        ensure!(issued.refresh_token.is_some() == self.with_refresh_token, "{}", text());
        if let Some(token) = issued.id_token {
            ensure!(signed_with(&token)? == "RS256", "{}", text());
        }
        Ok(())
    }
}

/// The algorithm that a token names.
fn signed_with(token: &str) -> Result<String> {
    let header = token.split('.').next().context("no header")?;
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
    Ok(header.alg)
}

/// What came of one kind of redemption.
#[derive(Default)]
struct Measured {
    rates: Vec<f64>,
    processor: Vec<f64>,
    p99: Vec<f64>,
}

impl Measured {
    fn round(&mut self, server: &Server, connections: usize, work: &Arc<Redemptions>, round: usize) -> Result<()> {
        let shape = Shape { connections, first: round * EACH, count: EACH, pace: Pace::Closed };
        let before = server.processor_time()?;
        let sample = send(server.address, shape, work)?;
        let spent = server.processor_time()?.saturating_sub(before);
        if round > 0 {
            self.rates.push(sample.rate());
            self.processor.push(spent.as_secs_f64() * 1e6 / sample.count as f64);
            self.p99.push(latency(&sample.latencies).1);
        }
        Ok(())
    }

    fn beside(&self, raw: &[f64]) -> Value {
        spread(Spread::of(self.rates.iter().zip(raw).map(|(own, raw)| own / raw)), 3)
    }

    fn summary(&self) -> Value {
        let part = |figures: &[f64], digits| spread(Spread::of(figures.iter().copied()), digits);
        json!({
            "redemptions_per_second": part(&self.rates, 0),
            "processor_us": part(&self.processor, 1),
            "p99_ms": part(&self.p99, 1),
        })
    }
}

pub(crate) fn run(plan: &Plan) -> Result<Value> {
    pin::pin(pin::LOAD)?;
    let product = Product::new(plan)?;
    // The first round warms up and does not count.
    let rounds = usize::try_from(plan.rounds)? + 1;
    let clients = [
        (CLIENT, None, rounds * EACH),
        (LASTING, Some("measure offline_access"), rounds * EACH),
        (OPENID, None, rounds * EACH),
    ];
    let codes = prepare::approved(&product, &clients, plan.present)?;
    let [plain, lasting, openid] = &codes[..] else { anyhow::bail!("three clients were asked for") };
    let server = product.start()?;
    let mut raw = Raw::new(product.folder())?;
    let plain = work(server.address, CLIENT, plain);
    let lasting = work(server.address, LASTING, lasting);
    let openid = work(server.address, OPENID, openid);
    let (mut access, mut refreshable) = (Measured::default(), Measured::default());
    let (mut both, mut beside) = (Measured::default(), Vec::new());
    for round in 0..rounds {
        let raw_rate = raw.rate(ROWS)?;
        if round > 0 {
            beside.push(raw_rate);
        }
        access.round(&server, plan.connections, &plain, round)?;
        refreshable.round(&server, plan.connections, &lasting, round)?;
        both.round(&server, plan.connections, &openid, round)?;
    }
    let figure = Spread::of(refreshable.rates.iter().copied());
    let unit = "redemptions/s, ES256 access token and refresh token";
    let mut report = Report::new("redeem", figure, unit, plan.rounds)?;
    report.add("present", json!(plan.present));
    report.add("connections", json!(plan.connections));
    report.add("es256", access.summary());
    report.add("es256_and_refresh_token", refreshable.summary());
    report.add("es256_and_rs256_id_token", both.summary());
    let ratios = json!({
        "es256_to_sqlite_raw": access.beside(&beside),
        "with_refresh_token_to_sqlite_raw": refreshable.beside(&beside),
        "with_id_token_to_sqlite_raw": both.beside(&beside),
    });
    report.add("ratios", ratios);
    report.add("baselines", json!({"sqlite_raw": {"rows_per_second": spread(Spread::of(beside), 0), "batch": BATCH}}));
    Ok(report.finish())
}

fn work(address: SocketAddr, client: &str, codes: &[String]) -> Arc<Redemptions> {
    Arc::new(Redemptions {
        requests: codes.iter().map(|code| poll(address, client, code)).collect(),
        with_id_token: client == OPENID,
        with_refresh_token: client == LASTING,
    })
}
