//! What is forgotten, what is kept, and how much at a time.

use std::time::Duration;

use proto::change::{Key, Row};
use proto::model::Grant;
use proto::secret::UserCodeHash;

use super::feed::hear;
use super::fixtures::NOW;
use super::settle::load;
use super::take::budget;
use super::{Maker, Subject};
use crate::load::SESSION_RETENTION;
use crate::{Outcome, Swept, Taking};

const MOMENT: Duration = Duration::from_millis(1);

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    df_3_5_19_grants_go_with_the_end_of_their_tombstone(open).await;
    families_outlive_their_tokens_while_their_grant_is_there(open).await;
    sessions_stay_while_anything_refers_to_them(open).await;
    counters_go_with_their_window(open).await;
    a_sweep_keeps_to_its_limit(open).await;
    clients_that_were_not_used_in_time_go_and_are_told_of(open).await;
}

async fn df_3_5_19_grants_go_with_the_end_of_their_tombstone(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(50);
    let client = maker.client();
    let (early, mut late) = (maker.grant(&client), maker.grant(&client));
    late.expires_at = late.created_at + Duration::from_secs(1);
    let rows = [Row::Grant(early.clone().into()), Row::Grant(late.clone().into())];
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));
    assert!(late.tombstone_until() < early.tombstone_until());

    let nothing = Swept::default();
    assert_eq!(store.sweep(late.tombstone_until() - MOMENT, 100).await, Ok(nothing));
    assert_eq!(store.sweep(late.tombstone_until(), 100).await, Ok(Swept { grants: 1, ..nothing }));
    assert_eq!(store.grant(late.id).await, Ok(None));
    assert!(store.grant(early.id).await.unwrap().is_some());
    // A grant that is written again keeps to its new times.
    let longer = Grant { expires_at: early.expires_at + Duration::from_hours(1), version: 1, ..early.clone() };
    assert_eq!(store.commit(&maker.puts([Row::Grant(longer.clone().into())])).await, Ok(Outcome::Done));
    assert_eq!(store.sweep(early.tombstone_until(), 100).await, Ok(nothing));
    assert_eq!(store.sweep(longer.tombstone_until(), 100).await, Ok(Swept { grants: 1, ..nothing }));
    // Its codes are free.
    let successor = Grant { user_code: early.user_code, ..maker.grant(&client) };
    assert_eq!(store.commit(&maker.puts([Row::Grant(successor.into())])).await, Ok(Outcome::Done));
}

async fn families_outlive_their_tokens_while_their_grant_is_there(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(51);
    let (client, user) = (maker.client(), maker.user());
    let session = maker.session(&user);
    let fresh = maker.grant(&client);
    let (grant, mut family) = maker.redeemed(&fresh, Maker::approval(&session));
    family.revoked_at = Some(NOW);
    let mut lasting = maker.redeemed(&fresh, Maker::approval(&session)).1;
    lasting.expires_at = grant.tombstone_until() + Duration::from_hours(1);
    let rows =
        [Row::Grant(grant.clone().into()), Row::Family(family.clone().into()), Row::Family(lasting.clone().into())];
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));

    assert!(family.expires_at < grant.tombstone_until());
    assert_eq!(store.sweep(grant.tombstone_until() - MOMENT, 100).await, Ok(Swept::default()));
    let expected = Swept { grants: 1, families: 1, ..Swept::default() };
    assert_eq!(store.sweep(grant.tombstone_until(), 100).await, Ok(expected));
    assert_eq!(load(store, &Key::Family(family.id)).await, None);
    assert_eq!(store.sweep(lasting.expires_at - MOMENT, 100).await, Ok(Swept::default()));
    assert_eq!(store.sweep(lasting.expires_at, 100).await, Ok(Swept { families: 1, ..Swept::default() }));
}

async fn sessions_stay_while_anything_refers_to_them(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(52);
    let (client, user) = (maker.client(), maker.user());
    let session = maker.session(&user);
    let gone = session.expires_at + SESSION_RETENTION;
    let mut unused = maker.session(&user);
    unused.ended_at = Some(NOW);
    let fresh = maker.grant(&client);
    let mut family = maker.redeemed(&fresh, Maker::approval(&session)).1;
    family.expires_at = gone + Duration::from_hours(1);
    let mut approved = maker.approved(&client, Maker::approval(&session));
    approved.expires_at = gone + Duration::from_hours(2);
    let rows = [
        Row::Session(session.clone().into()),
        Row::Session(unused.clone().into()),
        Row::Family(family.clone().into()),
        Row::Grant(approved.clone().into()),
    ];
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));

    let one = Swept { sessions: 1, ..Swept::default() };
    assert_eq!(store.sweep(gone - MOMENT, 100).await, Ok(Swept::default()));
    assert_eq!(store.sweep(gone, 100).await, Ok(one));
    assert_eq!(store.session(unused.id).await, Ok(None));
    // The family ends, the approved grant stays; then the grant is redeemed.
    assert_eq!(store.sweep(family.expires_at, 100).await, Ok(Swept { families: 1, ..Swept::default() }));
    let (mut redeemed, last) = maker.redeemed(&approved, Maker::approval(&session));
    redeemed.version = 1;
    let rows = [Row::Grant(redeemed.into()), Row::Family(last.into())];
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));
    assert_eq!(store.sweep(family.expires_at, 100).await, Ok(one));
    assert_eq!(store.session(session.id).await, Ok(None));
}

