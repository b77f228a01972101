//! What happens when everybody comes at once: exactly one wins, and no budget is overdrawn.

use std::future::Future;
use std::time::Duration;

use proto::change::{Change, Key, Require, Row};
use proto::model::{Client, CommitId, Grant, GrantId, GrantState, Session, User, UserState};
use tokio::task::JoinSet;

use super::fixtures::NOW;
use super::settle::{Settled, again, establish, settle};
use super::take::budget;
use super::{Maker, Subject};
use crate::load::FamilyFilter;
use crate::{Store, Taking};

const RIVALS: u64 = 16;
const ROUNDS: u64 = 8;

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    one_decision_of_a_grant_wins(open).await;
    one_redemption_of_a_grant_wins(open).await;
    nothing_is_redeemed_for_a_person_locked_before(open).await;
    one_person_gets_a_name(open).await;
    one_use_of_a_proof_wins(open).await;
    take_never_overdraws(open).await;
}

/// Runs rivals on both handles and gives what each came to.
async fn rivals<T: Send + 'static, F>(subject: &Subject, run: impl Fn(Store, u64) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for rival in 0..RIVALS {
        let store = if rival % 2 == 0 { &subject.store } else { &subject.other };
        tasks.spawn(run(store.clone(), rival));
    }
    tasks.join_all().await
}

/// A client, a person, their session, and a grant in this state.
async fn scene(store: &Store, maker: &mut Maker, approved: bool) -> (Client, User, Session, Grant) {
    let (client, user) = (maker.client(), maker.user());
    let session = maker.session(&user);
    let grant = if approved { maker.approved(&client, Maker::approval(&session)) } else { maker.grant(&client) };
    let rows = vec![
        Row::Grant(grant.clone().into()),
        Row::Client(client.clone().into()),
        Row::User(user.clone().into()),
        Row::Session(session.clone().into()),
    ];
    establish(store, maker, rows).await;
    (client, user, session, grant)
}

async fn grant(store: &Store, id: GrantId) -> Grant {
    again!(store.grant(id)).unwrap()
}

async fn one_decision_of_a_grant_wins(open: &impl AsyncFn() -> Subject) {
    let subject = open().await;
    let mut maker = Maker::new(70);
    for round in 0..ROUNDS {
        let (_, user, session, pending) = scene(&subject.store, &mut maker, false).await;
        let decide = |store: Store, rival: u64| {
            let (user, session, id) = (user.clone(), session.clone(), pending.id);
            async move {
                let mut maker = Maker::new(7_000 + round * RIVALS + rival);
                let state = if rival.is_multiple_of(3) {
                    GrantState::Denied { at: NOW, by: user.id, reported: false }
                } else {
                    GrantState::Approved(Maker::approval(&session))
                };
                loop {
                    let seen = grant(&store, id).await;
                    if seen.state != GrantState::Pending {
                        return None;
                    }
                    let requires = [Require { key: Key::User(user.id), version: 1 }, Require::from(&seen)];
                    let decided = Grant { state: state.clone(), ..seen };
                    let commit = maker.commit(requires, [Change::Put(Row::Grant(decided.into()))]);
                    if settle(&store, &commit, &Key::Grant(id)).await == Settled::Mine {
                        return Some((commit.id, state));
                    }
                }
            }
        };
        let won: Vec<(CommitId, GrantState)> = rivals(&subject, decide).await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "one decision stands");
        let last = grant(&subject.other, pending.id).await;
        assert_eq!((&last.state, last.version), (&won[0].1, 2));
        let stamp = again!(subject.other.stamp(&Key::Grant(pending.id)));
        assert_eq!(stamp, Some(won[0].0));
    }
}

async fn one_redemption_of_a_grant_wins(open: &impl AsyncFn() -> Subject) {
    let subject = open().await;
    let mut maker = Maker::new(71);
    for round in 0..ROUNDS {
        let (_, user, _, approved) = scene(&subject.store, &mut maker, true).await;
        let redeem = |store: Store, rival: u64| redeem(store, approved.id, 7_100 + round * RIVALS + rival);
        let won: Vec<CommitId> = rivals(&subject, redeem).await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "one redemption stands");
        let families = again!(subject.store.families_of(user.id));
        assert_eq!(families.len(), 1, "one family was issued");
    }
}

/// Redeems an approved grant, if its person is fit: the commit that did.
async fn redeem(store: Store, id: GrantId, seed: u64) -> Option<CommitId> {
    let mut maker = Maker::new(seed);
    loop {
        let seen = grant(&store, id).await;
        let GrantState::Approved(approval) = seen.state.clone() else { return None };
        let user = again!(store.user(approval.user_id)).unwrap();
        if user.state == UserState::Locked {
            return None;
        }
        let (redeemed, family) = maker.redeemed(&seen, approval);
        let changes = [Change::Put(Row::Grant(redeemed.into())), Change::Put(Row::Family(family.into()))];
        let commit = maker.commit([Require::from(&user)], changes);
        if settle(&store, &commit, &Key::Grant(id)).await == Settled::Mine {
            return Some(commit.id);
        }
    }
}

