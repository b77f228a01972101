//! `countersignd user …`: the people with an account here.

use std::io::{self, Write};

use anyhow::anyhow;
use clap::{Args, Subcommand};
use flow::admin::{AdminError, NewUser, UserEdit};
use proto::model::{Session, User, UserName, UserState};
use serde::Serialize;

use super::audit::Changed;
use super::deployment::{Deployment, Missing};
use super::options::{display_name, email, user_name};
use super::output::{self, Table, say, time};
use super::password;
use crate::arguments::ConfigFile;
use crate::failure::Failure;

/// Commands about people.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Adds a person; their password is asked for twice, or read with --password-stdin
    Add(Add),
    /// Lists all people
    List {
        /// Prints a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Shows a person
    Show {
        #[command(flatten)]
        who: Who,
        /// Prints a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Changes what is given and leaves the rest
    Edit(Edit),
    /// Removes a person: their sessions end, and their devices get no token any more
    Remove(Who),
    /// Locks a person out: no sign-in, no decision and no token until they are unlocked
    Lock(Who),
    /// Lets a locked person in again
    Unlock(Who),
    /// Sets a person's password, ends their sessions, and signs out the devices they approved in them
    SetPassword {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        from: password::From,
    },
}

/// Which person.
#[derive(Args, Debug)]
pub(crate) struct Who {
    /// The name they sign in with
    #[arg(value_name = "NAME", value_parser = user_name)]
    name: UserName,
}

/// A person to be added.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The name they will sign in with; upper and lower case are the same
    #[arg(value_name = "NAME", value_parser = user_name)]
    name: UserName,
    /// What they are called
    #[arg(long, value_name = "TEXT", value_parser = display_name)]
    display_name: Option<String>,
    /// Their e-mail address, which applications learn with the scope "email"; nothing is sent to it
    #[arg(long, value_name = "ADDRESS", value_parser = email)]
    email: Option<String>,
    #[command(flatten)]
    from: password::From,
    /// Prints the person as a JSON object
    #[arg(long)]
    json: bool,
}

/// What is changed about a person.
#[derive(Args, Debug)]
pub(crate) struct Edit {
    #[command(flatten)]
    who: Who,
    /// What they are called; an empty text takes it away
    #[arg(long, value_name = "TEXT", value_parser = display_name)]
    display_name: Option<String>,
    /// Their e-mail address; an empty text takes it away
    #[arg(long, value_name = "ADDRESS", value_parser = email)]
    email: Option<String>,
    /// Prints the person as a JSON object
    #[arg(long)]
    json: bool,
}

/// A person for programs.
#[derive(Serialize)]
struct UserView<'a> {
    /// The subject (`sub`) of their tokens.
    id: String,
    name: &'a str,
    display_name: Option<&'a str>,
    email: Option<&'a str>,
    state: &'static str,
    has_password: bool,
    created_at: String,
}

/// Runs one of them.
pub(super) async fn run(file: &ConfigFile, command: UserCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let missing = if matches!(command, UserCommand::Add(_)) { Missing::Make } else { Missing::Refuse };
    let on = Deployment::open(file, missing).await?;
    let result = match command {
        UserCommand::Add(new) => add(&on, new, out).await,
        UserCommand::List { json } => list(&on, json, out).await,
        UserCommand::Show { who, json } => show(&on, &who.name, json, out).await,
        UserCommand::Edit(edit) => change(&on, edit, out).await,
        UserCommand::Remove(who) => remove(&on, &who.name).await,
        UserCommand::Lock(who) => set_state(&on, &who.name, UserState::Locked).await,
        UserCommand::Unlock(who) => set_state(&on, &who.name, UserState::Active).await,
        UserCommand::SetPassword { who, from } => set_password(&on, &who.name, from).await,
    };
    on.close(result).await
}

