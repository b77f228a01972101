//! What values mean together: each may be valid and the whole still be wrong or weak.

use std::net::SocketAddr;

use flow::settings::Rate;
use proto::secret::Alphabet;

use super::guess::{Bound, guesses_a_day};
use super::place::{Mistake, Places, Report, label};
use super::shown::show_duration;
use super::store_url::StoreUrl;
use super::{Config, check_client, registration};

/// Takes what is found. A check is left out when a value it needs could not be read: that was said already.
pub(super) struct Check<'a> {
    pub(super) places: &'a Places,
    pub(super) report: &'a mut Report,
}

impl Check<'_> {
    /// What must be mended, at the place of `key`.
    pub(super) fn mistake(&mut self, key: &str, text: &str) {
        let text = format!("{}: {text}", label(key));
        self.report.mistakes.push(Mistake { place: self.places.of(key), text });
    }

    /// What is probably not meant, at the place of `key`.
    pub(super) fn advice(&mut self, key: &str, text: &str) {
        let text = format!("{}: {text}", label(key));
        self.report.advice.push(Mistake { place: self.places.of(key), text });
    }

    /// Advice when all of `keys` could be read; it stands at the first that was set.
    pub(super) fn advise(&mut self, keys: &[&str], text: &str) {
        if self.places.sound(keys) {
            self.advice(self.first_set(keys), text);
        }
    }

    /// A mistake when `wrong` and all of `keys` could be read; it stands at the first that was set.
    pub(super) fn refuse(&mut self, keys: &[&str], wrong: bool, text: &str) {
        if wrong && self.places.sound(keys) {
            self.mistake(self.first_set(keys), text);
        }
    }

    fn first_set<'k>(&self, keys: &[&'k str]) -> &'k str {
        let key = keys.iter().find(|key| self.places.has(key)).or(keys.first());
        key.copied().unwrap_or_default()
    }
}

/// Checks a configuration whose values are valid by themselves.
pub(super) fn check(config: &Config, places: &Places, report: &mut Report) {
    let mut check = Check { places, report };
    transport(config, &mut check);
    device(config, &mut check);
    lifetimes(config, &mut check);
    limits(config, &mut check);
    guessing(config, &mut check);
    check_client::clients(config, &mut check);
    registration::check(config, &mut check);
    if config.store.url == StoreUrl::Memory && places.sound(&["store.url"]) {
        check.advice("store.url", "everything is forgotten when the server stops, and every device must sign in again");
    }
}

/// Plain HTTP is spoken on this machine and from trusted proxies alone (RFC 8628 §3.1).
fn transport(config: &Config, check: &mut Check<'_>) {
    const ISSUER: &str = "issuer";
    const LISTEN: &str = "http.listen";
    const CERTIFICATE: &str = "tls.certificate";
    const KEY: &str = "tls.private_key";
    let (tls, proxies) = (&config.tls, !config.http.trusted_proxies.is_empty());
    let has_tls = tls.certificate.is_some() || tls.private_key.is_some();
    check.refuse(
        &[CERTIFICATE, KEY],
        tls.certificate.is_some() && tls.private_key.is_none(),
        "needs [tls] private_key beside it",
    );
    check.refuse(
        &[KEY, CERTIFICATE],
        tls.private_key.is_some() && tls.certificate.is_none(),
        "needs [tls] certificate beside it",
    );
    check.refuse(
        &[ISSUER, CERTIFICATE, KEY, "http.trusted_proxies"],
        !config.issuer.is_plain() && !has_tls && !proxies,
        "is https, but there is neither a certificate in [tls] nor a proxy in [http] trusted_proxies, so nobody could be answered",
    );
    check.refuse(
        &[ISSUER, CERTIFICATE, KEY],
        config.issuer.is_plain() && has_tls,
        "is http, but [tls] has a certificate; write https",
    );
    let exposed = config.http.listen.iter().find(|address| !address.ip().to_canonical().is_loopback());
    if let Some(exposed) = exposed {
        check.refuse(
            &[LISTEN, ISSUER],
            config.issuer.is_plain(),
            &format!("{exposed} can be reached from other machines, but the issuer is http; listen on 127.0.0.1, or make the issuer https"),
        );
    }
    let ports: Vec<u16> = config.http.listen.iter().map(SocketAddr::port).collect();
    let reached = config.issuer.port().is_some_and(|port| ports.contains(&port) || ports.contains(&0));
    if config.issuer.is_plain() && !proxies && !reached && check.places.sound(&[ISSUER, LISTEN]) {
        check.advice(ISSUER, "its port is not one that [http] listen has, so devices may not find the server");
    }
    for (number, address) in config.http.listen.iter().enumerate() {
        let twice = config.http.listen.iter().take(number).any(|other| other == address && address.port() != 0);
        check.refuse(&[LISTEN], twice, &format!("{address} stands there twice"));
    }
    let Some(admin) = config.http.admin_listen else { return };
    let clash = config.http.listen.contains(&admin) && admin.port() != 0;
    check.refuse(&["http.admin_listen", LISTEN], clash, &format!("{admin} is already taken by [http] listen"));
    if !admin.ip().to_canonical().is_loopback() && check.places.sound(&["http.admin_listen"]) {
        check.advice("http.admin_listen", &format!("{admin} can be reached from other machines, and it has no TLS"));
    }
}

