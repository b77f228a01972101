//! Whether a connection is alive or only takes up room: the timeouts of its life, decided purely.
//!
//! A connection notes what happens to it; the accept loop looks at all of them once a tick. So a request costs no timer
//! of its own, a million idle seconds cost one comparison each, and a peer that sends a byte now and then (slowloris)
//! gains nothing: the clock of a head starts with its first byte and is never set back.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use super::ListenSettings;
use crate::telemetry::ConnectionEnd;

/// How long a closed connection may go on sending before it is dropped.
const LINGER: Duration = Duration::from_secs(2);

/// What the connection and the accept loop share.
#[derive(Debug)]
pub(super) struct Liveness {
    state: Mutex<State>,
    order: AtomicU8,
    connection: AtomicWaker,
}

/// What the accept loop asks of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Go on.
    Serve = 0,
    /// Answer what was asked, take nothing new, close.
    Finish = 1,
    /// Close now.
    Close = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// TLS is being agreed on.
    Handshake,
    /// The head of a request is awaited.
    Head,
    /// Requests are being answered.
    Serving,
    /// Nothing was asked since the last answer.
    Idle,
    /// Told to finish, or closed on our side.
    Closing,
}

#[derive(Clone, Copy, Debug)]
struct State {
    phase: Phase,
    /// When the phase began; while serving, when a request last began or ended.
    since: Instant,
    /// Requests being answered.
    requests: u32,
    /// HTTP/2, where bytes are not the beginning of a request.
    multiplexed: bool,
    /// Since when the peer has taken nothing of what there is to send.
    blocked: Option<Instant>,
    /// Whether the peer may still be sending what nobody will read.
    unread: bool,
    /// Whether a part of a later request's head has come.
    head_begun: bool,
    /// Why it is to end.
    end: Option<ConnectionEnd>,
}

impl Liveness {
    pub(super) fn new(tls: bool) -> Self {
        let phase = if tls { Phase::Handshake } else { Phase::Head };
        Self {
            state: Mutex::new(State::new(phase, Instant::now())),
            order: AtomicU8::new(0),
            connection: AtomicWaker::new(),
        }
    }

    /// TLS is agreed on.
    pub(super) fn shaken(&self) {
        self.state().enter(Phase::Head, Instant::now());
    }

    /// Bytes came.
    pub(super) fn received(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle && !state.multiplexed {
            state.enter(Phase::Head, Instant::now());
            state.head_begun = true;
        }
    }

    /// The head of a request is complete.
    pub(super) fn request_begins(&self, multiplexed: bool) {
        let mut state = self.state();
        state.multiplexed = multiplexed;
        state.head_begun = false;
        state.requests = state.requests.saturating_add(1);
        if state.phase != Phase::Closing {
            state.enter(Phase::Serving, Instant::now());
        }
    }

    /// A request was answered, or its peer gave it up. `unread`: perhaps not all of its body was read.
    pub(super) fn request_ends(&self, unread: bool) {
        let mut state = self.state();
        state.requests = state.requests.saturating_sub(1);
        state.unread |= unread;
        if state.phase != Phase::Closing {
            let phase = if state.requests == 0 { Phase::Idle } else { Phase::Serving };
            state.enter(phase, Instant::now());
        }
    }

    /// A write waits for the peer.
    pub(super) fn write_waits(&self) {
        self.state().blocked.get_or_insert_with(Instant::now);
    }

    /// A write went on.
    pub(super) fn write_goes_on(&self) {
        self.state().blocked = None;
    }

    /// We close our side. Whether to wait for the peer's: with bytes of it unread, the system would answer them with a
    /// reset, which may overtake and destroy the answer we just sent (RFC 9112 §9.6).
    pub(super) fn closes(&self) -> bool {
        let mut state = self.state();
        let unread = state.unread || (state.phase == Phase::Head && !state.multiplexed);
        if state.phase != Phase::Closing {
            state.enter(Phase::Closing, Instant::now());
        }
        state.unread = unread;
        unread
    }

    /// What the time says: gives the order that is due.
    pub(super) fn look(&self, now: Instant, settings: &ListenSettings) {
        let verdict = self.state().verdict(now, settings);
        if let Some((order, end)) = verdict {
            self.order(order, Some(end));
        }
    }

    /// Asks the connection to end. An order is never taken back or softened.
    pub(super) fn order(&self, order: Order, end: Option<ConnectionEnd>) {
        {
            let mut state = self.state();
            state.end = state.end.or(end);
            if order == Order::Finish && state.phase == Phase::Idle {
                state.enter(Phase::Closing, Instant::now());
            }
        }
        if self.order.fetch_max(order as u8, Ordering::AcqRel) < order as u8 {
            self.connection.wake();
        }
    }

    /// Whether nothing is asked of this connection at present.
    pub(super) fn is_idle(&self) -> bool {
        self.state().phase == Phase::Idle
    }

    /// Whether it was told to end.
    pub(super) fn is_ending(&self) -> bool {
        self.order.load(Ordering::Acquire) != Order::Serve as u8
    }

    /// Whether a request is coming of which only a part is here. hyper would take the connection for idle.
    pub(super) fn is_within_head(&self) -> bool {
        self.state().head_begun
    }

