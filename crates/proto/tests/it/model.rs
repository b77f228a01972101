//! Random histories against a plain reference model: polls by the right client and by others, decisions by several
//! people in several sessions, lost replies, commits of stale loads, locks and revocations, in any order.

mod device;
mod history;
mod reference;

use std::time::Duration;

use proptest::prelude::*;
use proto::Timestamp;
use proto::change::Row;
use proto::grant::Refusal;
use proto::grant::decide::{Shown, Verdict, Void};
use proto::grant::lookup::Ended;
use proto::model::{
    AuthMethod, Client, ClientId, GrantId, GrantState, Revocation, Session, SessionId, User, UserState,
};
use proto::secret::ClientSecret;
use proto::wire::credentials::{Credentials, Presented};
use proto::wire::error::ErrorCode;

use crate::rows::{SECRET, T0, client, session, user};
use crate::world::{Committed, Polled, Prepared, Server};
use history::{Op, ops};
use reference::{Answer, CONFIDENTIAL, Effect, PERSON, Reference, Say};

const CLIENTS: [(&str, AuthMethod); 3] =
    [("public", AuthMethod::None), ("basic", AuthMethod::ClientSecretBasic), ("post", AuthMethod::ClientSecretPost)];
/// A reply that waits, and what the model says it does when it is written.
struct Stale {
    grant: usize,
    effect: Effect,
    /// [`Reference::changes`] when it was prepared.
    changes: u32,
    prepared: Prepared<()>,
}

/// A page that was opened, and the epoch of the client that it shows.
struct Page {
    grant: usize,
    session: usize,
    epoch: u32,
    shown: Shown,
}

/// The code under test and the model, side by side.
struct Twin {
    server: Server,
    model: Reference,
    now: i64,
    grants: Vec<(GrantId, String)>,
    /// What each grant's own client was told last, of what is final.
    told: Vec<Option<Say>>,
    stale: Vec<Stale>,
    pages: Vec<Page>,
}

impl Twin {
    fn new() -> Self {
        let mut server = Server::new(1);
        for (id, auth) in CLIENTS {
            server.rows.put(Row::Client(Box::new(client(id, auth))));
        }
        for (n, person) in (0..).zip(PERSON) {
            let user = user(u8::try_from(person).unwrap());
            server.rows.put(Row::Session(Box::new(session(n, &user))));
            server.rows.put(Row::User(Box::new(user)));
        }
        let (grants, told, stale, pages) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { server, model: Reference::new(), now: 0, grants, told, stale, pages }
    }

