//! The configuration: a TOML file, and the environment above it. Every key is declared once, in `sections.rs`,
//! `limits.rs` and `client.rs`; parser, defaults, `config example` and `config show` follow from that.
//!
//! Owns what may be set, where it was set and what is wrong with it. What the values do is a matter of the wiring.

mod check;
mod check_client;
mod choice;
mod client;
mod client_kinds;
mod client_terms;
mod example;
mod files;
mod guess;
mod input;
mod kinds;
mod limits;
mod locate;
mod nearest;
pub(crate) mod option;
mod place;
mod reader;
mod registration;
mod secret;
mod section;
mod sections;
mod show;
mod shown;
mod store_url;
#[cfg(test)]
mod tests;
mod variables;
mod walk;
mod web;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proto::grant::Lifetimes;
use toml::de::DeTable;

pub(crate) use choice::{Named, SubjectKind, name};
pub(crate) use client::DeclaredClient;
pub(crate) use client_terms::{Says, faults};
pub(crate) use example::example;
pub(crate) use files::check_files;
pub(crate) use guess::Bound;
pub(crate) use kinds::Workers;
pub(crate) use limits::Limits;
pub(crate) use locate::{Unreadable, find};
pub(crate) use place::{Mistake, Place, Places, Report};
pub(crate) use registration::{Registration, Software};
pub(crate) use sections::{Brand, Device, Http, Log, Root, Secrets, Store, Tls, Tokens};
pub(crate) use show::{json, text};
pub(crate) use shown::show_duration;
pub(crate) use store_url::StoreUrl;

use reader::{Reader, Table};
use section::Section;
use variables::Variables;
use walk::Tables;
use web::Issuer;

/// Name of the section of declared clients.
pub(crate) const CLIENT: &str = "client";
/// Name of the section of those whose software statements count.
pub(crate) const SOFTWARE: &str = "software";
/// Names of the sections that may stand several times.
pub(crate) const REPEATED: [&str; 2] = [CLIENT, SOFTWARE];

/// Every section, in the order of the example.
pub(crate) const SECTIONS: &[&Section] = &[
    &Root::SECTION,
    &Http::SECTION,
    &Tls::SECTION,
    &Store::SECTION,
    &Device::SECTION,
    &Brand::SECTION,
    &Tokens::SECTION,
    &Registration::SECTION,
    &Secrets::SECTION,
    &Limits::SECTION,
    &Log::SECTION,
    &DeclaredClient::SECTION,
    &Software::SECTION,
];

/// What the operator decided. All values are valid by themselves and together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// The issuer identifier.
    pub(crate) issuer: Issuer,
    /// `[http]`
    pub(crate) http: Http,
    /// `[tls]`
    pub(crate) tls: Tls,
    /// `[store]`
    pub(crate) store: Store,
    /// `[device]`
    pub(crate) device: Device,
    /// `[brand]`
    pub(crate) brand: Brand,
    /// `[tokens]`
    pub(crate) tokens: Tokens,
    /// `[registration]`
    pub(crate) registration: Registration,
    /// `[secrets]`
    pub(crate) secrets: Secrets,
    /// `[limits]`
    pub(crate) limits: Limits,
    /// `[log]`
    pub(crate) log: Log,
    /// `[[client]]`
    pub(crate) clients: Vec<DeclaredClient>,
    /// `[[software]]`
    pub(crate) software: Vec<Software>,
}

/// What a configuration is read from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// The file, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// Its text.
    pub(crate) text: String,
    /// The environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The configuration.
    pub(crate) config: Config,
    /// Where its keys were set.
    pub(crate) places: Places,
    /// No mistakes, and perhaps advice.
    pub(crate) report: Report,
}

impl Config {
    /// How long tokens live where a client has no lifetimes of its own.
    pub(crate) fn lifetimes(&self) -> Lifetimes {
        let Tokens { access_lifetime, refresh_idle, refresh_absolute, .. } = self.tokens;
        Lifetimes { access: access_lifetime, refresh_idle, refresh_absolute }
    }

