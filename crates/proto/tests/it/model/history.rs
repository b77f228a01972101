//! What can happen, and how often: biased towards the moments and the people that matter.

use proptest::prelude::*;
use proto::grant::decide::Verdict;
use proto::model::RevocationCause;

/// The waits that matter are those that end at a boundary, one before it, or one after.
const WAITS: [i64; 17] = [
    1, 250, 998, 1_000, 1_999, 2_000, 5_000, 9_999, 10_000, 49_000, 59_999, 60_000, 119_999, 120_000, 300_000, 599_999,
    600_000,
];

/// One thing that happens. Grants are counted from the youngest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// A reply that was prepared earlier is written now, whatever happened since.
    Commit {
        slot: usize,
    },
    /// A person decides on a page they have just opened; the commit is at once, or left for a later [`Op::Commit`].
    Decide {
        grant: usize,
        session: usize,
        verdict: Verdict,
        later: bool,
    },
    Disable {
        client: usize,
        disabled: bool,
    },
    End {
        session: usize,
    },
    Lock {
        person: usize,
        locked: bool,
    },
    /// A poll; the commit is at once, or left for a later [`Op::Commit`].
    Poll {
        grant: usize,
        caller: Option<usize>,
        secret: bool,
        later: bool,
    },
    /// A person presses a button on a page that was opened earlier.
    Press {
        slot: usize,
        verdict: Verdict,
    },
    Revoke {
        session: usize,
        cause: RevocationCause,
    },
    Show {
        grant: usize,
        session: usize,
    },
    /// A whole sign-in, so that histories reach what comes after it.
    SignIn {
        client: usize,
        session: usize,
    },
    Start {
        client: usize,
    },
    Wait {
        millis: i64,
    },
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![4 => Just(Verdict::Approve), 1 => Just(Verdict::Deny), 1 => Just(Verdict::Report)]
}

pub(super) fn ops() -> impl Strategy<Value = Op> {
    let causes = prop_oneof![
        Just(RevocationCause::Administrator),
        Just(RevocationCause::Everywhere),
        Just(RevocationCause::NotMe)
    ];
    // Mostly the grant's own client, with what it should present.
    let callers = prop_oneof![6 => Just(None), 1 => (0_usize..3).prop_map(Some)];
    let (grants, slots) = (0_usize..4, 0_usize..4);
    let poll = (grants.clone(), callers, prop::bool::weighted(0.9), prop::bool::weighted(0.2))
        .prop_map(|(grant, caller, secret, later)| Op::Poll { grant, caller, secret, later });
    let decide = (grants.clone(), 0_usize..3, verdicts(), prop::bool::weighted(0.3))
        .prop_map(|(grant, session, verdict, later)| Op::Decide { grant, session, verdict, later });
    prop_oneof![
        4 => (0_usize..3).prop_map(|client| Op::Start { client }),
        4 => (0_usize..3, 0_usize..3).prop_map(|(client, session)| Op::SignIn { client, session }),
        24 => poll,
        10 => decide,
        14 => prop::sample::select(&WAITS[..]).prop_map(|millis| Op::Wait { millis }),
        8 => slots.clone().prop_map(|slot| Op::Commit { slot }),
        3 => (grants, 0_usize..3).prop_map(|(grant, session)| Op::Show { grant, session }),
        3 => (slots, verdicts()).prop_map(|(slot, verdict)| Op::Press { slot, verdict }),
        1 => (0_usize..2, any::<bool>()).prop_map(|(person, locked)| Op::Lock { person, locked }),
        1 => (0_usize..3, prop::bool::weighted(0.3)).prop_map(|(client, disabled)| Op::Disable { client, disabled }),
        1 => (0_usize..3, causes).prop_map(|(session, cause)| Op::Revoke { session, cause }),
        1 => (0_usize..3).prop_map(|session| Op::End { session }),
    ]
}
