//! A sign-in between two processes: by the calendar, since nobody else's monotonic clock means anything. Whoever takes it
//! up polls no faster than the one before could have.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{LONGEST, Machine, Now, Phase, Settings, TRANSIT};
use crate::{Entropy, Timestamp};

/// What of a sign-in outlives its process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Paused {
    /// When the code runs out.
    pub expires_at: Timestamp,
    /// The least time between two polls, in milliseconds.
    pub interval_ms: u64,
    /// How much of the code's life was left when this was made, in milliseconds: a calendar that is set back adds nothing.
    pub left_ms: u64,
    /// No poll before this.
    pub not_before: Timestamp,
}

impl Machine {
    /// What to keep so that another process can go on.
    #[must_use]
    pub fn pause(&self, now: Now) -> Paused {
        let not_before = match self.phase {
            Phase::Polling { .. } => now.monotonic.saturating_add(self.pace.interval()),
            Phase::Ended(_) | Phase::Waiting { .. } => self.not_before,
        };
        let left = self.deadline.saturating_sub(now.monotonic);
        Paused {
            expires_at: now.wall + left,
            interval_ms: millis(self.pace.interval()),
            left_ms: millis(left),
            not_before: now.wall + not_before.saturating_sub(now.monotonic),
        }
    }

    /// Goes on where another process stopped. A code that ran out in between is asked about once more: who approved in
    /// the last moments is not sent away.
    #[must_use]
    pub fn resume(settings: Settings, paused: Paused, now: Now, entropy: &mut dyn Entropy) -> Self {
        let Paused { expires_at, interval_ms, left_ms, not_before } = paused;
        let interval = Duration::from_millis(interval_ms).clamp(Duration::from_secs(1), LONGEST);
        let pace = super::Pace::new(interval);
        // A calendar that was set back by years holds up nobody for longer than the longest pause there is.
        let pause = not_before.since(now.wall).min(interval.max(Duration::from_secs(3600)));
        let not_before = now.monotonic.saturating_add(pause);
        let left = expires_at.since(now.wall).min(Duration::from_millis(left_ms)).min(LONGEST);
        let deadline =
            if left.is_zero() { not_before.saturating_add(TRANSIT * 2) } else { now.monotonic.saturating_add(left) };
        let mut machine = Self {
            deadline,
            events: std::collections::VecDeque::new(),
            failing: None,
            nonces: Vec::new(),
            not_before,
            pace,
            phase: Phase::Waiting { due: not_before },
            timeout: settings.timeout,
            transit: TRANSIT.min(left / 4),
            wait: settings.wait,
            wall_deadline: (!left.is_zero()).then_some(expires_at),
        };
        // As much later as chance has it, so that many who were started together drift apart.
        let late = machine.pace.wait(entropy).saturating_sub(interval);
        let planned = not_before.saturating_add(late);
        machine.phase = Phase::Waiting { due: if left.is_zero() { not_before } else { machine.fit(planned, true) } };
        machine
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Answer, Outcome, Step};
    use crate::entropy::Seeded;
    use crate::wire::authorize::AuthorizationResponse;
    use crate::wire::error::Unusable;
    use crate::wire::members::Members;
    use crate::wire::token::{Credential, Reply};

    fn at(monotonic: u64, wall: i64) -> Now {
        Now { monotonic: Duration::from_secs(monotonic), wall: Timestamp::from_seconds(wall) }
    }

    fn started() -> Machine {
        let codes = AuthorizationResponse {
            device_code: Credential::new("dc"),
            user_code: "WDJB-MJHT".to_owned(),
            verification_uri: "https://id.example.com/device".to_owned(),
            verification_uri_complete: None,
            expires_in: 600,
            interval: 5,
        };
        let now = at(1000, 10_000);
        Machine::new(Settings::default(), &codes, now, now, &mut Seeded::new(1))
    }

    fn answer(name: &str) -> Answer {
        let reply = Reply::parse(&Members::from_iter([("error".to_owned(), name.into())]));
        Answer { held: false, nonce: None, reply, retry_after: None, status: 400 }
    }

    fn resumed(paused: Paused, now: Now) -> Machine {
        Machine::resume(Settings::default(), paused, now, &mut Seeded::new(2))
    }

    /// When the next poll leaves, on the monotonic clock.
    fn next_poll(machine: &mut Machine, now: Now) -> Duration {
        match machine.step(now) {
            Step::WaitUntil(moment) => moment,
            Step::Send(_) => now.monotonic,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn df_3_5_7_df_3_5_9_the_pace_outlives_its_process() {
        let mut machine = started();
        assert!(matches!(machine.step(at(1006, 10_006)), Step::Send(_)));
        let written_before_the_answer = machine.pause(at(1006, 10_006));
        let next = next_poll(&mut resumed(written_before_the_answer, at(3, 10_007)), at(3, 10_007));
        assert!(next >= Duration::from_secs(3 + 4), "a poll whose answer nobody saw counts: {next:?}");

        machine.answered(at(1006, 10_006), answer("slow_down"), &mut Seeded::new(1));
        let paused = machine.pause(at(1006, 10_006));
        assert_eq!((paused.interval_ms, paused.expires_at), (10_000, Timestamp::from_seconds(10_600)));
        let now = at(0, 10_008);
        let mut machine = resumed(paused, now);
        assert_eq!(machine.interval(), Duration::from_secs(10));
        let next = next_poll(&mut machine, now);
        assert!(next >= Duration::from_secs(8) && next <= Duration::from_secs(9), "{next:?}");
        assert_eq!(machine.expires_at(), Duration::from_secs(592));
        let later = at(0, 10_100);
        assert!(next_poll(&mut resumed(paused, later), later) <= Duration::from_secs(1));
    }

    #[test]
    fn t33_a_calendar_that_was_set_neither_prolongs_nor_hammers() {
        let paused = started().pause(at(1100, 10_100));
        let back = at(0, -1_000_000);
        let mut machine = resumed(paused, back);
        assert_eq!(machine.expires_at(), Duration::from_secs(500));
        assert!(next_poll(&mut machine, back) <= Duration::from_secs(3600));
        let torn = Paused {
            interval_ms: 0,
            left_ms: u64::MAX,
            expires_at: Timestamp::from_seconds(i64::MAX / 1000),
            ..paused
        };
        let machine = resumed(torn, back);
        assert!(machine.interval() >= Duration::from_secs(1) && machine.expires_at() <= LONGEST);
    }

    #[test]
    fn df_3_5_21_a_code_that_ran_out_meanwhile_is_asked_about_once() {
        let paused = started().pause(at(1100, 10_100));
        let now = at(7, 20_000);
        let mut machine = resumed(paused, now);
        assert!(matches!(machine.step(now), Step::Send(_)));
        machine.answered(now, answer("authorization_pending"), &mut Seeded::new(3));
        assert!(matches!(machine.step(now), Step::Show(_)));
        let Step::WaitUntil(end) = machine.step(now) else { panic!("not over soon") };
        assert!(end <= now.monotonic + Duration::from_secs(1));
        let after = Now { monotonic: end, ..now };
        assert_eq!(machine.step(after), Step::Done(Outcome::Expired));
        let unusable = Reply::Unusable(Unusable::NotAnObject);
        machine.answered(after, Answer { reply: unusable, ..answer("x") }, &mut Seeded::new(3));
        assert_eq!(machine.step(after), Step::Done(Outcome::Expired));
    }
}
