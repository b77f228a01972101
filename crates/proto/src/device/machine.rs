//! The polling of one sign-in as a state machine, in the manner of quinn-proto (RFC 8628 §3.4–3.5, RFC 7240 §4.3).
//!
//! Owns what happens next: [`Machine::step`] says it, the driver does it and reports the result. `now` and the
//! entropy are arguments, so a test runs whole sign-ins in no time.

use std::collections::VecDeque;
use std::time::Duration;

use super::backoff::Pace;
use super::verdict::{Failure, Retry, Verdict};
use crate::wire::authorize::AuthorizationResponse;
use crate::wire::error::{ErrorReply, Unusable};
use crate::wire::token::{Reply, TokenResponse};
use crate::{Entropy, Timestamp};

/// A code is not polled for longer than this, whatever lifetime its server claims.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How long before expiry the last poll leaves at the latest; more on a slow line.
const TRANSIT: Duration = Duration::from_millis(250);
/// A held poll may take this much longer than it asked to be held (LP-10 wants more than 10 s).
const GRACE: Duration = Duration::from_secs(15);
/// Asking to be held for less than this gains nothing.
const SHORTEST_WAIT: Duration = Duration::from_secs(5);

/// How many nonces in a row are tried at once (RFC 9449 §8): more than a change of keys in the middle, or nodes that do
/// not know each other's, explain. A server that goes on is refused, not hammered.
pub const MOST_NONCES: usize = 3;

/// Both clocks at one moment. The monotonic one decides; the wall clock notices a suspended device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Since any fixed moment, never stepping back.
    pub monotonic: Duration,
    /// What the calendar says.
    pub wall: Timestamp,
}

/// When the first poll leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FirstPoll {
    /// One interval after the codes came: safe with servers that count their issue as a poll.
    AfterInterval,
    /// At once: for servers known to hold polls, or to want an early first one.
    AtOnce,
}

/// How to poll.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// When the first poll leaves.
    pub first_poll: FirstPoll,
    /// How long a poll may take when it does not ask to be held.
    pub timeout: Duration,
    /// How long the server may hold a poll (`Prefer: wait`), if it can; servers that cannot ignore it.
    pub wait: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        let (timeout, wait) = (Duration::from_secs(20), Some(Duration::from_secs(30)));
        Self { first_poll: FirstPoll::AfterInterval, timeout, wait }
    }
}

/// A poll to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Poll {
    /// How long to wait for the answer before reporting [`Failure::Timeout`].
    pub timeout: Duration,
    /// Seconds for `Prefer: wait=…`.
    pub wait: Option<u64>,
}

/// Something a person or a program may want to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// Not decided yet.
    Pending,
    /// The poll failed and will be repeated after `delay`.
    Retry {
        /// Why.
        reason: Retry,
        /// How long until the next poll.
        delay: Duration,
    },
    /// The server wants fewer polls.
    SlowDown {
        /// The interval from now on.
        interval: Duration,
    },
}

/// How the sign-in ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The person declined.
    Denied(ErrorReply),
    /// The code ran out.
    Expired,
    /// The server refused for good.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        error: ErrorReply,
    },
    /// Approved.
    Tokens(Box<TokenResponse>),
    /// The code ran out while the server could not be reached.
    Unreachable(Retry),
    /// The server's answer cannot be used.
    Unusable {
        /// The HTTP status.
        status: u16,
        /// Why not.
        why: Unusable,
    },
}

/// What to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// It is over. Every later step says the same.
    Done(Outcome),
    /// Send a poll, then report [`Machine::answered`] or [`Machine::failed`].
    Send(Poll),
    /// Tell whoever watches, then ask again.
    Show(Event),
    /// Nothing before this moment of the monotonic clock.
    WaitUntil(Duration),
}

/// An answer to a poll.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// `Preference-Applied: wait` was in it: the server held the poll.
    pub held: bool,
    /// `DPoP-Nonce`, if the client can use one.
    pub nonce: Option<String>,
    /// What the body says.
    pub reply: Reply,
    /// `Retry-After`, as a duration.
    pub retry_after: Option<Duration>,
    /// The HTTP status.
    pub status: u16,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Phase {
    Ended(Outcome),
    Polling { sent: Duration, waited: bool },
    Waiting { due: Duration },
}

