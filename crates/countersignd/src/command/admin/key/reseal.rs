//! `countersignd key reseal`: another key file for the same database. Every step leaves a database that opens with one of
//! the two files, and the command may be run again.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use flow::Env;
use flow::secrets::{KeyFile, KeyFileError, ResealError, Resealed, reseal};
use serde::Serialize;

use super::super::audit::Changed;
use super::super::deployment::{Missing, configured, database, prepare};
use super::super::output::{self, say};
use crate::arguments::ConfigFile;
use crate::failure::Failure;
use crate::wiring;

/// What to reseal under.
#[derive(Args, Debug)]
pub(crate) struct Reseal {
    /// The file with the new key: 32 bytes in base64, readable by the server's user alone
    #[arg(long, value_name = "FILE")]
    new_key_file: PathBuf,
    /// Makes FILE with a new key; it must not exist yet
    #[arg(long)]
    make: bool,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) const HELP: &str = "\
The key file ([secrets] key_file) seals every key in the database and nothing else; what is sealed elsewhere is sealed under \
those keys, which stay as they are. To change it, also while the server runs:

  1. countersignd key reseal --new-key-file /var/lib/countersign/key.new --make
     In one commit the database belongs to key.new alone. A running server goes on with the keys it has in memory, and \
says in its log which key file it waits for.
  2. mv /var/lib/countersign/key.new /var/lib/countersign/key
     A running server takes it up within seconds. Or set [secrets] key_file to the new file and send SIGHUP.
  3. Copy the new file to where you keep a copy of the old one. Backups of the database from before open with the old one \
alone: keep both, or destroy both.

Between 1 and 2 neither the server nor a command starts; what they say names the fingerprint of the right file. If anything \
stops in between, the database belongs to one of the two files; run the command again to see which.

Who has an old key file and an old copy of the database has the keys in it. If that may have happened, also rotate and retire \
them: countersignd key rotate, countersignd key retire.";

/// What was done, for programs.
#[derive(Serialize)]
struct View<'a> {
    key_file: &'a Path,
    fingerprint: String,
    keys: usize,
    already: bool,
}

/// Seals every key anew.
pub(super) async fn run(file: &ConfigFile, asked: &Reseal, out: &mut dyn Write) -> Result<(), Failure> {
    let config = configured(file)?;
    let kept = wiring::kept(&config);
    let database = database(&kept)?;
    prepare(database, Missing::Refuse)?;
    let present = KeyFile::read(&config.secrets.key_file).context("the present key file")?;
    let env = Env::system();
    let path = &asked.new_key_file;
    let new =
        if asked.make { make(path, &config.secrets.key_file, &env) } else { existing(path, &config.secrets.key_file) };
    let new = new.context("the new key file")?;
    let place = || database.place();
    let store = database.open().await.with_context(place)?;
    let resealed = reseal(&store, &present, &new, &env).await;
    let closed = store.close().await.with_context(place);
    let resealed = match resealed {
        Ok(resealed) => resealed,
        Err(error) => {
            // Of a commit nobody knows about the file may be all that is left to open the database with.
            if asked.make && !matches!(error, ResealError::Unavailable(_)) {
                fs::remove_file(path)?;
            }
            return Err(anyhow::Error::from(error).into());
        }
    };
    closed?;
    let keys = match resealed {
        Resealed::Already => 0,
        Resealed::Keys(keys) => keys,
    };
    if keys > 0 {
        Changed::KeysResealed.record();
    }
    say(&next_steps(resealed, path, &config.secrets.key_file));
    if !asked.json {
        return Ok(());
    }
    let fingerprint = new.short_fingerprint();
    output::json(&View { key_file: path, fingerprint, keys, already: resealed == Resealed::Already }, out)
}

fn next_steps(resealed: Resealed, new: &Path, present: &Path) -> String {
    let (new, present) = (new.display(), present.display());
    let done = match resealed {
        Resealed::Already => format!("The database belongs to {new} already."),
        Resealed::Keys(keys) => format!("{keys} keys were sealed anew; the database opens with {new} alone now."),
    };
    format!(
        "{done} Put it in its place: mv {new} {present}\n\
         Keep the old file with the backups of the database that it opens, or destroy both."
    )
}

fn make(path: &Path, present: &Path, env: &Env) -> anyhow::Result<KeyFile> {
    let owner = fs::metadata(present)?.uid();
    let made = KeyFile::create(path, &mut env.entropy()).map_err(|error| match error {
        KeyFileError::Exists(_) => anyhow!("{} exists already; leave out --make to use it as it is", path.display()),
        other => other.into(),
    })?;
    if fs::metadata(path)?.uid() != owner {
        chown(path, Some(owner), None)
            .with_context(|| format!("{} cannot be given to user {owner}", path.display()))?;
    }
    Ok(made)
}

fn existing(path: &Path, present: &Path) -> anyhow::Result<KeyFile> {
    let new = KeyFile::read(path).map_err(|error| match error {
        // What a missing key file means elsewhere does not help here.
        KeyFileError::Missing(path) => {
            anyhow!("{} does not exist; say --make to have it made", path.display())
        }
        other => other.into(),
    })?;
    let (owner, servers) = (fs::metadata(path)?.uid(), fs::metadata(present)?.uid());
    if owner != servers {
        return Err(anyhow!(
            "{path} belongs to user {owner}, but {present} to user {servers}, as whom the server runs: chown {servers} {path}",
            path = path.display(),
            present = present.display(),
        ));
    }
    new.persist()?;
    Ok(new)
}
