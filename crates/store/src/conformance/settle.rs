//! Writes as their author makes them: again after an invented failure, and by the stamp after a lost reply.

use proto::change::{Commit, Key, Row};

use crate::{Outcome, Store, StoreError};

/// Asks until there is an answer.
macro_rules! again {
    ($ask:expr) => {{
        let mut attempts = 0;
        loop {
            match $ask.await {
                Ok(answer) => break answer,
                Err(error @ (crate::StoreError::Busy | crate::StoreError::Unavailable(_))) => {
                    attempts += 1;
                    assert!(attempts < 1000, "{error}");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }};
}
pub(super) use again;

/// What in the end became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It was carried out.
    Mine,
    /// It was not: look again.
    Not(Outcome),
}

/// Commits, and finds out what became of it. The first row it puts is the witness.
pub(super) async fn settle(store: &Store, commit: &Commit, witness: &Key) -> Settled {
    match store.commit(commit).await {
        Ok(Outcome::Done) => Settled::Mine,
        Ok(Outcome::Unknown) => {
            let stamp = again!(store.stamp(witness));
            if stamp == Some(commit.id) { Settled::Mine } else { Settled::Not(Outcome::Unknown) }
        }
        Ok(outcome) => Settled::Not(outcome),
        Err(StoreError::Busy | StoreError::Unavailable(_)) => Settled::Not(Outcome::Unknown),
        Err(error) => panic!("{error}"),
    }
}

/// Puts rows whatever it takes.
pub(super) async fn establish(store: &Store, maker: &mut super::Maker, rows: Vec<Row>) {
    let witness = rows.first().map(Row::key).unwrap();
    for _ in 0..1000 {
        let commit = maker.puts(rows.clone());
        if settle(store, &commit, &witness).await == Settled::Mine {
            return;
        }
    }
    panic!("a thousand attempts failed");
}

/// A row as the typed loads give it.
pub(crate) async fn load(store: &Store, key: &Key) -> Option<Row> {
    match key {
        Key::Client(id) => again!(store.client(id)).map(|row| Row::Client(row.into())),
        Key::Deployment => again!(store.deployment()).map(Row::Deployment),
        Key::Family(id) => again!(store.family_view(*id)).map(|view| Row::Family(view.family.into())),
        Key::Grant(id) => again!(store.grant(*id)).map(|row| Row::Grant(row.into())),
        Key::InitialToken(id) => again!(store.initial_token(*id)).map(|row| Row::InitialToken(row.into())),
        Key::SealedKey(id) => {
            let keys = again!(store.sealed_keys());
            keys.into_iter().find(|key| key.id == *id).map(|row| Row::SealedKey(row.into()))
        }
        Key::Session(id) => again!(store.session(*id)).map(|row| Row::Session(row.into())),
        // Whether it is there is all that can be asked of it.
        Key::Spent(_) => None,
        Key::User(id) => again!(store.user(*id)).map(|row| Row::User(row.into())),
    }
}
