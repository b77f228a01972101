//! A grant as it is shown: what was asked, what became of it, and how long it gives access. No code and no token.

use std::collections::BTreeMap;
use std::io::{self, Write};

use proto::Timestamp;
use proto::grant::redeem::GRACE;
use proto::model::{AddressOrigin, Family, Grant, GrantId, GrantState, UserId, UserName};
use serde::{Serialize, Serializer};

use super::super::output::{self, Table, time};

/// How a grant stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A person said yes; the device has not come for its token yet.
    Approved,
    /// A person said no.
    Denied,
    /// Its access ended by itself.
    Ended,
    /// Its codes ended before anything came of it.
    Expired,
    /// It gives access.
    Live,
    /// Nobody decided yet.
    Pending,
    /// A person said that they did not start it.
    Reported,
    /// Its access was taken back.
    Revoked,
}

/// One grant.
#[derive(Serialize)]
pub(super) struct Listed {
    id: String,
    client: String,
    state: Standing,
    scopes: Vec<String>,
    /// Who decided; nothing when they were removed, or nobody did.
    user: Option<String>,
    user_id: Option<String>,
    /// The device's own claim.
    device_name: Option<String>,
    /// Where the device asked from.
    address: Option<String>,
    /// Whether that is the device's own, and not that of a proxy which did not say.
    address_known: Option<bool>,
    #[serde(serialize_with = "some_time")]
    asked_at: Option<Timestamp>,
    #[serde(serialize_with = "some_time")]
    codes_end_at: Option<Timestamp>,
    #[serde(serialize_with = "some_time")]
    decided_at: Option<Timestamp>,
    #[serde(serialize_with = "some_time")]
    token_at: Option<Timestamp>,
    #[serde(serialize_with = "some_time")]
    access_until: Option<Timestamp>,
    #[serde(serialize_with = "some_time")]
    revoked_at: Option<Timestamp>,
    /// What the list is sorted by.
    #[serde(skip)]
    pub(super) at: Timestamp,
}

impl Standing {
    pub(super) fn of(grant: Option<&Grant>, family: Option<&Family>, now: Timestamp) -> Self {
        let of_family = |family: Option<&Family>| match family {
            Some(family) if family.revoked_at.is_some() => Self::Revoked,
            Some(family) if family.is_live(now) => Self::Live,
            Some(_) | None => Self::Ended,
        };
        let Some(grant) = grant else { return of_family(family) };
        match &grant.state {
            GrantState::Approved(_) if now < grant.expires_at + GRACE => Self::Approved,
            GrantState::Pending if now < grant.expires_at => Self::Pending,
            GrantState::Approved(_) | GrantState::Pending => Self::Expired,
            GrantState::Denied { reported: true, .. } => Self::Reported,
            GrantState::Denied { reported: false, .. } => Self::Denied,
            GrantState::Redeemed(..) => of_family(family),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Ended => "ended",
            Self::Expired => "expired",
            Self::Live => "live",
            Self::Pending => "pending",
            Self::Reported => "reported",
            Self::Revoked => "revoked",
        }
    }
}

impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Who decided a grant.
pub(super) fn decided_by(grant: Option<&Grant>, family: Option<&Family>) -> Option<UserId> {
    let of_grant = grant.and_then(|grant| match &grant.state {
        GrantState::Approved(approval) | GrantState::Redeemed(approval, _) => Some(approval.user_id),
        GrantState::Denied { by, .. } => Some(*by),
        GrantState::Pending => None,
    });
    of_grant.or(family.map(|family| family.user_id))
}

impl Listed {
    /// Nothing when neither the grant nor its family is known.
    pub(super) fn of(
        id: GrantId,
        grant: Option<&Grant>,
        family: Option<&Family>,
        names: &BTreeMap<UserId, UserName>,
        now: Timestamp,
    ) -> Option<Self> {
        let (client, scope) = match (grant, family) {
            (_, Some(family)) => (&family.client_id, &family.scope),
            (Some(grant), None) => (&grant.client_id, &grant.scope),
            (None, None) => return None,
        };
        let state = Standing::of(grant, family, now);
        let user = decided_by(grant, family);
        let decided_at = grant.and_then(|grant| match &grant.state {
            GrantState::Approved(approval) | GrantState::Redeemed(approval, _) => Some(approval.at),
            GrantState::Denied { at, .. } => Some(*at),
            GrantState::Pending => None,
        });
        let address_known = |grant: &Grant| match grant.requester.origin {
            AddressOrigin::Direct | AddressOrigin::Forwarded => true,
            AddressOrigin::Unknown => false,
        };
        let asked_at = grant.map(|grant| grant.created_at);
        let token_at = family.map(|family| family.issued_at);
        Some(Self {
            id: id.to_string(),
            client: client.to_string(),
            state,
            scopes: scope.iter().map(str::to_owned).collect(),
            user: user.and_then(|id| names.get(&id)).map(ToString::to_string),
            user_id: user.map(|id| id.to_string()),
            device_name: grant.and_then(|grant| grant.device_name.clone()),
            address: grant.map(|grant| grant.requester.ip.to_string()),
            address_known: grant.map(address_known),
            asked_at,
            codes_end_at: grant.map(|grant| grant.expires_at),
            decided_at,
            token_at,
            access_until: family.map(|family| family.expires_at),
            revoked_at: family.and_then(|family| family.revoked_at),
            at: asked_at.or(token_at).unwrap_or_default(),
        })
    }

    /// The person by name, by identifier when they were removed.
    fn who(&self) -> String {
        self.user.clone().or_else(|| self.user_id.clone()).unwrap_or_default()
    }

    pub(super) fn facts(&self, out: &mut dyn Write) -> io::Result<()> {
        let known = if self.address_known == Some(false) { " (of a proxy, which did not say whose)" } else { "" };
        let facts = [
            ("Id", self.id.clone()),
            ("State", self.state.name().to_owned()),
            ("Client", self.client.clone()),
            ("Scopes", self.scopes.join(" ")),
            ("Device says it is", self.device_name.clone().unwrap_or_default()),
            ("Asked from", self.address.as_ref().map(|address| format!("{address}{known}")).unwrap_or_default()),
            ("Asked at", shown(self.asked_at)),
            ("Codes end", shown(self.codes_end_at)),
            ("Decided by", self.who()),
            ("Decided at", shown(self.decided_at)),
            ("First token", shown(self.token_at)),
            ("Access until", shown(self.access_until)),
            ("Revoked at", shown(self.revoked_at)),
        ];
        output::facts(&facts, out)
    }
}

/// Grants for people.
pub(super) fn table(listed: &[Listed]) -> Table<7> {
    let mut table = Table::new(["ID", "STATE", "CLIENT", "USER", "FROM", "ASKED", "ACCESS UNTIL"]);
    for grant in listed {
        table.row([
            grant.id.clone(),
            grant.state.name().to_owned(),
            grant.client.clone(),
            grant.who(),
            grant.address.clone().unwrap_or_default(),
            shown(Some(grant.at)),
            shown(grant.access_until.filter(|_| grant.state == Standing::Live)),
        ]);
    }
    table
}

fn shown(moment: Option<Timestamp>) -> String {
    moment.map(time).unwrap_or_default()
}

fn some_time<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    moment.map(time).serialize(serializer)
}
