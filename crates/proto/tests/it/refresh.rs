//! Refreshes in any order by anybody who holds a token, old or new: replies are lost, tokens are copied, commits come late.
//! Against a model of one number: which of the tokens ever issued is good.

use std::time::Duration;

use proptest::prelude::*;
use proto::change::Row;
use proto::grant::Refusal;
use proto::grant::decide::Verdict;
use proto::grant::refresh::NOTED;
use proto::model::{AuthMethod, Client, Family, FamilyId, GrantType, User, UserState};
use proto::secret::SecretHash;

use crate::rows::{T0, client, credentials, lifetimes, session, user};
use crate::world::{Committed, Polled, Prepared, Server};

const DAY: u64 = 86_400_000;
const WAITS: [u64; 8] = [0, 1, 1_000, 600_000, DAY, 6 * DAY, 7 * DAY - 1, 7 * DAY];

/// One thing that happens. Tokens are counted from the newest.
#[derive(Clone, Copy, Debug)]
enum Op {
    /// A reply that was prepared earlier is written now, whatever happened since.
    Commit {
        slot: usize,
    },
    Lock {
        locked: bool,
    },
    /// Somebody presents a token; the commit is at once, or left for a later [`Op::Commit`].
    Present {
        token: usize,
        later: bool,
    },
    Wait {
        millis: u64,
    },
}

fn ops() -> impl Strategy<Value = Op> {
    let tokens = prop_oneof![6 => Just(0), 1 => 0_usize..6];
    prop_oneof![
        8 => (tokens, prop::bool::weighted(0.3)).prop_map(|(token, later)| Op::Present { token, later }),
        3 => (0_usize..4).prop_map(|slot| Op::Commit { slot }),
        3 => prop::sample::select(&WAITS[..]).prop_map(|millis| Op::Wait { millis }),
        1 => any::<bool>().prop_map(|locked| Op::Lock { locked }),
    ]
}

/// What must come of presenting a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Say {
    Locked,
    Invalid,
    Replayed,
    Tokens,
}

/// A reply that waits, what it says, and what it rests on: the family's and the account's number of changes.
struct Waiting {
    say: Say,
    at: u64,
    rests_on: (u32, u32),
    prepared: Prepared<Polled>,
}

/// A device that was signed in, and the model of its family.
struct Twin {
    server: Server,
    client: Client,
    family_id: FamilyId,
    /// Milliseconds since [`T0`].
    now: u64,
    /// Every refresh token that was ever issued, in order.
    tokens: Vec<(String, SecretHash)>,
    ended: bool,
    locked: bool,
    idle_until: u64,
    end: u64,
    /// When the token's last use was written.
    noted: Option<u64>,
    changes: (u32, u32),
    waiting: Vec<Waiting>,
}

impl Twin {
    fn new(auth: AuthMethod) -> Self {
        let grants = vec![GrantType::DeviceCode, GrantType::RefreshToken];
        let (mut server, client, user) = (Server::new(1), Client { grants, ..client("tv", auth) }, user(1));
        let session = session(1, &user);
        server.rows.put(Row::Client(Box::new(client.clone())));
        server.rows.put(Row::User(Box::new(user)));
        server.rows.put(Row::Session(Box::new(session.clone())));
        let started = server.start(&credentials(&client), Some("openid offline_access"), T0).unwrap();
        let shown = server.show(started.grant.id, session.id);
        server.decide(shown, Verdict::Approve, T0).unwrap();
        let code = server.text_of(&started.device_code);
        let minting = server.poll(&credentials(&client), &code, T0).unwrap();
        let (idle_until, end) = (millis(lifetimes().refresh_idle), millis(lifetimes().refresh_absolute));
        let mut twin = Self {
            server,
            client,
            family_id: minting.family_id,
            now: 0,
            tokens: Vec::new(),
            ended: false,
            locked: false,
            idle_until,
            end,
            noted: None,
            changes: (0, 0),
            waiting: Vec::new(),
        };
        twin.receive(&Ok(minting));
        twin
    }

    fn rotates(&self) -> bool {
        self.client.auth == AuthMethod::None
    }

