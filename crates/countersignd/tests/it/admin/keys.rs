use serde_json::{Value, json};

use super::Site;

fn text<'a>(key: &'a Value, member: &str) -> &'a str {
    key.get(member).unwrap().as_str().unwrap()
}

#[test]
fn keys_are_listed_rotated_and_retired() {
    let site = Site::new();
    site.add_user("maria");
    let keys = || site.json(&["key", "list", "--json"]).as_array().unwrap().clone();
    let first = keys();
    assert_eq!(first.len(), 8);
    assert!(first.iter().all(|key| text(key, "state") == "active" && text(key, "id").starts_with("key_")));

    let made = site.json(&["key", "rotate", "--json"]);
    let made = made.as_array().unwrap();
    let purposes: Vec<&str> = made.iter().map(|key| text(key, "purpose")).collect();
    assert_eq!((purposes, keys().len()), (vec!["sign_es256", "sign_rs256"], 10));
    assert!(made.iter().all(|key| text(key, "state") == "next"), "published before they are used");
    site.run(&["key", "rotate", "sign_es256"]).failed("is the next key for sign_es256 already");

    let rotated = site.run(&["key", "rotate", "csrf"]).done();
    assert!(rotated.err.contains("is the key for csrf from now on"), "{rotated:?}");
    let states = |purpose: &str| {
        let mut states: Vec<String> = keys()
            .iter()
            .filter(|key| text(key, "purpose") == purpose)
            .map(|key| text(key, "state").to_owned())
            .collect();
        states.sort();
        states
    };
    assert_eq!(states("csrf"), ["active", "retired"]);

    let active = first.iter().find(|key| text(key, "purpose") == "sign_es256").unwrap();
    site.run(&["key", "retire", text(active, "id")]).misused("Say --yes to go on");
    assert_eq!(states("sign_es256"), ["active", "next"], "nothing was done");
    let retired = site.run(&["key", "retire", text(active, "id"), "--yes"]).done();
    assert!(retired.err.contains("key_retired"), "{retired:?}");
    assert_eq!(states("sign_es256"), ["active"], "its successor is in use at once");
    let last = keys();
    let last = last.iter().find(|key| text(key, "purpose") == "cookie").unwrap();
    site.run(&["key", "retire", text(last, "id"), "--yes"]).failed("run key rotate first");

    site.run(&["key", "retire", &format!("key_{}", "0".repeat(32)), "--yes"]).failed("there is no key key_0");
    site.run(&["key", "retire", "grt_0"]).misused("expected the prefix key_");
    site.run(&["key", "rotate", "rsa"]).misused("sign_rs256");
    let table = site.run(&["key", "list"]).done().out;
    assert!(table.starts_with("ID ") && table.lines().count() == keys().len() + 1, "{table}");
    assert_eq!(json!(keys().len()), json!(10));
}
