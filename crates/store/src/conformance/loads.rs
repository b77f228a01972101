//! Each typed load: what it joins, what it leaves out, and in which order it lists.

use std::time::Duration;

use proto::change::{Change, Key, Row};
use proto::model::{Grant, GrantState, User};
use proto::secret::{DeviceCodeHash, UserCodeHash};

use super::fixtures::{LIFETIME, NOW};
use super::{Maker, Subject};
use crate::load::{FamilyFilter, GrantFilter, GrantSelection};
use crate::{Outcome, Store};

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    an_empty_store_has_nothing(open).await;
    a_grant_is_loaded_with_all_that_its_redemption_looks_at(open).await;
    a_grant_is_found_by_its_user_code_under_any_key(open).await;
    a_session_comes_with_its_person(open).await;
    a_family_comes_with_all_that_its_tokens_depend_on(open).await;
    lists_are_complete_and_in_order(open).await;
    grants_are_filtered(open).await;
    families_are_filtered(open).await;
}

async fn write(store: &Store, maker: &mut Maker, rows: impl IntoIterator<Item = Row>) {
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));
}

async fn remove(store: &Store, maker: &mut Maker, key: Key) {
    assert_eq!(store.commit(&maker.commit([], [Change::Delete(key, 1)])).await, Ok(Outcome::Done));
}

async fn an_empty_store_has_nothing(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(40);
    let (client, user) = (maker.client(), maker.user());
    let (session, grant) = (maker.session(&user), maker.grant(&client));
    let (_, family) = maker.redeemed(&grant, Maker::approval(&session));
    assert_eq!(store.client(&client.id).await, Ok(None));
    assert_eq!(store.clients().await, Ok(vec![]));
    assert_eq!(store.redeem_view(&grant.device_code).await, Ok(None));
    assert_eq!(store.decide_view_by_user_code(&[]).await, Ok(None));
    assert_eq!(store.decide_view_by_user_code(&[grant.user_code]).await, Ok(None));
    assert_eq!(store.decide_view(grant.id).await, Ok(None));
    assert_eq!(store.session_view(&session.token).await, Ok(None));
    assert_eq!(store.session(session.id).await, Ok(None));
    assert_eq!(store.sessions_of(user.id).await, Ok(vec![]));
    assert_eq!(store.families_of(user.id).await, Ok(vec![]));
    assert_eq!(store.user(user.id).await, Ok(None));
    assert_eq!(store.user_by_name(&user.name).await, Ok(None));
    assert_eq!(store.users().await, Ok(vec![]));
    assert_eq!(store.family_view(family.id).await, Ok(None));
    assert_eq!(store.grants(GrantFilter::default()).await, Ok(vec![]));
    assert_eq!(store.pending_count(NOW).await, Ok(0));
    assert_eq!(store.sealed_keys().await, Ok(vec![]));
    assert_eq!(store.deployment().await, Ok(None));
    assert_eq!(store.initial_token(maker.initial_token().id).await, Ok(None));
    assert_eq!(store.initial_tokens().await, Ok(vec![]));
}

async fn a_grant_is_loaded_with_all_that_its_redemption_looks_at(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(41);
    let (client, user) = (maker.client(), maker.user());
    let session = maker.session(&user);
    let approval = Maker::approval(&session);
    let pending = maker.grant(&client);
    let approved = maker.approved(&client, approval.clone());
    let denied = Grant { state: GrantState::Denied { at: NOW, by: user.id, reported: false }, ..maker.grant(&client) };
    let fresh = maker.grant(&client);
    let (redeemed, family) = maker.redeemed(&fresh, approval);
    let rows = [
        Row::Client(client.clone().into()),
        Row::User(user.clone().into()),
        Row::Session(session.clone().into()),
        Row::Family(family.clone().into()),
    ];
    let grants = [&pending, &approved, &denied, &redeemed].map(|grant| Row::Grant(grant.clone().into()));
    write(store, &mut maker, rows.into_iter().chain(grants)).await;

    for (grant, has_approver, has_family) in
        [(&pending, false, false), (&approved, true, false), (&denied, false, false), (&redeemed, true, true)]
    {
        let view = store.redeem_view(&grant.device_code).await.unwrap().unwrap();
        assert_eq!(view.grant, Grant { version: 1, ..grant.clone() });
        assert_eq!(view.client.map(|client| client.id), Some(client.id.clone()));
        assert_eq!(view.user.map(|user| user.id), has_approver.then_some(user.id));
        assert_eq!(view.session.map(|session| session.id), has_approver.then_some(session.id));
        assert_eq!(view.family.map(|family| family.id), has_family.then_some(family.id));
    }
    // A code whose hash begins alike is another code.
    let mut other = *redeemed.device_code.as_bytes();
    other[31] ^= 1;
    assert_eq!(store.redeem_view(&DeviceCodeHash::from_bytes(other)).await, Ok(None));
    // What was removed is missing, and the rest is there.
    for key in [Key::Client(client.id), Key::User(user.id), Key::Session(session.id), Key::Family(family.id)] {
        remove(store, &mut maker, key).await;
    }
    let view = store.redeem_view(&redeemed.device_code).await.unwrap().unwrap();
    assert_eq!((view.client, view.user, view.session, view.family), (None, None, None, None));
}

