//! A server and a device against each other in virtual time, in the manner of quinn-proto's `Pair`: a test says what
//! the people do and when, and `drive` runs everything between.

mod fitness;
mod outcomes;
mod pace;
mod races;
mod replay;

use std::time::Duration;

use proto::Timestamp;
use proto::change::Row;
use proto::device::{Answer, Event, Failure, Machine, Now, Outcome, Settings, Step};
use proto::entropy::Seeded;
use proto::grant::decide::{Verdict, Void};
use proto::grant::lookup::Ended;
use proto::grant::{Refusal, whole_seconds};
use proto::model::{AuthMethod, Client, Family, Grant, GrantId, SessionId};
use proto::wire::authorize::AuthorizationResponse;
use proto::wire::credentials::Credentials;
use proto::wire::error::ErrorCode;
use proto::wire::members::Members;
use proto::wire::token::{Credential, Reply, TokenResponse, TokenType};

use crate::rows::{T0, client, credentials, session, user};
use crate::world::{Polled, Server};

/// From the device to the server, and the same back.
const ONE_WAY: Duration = Duration::from_millis(10);

/// Both ends, and everything that was seen between them.
pub(crate) struct Pair {
    server: Server,
    client: Client,
    code: String,
    grant_id: GrantId,
    /// Since [`T0`].
    pub(crate) now: Duration,
    pub(crate) machine: Machine,
    entropy: Seeded,
    /// How many of the next replies are lost on their way.
    pub(crate) losing: usize,
    /// When each poll left, and what the server answered, delivered or not.
    pub(crate) polls: Vec<(Duration, Result<(), ErrorCode>)>,
    shown: Vec<Event>,
    pub(crate) outcome: Option<Outcome>,
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A server with two clients of one kind (`tv`, `other`), and two people: sessions 1 and 3 are the first's, 2 is the second's.
fn server(auth: AuthMethod) -> Server {
    let mut server = Server::new(1);
    for id in ["tv", "other"] {
        server.rows.put(Row::Client(Box::new(client(id, auth))));
    }
    for person in [1, 2] {
        server.rows.put(Row::User(Box::new(user(person))));
        server.rows.put(Row::Session(Box::new(session(person, &user(person)))));
    }
    server.rows.put(Row::Session(Box::new(session(3, &user(1)))));
    server
}

fn session_id(n: u8) -> SessionId {
    SessionId::from_bytes([n; 16])
}

impl Pair {
    /// A device of client `tv` that has its codes and has not polled yet.
    fn new(auth: AuthMethod) -> Self {
        Self::with(auth, Settings { wait: None, ..Settings::default() })
    }

    pub(crate) fn with(auth: AuthMethod, settings: Settings) -> Self {
        let (mut server, client, mut entropy) = (server(auth), client("tv", auth), Seeded::new(7));
        let started = server.start(&credentials(&client), None, T0 + ONE_WAY).unwrap();
        let code = server.text_of(&started.device_code);
        let codes = AuthorizationResponse {
            device_code: Credential::new(code.clone()),
            user_code: started.user_code.grouped(),
            verification_uri: "https://id.example.com/device".to_owned(),
            verification_uri_complete: None,
            expires_in: whole_seconds(server.terms.lifetime),
            interval: whole_seconds(server.terms.interval),
        };
        let received = ONE_WAY * 2;
        let machine = Machine::new(settings, &codes, clock(Duration::ZERO), clock(received), &mut entropy);
        Self {
            server,
            client,
            code,
            grant_id: started.grant.id,
            now: received,
            machine,
            entropy,
            losing: 0,
            polls: Vec::new(),
            shown: Vec::new(),
            outcome: None,
        }
    }

    fn credentials(&self) -> Credentials {
        credentials(&self.client)
    }

    /// Runs the device until it has nothing to do before `moment`; `false` when it is done or must wait for longer.
    fn step(&mut self, moment: Duration) -> bool {
        match self.machine.step(clock(self.now)) {
            Step::Done(outcome) => {
                self.outcome = Some(outcome);
                return false;
            }
            Step::Show(event) => self.shown.push(event),
            Step::WaitUntil(due) if due > moment => return false,
            Step::WaitUntil(due) => self.now = due,
            Step::Send(poll) => {
                let sent = self.now;
                let polled = self.poll_at(sent + ONE_WAY);
                self.polls.push((sent, polled.as_ref().map(|_| ()).map_err(Refusal::code)));
                if self.losing > 0 {
                    self.losing -= 1;
                    self.now = sent + poll.timeout;
                    self.machine.failed(clock(self.now), Failure::Timeout, &mut self.entropy);
                } else {
                    self.now = sent + ONE_WAY * 2;
                    self.machine.answered(clock(self.now), answer(polled), &mut self.entropy);
                }
            }
        }
        true
    }

    /// Lets time pass until `moment`.
    pub(crate) fn drive_until(&mut self, moment: Duration) {
        while self.step(moment) {}
        self.now = self.now.max(moment);
    }

    /// Lets time pass until the device is done, and says how it ended.
    pub(crate) fn drive(&mut self) -> Outcome {
        while self.step(Duration::MAX) {}
        self.outcome.clone().unwrap()
    }

    /// The holder of session `n` looks at the page and presses a button now.
    pub(crate) fn decide(&mut self, n: u8, verdict: Verdict) -> Result<Ended, Void> {
        let shown = self.server.show(self.grant_id, session_id(n));
        self.server.decide(shown, verdict, T0 + self.now)
    }

    /// A poll with the device's code and credentials beside the device's own, at `moment`.
    pub(crate) fn poll_at(&mut self, moment: Duration) -> Polled {
        self.server.poll(&credentials(&self.client), &self.code, T0 + moment)
    }

    fn code_at(&mut self, moment: Duration) -> Result<(), ErrorCode> {
        self.poll_at(moment).map(drop).map_err(|refusal| refusal.code())
    }

    pub(crate) fn grant(&self) -> Grant {
        self.server.rows.grant(&self.grant_id).unwrap()
    }

    /// The families whose tokens are good now.
    pub(crate) fn live(&self) -> Vec<Family> {
        let now = T0 + self.now;
        self.server.rows.families().filter(|family| family.is_live(now)).cloned().collect()
    }
}

fn clock(now: Duration) -> Now {
    Now { monotonic: now, wall: T0 + now }
}

/// What the device reads off the wire: every reply goes through its JSON form.
fn answer(polled: Polled) -> Answer {
    let (status, body) = match polled {
        Ok(minting) => {
            let response = TokenResponse {
                access_token: Credential::new(serde_json::to_string(&minting.access).unwrap()),
                token_type: TokenType::Bearer,
                expires_in: Some(minting.expires_in),
                refresh_token: None,
                scope: Some(minting.scope.to_string()),
                id_token: minting.id.map(|claims| Credential::new(serde_json::to_string(&claims).unwrap())),
            };
            (200, serde_json::to_string(&response).unwrap())
        }
        Err(refusal) => (400, serde_json::to_string(&refusal.body()).unwrap()),
    };
    let members: Members = serde_json::from_str(&body).unwrap();
    Answer { held: false, nonce: None, reply: Reply::parse(&members), retry_after: None, status }
}

#[track_caller]
fn assert_refused(outcome: &Outcome, expected: ErrorCode) {
    let Outcome::Refused { error, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.code, Some(expected));
}

/// The time of a moment given in milliseconds since [`T0`].
fn at(millis: u64) -> Timestamp {
    T0 + ms(millis)
}
