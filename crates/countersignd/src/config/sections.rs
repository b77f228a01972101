//! The sections of the configuration, but for `[limits]`, `[[client]]` and those of clients that register themselves: every key with its default and its reason.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use flow::DpopPolicy;
use proto::model::SigningAlg;
use proto::secret::Alphabet;
use server::address::AddressBlock;
use server::assets::Colour;
use server::telemetry::LogFormat;

use super::choice::choice;
use super::kinds::{between, blocks, colour, count, levels, optional, path, seconds, socket_or_off, sockets, words};
use super::section::section;
use super::store_url::{StoreUrl, store_url};
use super::web::{HelpAddress, Issuer, VerificationUri, help, issuer, verification_uri};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const DAY: Duration = Duration::from_secs(86_400);
/// How long codes may live (RFC 10027 §6.1.2).
pub(super) const LIFETIME: (Duration, Duration) = (MINUTE.saturating_mul(2), MINUTE.saturating_mul(30));
/// What may be advertised as polling interval.
pub(super) const INTERVAL: (Duration, Duration) = (SECOND, SECOND.saturating_mul(60));
/// How long polls may be held; clients give up on a request after some time.
pub(super) const HOLD: (Duration, Duration) = (Duration::ZERO, SECOND.saturating_mul(30));

/// How long access tokens may be good.
pub(super) const ACCESS_LIFETIME: (Duration, Duration) = (MINUTE, DAY);
/// How long a device may stay away.
pub(super) const REFRESH_IDLE: (Duration, Duration) = (HOUR, DAY.saturating_mul(365));
/// How long a device may stay signed in.
pub(super) const REFRESH_ABSOLUTE: (Duration, Duration) = (HOUR, DAY.saturating_mul(730));

section! {
    /// What stands above the first table.
    Root "" {
        /// The address under which the server is known to everyone; every token carries it. https, or http for a
        /// loopback address; a path is allowed; no slash at the end, since clients compare it character by character.
        issuer: Issuer, issuer, required "http://localhost:8628", restart;
    }
}

section! {
    /// Where the server listens. Plain HTTP is spoken only for a loopback issuer and with trusted proxies; other peers
    /// are closed.
    Http "http" {
        /// Address and port, or a list of them. Only this machine by default; "[::]:8628" is every address, old and new.
        listen: Vec<SocketAddr>, sockets, default "127.0.0.1:8628", restart;
        /// Metrics, health and administration, without TLS and so only for this machine by default; "off" leaves it out.
        admin_listen: Option<SocketAddr>, socket_or_off, default "127.0.0.1:8629", restart;
        /// Reverse proxies, such as ["10.0.0.0/8"]. Only they may speak plain HTTP for an https issuer, and only their
        /// X-Forwarded-For is believed: whoever stands here can claim to be any address, so by default nobody does.
        trusted_proxies: Vec<AddressBlock>, blocks, default [], restart;
    }
}

section! {
    /// TLS of the listener. Leave it out behind a reverse proxy that ends TLS.
    Tls "tls" {
        /// PEM file with the server's certificate and what leads to its root. Read again on SIGHUP.
        certificate: Option<PathBuf>, optional(path), unset "/etc/countersign/tls.crt", restart;
        /// PEM file with the private key of that certificate. Read again on SIGHUP.
        private_key: Option<PathBuf>, optional(path), unset "/etc/countersign/tls.key", restart;
    }
}

section! {
    /// Where state is kept.
    Store "store" {
        /// "sqlite:FILE", which needs nothing installed and is durable; "postgres://USER@HOST/DATABASE", for several nodes on
        /// one database, with a copy of the key file each; or "memory:", which forgets everything at exit. An address with a
        /// password belongs in a file that only the server reads: url_file names it. PostgreSQL on another machine is spoken
        /// to over TLS, with its certificate checked (sslrootcert=FILE for roots of your own, sslmode=disable for none);
        /// of several hosts, "HOST1,HOST2", the one that takes writes is used.
        url: StoreUrl, store_url, default_or_file "sqlite:/var/lib/countersign/countersign.db", restart;
        /// Connections of this node to PostgreSQL; the feed has two more. Those of all nodes together have to stay below its
        /// max_connections.
        connections: u32, count(1..=1_000), default 16, restart;
    }
}