async fn a_grant_is_found_by_its_user_code_under_any_key(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(42);
    let client = maker.client();
    let (grant, orphan) = (maker.grant(&client), maker.grant(&client));
    let unknown = UserCodeHash::from_bytes([7; 32]);
    let rows =
        [Row::Client(client.clone().into()), Row::Grant(grant.clone().into()), Row::Grant(orphan.clone().into())];
    write(store, &mut maker, rows).await;
    for hashes in [vec![grant.user_code], vec![unknown, grant.user_code], vec![grant.user_code, orphan.user_code]] {
        let view = store.decide_view_by_user_code(&hashes).await.unwrap().unwrap();
        assert_eq!(view.grant, Grant { version: 1, ..grant.clone() });
        assert_eq!(view.client.as_ref().map(|client| &client.id), Some(&client.id));
        assert_eq!(store.decide_view(grant.id).await, Ok(Some(view)));
    }
    assert_eq!(store.decide_view_by_user_code(&[unknown]).await, Ok(None));
    remove(store, &mut maker, Key::Client(client.id)).await;
    assert_eq!(store.decide_view(orphan.id).await.unwrap().map(|view| view.client), Some(None));
}

async fn a_session_comes_with_its_person(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(43);
    let user = maker.user();
    let session = maker.session(&user);
    write(store, &mut maker, [Row::User(user.clone().into()), Row::Session(session.clone().into())]).await;
    let view = store.session_view(&session.token).await.unwrap().unwrap();
    assert_eq!((view.session.id, view.session.version), (session.id, 1));
    assert_eq!(view.user, User { version: 1, ..user.clone() });
    assert_eq!(store.user_by_name(&user.name).await, Ok(Some(view.user)));
    remove(store, &mut maker, Key::User(user.id)).await;
    assert_eq!(store.session_view(&session.token).await, Ok(None), "nobody is signed in without an account");
    assert!(store.session(session.id).await.unwrap().is_some());
}

async fn a_family_comes_with_all_that_its_tokens_depend_on(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(44);
    let (client, user) = (maker.client(), maker.user());
    let (session, grant) = (maker.session(&user), maker.grant(&client));
    let (_, family) = maker.redeemed(&grant, Maker::approval(&session));
    let rows = [
        Row::Client(client.clone().into()),
        Row::User(user.clone().into()),
        Row::Session(session.clone().into()),
        Row::Family(family.clone().into()),
    ];
    write(store, &mut maker, rows).await;
    let view = store.family_view(family.id).await.unwrap().unwrap();
    assert_eq!((view.family.id, view.family.version), (family.id, 1));
    assert_eq!(view.client.map(|client| client.version), Some(1));
    assert_eq!(view.user.map(|user| user.version), Some(1));
    assert_eq!(view.session.map(|session| session.version), Some(1));
    for key in [Key::Client(client.id), Key::User(user.id), Key::Session(session.id)] {
        remove(store, &mut maker, key).await;
    }
    let view = store.family_view(family.id).await.unwrap().unwrap();
    assert_eq!((view.client, view.user, view.session), (None, None, None));
}

async fn lists_are_complete_and_in_order(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(45);
    let (user, stranger) = (maker.user(), maker.user());
    let mut rows = vec![Row::User(user.clone().into()), Row::User(stranger.clone().into())];
    for age in 0..5_u32 {
        let mut key = maker.sealed_key();
        key.created_at = NOW - Duration::from_secs(u64::from(age % 3));
        rows.push(Row::SealedKey(key.into()));
        let mut token = maker.initial_token();
        token.created_at = NOW - Duration::from_secs(u64::from(age % 3));
        rows.push(Row::InitialToken(token.into()));
        rows.push(Row::Client(maker.client().into()));
        rows.push(Row::User(maker.user().into()));
        rows.push(Row::Session(maker.session(&user).into()));
        rows.push(Row::Session(maker.session(&stranger).into()));
    }
    write(store, &mut maker, rows).await;

    let clients: Vec<_> = store.clients().await.unwrap().into_iter().map(|client| client.id).collect();
    assert!(clients.len() == 5 && clients.is_sorted());
    let users: Vec<_> = store.users().await.unwrap().into_iter().map(|user| user.name).collect();
    assert!(users.len() == 7 && users.is_sorted());
    let keys: Vec<_> = store.sealed_keys().await.unwrap().into_iter().map(|key| (key.created_at, key.id)).collect();
    assert!(keys.len() == 5 && keys.is_sorted());
    let tokens: Vec<_> = store.initial_tokens().await.unwrap().into_iter().map(|it| (it.created_at, it.id)).collect();
    assert!(tokens.len() == 5 && tokens.is_sorted());
    let sessions = store.sessions_of(user.id).await.unwrap();
    assert!(sessions.len() == 5 && sessions.is_sorted_by_key(|session| std::cmp::Reverse(session.id)));
    assert!(sessions.iter().all(|session| session.user_id == user.id));
}