async fn counters_go_with_their_window(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let minute = Duration::from_secs(60);
    let budgets = [budget("short", 1, minute), budget("long", 1, minute * 2)];
    assert_eq!(store.take(&budgets, NOW).await, Ok(Taking::Taken));
    assert_eq!(store.sweep(NOW + minute - MOMENT, 100).await, Ok(Swept::default()));
    assert_eq!(store.sweep(NOW + minute, 100).await, Ok(Swept { counters: 1, ..Swept::default() }));
    assert!(matches!(store.take(&budgets[1..], NOW + minute).await, Ok(Taking::Refused { .. })));
    assert_eq!(store.sweep(NOW + minute * 2, 100).await, Ok(Swept { counters: 1, ..Swept::default() }));
}

async fn a_sweep_keeps_to_its_limit(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(53);
    let (client, user) = (maker.client(), maker.user());
    let session = maker.session(&user);
    let mut rows = Vec::new();
    for _ in 0..10 {
        let fresh = maker.grant(&client);
        let (grant, family) = maker.redeemed(&fresh, Maker::approval(&session));
        rows.extend([Row::Grant(grant.into()), Row::Family(family.into())]);
    }
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));
    let end = NOW + Duration::from_hours(1);
    let mut rounds = Vec::new();
    for _ in 0..4 {
        rounds.push(store.sweep(end, 7).await.unwrap());
    }
    let round = |grants, families, more| Swept { grants, families, more, ..Swept::default() };
    assert_eq!(rounds, [round(7, 0, true), round(3, 4, true), round(0, 6, false), round(0, 0, false)]);
    assert_eq!(store.decide_view_by_user_code(&[UserCodeHash::from_bytes([0; 32])]).await, Ok(None));
    assert_eq!(store.families_of(user.id).await, Ok(vec![]));
}

async fn clients_that_were_not_used_in_time_go_and_are_told_of(open: &impl AsyncFn() -> Subject) {
    let Subject { store, other, .. } = &open().await;
    let mut maker = Maker::new(54);
    let until = NOW + Duration::from_hours(24);
    let mut registered = |unused_until| {
        let mut client = maker.rich_client();
        client.registration.as_mut().unwrap().unused_until = unused_until;
        client
    };
    let (unused, later, kept) = (registered(Some(until)), registered(Some(until + MOMENT)), registered(None));
    let mut used = registered(Some(until));
    let added = maker.client();
    let clients = [&unused, &later, &kept, &used, &added].map(|client| Row::Client(client.clone().into()));
    assert_eq!(store.commit(&maker.puts(clients)).await, Ok(Outcome::Done));
    // Its first use takes the end away.
    (used.registration.as_mut().unwrap().unused_until, used.version) = (None, 1);
    assert_eq!(store.commit(&maker.puts([Row::Client(used.clone().into())])).await, Ok(Outcome::Done));

    let (mut near, mut far) = (store.feed(), other.feed());
    assert_eq!(store.sweep(until - MOMENT, 100).await, Ok(Swept::default()));
    assert_eq!(store.sweep(until, 100).await, Ok(Swept { clients: 1, ..Swept::default() }));
    assert_eq!(store.client(&unused.id).await, Ok(None));
    hear(store, &mut near, &Key::Client(unused.id.clone()), 0).await;
    hear(other, &mut far, &Key::Client(unused.id.clone()), 0).await;
    // Who read it before writes it no more; its name is free.
    let stale = Row::Client(unused.clone().into()).with_version(1);
    assert_eq!(store.commit(&maker.puts([stale])).await, Ok(Outcome::Conflict));
    assert_eq!(store.commit(&maker.puts([Row::Client(added.into()).with_version(1)])).await, Ok(Outcome::Done));
    assert_eq!(
        store.sweep(until + Duration::from_hours(9999), 100).await,
        Ok(Swept { clients: 1, ..Swept::default() })
    );
    let mut left: Vec<_> = store.clients().await.unwrap().into_iter().map(|client| client.id).collect();
    assert!(!left.contains(&later.id) && left.contains(&kept.id) && left.contains(&used.id));
    left.dedup();
    assert_eq!(left.len(), 3);
}
