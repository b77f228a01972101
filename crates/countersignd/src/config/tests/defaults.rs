//! The example, the defaults and the declarations are one and the same.

use super::super::section::{Fallback, Reload};
use super::super::variables::name_of;
use super::super::{Config, REPEATED, SECTIONS, example, show};
use super::clients::EC;
use super::{ISSUER, file, good, said, with};

/// The example with its comments taken off the keys for which `which` holds.
fn uncommented(which: impl Fn(Fallback) -> bool) -> String {
    let mut section = "";
    let mut lines = Vec::new();
    for line in example().lines() {
        let bare = line.trim_start_matches('#');
        let setting = line.starts_with('#') && !line.starts_with("# ");
        if let Some(found) = SECTIONS.iter().find(|section| bare == section.head() && !section.name.is_empty()) {
            section = found.name;
            lines.push(bare.to_owned());
        } else if let Some((name, _)) = bare.split_once(" = ").filter(|_| setting) {
            let keys = SECTIONS.iter().filter(|own| own.name == section).flat_map(|section| section.keys);
            let key =
                keys.into_iter().find(|key| key.name == name || key.file_name().as_deref() == Some(name)).unwrap();
            lines.push(if which(key.fallback) { bare.to_owned() } else { line.to_owned() });
        } else {
            lines.push(line.to_owned());
        }
    }
    // An issuer of software statements has keys; the file of the example is not there.
    let keys = format!("jwks = '{{\"keys\":[{EC}]}}'");
    lines.join("\n").replace("#jwks_file = \"/etc/countersign/software.jwks.json\"", &keys)
}

fn defaults() -> Config {
    good(&file(ISSUER)).config
}

#[test]
fn the_example_as_it_is_holds_exactly_the_defaults() {
    assert_eq!(good(&file(&example())).config, defaults());
}

#[test]
fn the_example_without_its_comment_marks_holds_exactly_the_defaults() {
    let text = uncommented(|fallback| matches!(fallback, Fallback::Default(_) | Fallback::Required(_)));
    let mut config = good(&file(&text)).config;
    assert_eq!((config.clients.len(), config.software.len()), (1, 1));
    config.clients.clear();
    config.software.clear();
    assert_eq!(config, defaults());
}

#[test]
fn every_value_of_the_example_can_be_used() {
    let text = uncommented(|fallback| !matches!(fallback, Fallback::Document(_) | Fallback::Secret(_)))
        .replace("http://localhost:8628", "https://id.example.com")
        .replace("subject_type = \"public\"", "subject_type = \"pairwise\"")
        .replace("auth = \"none\"", "auth = \"private_key_jwt\"");
    assert_eq!(said(&file(&text)), "");
}

#[test]
fn every_key_stands_in_the_example_with_a_reason_and_a_value() {
    let text = example();
    let mut rest = text.as_str();
    for section in SECTIONS {
        let (_, own) = rest.split_once(&section.head()).unwrap();
        rest = own;
        let mut at = own;
        assert!(!section.about.is_empty());
        for key in section.keys {
            let is_set =
                matches!(key.fallback, Fallback::Default(_) | Fallback::DefaultOrFile(_) | Fallback::Required(_));
            let name = key.file_name().filter(|_| !is_set).unwrap_or_else(|| key.name.to_owned());
            let (reason, value) = at.split_once(&format!("{name} = ")).unwrap_or_else(|| panic!("{name} is missing"));
            assert!(reason.len() > 20, "{name} has no reason");
            let (line, behind) = value.split_once('\n').unwrap();
            assert_eq!(line.ends_with("# reload"), key.reload == Reload::Live, "{name}");
            at = behind;
        }
    }
    assert!(text.lines().all(|line| line.chars().count() <= 122), "lines fit a terminal");
    assert!(text.is_ascii());
}

#[test]
fn every_key_can_be_set_in_the_environment() {
    let base = "issuer = \"https://id.example.com\"\n[http]\ntrusted_proxies = [\"10.0.0.1\"]\n";
    for section in SECTIONS.iter().filter(|section| !REPEATED.contains(&section.name)) {
        for key in section.keys {
            let (Fallback::Default(value)
            | Fallback::DefaultOrFile(value)
            | Fallback::Document(value)
            | Fallback::Required(value)
            | Fallback::Secret(value)
            | Fallback::Unset(value)) = key.fallback;
            let value = value.trim_matches(['[', ']']).replace('"', "");
            let name = name_of(section.name, key.name);
            let loaded = super::super::load(&with(base, &[(&name, &value)]));
            let about_value = loaded.err().map(|report| report.to_string()).unwrap_or_default();
            assert!(!about_value.contains("expected") && !about_value.contains("no such key"), "{name}: {about_value}");
        }
    }
}

