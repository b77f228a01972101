use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::super::argument;
use super::Site;

fn text<'a>(key: &'a Value, member: &str) -> &'a str {
    key.get(member).unwrap().as_str().unwrap()
}

impl Site {
    fn keys(&self) -> Vec<Value> {
        self.json(&["key", "list", "--json"]).as_array().unwrap().clone()
    }

    fn states(&self, purpose: &str) -> Vec<String> {
        let keys = self.keys();
        let of = keys.iter().filter(|key| text(key, "purpose") == purpose);
        let mut states: Vec<String> = of.map(|key| text(key, "state").to_owned()).collect();
        states.sort();
        states
    }

    fn active(&self, purpose: &str) -> String {
        let keys = self.keys();
        let is_it = |key: &&Value| text(key, "purpose") == purpose && text(key, "state") == "active";
        text(keys.iter().find(is_it).unwrap(), "id").to_owned()
    }
}

/// Every purpose, in the order of the list.
const PURPOSES: [&str; 12] = [
    "access_token",
    "csrf",
    "cookie",
    "device_code",
    "dpop_nonce",
    "user_code",
    "password",
    "refresh_token",
    "sign_eddsa",
    "sign_es256",
    "sign_rs256",
    "subject",
];

#[test]
fn keys_are_listed_with_their_turn_and_their_kid() {
    let site = Site::new();
    site.add_user("maria");
    let keys = site.keys();
    let purposes: Vec<_> = keys.iter().map(|key| text(key, "purpose")).collect();
    assert_eq!(purposes, PURPOSES);
    for key in &keys {
        assert!(text(key, "state") == "active" && text(key, "id").starts_with("key_"), "{key}");
        let lasts = ["password", "subject"].contains(&text(key, "purpose"));
        assert_eq!(key["until"].is_null(), lasts, "{key}");
        assert_eq!(key["kid"].is_string(), text(key, "purpose").starts_with("sign_"), "{key}");
    }
    let table = site.run(&["key", "list"]).done().out;
    assert!(table.starts_with("ID ") && table.lines().count() == keys.len() + 1, "{table}");
    assert!(table.contains(text(&keys[8], "kid")), "{table}");
}

#[test]
fn oi_15_keys_are_rotated_one_at_a_time_and_known_before_they_are_used() {
    let site = Site::new();
    site.add_user("maria");
    let made = site.json(&["key", "rotate", "--json"]);
    let made = made.as_array().unwrap();
    let purposes: Vec<&str> = made.iter().map(|key| text(key, "purpose")).collect();
    assert_eq!(purposes, ["sign_es256", "sign_rs256", "sign_eddsa"]);
    assert!(made.iter().all(|key| text(key, "state") == "next" && key["kid"].is_string()), "{made:?}");
    assert_eq!(site.keys().len(), PURPOSES.len() + 3);
    site.run(&["key", "rotate", "sign_es256"]).failed("is the next key for sign_es256 already");
    site.run(&["key", "rotate"]).failed("already");
    assert_eq!(site.keys().len(), PURPOSES.len() + 3, "nothing was made");

    for purpose in PURPOSES.into_iter().filter(|purpose| !purpose.starts_with("sign_") && *purpose != "subject") {
        let rotated = site.run(&["key", "rotate", purpose]).done();
        assert!(rotated.err.contains("used by the running server in 5 seconds"), "{rotated:?}");
        assert!(rotated.err.contains("key_rotated"), "{rotated:?}");
        assert_eq!(site.states(purpose), ["active", "next"], "{purpose}");
    }
    site.run(&["key", "rotate", "subject"]).failed("never rotated or retired");
    site.run(&["key", "rotate", "rsa"]).misused("sign_rs256");
}

#[test]
fn an_emergency_retires_a_key_and_has_another_in_use_at_once() {
    let site = Site::new();
    site.add_user("maria");
    site.json(&["key", "rotate", "--json"]);
    let active = site.active("sign_es256");
    site.run(&["key", "retire", &active]).misused("Say --yes to go on");
    assert_eq!(site.states("sign_es256"), ["active", "next"], "nothing was done");
    let retired = site.run(&["key", "retire", &active, "--yes", "--json"]).done();
    assert!(retired.err.contains("key_retired"), "{retired:?}");
    let retired: Value = serde_json::from_str(&retired.out).unwrap();
    assert_eq!(retired, json!({"retired": active, "successor": site.active("sign_es256")}));
    assert_eq!(site.states("sign_es256"), ["active"], "its successor is in use at once");

    let cookie = site.active("cookie");
    site.run(&["key", "retire", &cookie, "--yes"]).failed("or say --now to have one made");
    assert_eq!(site.active("cookie"), cookie);
    let retired = site.run(&["key", "retire", &cookie, "--yes", "--now"]).done();
    assert!(retired.err.contains("is used from now on"), "{retired:?}");
    assert_ne!(site.active("cookie"), cookie);
    let subject = site.active("subject");
    site.run(&["key", "retire", &subject, "--yes", "--now"]).failed("never rotated or retired");
    site.run(&["key", "retire", &subject]).failed("never rotated or retired");

    site.run(&["key", "retire", &format!("key_{}", "0".repeat(32)), "--yes"]).failed("there is no key key_0");
    site.run(&["key", "retire", "grt_0"]).misused("expected the prefix key_");
}

