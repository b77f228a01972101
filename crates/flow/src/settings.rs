//! What an operator decides about the flow. Read from the configuration by the binary; plain values here.

use std::time::Duration;

use proto::grant::Lifetimes;
use proto::model::SigningAlg;
use proto::secret::Alphabet;

use crate::DpopPolicy;
use crate::registration::TrustedSoftware;

/// Everything that the use cases are told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer identifier, without a slash at its end.
    pub issuer: String,
    /// What people are told to open; `{issuer}/device` unless the operator has a shorter address.
    pub verification_uri: String,
    /// Grants.
    pub device: DeviceSettings,
    /// How access tokens are signed, unless the client has its own way.
    pub signing: SigningAlg,
    /// Lifetimes of tokens.
    pub tokens: Lifetimes,
    /// How DPoP proofs are dated.
    pub dpop: DpopPolicy,
    /// Browser sessions.
    pub session: SessionSettings,
    /// Clients that register themselves.
    pub registration: RegistrationSettings,
    /// Limits.
    pub limits: Limits,
}

/// Defaults of `[device]`; clients may have their own.
#[derive(Clone, Debug)]
pub struct DeviceSettings {
    /// How long codes live.
    pub lifetime: Duration,
    /// Advertised interval of a grant with a hold slot.
    pub interval: Duration,
    /// How long polls are held; zero turns holding off.
    pub hold: Duration,
    /// Alphabet of user codes.
    pub alphabet: Alphabet,
}

/// Browser sessions.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// A session unused for this long has ended.
    pub idle: Duration,
    /// A session ends after this long whatever happens.
    pub absolute: Duration,
}

/// Clients that register themselves (RFC 7591).
#[derive(Clone, Debug)]
pub struct RegistrationSettings {
    /// Whether any may. Those that did may look after their registration in any case.
    pub enabled: bool,
    /// Whether one may without an initial access token. It can do nothing until an operator lets it (CF-12).
    pub open: bool,
    /// One that nobody used goes after this long.
    pub unused_lifetime: Duration,
    /// Whose software statements count.
    pub software: Vec<TrustedSoftware>,
}

/// So many in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub limit: u32,
    /// In how long.
    pub window: Duration,
}

impl Rate {
    /// `limit` in `window`.
    #[must_use]
    pub const fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window }
    }
}

/// Limits that the use cases keep.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Hold slots.
    pub held_polls: usize,
    /// Live grants in all.
    pub pending_grants: usize,
    /// Live grants of one address prefix.
    pub pending_grants_per_network: u32,
    /// Live grants of one IPv6 /48.
    pub pending_grants_per_site: u32,
    /// Polls a second this node aims at; new grants without a slot get an interval that keeps to it.
    pub target_polls_per_second: u32,
    /// Wrong codes in one session.
    pub guesses_per_session: Vec<Rate>,
    /// Wrong codes of one account.
    pub guesses_per_account: Vec<Rate>,
    /// Wrong codes from one IPv4 address or IPv6 /64.
    pub guesses_per_network: Vec<Rate>,
    /// Wrong codes from one IPv6 /48.
    pub guesses_per_site: Vec<Rate>,
    /// Failed sign-ins of one account name.
    pub sign_ins_per_account: Vec<Rate>,
    /// Failed sign-ins from one IPv4 address or IPv6 /64.
    pub sign_ins_per_network: Vec<Rate>,
    /// Failed sign-ins from one IPv6 /48.
    pub sign_ins_per_site: Vec<Rate>,
    /// Registrations of clients from one IPv4 address or IPv6 /64, those with a good initial access token aside.
    pub registrations_per_network: Vec<Rate>,
    /// The same from one IPv6 /48.
    pub registrations_per_site: Vec<Rate>,
    /// Assertions, proofs, and proofs at userinfo that are remembered in a minute or so, of each this many at most.
    pub remembered: usize,
    /// Password hashes computed at once; each takes 19 MiB.
    pub password_hashes: usize,
    /// Password hashes that may wait for their turn.
    pub password_queue: usize,
}

const MINUTE: Duration = Duration::from_secs(60);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);

impl Default for Limits {
    fn default() -> Self {
        Self {
            held_polls: 50_000,
            pending_grants: 1_000_000,
            pending_grants_per_network: 1_000,
            pending_grants_per_site: 5_000,
            target_polls_per_second: 20_000,
            guesses_per_session: vec![Rate::new(5, MINUTE), Rate::new(20, MINUTE * 15)],
            guesses_per_account: vec![Rate::new(10, TEN_MINUTES), Rate::new(50, DAY)],
            guesses_per_network: vec![Rate::new(20, TEN_MINUTES)],
            guesses_per_site: vec![Rate::new(100, TEN_MINUTES)],
            sign_ins_per_account: vec![Rate::new(10, TEN_MINUTES), Rate::new(100, DAY)],
            sign_ins_per_network: vec![Rate::new(50, TEN_MINUTES)],
            sign_ins_per_site: vec![Rate::new(250, TEN_MINUTES)],
            registrations_per_network: vec![Rate::new(20, TEN_MINUTES)],
            registrations_per_site: vec![Rate::new(100, TEN_MINUTES)],
            remembered: 1_000_000,
            password_hashes: std::thread::available_parallelism().map_or(2, usize::from),
            password_queue: 64,
        }
    }
}

impl Default for DeviceSettings {
    fn default() -> Self {
        Self {
            lifetime: TEN_MINUTES,
            interval: Duration::from_secs(1),
            hold: Duration::from_secs(4),
            alphabet: Alphabet::Base20,
        }
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { idle: MINUTE * 30, absolute: MINUTE * 720 }
    }
}

impl Default for RegistrationSettings {
    fn default() -> Self {
        Self { enabled: true, open: false, unused_lifetime: DAY * 30, software: Vec::new() }
    }
}

impl Settings {
    /// The defaults, for this issuer.
    #[must_use]
    pub fn new(issuer: &str) -> Self {
        let issuer = issuer.trim_end_matches('/').to_owned();
        Self {
            verification_uri: format!("{issuer}/device"),
            issuer,
            device: DeviceSettings::default(),
            signing: SigningAlg::Es256,
            tokens: Lifetimes { access: TEN_MINUTES, refresh_idle: DAY * 7, refresh_absolute: DAY * 30 },
            dpop: DpopPolicy::default(),
            session: SessionSettings::default(),
            registration: RegistrationSettings::default(),
            limits: Limits::default(),
        }
    }
}
