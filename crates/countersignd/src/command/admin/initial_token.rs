//! `countersignd initial-access-token …`: whom the operator lets register clients (RFC 7591 §1.2).

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand};
use flow::admin::NewInitialToken;
use proto::Timestamp;
use proto::model::{Ceiling, GrantType, InitialToken, InitialTokenId, Scope};
use proto::secret::InitialAccessToken;
use serde::Serialize;

use super::audit::Changed;
use super::deployment::{Deployment, Missing};
use super::options::{Choice, name, scope, scopes};
use super::output::{self, Table, say, time};
use crate::arguments::ConfigFile;
use crate::config::option;
use crate::failure::Failure;

/// Commands about initial access tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum InitialTokenCommand {
    /// Makes a token and prints it, once: with it programs register themselves at /oauth2/register
    #[command(after_help = ADD_HELP)]
    Add(Add),
    /// Lists all tokens, those that are no good any more too
    List {
        /// Prints a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Ends a token at once; clients that were registered with it stay
    Revoke(Which),
}

const ADD_HELP: &str = "Examples:\n  \
    countersignd initial-access-token add \"TV factory\" --grant device --scope openid profile --uses 5000 --lifetime 30d\n  \
    countersignd initial-access-token add test --grant device,refresh_token --scope openid offline_access\n\n\
    A client that registers with it is never more than --grant and --scope allow, also not later, and people are told that\n\
    nobody vouches for its name until you do: countersignd client edit ID --verified.";

/// A token to be made.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// What it is for, so that you know it again
    #[arg(value_name = "NOTE", value_parser = option::name)]
    note: String,
    /// What clients may use that register with it
    #[arg(
        long = "grant", value_name = "GRANT", required = true, num_args = 1.., value_delimiter = ',',
        value_parser = Choice::<GrantType>::new()
    )]
    grants: Vec<GrantType>,
    /// What they may ask for; with none, they learn only that somebody approved
    #[arg(long = "scope", value_name = "SCOPE", num_args = 1.., value_parser = scope)]
    scopes: Vec<Scope>,
    /// How many clients may be registered with it, or "unlimited"
    #[arg(long, value_name = "COUNT", default_value = "1", value_parser = uses)]
    uses: Limit<u32>,
    /// How long it is good, such as 12h or 30d, or "unlimited"
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = lifetime)]
    lifetime: Limit<Duration>,
    /// Prints a JSON object with the token
    #[arg(long)]
    json: bool,
}

/// Which token.
#[derive(Args, Debug)]
pub(crate) struct Which {
    /// The token's id, as `initial-access-token list` names it; not the token itself
    #[arg(value_name = "TOKEN_ID")]
    id: InitialTokenId,
}

/// A limit, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit<T> {
    At(T),
    None,
}

/// A token for programs.
#[derive(Serialize)]
struct TokenView<'a> {
    id: String,
    note: &'a str,
    grants: Vec<&'static str>,
    scopes: Vec<&'a str>,
    /// Null for any number.
    uses_left: Option<u32>,
    /// Null for never.
    expires_at: Option<String>,
    revoked_at: Option<String>,
    state: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

/// Runs one of them.
pub(super) async fn run(file: &ConfigFile, command: InitialTokenCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let missing = if matches!(command, InitialTokenCommand::Add(_)) { Missing::Make } else { Missing::Refuse };
    let on = Deployment::open(file, missing).await?;
    let result = match command {
        InitialTokenCommand::Add(new) => add(&on, &new, out).await,
        InitialTokenCommand::List { json } => list(&on, json, out).await,
        InitialTokenCommand::Revoke(which) => revoke(&on, which.id).await,
    };
    on.close(result).await
}

