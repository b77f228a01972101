//! Every option that is about the terms of a client, given, shown, changed and taken back.

use std::fs;

use client::{Algorithm, ClientKey};
use serde_json::{Value, json};

use super::super::argument;
use super::Site;

/// An option, what it is set to and changed to, the member that shows it, and the word that takes it back.
struct Term {
    option: &'static str,
    first: (&'static [&'static str], Value),
    second: (&'static [&'static str], Value),
    member: &'static str,
    unset: (&'static str, Value),
}

fn term(
    option: &'static str,
    member: &'static str,
    first: (&'static [&'static str], Value),
    second: (&'static [&'static str], Value),
    unset: (&'static str, Value),
) -> Term {
    Term { option, first, second, member, unset }
}

fn one(
    option: &'static str,
    member: &'static str,
    first: &'static [&'static str; 1],
    second: &'static [&'static str; 1],
    unset: (&'static str, Value),
) -> Term {
    term(option, member, (first, json!(first[0])), (second, json!(second[0])), unset)
}

/// All of them but the keys.
fn terms() -> Vec<Term> {
    let default = || ("default", Value::Null);
    let names = |name: &'static str| (name, json!(name));
    let (a, b) = (&["https://a.example.com"], &["https://b.example.com", "urn:example:b"]);
    let origins = &["https://b.example.com", "http://localhost:3000"];
    vec![
        term(
            "--scope",
            "scopes",
            (&["openid"], json!(["openid"])),
            (&["a b", "c"], json!(["a", "b", "c"])),
            ("", json!([])),
        ),
        term("--resource", "resources", (a, json!(a)), (b, json!(b)), ("", json!([]))),
        term("--origin", "origins", (a, json!(a)), (origins, json!(origins)), ("", json!([]))),
        one("--link", "link", &["always"], &["never"], names("same_network")),
        one("--device-auth", "device_auth", &["optional"], &["required"], names("required")),
        one("--id-token-alg", "id_token_alg", &["ES256"], &["EdDSA"], names("RS256")),
        one("--access-token-format", "access_token_format", &["jwt"], &["jwt"], names("jwt")),
        one("--access-token-alg", "access_token_alg", &["RS256"], &["EdDSA"], default()),
        one("--access-lifetime", "access_lifetime", &["5m"], &["90s"], default()),
        one("--refresh-idle", "refresh_idle", &["1d"], &["5h"], default()),
        one("--refresh-absolute", "refresh_absolute", &["20d"], &["8d"], default()),
        one("--refresh-rotation", "refresh_rotation", &["always"], &["unbound"], names("unbound")),
        one("--dpop", "dpop", &["required"], &["optional"], names("optional")),
        one("--sector", "sector", &["example.com"], &["example.org"], default()),
        one("--subject-type", "subject_type", &["pairwise"], &["pairwise"], names("public")),
        one("--alphabet", "alphabet", &["digits"], &["base20"], default()),
        one("--lifetime", "lifetime", &["5m"], &["2m"], default()),
        one("--interval", "interval", &["5s"], &["7s"], default()),
        one("--hold", "hold", &["0s"], &["1500ms"], default()),
        one("--pkce", "pkce", &["required"], &["optional"], names("optional")),
        one("--token-endpoint-auth-signing-alg", "token_endpoint_auth_signing_alg", &["ES256"], &["EdDSA"], default()),
    ]
}

/// A file with a fresh public key, and what is shown of it.
fn key(site: &Site, algorithm: Algorithm, name: &str) -> (String, Value) {
    let key = ClientKey::generate(algorithm).unwrap();
    let path = site.path(name);
    fs::write(&path, key.public_set().to_string()).unwrap();
    let shown = json!([{ "kid": key.kid(), "alg": algorithm.name(), "thumbprint": key.kid() }]);
    (argument(&path).to_owned(), shown)
}

