//! `countersignd health`: asks the server on this machine, for health checks of containers that hold no other program.

use std::error::Error;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use reqwest::StatusCode;

use super::deployment::configured;
use crate::arguments::ConfigFile;
use crate::config::Config;
use crate::failure::Failure;

/// A server that is well answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the server on this machine whether it works.
#[derive(Args, Debug)]
pub(crate) struct Health {
    #[command(flatten)]
    file: ConfigFile,
    /// Asks whether it can serve, its database included, and not only whether it runs
    #[arg(long)]
    ready: bool,
}

/// Asks it. Success only when it says that all is well.
pub(super) async fn run(health: &Health, out: &mut dyn Write) -> Result<(), Failure> {
    let config = configured(&health.file)?;
    let (page, word) = if health.ready { ("ready", "ready") } else { ("live", "alive") };
    let url = format!("{}/health/{page}", door(&config)?);
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        // The server on this very machine is asked by its address, which its certificate does not name. Nothing secret is
        // sent, and all that comes back is whether it answers.
        .tls_danger_accept_invalid_certs(true)
        .build()
        .context("no request can be made")?;
    let reply = client.get(&url).send().await.map_err(|error| anyhow!("{url}: {}", root_cause(&error)))?;
    match reply.status() {
        StatusCode::OK => Ok(writeln!(out, "{word}")?),
        status => Err(anyhow!("{url}: the server answered {status}, so it is not {word}").into()),
    }
}

/// Where to ask: the operator's listener if there is one, since that speaks plain HTTP, else the first public one.
fn door(config: &Config) -> Result<String, Failure> {
    let public = config.http.listen.first().copied();
    let listened = config.http.admin_listen.or(public).context("[http] listen is empty")?;
    if listened.port() == 0 {
        return Err(anyhow!("[http] has port 0, which is another one at every start").into());
    }
    let address = SocketAddr::new(reachable(listened.ip()), listened.port());
    Ok(match (config.http.admin_listen, &config.tls.certificate) {
        (Some(_), _) => format!("http://{address}"),
        (None, Some(_)) => format!("https://{address}{}", config.issuer.path()),
        (None, None) => format!("http://{address}{}", config.issuer.path()),
    })
}

/// The words of the system, without those of every layer above it.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// An address that is listened on, as one that can be asked.
fn reachable(listened: IpAddr) -> IpAddr {
    match listened {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}
