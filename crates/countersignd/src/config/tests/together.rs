//! Values that are valid each and wrong together.

use std::time::Duration;

use proto::secret::Alphabet;

use super::super::Bound;
use super::{after_issuer, file, good, said};

fn all(sources: &[&str]) -> String {
    sources.iter().map(|text| said(&file(text))).collect()
}

const HTTPS: &str = "issuer = \"https://id.example.com\"\n[http]\ntrusted_proxies = [\"10.0.0.0/8\"]\n";

#[test]
fn df_3_1_4_oa_3_2_1_nothing_is_served_in_the_clear_beyond_this_machine() {
    insta::assert_snapshot!(all(&[
        "issuer = \"https://id.example.com\"\n",
        "issuer = \"http://localhost:8628\"\n[http]\nlisten = \"0.0.0.0:8628\"\n",
        "issuer = \"http://localhost:8628\"\n[http]\nlisten = [\"127.0.0.1:8628\", \"[::]:8628\"]\n",
        "issuer = \"http://localhost:8628\"\n[tls]\ncertificate = \"c\"\nprivate_key = \"k\"\n",
        "issuer = \"https://id.example.com\"\n[tls]\ncertificate = \"c\"\n",
        "issuer = \"https://id.example.com\"\n[tls]\nprivate_key = \"k\"\n",
        "issuer = \"http://localhost:9000\"\n",
        "issuer = \"http://localhost\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
        "issuer = \"http://localhost:8628\"\n[http]\nlisten = [\"127.0.0.1:8628\", \"127.0.0.1:8628\"]\n",
        "issuer = \"http://localhost:8628\"\n[http]\nadmin_listen = \"127.0.0.1:8628\"\n",
        "issuer = \"http://localhost:8628\"\n[http]\nadmin_listen = \"[::]:8629\"\n",
    ]), @r#"
    c.toml:1:10: issuer: is https, but there is neither a certificate in [tls] nor a proxy in [http] trusted_proxies, so nobody could be answered
    c.toml:3:10: [http] listen: 0.0.0.0:8628 can be reached from other machines, but the issuer is http; listen on 127.0.0.1, or make the issuer https
    c.toml:3:10: [http] listen: [::]:8628 can be reached from other machines, but the issuer is http; listen on 127.0.0.1, or make the issuer https
    c.toml:1:10: issuer: is http, but [tls] has a certificate; write https
    c.toml:3:15: [tls] certificate: needs [tls] private_key beside it
    c.toml:3:15: [tls] private_key: needs [tls] certificate beside it
    c.toml:1:10: advice: issuer: its port is not one that [http] listen has, so devices may not find the server
    c.toml:3:10: [http] listen: 127.0.0.1:8628 stands there twice
    c.toml:3:16: [http] admin_listen: 127.0.0.1:8628 is already taken by [http] listen
    c.toml:3:16: advice: [http] admin_listen: [::]:8629 can be reached from other machines, and it has no TLS
    "#);
    for good in ["issuer = \"https://id.example.com\"\n[tls]\ncertificate = \"c\"\nprivate_key = \"k\"\n", HTTPS] {
        assert_eq!(said(&file(good)), "");
    }
}

#[test]
fn lifetimes_and_limits_must_fit_each_other() {
    let texts = [
        "[tokens]\nrefresh_idle = \"31d\"\n",
        "[tokens]\naccess_lifetime = \"2h\"\nrefresh_idle = \"1h\"\n",
        "[limits]\nsession_idle = \"13h\"\n",
        "[limits]\npending_grants = 500\n",
        "[limits]\nheld_polls = 1_000_001\nconnections = 2_000_000\n",
        "[limits]\nconnections_per_network = 100_000\n",
        "[limits]\nconnections = 40_000\n",
        "[limits]\nguesses_per_site = [\"10/10m\"]\n",
        "[device]\nhold = \"0s\"\ninterval = \"1s\"\n",
        "[store]\nurl = \"memory:\"\n",
    ];
    insta::assert_snapshot!(texts.map(|text| said(&after_issuer(text))).concat(), @r#"
    c.toml:3:16: [tokens] refresh_idle: a device would be idle for longer (31d) than it may stay signed in at all (30d)
    c.toml:3:19: [tokens] access_lifetime: an access token would be good for longer (2h) than a device may be idle (1h)
    c.toml:3:16: [limits] session_idle: a session would be idle for longer (13h) than it may last at all (12h)
    c.toml:3:14: [limits] held_polls: held_polls cannot be more than pending_grants
    c.toml:3:27: [limits] connections_per_network: connections_per_network cannot be more than connections
    c.toml:3:15: advice: [limits] connections: held polls alone could take every connection; keep it above held_polls
    c.toml:3:20: advice: [limits] guesses_per_site: is stricter than guesses_per_network, which lies within it and so never counts
    c.toml:4:12: advice: [device] interval: polls are not held, so devices are told 5s at least
    c.toml:3:7: advice: [store] url: everything is forgotten when the server stops, and every device must sign in again
    "#);
    let long = format!("https://id.example.com/{}", "tenant/".repeat(7));
    let typed = HTTPS.replace("https://id.example.com", long.trim_end_matches('/'));
    insta::assert_snapshot!(said(&file(&typed)), @r#"c.toml: advice: [device] verification_uri: people have to type https://id.example.com/tenant/tenant/tenant/tenant/tenant/tenant/tenant/device; set a shorter address that leads there"#);
}

#[test]
fn df_5_1_3_a_configuration_whose_guess_bound_is_above_its_ceiling_is_refused() {
    let texts = [
        "[limits]\npending_grants = 100_000_000\n",
        "[device]\nalphabet = \"digits\"\n[limits]\npending_grants = 100_000_001\n",
        "[device]\nalphabet = \"digits\"\n[limits]\npending_grants = 100_000_000\n",
        "[limits]\nguesses_per_account = [\"10/10m\"]\n",
        "[limits]\nguesses_per_account = [\"10/10m\", \"51/1d\"]\n",
        "[limits]\nhostile_accounts = 1_001\n",
        "[limits]\nguess_chance = 9e-8\n",
        "[limits]\nguess_hits_per_day = 0.004\n",
        "[limits]\npending_grants = 1_000\nheld_polls = 1_000\nguess_chance = 1e-12\n",
        "[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\nalphabet = \"digits\"\n[limits]\nguess_chance = 9.9e-8\npending_grants = 1_000_000\n",
    ];
    insta::assert_snapshot!(texts.map(|text| said(&after_issuer(text))).concat(), @r#"
    c.toml:3:18: [limits] pending_grants: with 100000000 live codes of 11 letters a guess hits with a chance of 4.88e-7, and guess_chance allows 1.00e-7; allow fewer pending_grants
    c.toml:3:18: [limits] pending_grants: with 100000000 live codes of 11 letters and 50000 guesses a day (1000 accounts with 50 each) 0.0244 strangers' codes a day would be found, and guess_hits_per_day allows 0.005; tighten guesses_per_account (now 10/10m, 50/1d)
    c.toml:5:18: [limits] pending_grants: expected a whole number from 1 to 100000000, found the number 100000001
    c.toml:3:23: [limits] guesses_per_account: with 51200 live codes of 9 letters and 1440000 guesses a day (1000 accounts with 1440 each) 0.1440 strangers' codes a day would be found, and guess_hits_per_day allows 0.005; tighten guesses_per_account (now 10/10m)
    c.toml:3:23: [limits] guesses_per_account: with 51200 live codes of 9 letters and 51000 guesses a day (1000 accounts with 51 each) 0.0051 strangers' codes a day would be found, and guess_hits_per_day allows 0.005; tighten guesses_per_account (now 10/10m, 51/1d)
    c.toml:3:20: [limits] hostile_accounts: with 51200 live codes of 9 letters and 50050 guesses a day (1001 accounts with 50 each) 0.0050 strangers' codes a day would be found, and guess_hits_per_day allows 0.005; tighten guesses_per_account (now 10/10m, 50/1d)
    c.toml:3:16: [limits] guess_chance: with 51200 live codes of 9 letters a guess hits with a chance of 1.00e-7, and guess_chance allows 9.00e-8; allow fewer pending_grants
    c.toml:3:22: [limits] guess_hits_per_day: with 51200 live codes of 9 letters and 50000 guesses a day (1000 accounts with 50 each) 0.0050 strangers' codes a day would be found, and guess_hits_per_day allows 0.004; tighten guesses_per_account (now 10/10m, 50/1d)
    c.toml:3:18: [limits] pending_grants: with 1000 live codes of 8 letters a guess hits with a chance of 3.91e-8, and guess_chance allows 1.00e-12; allow fewer pending_grants
    c.toml:9:18: [limits] pending_grants: with 51200 live codes of 9 letters a guess hits with a chance of 1.00e-7, and guess_chance allows 9.90e-8; allow fewer pending_grants
    c.toml:9:18: [limits] pending_grants: with 1000000 live codes of 13 digits a guess hits with a chance of 1.00e-7, and guess_chance allows 9.90e-8; allow fewer pending_grants
    "#);
}

#[test]
fn df_5_1_3_what_keeps_the_bound_starts() {
    for text in [
        "",
        "[device]\nalphabet = \"digits\"\n",
        "[limits]\npending_grants = 20_480_000\n",
        "[limits]\nhostile_accounts = 10_000\nguesses_per_account = [\"5/1d\"]\n",
        "[limits]\nhostile_accounts = 2_000\nguess_hits_per_day = 0.01\n",
        "[limits]\npending_grants = 1_000\nheld_polls = 1_000\nguess_hits_per_day = 0.002\n",
    ] {
        let said = said(&after_issuer(text));
        assert!(!said.contains("guess"), "{text}: {said}");
    }
}

#[test]
fn df_5_1_2_the_bound_is_that_of_the_worst_load() {
    let limits = good(&after_issuer("")).config.limits;
    let bound = Bound::of(Alphabet::Base20, &limits);
    assert_eq!((bound.guesses, bound.live), (50_000, 51_200));
    assert_eq!((bound.length, bound.chance, bound.hits), (9, 1e-7, 0.005));
    let small = good(&after_issuer("[limits]\npending_grants = 1_000\nheld_polls = 1_000\n")).config.limits;
    let bound = Bound::of(Alphabet::Base20, &small);
    assert_eq!((bound.length, bound.live), (8, 1_000));
    assert!(bound.chance < 4e-8 && bound.hits < 0.002, "{bound:?}");
}

#[test]
fn clients_may_differ_from_the_server() {
    let text = "[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\nalphabet = \"digits\"\nlifetime = \"5m\"\nhold = \"0s\"\ninterval = \"5s\"\n";
    let loaded = good(&after_issuer(text));
    assert_eq!(loaded.report.to_string(), "");
    let client = &loaded.config.clients[0];
    assert_eq!((client.alphabet, client.lifetime), (Some(Alphabet::Digits), Some(Duration::from_secs(300))));
    assert_eq!((client.hold, client.interval), (Some(Duration::ZERO), Some(Duration::from_secs(5))));
    assert_eq!(loaded.config.device.alphabet, Alphabet::Base20);
}
