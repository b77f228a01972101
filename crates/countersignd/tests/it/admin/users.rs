use serde_json::json;

use super::{PASSWORD, Site, any_holds};

#[test]
fn a_person_is_added_listed_shown_edited_and_removed() {
    let site = Site::new();
    let add = ["user", "add", "Maria", "--email", "maria@example.com", "--password-stdin", "--json"];
    let added = site.run_with(&add, &format!("{PASSWORD}\n")).done();
    let added: serde_json::Value = serde_json::from_str(&added.out).unwrap();
    let id = added.get("id").unwrap().as_str().unwrap();
    assert!(id.starts_with("usr_"), "{id}");
    let expected = json!({
        "id": id, "name": "maria", "display_name": null, "email": "maria@example.com", "state": "active",
        "has_password": true, "created_at": added.get("created_at").unwrap(),
    });
    assert_eq!(added, expected);
    assert_eq!(site.json(&["user", "list", "--json"]), json!([expected]));
    assert!(any_holds(&site.database(), "$argon2id$"), "the password is hashed");
    assert!(!any_holds(&site.database(), PASSWORD), "and not kept");

    let edited = site.json(&["user", "edit", "MARIA", "--display-name", "Maria B.", "--email", "", "--json"]);
    assert_eq!(edited.get("display_name"), Some(&json!("Maria B.")));
    assert_eq!(edited.get("email"), Some(&json!(null)));
    let table = site.run(&["user", "list"]).done().out;
    assert!(
        table.starts_with("NAME   DISPLAY NAME  EMAIL  STATE   ADDED\nmaria  Maria B.      -      active  2"),
        "{table}"
    );
    let facts = site.run(&["user", "show", "maria"]).done().out;
    assert!(facts.contains("Password:      set\nSessions:      0\n"), "{facts}");

    site.run(&["user", "remove", "maria"]).done();
    for command in ["show", "remove", "lock", "unlock"] {
        site.run(&["user", command, "maria"]).failed("there is no user maria");
    }
    site.run_with(&["user", "set-password", "maria", "--password-stdin"], PASSWORD).failed("there is no user maria");
    assert_eq!(site.json(&["user", "list", "--json"]), json!([]));
}

#[test]
fn a_weak_password_is_refused_with_the_reason() {
    let site = Site::new();
    let add = |password: &str| site.run_with(&["user", "add", "maria", "--password-stdin"], password);
    add("short").failed("a password has at least 15 characters");
    add("maria maria likes fish").failed("must not contain the name of the account");
    add("passwordpassword123").failed("must not be easy to guess");
    add(&"ab cd efg".repeat(200)).failed("at most 1024 bytes");
    add("").failed("there is no password on standard input");
    add("\n").failed("there is no password on standard input");
    assert_eq!(site.json(&["user", "list", "--json"]), json!([]));
    add(PASSWORD).done();
    site.run_with(&["user", "set-password", "maria", "--password-stdin"], "short").failed("at least 15 characters");
    site.run_with(&["user", "set-password", "maria", "--password-stdin"], "another one, with fish").done();
}

#[test]
fn a_locked_person_is_unlocked_again() {
    let site = Site::new();
    site.add_user("maria");
    let state = || site.json(&["user", "show", "maria", "--json"]).get("state").unwrap().clone();
    let locked = site.run(&["user", "lock", "maria"]).done();
    assert!(locked.err.contains("user_locked") && locked.err.contains("no sign-in"), "{locked:?}");
    assert_eq!(state(), json!("locked"));
    let again = site.run(&["user", "lock", "maria"]).done();
    assert!(again.err.contains("locked already") && !again.err.contains("user_locked"), "{again:?}");
    site.run(&["user", "unlock", "maria"]).done();
    assert_eq!(state(), json!("active"));
}

#[test]
fn wrong_usage_says_what_is_wrong() {
    let site = Site::new();
    site.run(&["user", "add", "maria"]).misused("give it with --password-stdin");
    site.run(&["user", "add", "maria", "--password", "x"]).misused("--password-stdin");
    for deceiving in ["", "mar ia", "maria\u{202e}", "maria\u{7}", "mar\u{200b}ia", &"m".repeat(65)] {
        site.run(&["user", "add", deceiving, "--password-stdin"]).misused("a name is 1 to 64 characters");
    }
    site.run(&["user", "add", "maria", "--display-name", "Ma\u{202e}ria"]).misused("a text of 1 to 64 characters");
    site.run(&["user", "add", "maria", "--email", "maria"]).misused("an e-mail address is like");
    site.add_user("maria");
    site.run(&["user", "add", "MARIA", "--password-stdin"]).failed("user maria exists already");
    site.run(&["user", "edit", "maria"]).misused("say what to change");
}
