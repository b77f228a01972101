//! Names of the audit events, and of what came of them.

use crate::telemetry::label::labels;

labels! {
    /// Names of the audit events.
    pub enum AuditKind: "event" {
        /// [`super::AuditEvent::Start`]
        Start => "start",
        /// [`super::AuditEvent::Display`]
        Display => "display",
        /// [`super::AuditEvent::Fail`]
        Fail => "fail",
        /// [`super::AuditEvent::Approve`]
        Approve => "approve",
        /// [`super::AuditEvent::Deny`]
        Deny => "deny",
        /// [`super::AuditEvent::Report`]
        Report => "report",
        /// [`super::AuditEvent::Redeem`]
        Redeem => "redeem",
        /// [`super::AuditEvent::Refresh`]
        Refresh => "refresh",
        /// [`super::AuditEvent::Replay`]
        Replay => "replay",
        /// [`super::AuditEvent::Revoke`]
        Revoke => "revoke",
        /// [`super::AuditEvent::SignIn`]
        SignIn => "sign_in",
        /// [`super::AuditEvent::SignInFailed`]
        SignInFailed => "sign_in_failed",
        /// [`super::AuditEvent::SignOut`]
        SignOut => "sign_out",
        /// [`super::AuditEvent::PasswordChanged`]
        PasswordChanged => "password_changed",
        /// [`super::AuditEvent::SessionEnded`]
        SessionEnded => "session_ended",
        /// [`super::AuditEvent::ClientRegistered`]
        ClientRegistered => "client_registered",
        /// [`super::AuditEvent::ClientReregistered`]
        ClientReregistered => "client_reregistered",
        /// [`super::AuditEvent::ClientUnregistered`]
        ClientUnregistered => "client_unregistered",
        /// [`super::AuditEvent::ClientRefused`]
        ClientRefused => "client_refused",
    }
}

labels! {
    /// Why an entered code opened nothing.
    pub enum FailCause: "outcome" {
        /// No live code is like it
        Unknown => "unknown",
        /// Decided or expired
        Over => "over",
        /// Shown to too many accounts
        Locked => "locked",
        /// A limit refused to look
        Limited => "limited",
    }
}

labels! {
    /// By whose word a client registered itself.
    pub enum RegisteredBy: "outcome" {
        /// By nobody's: registration is open
        Nobody => "nobody",
        /// By that of an issuer of software statements
        Statement => "software_statement",
        /// By the operator's, in an initial access token
        Token => "initial_access_token",
    }
}

labels! {
    /// What a replay led to.
    pub enum ReplayOutcome: "outcome" {
        /// `invalid_grant`, nothing touched
        Refused => "refused",
        /// A replacement was issued, the first family died
        Replaced => "replaced",
        /// `invalid_grant`, and the family was revoked
        Revoked => "revoked",
    }
}

labels! {
    /// Who took tokens back.
    pub enum RevokedBy: "outcome" {
        /// The client
        Client => "client",
        /// The person
        Person => "person",
        /// An administrator
        Administrator => "administrator",
        /// The server, after a replay
        Replay => "replay",
    }
}

labels! {
    /// Why a sign-in failed.
    pub enum SignInCause: "outcome" {
        /// Wrong name or password; which of them is not told
        Credentials => "credentials",
        /// The account is locked
        Locked => "locked",
        /// A limit refused to look
        Limited => "limited",
    }
}

labels! {
    /// How a session was ended.
    pub enum SessionEnd: "outcome" {
        /// In the list of sessions
        Ended => "ended",
        /// With "this was not me": devices lose their access too
        NotMe => "not_me",
        /// All of them
        Everywhere => "everywhere",
        /// All of them, and the devices too
        EverywhereAndDevices => "everywhere_and_devices",
        /// By a change of password
        PasswordChange => "password_change",
    }
}
