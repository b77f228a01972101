//! The metrics: plain atomics in a fixed list, written as Prometheus text (format 0.0.4).
//!
//! Counting is one relaxed addition and never allocates. Read as a whole they may be a few events apart.

use std::fmt::Write;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::{
    AuditKind, ConnectionEnd, ConnectionRefusal, GuessOutcome, Label, PollOutcome, ReloadOutcome, Route, SignInOutcome,
    StatusClass,
};

/// Media type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A value that only goes up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// A value that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

/// One counter for each value of a label.
#[derive(Debug)]
pub struct Counters<A: Label> {
    values: Box<[AtomicU64]>,
    label: PhantomData<A>,
}

/// One counter for each pair of values of two labels.
#[derive(Debug)]
pub struct Table<A: Label, B: Label> {
    rows: Box<[Counters<B>]>,
    label: PhantomData<A>,
}

/// Everything the server counts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Answered requests.
    pub requests: Table<Route, StatusClass>,
    /// Handlers that panicked; their requests were answered 500.
    pub panics: Counter,
    /// Answered polls.
    pub polls: Counters<PollOutcome>,
    /// Polls being held now.
    pub held_polls: Gauge,
    /// Grants this node knows to be pending.
    pub pending_grants: Gauge,
    /// Attempts to sign in.
    pub sign_ins: Counters<SignInOutcome>,
    /// Entered user codes.
    pub guesses: Counters<GuessOutcome>,
    /// Audit events.
    pub audit_events: Counters<AuditKind>,
    /// Open connections.
    pub connections: Gauge,
    /// Connections turned away before their first request.
    pub connections_refused: Counters<ConnectionRefusal>,
    /// Connections that ended.
    pub connections_ended: Counters<ConnectionEnd>,
    /// Readings of the certificate files.
    pub certificate_reloads: Counters<ReloadOutcome>,
    /// Times that no connection could be accepted, most likely for want of file descriptors.
    pub accept_failures: Counter,
}

