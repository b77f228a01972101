//! A PostgreSQL of a test run's own: made in a folder of its own, reached through a socket in it, durable like a real one,
//! and gone with the process that started it, however that ends.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// Whoever runs a server in a test.
const OWNER: &str = "countersign";

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    /// Of TCP, if it listens there; the socket is named after it too.
    port: u16,
    settings: Vec<String>,
    /// Ends the server and removes the folder when this process lets go of its input.
    keeper: Child,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Cluster {
    /// The one that all tests of this process share.
    ///
    /// # Panics
    /// When there is none to be had: Debian's package is `postgresql`, and `cargo xtask test` installs it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// Another one, with these settings beside its own, such as `max_connections=5`.
    ///
    /// # Panics
    /// The same as [`Self::shared`].
    pub fn start(settings: &[&str]) -> Self {
        let cluster = Self::folder(settings);
        let mut init = as_owner(&cluster.programs.join("initdb"));
        init.arg("--pgdata").arg(cluster.data()).args(["--username", OWNER, "--auth", "trust", "--encoding", "UTF8"]);
        run(init.args(["--locale", "C.UTF-8", "--no-instructions"]));
        cluster.start_again();
        cluster
    }

    /// A standby that follows this one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn standby(&self) -> Self {
        let standby = Self::folder(&[]);
        let mut copy = as_owner(&self.programs.join("pg_basebackup"));
        copy.arg("--pgdata").arg(standby.data()).arg("--host").arg(&self.folder).args(["--username", OWNER]);
        run(copy
            .args(["--write-recovery-conf", "--checkpoint", "fast", "--no-sync"])
            .args(["--port", &self.port.to_string()]));
        standby.start_again();
        standby
    }

    fn folder(settings: &[&str]) -> Self {
        let (programs, folder) = (programs(), folder());
        if let Some(owner) = other_owner() {
            chown(&folder, Some(owner), None).unwrap();
        }
        let keeper = keeper(&folder, &programs);
        // Free a moment ago; it only matters to a server that listens to TCP.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let own = format!("listen_addresses='' unix_socket_directories='{}' port={port}", folder.display());
        let own = own.split(' ').chain(["max_connections=400", "fsync=on"]).chain(settings.iter().copied());
        let settings = own.map(str::to_owned).collect();
        Self { folder, programs, port, settings, keeper }
    }

    /// Starts it after [`Self::stop`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&self) {
        let options: Vec<String> = self.settings.iter().map(|setting| format!("-c {setting}")).collect();
        let mut start = self.control();
        start.arg("--log").arg(self.folder.join("log")).arg("--options").arg(options.join(" "));
        run(start.args(["--wait", "start"]));
    }

    /// Stops it at once, as a crash would, and leaves its data.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(&self) {
        run(self.control().args(["--wait", "--mode", "immediate", "stop"]));
    }

    /// Makes a primary of a standby.
    ///
    /// # Panics
    /// When it does not become one.
    pub fn promote(&self) {
        run(self.control().args(["--wait", "promote"]));
    }

    /// Stops it and starts it with more settings, in force from then on.
    ///
    /// # Panics
    /// When it does not start.
    pub fn reconfigure(&mut self, settings: &[&str]) {
        self.stop();
        self.settings.extend(settings.iter().map(|setting| (*setting).to_owned()));
        self.start_again();
    }

    /// Writes a file that only the server reads, such as its certificate's key, and gives its path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, other_owner(), None).unwrap();
        path
    }

    /// Where its data are.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The address of an empty database, which is a schema of its own.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn empty(&self) -> String {
        let schema = format!("s{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("CREATE SCHEMA {schema}")).await;
        format!("{}&options=-csearch_path%3D{schema}", self.address())
    }

    /// The address of the server as its owner reaches it.
    pub fn address(&self) -> String {
        format!("postgres:///postgres?host={}&port={}&user={OWNER}", self.folder.display(), self.port)
    }

    /// Carries statements out as an operator would.
    ///
    /// # Panics
    /// When the server does not.
    pub async fn execute(&self, sql: &str) {
        Self::execute_at(&self.address(), sql).await;
    }

    /// The same at an address of [`Self::empty`].
    ///
    /// # Panics
    /// When the server does not.
    pub async fn execute_at(address: &str, sql: &str) {
        let client = Self::connect(address).await;
        client.batch_execute(sql).await.unwrap();
    }

    /// A connection of somebody else, which ends when it is dropped.
    ///
    /// # Panics
    /// When there is none.
    pub async fn connect(address: &str) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
        tokio::spawn(async move { drop(connection.await) });
        client
    }

    fn control(&self) -> Command {
        let mut control = as_owner(&self.programs.join("pg_ctl"));
        control.arg("--pgdata").arg(self.data()).arg("--silent");
        control
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // It has removed everything when it ends; if it was killed, there is nothing more to be done.
        drop(self.keeper.wait());
    }
}

/// Waits until nobody holds its input any more, and cleans up. An interrupt from the keyboard is for the tests.
fn keeper(folder: &Path, programs: &Path) -> Child {
    let script = "trap '' INT TERM; cat >/dev/null; \"$@\"; rm -rf \"$0\"";
    let mut command = as_owner(Path::new("/bin/sh"));
    command.arg("-c").arg(script).arg(folder).arg(programs.join("pg_ctl"));
    command.arg("--pgdata").arg(folder.join("data")).args(["--mode", "immediate", "--wait", "stop"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A program run by somebody who is not root: PostgreSQL refuses root.
fn as_owner(program: &Path) -> Command {
    if other_owner().is_none() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

/// Who runs the server when we are root.
fn other_owner() -> Option<u32> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<u32>().unwrap()
    };
    (id(&["-u"]) == 0).then(|| id(&["-u", "postgres"]))
}

fn folder() -> PathBuf {
    loop {
        let name = format!("countersign-postgres-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        if fs::create_dir(&folder).is_ok() {
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
            return folder;
        }
    }
}

/// Where the newest server's programs are: Debian has them out of the way.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, programs)| programs.join("initdb").is_file())
        .collect();
    found.sort();
    let on_path =
        std::env::var_os("PATH").into_iter().flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let newest = found.pop().map(|(_, programs)| programs);
    match newest.or_else(|| on_path.into_iter().find(|programs| programs.join("initdb").is_file())) {
        Some(programs) => programs,
        None => panic!("PostgreSQL is missing: Debian's package is postgresql, and `cargo xtask test` installs it"),
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