#[test]
fn what_is_shown_reads_back_to_the_same() {
    let text = format!(
        "{ISSUER}[limits]\nguess_hits_per_day = 0.001\nguesses_per_account = [\"5/10m\", \"10/1d\"]\npassword_hashes = 3\n\
         [[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\nhold = \"1500ms\"\nscopes = [\"openid\"]\n"
    );
    let loaded = good(&file(&text));
    let shown = show::text(&loaded);
    assert!(shown.contains("hold = \"1500ms\""), "{shown}");
    assert_eq!(good(&file(&shown)).config, loaded.config);
}

#[test]
fn the_defaults_are_those_of_the_parts() {
    let Config { issuer, device, brand, limits, tokens, registration, log, .. } = defaults();
    let flow = flow::Settings::new(&issuer.to_string());
    assert_eq!(flow.issuer, issuer.to_string());
    assert_eq!(flow.verification_uri, issuer.verification_uri());
    assert_eq!((flow.device.lifetime, flow.device.interval), (device.lifetime, device.interval));
    assert_eq!((flow.device.hold, flow.device.alphabet), (device.hold, device.alphabet));
    assert_eq!(flow.signing, tokens.signing);
    assert_eq!(flow.dpop, tokens.dpop_nonces);
    assert_eq!(flow.tokens.access, tokens.access_lifetime);
    assert_eq!(flow.tokens.refresh_idle, tokens.refresh_idle);
    assert_eq!(flow.tokens.refresh_absolute, tokens.refresh_absolute);
    assert_eq!((flow.session.idle, flow.session.absolute), (limits.session_idle, limits.session_absolute));
    let own = flow.registration;
    assert_eq!((own.enabled, own.open), (registration.enabled, registration.open));
    assert_eq!((own.unused_lifetime, own.software.len()), (registration.unused_lifetime, 0));
    let own = flow.limits;
    assert_eq!(own.guesses_per_session, limits.guesses_per_session);
    assert_eq!(own.guesses_per_account, limits.guesses_per_account);
    assert_eq!(own.guesses_per_network, limits.guesses_per_network);
    assert_eq!(own.guesses_per_site, limits.guesses_per_site);
    assert_eq!(own.sign_ins_per_account, limits.sign_ins_per_account);
    assert_eq!(own.sign_ins_per_network, limits.sign_ins_per_network);
    assert_eq!(own.sign_ins_per_site, limits.sign_ins_per_site);
    assert_eq!(own.registrations_per_network, limits.registrations_per_network);
    assert_eq!(own.registrations_per_site, limits.registrations_per_site);
    assert_eq!(own.held_polls, usize::try_from(limits.held_polls).unwrap());
    assert_eq!(own.pending_grants, usize::try_from(limits.pending_grants).unwrap());
    assert_eq!(own.pending_grants_per_network, limits.pending_grants_per_network);
    assert_eq!(own.pending_grants_per_site, limits.pending_grants_per_site);
    assert_eq!(own.target_polls_per_second, limits.target_polls_per_second);
    assert_eq!(own.password_queue, usize::try_from(limits.password_queue).unwrap());
    let listen = server::listen::ListenSettings::default();
    assert_eq!(listen.connections, usize::try_from(limits.connections).unwrap());
    assert_eq!(listen.connections_per_network, usize::try_from(limits.connections_per_network).unwrap());
    assert_eq!(listen.header_limit, limits.header_size.0);
    assert_eq!((listen.handshake_timeout, listen.header_timeout), (limits.handshake_timeout, limits.header_timeout));
    assert_eq!((listen.body_timeout, listen.write_timeout), (limits.body_timeout, limits.write_timeout));
    assert_eq!((listen.idle_timeout, listen.drain_timeout), (limits.idle_timeout, limits.drain_timeout));
    assert_eq!(brand.accent, server::assets::Colour::default());
    assert_eq!(log.level.parse::<server::telemetry::LogLevel>(), Ok(server::telemetry::LogLevel::default()));
}
