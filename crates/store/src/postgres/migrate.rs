//! The schema and its history. One node migrates at a time: it holds a lease, a row with an end, so that a node that dies
//! stops nobody for long. The lease keeps others from trying; that no step runs twice, its own row in the history ensures.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::column::Column as _;
use super::error::Failure;
use super::pool::{Leased, Pool};
use super::value::Value;
use crate::migration::{self, Seen};
use crate::view::Load;
use crate::{Migration, StoreError};

/// All steps that this program knows.
pub(super) const ALL: &[Migration] =
    &[Migration { number: 1, name: "base", min_version: "0.1.0", sql: include_str!("migrations/0001_base.sql") }];

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number      BIGINT NOT NULL CONSTRAINT migrations_pkey PRIMARY KEY,
    name        TEXT NOT NULL,
    checksum    BYTEA NOT NULL,
    min_version TEXT NOT NULL,
    applied_at  TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS leases (
    name  TEXT NOT NULL CONSTRAINT leases_pkey PRIMARY KEY,
    until TIMESTAMPTZ NOT NULL
)";
/// How long a step may take before another node may try.
const LEASE: Duration = Duration::from_secs(60);
/// How often a node looks whether the one that migrates is done.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long it looks.
const LOOKS: u32 = 450;

/// Carries out what is pending, or waits while another node does.
pub(super) async fn run(pool: &Pool) -> Load<()> {
    for _ in 0..LOOKS {
        let leased = pool.lease().await?;
        if pending_on(&leased).await?.is_empty() {
            return Ok(());
        }
        prepare(&leased).await?;
        if let Some(lease) = super::lease::take(&leased, "migrate", LEASE).await? {
            let done = carry_out(&leased).await;
            super::lease::give_back(&leased, lease).await?;
            return done;
        }
        drop(leased);
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(StoreError::Unavailable("another node is migrating the schema and does not come to an end".to_owned()))
}

/// The steps that the database has not seen; refuses a database whose history is not ours, or that is too new.
pub(super) async fn pending(pool: &Pool) -> Load<Vec<Migration>> {
    pending_on(&pool.lease().await?).await
}

async fn pending_on(leased: &Leased<'_>) -> Load<Vec<Migration>> {
    let history = "SELECT number, checksum, min_version FROM migrations ORDER BY number";
    // Not through the cache of prepared statements: the table may not be there yet.
    let rows = leased.within(async { leased.query(history, &[]).await }).await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(Failure::Sql(error)) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(ALL.to_vec()),
        Err(failure) => return Err(failure.into()),
    };
    let mut seen = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut columns = super::rows::Columns::all(row, "migrations");
        seen.push(Seen { number: columns.next()?, checksum: columns.next()?, min_version: columns.next()? });
    }
    migration::pending(ALL, &seen)
}

/// Makes the tables that migrating itself needs. Two nodes that do so at once may clash once, in the catalogue.
async fn prepare(leased: &Leased<'_>) -> Load<()> {
    let mut made = leased.within(leased.batch_execute(HISTORY)).await;
    if made.as_ref().is_err_and(|failure| failure.clash().is_some() || failure.is_collision()) {
        made = leased.within(leased.batch_execute(HISTORY)).await;
    }
    Ok(made?)
}

/// Each step and its row in the history in one transaction.
async fn carry_out(leased: &Leased<'_>) -> Load<()> {
    for step in pending_on(leased).await? {
        // Writing the schema of a large database may take longer than any other statement.
        let limits = format!("BEGIN; SET LOCAL statement_timeout = {}", LEASE.as_millis());
        let noted = "INSERT INTO migrations (number, name, checksum, min_version, applied_at) \
             VALUES ($1::bigint, $2::text, $3::bytea, $4::text, clock_timestamp())";
        let (number, checksum) = (Value::Integer(step.number.into()), step.checksum());
        let values = [number, step.name.into(), checksum.write(), step.min_version.into()];
        let work = async {
            leased.batch_execute(&limits).await?;
            leased.batch_execute(step.sql).await?;
            leased.execute(noted, &super::pool::parameters(&values)).await?;
            leased.batch_execute("COMMIT").await
        };
        match tokio::time::timeout(LEASE, work).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let failure = Failure::Sql(error);
                leased.within(leased.batch_execute("ROLLBACK")).await?;
                // Another node was faster: its history says so.
                if failure.clash() != Some("migrations_pkey") {
                    return Err(StoreError::Unavailable(format!(
                        "step {} ({}) of the schema: {}",
                        step.number,
                        step.name,
                        StoreError::from(failure)
                    )));
                }
            }
            Err(_) => {
                leased.spoil();
                return Err(StoreError::Unavailable(format!("step {} of the schema takes too long", step.number)));
            }
        }
    }
    Ok(())
}
