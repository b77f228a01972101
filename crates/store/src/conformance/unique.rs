//! Values that two rows never share, and which of them a commit hears of.

use proto::change::{Change, Row, Unique};
use proto::model::{Grant, GrantId};
use proto::secret::DeviceCodeHash;

use super::{Maker, Subject};
use crate::{Outcome, Store};

pub(super) async fn all(open: &impl AsyncFn() -> Subject) {
    a_second_row_of_a_key_is_taken(open).await;
    unique_values_of_other_rows_are_taken(open).await;
    a_row_keeps_its_own_unique_value(open).await;
    two_new_rows_of_one_commit_clash_too(open).await;
}

async fn put(store: &Store, maker: &mut Maker, row: Row) -> Outcome {
    store.commit(&maker.puts([row])).await.unwrap()
}

async fn a_second_row_of_a_key_is_taken(open: &impl AsyncFn() -> Subject) {
    let Subject { store, other, .. } = &open().await;
    let mut maker = Maker::new(20);
    for row in maker.every_row() {
        let expected = match &row {
            Row::Client(_) => Unique::ClientId,
            Row::Grant(_) => Unique::DeviceCode,
            Row::Spent(_) => Unique::Spent,
            Row::Deployment(_)
            | Row::Family(_)
            | Row::InitialToken(_)
            | Row::SealedKey(_)
            | Row::Session(_)
            | Row::User(_) => Unique::Row,
        };
        assert_eq!(put(store, &mut maker, row.clone()).await, Outcome::Done);
        assert_eq!(put(store, &mut maker, row.clone()).await, Outcome::Taken(expected), "{row:?}");
        assert_eq!(put(other, &mut maker, row.clone()).await, Outcome::Taken(expected), "{row:?}");
    }
}

async fn unique_values_of_other_rows_are_taken(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(21);
    let (client, user, namesake) = (maker.client(), maker.user(), maker.user());
    let (session, grant) = (maker.session(&user), maker.grant(&client));
    let (mut second_session, mut second_grant) = (maker.session(&user), maker.grant(&client));
    let rows = [Row::User(user.clone().into()), Row::Session(session.clone().into()), Row::Grant(grant.clone().into())];
    assert_eq!(store.commit(&maker.puts(rows)).await, Ok(Outcome::Done));

    let mut same_name = namesake.clone();
    same_name.name = user.name.clone();
    let mut same_token = second_session.clone();
    same_token.token = session.token;
    let mut same_code = second_grant.clone();
    same_code.user_code = grant.user_code;
    for (fresh, clashing, unique) in [
        (Row::User(namesake.into()), Row::User(same_name.into()), Unique::UserName),
        (Row::Session(second_session.clone().into()), Row::Session(same_token.into()), Unique::SessionToken),
        (Row::Grant(second_grant.clone().into()), Row::Grant(same_code.into()), Unique::UserCode),
    ] {
        assert_eq!(put(store, &mut maker, clashing.clone()).await, Outcome::Taken(unique), "as a new row");
        assert_eq!(put(store, &mut maker, fresh).await, Outcome::Done);
        let replaced = put(store, &mut maker, clashing.clone().with_version(1)).await;
        assert_eq!(replaced, Outcome::Taken(unique), "in place of a row");
        let stale = put(store, &mut maker, clashing.with_version(2)).await;
        assert_eq!(stale, Outcome::Conflict, "what is stale is not looked at further");
    }
    // An unused value may be moved to.
    (second_session.token, second_session.version) = (maker.secret(), 1);
    (second_grant.user_code, second_grant.version) = (maker.grant(&client).user_code, 1);
    assert_eq!(put(store, &mut maker, Row::Session(second_session.clone().into())).await, Outcome::Done);
    assert_eq!(put(store, &mut maker, Row::Grant(second_grant.clone().into())).await, Outcome::Done);
    let found = store.session_view(&second_session.token).await.unwrap().unwrap();
    assert_eq!(found.session.id, second_session.id);
    let found = store.decide_view_by_user_code(&[second_grant.user_code]).await.unwrap().unwrap();
    assert_eq!(found.grant.id, second_grant.id);
}

async fn a_row_keeps_its_own_unique_value(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(22);
    let user = maker.user();
    let session = maker.session(&user);
    for row in [Row::User(user.into()), Row::Session(session.into())] {
        assert_eq!(put(store, &mut maker, row.clone()).await, Outcome::Done);
        assert_eq!(put(store, &mut maker, row.with_version(1)).await, Outcome::Done);
    }
}

async fn two_new_rows_of_one_commit_clash_too(open: &impl AsyncFn() -> Subject) {
    let Subject { store, .. } = &open().await;
    let mut maker = Maker::new(23);
    let client = maker.client();
    let first = maker.grant(&client);
    let twin = Grant { user_code: first.user_code, ..maker.grant(&client) };
    // Two codes whose hashes begin alike would name one grant.
    let mut bytes = *first.device_code.as_bytes();
    bytes[31] ^= 1;
    let device_code = DeviceCodeHash::from_bytes(bytes);
    let same_id = Grant { id: GrantId::from_bytes(*first.id.as_bytes()), device_code, ..maker.grant(&client) };
    for (second, unique) in [(twin, Unique::UserCode), (same_id, Unique::DeviceCode)] {
        let both = [first.clone(), second.clone()].map(|grant| Change::Put(Row::Grant(grant.into())));
        assert_eq!(store.commit(&maker.commit([], both)).await, Ok(Outcome::Taken(unique)));
        assert_eq!(store.grant(first.id).await, Ok(None));
        assert_eq!(store.redeem_view(&second.device_code).await, Ok(None));
    }
}
