//! Rows of `grants`. Which columns are filled depends on the state: all of them are matched at once, and any other
//! combination is named corruption.

use proto::Timestamp;
use proto::change::{Key, Unique};
use proto::model::{Amr, Approval, CommitId, FamilyId, Grant, GrantState, Redemption, SessionId, UserId, Version};
use rusqlite::{CachedStatement, params};

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for Grant {
    const NAME: &'static str = "grants";
    const SELECT: &'static str = "SELECT id, device_code, user_code, client_id, scope, resources, dpop, \
         code_challenge, device_name, ip, ip_origin, created_at, expires_at, interval_ms, hold_ms, state, decided_at, \
         decided_by, reported, session_id, auth_time, amr, redeemed_at, last_issue, family_id, replaced, version \
         FROM grants";
    const INSERT: &'static str = "INSERT INTO grants \
         (id, device_code, user_code, client_id, scope, resources, dpop, code_challenge, device_name, ip, ip_origin, \
         created_at, expires_at, forget_at, interval_ms, hold_ms, state, decided_at, decided_by, reported, session_id, \
         auth_time, amr, redeemed_at, last_issue, family_id, replaced, commit_id, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, \
         ?23, ?24, ?25, ?26, ?27, ?28, ?29 + 1)";
    const UPDATE: &'static str = "UPDATE grants SET \
         device_code = ?2, user_code = ?3, client_id = ?4, scope = ?5, resources = ?6, dpop = ?7, code_challenge = ?8, \
         device_name = ?9, ip = ?10, ip_origin = ?11, created_at = ?12, expires_at = ?13, forget_at = ?14, \
         interval_ms = ?15, hold_ms = ?16, state = ?17, decided_at = ?18, decided_by = ?19, reported = ?20, \
         session_id = ?21, auth_time = ?22, amr = ?23, redeemed_at = ?24, last_issue = ?25, family_id = ?26, \
         replaced = ?27, commit_id = ?28, version = ?29 + 1 \
         WHERE id = ?1 AND version = ?29";
    const UPDATE_FEW: Option<&'static str> = Some(
        "UPDATE grants SET \
         device_code = ?2, client_id = ?4, scope = ?5, resources = ?6, dpop = ?7, code_challenge = ?8, \
         device_name = ?9, ip = ?10, ip_origin = ?11, created_at = ?12, interval_ms = ?15, hold_ms = ?16, state = ?17, \
         decided_at = ?18, decided_by = ?19, reported = ?20, session_id = ?21, auth_time = ?22, amr = ?23, \
         redeemed_at = ?24, last_issue = ?25, family_id = ?26, replaced = ?27, commit_id = ?28, version = ?29 + 1 \
         WHERE id = ?1 AND version = ?29 AND user_code = ?3 AND expires_at = ?13 AND forget_at = ?14",
    );
    const UNIQUE: Option<Unique> = Some(Unique::UserCode);

    fn key(&self) -> Key {
        Key::Grant(self.id)
    }

    fn version(&self) -> Version {
        self.version
    }

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        let grant = Self {
            id: columns.next()?,
            device_code: columns.next()?,
            user_code: columns.next()?,
            client_id: columns.next()?,
            scope: columns.next()?,
            resources: columns.next()?,
            dpop: columns.next()?,
            code_challenge: columns.next()?,
            device_name: columns.next()?,
            requester: columns.address()?,
            created_at: columns.next()?,
            expires_at: columns.next()?,
            interval: columns.next()?,
            hold: columns.next()?,
            state: Facts::read(columns)?.into_state(columns)?,
            version: columns.next()?,
        };
        if grant.device_code.grant_id() != grant.id {
            return Err(columns.corrupt("device_code is that of another grant"));
        }
        Ok(grant)
    }

    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize> {
        let facts = Facts::of(&self.state);
        statement.execute(params![
            As(&self.id),
            As(&self.device_code),
            As(&self.user_code),
            As(&self.client_id),
            As(&self.scope),
            As(&self.resources),
            As(&self.dpop),
            As(&self.code_challenge),
            As(&self.device_name),
            As(&self.requester.ip),
            As(&self.requester.origin),
            As(&self.created_at),
            As(&self.expires_at),
            As(&self.tombstone_until()),
            As(&self.interval),
            As(&self.hold),
            facts.state,
            As(&facts.decided_at),
            As(&facts.decided_by),
            As(&facts.reported),
            As(&facts.session_id),
            As(&facts.auth_time),
            As(&facts.amr),
            As(&facts.redeemed_at),
            As(&facts.last_issue),
            As(&facts.family_id),
            As(&facts.replaced),
            As(&commit),
            As(&self.version),
        ])
    }
}

