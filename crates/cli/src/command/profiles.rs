//! `countersign profile …`: the servers that are remembered.

use client::{FileVault, ProfileName};
use serde::Serialize;
use serde_json::Value;

use crate::arguments::ProfileCommand;
use crate::exit::{Failure, print, say};
use crate::profile::{Profile, Profiles};
use crate::{command, explain};
use client::terminal::Terminal;

pub(crate) fn run(command: ProfileCommand) -> Result<(), Failure> {
    let mut profiles = Profiles::load()?;
    let vault = command::store::vault()?;
    match command {
        ProfileCommand::List { json } => list(&profiles, &vault, json),
        ProfileCommand::Show { of, json } => {
            let profile = profiles.find(&of.profile).ok_or_else(|| unknown(&of.profile))?;
            let value = as_json(of.profile.as_str(), profile, &vault)?;
            if json { print(&value.to_string()) } else { print(&lines(&value)) }
        }
        ProfileCommand::Add { profile: name, server } => {
            let profile = Profile::merge(&name, *server, None)?;
            profile.checked_issuer()?;
            profiles.put(&name, profile)?;
            say(&format!("{} Added. Sign in with {}.", Terminal::stderr().tick(), command::command("login", &name)));
            Ok(())
        }
        ProfileCommand::Remove { profile: name } => {
            if is_signed_in(&name, &vault)? {
                return Err(Failure::usage("Somebody is signed in with this profile.")
                    .advise(format!("Run {} first.", command::command("logout", &name))));
            }
            if profiles.remove(&name)? { Ok(()) } else { Err(unknown(&name)) }
        }
    }
}

fn list(profiles: &Profiles, vault: &FileVault, json: bool) -> Result<(), Failure> {
    if json {
        let all: Result<Vec<Value>, Failure> =
            profiles.iter().map(|(name, profile)| as_json(name, profile, vault)).collect();
        return print(&Value::from(all?).to_string());
    }
    let width = profiles.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, profile) in profiles.iter() {
        let state = if signed_in(name, vault)? { "  signed in" } else { "" };
        print(&format!("{name:width$}  {}{state}", profile.issuer))?;
    }
    if width == 0 {
        say("There is no profile yet. `countersign login` makes one.");
    }
    Ok(())
}

fn as_json(name: &str, profile: &Profile, vault: &FileVault) -> Result<Value, Failure> {
    /// A profile with its name and whether it is in use.
    #[derive(Serialize)]
    struct Listed<'a> {
        profile: &'a str,
        signed_in: bool,
        #[serde(flatten)]
        of: &'a Profile,
    }
    let signed_in = signed_in(name, vault)?;
    serde_json::to_value(Listed { profile: name, signed_in, of: profile })
        .map_err(|error| Failure::unexpected(error.to_string()))
}

/// One member a line, as `name: value`.
fn lines(value: &Value) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| format!("{name}: {}", text(value))).collect::<Vec<_>>().join("\n")
}

/// Names in the file may be anything; only one that is a name can have a session.
fn signed_in(name: &str, vault: &FileVault) -> Result<bool, Failure> {
    name.parse().map_or(Ok(false), |name| is_signed_in(&name, vault))
}

fn is_signed_in(name: &ProfileName, vault: &FileVault) -> Result<bool, Failure> {
    vault.has(name).map_err(|error| explain::vault(&error))
}

fn unknown(name: &ProfileName) -> Failure {
    Failure::usage(format!("There is no profile {:?}.", name.as_str()))
        .advise("`countersign profile list` shows them all.")
}
