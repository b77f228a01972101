//! From what the operator wrote to what each part is told. The only place that knows both the configuration's names and the
//! parts' own.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

use anyhow::Context as _;
use flow::admin::Declared;
use flow::settings::{DeviceSettings, Limits, SessionSettings};
use server::address::TrustedProxies;
use server::assets::{Brand, Logo};
use server::fetch::Fetcher;
use server::listen::{ListenSettings, Tls, open_file_limit};
use server::telemetry::{LogLevel, LogSettings};
use store::SqliteSettings;

use crate::config::{Config, DeclaredClient, StoreUrl, Workers};
use crate::node::{Database, Kept};
use crate::running::Doors;

/// What the use cases are told.
pub(crate) fn settings(config: &Config) -> flow::Settings {
    let limits = &config.limits;
    let defaults = Limits::default();
    flow::Settings {
        issuer: config.issuer.to_string(),
        verification_uri: config.verification_uri(),
        device: DeviceSettings {
            lifetime: config.device.lifetime,
            interval: config.device.interval,
            hold: config.device.hold,
            alphabet: config.device.alphabet,
        },
        signing: config.tokens.signing,
        tokens: config.lifetimes(),
        dpop: config.tokens.dpop_nonces,
        registration: config.registration(),
        session: SessionSettings { idle: limits.session_idle, absolute: limits.session_absolute },
        limits: Limits {
            held_polls: whole(limits.held_polls),
            pending_grants: whole(limits.pending_grants),
            pending_grants_per_network: limits.pending_grants_per_network,
            pending_grants_per_site: limits.pending_grants_per_site,
            target_polls_per_second: limits.target_polls_per_second,
            guesses_per_session: limits.guesses_per_session.clone(),
            guesses_per_account: limits.guesses_per_account.clone(),
            guesses_per_network: limits.guesses_per_network.clone(),
            guesses_per_site: limits.guesses_per_site.clone(),
            sign_ins_per_account: limits.sign_ins_per_account.clone(),
            sign_ins_per_network: limits.sign_ins_per_network.clone(),
            sign_ins_per_site: limits.sign_ins_per_site.clone(),
            registrations_per_network: limits.registrations_per_network.clone(),
            registrations_per_site: limits.registrations_per_site.clone(),
            remembered: defaults.remembered,
            password_hashes: match limits.password_hashes {
                Workers::Fixed(workers) => whole(workers),
                Workers::PerCore => defaults.password_hashes,
            },
            password_queue: whole(limits.password_queue),
        },
    }
}

/// Where state is kept.
pub(crate) fn kept(config: &Config) -> Kept {
    let queue = whole(config.limits.write_queue);
    let database = match &config.store.url {
        StoreUrl::Memory => return Kept::Memory,
        StoreUrl::Postgres(settings) => {
            let mut settings = settings.clone();
            (settings.queue, settings.connections) = (queue, whole(config.store.connections));
            Database::Postgres(settings)
        }
        StoreUrl::Sqlite(path) => Database::Sqlite(SqliteSettings { queue, ..SqliteSettings::at(path) }),
    };
    Kept::Database { database, key_file: config.secrets.key_file.clone() }
}

/// How keys of clients are fetched.
pub(crate) fn fetcher(config: &Config) -> Fetcher {
    Fetcher::new(config.limits.jwks_networks.clone())
}

/// What the pages and the address of a caller depend on.
pub(crate) fn server(config: &Config) -> anyhow::Result<server::Settings> {
    let logo = match &config.brand.logo {
        None => None,
        Some(path) => {
            let in_file = || format!("[brand] logo: {}", path.display());
            Some(Logo::new(fs::read(path).with_context(in_file)?).with_context(in_file)?)
        }
    };
    Ok(server::Settings {
        name: config.brand.name.clone(),
        brand: Brand { accent: Some(config.brand.accent), logo },
        help: config.brand.help.as_ref().map(ToString::to_string),
        trusted_proxies: proxies(config),
    })
}

/// Where to listen, and with which limits.
pub(crate) fn doors(config: &Config) -> anyhow::Result<Doors> {
    let limits = &config.limits;
    let mut settings = ListenSettings {
        trusted_proxies: proxies(config),
        connections: whole(limits.connections),
        connections_per_network: whole(limits.connections_per_network),
        handshake_timeout: limits.handshake_timeout,
        header_timeout: limits.header_timeout,
        header_limit: limits.header_size.0,
        body_timeout: limits.body_timeout,
        write_timeout: limits.write_timeout,
        idle_timeout: limits.idle_timeout,
        drain_timeout: limits.drain_timeout,
        ..ListenSettings::default()
    };
    if let Some(connections) = open_file_limit().and_then(|files| settings.fit_to(files)) {
        tracing::warn!(connections, "the limit of open files allows fewer connections than [limits] connections");
    }
    let tls = match (&config.tls.certificate, &config.tls.private_key) {
        (Some(certificate), Some(key)) => Some(Tls::from_pem_files(certificate, key)?),
        (Some(_), None) | (None, Some(_)) | (None, None) => None,
    };
    Ok(Doors { public: config.http.listen.clone(), admin: config.http.admin_listen, tls, settings: Arc::new(settings) })
}

/// How the log is written.
pub(crate) fn log(config: &Config, colour: bool) -> anyhow::Result<LogSettings> {
    let level: LogLevel = config.log.level.parse()?;
    Ok(LogSettings { level, format: config.log.format, colour })
}

/// The clients that the configuration declares.
pub(crate) fn declared(config: &Config) -> Vec<Declared> {
    config.clients.iter().map(declaration).collect()
}

fn declaration(declared: &DeclaredClient) -> Declared {
    let client = declared.client();
    // Whatever is declared moves the text, the secret by its hash.
    let mut text = String::new();
    let written = write!(text, "{client:?}");
    for secret in &client.secrets {
        secret.as_bytes().iter().for_each(|byte| text.push(char::from(*byte)));
    }
    debug_assert!(written.is_ok(), "a text can always be written to");
    Declared { client, text }
}

fn proxies(config: &Config) -> TrustedProxies {
    config.http.trusted_proxies.iter().copied().collect()
}

/// Counts of the configuration are below 2^32, which every machine this runs on can address.
fn whole(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
