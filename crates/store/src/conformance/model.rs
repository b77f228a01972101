//! A database against memory: whatever is asked of both, both answer alike.

use std::time::Duration;

use proto::Timestamp;
use proto::change::{Change, Commit, Key, Require, Row, Spent};
use proto::entropy::Seeded;
use proto::model::{Client, Grant, GrantState, Session, User, UserState};

use super::Maker;
use crate::load::{FamilyFilter, GrantFilter, GrantSelection};
use crate::{Bucket, Budget, Store};

/// A small world, so that random steps meet.
struct World {
    dice: Seeded,
    maker: Maker,
    clients: Vec<Client>,
    users: Vec<User>,
    sessions: Vec<Session>,
    grants: Vec<Grant>,
    spent: Vec<Spent>,
    now: Timestamp,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut maker = Maker::new(seed);
        let clients = vec![maker.client(), maker.rich_client(), maker.keyed_client()];
        let users: Vec<User> = (0..3).map(|_| maker.user()).collect();
        let sessions: Vec<Session> = users.iter().map(|user| maker.session(user)).collect();
        let mut grants: Vec<Grant> = (0..5).map(|at| maker.grant(&clients[at % 3])).collect();
        grants.push(maker.rich_grant(&clients[0]));
        // Two of them share a user code.
        grants[1].user_code = grants[0].user_code;
        let now = grants[0].created_at;
        let spent = (0..4).map(|age| maker.spent(now + Duration::from_secs(age * 300))).collect();
        Self { dice: Seeded::new(seed ^ 0x5eed), maker, clients, users, sessions, grants, spent, now }
    }

    fn pick<T: Clone>(dice: &mut Seeded, from: &[T]) -> T {
        from[usize::try_from(dice.below(from.len() as u64)).unwrap()].clone()
    }

    fn row(&mut self) -> Row {
        let dice = &mut self.dice;
        match dice.below(9) {
            0 => Row::Client(Self::pick(dice, &self.clients).into()),
            1 => {
                let mut user = Self::pick(dice, &self.users);
                if dice.below(3) == 0 {
                    user.name = Self::pick(dice, &self.users).name;
                }
                if dice.below(2) == 0 {
                    user.state = UserState::Locked;
                }
                Row::User(user.into())
            }
            2 => {
                let mut session = Self::pick(dice, &self.sessions);
                if dice.below(3) == 0 {
                    session.token = Self::pick(dice, &self.sessions).token;
                }
                Row::Session(session.into())
            }
            3 => Row::Spent(Self::pick(dice, &self.spent)),
            4 => Row::Deployment(Maker::new(1).deployment()),
            _ => {
                let mut grant = Self::pick(dice, &self.grants);
                let session = Self::pick(dice, &self.sessions);
                match dice.below(4) {
                    0 => {}
                    1 => grant.state = GrantState::Approved(Maker::approval(&session)),
                    2 => grant.state = GrantState::Denied { at: self.now, by: session.user_id, reported: true },
                    _ => {
                        let seed = dice.below(3);
                        let (redeemed, mut family) = Maker::new(seed).redeemed(&grant, Maker::approval(&session));
                        if dice.below(2) == 0 {
                            let generation = u32::try_from(dice.below(3)).unwrap();
                            family.refresh =
                                (dice.below(2) == 0).then(|| Maker::new(seed).refresh(&family, generation));
                            family.device_name = (dice.below(2) == 0).then(|| "Wohnzimmer".to_owned());
                            family.requester = family.requester.filter(|_| dice.below(2) == 0);
                            family.dpop = family.dpop.filter(|_| dice.below(2) == 0);
                            return Row::Family(family.into());
                        }
                        grant = redeemed;
                    }
                }
                if dice.below(8) == 0 {
                    grant.user_code = Self::pick(dice, &self.grants).user_code;
                    grant.expires_at = grant.expires_at + Duration::from_secs(dice.below(600));
                }
                Row::Grant(grant.into())
            }
        }
    }

    /// The version of a row in the reference, or now and then another.
    async fn version(&mut self, reference: &Store, key: &Key) -> u64 {
        let found = version(reference, key).await;
        match self.dice.below(12) {
            0 => found + 1,
            1 => found.saturating_sub(1),
            _ => found,
        }
    }

    async fn commit(&mut self, reference: &Store) -> Commit {
        let (mut requires, mut changes) = (Vec::new(), Vec::new());
        for _ in 0..self.dice.below(3) {
            let key = self.row().key();
            requires.push(Require { version: self.version(reference, &key).await, key });
        }
        for _ in 0..=self.dice.below(3) {
            let row = self.row();
            let version = self.version(reference, &row.key()).await;
            changes.push(if self.dice.below(6) == 0 {
                Change::Delete(row.key(), version)
            } else {
                Change::Put(row.with_version(version))
            });
        }
        self.maker.commit(requires, changes)
    }

    fn budgets(&mut self) -> Vec<Budget> {
        let dice = &mut self.dice;
        let budget = |_| Budget {
            bucket: Bucket(format!("b{}", dice.below(4)).into()),
            limit: u32::try_from(dice.below(4)).unwrap(),
            window: Duration::from_secs(1 + dice.below(900)),
        };
        (0..3).map(budget).collect()
    }
}

