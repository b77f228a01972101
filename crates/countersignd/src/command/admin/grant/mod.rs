//! `countersignd grant …`: what devices asked for and hold, and taking it back. A grant is forgotten some time after its
//! codes, what it gave lives on: then the family of its tokens stands for it.

mod view;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use proto::model::{ClientId, Family, Grant, GrantId, GrantState, UserId, UserName};
use server::telemetry::{AuditEvent, Metrics, RequestId, RevokedBy};
use store::load::{FamilyFilter, GrantFilter, GrantSelection};

use super::deployment::{Deployment, Missing};
use super::options::{client_id, user_name};
use super::output::{self, say};
use crate::arguments::ConfigFile;
use crate::failure::Failure;
use view::{Listed, Standing};

/// Commands about grants.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Lists grants, the newest first: those whose devices hold access, or others
    List(List),
    /// Shows a grant: who asked, from where, who decided, what it gave
    Show {
        #[command(flatten)]
        which: Which,
        /// Prints a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Takes back what a grant gave. Access tokens that an API checks by itself live out their time, a few minutes
    Revoke(Which),
}

/// Which grants.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Those whose devices hold access now; this is what is listed unless something else is said
    #[arg(long, group = "which")]
    live: bool,
    /// Those under way: waiting for a person, or for the device to fetch its token
    #[arg(long, group = "which")]
    pending: bool,
    /// All that are remembered, those that came to nothing too
    #[arg(long, group = "which")]
    all: bool,
    /// Only those that this person decided
    #[arg(long, value_name = "NAME", value_parser = user_name)]
    user: Option<UserName>,
    /// Only those of this client
    #[arg(long, value_name = "ID", value_parser = client_id)]
    client: Option<ClientId>,
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Prints a JSON array
    #[arg(long)]
    json: bool,
}

/// Which grant.
#[derive(Args, Debug)]
pub(crate) struct Which {
    /// The grant, as `grant list` names it
    #[arg(value_name = "GRANT_ID")]
    id: GrantId,
}

/// What is known of a grant: at least one of the two.
#[derive(Default)]
struct Known {
    grant: Option<Grant>,
    family: Option<Family>,
}

/// Runs one of them.
pub(super) async fn run(file: &ConfigFile, command: GrantCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let on = Deployment::open(file, Missing::Refuse).await?;
    let result = match command {
        GrantCommand::List(which) => list(&on, &which, out).await,
        GrantCommand::Show { which, json } => show(&on, which.id, json, out).await,
        GrantCommand::Revoke(which) => revoke(&on, which.id).await,
    };
    on.close(result).await
}

async fn list(on: &Deployment, which: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let user = match &which.user {
        Some(name) => Some(on.admin().user(name).await?.id),
        None => None,
    };
    let limit = usize::try_from(which.limit).unwrap_or(usize::MAX);
    let known = gather(on, which, user, limit).await?;
    let names = names(on, known.values()).await?;
    let mut listed: Vec<Listed> = known
        .iter()
        .filter_map(|(id, known)| Listed::of(*id, known.grant.as_ref(), known.family.as_ref(), &names, on.now()))
        .collect();
    listed.sort_by_key(|grant| Reverse(grant.at));
    let more = listed.len() > limit;
    listed.truncate(limit);
    if which.json {
        output::json(&listed, out)?;
    } else {
        view::table(&listed).write(out)?;
    }
    if listed.is_empty() {
        let what = if which.all {
            "is known"
        } else if which.pending {
            "is under way"
        } else {
            "gives access now"
        };
        say(&format!("No grant {what}."));
    } else if more || listed.len() == limit {
        say(&format!("These are the newest {limit}; there may be more (--limit)."));
    }
    Ok(())
}

