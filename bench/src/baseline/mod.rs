//! What the product is measured beside: bare hyper, axum as most people would use it, and SQLite without a server.
//!
//! The two servers answer every request as a poll is answered while nobody decided: 400 and a short JSON body.

mod axum;
mod hyper;
pub(crate) mod sqlite;

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::process::{Server, free_address};

/// What the baselines answer, 51 bytes: `error` and another member. The product leaves the other one out.
pub(crate) const BODY: &str = r#"{"error":"authorization_pending","error_uri":"a:b"}"#;

/// A server to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Baseline {
    /// The least that can be done over HTTP.
    Hyper,
    /// A form, a locked map, JSON.
    Axum,
}

/// The environment variable that tells a baseline where to listen.
const ADDRESS: &str = "COUNTERSIGN_BENCH_ADDRESS";

/// Starts a baseline as a process of its own.
pub(crate) fn start(baseline: Baseline) -> Result<Server> {
    let address = free_address()?;
    let name = match baseline {
        Baseline::Hyper => "hyper",
        Baseline::Axum => "axum",
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["serve", name]).env(ADDRESS, address.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
    Server::start(&mut command, address)
}

/// Serves one in this process.
pub(crate) fn serve(baseline: Baseline) -> Result<()> {
    let address: SocketAddr = std::env::var(ADDRESS)?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        match baseline {
            Baseline::Hyper => hyper::serve(listener).await,
            Baseline::Axum => axum::serve(listener).await,
        }
    })
}
