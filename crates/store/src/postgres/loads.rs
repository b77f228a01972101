//! The loads: one statement each, and so one view and one round trip.

use std::sync::LazyLock;

use proto::Timestamp;
use proto::change::{Deployment, Key};
use proto::model::{
    Client, ClientId, CommitId, Family, FamilyId, Grant, GrantId, InitialToken, InitialTokenId, SealedKey, Session,
    SessionId, User, UserId, UserName,
};
use proto::secret::{DeviceCodeHash, SecretHash, UserCodeHash};
use tokio_postgres::Row;

use super::Postgres;
use super::column::Column as _;
use super::rows::{self, Columns, Joined, Table};
use super::value::Value;
use crate::load::{DecideView, FamilyFilter, FamilyView, GrantFilter, GrantSelection, RedeemView, SessionView};
use crate::view::Load;

/// `SELECT … FROM table`, narrowed down. The columns stand in the table's own file; the text is made once.
macro_rules! narrowed {
    ($row:ty, $rest:expr) => {{
        static SQL: LazyLock<String> =
            LazyLock::new(|| format!("SELECT {} FROM {} {}", <$row>::TABLE.selected(""), <$row>::TABLE.name, $rest));
        SQL.as_str()
    }};
}

/// `SELECT …` of several tables joined, each with the letter that its columns are called by.
macro_rules! joined {
    ($($row:ty as $letter:literal),*; $rest:expr) => {{
        static SQL: LazyLock<String> = LazyLock::new(|| {
            let columns = [$(<$row>::TABLE.selected(concat!($letter, "."))),*].join(", ");
            format!("SELECT {columns} FROM {}", $rest)
        });
        SQL.as_str()
    }};
}

/// Which grants: shared by the texts below. Parameters: client, person, how many, and `now` where a text needs it.
macro_rules! grants {
    ($selection:literal) => {
        narrowed!(
            Grant,
            concat!(
                "WHERE ",
                $selection,
                " AND ($1::text IS NULL OR client_id = $1::text) AND ($2::bytea IS NULL OR decided_by = $2::bytea) \
                 ORDER BY created_at DESC, id DESC LIMIT $3::bigint"
            )
        )
    };
}