    fn receive(&mut self, polled: &Polled) {
        if let Some(token) = polled.as_ref().ok().and_then(|minting| minting.refresh_token.as_ref()) {
            self.tokens.push((self.server.text_of_refresh(token), token.hash()));
        }
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Wait { millis } => self.now += millis,
            Op::Lock { locked } => {
                (self.locked, self.changes.1) = (locked, self.changes.1 + 1);
                let (id, state) = (user(1).id, if locked { UserState::Locked } else { UserState::Active });
                self.server.change(|rows| rows.user(&id), |row| Row::User(Box::new(User { state, ..row })));
            }
            Op::Present { token, later } => {
                if let Some(token) = self.tokens.len().checked_sub(token + 1) {
                    self.present(token, later);
                }
            }
            Op::Commit { slot } => {
                if slot < self.waiting.len() {
                    let waiting = self.waiting.swap_remove(slot);
                    self.commit(&waiting);
                }
            }
        }
    }

    fn expected(&self, token: usize) -> Say {
        if self.ended || self.now >= self.idle_until || self.now >= self.end {
            Say::Invalid
        } else if token + 1 < self.tokens.len() {
            Say::Replayed
        } else if self.locked {
            Say::Locked
        } else {
            Say::Tokens
        }
    }

    fn present(&mut self, token: usize, later: bool) {
        let text = self.tokens[token].0.clone();
        let now = T0 + Duration::from_millis(self.now);
        let prepared = self.server.prepare_refresh(&credentials(&self.client), &text, now).unwrap();
        let say = match &prepared.reply {
            Ok(_) => Say::Tokens,
            Err(Refusal::RefreshTokenReplayed) => Say::Replayed,
            Err(Refusal::RefreshTokenInvalid) => Say::Invalid,
            Err(Refusal::AccountUnfit) => Say::Locked,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(say, self.expected(token), "token {token} of {}", self.tokens.len());
        let waiting = Waiting { say, at: self.now, rests_on: self.changes, prepared };
        if later { self.waiting.push(waiting) } else { self.commit(&waiting) }
    }

    /// It is written if nothing that it rests on changed, and otherwise nothing is.
    fn commit(&mut self, waiting: &Waiting) {
        let before = self.server.rows.clone();
        let same = match waiting.say {
            Say::Tokens => waiting.rests_on == self.changes,
            Say::Replayed => waiting.rests_on.0 == self.changes.0,
            Say::Invalid | Say::Locked => true,
        };
        let committed = self.server.commit(&waiting.prepared);
        assert_eq!(committed, if same { Committed::Done } else { Committed::Conflict });
        match (waiting.say, committed) {
            (Say::Tokens, Committed::Done) => {
                self.receive(&waiting.prepared.reply);
                let noted = self.noted.filter(|_| !self.rotates());
                if noted.is_none_or(|noted| waiting.at - noted >= millis(NOTED)) {
                    self.idle_until = self.end.min(waiting.at + millis(lifetimes().refresh_idle));
                    self.noted = Some(waiting.at);
                    self.changes.0 += 1;
                }
            }
            (Say::Replayed, Committed::Done) => {
                self.ended = true;
                self.changes.0 += 1;
            }
            (Say::Invalid | Say::Locked, _) | (_, Committed::Conflict) => assert_eq!(self.server.rows, before),
        }
    }

    /// One family, one good token in it at most: the newest; and a family that ended stays so.
    fn check(&self) {
        let [family] = &self.server.rows.families().collect::<Vec<&Family>>()[..] else { panic!("another family") };
        assert_eq!((family.id, family.revoked_at.is_some()), (self.family_id, self.ended));
        let stored = family.refresh.unwrap();
        let good: Vec<usize> = (0..self.tokens.len()).filter(|n| self.tokens[*n].1 == stored.token).collect();
        assert_eq!(good, [self.tokens.len() - 1]);
        assert_eq!(stored.generation as usize, self.tokens.len() - 1);
        assert!(self.rotates() || self.tokens.len() == 1, "a client with a secret keeps its token");
        assert_eq!(stored.idle_until, T0 + Duration::from_millis(self.idle_until));
        assert_eq!(family.expires_at, T0 + Duration::from_millis(self.end));
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn sb_4_14_3_cf_8_oa_6_1_one_token_is_good_at_most_and_an_old_one_ends_them_all(
        confidential: bool,
        ops in prop::collection::vec(ops(), 1..40),
    ) {
        let mut twin = Twin::new(if confidential { AuthMethod::ClientSecretPost } else { AuthMethod::None });
        for op in ops {
            twin.run(op);
            twin.check();
        }
    }
}

/// Two processes of one public device refresh at once: the second comes with a token that was just superseded.
#[test]
fn cf_8_sb_4_14_6_of_two_refreshes_at_once_one_is_served_and_the_other_ends_both() {
    let mut twin = Twin::new(AuthMethod::None);
    twin.run(Op::Present { token: 0, later: true });
    twin.run(Op::Present { token: 0, later: false });
    assert_eq!(twin.tokens.len(), 2);
    twin.run(Op::Commit { slot: 0 });
    assert_eq!((twin.tokens.len(), twin.ended), (2, false), "the late commit is in conflict");
    twin.run(Op::Present { token: 1, later: false });
    assert!(twin.ended);
    twin.run(Op::Present { token: 0, later: false });
    twin.check();
}
