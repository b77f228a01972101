use proto::model::{InitialToken, InitialTokenId};
use proto::secret::InitialAccessToken;
use serde_json::{Value, json};

use super::{Site, any_holds};

const ADD: [&str; 7] = ["initial-access-token", "add", "TV factory", "--grant", "device", "--scope", "openid"];

#[test]
fn dr_3_2_an_initial_access_token_is_made_listed_and_revoked() {
    let site = Site::new();
    let added = site.run(&ADD).done();
    let token = added.out.trim();
    assert!(token.starts_with("iat_") && token.len() == 47 && added.out.lines().count() == 1, "{added:?}");
    assert!(added.err.contains("initial_token_added") && !added.err.contains(token), "audited, without the token");
    let id = InitialToken::id_of(&InitialAccessToken::presented(token).hash()).to_string();

    let list = ["initial-access-token", "list", "--json"];
    let listed = site.json(&list);
    let one = |name: &str| listed[0][name].clone();
    assert_eq!((one("id"), one("note"), one("state")), (json!(id), json!("TV factory"), json!("good")));
    assert_eq!((one("grants"), one("scopes"), one("uses_left")), (json!(["device"]), json!(["openid"]), json!(1)));
    assert!(one("expires_at").as_str().unwrap() > one("created_at").as_str().unwrap());
    assert_eq!((one("revoked_at"), one("token")), (Value::Null, Value::Null));
    assert!(!any_holds(&site.database(), token), "a hash alone is kept");

    let revoked = site.run(&["initial-access-token", "revoke", &id]).done();
    assert!(revoked.err.contains("was revoked"), "{revoked:?}");
    site.run(&["initial-access-token", "revoke", &id]).done();
    assert_eq!(site.json(&list)[0]["state"], "revoked");
    let table = site.run(&["initial-access-token", "list"]).done().out;
    assert!(table.starts_with("ID") && table.contains("revoked"), "{table}");
}

#[test]
fn limits_of_a_token_can_be_said_and_taken_away() {
    let site = Site::new();
    let more = ["--uses", "unlimited", "--lifetime", "unlimited", "--json"];
    let made = site.json(&[&ADD[..], &more[..]].concat());
    assert_eq!((&made["uses_left"], &made["expires_at"]), (&Value::Null, &Value::Null));
    assert!(made["token"].as_str().unwrap().starts_with("iat_"));
    let made =
        site.json(&[&ADD[..], &["--grant", "refresh_token", "--uses", "5000", "--lifetime", "30d", "--json"]].concat());
    assert_eq!((&made["grants"], &made["uses_left"]), (&json!(["device", "refresh_token"]), &json!(5_000)));
    for (more, says) in [
        (["--uses", "0"], "a number such as 100, or unlimited"),
        (["--uses", "many"], "or unlimited"),
        (["--lifetime", "10s"], "too short"),
        (["--lifetime", "soon"], "a duration such as"),
        (["--scope", "a\"b"], "a scope is"),
    ] {
        site.run(&[&ADD[..], &more[..]].concat()).misused(says);
    }
    site.run(&["initial-access-token", "add", "x"]).misused("--grant");
    site.run(&["initial-access-token", "add", "x", "--grant", "refresh_token"])
        .misused("come of the device grant alone");
}

#[test]
fn what_is_no_token_is_said() {
    let site = Site::new();
    site.run(&["initial-access-token", "list"]).failed("there is no database at");
    site.run(&ADD).done();
    let other = InitialTokenId::from_bytes([7; 16]).to_string();
    site.run(&["initial-access-token", "revoke", &other]).failed("there is no initial access token itk_");
    site.run(&["initial-access-token", "revoke", "iat_x"]).misused("itk_");
}

#[test]
fn that_registration_is_off_is_said_when_a_token_is_made() {
    let site = Site::with("[registration]\nenabled = false\n");
    let added = site.run(&ADD).done();
    assert!(added.err.contains("Clients cannot register themselves now"), "{added:?}");
    let listed = site.run(&["registration-token", "list"]).done();
    assert!(listed.out.contains("TV factory"), "by its other name");
}
