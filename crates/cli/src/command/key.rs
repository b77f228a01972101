//! `countersign key`: the key an application authenticates with (`private_key_jwt`), made and shown.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use client::{Algorithm, ClientKey};

use crate::arguments::KeyCommand;
use crate::exit::{Failure, print, say};
use crate::profile::key_file;
use client::terminal::Terminal;

pub(crate) fn run(command: KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::New { file } => {
            let failed = |error: String| Failure::unexpected(format!("The key could not be made: {error}."));
            let key = ClientKey::generate(Algorithm::Es256).map_err(|error| failed(error.to_string()))?;
            let pem = key.to_pem().map_err(|error| failed(error.to_string()))?;
            write_new(&file, pem.as_bytes()).map_err(|error| failed(format!("{}: {error}", file.display())))?;
            say(&format!("{} The key is in {}. Keep it to yourself.", Terminal::stderr().tick(), file.display()));
            say("  Register its public half with the server:");
            show(&key)
        }
        KeyCommand::Show { file } => show(&key_file(&file, None)?),
    }
}

fn show(key: &ClientKey) -> Result<(), Failure> {
    print(&key.public_set().to_string())
}

/// A file that was not there before, and that nobody else can read.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