section! {
    /// How devices are signed in. A client may have its own lifetime, interval, hold and alphabet.
    Device "device" {
        /// How long codes live, 2m to 30m. Time for slow people, but also for those who trick people into approving.
        lifetime: Duration, seconds(LIFETIME.0, LIFETIME.1), default "10m", restart;
        /// The polling interval that devices are told; 5s when hold is "0s". A poll is held for longer than that, so a
        /// device still makes one request every five seconds.
        interval: Duration, seconds(INTERVAL.0, INTERVAL.1), default "1s", restart;
        /// How long a poll waits for the person's decision, at most 30s. So the device learns of it at once; "0s" makes
        /// devices wait for their next poll. Below the shortest timeout of proxies and clients, which is 5s.
        hold: Duration, between(HOLD.0, HOLD.1), default "4s", restart;
        /// Characters of user codes: "base20" (consonants: short, no words, no look-alikes) or "digits" (three characters
        /// longer; for keyboards without Latin letters). The length follows the number of live codes.
        alphabet: Alphabet, choice, default "base20", restart;
        /// A shorter address that leads to {issuer}/device, since people type it.
        verification_uri: Option<VerificationUri>, optional(verification_uri), unset "https://example.com/tv", restart;
    }
}

section! {
    /// What people see on the pages.
    Brand "brand" {
        /// What the service is called; people decide by it whether they are in the right place.
        name: String, words(1, 40), default "Countersign", restart;
        /// A picture in the place of mark and name: SVG, PNG, JPEG or WebP, at most 256 KiB.
        logo: Option<PathBuf>, optional(path), unset "/etc/countersign/logo.svg", restart;
        /// The one colour of buttons and links. Made darker or lighter where it could not be read.
        accent: Colour, colour, default "#0f5c5a", restart;
        /// Where people get help: an https: or mailto: address. Linked from every page when it is set.
        help: Option<HelpAddress>, optional(help), unset "https://example.com/help", restart;
    }
}

section! {
    /// The tokens that devices get.
    Tokens "tokens" {
        /// How long an access token is good, 1m to 1d. An API that checks tokens by itself accepts a revoked one that long.
        access_lifetime: Duration, seconds(ACCESS_LIFETIME.0, ACCESS_LIFETIME.1), default "10m", restart;
        /// A device that does not come back for this long must sign in again.
        refresh_idle: Duration, seconds(REFRESH_IDLE.0, REFRESH_IDLE.1), default "7d", restart;
        /// A device must sign in again after this long whatever it does.
        refresh_absolute: Duration, seconds(REFRESH_ABSOLUTE.0, REFRESH_ABSOLUTE.1), default "30d", restart;
        /// Signature algorithm of access tokens: "ES256", quick and understood everywhere; "EdDSA" (Ed25519), quicker and
        /// not understood everywhere; "RS256", large and slow, for APIs that know nothing else. Keys of all three are
        /// published at any time, so a change is heard of in advance. That of id_tokens is a matter of the client.
        signing: SigningAlg, choice, default "ES256", restart;
        /// Whether DPoP proofs must carry a nonce of this server (RFC 9449). "required": the clocks of devices are often
        /// wrong, and nobody can make proofs in advance; nonces are good for a minute, on all nodes, and stored nowhere.
        /// "off": proofs are dated by the clock of the device, for clients that cannot do it.
        dpop_nonces: DpopPolicy, choice, default "required", restart;
    }
}

section! {
    /// The server's own secret.
    Secrets "secrets" {
        /// File with the key that seals every other key in the database; made on first start, readable by the server
        /// alone. Keep a copy of it apart from the backups of the database: each is worthless without the other. To
        /// change it: countersignd key reseal --help.
        key_file: PathBuf, path, default "/var/lib/countersign/key", live;
    }
}

section! {
    /// What is written to standard error.
    Log "log" {
        /// "error", "warn", "info", "debug", "trace" or "off", or levels by part: "info,flow=debug". The audit of sign-ins
        /// and decisions is always written. No level writes secrets.
        level: String, levels, default "info", restart;
        /// "text" for people, "json" for programs: one line an event either way.
        format: LogFormat, choice, default "text", restart;
    }
}
