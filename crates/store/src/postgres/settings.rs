//! How a PostgreSQL store is reached: the address as libpq writes it, and limits on everything that can wait.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};

/// How a PostgreSQL store is reached. Everything but the address has a default.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresSettings {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// Connections at most, beside the two of the feed.
    pub connections: usize,
    /// Operations that may wait for one; one more is [`crate::StoreError::Busy`].
    pub queue: usize,
    /// How long one of them waits.
    pub acquire: Duration,
    /// How long opening a connection may take, TLS and sign-in included.
    pub connect: Duration,
    /// How long a statement may wait for a row that another one writes (`lock_timeout`).
    pub lock: Duration,
    /// How long a statement may take (`statement_timeout`).
    pub statement: Duration,
    /// How long an answer may take: longer than a statement, since it also crosses the network.
    pub reply: Duration,
    /// How often to look for what other nodes wrote.
    pub tick: Duration,
    /// How far back each look reaches: changes become visible out of order.
    pub overlap: Duration,
    /// Whether changes are also told by `NOTIFY`, where the database has it.
    pub notify: bool,
}

/// Whether connections are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// They are not.
    Off,
    /// They are, and the server's certificate is checked for its name: against the roots of the system, or this file's.
    Verified(Option<PathBuf>),
}

/// What is wrong with an address. It never repeats the address, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresAddressError {
    /// It cannot be read.
    #[error("this is no address of a PostgreSQL database: {0}")]
    Malformed(String),
    /// It names no host.
    #[error(
        "no host is named; a socket is named by its folder, as in \"postgres:///countersign?host=/run/postgresql\""
    )]
    NoHost,
    /// It asks for less than is promised.
    #[error(
        "sslmode {0} is not supported; use \"require\", which also checks the certificate, or \"disable\" where nobody \
         else is on the network"
    )]
    SslMode(String),
}

impl PostgresSettings {
    /// The defaults, for the database at `address`: `postgres://USER@HOST[:PORT][,HOST…]/DATABASE[?OPTION=VALUE&…]`.
    ///
    /// Of several hosts the first that takes writes is used. Beside what `tokio_postgres` reads, `sslmode` is `disable` or
    /// `require` and `sslrootcert` names a file of roots. Without `sslmode` there is TLS to every host but this machine.
    ///
    /// # Errors
    /// It cannot be read, or names no host.
    pub fn parse(address: &str) -> Result<Self, PostgresAddressError> {
        let (plain, options) = separate(address)?;
        let mut config = Config::from_str(&plain).map_err(malformed)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(PostgresAddressError::NoHost);
        }
        let tls = match options.sslmode.as_deref() {
            Some("disable") => Tls::Off,
            Some("require" | "verify-full") => Tls::Verified(options.roots),
            Some(other) => return Err(PostgresAddressError::SslMode(other.to_owned())),
            None if options.roots.is_none() && is_local(&config) => Tls::Off,
            None => Tls::Verified(options.roots),
        };
        config.ssl_mode(if tls == Tls::Off { SslMode::Disable } else { SslMode::Require });
        if config.get_application_name().is_none() {
            config.application_name("countersignd");
        }
        Ok(Self {
            config,
            tls,
            connections: 16,
            queue: 1024,
            acquire: Duration::from_secs(2),
            connect: Duration::from_secs(5),
            lock: Duration::from_secs(2),
            statement: Duration::from_secs(5),
            reply: Duration::from_secs(7),
            tick: Duration::from_secs(1),
            overlap: Duration::from_secs(3),
            notify: true,
        })
    }

    /// The same with this password, which then need not stand in the address.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// Where it is, for an operator: hosts and database, without a secret.
    #[must_use]
    pub fn place(&self) -> String {
        let ports = self.config.get_ports();
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(at, host)| {
                let port = ports.get(at).or(ports.first()).map(|port| format!(":{port}")).unwrap_or_default();
                match host {
                    Host::Tcp(name) => format!("{name}{port}"),
                    Host::Unix(folder) => format!("{}{port}", folder.display()),
                }
            })
            .collect();
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        format!("postgres://{}/{database}", hosts.join(","))
    }

    /// What a connection is opened with.
    pub(super) fn config(&self) -> Config {
        let mut config = self.config.clone();
        config
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(self.connect)
            .tcp_user_timeout(self.reply)
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3);
        config
    }
}

