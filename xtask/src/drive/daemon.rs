//! The server as a process: its own folder, its own port, started, killed and started again.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::device::Registration;
use super::http::Client;
use crate::process::{Stopwatch, pause};

const START: Duration = Duration::from_secs(30);

pub(crate) struct Daemon {
    program: PathBuf,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
    child: Option<Child>,
}

impl Daemon {
    /// A server with an empty SQLite database and these clients, not yet running.
    pub(crate) fn new(program: &Path, name: &str, clients: &[Registration]) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("countersign-{name}-{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let daemon = Self { program: program.to_owned(), folder, address, child: None };
        fs::write(daemon.configuration(), daemon.settings(clients)?)?;
        Ok(daemon)
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("countersignd.toml")
    }

    fn settings(&self, clients: &[Registration]) -> Result<String> {
        let folder = self.folder.display();
        let mut text = format!(
            "issuer = \"http://{address}\"\n[http]\nlisten = \"{address}\"\nadmin_listen = \"off\"\n\
             [store]\nurl = \"sqlite:{folder}/countersign.db\"\n[secrets]\nkey_file = \"{folder}/key\"\n\
             [limits]\nconnections_per_network = 1000\n",
            address = self.address
        );
        for Registration { id, secret } in clients {
            text.push_str(&format!("[[client]]\nid = \"{id}\"\nname = \"{id}\"\n"));
            text.push_str("grants = [\"device\", \"refresh_token\"]\n");
            text.push_str("scopes = [\"openid\", \"profile\", \"offline_access\"]\n");
            match secret {
                None => text.push_str("auth = \"none\"\n"),
                Some(secret) => {
                    let file = self.folder.join(format!("{id}.secret"));
                    fs::write(&file, secret)?;
                    let file = file.display();
                    text.push_str(&format!("auth = \"client_secret_basic\"\nsecret_file = \"{file}\"\n"));
                    text.push_str("introspection = true\n");
                }
            }
        }
        Ok(text)
    }

    /// Runs an administrative command on the store, with `input` on its standard input.
    pub(crate) fn administer(&self, arguments: &[&str], input: &str) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("COUNTERSIGN_CONFIG", self.configuration());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    /// Starts the server and waits until it says that it is ready; returns how long that took.
    pub(crate) fn start(&mut self) -> Result<Duration> {
        let log = fs::File::options().create(true).append(true).open(self.folder.join("log"))?;
        let watch = Stopwatch::start();
        let mut command = Command::new(&self.program);
        command.arg("serve").env("COUNTERSIGN_CONFIG", self.configuration());
        let mut child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut client = Client::new(self.address);
        loop {
            if client.get("/health/ready", &[]).is_ok_and(|response| response.status == 200) {
                break;
            }
            if child.try_wait()?.is_some() || watch.elapsed() > START {
                bail!("the server did not become ready; its log: {}", fs::read_to_string(self.folder.join("log"))?);
            }
            pause(Duration::from_millis(2));
        }
        self.child = Some(child);
        Ok(watch.elapsed())
    }

    /// The number of the running process.
    pub(crate) fn process(&self) -> Result<u32> {
        self.child.as_ref().map(Child::id).context("the server does not run")
    }

    /// Ends the process with SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// How many lines of the log name a panic: none may.
    pub(crate) fn panics(&self) -> Result<usize> {
        let log = fs::read_to_string(self.folder.join("log"))?;
        Ok(log.lines().filter(|line| line.contains("panicked at")).count())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let killed = self.kill();
        if let Err(error) = killed.and_then(|()| Ok(fs::remove_dir_all(&self.folder)?)) {
            eprintln!("{}: {error:#}", self.folder.display());
        }
    }
}
