//! The server's side of the tests: rows in memory with the store's one write, and use cases that load, decide and
//! commit. Every use case comes in two halves, so that a test decides when, whether and on what the commit happens.

use std::collections::BTreeMap;

use proto::Timestamp;
use proto::change::{Change, Commit, Decision, Key, Require, Row};
use proto::entropy::Seeded;
use proto::grant::authenticate::{Endpoint, authenticate};
use proto::grant::bind::Carried;
use proto::grant::decide::{Scene as Decided, Shown, Verdict, Void, decide};
use proto::grant::lookup::Ended;
use proto::grant::mint::{Minting, mint};
use proto::grant::pace::Bucket;
use proto::grant::redeem::{Redeem, Scene, redeem};
use proto::grant::refresh::{Refreshed, Scene as Renewed, refresh};
use proto::grant::start::{Parameters, Request, Started, Terms, start};
use proto::grant::{Lifetimes, Refusal};
use proto::model::{
    Client, ClientId, CommitId, Family, FamilyId, Grant, GrantId, GrantState, Session, SessionId, User, UserId,
};
use proto::secret::{DeviceCode, MacKeys, RefreshToken};
use proto::wire::credentials::Credentials;

use crate::rows::{address, issuer, lifetimes, mac_key, terms};

/// How often a use case decides again after a conflict.
const ATTEMPTS: usize = 3;

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    Conflict,
    Done,
}

/// The rows, and the one write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows(BTreeMap<Key, Row>);

macro_rules! rows {
    ($($load:ident: $variant:ident($row:ty) by $id:ty;)*) => {$(
        pub(crate) fn $load(&self, id: &$id) -> Option<$row> {
            match self.0.get(&Key::$variant(id.clone())) {
                Some(Row::$variant(row)) => Some((**row).clone()),
                _ => None,
            }
        }
    )*};
}

impl Rows {
    rows! {
        client: Client(Client) by ClientId;
        family: Family(Family) by FamilyId;
        grant: Grant(Grant) by GrantId;
        session: Session(Session) by SessionId;
        user: User(User) by UserId;
    }

    /// All or nothing: everything that was read or is written has the version it had then.
    pub(crate) fn commit(&mut self, commit: &Commit) -> Committed {
        let version = |key: &Key| self.0.get(key).map_or(0, Row::version);
        let reads = commit.requires.iter().all(|Require { key, version: read }| version(key) == *read);
        let writes = commit.changes.iter().all(|change| match change {
            Change::Delete(key, read) => version(key) == *read,
            Change::Put(row) => version(&row.key()) == row.version(),
        });
        if !(reads && writes) {
            return Committed::Conflict;
        }
        for change in &commit.changes {
            match change {
                Change::Delete(key, _) => drop(self.0.remove(key)),
                Change::Put(row) => {
                    let next = row.version() + 1;
                    self.0.insert(row.key(), row.clone().with_version(next));
                }
            }
        }
        Committed::Done
    }

    /// Puts a row as an administrator or the person would: its next version, whatever there is.
    pub(crate) fn put(&mut self, row: Row) {
        let next = self.0.get(&row.key()).map_or(0, Row::version) + 1;
        self.0.insert(row.key(), row.with_version(next));
    }

    pub(crate) fn families(&self) -> impl Iterator<Item = &Family> {
        self.0.values().filter_map(|row| match row {
            Row::Family(family) => Some(&**family),
            _ => None,
        })
    }
}

/// A reply that waits for its commit.
#[derive(Clone, Debug)]
pub(crate) struct Prepared<T> {
    pub(crate) reply: T,
    commit: Commit,
}

impl<T> Prepared<T> {
    /// The commit alone: its reply is lost, or was looked at already.
    pub(crate) fn without_reply(self) -> Prepared<()> {
        Prepared { reply: (), commit: self.commit }
    }
}

/// What a poll gets.
pub(crate) type Polled = Result<Box<Minting>, Refusal>;

