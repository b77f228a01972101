//! `[[client]]`: every key, what is said about mistakes, and what the registration is that comes of it.

use std::fs;
use std::time::Duration;

use proto::model::{
    AccessTokenFormat, AuthMethod, ClientKeys, Demand, Resource, Rotation, SigningAlg, SubjectType, TokenPolicy,
};
use serde_json::{Value, json};

use super::super::{Source, show};
use super::{ISSUER, after_issuer, file, good, said, with};

/// The key of RFC 7515 App. A.3.
pub(super) const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"2026"}"#;

fn client(text: &str) -> String {
    format!("[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\n{text}\n")
}

fn signing(text: &str) -> String {
    client(&format!("auth = \"private_key_jwt\"\n{text}"))
}

fn lasting(text: &str) -> String {
    client(text).replace("[\"device\"]", "[\"device\", \"refresh_token\"]")
}

/// What is said about one file after another.
fn all(texts: &[String]) -> String {
    texts.iter().map(|text| said(&after_issuer(text))).collect()
}

#[test]
fn values_of_clients_are_explained() {
    let texts = [
        client("auth = \"client_secret\""),
        client("auth = \"client_secret_basic\""),
        client("secret = \"0123456789abcdef0123456789abcdef\""),
        client("auth = \"client_secret_post\"\nsecret = \"hunter2\""),
        client("auth = \"client_secret_post\"\nsecret = 12345678901234567"),
        client("auth = \"client_secret_post\"\nsecret = \"0123456789abcdef0123456789abcdeé\""),
        client("auth = \"client_secret_post\"\nsecret_file = \"/nonexistent/secret\""),
        client("auth = \"client_secret_post\"\nsecret = \"0123456789abcdef0123456789abcdef\"\nsecret_file = \"x\""),
        client("scopes = \"openid profile\""),
        client("scopes = [\"openid profile\"]"),
        client("scopes = [\"open\\\"id\"]"),
        client("scopes = [\"openid\", \"offline_access\"]"),
        client("link = \"sometimes\""),
        client("origins = [\"https://tv.example.com/app\"]"),
        client("origins = [\"http://tv.example.com\"]"),
        client("id_token_alg = \"none\""),
        client("lifetime = \"1m\""),
        client("device_auth = \"required\""),
        client("hold = \"0s\"\ninterval = \"2s\""),
        client("").repeat(2),
        client("").replace("\"device\"", "\"refresh_token\""),
        client("").replace("\"device\"", "\"authorization_code\""),
        client("").replace("\"device\"", "\"devise\""),
        client("").replace("\"device\"", "\"password\""),
        client("").replace("\"tv\"", "\"tivü\""),
        client("").replace("\"tv\"", "\"\""),
        "[[client]]\nid = \"tv\"\n".to_owned(),
        "[[client]]\n".to_owned(),
    ];
    insta::assert_snapshot!(all(&texts), @r#"
    c.toml:6:8: [[client]] auth: "client_secret" is unknown; use "none", "client_secret_basic", "client_secret_post" or "private_key_jwt"
    c.toml:6:8: [[client]] auth: client "tv" needs a secret; set secret_file
    c.toml:6:10: [[client]] secret: client "tv" has a secret, but auth = "none" never shows it; set auth, or remove the secret
    c.toml:7:10: [[client]] secret: the secret has 7 bytes; at least 32 are needed, for it is guarded by nothing else (openssl rand -hex 32 makes one)
    c.toml:7:10: [[client]] secret: expected a text
    c.toml:7:10: [[client]] secret: the secret has characters that are not printable ASCII, which not every client can send
    c.toml:7:15: [[client]] secret: cannot read /nonexistent/secret: No such file or directory (os error 2)
    c.toml:8:15: [[client]] secret: `secret` and `secret_file` are both set; keep one of them
    c.toml:6:10: [[client]] scopes: expected a list of scopes such as ["openid", "profile"], found "openid profile"
    c.toml:6:10: [[client]] scopes: "openid profile" is not one scope; write each as a text of its own
    c.toml:6:10: [[client]] scopes: "open\"id" is not a scope: only printable ASCII without quotes and backslashes
    c.toml:6:10: [[client]] scopes: client "tv" may ask for offline_access, but not use refresh tokens; add "refresh_token" to grants
    c.toml:6:8: [[client]] link: "sometimes" is unknown; use "same_network", "always" or "never"
    c.toml:6:11: [[client]] origins: "https://tv.example.com/app" is not an origin, which has nothing behind the host; write "https://tv.example.com"
    c.toml:6:11: [[client]] origins: "http://tv.example.com" is http, which only a loopback address may be (such as http://localhost:8628); write https
    c.toml:6:16: [[client]] id_token_alg: "none" is unknown; use "ES256", "RS256", "EdDSA" or "Ed25519"
    c.toml:6:12: [[client]] lifetime: "1m" is too short: at least "2m"
    c.toml:6:15: advice: [[client]] device_auth: client "tv" has auth = "none", so there is nothing it could show
    c.toml:7:12: advice: [[client]] interval: polls of this client are not held, so its devices are told 5s at least
    c.toml:8:6: [[client]] id: "tv" is declared twice
    c.toml:5:10: [[client]] grants: client "tv" could sign nobody in; add "device" to grants
    c.toml:5:10: [[client]] grants: "authorization_code" is not yet available in this version; use "device", "refresh_token" or "urn:ietf:params:oauth:grant-type:device_code"
    c.toml:5:10: [[client]] grants: "devise" is unknown; did you mean "device"?
    c.toml:5:10: [[client]] grants: "password" is unknown; use "device", "refresh_token" or "urn:ietf:params:oauth:grant-type:device_code"
    c.toml:3:6: [[client]] id: expected 1 to 128 printable ASCII characters such as "tv", found "tivü"
    c.toml:3:6: [[client]] id: expected 1 to 128 printable ASCII characters such as "tv", found ""
    c.toml:3:1: [[client]] name is missing; write it like `name = "Living-room TV"`
    c.toml:3:1: [[client]] grants is missing; write it like `grants = ["device", "refresh_token"]`
    c.toml: [[client]] id is missing; write it like `id = "tv"`
    c.toml: [[client]] name is missing; write it like `name = "Living-room TV"`
    c.toml: [[client]] grants is missing; write it like `grants = ["device", "refresh_token"]`
    "#);
}

#[test]
fn keys_of_clients_are_explained() {
    let set = |keys: &str| signing(&format!("jwks = '{{\"keys\":[{keys}]}}'"));
    let private = EC.replace("\"kid\"", "\"d\":\"geheim\",\"kid\"");
    let texts = [
        signing(""),
        client("jwks_uri = \"https://tv.example.com/jwks.json\""),
        client(&format!("jwks = '{{\"keys\":[{EC}]}}'")),
        client("token_endpoint_auth_signing_alg = \"ES256\""),
        signing("secret = \"0123456789abcdef0123456789abcdef\"\njwks_uri = \"https://tv.example.com/jwks.json\""),
        signing(&format!("jwks = '{{\"keys\":[{EC}]}}'\njwks_uri = \"https://tv.example.com/jwks.json\"")),
        signing(&format!("jwks = '{{\"keys\":[{EC}]}}'\njwks_file = \"jwks.json\"")),
        signing("jwks_file = \"/nonexistent/jwks.json\""),
        signing("jwks_uri = \"http://tv.example.com/jwks.json\""),
        signing("jwks_uri = \"http://localhost:9000/jwks.json\""),
        signing("jwks_uri = \"https://user@tv.example.com/jwks.json\""),
        signing("jwks_uri = \"tv.example.com\""),
        signing("jwks_uri = 7"),
        signing("jwks = 7"),
        signing("jwks = \"\""),
        signing("jwks = { key = [] }"),
        signing(&format!("jwks = '{EC}'")),
        set(""),
        set(&format!("{EC},{private}")),
        set(&format!("{EC},{EC}")),
        set("{\"kty\":\"AKP\",\"pub\":\"AA\"}"),
        set("{\"kty\":\"oct\",\"k\":\"geheim\"}"),
        signing("[[client.jwks.keys]]\nkty = \"EC\"\ncrv = \"P-256\"\nx = 7\ny = \"AA\""),
        signing(&format!("jwks = '{{\"keys\":[{EC}]}}'\ntoken_endpoint_auth_signing_alg = \"EdDSA\"")),
        signing(&format!("jwks = '{{\"keys\":[{EC}]}}'\ntoken_endpoint_auth_signing_alg = \"HS256\"")),
    ];
    let said = all(&texts);
    assert!(!said.contains("geheim"), "a key that should not be there is not repeated: {said}");
    insta::assert_snapshot!(said, @r#"
    c.toml:6:8: [[client]] auth: client "tv" needs its public keys; set jwks_file or jwks_uri
    c.toml:6:12: [[client]] jwks_uri: client "tv" has keys, but with auth = "none" it never signs with them; set auth = "private_key_jwt", or remove the keys
    c.toml:6:8: [[client]] jwks: client "tv" has keys, but with auth = "none" it never signs with them; set auth = "private_key_jwt", or remove the keys
    c.toml:6:35: [[client]] token_endpoint_auth_signing_alg: client "tv" signs no assertions with auth = "none"; set auth = "private_key_jwt", or remove it
    c.toml:7:10: [[client]] secret: client "tv" has a secret, but auth = "private_key_jwt" never shows it; set auth, or remove the secret
    c.toml:8:12: [[client]] jwks_uri: client "tv" has keys and an address of keys; keep one of them (RFC 7591 §2)
    c.toml:8:13: [[client]] jwks: `jwks` and `jwks_file` are both set; keep one of them
    c.toml:7:13: [[client]] jwks: cannot read /nonexistent/jwks.json: No such file or directory (os error 2)
    c.toml:7:12: [[client]] jwks_uri: "http://tv.example.com/jwks.json" is not an address that keys are fetched from: the address is not https
    c.toml:7:12: [[client]] jwks_uri: is http, which is fetched only from this machine and only when [limits] jwks_networks lists it: ["127.0.0.0/8"]
    c.toml:7:12: [[client]] jwks_uri: "https://user@tv.example.com/jwks.json" is not an address that keys are fetched from: the address has a user name in it
    c.toml:7:12: [[client]] jwks_uri: "tv.example.com" is not an address that keys are fetched from: not an address
    c.toml:7:12: [[client]] jwks_uri: expected an address such as "https://tv.example.com/jwks.json", found the number 7
    c.toml:7:8: [[client]] jwks: expected a JWK set, as a table or a text of JSON
    c.toml:7:8: [[client]] jwks: malformed JSON; a set of keys is JSON like {"keys":[{"kty":"EC",…}]}
    c.toml:7:8: [[client]] jwks: keys is missing; a set of keys is JSON like {"keys":[{"kty":"EC",…}]}
    c.toml:7:8: [[client]] jwks: keys is missing; a set of keys is JSON like {"keys":[{"kty":"EC",…}]}
    c.toml:7:8: [[client]] jwks: the set has no key
    c.toml:7:8: [[client]] jwks: key 2 of the set is a private key, or a secret one; it has been shown, so make another and register its public half alone
    c.toml:7:8: [[client]] jwks: key 2 of the set is the same as one before it
    c.toml:7:8: [[client]] jwks: key 1 of the set: unsupported kind of key
    c.toml:7:8: [[client]] jwks: key 1 of the set is a private key, or a secret one; it has been shown, so make another and register its public half alone
    c.toml:7:10: [[client]] jwks: key 1 of the set: a key member is not encoded as it must be
    c.toml:8:35: [[client]] token_endpoint_auth_signing_alg: none of the keys of client "tv" is for EdDSA
    c.toml:8:35: [[client]] token_endpoint_auth_signing_alg: "HS256" is unknown; did you mean "ES256"?
    "#);
}

#[test]
fn terms_of_clients_that_do_not_go_together_are_explained() {
    let many: Vec<String> = (0..33).map(|number| format!("\"https://api{number}.example.com\"")).collect();
    let texts = [
        client("introspection = true"),
        client("subject_type = \"private\""),
        client("sector = \"example.com\""),
        client("subject_type = \"pairwise\"\nsector = \"https://example.com\""),
        client("subject_type = \"pairwise\"\nsector = \"TV.example.com\""),
        client("resources = \"https://api.example.com\""),
        client("resources = [\"api.example.com\"]"),
        client("resources = [\"https://api.example.com/#photos\"]"),
        client(&format!("resources = [{}]", many.join(", "))),
        client("access_token_format = \"jwe\""),
        client("access_token_format = \"opaque\"\naccess_token_alg = \"ES256\""),
        client("access_token_alg = \"HS256\""),
        client("access_lifetime = \"2d\""),
        client("dpop = true"),
        client("dpop = \"requird\""),
        client("pkce = \"S256\""),
        client("refresh_rotation = \"never\""),
        lasting("refresh_idle = \"31d\""),
        lasting("refresh_absolute = \"6d\""),
        lasting("access_lifetime = \"2h\"\nrefresh_idle = \"1h\""),
        client("refresh_idle = \"1d\""),
        client("refresh_rotation = \"always\""),
        client("id_token_alg = \"HS256\""),
        format!("[tokens]\ndpop_nonces = \"optional\"\n{}", client("")),
    ];
    insta::assert_snapshot!(all(&texts), @r#"
    c.toml:6:17: [[client]] introspection: with auth = "none" client "tv" could not prove that it may ask about tokens; give it a secret or a key
    c.toml:6:16: [[client]] subject_type: "private" is unknown; use "public" or "pairwise"
    c.toml:6:10: [[client]] sector: client "tv" has a sector, but its subjects are public; set subject_type = "pairwise"
    c.toml:7:10: [[client]] sector: expected the name of a host such as "example.com", found "https://example.com"
    c.toml:7:10: [[client]] sector: "TV.example.com" has another canonical form; write "tv.example.com"
    c.toml:6:13: [[client]] resources: expected a list of APIs such as ["https://api.example.com"], found "https://api.example.com"
    c.toml:6:13: [[client]] resources: "api.example.com" does not name an API: write an absolute URI without a fragment, such as "https://api.example.com", of at most 512 bytes
    c.toml:6:13: [[client]] resources: "https://api.example.com/#photos" does not name an API: write an absolute URI without a fragment, such as "https://api.example.com", of at most 512 bytes
    c.toml:6:13: [[client]] resources: there are 33 APIs; at most 32 are allowed
    c.toml:6:23: [[client]] access_token_format: "jwe" is unknown; did you mean "jwt"?
    c.toml:7:20: [[client]] access_token_alg: with access_token_format = "opaque" the access tokens of client "tv" are not signed; remove the algorithm
    c.toml:6:20: [[client]] access_token_alg: "HS256" is unknown; did you mean "ES256"?
    c.toml:6:19: [[client]] access_lifetime: "2d" is too long: at most "1d"
    c.toml:6:8: [[client]] dpop: expected "optional" or "required", found true
    c.toml:6:8: [[client]] dpop: "requird" is unknown; did you mean "required"?
    c.toml:6:8: [[client]] pkce: "S256" is unknown; use "optional" or "required"
    c.toml:6:20: [[client]] refresh_rotation: "never" is unknown; use "unbound" or "always"
    c.toml:6:16: [[client]] refresh_idle: a device would be idle for longer (31d) than it may stay signed in at all (30d)
    c.toml:6:20: [[client]] refresh_absolute: a device would be idle for longer (7d) than it may stay signed in at all (6d)
    c.toml:6:19: [[client]] access_lifetime: an access token would be good for longer (2h) than a device may be idle (1h)
    c.toml:6:16: advice: [[client]] refresh_idle: client "tv" has refresh_idle, but no refresh tokens; add "refresh_token" to grants
    c.toml:6:20: advice: [[client]] refresh_rotation: client "tv" has refresh_rotation, but no refresh tokens; add "refresh_token" to grants
    c.toml:6:16: [[client]] id_token_alg: "HS256" is unknown; did you mean "ES256"?
    c.toml:3:15: [tokens] dpop_nonces: "optional" is unknown; use "required" or "off"
    "#);
}

#[test]
fn a_mistake_in_the_servers_lifetimes_is_not_said_again_for_each_client() {
    let text = format!("[tokens]\nrefresh_idle = \"31d\"\n{}", client("access_lifetime = \"5m\""));
    assert_eq!(said(&after_issuer(&text)).lines().count(), 1);
    let text = format!("[tokens]\nrefresh_idle = \"many\"\n{}", lasting("refresh_absolute = \"1h\""));
    assert_eq!(said(&after_issuer(&text)).lines().count(), 1);
}

#[test]
fn a_client_with_every_key_is_registered_as_it_is_declared_and_shown_as_it_reads() {
    let text = format!(
        "{ISSUER}{}",
        lasting(&format!(
            "auth = \"private_key_jwt\"\njwks = '{{\"keys\":[{EC}]}}'\n\
             token_endpoint_auth_signing_alg = \"ES256\"\n\
             scopes = [\"openid\", \"offline_access\"]\n\
             resources = [\"https://api.example.com\", \"urn:example:photos\", \"https://api.example.com\"]\n\
             link = \"never\"\ndevice_auth = \"optional\"\nintrospection = true\n\
             origins = [\"https://tv.example.com\"]\nsubject_type = \"pairwise\"\nsector = \"example.com\"\n\
             id_token_alg = \"EdDSA\"\naccess_token_format = \"jwt\"\naccess_token_alg = \"RS256\"\n\
             access_lifetime = \"2m\"\nrefresh_idle = \"1h\"\nrefresh_absolute = \"2h\"\nrefresh_rotation = \"always\"\n\
             dpop = \"required\"\nalphabet = \"digits\"\nlifetime = \"5m\"\ninterval = \"5s\"\nhold = \"0s\"\n\
             pkce = \"required\""
        ))
    );
    let loaded = good(&file(&text));
    assert_eq!(loaded.report.to_string(), "");
    let declared = &loaded.config.clients[0];
    let not_set: Vec<&str> =
        declared.shown().into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
    assert_eq!(not_set, ["secret", "jwks_uri"], "every other key is under test");

    let client = declared.client();
    let Some(ClientKeys::Set(set)) = &client.keys else { panic!("{:?}", client.keys) };
    let set: Value = serde_json::from_str(set).unwrap();
    let mut key: Value = serde_json::from_str(EC).unwrap();
    key["alg"] = json!("ES256");
    key["use"] = json!("sig");
    assert_eq!(set, json!({ "keys": [key] }));
    assert_eq!((client.auth, client.assertion_alg), (AuthMethod::PrivateKeyJwt, Some(SigningAlg::Es256)));
    assert_eq!((client.id_token_alg, client.device.pkce), (SigningAlg::EdDsa, Demand::Required));
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3_600));
    let expected = TokenPolicy {
        format: AccessTokenFormat::Jwt,
        alg: Some(SigningAlg::Rs256),
        access_lifetime: Some(Duration::from_secs(120)),
        refresh_idle: hours(1),
        refresh_absolute: hours(2),
        rotation: Rotation::Always,
        dpop: Demand::Required,
        subject: SubjectType::Pairwise(Some("example.com".into())),
        resources: ["https://api.example.com", "urn:example:photos"].map(|api| Resource::parse(api).unwrap()).into(),
    };
    assert_eq!(client.tokens, expected);

    assert_eq!(good(&file(&show::text(&loaded))).config, loaded.config);
    let shown = &show::json(&loaded)["client"][0];
    assert_eq!((&shown["access_token_format"], &shown["dpop"]), (&json!("jwt"), &json!("required")));
}

#[test]
fn keys_are_a_text_a_table_a_file_or_a_variable() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("jwks.json"), format!("{{\"keys\": [\n{EC}]}}\n")).unwrap();
    let rows: String = serde_json::from_str::<Value>(EC)
        .unwrap()
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| format!("{name} = {value}\n"))
        .collect();
    let keys = |source: &Source| good(source).config.clients[0].client().keys;
    let text = keys(&after_issuer(&signing(&format!("jwks = '{{\"keys\":[{EC}]}}'"))));
    let table = keys(&after_issuer(&signing(&format!("[[client.jwks.keys]]\n{rows}"))));
    let named = after_issuer(&signing("jwks_file = \"jwks.json\""));
    let named = keys(&Source { file: Some(folder.path().join("c.toml")), ..named });
    let variable = keys(&with(
        &format!("{ISSUER}{}", signing("")),
        &[("COUNTERSIGN__CLIENT__0__JWKS", &format!("{{\"keys\":[{EC}]}}"))],
    ));
    let path = folder.path().join("jwks.json");
    let variable_file = keys(&with(
        &format!("{ISSUER}{}", signing("")),
        &[("COUNTERSIGN__CLIENT__0__JWKS_FILE", path.to_str().unwrap())],
    ));
    assert!(matches!(text, Some(ClientKeys::Set(_))));
    assert!([table, named, variable, variable_file].iter().all(|keys| *keys == text));
    let address = keys(&after_issuer(&signing("jwks_uri = \"https://tv.example.com/jwks.json\"")));
    assert_eq!(address, Some(ClientKeys::At("https://tv.example.com/jwks.json".into())));
    let own =
        format!("[limits]\njwks_networks = [\"127.0.0.0/8\"]\n{}", signing("jwks_uri = \"http://localhost:9000/\""));
    assert_eq!(said(&after_issuer(&own)), "");
}