/// Without a secret.
impl fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSettings").field("place", &self.place()).field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// What `tokio_postgres` does not read, or reads more leniently.
#[derive(Default)]
struct Options {
    sslmode: Option<String>,
    roots: Option<PathBuf>,
}

/// The address without these options, and the options.
fn separate(address: &str) -> Result<(String, Options), PostgresAddressError> {
    let Some((start, query)) = address.split_once('?') else {
        return Ok((address.to_owned(), Options::default()));
    };
    let mut options = Options::default();
    let mut rest = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", value)) => options.sslmode = Some(decoded(value)?),
            Some(("sslrootcert", value)) => options.roots = Some(decoded(value)?.into()),
            _ => rest.push(pair),
        }
    }
    let plain = if rest.is_empty() { start.to_owned() } else { format!("{start}?{}", rest.join("&")) };
    Ok((plain, options))
}

/// A value of the query as it was meant (RFC 3986 §2.1).
fn decoded(value: &str) -> Result<String, PostgresAddressError> {
    let broken = || PostgresAddressError::Malformed("a percent sign is not followed by two digits".to_owned());
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).ok_or_else(broken);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).map_err(|_| broken())?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn malformed(error: tokio_postgres::Error) -> PostgresAddressError {
    PostgresAddressError::Malformed(super::error::words(&error))
}

/// Whether every host is this machine.
fn is_local(config: &Config) -> bool {
    let hosts = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        Host::Unix(_) => true,
    });
    hosts && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_never_with_which_password() {
        let settings = PostgresSettings::parse("postgres://anna:geheim@db1:5433,db2:5434/countersign").unwrap();
        assert_eq!(settings.place(), "postgres://db1:5433,db2:5434/countersign");
        assert_eq!(settings.tls, Tls::Verified(None));
        assert!(!format!("{settings:?}").contains("geheim"));
        let settings = PostgresSettings::parse("postgres://anna@%2Frun%2Fpostgresql/countersign").unwrap();
        assert_eq!(settings.place(), "postgres:///run/postgresql:5432/countersign");
        assert_eq!(settings.tls, Tls::Off);
        let broken = PostgresSettings::parse("postgres://anna:geheim@db/c?nonsense=1").unwrap_err();
        assert!(!broken.to_string().contains("geheim"), "{broken}");
    }

    #[test]
    fn connections_are_encrypted_unless_they_stay_on_this_machine_or_the_operator_says_so() {
        for (address, expected) in [
            ("postgres://u@127.0.0.1/c", Tls::Off),
            ("postgres://u@[::1]/c", Tls::Off),
            ("postgres://u@localhost/c", Tls::Off),
            ("postgres://u@localhost,db/c", Tls::Verified(None)),
            ("postgres://u@db/c?sslmode=disable", Tls::Off),
            ("postgres://u@localhost/c?sslmode=require", Tls::Verified(None)),
            ("postgres://u@10.0.0.1/c?sslrootcert=%2Fetc%2Fca.pem", Tls::Verified(Some("/etc/ca.pem".into()))),
        ] {
            assert_eq!(PostgresSettings::parse(address).unwrap().tls, expected, "{address}");
        }
        let refused = PostgresSettings::parse("postgres://u@db/c?sslmode=prefer").unwrap_err();
        assert_eq!(refused, PostgresAddressError::SslMode("prefer".to_owned()));
        assert_eq!(PostgresSettings::parse("postgres:///c").unwrap_err(), PostgresAddressError::NoHost);
    }
}