    /// What people open to enter their code.
    pub(crate) fn verification_uri(&self) -> String {
        self.device.verification_uri.as_ref().map_or_else(|| self.issuer.verification_uri(), ToString::to_string)
    }
}

/// Reads and checks a configuration.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn load(source: &Source) -> Result<Loaded, Box<Report>> {
    let mut report = Report { file: source.file.clone(), ..Report::default() };
    let variables = Variables::sort(&source.environment, &mut report);
    let base = source.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let mut reader = Reader { text: &source.text, base, report, places: Places::default() };
    let root = match DeTable::parse(&source.text) {
        Ok(root) => root,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            reader.wrong_at(at, format!("this is not TOML: {}", error.message()));
            return Err(Box::new(reader.report));
        }
    };
    let tables = Tables::of(root.get_ref(), &mut reader);
    let config = read(&tables, &variables, &mut reader);
    let Reader { mut report, places, .. } = reader;
    if let Some(config) = &config {
        check::check(config, &places, &mut report);
    }
    report.sort();
    match config {
        Some(config) if report.mistakes.is_empty() => Ok(Loaded { config, places, report }),
        Some(_) | None => Err(Box::new(report)),
    }
}

/// Reads every section. `None` only where a declared default is wrong.
fn read<'a>(tables: &Tables<'a>, variables: &'a Variables, reader: &mut Reader<'a>) -> Option<Config> {
    macro_rules! section {
        ($Section:ident) => {
            $Section::read(&mut Table {
                section: &$Section::SECTION,
                path: $Section::SECTION.name.to_owned(),
                file: tables.section($Section::SECTION.name),
                variables: variables.of($Section::SECTION.name),
                reader: &mut *reader,
            })
        };
    }
    let root = section!(Root);
    let http = section!(Http);
    let tls = section!(Tls);
    let store = section!(Store);
    let device = section!(Device);
    let brand = section!(Brand);
    let tokens = section!(Tokens);
    let registration = section!(Registration);
    let secrets = section!(Secrets);
    let limits = section!(Limits);
    let log = section!(Log);
    let clients = read_several(tables, variables, reader, &DeclaredClient::SECTION, DeclaredClient::read);
    let software = read_several(tables, variables, reader, &Software::SECTION, Software::read);
    let mut device = device?;
    if device.hold.is_zero() && !reader.places.has("device.interval") {
        device.interval = Duration::from_secs(5);
    }
    Some(Config {
        issuer: root?.issuer,
        http: http?,
        tls: tls?,
        store: store?,
        device,
        brand: brand?,
        tokens: tokens?,
        registration: registration?,
        secrets: secrets?,
        limits: limits?,
        log: log?,
        clients,
        software,
    })
}

/// Reads a section that may stand several times, in the file and above it in the environment.
fn read_several<'a, T>(
    tables: &Tables<'a>,
    variables: &'a Variables,
    reader: &mut Reader<'a>,
    section: &'static Section,
    read: impl Fn(&mut Table<'_, 'a>) -> Option<T>,
) -> Vec<T> {
    let name = section.name;
    let declared = tables.sections(name);
    let numbers: BTreeSet<usize> = (0..declared.len()).chain(variables.numbers(name)).collect();
    if let Some((_, number)) = numbers.iter().enumerate().find(|(expected, number)| expected != *number) {
        let place = variables.of(&format!("{name}[{number}]")).and_then(|entries| entries.values().next());
        let place = place.map_or(Place::Default, |variable| Place::Variable(variable.name.clone()));
        let what = if name == CLIENT { "declared clients" } else { "issuers of software statements" };
        let text = format!("{what} are numbered from 0 without gaps, those of the file first");
        reader.report.mistakes.push(Mistake { place, text });
    }
    let mut all = Vec::new();
    for number in numbers {
        let path = format!("{name}[{number}]");
        let (file, variables) = (declared.get(number).copied(), variables.of(&path));
        all.extend(read(&mut Table { section, path, file, variables, reader: &mut *reader }));
    }
    all
}
