//! The load generator: connections that are kept, one request at a time on each, every answer read and checked.
//!
//! A closed loop asks again as soon as it was answered: how many can be served. An open loop asks when a request is due,
//! whatever happened to those before, and counts from then: how long devices wait at a rate that they choose.

pub(crate) mod connection;
pub(crate) mod figures;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use self::connection::Connection;
use self::figures::Schedule;
use crate::clock::Stopwatch;

/// What a server said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// A kind of request.
pub(crate) trait Work: Send + Sync + 'static {
    /// The request of this number, written into an empty buffer.
    fn write(&self, number: usize, request: &mut Vec<u8>);

    /// Whether this is what must be answered.
    fn check(&self, number: usize, answer: Answer<'_>) -> Result<()>;
}

/// What a run of requests took.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) count: usize,
    pub(crate) elapsed: Duration,
    /// Of each request, in no order.
    pub(crate) latencies: Vec<Duration>,
}

/// When requests are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// As soon as a connection is free.
    Closed,
    /// When they are due.
    Open(Schedule),
}

impl Sample {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }
}

/// How many requests, over how many connections, at which pace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) connections: usize,
    /// The number of the first request.
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) pace: Pace,
}

/// Sends `shape` to `address` from one thread. The first answer that is not right ends it.
pub(crate) fn send<W: Work>(address: SocketAddr, shape: Shape, work: &Arc<W>) -> Result<Sample> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Connections are there before the clock starts.
        let mut connections = Vec::new();
        for _ in 0..shape.connections {
            connections.push(Connection::open(address).await?);
        }
        let next = Arc::new(AtomicUsize::new(0));
        let watch = Stopwatch::start();
        let lanes: Vec<_> = connections
            .into_iter()
            .map(|connection| tokio::spawn(lane(connection, shape, Arc::clone(&next), watch, Arc::clone(work))))
            .collect();
        let mut latencies = Vec::with_capacity(shape.count);
        for lane in lanes {
            latencies.extend(lane.await.context("a connection ended early")??);
        }
        Ok(Sample { count: latencies.len(), elapsed: watch.elapsed(), latencies })
    })
}

async fn lane<W: Work>(
    mut connection: Connection,
    shape: Shape,
    next: Arc<AtomicUsize>,
    watch: Stopwatch,
    work: Arc<W>,
) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut request = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= shape.count {
            return Ok(latencies);
        }
        let number = shape.first + index;
        request.clear();
        work.write(number, &mut request);
        let since = match shape.pace {
            Pace::Closed => watch.elapsed(),
            Pace::Open(schedule) => until(schedule.due(index), watch).await,
        };
        let answer = connection.exchange(&request).await?;
        latencies.push(watch.elapsed().saturating_sub(since));
        work.check(number, answer).with_context(|| format!("request {number}"))?;
    }
}

/// Waits until `due`, which it returns. Timers are good to a millisecond, so the last two are spent looking at the clock.
async fn until(due: Duration, watch: Stopwatch) -> Duration {
    const COARSE: Duration = Duration::from_millis(2);
    let early = due.saturating_sub(watch.elapsed());
    if early > COARSE {
        tokio::time::sleep(early.saturating_sub(COARSE)).await;
    }
    while watch.elapsed() < due {
        tokio::task::yield_now().await;
    }
    due
}
