//! Rows of `grants`. Which columns are filled depends on the state: all of them are matched at once, and any other
//! combination is named corruption.

use proto::Timestamp;
use proto::model::{Amr, Approval, FamilyId, Grant, GrantState, Redemption, SessionId, UserId};

use super::{Columns, Description, Table};
use crate::postgres::column::Column as _;
use crate::postgres::value::Kind::{Bool, Bytes, Integer, Text};
use crate::postgres::value::Value;
use crate::view::Load;

impl Table for Grant {
    const TABLE: Description = Description::new(
        "grants",
        &[
            ("id", Bytes),
            ("device_code", Bytes),
            ("user_code", Bytes),
            ("client_id", Text),
            ("scope", Text),
            ("resources", Text),
            ("dpop", Bytes),
            ("code_challenge", Bytes),
            ("device_name", Text),
            ("ip", Text),
            ("ip_origin", Text),
            ("created_at", Integer),
            ("expires_at", Integer),
            ("forget_at", Integer),
            ("interval_ms", Integer),
            ("hold_ms", Integer),
            ("state", Text),
            ("decided_at", Integer),
            ("decided_by", Bytes),
            ("reported", Bool),
            ("session_id", Bytes),
            ("auth_time", Integer),
            ("amr", Text),
            ("redeemed_at", Integer),
            ("last_issue", Integer),
            ("family_id", Bytes),
            ("replaced", Bool),
        ],
    );

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
            interval: {
                let _forget_at: Timestamp = columns.next()?;
                columns.next()?
            },
            hold: columns.next()?,
            state: Facts::read(columns)?.into_state(columns)?,
            version: columns.next()?,
        };
        if grant.device_code.grant_id() != grant.id {
            return Err(columns.corrupt("device_code is that of another grant"));
        }
        Ok(grant)
    }

    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        let facts = Facts::of(&self.state);
        values.extend([
            self.id.write(),
            self.device_code.write(),
            self.user_code.write(),
            self.client_id.write(),
            self.scope.write(),
            self.resources.write(),
            self.dpop.write(),
            self.code_challenge.write(),
            self.device_name.write(),
            self.requester.ip.write(),
            self.requester.origin.write(),
            self.created_at.write(),
            self.expires_at.write(),
            self.tombstone_until().write().into_owned(),
            self.interval.write(),
            self.hold.write(),
            facts.state.into(),
            facts.decided_at.write().into_owned(),
            facts.decided_by.write().into_owned(),
            facts.reported.write().into_owned(),
            facts.session_id.write().into_owned(),
            facts.auth_time.write().into_owned(),
            facts.amr.write().into_owned(),
            facts.redeemed_at.write().into_owned(),
            facts.last_issue.write().into_owned(),
            facts.family_id.write().into_owned(),
            facts.replaced.write().into_owned(),
        ]);
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