impl Postgres {
    async fn one<T: Table>(&self, sql: &str, values: &[Value<'_>]) -> Load<Option<T>> {
        self.rows(sql, values).await?.first().map(read).transpose()
    }

    async fn all<T: Table>(&self, sql: &str, values: &[Value<'_>]) -> Load<Vec<T>> {
        self.rows(sql, values).await?.iter().map(read).collect()
    }

    pub(crate) async fn client(&self, id: &ClientId) -> Load<Option<Client>> {
        self.one(narrowed!(Client, "WHERE id = $1::text"), &[id.write()]).await
    }

    pub(crate) async fn clients(&self) -> Load<Vec<Client>> {
        let mut clients: Vec<Client> = self.all(narrowed!(Client, ""), &[]).await?;
        // The database may sort texts as people of its country do.
        clients.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(clients)
    }

    pub(crate) async fn redeem_view(&self, code: &DeviceCodeHash) -> Load<Option<RedeemView>> {
        let sql = joined!(
            Grant as "g", Client as "c", User as "u", Session as "s", Family as "f";
            "grants AS g LEFT JOIN clients AS c ON c.id = g.client_id \
             LEFT JOIN users AS u ON u.id = g.decided_by AND g.state IN ('approved', 'redeemed') \
             LEFT JOIN sessions AS s ON s.id = g.session_id LEFT JOIN families AS f ON f.id = g.family_id \
             WHERE g.id = $1::bytea AND g.device_code = $2::bytea"
        );
        let id = code.grant_id();
        let rows = self.rows(sql, &[id.write(), code.write()]).await?;
        let Some(mut joined) = rows.first().map(Joined::of) else { return Ok(None) };
        let Some(grant) = joined.next()? else { return Ok(None) };
        let (client, user, session, family) = (joined.next()?, joined.next()?, joined.next()?, joined.next()?);
        Ok(Some(RedeemView { grant, client, user, session, family }))
    }

    pub(crate) async fn decide_view(&self, id: GrantId) -> Load<Option<DecideView>> {
        let sql = joined!(
            Grant as "g", Client as "c";
            "grants AS g LEFT JOIN clients AS c ON c.id = g.client_id WHERE g.id = $1::bytea"
        );
        Ok(self.decide_views(sql, &[id.write()]).await?.pop())
    }

    /// The first hash that finds a grant counts.
    pub(crate) async fn decide_view_by_user_code(&self, hashes: &[UserCodeHash]) -> Load<Option<DecideView>> {
        let sql = joined!(
            Grant as "g", Client as "c";
            "grants AS g LEFT JOIN clients AS c ON c.id = g.client_id WHERE g.user_code = ANY($1::bytea[])"
        );
        let list = hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect();
        let views = self.decide_views(sql, &[Value::List(list)]).await?;
        let place = |view: &DecideView| hashes.iter().position(|hash| *hash == view.grant.user_code);
        Ok(views.into_iter().min_by_key(place))
    }

    async fn decide_views(&self, sql: &str, values: &[Value<'_>]) -> Load<Vec<DecideView>> {
        let mut views = Vec::new();
        for row in &self.rows(sql, values).await? {
            let mut joined = Joined::of(row);
            if let Some(grant) = joined.next()? {
                views.push(DecideView { grant, client: joined.next()? });
            }
        }
        Ok(views)
    }

    pub(crate) async fn session_view(&self, token: &SecretHash) -> Load<Option<SessionView>> {
        let sql = joined!(
            Session as "s", User as "u";
            "sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.token = $1::bytea"
        );
        let rows = self.rows(sql, &[token.write()]).await?;
        let Some(mut joined) = rows.first().map(Joined::of) else { return Ok(None) };
        Ok(match (joined.next()?, joined.next()?) {
            (Some(session), Some(user)) => Some(SessionView { session, user }),
            (_, _) => None,
        })
    }

    pub(crate) async fn family_view(&self, id: FamilyId) -> Load<Option<FamilyView>> {
        let sql = joined!(
            Family as "f", Client as "c", User as "u", Session as "s";
            "families AS f LEFT JOIN clients AS c ON c.id = f.client_id LEFT JOIN users AS u ON u.id = f.user_id \
             LEFT JOIN sessions AS s ON s.id = f.session_id WHERE f.id = $1::bytea"
        );
        let rows = self.rows(sql, &[id.write()]).await?;
        let Some(mut joined) = rows.first().map(Joined::of) else { return Ok(None) };
        let Some(family) = joined.next()? else { return Ok(None) };
        let (client, user, session) = (joined.next()?, joined.next()?, joined.next()?);
        Ok(Some(FamilyView { family, client, user, session }))
    }

    pub(crate) async fn session(&self, id: SessionId) -> Load<Option<Session>> {
        self.one(narrowed!(Session, "WHERE id = $1::bytea"), &[id.write()]).await
    }

    pub(crate) async fn sessions_of(&self, user: UserId) -> Load<Vec<Session>> {
        self.all(narrowed!(Session, "WHERE user_id = $1::bytea ORDER BY id DESC"), &[user.write()]).await
    }

    pub(crate) async fn families(&self, filter: &FamilyFilter) -> Load<Vec<Family>> {
        let sql = narrowed!(
            Family,
            "WHERE ($2::bytea IS NULL OR user_id = $2::bytea) AND ($1::text IS NULL OR client_id = $1::text) \
             AND ($4::bigint IS NULL OR (revoked_at IS NULL AND expires_at > $4::bigint)) \
             ORDER BY id DESC LIMIT $3::bigint"
        );
        let of_person = narrowed!(
            Family,
            "WHERE user_id = $2::bytea AND ($1::text IS NULL OR client_id = $1::text) \
             AND ($4::bigint IS NULL OR (revoked_at IS NULL AND expires_at > $4::bigint)) \
             ORDER BY id DESC LIMIT $3::bigint"
        );
        // Of one person through their index, of all people through the table.
        let sql = if filter.user.is_some() { of_person } else { sql };
        self.all(sql, &[filter.client.write(), filter.user.write(), limit(filter.limit), filter.live.write()]).await
    }

    pub(crate) async fn user(&self, id: UserId) -> Load<Option<User>> {
        self.one(narrowed!(User, "WHERE id = $1::bytea"), &[id.write()]).await
    }

    pub(crate) async fn user_by_name(&self, name: &UserName) -> Load<Option<User>> {
        self.one(narrowed!(User, "WHERE name = $1::text"), &[name.write()]).await
    }

    pub(crate) async fn users(&self) -> Load<Vec<User>> {
        let mut users: Vec<User> = self.all(narrowed!(User, ""), &[]).await?;
        users.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(users)
    }

    pub(crate) async fn grant(&self, id: GrantId) -> Load<Option<Grant>> {
        self.one(narrowed!(Grant, "WHERE id = $1::bytea"), &[id.write()]).await
    }

    pub(crate) async fn grants(&self, filter: &GrantFilter) -> Load<Vec<Grant>> {
        let (client, user, limit) = (filter.client.write(), filter.user.write(), limit(filter.limit));
        match filter.selection {
            GrantSelection::All => self.all(grants!("true"), &[client, user, limit]).await,
            GrantSelection::Live(now) => {
                let sql = grants!("(state = 'approved' OR state = 'pending' AND expires_at > $4::bigint)");
                self.all(sql, &[client, user, limit, now.write()]).await
            }
            GrantSelection::Pending(now) => {
                let sql = grants!("state = 'pending' AND expires_at > $4::bigint");
                self.all(sql, &[client, user, limit, now.write()]).await
            }
        }
    }

    pub(crate) async fn initial_token(&self, id: InitialTokenId) -> Load<Option<InitialToken>> {
        self.one(narrowed!(InitialToken, "WHERE id = $1::bytea"), &[id.write()]).await
    }

    pub(crate) async fn initial_tokens(&self) -> Load<Vec<InitialToken>> {
        self.all(narrowed!(InitialToken, "ORDER BY created_at, id"), &[]).await
    }

    pub(crate) async fn pending_count(&self, now: Timestamp) -> Load<u64> {
        let sql = "SELECT count(*) FROM grants WHERE state = 'pending' AND expires_at > $1::bigint";
        let rows = self.rows(sql, &[now.write()]).await?;
        let count: Option<i64> = rows.first().and_then(|row| row.try_get(0).ok());
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    pub(crate) async fn sealed_keys(&self) -> Load<Vec<SealedKey>> {
        self.all(narrowed!(SealedKey, "ORDER BY created_at, id"), &[]).await
    }

    pub(crate) async fn deployment(&self) -> Load<Option<Deployment>> {
        self.one(narrowed!(Deployment, ""), &[]).await
    }

    pub(crate) async fn stamp(&self, key: &Key) -> Load<Option<CommitId>> {
        let table = rows::table(key);
        let sql = format!("SELECT id, commit_id FROM {} WHERE id = $1::{}", table.name, table.key());
        let rows = self.rows(&sql, &[rows::id(key)]).await?;
        rows.first().map(|row| Columns::after_key(row, table.name).next()).transpose()
    }
}

fn read<T: Table>(row: &Row) -> Load<T> {
    T::read(&mut Columns::all(row, T::TABLE.name))
}

fn limit<'a>(rows: usize) -> Value<'a> {
    Value::Integer(i64::try_from(rows).unwrap_or(i64::MAX))
}
