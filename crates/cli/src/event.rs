//! The events of `--json`: one object a line on stdout, for programs that drive a sign-in. None carries a token or a
//! device code; everything a server sent is [`Plain`].

use client::Plain;
use serde::Serialize;

use crate::exit::{Failure, print};

/// One event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// What the person needs to see. Times are RFC 3339, intervals seconds.
    Code {
        user_code: &'a Plain,
        verification_uri: &'a Plain,
        verification_uri_complete: Option<&'a Plain>,
        expires_at: String,
        interval: u64,
    },
    /// The sign-in goes on without this process: `countersign wait` has its end.
    Detached { profile: &'a str },
    /// It is over.
    Failed { error: &'a str, message: &'a str, exit: u8 },
    /// Something to know before it begins.
    Note { message: &'a str },
    /// Not decided yet.
    Pending,
    /// A poll failed and will be repeated.
    Retry { reason: String, delay: u64 },
    /// The person approved.
    SignedIn {
        profile: &'a str,
        name: Option<&'a Plain>,
        scope: Option<Plain>,
        expires_at: Option<String>,
        token_type: &'static str,
        /// Where the tokens are kept: `keyring`, `file` or `none`.
        store: &'static str,
    },
    /// The server wants fewer polls.
    SlowDown { interval: u64 },
}

impl Event<'_> {
    /// Writes the event, at once.
    pub(crate) fn send(&self) -> Result<(), Failure> {
        let line = serde_json::to_string(self).map_err(|error| Failure::unexpected(error.to_string()))?;
        print(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_look_as_promised() {
        let line = |event: &Event<'_>| serde_json::to_string(event).unwrap();
        let (code, uri) = (Plain::own("WDJB-MJHT"), Plain::own("https://id.example.com/device"));
        let shown = Event::Code {
            user_code: &code,
            verification_uri: &uri,
            verification_uri_complete: None,
            expires_at: "2027-01-15T08:00:00Z".to_owned(),
            interval: 5,
        };
        assert_eq!(
            line(&shown),
            r#"{"event":"code","user_code":"WDJB-MJHT","verification_uri":"https://id.example.com/device","verification_uri_complete":null,"expires_at":"2027-01-15T08:00:00Z","interval":5}"#
        );
        assert_eq!(line(&Event::Pending), r#"{"event":"pending"}"#);
        assert_eq!(line(&Event::SlowDown { interval: 10 }), r#"{"event":"slow_down","interval":10}"#);
        let failed = Event::Failed { error: "access_denied", message: "Declined on the other device.", exit: 3 };
        assert_eq!(
            line(&failed),
            r#"{"event":"failed","error":"access_denied","message":"Declined on the other device.","exit":3}"#
        );
        let signed_in = Event::SignedIn {
            profile: "default",
            name: None,
            scope: None,
            expires_at: None,
            token_type: "DPoP",
            store: "file",
        };
        assert_eq!(
            line(&signed_in),
            r#"{"event":"signed_in","profile":"default","name":null,"scope":null,"expires_at":null,"token_type":"DPoP","store":"file"}"#
        );
    }
}