fn device(config: &Config, check: &mut Check<'_>) {
    if config.device.hold.is_zero()
        && config.device.interval.as_secs() < 5
        && check.places.sound(&["device.interval", "device.hold"])
    {
        check.advice("device.interval", "polls are not held, so devices are told 5s at least");
    }
    let typed = config.verification_uri();
    if typed.chars().count() > super::web::LONGEST_VERIFICATION_URI
        && check.places.sound(&["issuer", "device.verification_uri"])
    {
        check.advice(
            "device.verification_uri",
            &format!("people have to type {typed}; set a shorter address that leads there"),
        );
    }
}

fn lifetimes(config: &Config, check: &mut Check<'_>) {
    let (tokens, limits) = (&config.tokens, &config.limits);
    check.refuse(
        &["tokens.refresh_idle", "tokens.refresh_absolute"],
        tokens.refresh_idle > tokens.refresh_absolute,
        &format!(
            "a device would be idle for longer ({}) than it may stay signed in at all ({})",
            show_duration(tokens.refresh_idle),
            show_duration(tokens.refresh_absolute)
        ),
    );
    check.refuse(
        &["tokens.access_lifetime", "tokens.refresh_idle"],
        tokens.access_lifetime > tokens.refresh_idle,
        &format!(
            "an access token would be good for longer ({}) than a device may be idle ({})",
            show_duration(tokens.access_lifetime),
            show_duration(tokens.refresh_idle)
        ),
    );
    check.refuse(
        &["limits.session_idle", "limits.session_absolute"],
        limits.session_idle > limits.session_absolute,
        &format!(
            "a session would be idle for longer ({}) than it may last at all ({})",
            show_duration(limits.session_idle),
            show_duration(limits.session_absolute)
        ),
    );
}

fn limits(config: &Config, check: &mut Check<'_>) {
    let limits = &config.limits;
    for (part, whole, more) in [
        (
            "limits.pending_grants_per_network",
            "limits.pending_grants",
            limits.pending_grants_per_network > limits.pending_grants,
        ),
        ("limits.connections_per_network", "limits.connections", limits.connections_per_network > limits.connections),
        ("limits.held_polls", "limits.pending_grants", limits.held_polls > limits.pending_grants),
    ] {
        check.refuse(
            &[part, whole],
            more && check.places.has(part),
            &format!("{} cannot be more than {}", bare(part), bare(whole)),
        );
    }
    let crowded = limits.connections <= limits.held_polls && !config.device.hold.is_zero();
    if crowded && check.places.sound(&["limits.connections", "limits.held_polls"]) {
        check.advice("limits.connections", "held polls alone could take every connection; keep it above held_polls");
    }
    for (inner, outer, narrow, wide) in [
        (
            "limits.guesses_per_network",
            "limits.guesses_per_site",
            &limits.guesses_per_network,
            &limits.guesses_per_site,
        ),
        (
            "limits.sign_ins_per_network",
            "limits.sign_ins_per_site",
            &limits.sign_ins_per_network,
            &limits.sign_ins_per_site,
        ),
    ] {
        let useless = guesses_a_day(narrow) > guesses_a_day(wide);
        if useless && check.places.sound(&[inner, outer]) {
            check.advice(outer, &format!("is stricter than {}, which lies within it and so never counts", bare(inner)));
        }
    }
}

fn bare(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(_, name)| name)
}

/// DF-5.1-3: a configuration whose guess bound is above its ceiling does not start.
fn guessing(config: &Config, check: &mut Check<'_>) {
    const KEYS: [&str; 5] = [
        "limits.pending_grants",
        "limits.guesses_per_account",
        "limits.hostile_accounts",
        "limits.guess_chance",
        "limits.guess_hits_per_day",
    ];
    let limits = &config.limits;
    let own = config.clients.iter().filter_map(|client| client.alphabet);
    let mut alphabets: Vec<Alphabet> = Vec::new();
    for alphabet in std::iter::once(config.device.alphabet).chain(own) {
        if !alphabets.contains(&alphabet) {
            alphabets.push(alphabet);
        }
    }
    for alphabet in alphabets {
        let bound = Bound::of(alphabet, limits);
        let codes = format!(
            "{} live codes of {} {}",
            bound.live,
            bound.length,
            match alphabet {
                Alphabet::Base20 => "letters",
                Alphabet::Digits => "digits",
            }
        );
        check.refuse(
            &["limits.pending_grants", "limits.guess_chance"],
            bound.chance > limits.guess_chance,
            &format!("with {codes} a guess hits with a chance of {:.2e}, and guess_chance allows {:.2e}; allow fewer pending_grants",
                bound.chance, limits.guess_chance),
        );
        check.refuse(
            &KEYS,
            bound.hits > limits.guess_hits_per_day,
            &format!("with {codes} and {} guesses a day ({} accounts with {} each) {:.4} strangers' codes a day would be found, and \
                guess_hits_per_day allows {}; tighten guesses_per_account (now {})",
                bound.guesses, limits.hostile_accounts, guesses_a_day(&limits.guesses_per_account), bound.hits,
                limits.guess_hits_per_day, shown(&limits.guesses_per_account)),
        );
    }
}

fn shown(rates: &[Rate]) -> String {
    let rates: Vec<String> =
        rates.iter().map(|rate| format!("{}/{}", rate.limit, show_duration(rate.window))).collect();
    rates.join(", ")
}