impl Counter {
    /// One more.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// Up by one.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Down by one.
    pub fn decrement(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// To this value.
    pub fn set(&self, value: usize) {
        self.0.store(i64::try_from(value).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<A: Label> Default for Counters<A> {
    fn default() -> Self {
        Self { values: A::ALL.iter().map(|_| AtomicU64::default()).collect(), label: PhantomData }
    }
}

impl<A: Label> Counters<A> {
    /// One more of this.
    pub fn count(&self, a: A) {
        if let Some(value) = self.values.get(a.index()) {
            value.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many so far.
    #[must_use]
    pub fn value(&self, a: A) -> u64 {
        self.values.get(a.index()).map_or(0, |value| value.load(Ordering::Relaxed))
    }
}

impl<A: Label, B: Label> Default for Table<A, B> {
    fn default() -> Self {
        Self { rows: A::ALL.iter().map(|_| Counters::default()).collect(), label: PhantomData }
    }
}

impl<A: Label, B: Label> Table<A, B> {
    /// One more of this.
    pub fn count(&self, a: A, b: B) {
        if let Some(row) = self.rows.get(a.index()) {
            row.count(b);
        }
    }

    /// How many so far.
    #[must_use]
    pub fn value(&self, a: A, b: B) -> u64 {
        self.rows.get(a.index()).map_or(0, |row| row.value(b))
    }
}

impl Metrics {
    /// All of them as Prometheus text, with how often each operation was asked of the store.
    #[must_use]
    pub fn render<'o>(&self, store: impl IntoIterator<Item = (&'o str, u64)>) -> String {
        let mut page = Page(String::with_capacity(8 * 1024));
        page.head("countersign_build_info", "gauge", "The running program.");
        page.line(format_args!("countersign_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")));
        page.table("countersign_requests_total", "Answered requests.", &self.requests);
        page.counter("countersign_panics_total", "Handlers that panicked.", &self.panics);
        page.counters("countersign_polls_total", "Answered polls of device clients.", &self.polls);
        page.gauge("countersign_held_polls", "Polls being held.", &self.held_polls);
        page.gauge("countersign_pending_grants", "Grants waiting for a person.", &self.pending_grants);
        page.head("countersign_store_operations_total", "counter", "Calls of the store.");
        for (operation, count) in store {
            page.line(format_args!("countersign_store_operations_total{{operation=\"{operation}\"}} {count}"));
        }
        page.counters("countersign_sign_ins_total", "Attempts to sign in.", &self.sign_ins);
        page.counters("countersign_guesses_total", "Entered user codes.", &self.guesses);
        page.counters("countersign_audit_events_total", "Audit events.", &self.audit_events);
        page.gauge("countersign_connections", "Open connections.", &self.connections);
        let refused = "Connections turned away before their first request.";
        page.counters("countersign_connections_refused_total", refused, &self.connections_refused);
        page.counters("countersign_connections_ended_total", "Connections that ended.", &self.connections_ended);
        let reloads = "Readings of the certificate files.";
        page.counters("countersign_certificate_reloads_total", reloads, &self.certificate_reloads);
        let failures = "Times that no connection could be accepted.";
        page.counter("countersign_accept_failures_total", failures, &self.accept_failures);
        page.0
    }
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn counter(&mut self, name: &str, help: &str, counter: &Counter) {
        self.head(name, "counter", help);
        self.line(format_args!("{name} {}", counter.value()));
    }

    fn gauge(&mut self, name: &str, help: &str, gauge: &Gauge) {
        self.head(name, "gauge", help);
        self.line(format_args!("{name} {}", gauge.value()));
    }

    fn counters<A: Label>(&mut self, name: &str, help: &str, counters: &Counters<A>) {
        self.head(name, "counter", help);
        for a in A::ALL {
            self.line(format_args!("{name}{{{}=\"{}\"}} {}", A::KEY, a.name(), counters.value(*a)));
        }
    }

    /// Pairs that never happened are left out: most routes have two or three classes of status.
    fn table<A: Label, B: Label>(&mut self, name: &str, help: &str, table: &Table<A, B>) {
        self.head(name, "counter", help);
        let pairs = A::ALL.iter().flat_map(|a| B::ALL.iter().map(move |b| (*a, *b)));
        for (a, b, count) in pairs.map(|(a, b)| (a, b, table.value(a, b))).filter(|(_, _, count)| *count > 0) {
            self.line(format_args!("{name}{{{}=\"{}\",{}=\"{}\"}} {count}", A::KEY, a.name(), B::KEY, b.name()));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        writeln!(self.0, "{line}").unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn counts_are_rendered() {
        let metrics = Metrics::default();
        metrics.requests.count(Route::Token, StatusClass::from(http::StatusCode::BAD_REQUEST));
        metrics.requests.count(Route::Token, StatusClass::ClientError);
        metrics.polls.count(PollOutcome::SlowDown);
        metrics.held_polls.increment();
        metrics.connections.increment();
        metrics.connections.decrement();
        metrics.pending_grants.set(1_000_000);
        let page = metrics.render([("commit", 3)]);
        for line in [
            "countersign_requests_total{route=\"token\",status=\"4xx\"} 2",
            "countersign_polls_total{outcome=\"slow_down\"} 1",
            "countersign_polls_total{outcome=\"pending\"} 0",
            "countersign_held_polls 1",
            "countersign_connections 0",
            "countersign_pending_grants 1000000",
        ] {
            assert!(page.lines().any(|l| l == line), "{line}\n{page}");
        }
        assert!(!page.contains("route=\"jwks\""), "pairs that never happened are left out");
    }

    #[test]
    fn the_page_is_prometheus_text() {
        let metrics = Metrics::default();
        metrics.requests.count(Route::Token, StatusClass::Successful);
        let page = metrics.render([("commit", 3)]);
        assert!(page.ends_with('\n'));
        let mut declared = BTreeSet::new();
        let mut series = BTreeSet::new();
        for line in page.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(declared.insert(name), "{name} twice");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            } else if !line.starts_with("# HELP ") {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(value.parse::<u64>().is_ok(), "{line}");
                assert!(declared.contains(name.split('{').next().unwrap()), "{line}");
                assert!(series.insert(name), "{name} twice");
            }
        }
    }
}
