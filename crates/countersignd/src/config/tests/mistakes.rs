//! One mistake each, and exactly what is said about it.

use super::{ISSUER, after_issuer, file, said, with};

/// What is said about one file after another.
fn all(texts: &[&str]) -> String {
    texts.iter().map(|text| said(&after_issuer(text))).collect()
}

#[test]
fn unknown_names_get_the_place_and_the_nearest_name() {
    insta::assert_snapshot!(all(&[
        "[device]\nlifetim = \"10m\"\n",
        "[device]\n  Hold = \"4s\"\n",
        "[http]\nlifetime = \"10m\"\n",
        "[device]\npassword = \"x\"\n",
        "lifetime = \"10m\"\n",
        "isuer = \"x\"\n",
        "held_pols = 3\n",
        "colour = \"red\"\n",
        "[devices]\nlifetime = \"10m\"\n",
        "[database]\nurl = \"x\"\n",
        "[client]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\n",
        "[[device]]\nlifetime = \"10m\"\n",
        "device = \"10m\"\n",
        "client = [1]\n",
        "[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\nsecret_fil = \"x\"\n",
        "[log]\n\"a\\u001Bb\" = 1\n",
        "device.lifetme = \"5m\"\n",
    ]), @r#"
    c.toml:3:1: unknown key `lifetim` in [device]; did you mean `lifetime`?
    c.toml:3:3: unknown key `Hold` in [device]; did you mean `hold`?
    c.toml:3:1: unknown key `lifetime` in [http]; it belongs in [device]
    c.toml:3:1: unknown key `password` in [device]; its keys are lifetime, interval, hold, alphabet, verification_uri
    c.toml:2:1: unknown key `lifetime` above the first section; it belongs in [device]
    c.toml:2:1: unknown key `isuer`; did you mean `issuer`?
    c.toml:2:1: unknown key `held_pols`; did you mean `held_polls` in [limits]?
    c.toml:2:1: unknown key `colour`; `countersignd config example` lists them all
    c.toml:2:2: unknown section [devices]; did you mean [device]?
    c.toml:2:2: unknown section [database]; there are [http], [tls], [store], [device], [brand], [tokens], [registration], [secrets], [limits], [log], [[client]], [[software]]
    c.toml:2:2: [client] must be written [[client]], since there may be several
    c.toml:2:3: [device] stands once: write [device], not [[device]]
    c.toml:2:1: `device` is a section: write [device] on a line of its own
    c.toml:2:1: `client` is a section: write [[client]] on a line of its own
    c.toml:6:1: unknown key `secret_fil` in [[client]]; did you mean `secret_file`?
    c.toml:3:1: unknown key `a\u{1b}b` in [log]; its keys are level, format
    c.toml:2:8: unknown key `lifetme` in [device]; did you mean `lifetime`?
    "#);
}

#[test]
fn text_that_is_no_toml_gets_the_place() {
    insta::assert_snapshot!(all(&[
        "[device\n",
        "[device]\nlifetime = 10m\n",
        "[device]\nlifetime = \"10m\"\nlifetime = \"5m\"\n",
        "[device]\nlifetime \"10m\"\n",
        "[device]\nlifetime = \"10m\n",
    ]), @r#"
    c.toml:2:8: this is not TOML: unclosed table, expected `]`
    c.toml:3:12: this is not TOML: string values must be quoted, expected literal string
    c.toml:4:1: this is not TOML: duplicate key
    c.toml:3:10: this is not TOML: key with no value, expected `=`
    c.toml:3:16: this is not TOML: invalid basic string, expected `"`
    "#);
}

#[test]
fn wrong_types_and_values_are_explained_in_a_sentence() {
    insta::assert_snapshot!(all(&[
        "[device]\nlifetime = 600\n",
        "[device]\nlifetime = \"10 minutes\"\n",
        "[device]\nlifetime = \"119s\"\n",
        "[device]\nlifetime = \"31m\"\n",
        "[device]\nlifetime = \"120500ms\"\n",
        "[device]\ninterval = \"500ms\"\n",
        "[device]\nhold = \"31s\"\n",
        "[device]\nhold = 4.5\n",
        "[device]\nalphabet = \"base32\"\n",
        "[device]\nverification_uri = \"http://example.com/tv\"\n",
        "[http]\nlisten = 8628\n",
        "[http]\nlisten = \":8628\"\n",
        "[http]\nlisten = \"localhost:8628\"\n",
        "[http]\nlisten = \"127.0.0.1\"\n",
        "[http]\nlisten = [\"127.0.0.1:8628\", true]\n",
        "[http]\nlisten = []\n",
        "[http]\nadmin_listen = \"none\"\n",
        "[http]\ntrusted_proxies = \"10.0.0.0/8\"\n",
        "[http]\ntrusted_proxies = [\"10.0.0.1/8\"]\n",
        "[http]\ntrusted_proxies = [\"proxy.example\"]\n",
        "[store]\nurl = \"postgres://me:geheim@db/c?sslmode=allow\"\n",
        "[store]\nurl = \"/var/lib/c.db\"\n",
        "[brand]\naccent = \"teal\"\n",
        "[brand]\nname = \"\"\n",
        "[brand]\nname = \"a\\nb\"\n",
        "[brand]\nhelp = \"javascript:alert(1)\"\n",
        "[tokens]\nsigning = \"es256\"\n",
        "[tokens]\nsigning = \"HS256\"\n",
        "[limits]\nheld_polls = -1\n",
        "[limits]\nheld_polls = \"many\"\n",
        "[limits]\npending_grants = 0\n",
        "[limits]\nheader_size = \"16k\"\n",
        "[limits]\nheader_size = \"1KiB\"\n",
        "[limits]\nguesses_per_account = []\n",
        "[limits]\nguesses_per_account = [\"10 in 10m\"]\n",
        "[limits]\nguesses_per_account = [\"0/10m\"]\n",
        "[limits]\npassword_hashes = \"all\"\n",
        "[limits]\nguess_chance = 2\n",
        "[log]\nlevel = \"inof\"\n",
        "[log]\nformat = \"xml\"\n",
        "[secrets]\nkey_file = \"\"\n",
        "[secrets]\nkey_file = 2026-11-24\n",
    ]), @r##"
    c.toml:3:12: [device] lifetime: expected a duration such as "10m", "90s" or "500ms", found the number 600
    c.toml:3:12: [device] lifetime: "10 minutes" is not a duration such as "10m", "90s" or "500ms"; units are ms, s, m, h and d
    c.toml:3:12: [device] lifetime: "119s" is too short: at least "2m"
    c.toml:3:12: [device] lifetime: "31m" is too long: at most "30m"
    c.toml:3:12: [device] lifetime: "120500ms" is not a whole number of seconds
    c.toml:3:12: [device] interval: "500ms" is too short: at least "1s"
    c.toml:3:8: [device] hold: "31s" is too long: at most "30s"
    c.toml:3:8: [device] hold: expected a duration such as "10m", "90s" or "500ms", found the number 4.5
    c.toml:3:12: [device] alphabet: "base32" is unknown; did you mean "base20"?
    c.toml:3:20: [device] verification_uri: "http://example.com/tv" is http, which only a loopback address may be (such as http://localhost:8628); write https
    c.toml:3:10: [http] listen: expected an address and a port such as "127.0.0.1:8628", or a list of them, found the number 8628
    c.toml:3:10: [http] listen: ":8628" is not an address with a port; for all addresses write "[::]:8628"
    c.toml:3:10: [http] listen: "localhost:8628" is not an address with a port; write "127.0.0.1:8628"
    c.toml:3:10: [http] listen: "127.0.0.1" is not an address with a port; the port is missing: write "127.0.0.1:8628"
    c.toml:3:10: [http] listen: expected an address and a port such as "127.0.0.1:8628", found true
    c.toml:3:10: [http] listen: expected an address and a port such as "127.0.0.1:8628", or a list of them, found a list
    c.toml:3:16: [http] admin_listen: "none" is not an address with a port; names are not looked up: write it like "127.0.0.1:8628" or "[::]:8628"
    c.toml:3:19: [http] trusted_proxies: expected a list of address blocks such as ["10.0.0.0/8"], found "10.0.0.0/8"
    c.toml:3:19: [http] trusted_proxies: 10.0.0.1/8 has bits set beyond its length; did you mean 10.0.0.0/8?
    c.toml:3:19: [http] trusted_proxies: “proxy.example” is not an IP address; write a block such as 10.0.0.0/8 or 2001:db8::/32
    c.toml:3:7: [store] url: sslmode allow is not supported; use "require", which also checks the certificate, or "disable" where nobody else is on the network
    c.toml:3:7: [store] url: expected "sqlite:FILE", "postgres://USER@HOST/DATABASE" or "memory:", found "/var/lib/c.db"
    c.toml:3:10: [brand] accent: "teal" is no colour: write it like "#0f5c5a"
    c.toml:3:8: [brand] name: expected a text of 1 to 40 characters on one line, found ""
    c.toml:3:8: [brand] name: expected a text of 1 to 40 characters on one line, found "a\nb"
    c.toml:3:8: [brand] help: "javascript:alert(1)" is neither an https: nor a mailto: address
    c.toml:3:11: [tokens] signing: "es256" is unknown; did you mean "ES256"?
    c.toml:3:11: [tokens] signing: "HS256" is unknown; did you mean "ES256"?
    c.toml:3:14: [limits] held_polls: expected a whole number from 0 to 5000000, found the number -1
    c.toml:3:14: [limits] held_polls: expected a whole number from 0 to 5000000, found "many"
    c.toml:3:18: [limits] pending_grants: expected a whole number from 1 to 100000000, found the number 0
    c.toml:3:15: [limits] header_size: "16k" is not a size such as "16KiB"; units are B, KiB and MiB
    c.toml:3:15: [limits] header_size: expected a size from "8KiB" to "256KiB", found "1KiB"
    c.toml:3:23: [limits] guesses_per_account: expected a list of limits such as ["10/10m", "50/1d"], found none: without a limit codes and passwords can be guessed
    c.toml:3:23: [limits] guesses_per_account: expected a limit such as "10/10m", ten in ten minutes, found "10 in 10m"
    c.toml:3:23: [limits] guesses_per_account: expected a limit such as "10/10m", ten in ten minutes, found "0/10m"
    c.toml:3:19: [limits] password_hashes: expected "auto" or a whole number from 1 to 256, found "all"
    c.toml:3:16: [limits] guess_chance: expected a number from 0.000000000000001 to 0.001, found the number 2
    c.toml:3:9: [log] level: “inof” is no log level; write error, warn, info, debug, trace or off, or levels by part: info,flow=debug
    c.toml:3:10: [log] format: "xml" is unknown; use "text" or "json"
    c.toml:3:12: [secrets] key_file: expected the path of a file, found ""
    c.toml:3:12: [secrets] key_file: expected the path of a file, found the date 2026-11-24
    "##);
}

#[test]
fn a_missing_or_wrong_issuer_is_said_once() {
    insta::assert_snapshot!(
        ["", "issuer = 1\n", "issuer = \"https://id.example.com/\"\n", "issuer = \"http://id.example.com\"\n"]
            .map(|text| said(&file(text)))
            .concat(),
        @r#"
    c.toml: issuer is missing; write it like `issuer = "http://localhost:8628"`
    c.toml:1:10: issuer: expected an address such as "https://id.example.com", found the number 1
    c.toml:1:10: issuer: "https://id.example.com/" ends in a slash; clients compare issuers character by character, so write "https://id.example.com" here and in every client
    c.toml:1:10: issuer: "http://id.example.com" is http, which only a loopback address may be (such as http://localhost:8628); write https
    "#
    );
    insta::assert_snapshot!(said(&super::Source::default()), @r#"issuer is missing; write it like `issuer = "http://localhost:8628"`"#);
}

#[test]
fn mistakes_in_the_environment_name_the_variable() {
    let said = |name, value| said(&with(ISSUER, &[(name, value)]));
    insta::assert_snapshot!([
        said("COUNTERSIGN__DEVICE__LIFETIM", "10m"),
        said("COUNTERSIGN__DEVICE__LIFETIME", "10"),
        said("COUNTERSIGN__LIMITS__HELD_POLLS", "many"),
        said("COUNTERSIGN__LIMITS", "many"),
        said("COUNTERSIGN__ISUER", "x"),
        said("COUNTERSIGN__NOTHING__LIKE__THIS", "x"),
        said("COUNTERSIGN__CLIENT__TV__NAME", "x"),
        said("COUNTERSIGN__CLIENT__1__NAME", "x"),
        said("COUNTERSIGN__CLIENT__0__NAME", "x"),
        said("COUNTERSIGN__CLIENT__0__NMAE", "x"),
        said("COUNTERSIGN_DEVICE_LIFETIME", "another program's, perhaps"),
    ].concat(), @r#"
    COUNTERSIGN__DEVICE__LIFETIM: there is no such key; did you mean COUNTERSIGN__DEVICE__LIFETIME?
    COUNTERSIGN__DEVICE__LIFETIME: [device] lifetime: "10" is not a duration such as "10m", "90s" or "500ms"; units are ms, s, m, h and d
    COUNTERSIGN__LIMITS__HELD_POLLS: [limits] held_polls: expected a whole number from 0 to 5000000, found "many"
    COUNTERSIGN__LIMITS: there is no such key; `countersignd config example` lists them all
    COUNTERSIGN__ISUER: there is no such key; did you mean COUNTERSIGN__ISSUER?
    COUNTERSIGN__NOTHING__LIKE__THIS: there is no such key; `countersignd config example` lists them all
    COUNTERSIGN__CLIENT__TV__NAME: there is no such key; did you mean COUNTERSIGN__CLIENT__0__NAME?
    COUNTERSIGN__CLIENT__1__NAME: declared clients are numbered from 0 without gaps, those of the file first
    COUNTERSIGN__CLIENT__1__NAME: [[client]] id is missing; write it like `id = "tv"`
    COUNTERSIGN__CLIENT__1__NAME: [[client]] grants is missing; write it like `grants = ["device", "refresh_token"]`
    COUNTERSIGN__CLIENT__0__NAME: [[client]] id is missing; write it like `id = "tv"`
    COUNTERSIGN__CLIENT__0__NAME: [[client]] grants is missing; write it like `grants = ["device", "refresh_token"]`
    COUNTERSIGN__CLIENT__0__NMAE: there is no such key; did you mean COUNTERSIGN__CLIENT__0__NAME?
    "#);
}

#[test]
fn all_mistakes_are_named_in_one_run_in_their_order() {
    let text = "issuer = \"http://id.example.com\"\n[device]\nlifetime = \"1m\"\nhodl = \"0s\"\n[limits]\nheld_polls = 2_000_000\n\
                [log]\nformat = \"xml\"\n[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = []\n";
    insta::assert_snapshot!(said(&with(text, &[("COUNTERSIGN__STORE__URL", "x")])), @r#"
    c.toml:1:10: issuer: "http://id.example.com" is http, which only a loopback address may be (such as http://localhost:8628); write https
    c.toml:3:12: [device] lifetime: "1m" is too short: at least "2m"
    c.toml:4:1: unknown key `hodl` in [device]; did you mean `hold`?
    c.toml:6:14: [limits] held_polls: held_polls cannot be more than pending_grants
    c.toml:8:10: [log] format: "xml" is unknown; use "text" or "json"
    c.toml:12:10: [[client]] grants: client "tv" could sign nobody in; add "device" to grants
    COUNTERSIGN__STORE__URL: [store] url: expected "sqlite:FILE", "postgres://USER@HOST/DATABASE" or "memory:", found "x"
    c.toml: advice: [limits] connections: held polls alone could take every connection; keep it above held_polls
    "#);
}

#[test]
fn no_message_repeats_a_secret() {
    let secret = "geheim-geheim";
    for line in [
        "secret = \"geheim-geheim\"",
        "secret = [\"geheim-geheim\"]",
        "secrt = \"geheim-geheim\"",
        "secret = \"geheim-geheim",
    ] {
        let said = said(&after_issuer(&format!(
            "[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\nauth = \"client_secret_post\"\n{line}\n"
        )));
        assert!(!said.is_empty() && !said.contains(secret), "{said}");
    }
}
