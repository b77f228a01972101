//! The server as an operator would run it: its release program, a configuration file, SQLite in a folder of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Plan;
use crate::clock::{Stopwatch, pause};
use crate::load::{Answer, connection};
use crate::process::{Server, free_address};

/// A client without a secret and with a scope that brings no id_token: access tokens are signed with ES256.
pub(crate) const CLIENT: &str = "bench";
/// The same with lasting access: a refresh token comes with the access token.
pub(crate) const LASTING: &str = "bench-lasting";
/// One whose tokens come with an id_token, signed with RS256.
pub(crate) const OPENID: &str = "bench-openid";

const NETWORK_GRANTS: u32 = 1_000_000;
const NETWORK_CONNECTIONS: u32 = 1_000;

/// A deployment on this machine.
pub(crate) struct Product {
    program: PathBuf,
    folder: TempDir,
    address: SocketAddr,
}

impl Product {
    /// A deployment that was started once, so that its database and its keys are there.
    pub(crate) fn new(plan: &Plan) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("countersign-bench-").tempdir_in(&plan.folder)?;
        let product = Self { program: plan.countersignd.clone(), folder, address: free_address()? };
        fs::write(product.path("countersignd.toml"), product.configuration())?;
        drop(product.start()?);
        Ok(product)
    }

    fn configuration(&self) -> String {
        let (address, folder) = (self.address, self.folder.path().display());
        format!(
            "issuer = \"http://{address}\"\n\
             [http]\nlisten = \"{address}\"\nadmin_listen = \"off\"\n\
             [store]\nurl = \"sqlite:{folder}/countersign.db\"\n\
             [secrets]\nkey_file = \"{folder}/key\"\n\
             [log]\nlevel = \"warn\"\nformat = \"json\"\n\
             [device]\nhold = \"0s\"\nlifetime = \"30m\"\n\
             [limits]\npending_grants_per_network = {NETWORK_GRANTS}\nconnections_per_network = {NETWORK_CONNECTIONS}\n\
             [[client]]\nid = \"{CLIENT}\"\nname = \"Bench\"\ngrants = [\"device\"]\nscopes = [\"measure\"]\n\
             [[client]]\nid = \"{LASTING}\"\nname = \"Bench\"\ngrants = [\"device\", \"refresh_token\"]\n\
             scopes = [\"measure\", \"offline_access\"]\n\
             [[client]]\nid = \"{OPENID}\"\nname = \"Bench\"\ngrants = [\"device\"]\nscopes = [\"openid\"]\n"
        )
    }

    /// What is configured otherwise than by default, for the report.
    pub(crate) fn settings() -> Value {
        json!({
            "device": {"hold": "0s", "lifetime": "30m"},
            "limits": {
                "pending_grants_per_network": NETWORK_GRANTS, "connections_per_network": NETWORK_CONNECTIONS,
            },
            "log": {"level": "warn", "format": "json"},
            "reason": "all load comes from one address; every other limit is the default",
        })
    }

    /// Starts the server and waits until it is ready.
    pub(crate) fn start(&self) -> Result<Server> {
        let log = fs::File::options().create(true).append(true).open(self.path("log"))?;
        let mut command = Command::new(&self.program);
        command.arg("serve").env("COUNTERSIGN_CONFIG", self.path("countersignd.toml"));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let log = || fs::read_to_string(self.path("log")).unwrap_or_default();
        let server = Server::start(&mut command, self.address).with_context(log)?;
        let (watch, request) = (Stopwatch::start(), connection::get(self.address, "/health/ready"));
        loop {
            match connection::once(self.address, &request, |answer: Answer<'_>| answer.status) {
                Ok(200) => return Ok(server),
                outcome if watch.elapsed() > Duration::from_secs(30) => bail!("not ready: {outcome:?}; {}", log()),
                _ => pause(Duration::from_millis(5)),
            }
        }
    }

    /// The issuer identifier.
    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A file of this deployment.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of its files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
