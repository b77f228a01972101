//! `countersignd config example | check | show`.

use std::ffi::OsString;
use std::io::Write;

use crate::arguments::{ConfigCommand, ConfigFile};
use crate::config::{self, Bound, Loaded};
use crate::failure::Failure;

/// Runs one of them.
pub(super) fn run(command: ConfigCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        ConfigCommand::Example => Ok(out.write_all(config::example().as_bytes())?),
        ConfigCommand::Check { file } => check(&file, environment(), out),
        ConfigCommand::Show { file, json } => show(&file, json, environment(), out),
    }
}

fn environment() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

fn load(file: &ConfigFile, environment: Vec<(OsString, OsString)>) -> Result<Loaded, Failure> {
    Ok(config::load(&config::find(file.path.as_deref(), environment)?)?)
}

fn check(file: &ConfigFile, environment: Vec<(OsString, OsString)>, out: &mut dyn Write) -> Result<(), Failure> {
    let loaded = load(file, environment)?;
    let report = config::check_files(&loaded);
    if !report.mistakes.is_empty() {
        return Err(Box::new(report).into());
    }
    let config = &loaded.config;
    let bound = Bound::of(config.device.alphabet, &config.limits);
    write!(out, "{report}")?;
    match &report.file {
        Some(file) => writeln!(out, "{} is good.", file.display())?,
        None => writeln!(out, "The environment is good; there is no configuration file.")?,
    }
    writeln!(
        out,
        "Issuer {}, {} declared clients; people open {}.",
        config.issuer,
        config.clients.len(),
        config.verification_uri()
    )?;
    writeln!(
        out,
        "Guessing a code: a chance of {:.1e} at worst, {:.1e} hits a day by {} guesses.",
        bound.chance, bound.hits, bound.guesses
    )?;
    Ok(())
}

fn show(
    file: &ConfigFile,
    json: bool,
    environment: Vec<(OsString, OsString)>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let loaded = load(file, environment)?;
    if json {
        writeln!(out, "{:#}", config::json(&loaded))?;
    } else {
        out.write_all(config::text(&loaded).as_bytes())?;
    }
    Ok(())
}
