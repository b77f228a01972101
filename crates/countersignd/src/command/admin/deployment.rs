//! The deployment that a command works on: what the configuration names, opened beside a server that may be running.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use flow::Flow;
use flow::admin::{Admin, AdminError};
use proto::Timestamp;
use server::telemetry::{self, LogLevel, LogSettings};
use store::Store;

use crate::arguments::ConfigFile;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::node::{Database, Kept, Node};
use crate::wiring;

/// Whether a database is made where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is made: the first client may be added before the first start.
    Make,
    /// That is said: there is nothing to show.
    Refuse,
}

/// An open deployment.
pub(super) struct Deployment(Node);

impl Deployment {
    /// Opens what the configuration names.
    pub(super) async fn open(file: &ConfigFile, missing: Missing) -> Result<Self, Failure> {
        let config = configured(file)?;
        let kept = wiring::kept(&config);
        prepare(database(&kept)?, missing)?;
        let node = Node::open(&kept, wiring::settings(&config), wiring::fetcher(&config)).await;
        Ok(Self(node.map_err(anyhow::Error::from)?))
    }

    pub(super) fn flow(&self) -> &Flow {
        &self.0.flow
    }

    pub(super) fn admin(&self) -> Admin<'_> {
        self.0.flow.admin()
    }

    pub(super) fn store(&self) -> &Store {
        self.0.store()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.flow.now()
    }

    /// Ends a command, however it went.
    pub(super) async fn close(self, result: Result<(), Failure>) -> Result<(), Failure> {
        let closed = self.0.close().await.context("the store could not be closed");
        result.and(closed.map_err(Failure::from))
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Reads the configuration and sets up the log: on standard error, warnings and the audit alone.
pub(super) fn configured(file: &ConfigFile) -> Result<Config, Failure> {
    let source = config::find(file.path.as_deref(), std::env::vars_os().collect())?;
    let config = config::load(&source)?.config;
    let level: LogLevel = "warn".parse().map_err(anyhow::Error::from)?;
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    telemetry::install(&LogSettings { level, format: config.log.format, colour })
        .context("the log cannot be set up")?;
    Ok(config)
}

/// The database, which a store in memory does not have: it is in the server, where no command reaches it.
pub(super) fn database(kept: &Kept) -> Result<&Database, Failure> {
    match kept {
        Kept::Database { database, .. } => Ok(database),
        Kept::Memory => Err(Failure::Usage(
            "error: [store] url is \"memory:\", which no command can reach; declare clients in the configuration, or \
             choose \"sqlite:FILE\" or \"postgres://…\""
                .to_owned(),
        )),
    }
}

/// A file that is made by root in the folder of another user would be out of that user's reach.
pub(super) fn prepare(database: &Database, missing: Missing) -> Result<(), Failure> {
    let Database::Sqlite(file) = database else {
        return Ok(());
    };
    let path = &file.path;
    if path.exists() {
        return Ok(());
    }
    match missing {
        Missing::Refuse => Err(anyhow!(
            "there is no database at {} yet; the server makes it when it starts, and so does `countersignd user add`",
            path.display()
        )
        .into()),
        Missing::Make => match foreign_owner(path) {
            None => Ok(()),
            Some(owner) => Err(anyhow!(
                "{} would belong to root, but the server runs as another user; run this as that user: \
                 sudo -u '#{owner}' countersignd …",
                path.display()
            )
            .into()),
        },
    }
}

/// Who owns the folder, when that is not root and this is.
fn foreign_owner(path: &Path) -> Option<u32> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let owner = fs::metadata(folder).ok()?.uid();
    (rustix::process::geteuid().is_root() && owner != 0).then_some(owner)
}