/// The polling of one device code.
#[derive(Clone, Debug)]
pub struct Machine {
    /// When the code runs out, counted from the sending of the request for it: the server cannot have started later.
    deadline: Duration,
    events: VecDeque<Event>,
    /// The last poll had no answer.
    failing: Option<Retry>,
    /// The nonces that a poll was repeated with, one after the other, since the last answer that was another.
    nonces: Vec<String>,
    /// No poll before this, whatever happens.
    not_before: Duration,
    pace: Pace,
    phase: Phase,
    timeout: Duration,
    transit: Duration,
    wait: Option<Duration>,
    /// The deadline by the calendar, until it proved wrong.
    wall_deadline: Option<Timestamp>,
}

impl Machine {
    /// Starts with the reply to the device authorization request, sent and received at these moments.
    #[must_use]
    pub fn new(
        settings: Settings,
        codes: &AuthorizationResponse,
        sent: Now,
        received: Now,
        entropy: &mut dyn Entropy,
    ) -> Self {
        let lifetime = Duration::from_secs(codes.expires_in).min(LONGEST);
        let round_trip = received.monotonic.saturating_sub(sent.monotonic);
        let pace = Pace::new(Duration::from_secs(codes.interval.max(1)));
        let first = match settings.first_poll {
            FirstPoll::AfterInterval => pace.wait(entropy),
            FirstPoll::AtOnce => Duration::ZERO,
        };
        let mut machine = Self {
            deadline: sent.monotonic.saturating_add(lifetime),
            events: VecDeque::new(),
            failing: None,
            nonces: Vec::new(),
            not_before: received.monotonic,
            pace,
            phase: Phase::Waiting { due: received.monotonic },
            timeout: settings.timeout,
            transit: round_trip.max(TRANSIT).min(lifetime / 4),
            wait: settings.wait,
            wall_deadline: Some(sent.wall + lifetime),
        };
        let due = machine.fit(received.monotonic.saturating_add(first), settings.first_poll == FirstPoll::AtOnce);
        machine.phase = Phase::Waiting { due };
        machine
    }

    /// When the code runs out, on the monotonic clock.
    #[must_use]
    pub const fn expires_at(&self) -> Duration {
        self.deadline
    }