#[test]
fn every_term_goes_through_add_show_edit_and_back() {
    let site = Site::new();
    let (ec, ec_shown) = key(&site, Algorithm::Es256, "ec.json");
    let (okp, okp_shown) = key(&site, Algorithm::EdDsa, "okp.json");
    let terms = terms();
    let shown = |expected: &dyn Fn(&Term) -> &Value, keys: &Value| {
        let shown = site.json(&["client", "show", "box", "--json"]);
        for term in &terms {
            assert_eq!(&shown[term.member], expected(term), "{}", term.option);
        }
        assert_eq!(&shown["keys"], keys);
    };
    let mut add = vec!["client", "add", "box", "--name", "Box", "--grant", "device", "refresh_token"];
    add.extend(["--auth", "private_key_jwt", "--jwks-file", &ec]);
    terms.iter().for_each(|term| add.extend([term.option].iter().chain(term.first.0)));
    let added = site.run(&add).done();
    assert_eq!(added.out, "", "there is no secret to print");
    assert!(added.err.contains("for the audience http://localhost:8628 alone"), "{}", added.err);
    shown(&|term| &term.first.1, &ec_shown);

    let mut edit = vec!["client", "edit", "box", "--jwks-file", &okp];
    terms.iter().for_each(|term| edit.extend([term.option].iter().chain(term.second.0)));
    site.run(&edit).done();
    shown(&|term| &term.second.1, &okp_shown);
    let facts = site.run(&["client", "show", "box"]).done().out;
    let kid = okp_shown[0]["kid"].as_str().unwrap();
    for fact in [
        &format!("Key:                      {kid} (EdDSA)\n"),
        "Assertion algorithm:      EdDSA\n",
        "APIs:                     https://b.example.com urn:example:b\n",
        "Subjects:                 pairwise, of sector example.org\n",
        "Access token lifetime:    90s\n",
    ] {
        assert!(facts.contains(fact), "{fact:?} is not in {facts}");
    }

    // Each alone, so that nothing hangs on another.
    for term in &terms {
        site.run(&["client", "edit", "box", term.option, term.unset.0]).done();
        let shown = site.json(&["client", "show", "box", "--json"]);
        assert_eq!(shown[term.member], term.unset.1, "{}", term.option);
    }
    shown(&|term| &term.unset.1, &okp_shown);
    let other = site.json(&["client", "edit", "box", "--jwks-uri", "https://box.example.com/jwks.json", "--json"]);
    assert_eq!((&other["jwks_uri"], &other["keys"]), (&json!("https://box.example.com/jwks.json"), &Value::Null));
    assert!(
        site.run(&["client", "show", "box"]).done().out.contains("Keys at:                  https://box.example.com/")
    );

    site.run(&["client", "edit", "box", "--access-token-format", "opaque", "--dpop", "required"]).done();
    assert!(site.run(&["client", "list"]).done().out.contains("opaque, DPoP"));
    site.run(&["client", "rotate-secret", "box"]).failed("client box signs with a key and has no secret");
}

#[test]
fn terms_that_do_not_go_together_are_refused_in_the_words_of_the_command_line() {
    let site = Site::with("[tokens]\nrefresh_idle = \"2d\"\n");
    let (ec, _) = key(&site, Algorithm::Es256, "ec.json");
    let both = |more: &[&str], says: &str| {
        site.run(&[&["client", "add", "box", "--name", "Box", "--grant", "device"], more].concat()).misused(says);
    };
    let signing = ["--auth", "private_key_jwt", "--jwks-file", &ec];
    let sign = |more: &[&str], says: &str| both(&[&signing, more].concat(), says);
    both(&["--jwks-file", &ec], "with --auth none it never signs with them; set --auth private_key_jwt");
    both(&["--jwks-uri", "https://a.example.com/"], "with --auth none it never signs with them");
    both(&["--token-endpoint-auth-signing-alg", "ES256"], "signs no assertions with --auth none");
    both(&["--jwks-uri", "http://a.example.com/"], "the address is not https");
    both(&["--jwks-file", "/nonexistent"], "cannot read it: No such file");
    sign(&["--jwks-uri", "https://a.example.com/"], "cannot be used with");
    sign(&["--token-endpoint-auth-signing-alg", "RS256"], "none of the keys of the client is for RS256");
    both(&["--introspect"], "with --auth none the client could not prove");
    both(&["--sector", "example.com"], "add --subject-type pairwise");
    both(&["--subject-type", "pairwise", "--sector", "https://example.com"], "the name of a host");
    both(&["--resource", "api"], "does not name an API");
    both(&["--access-token-format", "opaque", "--access-token-alg", "ES256"], "with --access-token-format opaque");
    both(&["--refresh-absolute", "1d"], "idle for longer (2d) than it may stay signed in at all (1d)");
    both(&["--access-lifetime", "2d"], "at most \"1d\"");
    fs::write(site.path("private.json"), r#"{"keys":[{"kty":"oct","k":"geheim"}]}"#).unwrap();
    let private = site.path("private.json");
    let refused = site.run(&["client", "add", "box", "--name", "Box", "--jwks-file", argument(&private)]);
    assert!(refused.err.contains("register its public half alone") && !refused.err.contains("geheim"), "{refused:?}");

    let add = [&["client", "add", "box", "--name", "Box", "--grant", "device", "--refresh-idle", "1d"], &signing[..]];
    let added = site.run(&add.concat()).done();
    assert!(added.err.contains("Advice: the client has --refresh-idle, but no refresh tokens"), "{}", added.err);
    site.run(&["client", "edit", "box", "--sector", "example.com"]).misused("add --subject-type pairwise");
    let edited = site.run(&["client", "edit", "box", "--subject-type", "pairwise"]).done();
    assert!(edited.err.contains("People have other subjects for it from now on"), "{}", edited.err);
    assert!(!edited.err.contains("Advice"), "what was known before is not said again");
}

#[test]
fn a_client_that_the_configuration_made_impossible_can_still_be_disabled() {
    let site = Site::new();
    let add = ["client", "add", "tv", "--name", "TV", "--grant", "device,refresh_token", "--refresh-absolute", "8d"];
    site.run(&add).done();
    let text = fs::read_to_string(site.path("countersignd.toml")).unwrap();
    fs::write(site.path("countersignd.toml"), format!("{text}[tokens]\nrefresh_idle = \"9d\"\n")).unwrap();
    site.run(&["client", "edit", "tv", "--refresh-absolute", "7d"]).misused("idle for longer (9d)");
    site.run(&["client", "edit", "tv", "--disable"]).done();
}