    /// The order that stands; wakes `context` when there is another.
    pub(super) fn ordered(&self, context: &Context<'_>) -> Order {
        self.register(context.waker());
        match self.order.load(Ordering::Acquire) {
            0 => Order::Serve,
            1 => Order::Finish,
            _ => Order::Close,
        }
    }

    /// Why it was told to end, if it was.
    pub(super) fn end(&self) -> Option<ConnectionEnd> {
        self.state().end
    }

    fn register(&self, waker: &Waker) {
        self.connection.register(waker);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn new(phase: Phase, since: Instant) -> Self {
        Self {
            phase,
            since,
            requests: 0,
            multiplexed: false,
            blocked: None,
            unread: false,
            head_begun: false,
            end: None,
        }
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.since = now;
    }

    fn verdict(&self, now: Instant, settings: &ListenSettings) -> Option<(Order, ConnectionEnd)> {
        let after = |since: Instant, limit: Duration| now.saturating_duration_since(since) >= limit;
        if self.blocked.is_some_and(|since| after(since, settings.write_timeout)) {
            return Some((Order::Close, ConnectionEnd::WriteTimeout));
        }
        let (limit, order, end) = match self.phase {
            Phase::Handshake => (settings.handshake_timeout, Order::Close, ConnectionEnd::HandshakeTimeout),
            Phase::Head => (settings.header_timeout, Order::Close, ConnectionEnd::HeaderTimeout),
            // Each request has a timeout of its own; this is for answers that an HTTP/2 peer leaves in its window.
            Phase::Serving => {
                let limit = settings.request_timeout.saturating_add(settings.write_timeout);
                (limit, Order::Close, ConnectionEnd::RequestTimeout)
            }
            Phase::Idle => (settings.idle_timeout, Order::Finish, ConnectionEnd::Idle),
            Phase::Closing if self.requests > 0 => {
                let limit = settings.request_timeout.saturating_add(settings.write_timeout);
                (limit, Order::Close, ConnectionEnd::RequestTimeout)
            }
            Phase::Closing => (LINGER, Order::Close, ConnectionEnd::Finished),
        };
        after(self.since, limit).then_some((order, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict on a connection in `phase` one millisecond before `limit`, and at it.
    fn around(limit: Duration, edit: impl Fn(&mut State)) -> [Option<(Order, ConnectionEnd)>; 2] {
        let settings = ListenSettings::default();
        let start = Instant::now();
        let mut state = State::new(Phase::Idle, start);
        edit(&mut state);
        [limit - Duration::from_millis(1), limit].map(|passed| state.verdict(start + passed, &settings))
    }

    #[tokio::test]
    async fn every_phase_has_its_limit_to_the_millisecond() {
        for (phase, seconds, order, end) in [
            (Phase::Handshake, 10, Order::Close, ConnectionEnd::HandshakeTimeout),
            (Phase::Head, 10, Order::Close, ConnectionEnd::HeaderTimeout),
            (Phase::Serving, 55, Order::Close, ConnectionEnd::RequestTimeout),
            (Phase::Idle, 60, Order::Finish, ConnectionEnd::Idle),
            (Phase::Closing, 2, Order::Close, ConnectionEnd::Finished),
        ] {
            let found = around(Duration::from_secs(seconds), |state| state.phase = phase);
            assert_eq!(found, [None, Some((order, end))], "{phase:?}");
        }
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_closed_whatever_it_does_besides() {
        let found = around(Duration::from_secs(10), |state| state.blocked = Some(state.since));
        assert_eq!(found, [None, Some((Order::Close, ConnectionEnd::WriteTimeout))]);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_do_not_set_back_the_clock_of_a_head() {
        let settings = ListenSettings::default();
        let life = Liveness::new(false);
        for _ in 0..9 {
            tokio::time::advance(Duration::from_secs(1)).await;
            life.received();
            assert_eq!(life.end(), None);
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        life.look(Instant::now(), &settings);
        assert_eq!(life.end(), Some(ConnectionEnd::HeaderTimeout));
    }

    #[tokio::test(start_paused = true)]
    async fn pings_do_not_keep_an_idle_http2_connection() {
        let settings = ListenSettings::default();
        let life = Liveness::new(false);
        life.request_begins(true);
        life.request_ends(false);
        for _ in 0..6 {
            tokio::time::advance(Duration::from_secs(10)).await;
            life.received();
        }
        life.look(Instant::now(), &settings);
        assert_eq!(life.end(), Some(ConnectionEnd::Idle));
        assert_eq!(life.ordered(&Context::from_waker(Waker::noop())), Order::Finish);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_does_not_finish_when_told_is_closed() {
        let settings = ListenSettings::default();
        let life = Liveness::new(false);
        life.request_begins(true);
        life.request_ends(false);
        tokio::time::advance(settings.idle_timeout).await;
        life.look(Instant::now(), &settings);
        tokio::time::advance(LINGER).await;
        life.look(Instant::now(), &settings);
        assert_eq!(life.ordered(&Context::from_waker(Waker::noop())), Order::Close);
        assert_eq!(life.end(), Some(ConnectionEnd::Idle), "the first cause is the one that is counted");
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_request_is_not_idle() {
        let settings = ListenSettings::default();
        let life = Liveness::new(false);
        life.request_begins(false);
        tokio::time::advance(Duration::from_secs(45)).await;
        life.look(Instant::now(), &settings);
        assert_eq!(life.ordered(&Context::from_waker(Waker::noop())), Order::Serve);
    }
}