    /// The least time between two polls, as it stands now.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.pace.interval()
    }

    /// What to do now.
    pub fn step(&mut self, now: Now) -> Step {
        if let Some(event) = self.events.pop_front() {
            return Step::Show(event);
        }
        let due = match &self.phase {
            Phase::Ended(outcome) => return Step::Done(outcome.clone()),
            Phase::Polling { sent, waited } => return Step::WaitUntil(sent.saturating_add(self.allowance(*waited))),
            Phase::Waiting { due } => *due,
        };
        if now.monotonic >= self.deadline {
            let outcome = self.failing.map_or(Outcome::Expired, Outcome::Unreachable);
            self.phase = Phase::Ended(outcome.clone());
            return Step::Done(outcome);
        }
        let due = if self.slept(now) { due.min(self.not_before) } else { due };
        if now.monotonic < due {
            return Step::WaitUntil(due.min(self.deadline));
        }
        if self.slept(now) {
            // One poll settles it: an expired code is told so, a pending answer means the calendar was set.
            self.wall_deadline = None;
        }
        let waited = self.wait.is_some();
        self.phase = Phase::Polling { sent: now.monotonic, waited };
        let rest = self.deadline.saturating_sub(now.monotonic) + GRACE;
        Step::Send(Poll { timeout: self.allowance(waited).min(rest), wait: self.wait.map(|wait| wait.as_secs()) })
    }

    /// A poll was answered.
    pub fn answered(&mut self, now: Now, answer: Answer, entropy: &mut dyn Entropy) {
        let Phase::Polling { sent, .. } = self.phase else { return };
        let Answer { held, nonce, reply, retry_after, status } = answer;
        let retry_after = retry_after.unwrap_or_default();
        // RFC 8628 §3.5 counts between requests; a held poll has already waited (LP-11).
        let from = if held { sent } else { now.monotonic };
        let verdict = Verdict::of(status, reply);
        if !matches!(verdict, Verdict::Nonce(_)) {
            self.nonces.clear();
        }
        match verdict {
            Verdict::Pending => {
                self.ease();
                self.events.push_back(Event::Pending);
                self.wait_from(from, now, retry_after, held, entropy);
            }
            Verdict::SlowDown(given) => {
                self.ease();
                self.pace.slow_down(given.map(Duration::from_secs));
                self.events.push_back(Event::SlowDown { interval: self.pace.interval() });
                self.wait_from(from, now, retry_after, false, entropy);
            }
            Verdict::Retry(reason) => {
                if status == 504 {
                    self.ask_for_less();
                }
                self.back_off(reason, now, retry_after, entropy);
            }
            Verdict::Nonce(error) => match nonce {
                Some(nonce) if !self.nonces.contains(&nonce) && self.nonces.len() < MOST_NONCES => {
                    // Not a poll to the server (DPD-4), so neither pace nor next poll change.
                    self.nonces.push(nonce);
                    self.phase = Phase::Waiting { due: now.monotonic };
                }
                _ => self.end(Outcome::Refused { status, error }),
            },
            Verdict::Refused(error) => self.end(Outcome::Refused { status, error }),
            Verdict::Denied(error) => self.end(Outcome::Denied(error)),
            Verdict::Expired => self.end(Outcome::Expired),
            Verdict::Tokens(tokens) => self.end(Outcome::Tokens(tokens)),
            Verdict::Unusable(why) => self.end(Outcome::Unusable { status, why }),
        }
    }

    /// A poll had no answer.
    pub fn failed(&mut self, now: Now, failure: Failure, entropy: &mut dyn Entropy) {
        let Phase::Polling { .. } = self.phase else { return };
        if failure != Failure::Connect {
            self.ask_for_less();
        }
        self.back_off(Retry::Failure(failure), now, Duration::ZERO, entropy);
    }

    /// Something happened that makes an answer likely (a key was pressed, the device woke up, the network is back): poll
    /// as soon as the interval allows.
    pub fn wake(&mut self, now: Now) {
        if let Phase::Waiting { due } = &mut self.phase {
            *due = (*due).min(self.not_before.max(now.monotonic));
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.phase = Phase::Ended(outcome);
    }

    fn ease(&mut self) {
        self.failing = None;
        self.pace.answered();
    }

    /// How long a poll may take.
    fn allowance(&self, waited: bool) -> Duration {
        self.wait.filter(|_| waited).map_or(self.timeout, |wait| wait + GRACE)
    }

    /// The calendar moved past the deadline while the monotonic clock stood still.
    fn slept(&self, now: Now) -> bool {
        self.wall_deadline.is_some_and(|deadline| now.wall >= deadline)
    }

    /// Something on the way does not stand long silences: ask for shorter ones.
    fn ask_for_less(&mut self) {
        self.wait = self.wait.map(|wait| wait / 2).filter(|wait| *wait >= SHORTEST_WAIT);
    }

    fn back_off(&mut self, reason: Retry, now: Now, retry_after: Duration, entropy: &mut dyn Entropy) {
        self.pace.failed();
        self.failing = Some(reason);
        self.wait_from(now.monotonic, now, retry_after, false, entropy);
        if let Phase::Waiting { due } = self.phase {
            self.events.push_back(Event::Retry { reason, delay: due.saturating_sub(now.monotonic) });
        }
    }

    /// Plans the next poll one wait after `from`.
    fn wait_from(&mut self, from: Duration, now: Now, retry_after: Duration, held: bool, entropy: &mut dyn Entropy) {
        let earliest = from.saturating_add(self.pace.interval());
        self.not_before = earliest.max(now.monotonic.saturating_add(retry_after));
        let planned = from.saturating_add(self.pace.wait(entropy)).max(self.not_before);
        self.phase = Phase::Waiting { due: self.fit(planned, held) };
    }

    /// Moves a poll so that the last one leaves right before expiry, which a decision in the last moments needs. A
    /// server that holds polls looks after those moments itself.
    fn fit(&self, planned: Duration, held: bool) -> Duration {
        let last = self.deadline.saturating_sub(self.transit);
        let another_follows = planned.saturating_add(self.pace.interval()) <= last;
        if planned <= last && (held || another_follows || self.pace.failures() > 0) {
            planned
        } else if self.not_before <= last {
            last
        } else {
            self.deadline
        }
    }
}

mod paused;
pub use paused::Paused;

#[cfg(test)]
mod tests;
