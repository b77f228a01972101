//! What should happen, said as plainly as possible and without a line of the code under test: tables of booleans, times
//! in milliseconds, and the rules of the specification one after another.

/// The people by session: sessions 0 and 2 are the first person's, 1 is the second's.
pub(super) const PERSON: [usize; 3] = [0, 1, 0];
/// The clients: one that is public, two that have secrets.
pub(super) const CONFIDENTIAL: [bool; 3] = [false, true, true];

const LIFETIME: i64 = 600_000;
const TOKENS: i64 = 600_000;

/// What a poll must be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Say {
    AccessDenied,
    ExpiredToken,
    InvalidClient,
    InvalidGrant,
    Pending,
    SlowDown,
    Tokens,
}

/// What a decision must be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Approved,
    Changed,
    Denied,
    Expired,
    NotSignedIn,
    Unusable,
}

/// What must be written, as of the moment it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Decide { yes: bool, session: usize },
    Issue { at: i64 },
    Nothing,
    Revoke,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) yes: bool,
    pub(super) session: usize,
}

/// Tokens that were issued.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issued {
    pub(super) at: i64,
    pub(super) revoked: bool,
}

impl Issued {
    pub(super) const fn alive(self, now: i64) -> bool {
        !self.revoked && now < self.at + TOKENS
    }
}

#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) client: usize,
    created: i64,
    pub(super) verdict: Option<Verdict>,
    pub(super) issued: Vec<Issued>,
    /// Milliseconds of polling that are saved up: a poll costs 2,000, and 8,000 is the most.
    credit: i64,
    credited: i64,
}

/// The whole world.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) grants: Vec<Grant>,
    locked: [bool; 2],
    revoked: [bool; 3],
    ended: [bool; 3],
    disabled: [bool; 3],
    /// How often the registration of each client changed: a page that was shown before is void.
    pub(super) epochs: [u32; 3],
    /// How often anything changed.
    pub(super) changes: u32,
}

impl Reference {
    pub(super) const fn new() -> Self {
        Self {
            grants: Vec::new(),
            locked: [false; 2],
            revoked: [false; 3],
            ended: [false; 3],
            disabled: [false; 3],
            epochs: [0; 3],
            changes: 0,
        }
    }

    pub(super) fn start(&mut self, client: usize, now: i64) -> bool {
        if self.disabled[client] {
            return false;
        }
        let (verdict, issued) = (None, Vec::new());
        self.grants.push(Grant { client, created: now, verdict, issued, credit: 8_000, credited: now });
        self.changes += 1;
        true
    }

    pub(super) const fn lock(&mut self, person: usize, locked: bool) {
        self.locked[person] = locked;
        self.changes += 1;
    }

    pub(super) const fn revoke(&mut self, session: usize) {
        self.revoked[session] = true;
        self.changes += 1;
    }

    pub(super) const fn end(&mut self, session: usize) {
        self.ended[session] = true;
        self.changes += 1;
    }

    pub(super) const fn disable(&mut self, client: usize, disabled: bool) {
        self.disabled[client] = disabled;
        self.epochs[client] += 1;
        self.changes += 1;
    }

    /// A poll by client `caller`, which shows its secret or does not.
    pub(super) fn poll(&mut self, grant: usize, caller: usize, secret: bool, now: i64) -> (Say, Effect) {
        if self.disabled[caller] || secret != CONFIDENTIAL[caller] {
            return (Say::InvalidClient, Effect::Nothing);
        }
        let fit = self.grants[grant].verdict.is_some_and(|verdict| self.is_fit(verdict.session));
        let grant = &mut self.grants[grant];
        if grant.client != caller {
            return (Say::InvalidGrant, Effect::Nothing);
        }
        let forgotten = now >= grant.created + 2 * LIFETIME;
        let expired = now >= grant.created + LIFETIME;
        let too_late = now >= grant.created + LIFETIME + 120_000;
        let say = match (grant.verdict, grant.issued.len()) {
            (Some(_), 1..) => return grant.replay(secret, fit, now),
            (None, _) if !expired => grant.pace(now),
            (Some(Verdict { yes: true, .. }), 0) if !too_late => {
                return if fit {
                    (Say::Tokens, Effect::Issue { at: now })
                } else {
                    (Say::InvalidGrant, Effect::Nothing)
                };
            }
            _ if forgotten => Say::InvalidGrant,
            (Some(Verdict { yes: false, .. }), _) => Say::AccessDenied,
            _ => Say::ExpiredToken,
        };
        (say, Effect::Nothing)
    }

