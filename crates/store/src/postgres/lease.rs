//! Work that one node does at a time: a row says until when it is taken, by the clock of the database. It needs no lock
//! that a database may not have, and none that a node which dies would keep.

use std::time::{Duration, SystemTime};

use super::error::store_error;
use super::pool::Leased;
use super::value::Value;
use crate::view::Load;

const TAKE: &str = "INSERT INTO leases (name, until) \
     VALUES ($1::text, clock_timestamp() + $2::bigint * INTERVAL '1 millisecond') \
     ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE leases.until <= clock_timestamp() RETURNING until";
const GIVE_BACK: &str =
    "UPDATE leases SET until = clock_timestamp() WHERE name = $1::text AND until = $2::timestamptz RETURNING 1";

/// A lease that this node holds; its end tells it from later ones.
pub(super) struct Lease {
    name: &'static str,
    until: SystemTime,
}

/// Takes a lease for so long; `None` while another node holds it.
pub(super) async fn take(leased: &Leased<'_>, name: &'static str, lasting: Duration) -> Load<Option<Lease>> {
    let millis = i64::try_from(lasting.as_millis()).unwrap_or(i64::MAX);
    let rows = leased.ask(TAKE, &[name.into(), Value::Integer(millis)]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let until = row.try_get(0).map_err(|error| store_error(&error))?;
    Ok(Some(Lease { name, until }))
}

/// Gives it back, unless its time has passed and it is another node's.
pub(super) async fn give_back(leased: &Leased<'_>, lease: Lease) -> Load<()> {
    leased.ask(GIVE_BACK, &[lease.name.into(), Value::Moment(lease.until)]).await?;
    Ok(())
}