async fn add(on: &Deployment, new: &Add, out: &mut dyn Write) -> Result<(), Failure> {
    let wrong = |text: &str| Failure::Usage(format!("error: {text}"));
    let mut grants = new.grants.clone();
    grants.sort_by_key(|grant| name(*grant));
    grants.dedup();
    if !grants.contains(&GrantType::DeviceCode) {
        return Err(wrong("refresh tokens come of the device grant alone; say --grant device,refresh_token"));
    }
    let scopes = scopes(&new.scopes).map_err(|text| wrong(&text))?;
    let ceiling = Ceiling { grants, scopes };
    let (uses, lifetime) = (new.uses.value(), new.lifetime.value());
    let made = NewInitialToken { note: new.note.clone(), ceiling, uses, lifetime };
    let (token, row) = on.admin().add_initial_token(&made).await?;
    Changed::InitialTokenAdded(row.id).record();
    if new.json {
        output::json(&TokenView::of(&row, on.now(), Some(&token)), out)?;
    } else {
        writeln!(out, "{}", token.reveal())?;
    }
    say("The token is shown this once, and only a hash of it is kept.");
    if !on.flow().settings().registration.enabled {
        say("Clients cannot register themselves now: [registration] enabled is false.");
    }
    Ok(())
}

async fn list(on: &Deployment, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let tokens = on.admin().initial_tokens().await?;
    let views: Vec<TokenView<'_>> = tokens.iter().map(|token| TokenView::of(token, on.now(), None)).collect();
    if json {
        return output::json(&views, out);
    }
    if views.is_empty() {
        say("There is no initial access token. `countersignd initial-access-token add` makes one.");
    }
    let mut table = Table::new(["ID", "NOTE", "GRANTS", "SCOPES", "USES LEFT", "EXPIRES", "STATE"]);
    for view in views {
        table.row([
            view.id,
            view.note.to_owned(),
            view.grants.join(" "),
            view.scopes.join(" "),
            view.uses_left.map_or_else(|| "unlimited".to_owned(), |left| left.to_string()),
            view.expires_at.unwrap_or_else(|| "never".to_owned()),
            view.state.to_owned(),
        ]);
    }
    Ok(table.write(out)?)
}

async fn revoke(on: &Deployment, id: InitialTokenId) -> Result<(), Failure> {
    on.admin().revoke_initial_token(id).await?;
    Changed::InitialTokenRevoked(id).record();
    say(&format!("Initial access token {id} was revoked. Clients that were registered with it stay."));
    Ok(())
}

impl<'a> TokenView<'a> {
    fn of(token: &'a InitialToken, now: Timestamp, shown: Option<&'a InitialAccessToken>) -> Self {
        Self {
            id: token.id.to_string(),
            note: &token.note,
            grants: token.ceiling.grants.iter().map(|grant| name(*grant)).collect(),
            scopes: token.ceiling.scopes.iter().collect(),
            uses_left: token.uses_left,
            expires_at: token.expires_at.map(time),
            revoked_at: token.revoked_at.map(time),
            state: match (token.is_usable(now), token.revoked_at, token.uses_left) {
                (true, ..) => "good",
                (false, Some(_), _) => "revoked",
                (false, None, Some(0)) => "used up",
                (false, None, _) => "expired",
            },
            created_at: time(token.created_at),
            token: shown.map(InitialAccessToken::reveal),
        }
    }
}

impl<T> Limit<T> {
    fn value(self) -> Option<T> {
        match self {
            Self::At(value) => Some(value),
            Self::None => None,
        }
    }

    fn read(text: &str, value: impl Fn(&str) -> Result<T, String>) -> Result<Self, String> {
        if text == "unlimited" { Ok(Self::None) } else { value(text).map(Self::At) }
    }
}

fn uses(text: &str) -> Result<Limit<u32>, String> {
    let count = |text: &str| text.parse().ok().filter(|count| *count > 0);
    Limit::read(text, |text| count(text).ok_or_else(|| "a number such as 100, or unlimited".to_owned()))
}

fn lifetime(text: &str) -> Result<Limit<Duration>, String> {
    Limit::read(text, option::token_lifetime)
}
