use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::json;

use super::{Site, any_holds};

#[test]
fn a_client_is_added_listed_shown_edited_and_removed() {
    let site = Site::new();
    let add = ["client", "add", "tv", "--name", "Living-room TV", "--grant", "device", "--scope", "openid", "profile"];
    let added = site.run(&add).done();
    assert_eq!(added.out, "", "a public client has no secret");
    assert!(added.err.contains("Client tv was added."), "{added:?}");

    let shown = site.json(&["client", "show", "tv", "--json"]);
    let created_at = shown.get("created_at").unwrap().as_str().unwrap().to_owned();
    assert!(created_at.ends_with('Z') && created_at.len() == 20, "{created_at}");
    let expected = json!({
        "id": "tv", "name": "Living-room TV", "auth": "none", "keys": null, "jwks_uri": null,
        "token_endpoint_auth_signing_alg": null, "grants": ["device"], "scopes": ["openid", "profile"], "resources": [],
        "origins": [], "link": "same_network", "device_auth": "required", "subject_type": "public", "sector": null,
        "id_token_alg": "RS256", "access_token_format": "jwt", "access_token_alg": null, "access_lifetime": null,
        "refresh_idle": null, "refresh_absolute": null, "refresh_rotation": "unbound", "dpop": "optional", "alphabet": null,
        "lifetime": null, "interval": null, "hold": null, "pkce": "optional", "introspects": false, "verified": true,
        "enabled": true, "declared": false, "registration": null, "live_secrets": 0, "created_at": created_at,
    });
    assert_eq!(shown, expected);
    assert_eq!(site.json(&["client", "list", "--json"]), json!([expected]));

    let edited = site.json(&[
        "client",
        "edit",
        "tv",
        "--name",
        "Kitchen TV",
        "--scope",
        "",
        "--origin",
        "https://tv.example.com",
        "--link",
        "never",
        "--lifetime",
        "5m",
        "--hold",
        "0s",
        "--alphabet",
        "digits",
        "--unverified",
        "--disable",
        "--json",
    ]);
    for (member, value) in [
        ("name", json!("Kitchen TV")),
        ("scopes", json!([])),
        ("origins", json!(["https://tv.example.com"])),
        ("link", json!("never")),
        ("lifetime", json!("5m")),
        ("hold", json!("0s")),
        ("interval", json!(null)),
        ("alphabet", json!("digits")),
        ("verified", json!(false)),
        ("enabled", json!(false)),
        ("grants", json!(["device"])),
    ] {
        assert_eq!(edited.get(member), Some(&value), "{member}");
    }
    let edited = site.json(&[
        "client",
        "edit",
        "tv",
        "--lifetime",
        "default",
        "--origin",
        "",
        "--enable",
        "--verified",
        "--json",
    ]);
    assert_eq!(edited.get("lifetime"), Some(&json!(null)));
    assert_eq!((edited.get("hold"), edited.get("origins")), (Some(&json!("0s")), Some(&json!([]))));
    let table = site.run(&["client", "list"]).done().out;
    assert!(
        table.starts_with("ID  NAME        AUTH  GRANTS  SCOPES  TOKENS  FROM     STATE\ntv  Kitchen TV  none"),
        "{table}"
    );
    let facts = site.run(&["client", "show", "tv"]).done().out;
    assert!(facts.contains("Alphabet:                 digits\nLifetime:                 default\n"), "{facts}");

    site.run(&["client", "remove", "tv"]).done();
    for command in ["show", "remove"] {
        site.run(&["client", command, "tv"]).failed("there is no client tv");
    }
    site.run(&["client", "edit", "tv", "--enable"]).failed("there is no client tv");
    let empty = site.run(&["client", "list"]).done();
    assert_eq!((empty.out.as_str(), empty.err.contains("There is no client yet")), ("", true));
}

#[test]
fn a_secret_is_shown_once_and_kept_as_a_hash() {
    let site = Site::new();
    let add =
        ["client", "add", "ci", "--name", "CI", "--auth", "client_secret_basic", "--grant", "device,refresh_token"];
    let added = site.run(&add).done();
    let secret = added.out.trim_end().to_owned();
    assert!(secret.starts_with("cs_") && secret.len() == 46 && !secret.contains('\n'), "nothing but the secret");
    assert!(added.err.contains("shown this once"), "{}", added.err);
    assert!(!added.err.contains(&secret), "the log has no secret");
    for arguments in [&["client", "show", "ci", "--json"][..], &["client", "show", "ci"], &["client", "list", "--json"]]
    {
        assert!(!site.run(arguments).done().out.contains(&secret));
    }
    assert!(any_holds(&site.database(), "client_secret_basic"), "the database is looked through");
    assert!(!any_holds(&site.database(), &secret), "the database holds no secret");

    let rotated = site.run(&["client", "rotate-secret", "ci"]).done().out;
    assert_ne!(rotated.trim_end(), secret);
    let rotated = site.json(&["client", "rotate-secret", "ci", "--json"]);
    assert!(rotated.get("secret").unwrap().as_str().unwrap().starts_with("cs_"));
    assert_eq!(rotated.get("live_secrets"), Some(&json!(2)), "the new one and the one before");
    let shown = site.run(&["client", "show", "ci"]).done().out;
    assert!(shown.contains("2: one is being rotated; `client rotate-secret ci --drop-old` ends that"), "{shown}");
    let ended = site.run(&["client", "rotate-secret", "ci", "--drop-old"]).done();
    assert_eq!((ended.out.as_str(), ended.err.contains("client_secrets_dropped")), ("", true));
    assert_eq!(site.json(&["client", "show", "ci", "--json"]).get("live_secrets"), Some(&json!(1)));
    site.run(&["client", "rotate-secret", "ci", "--drop-old"]).failed("client ci has no older secret");
    site.run(&["client", "rotate-secret", "ci"]).done();
    let seen = site.json(&["client", "rotate-secret", "ci", "--now", "--json"]);
    assert_eq!(seen.get("live_secrets"), Some(&json!(1)), "those that somebody saw are good no more");
    site.run(&["client", "rotate-secret", "ci", "--now", "--drop-old"]).misused("cannot be used with");

    site.run(&["client", "add", "tv", "--name", "TV", "--grant", "device"]).done();
    site.run(&["client", "rotate-secret", "tv"]).failed("client tv is a public client");
}