/// What the store has of the grants that were asked for, at most twice as many as `limit`.
async fn gather(
    on: &Deployment,
    which: &List,
    user: Option<UserId>,
    limit: usize,
) -> Result<BTreeMap<GrantId, Known>, Failure> {
    let (store, now, client) = (on.store(), on.now(), which.client.clone());
    let mut known: BTreeMap<GrantId, Known> = BTreeMap::new();
    if which.pending || which.all {
        let selection = if which.all { GrantSelection::All } else { GrantSelection::Live(now) };
        let filter = GrantFilter { selection, user, client: client.clone(), limit };
        for grant in store.grants(filter).await? {
            let entry = known.entry(grant.id).or_default();
            entry.grant = Some(grant);
        }
    }
    if !which.pending {
        for family in store.families(FamilyFilter { live: Some(now), user, client, limit }).await? {
            let entry = known.entry(family.grant_id).or_default();
            entry.family = Some(family);
        }
    }
    for (id, known) in &mut known {
        if known.grant.is_none() {
            known.grant = store.grant(*id).await?;
        }
        if let (Some(Grant { state: GrantState::Redeemed(_, redemption), .. }), None) = (&known.grant, &known.family) {
            known.family = store.family_view(redemption.family_id).await?.map(|view| view.family);
        }
    }
    Ok(known)
}

/// What the people are called who decided; one who was removed is not among them.
async fn names<'a>(
    on: &Deployment,
    known: impl Iterator<Item = &'a Known>,
) -> Result<BTreeMap<UserId, UserName>, Failure> {
    let mut names = BTreeMap::new();
    for id in known.filter_map(|known| view::decided_by(known.grant.as_ref(), known.family.as_ref())) {
        if !names.contains_key(&id)
            && let Some(user) = on.store().user(id).await?
        {
            names.insert(id, user.name);
        }
    }
    Ok(names)
}

/// What is known of one grant.
async fn find(on: &Deployment, id: GrantId) -> Result<Known, Failure> {
    let grant = on.store().grant(id).await?;
    let family = match &grant {
        Some(Grant { state: GrantState::Redeemed(_, redemption), .. }) => {
            on.store().family_view(redemption.family_id).await?.map(|view| view.family)
        }
        Some(_) => None,
        None => {
            let live = on.store().families(FamilyFilter { live: Some(on.now()), ..FamilyFilter::default() }).await?;
            let family = live.into_iter().find(|family| family.grant_id == id);
            Some(family.ok_or_else(|| anyhow!("there is no grant {id}; perhaps it is over and forgotten"))?)
        }
    };
    Ok(Known { grant, family })
}

async fn show(on: &Deployment, id: GrantId, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let known = find(on, id).await?;
    let names = names(on, std::iter::once(&known)).await?;
    let listed = Listed::of(id, known.grant.as_ref(), known.family.as_ref(), &names, on.now());
    let listed = listed.ok_or_else(|| anyhow!("there is no grant {id}"))?;
    if json { output::json(&listed, out) } else { Ok(listed.facts(out)?) }
}

async fn revoke(on: &Deployment, id: GrantId) -> Result<(), Failure> {
    let Known { grant, family } = find(on, id).await?;
    match Standing::of(grant.as_ref(), family.as_ref(), on.now()) {
        Standing::Approved | Standing::Live | Standing::Pending => {}
        over @ (Standing::Denied | Standing::Ended | Standing::Expired | Standing::Reported | Standing::Revoked) => {
            say(&format!("{id} gives no access: it is {}.", over.name()));
            return Ok(());
        }
    }
    let user = view::decided_by(grant.as_ref(), family.as_ref());
    let client = grant.as_ref().map(|grant| &grant.client_id).or(family.as_ref().map(|family| &family.client_id));
    match (&grant, &family) {
        (Some(_), _) => on.admin().revoke_grant(id).await?,
        (None, Some(family)) => on.admin().revoke_family(family.id).await?,
        (None, None) => {}
    }
    if let Some(client) = client {
        let event = AuditEvent::Revoke { client, grant: id, user, by: RevokedBy::Administrator, approver: None };
        event.record(RequestId::draw(&mut on.flow().env().entropy()), &Metrics::default());
    }
    say(&format!(
        "{id} was taken back. Its device gets no token any more, and the ones it has are refused by this server."
    ));
    Ok(())
}