/// The columns that a state fills.
#[derive(Debug, Default)]
struct Facts<S> {
    state: S,
    decided_at: Option<Timestamp>,
    decided_by: Option<UserId>,
    reported: Option<bool>,
    session_id: Option<SessionId>,
    auth_time: Option<Timestamp>,
    amr: Option<Vec<Amr>>,
    redeemed_at: Option<Timestamp>,
    last_issue: Option<Timestamp>,
    family_id: Option<FamilyId>,
    replaced: Option<bool>,
}

impl Facts<&'static str> {
    fn of(state: &GrantState) -> Self {
        match state {
            GrantState::Approved(approval) => Self { state: "approved", ..Self::approved(approval) },
            GrantState::Denied { at, by, reported } => Self {
                state: "denied",
                decided_at: Some(*at),
                decided_by: Some(*by),
                reported: Some(*reported),
                ..Self::default()
            },
            GrantState::Pending => Self { state: "pending", ..Self::default() },
            GrantState::Redeemed(approval, redemption) => Self {
                state: "redeemed",
                redeemed_at: Some(redemption.at),
                last_issue: Some(redemption.last_issue),
                family_id: Some(redemption.family_id),
                replaced: Some(redemption.replaced),
                ..Self::approved(approval)
            },
        }
    }

    fn approved(approval: &Approval) -> Self {
        Self {
            decided_at: Some(approval.at),
            decided_by: Some(approval.user_id),
            session_id: Some(approval.session_id),
            auth_time: Some(approval.auth_time),
            amr: Some(approval.amr.clone()),
            ..Self::default()
        }
    }
}

impl Facts<String> {
    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            state: columns.next()?,
            decided_at: columns.next()?,
            decided_by: columns.next()?,
            reported: columns.next()?,
            session_id: columns.next()?,
            auth_time: columns.next()?,
            amr: columns.next()?,
            redeemed_at: columns.next()?,
            last_issue: columns.next()?,
            family_id: columns.next()?,
            replaced: columns.next()?,
        })
    }

    fn into_state(self, columns: &Columns<'_>) -> Load<GrantState> {
        let Self { state, decided_at, decided_by, reported, session_id, auth_time, amr, .. } = &self;
        let decision = (decided_at, decided_by, reported, session_id, auth_time, amr);
        let redemption = (self.redeemed_at, self.last_issue, self.family_id, self.replaced);
        match (state.as_str(), decision, redemption) {
            ("pending", (None, None, None, None, None, None), (None, None, None, None)) => Ok(GrantState::Pending),
            ("denied", (Some(at), Some(by), Some(reported), None, None, None), (None, None, None, None)) => {
                Ok(GrantState::Denied { at: *at, by: *by, reported: *reported })
            }
            (
                "approved",
                (Some(at), Some(user_id), None, Some(session_id), Some(auth_time), Some(amr)),
                (None, None, None, None),
            ) => Ok(GrantState::Approved(approval(*at, *user_id, *session_id, *auth_time, amr))),
            (
                "redeemed",
                (Some(at), Some(user_id), None, Some(session_id), Some(auth_time), Some(amr)),
                (Some(redeemed_at), Some(last_issue), Some(family_id), Some(replaced)),
            ) => Ok(GrantState::Redeemed(
                approval(*at, *user_id, *session_id, *auth_time, amr),
                Redemption { at: redeemed_at, last_issue, family_id, replaced },
            )),
            ("approved" | "denied" | "pending" | "redeemed", ..) => {
                Err(columns.corrupt(format!("state {state} with {}", self.filled())))
            }
            _ => Err(columns.corrupt("column state holds a word that is no state")),
        }
    }

    /// The names of the columns that are filled.
    fn filled(&self) -> String {
        let named = [
            ("decided_at", self.decided_at.is_some()),
            ("decided_by", self.decided_by.is_some()),
            ("reported", self.reported.is_some()),
            ("session_id", self.session_id.is_some()),
            ("auth_time", self.auth_time.is_some()),
            ("amr", self.amr.is_some()),
            ("redeemed_at", self.redeemed_at.is_some()),
            ("last_issue", self.last_issue.is_some()),
            ("family_id", self.family_id.is_some()),
            ("replaced", self.replaced.is_some()),
        ];
        let filled: Vec<&str> = named.iter().filter(|(_, filled)| *filled).map(|(name, _)| *name).collect();
        if filled.is_empty() { "no facts".to_owned() } else { filled.join(", ") }
    }
}

fn approval(at: Timestamp, user_id: UserId, session_id: SessionId, auth_time: Timestamp, amr: &[Amr]) -> Approval {
    Approval { at, user_id, session_id, auth_time, amr: amr.to_vec() }
}
