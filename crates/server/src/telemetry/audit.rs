//! The audit trail: who asked, who decided, what came of it, on target `audit`.
//!
//! Every field an event may have stands in [`Fields`], and none can hold a secret, a user code or a text of a stranger
//! that was not cleaned. A sign-in that failed does not name what was typed: people type passwords there.

mod outcome;

use std::net::IpAddr;

use proto::model::{AddressOrigin, ClientAddress, ClientId, GrantId, SessionId, UserId};

use super::{AUDIT_TARGET, LogText, Metrics, RequestId};

pub use outcome::{AuditKind, FailCause, RegisteredBy, ReplayOutcome, RevokedBy, SessionEnd, SignInCause};

/// Whose grant, who approves, from where: the facts that an investigation of a phishing case needs (RFC 10027 §6.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party<'a> {
    /// The client that asked.
    pub client: &'a ClientId,
    /// The grant.
    pub grant: GrantId,
    /// Where the device asked from.
    pub initiator: ClientAddress,
    /// The person at the browser.
    pub user: UserId,
    /// Where their browser is.
    pub approver: ClientAddress,
}

/// One event of the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditEvent<'a> {
    /// A device asked for a code.
    Start {
        /// The client that asked.
        client: &'a ClientId,
        /// The new grant.
        grant: GrantId,
        /// Where the device asked from.
        initiator: ClientAddress,
    },
    /// The decision page was shown to a signed-in person.
    Display(Party<'a>),
    /// A code was entered that opened nothing.
    Fail {
        /// The person, when signed in.
        user: Option<UserId>,
        /// Where their browser is.
        approver: ClientAddress,
        /// Why.
        cause: FailCause,
    },
    /// Approved.
    Approve(Party<'a>),
    /// Denied.
    Deny(Party<'a>),
    /// Denied, with "I did not start this".
    Report(Party<'a>),
    /// Tokens were issued for a grant.
    Redeem {
        /// The client.
        client: &'a ClientId,
        /// The grant.
        grant: GrantId,
        /// The person who approved.
        user: UserId,
        /// Where the device is now.
        initiator: ClientAddress,
    },
    /// Access was renewed with a refresh token.
    Refresh {
        /// The client.
        client: &'a ClientId,
        /// The grant.
        grant: GrantId,
        /// The person who approved.
        user: UserId,
        /// Where the device is now.
        initiator: ClientAddress,
    },
    /// A redeemed code or a superseded token was presented again.
    Replay {
        /// The client that presented it.
        client: &'a ClientId,
        /// The grant.
        grant: GrantId,
        /// Where from.
        initiator: ClientAddress,
        /// What came of it.
        outcome: ReplayOutcome,
    },
    /// What a grant gave was taken back.
    Revoke {
        /// The client that loses it.
        client: &'a ClientId,
        /// The grant.
        grant: GrantId,
        /// The person whose it was; nobody's, when nobody had decided yet.
        user: Option<UserId>,
        /// Who took it back.
        by: RevokedBy,
        /// Where from, when it came over HTTP.
        approver: Option<ClientAddress>,
    },
    /// A person signed in.
    SignIn {
        /// The person.
        user: UserId,
        /// The new session.
        session: SessionId,
        /// Where their browser is.
        approver: ClientAddress,
    },
    /// A person did not sign in.
    SignInFailed {
        /// The account, when there is one of that name.
        user: Option<UserId>,
        /// Where the browser is.
        approver: ClientAddress,
        /// Why.
        cause: SignInCause,
    },
    /// A person signed out.
    SignOut {
        /// The person.
        user: UserId,
        /// The session that ended.
        session: SessionId,
        /// Where their browser is.
        approver: ClientAddress,
    },
    /// A person changed their password.
    PasswordChanged {
        /// The person.
        user: UserId,
        /// Where their browser is.
        approver: ClientAddress,
    },
    /// A person ended a session other than by signing out of it.
    SessionEnded {
        /// The person.
        user: UserId,
        /// The session that ended; none when all of them did.
        session: Option<SessionId>,
        /// How.
        how: SessionEnd,
        /// Where the browser is that ended it.
        approver: ClientAddress,
    },
    /// A client registered itself.
    ClientRegistered {
        /// The new client.
        client: &'a ClientId,
        /// Where from.
        initiator: ClientAddress,
        /// By whose word.
        by: RegisteredBy,
    },
    /// A client that registered itself changed its registration.
    ClientReregistered {
        /// The client.
        client: &'a ClientId,
        /// Where from.
        initiator: ClientAddress,
    },
    /// A client that registered itself ended that.
    ClientUnregistered {
        /// The client.
        client: &'a ClientId,
        /// Where from.
        initiator: ClientAddress,
    },
    /// A client did not prove who it is.
    ClientRefused {
        /// The client it said it is; perhaps there is none of that name.
        client: &'a ClientId,
        /// Where from.
        initiator: ClientAddress,
    },
}

/// Every field the trail knows.
#[derive(Default)]
struct Fields<'a> {
    client_id: Option<&'a ClientId>,
    grant: Option<GrantId>,
    user: Option<UserId>,
    session: Option<SessionId>,
    initiator: Option<ClientAddress>,
    approver: Option<ClientAddress>,
    outcome: Option<&'static str>,
}

impl<'a> AuditEvent<'a> {
    /// Its name.
    #[must_use]
    pub const fn kind(&self) -> AuditKind {
        match self {
            Self::Start { .. } => AuditKind::Start,
            Self::Display(_) => AuditKind::Display,
            Self::Fail { .. } => AuditKind::Fail,
            Self::Approve(_) => AuditKind::Approve,
            Self::Deny(_) => AuditKind::Deny,
            Self::Report(_) => AuditKind::Report,
            Self::Redeem { .. } => AuditKind::Redeem,
            Self::Refresh { .. } => AuditKind::Refresh,
            Self::Replay { .. } => AuditKind::Replay,
            Self::Revoke { .. } => AuditKind::Revoke,
            Self::SignIn { .. } => AuditKind::SignIn,
            Self::SignInFailed { .. } => AuditKind::SignInFailed,
            Self::SignOut { .. } => AuditKind::SignOut,
            Self::PasswordChanged { .. } => AuditKind::PasswordChanged,
            Self::SessionEnded { .. } => AuditKind::SessionEnded,
            Self::ClientRegistered { .. } => AuditKind::ClientRegistered,
            Self::ClientReregistered { .. } => AuditKind::ClientReregistered,
            Self::ClientUnregistered { .. } => AuditKind::ClientUnregistered,
            Self::ClientRefused { .. } => AuditKind::ClientRefused,
        }
    }

    /// Writes it to the trail and counts it.
    pub fn record(&self, request: RequestId, metrics: &Metrics) {
        let kind = self.kind();
        metrics.audit_events.count(kind);
        let Fields { client_id, grant, user, session, initiator, approver, outcome } = self.fields();
        tracing::info!(
            target: AUDIT_TARGET,
            event = kind.name(),
            request = %request,
            client_id = client_id.map(|client| display(LogText(client.as_str()))),
            grant = grant.map(display),
            user = user.map(display),
            session = session.map(display),
            initiator = initiator.map(ip).map(display),
            initiator_known = initiator.map(is_known),
            approver = approver.map(ip).map(display),
            approver_known = approver.map(is_known),
            outcome,
        );
    }

    fn fields(&self) -> Fields<'a> {
        match *self {
            Self::Start { client, grant, initiator } => {
                Fields { client_id: Some(client), grant: Some(grant), initiator: Some(initiator), ..Fields::default() }
            }
            Self::Display(party) | Self::Approve(party) | Self::Deny(party) | Self::Report(party) => {
                Fields::from(party)
            }
            Self::Fail { user, approver, cause } => {
                Fields { user, approver: Some(approver), outcome: Some(cause.name()), ..Fields::default() }
            }
            Self::Redeem { client, grant, user, initiator } | Self::Refresh { client, grant, user, initiator } => {
                Fields {
                    client_id: Some(client),
                    grant: Some(grant),
                    user: Some(user),
                    initiator: Some(initiator),
                    ..Fields::default()
                }
            }
            Self::Replay { client, grant, initiator, outcome } => Fields {
                client_id: Some(client),
                grant: Some(grant),
                initiator: Some(initiator),
                outcome: Some(outcome.name()),
                ..Fields::default()
            },
            Self::Revoke { client, grant, user, by, approver } => Fields {
                client_id: Some(client),
                grant: Some(grant),
                user,
                approver,
                outcome: Some(by.name()),
                ..Fields::default()
            },
            Self::SignIn { user, session, approver } | Self::SignOut { user, session, approver } => {
                Fields { user: Some(user), session: Some(session), approver: Some(approver), ..Fields::default() }
            }
            Self::SignInFailed { user, approver, cause } => {
                Fields { user, approver: Some(approver), outcome: Some(cause.name()), ..Fields::default() }
            }
            Self::PasswordChanged { user, approver } => {
                Fields { user: Some(user), approver: Some(approver), ..Fields::default() }
            }
            Self::SessionEnded { user, session, how, approver } => Fields {
                user: Some(user),
                session,
                approver: Some(approver),
                outcome: Some(how.name()),
                ..Fields::default()
            },
            Self::ClientRegistered { client, initiator, by } => Fields {
                client_id: Some(client),
                initiator: Some(initiator),
                outcome: Some(by.name()),
                ..Fields::default()
            },
            Self::ClientReregistered { client, initiator }
            | Self::ClientUnregistered { client, initiator }
            | Self::ClientRefused { client, initiator } => {
                Fields { client_id: Some(client), initiator: Some(initiator), ..Fields::default() }
            }
        }
    }
}

impl<'a> From<Party<'a>> for Fields<'a> {
    fn from(party: Party<'a>) -> Self {
        let Party { client, grant, initiator, user, approver } = party;
        Self {
            client_id: Some(client),
            grant: Some(grant),
            user: Some(user),
            initiator: Some(initiator),
            approver: Some(approver),
            ..Self::default()
        }
    }
}

fn ip(address: ClientAddress) -> IpAddr {
    address.ip
}

/// Whether the address is the person's or the device's, and not that of a proxy which did not say.
fn is_known(address: ClientAddress) -> bool {
    match address.origin {
        AddressOrigin::Direct | AddressOrigin::Forwarded => true,
        AddressOrigin::Unknown => false,
    }
}

#[cfg(test)]
mod tests;
