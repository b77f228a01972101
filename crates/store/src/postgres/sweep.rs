//! What is forgotten, in chunks and by one node at a time. Rows that somebody is writing are left for the next time.

use std::time::Duration;

use proto::Timestamp;
use proto::model::CommitId;

use super::column::Column as _;
use super::pool::Leased;
use super::rows::Columns;
use super::value::Value;
use super::{Shared, told};
use crate::Swept;
use crate::load::SESSION_RETENTION;
use crate::view::Load;

/// How long a node that dies while it sweeps keeps others from it.
const LEASE: Duration = Duration::from_secs(30);
/// How long changes are kept: who has not looked for so long is in doubt.
pub(super) const CHANGES_KEPT: Duration = Duration::from_secs(600);

// What is removed is chosen once, in a part of its own: a subquery might be run again for each row.
const GRANTS: &str = "WITH gone AS (SELECT id FROM grants WHERE forget_at <= $1::bigint \
     ORDER BY forget_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED) \
     DELETE FROM grants WHERE id IN (SELECT id FROM gone)";
const FAMILIES: &str = "WITH gone AS (SELECT id FROM families AS family \
     WHERE expires_at <= $1::bigint AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.id = family.grant_id) \
     ORDER BY expires_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED) \
     DELETE FROM families WHERE id IN (SELECT id FROM gone)";
const SESSIONS: &str = "WITH gone AS (SELECT id FROM sessions AS session WHERE expires_at <= $3::bigint \
     AND NOT EXISTS (SELECT 1 FROM families WHERE families.user_id = session.user_id \
         AND families.session_id = session.id AND families.revoked_at IS NULL AND families.expires_at > $1::bigint) \
     AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.session_id = session.id AND grants.state = 'approved') \
     ORDER BY expires_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED) \
     DELETE FROM sessions WHERE id IN (SELECT id FROM gone)";
const COUNTERS: &str = "WITH gone AS (SELECT bucket FROM counters WHERE until <= $1::bigint \
     ORDER BY until LIMIT $2::bigint FOR UPDATE SKIP LOCKED) \
     DELETE FROM counters WHERE bucket IN (SELECT bucket FROM gone)";
const SPENT: &str = "WITH gone AS (SELECT id FROM spent WHERE until <= $1::bigint \
     ORDER BY until LIMIT $2::bigint FOR UPDATE SKIP LOCKED) \
     DELETE FROM spent WHERE id IN (SELECT id FROM gone)";
const CLIENTS: &str = "WITH unused AS (SELECT id FROM clients WHERE unused_until <= $1::bigint \
         ORDER BY unused_until LIMIT $2::bigint FOR UPDATE SKIP LOCKED), \
     gone AS (DELETE FROM clients WHERE id IN (SELECT id FROM unused) RETURNING id), \
     told AS (INSERT INTO changes (at, commit_id, told) SELECT clock_timestamp(), decode(md5(id || random()::text), 'hex'), \
         'client/' || encode(convert_to(id, 'UTF8'), 'hex') || '/0' FROM gone RETURNING commit_id, told) \
     SELECT commit_id, told FROM told";
const CHANGES: &str = "DELETE FROM changes WHERE (at, commit_id) IN (SELECT at, commit_id FROM changes \
     WHERE at < clock_timestamp() - $1::bigint * INTERVAL '1 millisecond' ORDER BY at LIMIT $2::bigint)";
/// More than are written between two sweeps.
const CHANGES_CHUNK: i64 = 50_000;

/// Removes at most `limit` rows, unless another node is at it.
pub(super) async fn run(shared: &Shared, now: Timestamp, limit: usize) -> Load<Swept> {
    let leased = shared.pool.lease().await?;
    let Some(lease) = super::lease::take(&leased, "sweep", LEASE).await? else {
        return Ok(Swept::default());
    };
    let swept = chunk(shared, &leased, now, limit).await;
    super::lease::give_back(&leased, lease).await?;
    swept
}

/// Grants first, since families and sessions stay while a grant needs them.
async fn chunk(shared: &Shared, leased: &Leased<'_>, now: Timestamp, limit: usize) -> Load<Swept> {
    let forgotten = now - SESSION_RETENTION;
    let mut swept = Swept::default();
    let left = |swept: &Swept| Value::Integer(i64::try_from(limit.saturating_sub(swept.total())).unwrap_or(i64::MAX));
    swept.grants = remove(leased, GRANTS, &[now.write(), left(&swept)]).await?;
    swept.families = remove(leased, FAMILIES, &[now.write(), left(&swept)]).await?;
    swept.sessions = remove(leased, SESSIONS, &[now.write(), left(&swept), forgotten.write()]).await?;
    swept.counters = remove(leased, COUNTERS, &[now.write(), left(&swept)]).await?;
    for row in leased.ask(CLIENTS, &[now.write(), left(&swept)]).await? {
        let mut columns = Columns::all(&row, "changes");
        let (commit, words): (CommitId, String) = (columns.next()?, columns.next()?);
        shared.told.committed(commit, &told::read(&words), words);
        swept.clients += 1;
    }
    swept.spent = remove(leased, SPENT, &[now.write(), left(&swept)]).await?;
    swept.more = swept.total() == limit;
    let kept = i64::try_from(CHANGES_KEPT.as_millis()).unwrap_or(i64::MAX);
    remove(leased, CHANGES, &[Value::Integer(kept), Value::Integer(CHANGES_CHUNK)]).await?;
    Ok(swept)
}

async fn remove(leased: &Leased<'_>, sql: &str, values: &[Value<'_>]) -> Load<usize> {
    let statement = leased.prepared(sql).await?;
    let removed = leased.within(leased.execute(&statement, &super::pool::parameters(values))).await?;
    Ok(usize::try_from(removed).unwrap_or(usize::MAX))
}
