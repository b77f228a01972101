//! What the unit tests of the decisions start from: the shared rows, and a grant made from them by [`start`].

#[path = "../../tests/it/rows.rs"]
mod rows;

use std::time::Duration;

use super::authenticate::{Endpoint, authenticate};
use super::start::{Request, start};
use crate::Timestamp;
use crate::entropy::Seeded;
use crate::model::{Client, Grant, Scope};

pub(crate) use rows::{LIFETIME, SECRET, T0, address, client, credentials, lifetimes, mac_key, session, terms, user};

/// A pending grant of `client`, made at [`T0`] and stored once.
pub(crate) fn grant(client: &Client) -> Grant {
    let scope = Scope::parse("openid profile").unwrap();
    let request = Request { scope, device_name: Some("TV".to_owned()), requester: address() };
    let caller = authenticate(Some(client), &credentials(client), Endpoint::DeviceAuthorization).unwrap();
    let decision = start(caller, &request, terms(), &mac_key(1), T0, &mut Seeded::new(1)).unwrap();
    Grant { version: 1, ..decision.reply.grant }
}

/// The last millisecond before a moment, the moment, and the first one after it.
pub(crate) fn around(moment: Timestamp) -> [Timestamp; 3] {
    [moment - Duration::from_millis(1), moment, moment + Duration::from_millis(1)]
}