/// One node of a server.
pub(crate) struct Server {
    pub(crate) rows: Rows,
    pub(crate) terms: Terms,
    pub(crate) lifetimes: Lifetimes,
    buckets: BTreeMap<GrantId, Bucket>,
    entropy: Seeded,
    keys: MacKeys,
}

impl Server {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rows: Rows::default(),
            terms: terms(),
            lifetimes: lifetimes(),
            buckets: BTreeMap::new(),
            entropy: Seeded::new(seed),
            keys: MacKeys::new(mac_key(2), Vec::new()),
        }
    }

    /// The device authorization endpoint.
    pub(crate) fn start(
        &mut self,
        credentials: &Credentials,
        scope: Option<&str>,
        now: Timestamp,
    ) -> Result<Started, Refusal> {
        let client = self.rows.client(&credentials.client_id);
        let caller = authenticate(client.as_ref(), credentials, Endpoint::DeviceAuthorization)?;
        let request = Request::read(&Parameters { scope, ..Parameters::default() }, None, address())?;
        let decision = start(caller, &request, self.terms, &mac_key(1), now, &mut self.entropy)?;
        let prepared = self.prepared(decision, now);
        assert_eq!(self.commit(&prepared), Committed::Done);
        Ok(prepared.reply)
    }

    /// A device code as the device holds it.
    pub(crate) fn text_of(&self, code: &DeviceCode) -> String {
        code.reveal(&self.keys).to_string()
    }

    /// The token endpoint, as far as its commit.
    pub(crate) fn prepare_poll(
        &mut self,
        credentials: &Credentials,
        code: &str,
        now: Timestamp,
    ) -> Result<Prepared<Polled>, Refusal> {
        let client = self.rows.client(&credentials.client_id);
        let caller = authenticate(client.as_ref(), credentials, Endpoint::Token)?;
        let code = DeviceCode::parse(code, &self.keys).map_err(|_| Refusal::CodeInvalid)?;
        let grant = self.rows.grant(&code.hash().grant_id()).ok_or(Refusal::CodeUnknown)?;
        let (user, session, family) = match &grant.state {
            GrantState::Pending | GrantState::Denied { .. } => (None, None, None),
            GrantState::Approved(approval) => (Some(approval.user_id), Some(approval.session_id), None),
            GrantState::Redeemed(approval, redemption) => {
                (Some(approval.user_id), Some(approval.session_id), Some(redemption.family_id))
            }
        };
        let (user, session) = (user.and_then(|id| self.rows.user(&id)), session.and_then(|id| self.rows.session(&id)));
        let family = family.and_then(|id| self.rows.family(&id));
        let own = self.rows.client(&grant.client_id);
        let scene = Scene {
            grant: &grant,
            client: own.as_ref(),
            user: user.as_ref(),
            session: session.as_ref(),
            family: family.as_ref(),
        };
        let Decision { reply, requires, changes } =
            redeem(scene, caller, Carried::default(), self.lifetimes, now, &mut self.entropy);
        let reply = match reply {
            Redeem::Issue(issue) => {
                let jti = format!("{:x}", self.entropy.next_u64());
                Ok(Box::new(mint(*issue, issuer(&mac_key(9)), jti, now)))
            }
            Redeem::Refuse(Refusal::AuthorizationPending) => Err(self.pace(&grant, now)),
            Redeem::Refuse(refusal) => Err(refusal),
        };
        Ok(self.prepared(Decision { reply, requires, changes }, now))
    }

    /// The token endpoint.
    pub(crate) fn poll(&mut self, credentials: &Credentials, code: &str, now: Timestamp) -> Polled {
        for _ in 0..ATTEMPTS {
            let prepared = self.prepare_poll(credentials, code, now)?;
            if self.commit(&prepared) == Committed::Done {
                return prepared.reply;
            }
        }
        Err(Refusal::Overloaded)
    }

    /// The token endpoint once a device is signed in, as far as its commit.
    pub(crate) fn prepare_refresh(
        &mut self,
        credentials: &Credentials,
        token: &str,
        now: Timestamp,
    ) -> Result<Prepared<Polled>, Refusal> {
        let client = self.rows.client(&credentials.client_id);
        let caller = authenticate(client.as_ref(), credentials, Endpoint::Token)?;
        let token = RefreshToken::parse(token, &self.keys).map_err(|_| Refusal::RefreshTokenInvalid)?;
        let family = self.rows.family(&token.family_id()).ok_or(Refusal::RefreshTokenInvalid)?;
        let (user, session) = (self.rows.user(&family.user_id), self.rows.session(&family.session_id));
        let own = self.rows.client(&family.client_id);
        let scene = Renewed { family: &family, client: own.as_ref(), user: user.as_ref(), session: session.as_ref() };
        let decision =
            refresh(scene, caller, (&token, None), Carried::default(), self.lifetimes, now, &mut self.entropy);
        let Decision { reply, requires, changes } = decision;
        let reply = match reply {
            Refreshed::Issue(issue) => Ok(Box::new(mint(*issue, issuer(&mac_key(9)), String::new(), now))),
            Refreshed::Refuse(refusal) => Err(refusal),
        };
        Ok(self.prepared(Decision { reply, requires, changes }, now))
    }

    /// A refresh token as the device holds it.
    pub(crate) fn text_of_refresh(&self, token: &RefreshToken) -> String {
        token.reveal(&self.keys).to_string()
    }

    /// What the decision page shows to the holder of `session`.
    pub(crate) fn show(&self, grant_id: GrantId, session_id: SessionId) -> Shown {
        let grant = self.rows.grant(&grant_id).unwrap();
        let client_version = self.rows.client(&grant.client_id).map_or(0, |client| client.version);
        Shown { grant_id, grant_version: grant.version, client_version, session_id }
    }

    /// A person presses a button, as far as the commit.
    pub(crate) fn prepare_decision(
        &mut self,
        shown: Shown,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<Prepared<Ended>, Void> {
        let grant = self.rows.grant(&shown.grant_id).unwrap();
        let client = self.rows.client(&grant.client_id);
        let session = self.rows.session(&shown.session_id).unwrap();
        let user = self.rows.user(&session.user_id).unwrap();
        let scene = Decided { grant: &grant, client: client.as_ref(), session: &session, user: &user };
        let decision = decide(scene, shown, verdict, now)?;
        Ok(self.prepared(decision, now))
    }

    /// A person presses a button.
    pub(crate) fn decide(&mut self, shown: Shown, verdict: Verdict, now: Timestamp) -> Result<Ended, Void> {
        loop {
            let prepared = self.prepare_decision(shown, verdict, now)?;
            if self.commit(&prepared) == Committed::Done {
                return Ok(prepared.reply);
            }
        }
    }

    /// Writes what a reply waits for.
    pub(crate) fn commit<T>(&mut self, prepared: &Prepared<T>) -> Committed {
        self.rows.commit(&prepared.commit)
    }

    /// Everything a browser session, an account or a client goes through beside the flow.
    pub(crate) fn change<R>(&mut self, load: impl Fn(&Rows) -> Option<R>, row: impl Fn(R) -> Row) {
        let loaded = load(&self.rows).unwrap();
        self.rows.put(row(loaded));
    }

    /// Pace is this node's own matter: no row knows of it (CF-21).
    fn pace(&mut self, grant: &Grant, now: Timestamp) -> Refusal {
        let bucket = self.buckets.entry(grant.id).or_insert(Bucket::FULL);
        if bucket.take(now, grant.interval) {
            Refusal::AuthorizationPending
        } else {
            Refusal::SlowDown { interval: grant.interval }
        }
    }

    fn prepared<T>(&mut self, decision: Decision<T>, now: Timestamp) -> Prepared<T> {
        let Decision { reply, requires, changes } = decision;
        Prepared { reply, commit: Commit { id: CommitId::draw(now, &mut self.entropy), requires, changes } }
    }
}