#[test]
fn the_key_file_is_changed_and_the_database_belongs_to_one_of_two_at_any_moment() {
    let site = Site::new();
    site.add_user("maria");
    let keys = site.keys();
    let (old, new) = (site.path("key"), site.path("key.new"));
    let (old_text, new_name) = (fs::read(&old).unwrap(), argument(&new).to_owned());
    let reseal = ["key", "reseal", "--new-key-file", &new_name];
    site.run(&reseal).failed("say --make to have it made");

    let resealed = site.run(&[&reseal[..], &["--make", "--json"]].concat()).done();
    assert!(resealed.err.contains("keys_resealed") && resealed.err.contains(&format!("mv {new_name}")), "{resealed:?}");
    let resealed: Value = serde_json::from_str(&resealed.out).unwrap();
    let fingerprint = text(&resealed, "fingerprint").to_owned();
    assert_eq!(
        resealed,
        json!({"key_file": new_name, "fingerprint": fingerprint, "keys": PURPOSES.len(), "already": false})
    );
    assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&old).unwrap(), old_text, "the present file is left alone");

    // Stopped here, the database belongs to the new file: who comes with the old one is told, and it may be run again.
    let refused = site.run(&["user", "list"]).failed("is not the one this database was made with");
    assert!(refused.err.contains(&fingerprint) && refused.err.contains("key reseal"), "{refused:?}");
    let again = site.json(&[&reseal[..], &["--json"]].concat());
    assert_eq!(again["already"], true);
    let mut other = site.command(&["key", "list", "--json"]);
    let listed = super::Ended::of(other.env("COUNTERSIGN__SECRETS__KEY_FILE", &new_name)).done().out;
    assert_eq!(serde_json::from_str::<Vec<Value>>(&listed).unwrap(), keys, "nothing but the seals has changed");

    fs::rename(&new, &old).unwrap();
    assert_eq!(site.keys(), keys);
    site.run(&["key", "rotate", "csrf"]).done();
    site.run(&[&reseal[..3], &[argument(&old)]].concat()).failed("both files hold the same key");
}

#[test]
fn a_new_key_file_that_cannot_serve_is_named_and_nothing_is_changed() {
    let site = Site::new();
    let (old, new) = (site.path("key"), site.path("key.new"));
    let new_name = argument(&new).to_owned();
    let reseal = ["key", "reseal", "--new-key-file", &new_name];
    site.run(&reseal).failed("there is no database at");
    site.add_user("maria");
    let mode = |mode: u32| fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";
    fs::write(&new, key).unwrap();
    mode(0o640);
    site.run(&reseal).failed("can be read by other users");
    mode(0o600);
    for damaged in ["", "c2hvcnQ=\n", "not base64\n", &key.repeat(2)] {
        fs::write(&new, damaged).unwrap();
        site.run(&reseal).failed("key.new is damaged: it must hold 32 bytes in base64");
    }
    fs::write(&new, fs::read(&old).unwrap()).unwrap();
    site.run(&reseal).failed("both files hold the same key");
    site.run(&[&reseal[..], &["--make"]].concat()).failed("key.new exists already; leave out --make");
    fs::write(&new, key).unwrap();
    // Only an administrator can give files away.
    if std::os::unix::fs::chown(&new, Some(4242), None).is_ok() {
        site.run(&reseal).failed("belongs to user 4242");
        std::os::unix::fs::chown(&old, Some(4242), None).unwrap();
        fs::remove_file(&new).unwrap();
        let made = site.run(&[&reseal[..], &["--make"]].concat()).done();
        assert_eq!(std::os::unix::fs::MetadataExt::uid(&fs::metadata(&new).unwrap()), 4242, "{made:?}");
        fs::rename(&new, &old).unwrap();
        fs::write(&new, key).unwrap();
        mode(0o600);
        std::os::unix::fs::chown(&old, Some(std::os::unix::fs::MetadataExt::uid(&fs::metadata(&new).unwrap())), None)
            .unwrap();
    }
    assert_eq!(site.keys().len(), PURPOSES.len(), "the database opens as before");

    // And a present file that is not the database's: nothing is resealed, and what was made for it goes.
    let right = fs::read(&old).unwrap();
    fs::write(&old, "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=\n").unwrap();
    let made = site.path("key.made");
    site.run(&["key", "reseal", "--make", "--new-key-file", argument(&made)])
        .failed("is not the one this database was made with");
    assert!(!made.exists());
    fs::remove_file(&old).unwrap();
    site.run(&reseal).failed("the present key file");
    fs::write(&old, right).unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(site.keys().len(), PURPOSES.len());
    let mut command = site.command(&reseal);
    super::Ended::of(command.env("COUNTERSIGN__STORE__URL", "memory:")).misused("no command can reach");
}