    fn time(&self) -> Timestamp {
        T0 + Duration::from_millis(self.now.unsigned_abs())
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Start { client } => self.start(client),
            Op::Wait { millis } => self.now += millis,
            Op::SignIn { client, session } => {
                self.start(client);
                self.run(Op::Decide { grant: 0, session, verdict: Verdict::Approve, later: false });
                self.run(Op::Poll { grant: 0, caller: None, secret: true, later: false });
            }
            Op::Poll { grant, caller, secret, later } => {
                if let Some(grant) = self.youngest(grant) {
                    self.poll(grant, caller, secret, later);
                }
            }
            Op::Decide { grant, session, verdict, later } => {
                if let Some(grant) = self.youngest(grant) {
                    self.press(&self.open(grant, session), verdict, later);
                }
            }
            Op::Show { grant, session } => {
                if let Some(grant) = self.youngest(grant) {
                    self.pages.push(self.open(grant, session));
                }
            }
            Op::Press { slot, verdict } => {
                if slot < self.pages.len() {
                    let page = self.pages.swap_remove(slot);
                    self.press(&page, verdict, false);
                }
            }
            Op::Commit { slot } => {
                if slot < self.stale.len() {
                    let stale = self.stale.swap_remove(slot);
                    self.commit(&stale);
                }
            }
            Op::Lock { person, locked } => {
                self.model.lock(person, locked);
                let state = if locked { UserState::Locked } else { UserState::Active };
                let id = user(u8::try_from(person).unwrap()).id;
                self.server.change(|rows| rows.user(&id), |row| Row::User(Box::new(User { state, ..row })));
            }
            Op::Disable { client, disabled } => {
                self.model.disable(client, disabled);
                let (id, enabled) = (client_id(client), !disabled);
                self.server.change(|rows| rows.client(&id), |row| Row::Client(Box::new(Client { enabled, ..row })));
            }
            Op::Revoke { session, cause } => {
                self.model.revoke(session);
                let revoked = Some(Revocation { at: self.time(), cause });
                self.change_session(session, |row| Session { revoked, ..row });
            }
            Op::End { session } => {
                self.model.end(session);
                let ended_at = Some(self.time());
                self.change_session(session, |row| Session { ended_at, ..row });
            }
        }
    }

    fn youngest(&self, n: usize) -> Option<usize> {
        self.grants.len().checked_sub(n + 1)
    }

    fn start(&mut self, client: usize) {
        let started = self.server.start(&presented(client, CONFIDENTIAL[client]), None, self.time());
        assert_eq!(started.is_ok(), self.model.start(client, self.now));
        if let Ok(started) = started {
            self.grants.push((started.grant.id, self.server.text_of(&started.device_code)));
            self.told.push(None);
        }
    }

    fn poll(&mut self, grant: usize, caller: Option<usize>, as_registered: bool, later: bool) {
        let caller = caller.unwrap_or(self.model.grants[grant].client);
        let secret = CONFIDENTIAL[caller] == as_registered;
        let (say, effect) = self.model.poll(grant, caller, secret, self.now);
        let (now, code) = (self.time(), self.grants[grant].1.clone());
        match self.server.prepare_poll(&presented(caller, secret), &code, now) {
            Err(refusal) => assert_eq!((said(&Err(refusal)), Effect::Nothing), (say, effect)),
            Ok(prepared) => {
                assert_eq!(said(&prepared.reply), say, "{effect:?}");
                self.write_or_keep(grant, effect, prepared.without_reply(), later);
            }
        }
        if caller == self.model.grants[grant].client && !later {
            self.tell(grant, say);
        }
    }

    /// What a device was told once does not become something else.
    fn tell(&mut self, grant: usize, say: Say) {
        let allowed = match self.told[grant] {
            None | Some(Say::InvalidClient | Say::InvalidGrant | Say::Pending | Say::SlowDown) => true,
            Some(Say::Tokens) => matches!(say, Say::Tokens | Say::InvalidGrant | Say::InvalidClient),
            Some(Say::AccessDenied) => matches!(say, Say::AccessDenied | Say::InvalidGrant | Say::InvalidClient),
            Some(Say::ExpiredToken) => matches!(say, Say::ExpiredToken | Say::InvalidGrant | Say::InvalidClient),
        };
        assert!(allowed, "{:?} became {say:?}", self.told[grant]);
        if matches!(say, Say::Tokens | Say::AccessDenied | Say::ExpiredToken) {
            self.told[grant] = Some(say);
        }
    }

    fn open(&self, grant: usize, session: usize) -> Page {
        let shown = self.server.show(self.grants[grant].0, session_id(session));
        Page { grant, session, epoch: self.model.epochs[self.model.grants[grant].client], shown }
    }

    fn press(&mut self, page: &Page, verdict: Verdict, later: bool) {
        let yes = verdict == Verdict::Approve;
        let (answer, effect) = self.model.decide(page.grant, page.session, page.epoch, yes, self.now);
        let (got, prepared) = match self.server.prepare_decision(page.shown, verdict, self.time()) {
            Ok(prepared) => (answered(Ok(prepared.reply)), Some(prepared)),
            Err(void) => (answered(Err(void)), None),
        };
        assert_eq!(got, answer);
        match prepared {
            Some(prepared) => self.write_or_keep(page.grant, effect, prepared.without_reply(), later),
            None => assert_eq!(effect, Effect::Nothing),
        }
    }

    fn write_or_keep(&mut self, grant: usize, effect: Effect, prepared: Prepared<()>, later: bool) {
        let stale = Stale { grant, effect, changes: self.model.changes, prepared };
        if later {
            self.stale.push(stale);
        } else {
            self.commit(&stale);
        }
    }

    /// Either nothing it rests on changed, and it is written, or nothing is.
    fn commit(&mut self, stale: &Stale) {
        let before = (stale.changes != self.model.changes).then(|| self.server.rows.clone());
        match self.server.commit(&stale.prepared) {
            Committed::Done => {
                self.model.apply(stale.grant, stale.effect);
                // A decision made in time and written a moment after expiry: a poll between the two was told expired_token.
                if matches!(stale.effect, Effect::Decide { .. }) && self.told[stale.grant] == Some(Say::ExpiredToken) {
                    self.told[stale.grant] = None;
                }
            }
            Committed::Conflict => {
                let before = before.expect("a conflict although nothing changed");
                assert_eq!(self.server.rows, before);
            }
        }
    }

    fn change_session(&mut self, n: usize, change: impl Fn(Session) -> Session) {
        let id = session_id(n);
        self.server.change(|rows| rows.session(&id), |row| Row::Session(Box::new(change(row))));
    }

    /// The rows say what the model says: no decision is lost, no token is without one, one family lives at most.
    fn check(&self) {
        for ((id, _), expected) in self.grants.iter().zip(&self.model.grants) {
            let grant = self.server.rows.grant(id).unwrap();
            let decided = match &grant.state {
                GrantState::Pending => None,
                GrantState::Denied { by, .. } => Some((false, *by)),
                GrantState::Approved(approval) | GrantState::Redeemed(approval, _) => Some((true, approval.user_id)),
            };
            let verdict =
                expected.verdict.map(|verdict| (verdict.yes, user(u8::try_from(PERSON[verdict.session]).unwrap()).id));
            assert_eq!(decided, verdict, "a decision was lost or made up");
            assert_eq!((grant.interval, grant.client_id), (Duration::from_secs(5), client_id(expected.client)));

            let families: Vec<_> = self.server.rows.families().filter(|family| family.grant_id == *id).collect();
            let live = families.iter().filter(|family| family.is_live(self.time())).count();
            let alive = expected.issued.iter().filter(|issued| issued.alive(self.now)).count();
            assert_eq!((families.len(), live), (expected.issued.len(), alive));
            assert!(live <= 1 && (families.is_empty() || verdict.is_some_and(|(yes, _)| yes)));
        }
    }
}

