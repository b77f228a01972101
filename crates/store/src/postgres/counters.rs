//! Budgets: taken from all or none in one statement, exact however many nodes take at once.

use proto::Timestamp;

use super::column::{Column as _, escaped};
use super::error::Failure;
use super::pool::Pool;
use super::rows::Columns;
use super::text::Text;
use super::value::Value;
use crate::counter::{self, Counter};
use crate::view::Load;
use crate::{Bucket, Budget, StoreError, Taking};

/// How often a take is tried that others got in the way of.
const ATTEMPTS: usize = 8;

/// What is asked of one bucket, however often it is named.
struct Wanted<'a> {
    bucket: &'a Bucket,
    /// It must stand below this.
    below: i64,
    /// So many are taken.
    taken: i64,
    /// The end of the window that begins now, unless one is running.
    until: Timestamp,
}

/// Takes one attempt from each budget.
pub(super) async fn take(pool: &Pool, budgets: &[Budget], now: Timestamp) -> Load<Taking> {
    if budgets.is_empty() {
        return Ok(Taking::Taken);
    }
    let wanted = wanted(budgets, now);
    let Text { sql, values } = statement(&wanted, now);
    for _ in 0..ATTEMPTS {
        let rows = match pool.lease().await?.ask(&sql, &values).await {
            Ok(rows) => rows,
            // Others made the same counter at the same moment, or locked the same ones.
            Err(failure) if failure.is_division_by_zero() || failure.is_collision() => continue,
            Err(failure) => return Err(failure.into()),
        };
        let mut standing = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut columns = Columns::all(row, "counters");
            let (bucket, pass): (Option<Box<str>>, bool) = (columns.next()?, columns.next()?);
            if pass {
                return Ok(Taking::Taken);
            }
            if let Some(bucket) = bucket {
                standing.push((Bucket(bucket), Counter { count: columns.next()?, until: columns.next()? }));
            }
        }
        let stands = |bucket: &Bucket| standing.iter().find(|(own, _)| own == bucket).map(|(_, counter)| *counter);
        if let Err(refusal) = counter::take(budgets, now, stands) {
            return Ok(refusal);
        }
    }
    Err(StoreError::Busy)
}

/// Gives the attempts back that were taken at `taken`.
pub(super) async fn give_back(pool: &Pool, budgets: &[Budget], taken: Timestamp) -> Load<()> {
    if budgets.is_empty() {
        return Ok(());
    }
    let mut text = Text::default();
    text.push("WITH given AS (SELECT * FROM (VALUES ");
    for (at, budget) in budgets.iter().enumerate() {
        text.push(if at == 0 { "(" } else { ", (" });
        text.value(escaped(&budget.bucket.0), "text");
        text.push(", ");
        text.value(budget.window.write(), "bigint");
        text.push(")");
    }
    text.push(
        ") AS given (bucket, span)), held AS (SELECT bucket FROM counters WHERE bucket IN (SELECT bucket FROM given) \
         ORDER BY bucket FOR UPDATE) UPDATE counters SET count = greatest(0, count - (SELECT count(*) FROM given \
         WHERE given.bucket = counters.bucket AND counters.until - given.span <= ",
    );
    text.value(taken.write(), "bigint");
    text.push(")) WHERE bucket IN (SELECT bucket FROM held) AND until > ");
    text.value(taken.write(), "bigint");
    for _ in 0..ATTEMPTS {
        match pool.lease().await?.ask(&text.sql, &text.values).await {
            Err(failure) if failure.is_collision() => {}
            answer => return answer.map(|_| ()).map_err(Failure::into),
        }
    }
    Err(StoreError::Busy)
}

/// Budgets of one bucket as one: all of them pass just when it does.
fn wanted(budgets: &[Budget], now: Timestamp) -> Vec<Wanted<'_>> {
    let mut wanted: Vec<Wanted<'_>> = Vec::with_capacity(budgets.len());
    for budget in budgets {
        let limit = i64::from(budget.limit);
        match wanted.iter_mut().find(|wanted| *wanted.bucket == budget.bucket) {
            Some(known) => {
                known.below = known.below.min(limit - known.taken);
                known.taken += 1;
            }
            None => {
                wanted.push(Wanted { bucket: &budget.bucket, below: limit, taken: 1, until: now + budget.window });
            }
        }
    }
    wanted.sort_by_key(|wanted| wanted.bucket);
    wanted
}

/// Counters that stand are locked, in one order, and judged. If all pass, they are written; a counter that others made
/// since the statement began is added to all the same, and should that overdraw it, a division by zero undoes everything.
/// The answer is every counter that stood, and whether all passed.
fn statement<'a>(wanted: &[Wanted<'a>], now: Timestamp) -> Text<'a> {
    let mut text = Text::default();
    text.push("WITH wanted AS (SELECT * FROM (VALUES ");
    for (at, Wanted { bucket, below, taken, until }) in wanted.iter().enumerate() {
        text.push(if at == 0 { "(" } else { ", (" });
        text.value(escaped(&bucket.0), "text");
        for number in [*below, *taken, until.as_millis()] {
            text.push(", ");
            text.value(Value::Integer(number), "bigint");
        }
        text.push(")");
    }
    text.push(
        ") AS wanted (bucket, below, taken, until)), \
         held AS (SELECT bucket, count, until FROM counters WHERE bucket IN (SELECT bucket FROM wanted) \
         ORDER BY bucket FOR UPDATE), \
         judged AS (SELECT bool_and(CASE WHEN held.until > ",
    );
    text.value(Value::Integer(now.as_millis()), "bigint");
    text.push(
        " THEN held.count ELSE 0 END < wanted.below) AS pass \
         FROM wanted LEFT JOIN held ON held.bucket = wanted.bucket), \
         written AS (INSERT INTO counters (bucket, count, until) SELECT bucket, taken, until FROM wanted \
         WHERE (SELECT pass FROM judged) ORDER BY bucket ON CONFLICT (bucket) DO UPDATE SET \
         count = CASE WHEN counters.until > ",
    );
    text.value(Value::Integer(now.as_millis()), "bigint");
    text.push(" THEN counters.count + excluded.count ELSE excluded.count END, until = CASE WHEN counters.until > ");
    text.value(Value::Integer(now.as_millis()), "bigint");
    text.push(
        " THEN counters.until ELSE excluded.until END RETURNING bucket, count) \
         SELECT held.bucket, judged.pass, held.count, held.until, \
         1 / CASE WHEN EXISTS (SELECT 1 FROM written JOIN wanted ON wanted.bucket = written.bucket \
         WHERE written.count - wanted.taken >= wanted.below) THEN 0 ELSE 1 END \
         FROM judged LEFT JOIN held ON true",
    );
    text
}