async fn grants_are_filtered(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(46);
    let (tv, box_) = (maker.client(), maker.client());
    let (anna, berta) = (maker.user(), maker.user());
    let mut all: Vec<Grant> = Vec::new();
    for index in 0..12_u64 {
        let client = if index % 2 == 0 { &tv } else { &box_ };
        let person = if index % 3 == 0 { &anna } else { &berta };
        let approval = Maker::approval(&maker.session(person));
        let mut grant = match index % 4 {
            0 => maker.grant(client),
            1 => maker.approved(client, approval),
            2 => Grant { state: GrantState::Denied { at: NOW, by: person.id, reported: true }, ..maker.grant(client) },
            _ => {
                let fresh = maker.grant(client);
                maker.redeemed(&fresh, approval).0
            }
        };
        grant.created_at = NOW + Duration::from_secs(index / 2);
        grant.expires_at = grant.created_at + LIFETIME;
        all.push(grant);
    }
    write(store, &mut maker, all.iter().map(|grant| Row::Grant(grant.clone().into()))).await;
    all.iter_mut().for_each(|grant| grant.version = 1);
    all.sort_by_key(|grant| std::cmp::Reverse((grant.created_at, grant.id)));

    let soon = NOW + LIFETIME + Duration::from_secs(1);
    use GrantSelection::{All, Live, Pending};
    for selection in [All, Live(NOW), Live(soon), Live(soon + LIFETIME), Pending(NOW), Pending(soon)] {
        for client in [None, Some(tv.id.clone()), Some(box_.id.clone())] {
            for user in [None, Some(anna.id), Some(berta.id)] {
                for limit in [0, 1, 3, usize::MAX] {
                    let filter = GrantFilter { selection, user, client: client.clone(), limit };
                    let expected: Vec<Grant> =
                        all.iter().filter(|grant| filter.holds(grant)).take(limit).cloned().collect();
                    assert_eq!(store.grants(filter.clone()).await, Ok(expected), "{filter:?}");
                }
            }
        }
    }
    assert_eq!(store.pending_count(NOW).await, Ok(3));
    assert_eq!(store.pending_count(NOW + LIFETIME).await, Ok(2), "one expires at that moment");
    assert_eq!(store.pending_count(soon + LIFETIME).await, Ok(0));
}

async fn families_are_filtered(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(47);
    let (tv, box_) = (maker.client(), maker.client());
    let (anna, berta) = (maker.user(), maker.user());
    let mut all = Vec::new();
    for index in 0..8_u32 {
        let person = if index < 4 { &anna } else { &berta };
        let grant = maker.grant(if index % 2 == 0 { &tv } else { &box_ });
        let approval = Maker::approval(&maker.session(person));
        let mut family = maker.redeemed(&grant, approval).1;
        if index % 3 == 0 {
            family.revoked_at = Some(NOW);
        }
        family.expires_at = NOW + Duration::from_mins(u64::from(index));
        family.refresh = (index % 2 == 1).then(|| maker.refresh(&family, index));
        all.push(family);
    }
    write(store, &mut maker, all.iter().map(|family| Row::Family(family.clone().into()))).await;
    all.iter_mut().for_each(|family| family.version = 1);
    all.sort_by_key(|family| std::cmp::Reverse(family.id));
    for live in [None, Some(NOW), Some(NOW + Duration::from_mins(4))] {
        for client in [None, Some(tv.id.clone())] {
            for user in [None, Some(anna.id)] {
                for limit in [0, 2, usize::MAX] {
                    let filter = FamilyFilter { live, user, client: client.clone(), limit };
                    let held = all.iter().filter(|family| filter.holds(family)).take(limit).cloned();
                    assert_eq!(store.families(filter.clone()).await, Ok(held.collect()), "{filter:?}");
                }
            }
        }
    }
    let of_anna = store.families_of(anna.id).await.unwrap();
    assert_eq!(of_anna.len(), 4, "dead ones too");
}