fn client_id(n: usize) -> ClientId {
    ClientId::parse(CLIENTS[n].0).unwrap()
}

fn session_id(n: usize) -> SessionId {
    SessionId::from_bytes([u8::try_from(n).unwrap(); 16])
}

/// What a client sends: its own way of showing a secret, Basic for one that has none to show, or nothing.
fn presented(client: usize, secret: bool) -> Credentials {
    let shown = ClientSecret::presented(SECRET);
    let presented = match (secret, CLIENTS[client].1) {
        (false, _) => Presented::None,
        (true, AuthMethod::None | AuthMethod::ClientSecretBasic) => Presented::Basic(shown),
        (true, AuthMethod::ClientSecretPost) => Presented::Post(shown),
        (true, AuthMethod::PrivateKeyJwt) => Presented::Key,
    };
    Credentials { client_id: client_id(client), presented, by_header: false }
}

fn said(polled: &Polled) -> Say {
    match polled.as_ref().map_err(Refusal::code) {
        Ok(_) => Say::Tokens,
        Err(ErrorCode::AccessDenied) => Say::AccessDenied,
        Err(ErrorCode::AuthorizationPending) => Say::Pending,
        Err(ErrorCode::ExpiredToken) => Say::ExpiredToken,
        Err(ErrorCode::InvalidClient) => Say::InvalidClient,
        Err(ErrorCode::InvalidGrant) => Say::InvalidGrant,
        Err(ErrorCode::SlowDown) => Say::SlowDown,
        Err(other) => panic!("{other}"),
    }
}

const fn answered(result: Result<Ended, Void>) -> Answer {
    match result {
        Ok(Ended::Approved) => Answer::Approved,
        Ok(Ended::Denied) => Answer::Denied,
        Ok(Ended::Expired) => Answer::Expired,
        Err(Void::Changed) => Answer::Changed,
        Err(Void::NotSignedIn) => Answer::NotSignedIn,
        Err(Void::Unusable) => Answer::Unusable,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn df_3_4_7_df_3_3_12_df_3_4_5_df_3_4_8_df_3_5_4_no_history_departs_from_the_model(
        ops in prop::collection::vec(ops(), 1..60),
    ) {
        let mut twin = Twin::new();
        twin.run(Op::Start { client: 0 });
        twin.run(Op::Start { client: 1 });
        for op in ops {
            twin.run(op);
            twin.check();
        }
    }
}
