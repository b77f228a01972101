//! `countersign status`: who is signed in, until when, with which scopes. Reads what is kept, asks nobody.

use client::{Environment, Plain, System};
use serde_json::json;

use crate::arguments;
use crate::exit::{Exit, Failure, print};
use crate::{calendar, command};

pub(crate) fn run(arguments: &arguments::Status) -> Result<(), Failure> {
    let name = &arguments.of.profile;
    let session = command::session(name)?;
    let now = System::new().now().wall;
    let (valid, renewable) = (session.is_valid(now), session.refresh_token.is_some());
    let text = |text: &Option<String>, most| text.as_deref().map(|text| Plain::new(text, most));
    let (person, scope) = (text(&session.name, 64), text(&session.scope, 4096));
    if arguments.json {
        let status = json!({
            "profile": name.as_str(),
            "issuer": session.issuer,
            "client_id": session.client_id,
            "name": person,
            "subject": text(&session.subject, 255),
            "scope": scope,
            "expires_at": session.expires_at.map(calendar::iso),
            "renewable": renewable,
            "token_type": session.token_type.as_str(),
            "key": session.proof_key.as_ref().map(client::ProofKey::jkt),
            "valid": valid,
        });
        print(&status.to_string())?;
    } else {
        let who = person.map(|person| format!(" as {person}")).unwrap_or_default();
        let until = match session.expires_at {
            None => "no stated end".to_owned(),
            Some(end) if valid => format!("until {}", calendar::local(end, now)),
            Some(end) => format!("ended {}", calendar::local(end, now)),
        };
        let renews = if renewable { ", renews by itself" } else { "" };
        let mut lines = vec![
            format!("Signed in to {}{who}", session.issuer),
            format!("  application  {}", session.client_id),
            format!("  access       {until}{renews}"),
        ];
        if session.proof_key.is_some() {
            lines.push("  bound        to a key of this device (DPoP)".to_owned());
        }
        if let Some(scope) = scope {
            lines.push(format!("  granted      {scope}"));
        }
        print(&lines.join("\n"))?;
    }
    if valid || renewable {
        return Ok(());
    }
    Err(Failure::new(Exit::NotSignedIn, "not_signed_in", "The access has ended.")
        .advise(format!("Run {} again.", command::command("login", name))))
}