    /// The holder of `session` presses a button on a page that was shown when the client had changed `epoch` times.
    pub(super) fn decide(&self, grant: usize, session: usize, epoch: u32, yes: bool, now: i64) -> (Answer, Effect) {
        let row = &self.grants[grant];
        let answer = if self.ended[session] || !self.is_fit(session) {
            Answer::NotSignedIn
        } else if let Some(verdict) = row.verdict {
            match (PERSON[verdict.session] == PERSON[session], verdict.yes) {
                (true, true) => Answer::Approved,
                (true, false) => Answer::Denied,
                (false, _) => Answer::Unusable,
            }
        } else if now >= row.created + LIFETIME {
            Answer::Expired
        } else if self.disabled[row.client] {
            Answer::Unusable
        } else if epoch != self.epochs[row.client] {
            Answer::Changed
        } else {
            let answer = if yes { Answer::Approved } else { Answer::Denied };
            return (answer, Effect::Decide { yes, session });
        };
        (answer, Effect::Nothing)
    }

    /// Something was written. Whether it may be is judged by what is true now, not by what was when it was decided.
    pub(super) fn apply(&mut self, grant: usize, effect: Effect) {
        if effect != Effect::Nothing {
            self.changes += 1;
        }
        match effect {
            Effect::Nothing => {}
            Effect::Decide { yes, session } => {
                assert!(self.is_fit(session) && !self.ended[session], "decided by someone who is not signed in");
                assert!(!self.disabled[self.grants[grant].client], "decided for a client that is switched off");
                let before = self.grants[grant].verdict.replace(Verdict { yes, session });
                assert_eq!(before, None, "decided twice");
            }
            Effect::Issue { at } => {
                let verdict = self.grants[grant].verdict.expect("tokens without a decision");
                assert!(verdict.yes, "tokens after a denial");
                assert!(self.is_fit(verdict.session), "tokens on the word of someone unfit");
                let row = &mut self.grants[grant];
                assert!(!self.disabled[row.client], "tokens for a client that is switched off");
                assert!(row.issued.len() < 2, "more than one replacement");
                for earlier in &mut row.issued {
                    earlier.revoked = true;
                }
                row.issued.push(Issued { at, revoked: false });
            }
            Effect::Revoke => {
                for issued in &mut self.grants[grant].issued {
                    issued.revoked = true;
                }
            }
        }
    }

    const fn is_fit(&self, session: usize) -> bool {
        !self.revoked[session] && !self.locked[PERSON[session]]
    }
}

impl Grant {
    fn pace(&mut self, now: i64) -> Say {
        self.credit = (self.credit + now - self.credited).min(8_000);
        self.credited = now;
        if self.credit < 2_000 {
            return Say::SlowDown;
        }
        self.credit -= 2_000;
        Say::Pending
    }

    fn replay(&self, proven: bool, fit: bool, now: i64) -> (Say, Effect) {
        let (first, last) = (self.issued[0], self.issued[self.issued.len() - 1]);
        let age = now - first.at;
        let refused = |effect| (Say::InvalidGrant, effect);
        if age < 1_000 || !last.alive(now) {
            refused(Effect::Nothing)
        } else if proven && fit && age < 60_000 && self.issued.len() == 1 {
            (Say::Tokens, Effect::Issue { at: now })
        } else if now - last.at >= 10_000 {
            refused(Effect::Revoke)
        } else {
            refused(Effect::Nothing)
        }
    }
}