async fn add(on: &Deployment, new: Add, out: &mut dyn Write) -> Result<(), Failure> {
    // Said before a password is asked for; what counts is the commit.
    match on.admin().user(&new.name).await {
        Ok(_) => return Err(anyhow!("user {} exists already", new.name).into()),
        Err(AdminError::Unknown(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let password = password::read(new.from, &new.name).await?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let person = NewUser {
        name: new.name,
        display_name: given(new.display_name),
        email: given(new.email),
        password: Some(password),
    };
    let user = on.admin().add_user(&person).await?;
    Changed::UserAdded(user.id).record();
    say(&format!("User {} was added.", user.name));
    if new.json { output::json(&UserView::of(&user), out) } else { Ok(()) }
}

async fn list(on: &Deployment, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let users = on.admin().users().await?;
    if json {
        return output::json(&users.iter().map(UserView::of).collect::<Vec<_>>(), out);
    }
    if users.is_empty() {
        say("There is no user yet. `countersignd user add` makes one.");
    }
    let mut table = Table::new(["NAME", "DISPLAY NAME", "EMAIL", "STATE", "ADDED"]);
    for user in users {
        table.row([
            user.name.to_string(),
            user.display_name.unwrap_or_default(),
            user.email.unwrap_or_default(),
            state(user.state).to_owned(),
            time(user.created_at),
        ]);
    }
    Ok(table.write(out)?)
}

async fn show(on: &Deployment, name: &UserName, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let user = on.admin().user(name).await?;
    if json {
        return output::json(&UserView::of(&user), out);
    }
    let now = on.now();
    let is_live =
        |session: &&Session| session.ended_at.is_none() && session.revoked.is_none() && now < session.expires_at;
    let sessions = on.store().sessions_of(user.id).await?.iter().filter(is_live).count();
    Ok(facts(user, sessions, out)?)
}

fn facts(user: User, sessions: usize, out: &mut dyn Write) -> io::Result<()> {
    let password = if user.password.is_some() { "set" } else { "none: cannot sign in with one" };
    let facts = [
        ("Name", user.name.to_string()),
        ("Id (sub)", user.id.to_string()),
        ("Display name", user.display_name.unwrap_or_default()),
        ("E-mail", user.email.unwrap_or_default()),
        ("State", state(user.state).to_owned()),
        ("Password", password.to_owned()),
        ("Sessions", sessions.to_string()),
        ("Added", time(user.created_at)),
    ];
    output::facts(&facts, out)
}

async fn change(on: &Deployment, edit: Edit, out: &mut dyn Write) -> Result<(), Failure> {
    if edit.display_name.is_none() && edit.email.is_none() {
        return Err(Failure::Usage("error: say what to change: --display-name or --email".to_owned()));
    }
    let name = &edit.who.name;
    let user = on.admin().user(name).await?;
    let changed = UserEdit { display_name: edit.display_name, email: edit.email, state: None };
    on.admin().edit_user(name, &changed).await?;
    Changed::UserEdited(user.id).record();
    say(&format!("User {name} was changed."));
    if edit.json { show(on, name, true, out).await } else { Ok(()) }
}

async fn remove(on: &Deployment, name: &UserName) -> Result<(), Failure> {
    let user = on.admin().user(name).await?;
    on.admin().remove_user(name).await?;
    Changed::UserRemoved(user.id).record();
    say(&format!("User {name} was removed. Their sessions ended, and their devices get no token any more."));
    Ok(())
}

async fn set_state(on: &Deployment, name: &UserName, to: UserState) -> Result<(), Failure> {
    let user = on.admin().user(name).await?;
    if user.state == to {
        say(&format!("User {name} is {} already.", state(to)));
        return Ok(());
    }
    on.admin().edit_user(name, &UserEdit { state: Some(to), ..UserEdit::default() }).await?;
    match to {
        UserState::Active => {
            Changed::UserUnlocked(user.id).record();
            say(&format!("User {name} may sign in again."));
        }
        UserState::Locked => {
            Changed::UserLocked(user.id).record();
            say(&format!(
                "User {name} is locked: no sign-in, no decision and no token until `countersignd user unlock`."
            ));
        }
    }
    Ok(())
}

async fn set_password(on: &Deployment, name: &UserName, from: password::From) -> Result<(), Failure> {
    let user = on.admin().user(name).await?;
    let password = password::read(from, name).await?;
    on.admin().set_password(name, &password).await?;
    Changed::UserPasswordSet(user.id).record();
    say(&format!("The password of {name} was set. Their sessions ended, and so did what was approved in them."));
    Ok(())
}

impl<'a> UserView<'a> {
    fn of(user: &'a User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name.as_str(),
            display_name: user.display_name.as_deref(),
            email: user.email.as_deref(),
            state: state(user.state),
            has_password: user.password.is_some(),
            created_at: time(user.created_at),
        }
    }
}

const fn state(state: UserState) -> &'static str {
    match state {
        UserState::Active => "active",
        UserState::Locked => "locked",
    }
}