async fn nothing_is_redeemed_for_a_person_locked_before(open: &impl AsyncFn() -> Subject) {
    let subject = open().await;
    let mut maker = Maker::new(72);
    for round in 0..ROUNDS {
        let (client, user, session, first) = scene(&subject.store, &mut maker, true).await;
        let mut ids = vec![first.id];
        for _ in 1..RIVALS {
            let more = maker.approved(&client, Maker::approval(&session));
            establish(&subject.store, &mut maker, vec![Row::Grant(more.clone().into())]).await;
            ids.push(more.id);
        }
        let locked = lock(subject.other.clone(), user.clone(), 7_300 + round);
        let act = |store: Store, rival: u64| {
            let id = ids[usize::try_from(rival).unwrap()];
            redeem(store, id, 7_200 + round * RIVALS + rival)
        };
        let (won, families_at_lock) = tokio::join!(rivals(&subject, act), locked);
        let families = again!(subject.store.families_of(user.id));
        assert_eq!(families.len(), won.into_iter().flatten().count());
        assert!(families.len() <= families_at_lock, "a redemption came after the lock");
    }
}

/// Locks a person, and counts their families right afterwards: there must never be more.
async fn lock(store: Store, user: User, seed: u64) -> usize {
    let mut maker = Maker::new(seed);
    let locked = User { state: UserState::Locked, version: 1, ..user.clone() };
    loop {
        let commit = maker.puts([Row::User(locked.clone().into())]);
        if settle(&store, &commit, &Key::User(user.id)).await == Settled::Mine {
            let filter = FamilyFilter { user: Some(user.id), ..FamilyFilter::default() };
            return again!(store.families(filter.clone())).len();
        }
    }
}

async fn one_person_gets_a_name(open: &impl AsyncFn() -> Subject) {
    let subject = open().await;
    let mut maker = Maker::new(73);
    for round in 0..ROUNDS {
        let name = maker.user().name;
        let sign_up = |store: Store, rival: u64| {
            let mut maker = Maker::new(7_400 + round * RIVALS + rival);
            let user = User { name: name.clone(), ..maker.user() };
            async move {
                loop {
                    if again!(store.user_by_name(&user.name)).is_some() {
                        return None;
                    }
                    let commit = maker.puts([Row::User(user.clone().into())]);
                    if settle(&store, &commit, &Key::User(user.id)).await == Settled::Mine {
                        return Some(user.id);
                    }
                }
            }
        };
        let won: Vec<_> = rivals(&subject, sign_up).await.into_iter().flatten().collect();
        let owner = again!(subject.store.user_by_name(&name)).map(|user| user.id);
        assert_eq!(won.iter().copied().map(Some).collect::<Vec<_>>(), [owner]);
    }
}

async fn one_use_of_a_proof_wins(open: &impl AsyncFn() -> Subject) {
    let subject = open().await;
    let mut maker = Maker::new(76);
    for round in 0..ROUNDS {
        let spent = maker.spent(NOW);
        let use_it = |store: Store, rival: u64| async move {
            let mut maker = Maker::new(7_500 + round * RIVALS + rival);
            let (key, user) = (Key::Spent(spent.id), maker.user());
            while again!(store.stamp(&key)).is_none() {
                let commit = maker.puts([Row::Spent(spent), Row::User(user.clone().into())]);
                if settle(&store, &commit, &key).await == Settled::Mine {
                    return Some((commit.id, user.id));
                }
            }
            None
        };
        let won: Vec<_> = rivals(&subject, use_it).await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "one use counts");
        assert_eq!(again!(subject.other.stamp(&Key::Spent(spent.id))), Some(won[0].0));
        assert!(again!(subject.store.user(won[0].1)).is_some());
    }
    assert_eq!(again!(subject.store.users()).len() as u64, ROUNDS, "nothing came of the others");
}

async fn take_never_overdraws(open: &impl AsyncFn() -> Subject) {
    assert!(attempts(open, 74).await <= 10);
}

/// Without faults, every attempt of the budget can be made as well.
pub(super) async fn take_is_exact(open: &impl AsyncFn() -> Subject) {
    assert_eq!(attempts(open, 75).await, 10);
}

/// How many of the rivals' attempts a budget of ten lets pass.
async fn attempts(open: &impl AsyncFn() -> Subject, name: u32) -> usize {
    let subject = open().await;
    let budgets =
        [budget("wide", 1000, Duration::from_secs(60)), budget(&name.to_string(), 10, Duration::from_secs(60))];
    let attempt = |store: Store, _| {
        let budgets = budgets.clone();
        async move {
            let mut taken = 0;
            for _ in 0..5 {
                if store.take(&budgets, NOW).await == Ok(Taking::Taken) {
                    taken += 1;
                }
            }
            taken
        }
    };
    rivals(&subject, attempt).await.into_iter().sum()
}
