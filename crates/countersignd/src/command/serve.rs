//! `countersignd serve`: opens the node, listens, and stops in good order.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use anyhow::Context as _;
use server::listen::Tls;
use server::telemetry::{self, Metrics, ReloadOutcome};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::arguments::ConfigFile;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::node::{Kept, Node};
use crate::running::Bound;
use crate::wiring;

/// Runs until it is told to stop.
pub(super) async fn run(file: &ConfigFile) -> Result<(), Failure> {
    let config = load(file)?;
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    telemetry::install(&wiring::log(&config, colour)?).context("the log cannot be set up")?;
    let node = Node::open(&wiring::kept(&config), wiring::settings(&config), wiring::fetcher(&config)).await;
    let node = node.map_err(anyhow::Error::from)?;
    node.flow.admin().declare(&wiring::declared(&config)).await.context("declared clients")?;
    let flow = Arc::clone(&node.flow);
    let doors = wiring::doors(&config)?;
    let tls = doors.tls.clone();
    let metrics = Arc::new(Metrics::default());
    let bound =
        Bound::bind(node, wiring::server(&config)?, &doors, Arc::clone(&metrics)).map_err(anyhow::Error::from)?;
    let mut stops = Stops::listen()?;
    let addresses: Vec<String> = bound.addresses().map(|address| address.to_string()).collect();
    tracing::info!(issuer = %config.issuer, listening = addresses.join(" "), version = env!("CARGO_PKG_VERSION"), "ready");
    let drained = bound
        .serve(async {
            while stops.next().await == Told::Reload {
                reload(file, &flow, tls.as_deref(), &metrics).await;
            }
            tracing::info!("stopping: held polls are answered, open requests finished");
        })
        .await
        .context("the store could not be closed")?;
    tracing::info!(finished = drained.finished, aborted = drained.aborted, "stopped");
    Ok(())
}

fn load(file: &ConfigFile) -> Result<Config, Failure> {
    let loaded = config::load(&config::find(file.path.as_deref(), std::env::vars_os().collect())?)?;
    let report = config::check_files(&loaded);
    if report.mistakes.is_empty() { Ok(loaded.config) } else { Err(Box::new(report).into()) }
}

/// Reads again what can be changed while running: certificates, the key file and declared clients.
async fn reload(file: &ConfigFile, flow: &flow::Flow, tls: Option<&Tls>, metrics: &Metrics) {
    if let Some(tls) = tls {
        match tls.reload() {
            Ok(()) => metrics.certificate_reloads.count(ReloadOutcome::Loaded),
            Err(error) => {
                metrics.certificate_reloads.count(ReloadOutcome::Kept);
                tracing::error!(%error, "the certificate in use stays");
            }
        }
    }
    match load(file) {
        Ok(config) => {
            if let Kept::Database { key_file, .. } = wiring::kept(&config)
                && let Err(error) = flow.take_up_key_file(&key_file).await
            {
                tracing::error!(%error, "the keys in use stay");
            }
            match flow.admin().declare(&wiring::declared(&config)).await {
                Ok(()) => tracing::info!("certificate, key file and declared clients were read again"),
                Err(error) => tracing::error!(%error, "declared clients stay as they are"),
            }
        }
        Err(failure) => tracing::error!(%failure, "the configuration in use stays"),
    }
}

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Reload,
    Stop,
}

/// The signals that a server hears.
struct Stops {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Stops {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.hangup.recv() => Told::Reload,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.terminate.recv() => Told::Stop,
        }
    }
}
