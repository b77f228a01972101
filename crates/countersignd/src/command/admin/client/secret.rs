//! `countersignd client rotate-secret`, and how a new secret reaches the operator: once.

use std::io::Write;

use anyhow::anyhow;
use clap::Args;
use proto::model::Client;
use proto::secret::ClientSecret;

use super::super::audit::Changed;
use super::super::deployment::Deployment;
use super::super::options::name;
use super::super::output::{self, say};
use super::Which;
use super::view::ClientView;
use crate::failure::Failure;

pub(super) const HELP: &str = "To change a secret without a gap:\n  \
    countersignd client rotate-secret ci             both secrets are good\n  \
    …give the new one to every copy of the program\n  \
    countersignd client rotate-secret ci --drop-old  only the new one is good\n\n\
    A secret that somebody saw: countersignd client rotate-secret ci --now";

/// A change of a client's secret.
#[derive(Args, Debug)]
pub(crate) struct RotateSecret {
    #[command(flatten)]
    which: Which,
    /// The secrets before the new one are good no more: for one that somebody saw
    #[arg(long, conflicts_with = "drop_old")]
    now: bool,
    /// Makes no secret and ends the rotation: only the newest secret stays good
    #[arg(long)]
    drop_old: bool,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn rotate(on: &Deployment, rotate: &RotateSecret, out: &mut dyn Write) -> Result<(), Failure> {
    let (admin, id) = (on.admin(), &rotate.which.id);
    let client = admin.client(id).await?;
    if !client.holds_secret() {
        let kind = if client.is_confidential() { "signs with a key" } else { "is a public client" };
        return Err(anyhow!("client {id} {kind} and has no secret (--auth {})", name(client.auth)).into());
    }
    if rotate.drop_old {
        if !admin.drop_old_secrets(id).await? {
            return Err(anyhow!("client {id} has no older secret").into());
        }
        Changed::ClientSecretsDropped(id).record();
        say(&format!("Only the newest secret of client {id} is good."));
        return if rotate.json { hand_over(&admin.client(id).await?, None, true, out) } else { Ok(()) };
    }
    let secret = if rotate.now { admin.replace_secret(id).await? } else { admin.rotate_secret(id).await? };
    Changed::ClientSecretRotated(id).record();
    say(&if rotate.now {
        format!("Client {id} has a new secret. No other is good.")
    } else {
        format!(
            "Client {id} has a new secret. The one before it stays good until the secret is rotated again, or until \
             `countersignd client rotate-secret {id} --drop-old`."
        )
    });
    hand_over(&admin.client(id).await?, Some(&secret), rotate.json, out)
}

/// Prints a new secret: alone, or in the client's JSON.
pub(super) fn hand_over(
    client: &Client,
    secret: Option<&ClientSecret>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if json {
        output::json(&ClientView::with_secret(client, secret), out)?;
    } else if let Some(secret) = secret {
        writeln!(out, "{}", secret.reveal())?;
    }
    if secret.is_some() {
        say("Its secret is shown this once, and only a hash of it is kept: store it now, where its program finds it.");
    }
    Ok(())
}
