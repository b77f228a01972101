//! What the unit tests of the decisions start from: the shared rows, and a grant made from them by [`start`].

#[path = "../../tests/it/rows.rs"]
mod rows;

use std::time::Duration;

use super::authenticate::{Endpoint, authenticate};
use super::start::{Parameters, Request, start};
use crate::Timestamp;
use crate::entropy::Seeded;
use crate::model::{Client, ClientId, Family, FamilyId, Grant, GrantId, Scope, SessionId, UserId};

pub(crate) use rows::{
    LIFETIME, SECRET, T0, address, client, credentials, issuer, lifetimes, mac_key, session, terms, user,
};

/// A pending grant of `client`, made at [`T0`] and stored once.
pub(crate) fn grant(client: &Client) -> Grant {
    let parameters = Parameters { scope: Some("openid profile"), device_name: Some("TV"), ..Parameters::default() };
    let request = Request::read(&parameters, None, address()).unwrap();
    let caller = authenticate(Some(client), &credentials(client), Endpoint::DeviceAuthorization).unwrap();
    let decision = start(caller, &request, terms(), &mac_key(1), T0, &mut Seeded::new(1)).unwrap();
    Grant { version: 1, ..decision.reply.grant }
}

/// A family of `tv` that lives a minute from [`T0`].
pub(crate) fn family() -> Family {
    Family {
        id: FamilyId::from_bytes([1; 16]),
        grant_id: GrantId::from_bytes([2; 16]),
        client_id: ClientId::parse("tv").unwrap(),
        user_id: UserId::from_bytes([3; 16]),
        session_id: SessionId::from_bytes([4; 16]),
        scope: Scope::parse("openid").unwrap(),
        resources: Vec::new(),
        dpop: None,
        device_name: None,
        requester: None,
        issued_at: T0,
        expires_at: T0 + Duration::from_secs(60),
        refresh: None,
        refreshed_at: None,
        revoked_at: None,
        version: 4,
    }
}

/// The last millisecond before a moment, the moment, and the first one after it.
pub(crate) fn around(moment: Timestamp) -> [Timestamp; 3] {
    [moment - Duration::from_millis(1), moment, moment + Duration::from_millis(1)]
}
