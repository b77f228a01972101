//! The names of rows in a table of changes, the same in every database: a kind and the bytes of its key.

use proto::change::Key;
use proto::model::{ClientId, FamilyId, GrantId, InitialTokenId, KeyId, SessionId, UserId};

/// The name of a row; `None` when nobody listens for it.
pub(crate) fn of(key: &Key) -> Option<(&'static str, &[u8])> {
    Some(match key {
        Key::Client(id) => ("client", id.as_str().as_bytes()),
        Key::Deployment => ("deployment", &[]),
        Key::Family(id) => ("family", id.as_bytes()),
        Key::Grant(id) => ("grant", id.as_bytes()),
        Key::InitialToken(id) => ("initial_token", id.as_bytes()),
        Key::SealedKey(id) => ("sealed_key", id.as_bytes()),
        Key::Session(id) => ("session", id.as_bytes()),
        Key::Spent(_) => return None,
        Key::User(id) => ("user", id.as_bytes()),
    })
}

/// The row of a name; `None` when a later program wrote it.
pub(crate) fn key(kind: &str, id: &[u8]) -> Option<Key> {
    let bytes = || id.try_into().ok();
    match kind {
        "client" => ClientId::parse(std::str::from_utf8(id).ok()?).map(Key::Client),
        "deployment" => Some(Key::Deployment),
        "family" => bytes().map(FamilyId::from_bytes).map(Key::Family),
        "grant" => bytes().map(GrantId::from_bytes).map(Key::Grant),
        "initial_token" => bytes().map(InitialTokenId::from_bytes).map(Key::InitialToken),
        "sealed_key" => bytes().map(KeyId::from_bytes).map(Key::SealedKey),
        "session" => bytes().map(SessionId::from_bytes).map(Key::Session),
        "user" => bytes().map(UserId::from_bytes).map(Key::User),
        _ => None,
    }
}
