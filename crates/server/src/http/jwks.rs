//! `GET /oauth2/jwks` (RFC 7517).

use bytes::Bytes;

use super::discovery::cacheable;
use crate::reply::Reply;
use crate::request::Ask;

pub(crate) fn get(ask: &Ask<'_>) -> Reply {
    let keys = ask.flow().jwks_json();
    cacheable(ask, Bytes::copy_from_slice(keys.as_bytes()))
}