#[test]
fn wrong_usage_says_what_is_wrong() {
    let site = Site::new();
    let add = |more: &[&str]| site.run(&[&["client", "add", "tv", "--name", "TV"], more].concat());
    add(&[]).misused("--grant <GRANT>");
    add(&["--grant", "device", "--auth", "private_key_jwt"]).misused("set --jwks-file or --jwks-uri");
    add(&["--grant", "device", "--auth", "basic"]).misused("client_secret_basic");
    add(&["--grant", "devise"]).misused("a similar value exists: 'device'");
    add(&["--grant", "refresh_token"]).misused("could sign nobody in");
    add(&["--grant", "device", "--scope", "offline_access"]).misused("add --grant refresh_token");
    add(&["--grant", "device", "--scope", "a\"b"]).misused("printable ASCII words");
    add(&["--grant", "device", "--device-auth", "optional"]).misused("a public client (--auth none) has none");
    add(&["--grant", "device", "--interval", "1500ms"]).misused("not a whole number of seconds");
    add(&["--grant", "device", "--lifetime", "1m"]).misused("too short: at least \"2m\"");
    add(&["--grant", "device", "--origin", "https://tv.example.com/app"]).misused("write \"https://tv.example.com\"");
    let named = |id: &str, name: &str| site.run(&["client", "add", id, "--name", name, "--grant", "device"]);
    named("fernseher-ü", "TV").misused("printable ASCII");
    for deceiving in ["", "TV\u{202e}gpj", "TV\u{1b}[2J", "T\u{200b}V", &"x".repeat(65)] {
        named("tv", deceiving).misused("a text of 1 to 64 characters");
    }
    named("tv", "TV").done();
    named("tv", "TV").failed("client tv exists already");
    site.run(&["client", "edit", "tv"]).misused("say what to change");
    site.run(&["client", "edit", "tv", "--grant", "refresh_token"]).misused("could sign nobody in");
    site.run(&["client", "edit", "tv", "--enable", "--disable"]).misused("cannot be used with");
    site.run(&["client", "edit", "tv", "--auth", "none"]).misused("unexpected argument '--auth'");
    site.run(&["client"]).misused("Usage: countersignd client");
}

#[test]
fn a_declared_client_is_changed_where_it_is_declared() {
    let site = Site::with(
        "[http]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"off\"\n\
         [[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\n",
    );
    let mut server = site.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("ready")), "the server starts");

    assert_eq!(site.json(&["client", "show", "tv", "--json"]).get("declared"), Some(&json!(true)));
    for command in
        [&["client", "edit", "tv", "--disable"][..], &["client", "remove", "tv"], &["client", "rotate-secret", "tv"]]
    {
        let ended = site.run(command);
        assert_eq!(ended.code, Some(1), "{ended:?}");
    }
    site.run(&["client", "edit", "tv", "--disable"]).failed("client tv is declared in the configuration");
    site.run(&["client", "add", "ci", "--name", "CI", "--grant", "device"]).done();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(site.json(&["client", "list", "--json"]).as_array().unwrap().len(), 2);
}

#[test]
fn what_is_changed_is_in_the_audit_trail() {
    let site = Site::with("[log]\nformat = \"json\"\n");
    let added = site.run(&["client", "add", "tv", "--name", "TV", "--grant", "device"]).done();
    let line = added.err.lines().find(|line| line.contains("client_added")).unwrap();
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(event.get("target"), Some(&json!("audit")), "{event}");
    let text = event.to_string();
    assert!(text.contains("\"client_id\":\"tv\"") && text.contains("\"operator\":"), "{text}");
}

#[test]
fn in_2_1_2_an_api_that_may_ask_needs_a_secret_and_no_grant() {
    let site = Site::new();
    site.run(&["client", "add", "api", "--name", "API", "--introspect"])
        .misused("with --auth none the client could not prove");
    site.run(&["client", "add", "api", "--name", "API"]).misused("--grant");
    let api = site.json(&[
        "client",
        "add",
        "api",
        "--name",
        "API",
        "--auth",
        "client_secret_basic",
        "--introspect",
        "--json",
    ]);
    assert_eq!((&api["introspects"], &api["grants"]), (&json!(true), &json!([])));
    let edited = site.json(&["client", "edit", "api", "--no-introspect", "--grant", "device", "--json"]);
    assert_eq!((&edited["introspects"], &edited["grants"]), (&json!(false), &json!(["device"])));
}
