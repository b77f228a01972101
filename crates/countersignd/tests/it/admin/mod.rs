//! The commands of an operator, on a deployment of their own.

mod clients;
mod grants;
mod health;
mod keys;
mod registration;
mod store;
mod terminal;
mod terms;
mod users;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A password that may be chosen.
const PASSWORD: &str = "tomorrow it will rain fish";

/// A deployment: a configuration, and a database and a key file beside it.
struct Site {
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Site {
    fn new() -> Self {
        Self::with("")
    }

    /// With more in the configuration.
    fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = "issuer = \"http://localhost:8628\"\n\
                    [store]\nurl = \"sqlite:countersign.db\"\n\
                    [secrets]\nkey_file = \"key\"\n";
        fs::write(folder.path().join("countersignd.toml"), format!("{text}{more}")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("countersign.db")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = super::countersignd(arguments);
        command.env("COUNTERSIGN_CONFIG", self.path("countersignd.toml")).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(&mut self.command(arguments))
    }

    /// With this on standard input.
    fn run_with(&self, arguments: &[&str], input: &str) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that refuses its arguments does not read.
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap_or_default();
        let ended = child.wait_with_output().unwrap();
        Ended {
            code: ended.status.code(),
            out: String::from_utf8(ended.stdout).unwrap(),
            err: String::from_utf8(ended.stderr).unwrap(),
        }
    }

    /// What a command that must succeed prints as JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments).done().out).unwrap()
    }

    fn add_user(&self, name: &str) {
        self.run_with(&["user", "add", name, "--password-stdin"], PASSWORD).done();
    }
}

impl Ended {
    fn of(command: &mut Command) -> Self {
        let (code, out, err) = super::ended(command);
        Self { code, out, err }
    }

    fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// It failed, with this among its words and nothing on standard output.
    fn failed(self, says: &str) -> Self {
        self.ended(1, says)
    }

    /// It was used wrongly.
    fn misused(self, says: &str) -> Self {
        self.ended(2, says)
    }

    fn ended(self, code: i32, says: &str) -> Self {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        assert!(self.err.contains(says), "{says:?} is not in {:?}", self.err);
        self
    }
}

/// Whether a file, or one whose name begins with its name, holds these bytes.
fn any_holds(path: &Path, text: &str) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let files = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with(name))
        .any(|file| fs::read(file).unwrap().windows(text.len()).any(|window| window == text.as_bytes()))
}

#[test]
fn the_configuration_may_be_named_at_any_place_of_the_line() {
    let site = Site::new();
    site.add_user("maria");
    let config = site.path("countersignd.toml");
    let config = super::argument(&config);
    for arguments in [["user", "list", "--config", config], ["user", "--config", config, "list"]] {
        let ended = Ended::of(super::countersignd(&arguments).stdin(Stdio::null())).done();
        assert!(ended.out.contains("maria"), "{ended:?}");
    }
}

#[test]
fn a_store_in_memory_is_out_of_reach() {
    let site = Site::new();
    let mut command = site.command(&["client", "list"]);
    Ended::of(command.env("COUNTERSIGN__STORE__URL", "memory:")).misused("no command can reach");
}

#[test]
fn there_is_nothing_to_show_before_there_is_a_database() {
    let site = Site::new();
    for arguments in [["user", "list"], ["client", "list"], ["key", "list"], ["grant", "list"]] {
        site.run(&arguments).failed("there is no database at");
    }
    assert!(!site.database().exists(), "listing makes none");
    site.add_user("maria");
    fs::remove_file(site.path("key")).unwrap();
    site.run(&["user", "list"]).failed("the key file");
}

#[test]
fn a_mistake_in_the_configuration_is_wrong_usage() {
    let site = Site::with("[device]\nlifetme = \"10m\"\n");
    site.run(&["user", "list"]).misused("lifetme");
}
