//! The trail as an operator reads it.

use std::io;
use std::sync::{Arc, Mutex};

use proto::model::{AddressOrigin, ClientAddress, ClientId, GrantId, SessionId, UserId};

use super::{AuditEvent, AuditKind, FailCause, Party, RegisteredBy, ReplayOutcome, RevokedBy, SessionEnd, SignInCause};
use crate::telemetry::{Label, LogFormat, LogSettings, Metrics, RequestId, Route, subscriber};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged while `say` runs, with the time cut off.
fn logged(format: LogFormat, level: &str, say: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let settings = LogSettings { level: level.parse().unwrap(), format, colour: false };
    let writer = lines.clone();
    tracing::subscriber::with_default(subscriber(&settings, move || writer.clone()), say);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn party(client: &ClientId) -> Party<'_> {
    Party {
        client,
        grant: GrantId::from_bytes([1; 16]),
        initiator: ClientAddress::direct("198.51.100.7".parse().unwrap()),
        user: UserId::from_bytes([2; 16]),
        approver: ClientAddress { ip: "10.0.0.1".parse().unwrap(), origin: AddressOrigin::Unknown },
    }
}

#[test]
fn an_event_is_one_json_object_with_its_context() {
    let client = ClientId::parse("tv").unwrap();
    let metrics = Metrics::default();
    let lines = logged(LogFormat::Json, "off", || {
        AuditEvent::Approve(party(&client)).record(RequestId::from_bits(0xab), &metrics);
    });
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
    event.as_object_mut().unwrap().remove("timestamp");
    assert_eq!(
        event,
        serde_json::json!({
            "level": "INFO",
            "target": "audit",
            "event": "approve",
            "request": "00000000000000ab",
            "client_id": "tv",
            "grant": "grt_01010101010101010101010101010101",
            "user": "usr_02020202020202020202020202020202",
            "initiator": "198.51.100.7",
            "initiator_known": true,
            "approver": "10.0.0.1",
            "approver_known": false,
        })
    );
    assert_eq!(metrics.audit_events.value(AuditKind::Approve), 1);
}

#[test]
fn every_event_has_its_own_name_and_is_written() {
    let client = &ClientId::parse("tv").unwrap();
    let Party { grant, initiator, user, approver, .. } = party(client);
    let session = SessionId::from_bytes([3; 16]);
    let events = [
        AuditEvent::Start { client, grant, initiator },
        AuditEvent::Display(party(client)),
        AuditEvent::Fail { user: Some(user), approver, cause: FailCause::Unknown },
        AuditEvent::Approve(party(client)),
        AuditEvent::Deny(party(client)),
        AuditEvent::Report(party(client)),
        AuditEvent::Redeem { client, grant, user, initiator },
        AuditEvent::Refresh { client, grant, user, initiator },
        AuditEvent::Replay { client, grant, initiator, outcome: ReplayOutcome::Revoked },
        AuditEvent::Revoke { client, grant, user: Some(user), by: RevokedBy::Person, approver: Some(approver) },
        AuditEvent::SignIn { user, session, approver },
        AuditEvent::SignInFailed { user: None, approver, cause: SignInCause::Credentials },
        AuditEvent::SignOut { user, session, approver },
        AuditEvent::PasswordChanged { user, approver },
        AuditEvent::SessionEnded { user, session: None, how: SessionEnd::EverywhereAndDevices, approver },
        AuditEvent::ClientRegistered { client, initiator, by: RegisteredBy::Token },
        AuditEvent::ClientReregistered { client, initiator },
        AuditEvent::ClientUnregistered { client, initiator },
        AuditEvent::ClientRefused { client, initiator },
    ];
    let metrics = Metrics::default();
    let lines = logged(LogFormat::Text, "off", || {
        for event in &events {
            event.record(RequestId::from_bits(1), &metrics);
        }
    });
    assert_eq!(lines.len(), events.len());
    for (kind, line) in AuditKind::ALL.iter().zip(&lines) {
        assert!(line.contains(&format!("event=\"{}\"", kind.name())), "{line}");
        assert_eq!(metrics.audit_events.value(*kind), 1);
    }
}

#[test]
fn a_client_id_cannot_forge_a_line() {
    // A ClientId is printable ASCII already; the trail does not rely on it.
    let client = ClientId::parse("tv\" event=\"approve").unwrap();
    let lines = logged(LogFormat::Json, "info", || {
        AuditEvent::Deny(party(&client)).record(RequestId::from_bits(1), &Metrics::default());
    });
    let event: serde_json::Value = serde_json::from_str(lines.first().unwrap()).unwrap();
    assert_eq!(event.get("event").unwrap(), "deny");
}

#[test]
fn lines_of_a_request_carry_its_id() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let lines = logged(format, "info", || {
            let span = RequestId::from_bits(0xfeed).span(&http::Method::POST, Route::SignIn);
            span.in_scope(|| tracing::warn!(cause = "example", "refused"));
        });
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        for part in ["000000000000feed", "sign_in", "POST", "refused"] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}
