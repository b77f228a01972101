//! A polite device among random disturbances: lost replies, another process with its code, people who decide late or
//! twice. It always ends, its end is true, and its interval never shrinks.

use proptest::prelude::*;
use proto::device::{FirstPoll, Outcome, Settings};
use proto::grant::decide::Verdict;
use proto::model::{AuthMethod, GrantState};

use crate::pair::{Pair, ms, secs};
use crate::rows::LIFETIME;

#[derive(Clone, Copy, Debug)]
enum Disturbance {
    Decide(u8, Verdict),
    /// Another process polls with the same code this often, 100 ms apart.
    Hammer(u16),
    Lose(usize),
}

fn disturbances() -> impl Strategy<Value = Disturbance> {
    let verdicts = prop_oneof![3 => Just(Verdict::Approve), 1 => Just(Verdict::Deny), 1 => Just(Verdict::Report)];
    prop_oneof![
        3 => (1_u8..=3, verdicts).prop_map(|(session, verdict)| Disturbance::Decide(session, verdict)),
        3 => (1_u16..100).prop_map(Disturbance::Hammer),
        3 => (1_usize..4).prop_map(Disturbance::Lose),
    ]
}

proptest! {
    #[test]
    fn df_3_5_7_df_3_5_9_df_3_5_21_a_polite_device_always_ends_and_its_end_is_true(
        confidential: bool,
        at_once: bool,
        plan in prop::collection::vec((0_u64..120_000, disturbances()), 0..8),
    ) {
        let auth = if confidential { AuthMethod::ClientSecretBasic } else { AuthMethod::None };
        let first_poll = if at_once { FirstPoll::AtOnce } else { FirstPoll::AfterInterval };
        let mut pair = Pair::with(auth, Settings { first_poll, wait: None, ..Settings::default() });
        let mut interval = pair.machine.interval();
        for (pause, disturbance) in plan {
            let moment = pair.now + ms(pause);
            pair.drive_until(moment);
            match disturbance {
                Disturbance::Decide(session, verdict) => drop(pair.decide(session, verdict)),
                Disturbance::Hammer(polls) => (0..polls).for_each(|n| drop(pair.poll_at(pair.now + ms(n.into()) * 100))),
                Disturbance::Lose(replies) => pair.losing = replies,
            }
            prop_assert!(pair.machine.interval() >= interval);
            interval = pair.machine.interval();
        }
        let outcome = pair.drive();

        prop_assert!(pair.polls.windows(2).all(|polls| polls[1].0 - polls[0].0 >= secs(5)));
        prop_assert!(pair.polls.iter().all(|(sent, _)| *sent < LIFETIME));
        let state = pair.grant().state;
        let is_true = match outcome {
            // The tokens may also have gone to the other process, or been lost with the reply that held them.
            Outcome::Tokens(_) | Outcome::Refused { .. } => matches!(state, GrantState::Redeemed(..)),
            Outcome::Denied(_) => matches!(state, GrantState::Denied { .. }),
            // A decision in the last moments may come after the device's last poll.
            Outcome::Expired | Outcome::Unreachable(_) => pair.now >= LIFETIME,
            Outcome::Unusable { .. } => false,
        };
        prop_assert!(is_true, "{:?} in {:?}", pair.outcome, state);
        prop_assert!(pair.live().len() <= 1);
    }
}