async fn version(store: &Store, key: &Key) -> u64 {
    if matches!(key, Key::Spent(_)) {
        return u64::from(store.stamp(key).await.unwrap().is_some());
    }
    super::load(store, key).await.map_or(0, |row| row.version())
}

/// Every load of both stores agrees.
async fn agree(world: &World, a: &Store, b: &Store) {
    assert_eq!(a.clients().await, b.clients().await);
    assert_eq!(a.users().await, b.users().await);
    assert_eq!(a.deployment().await, b.deployment().await);
    for spent in &world.spent {
        assert_eq!(a.stamp(&Key::Spent(spent.id)).await, b.stamp(&Key::Spent(spent.id)).await);
    }
    for (grant, client) in world.grants.iter().zip(world.clients.iter().cycle()) {
        assert_eq!(a.redeem_view(&grant.device_code).await, b.redeem_view(&grant.device_code).await);
        assert_eq!(a.decide_view(grant.id).await, b.decide_view(grant.id).await);
        let code = [grant.user_code];
        assert_eq!(a.decide_view_by_user_code(&code).await, b.decide_view_by_user_code(&code).await);
        assert_eq!(a.client(&client.id).await, b.client(&client.id).await);
    }
    for session in &world.sessions {
        assert_eq!(a.session_view(&session.token).await, b.session_view(&session.token).await);
        assert_eq!(a.sessions_of(session.user_id).await, b.sessions_of(session.user_id).await);
        assert_eq!(a.families_of(session.user_id).await, b.families_of(session.user_id).await);
        let filter = GrantFilter { user: Some(session.user_id), limit: 2, ..GrantFilter::default() };
        assert_eq!(a.grants(filter.clone()).await, b.grants(filter).await);
    }
    for selection in [GrantSelection::All, GrantSelection::Live(world.now), GrantSelection::Pending(world.now)] {
        let filter = GrantFilter { selection, ..GrantFilter::default() };
        assert_eq!(a.grants(filter.clone()).await, b.grants(filter).await);
    }
    let live = FamilyFilter { live: Some(world.now), ..FamilyFilter::default() };
    let families = a.families(live.clone()).await.unwrap();
    for family in &families {
        assert_eq!(a.family_view(family.id).await, b.family_view(family.id).await);
    }
    assert_eq!(Ok(families), b.families(live).await);
    assert_eq!(a.pending_count(world.now).await, b.pending_count(world.now).await);
}

/// The same random steps on both stores, which must answer alike each time.
pub(crate) async fn walk(seed: u64, steps: usize, memory: &Store, other: &Store) {
    let mut world = World::new(seed);
    for _ in 0..steps {
        match world.dice.below(10) {
            0 => {
                let budgets = world.budgets();
                assert_eq!(memory.take(&budgets, world.now).await, other.take(&budgets, world.now).await);
            }
            1 => {
                let budgets = world.budgets();
                memory.give_back(&budgets, world.now).await.unwrap();
                other.give_back(&budgets, world.now).await.unwrap();
            }
            2 => {
                world.now = world.now + Duration::from_secs(world.dice.below(400));
                let swept = memory.sweep(world.now, 100).await;
                assert_eq!(swept, other.sweep(world.now, 100).await);
            }
            _ => {
                let commit = world.commit(memory).await;
                let expected = memory.commit(&commit).await;
                assert_eq!(expected, other.commit(&commit).await, "{commit:#?}");
                for change in &commit.changes {
                    let key = match change {
                        Change::Delete(key, _) => key.clone(),
                        Change::Put(row) => row.key(),
                    };
                    assert_eq!(memory.stamp(&key).await, other.stamp(&key).await);
                }
            }
        }
        agree(&world, memory, other).await;
    }
}
