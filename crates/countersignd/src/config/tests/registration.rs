//! Clients that register themselves, and whose word about them counts.

use std::time::Duration;

use proto::model::GrantType;

use super::clients::EC;
use super::{ISSUER, after_issuer, file, good, said, with};

fn software(text: &str) -> String {
    format!("[[software]]\nissuer = \"https://software.example.com\"\njwks = '{{\"keys\":[{EC}]}}'\n{text}\n")
}

#[test]
fn dr_3_2_cf_12_registration_needs_a_token_unless_the_operator_says_otherwise() {
    let settings = |text: &str| good(&after_issuer(text)).config.registration();
    let default = settings("");
    assert_eq!((default.enabled, default.open, default.software.len()), (true, false, 0));
    assert_eq!(default.unused_lifetime, Duration::from_secs(30 * 86_400));
    let other = settings("[registration]\nenabled = false\nopen = true\nunused_lifetime = \"2h\"\n");
    assert_eq!((other.enabled, other.open, other.unused_lifetime), (false, true, Duration::from_secs(7_200)));
    assert!(
        said(&after_issuer("[registration]\nunused_lifetime = \"59m\"\n")).contains("is too short: at least \"1h\"")
    );
}

#[test]
fn dr_2_3_1_issuers_of_statements_are_named_with_their_keys() {
    let text = format!("{ISSUER}{}", software("grants = [\"device\"]\nscopes = [\"openid\"]"));
    let variables = [("COUNTERSIGN__SOFTWARE__0__ISSUER", "https://other.example.com")];
    let config = good(&with(&text, &variables)).config;
    assert_eq!(config.registration().software.len(), 1);
    let [one] = &config.software[..] else { panic!("{:?}", config.software) };
    assert_eq!((one.issuer.as_str(), &one.grants[..]), ("https://other.example.com", &[GrantType::DeviceCode][..]));
    let shown = super::super::show::text(&good(&file(&text)));
    assert_eq!(good(&file(&shown)).config, good(&file(&text)).config, "what is shown reads back");
}

#[test]
fn mistakes_in_issuers_of_statements_are_explained() {
    let texts = [
        "[[software]]\nissuer = \"x\"\n".to_owned(),
        "[[software]]\njwks = '{\"keys\":[]}'\n".to_owned(),
        "[software]\nissuer = \"x\"\n".to_owned(),
        software("").repeat(2),
        software("grants = [\"refresh_token\"]"),
        software("scopes = [\"openid\"]"),
    ];
    let all: Vec<String> = texts.iter().map(|text| said(&after_issuer(text))).collect();
    insta::assert_snapshot!(all.join(""), @r#"
    c.toml:3:10: [[software]] issuer: "x" needs keys; set jwks_file, or nobody can tell its statements from others
    c.toml:3:1: [[software]] issuer is missing; write it like `issuer = "https://software.example.com"`
    c.toml:3:8: [[software]] jwks: the set has no key
    c.toml:2:2: [software] must be written [[software]], since there may be several
    c.toml:7:10: [[software]] issuer: "https://software.example.com" stands there twice
    c.toml:5:10: [[software]] grants: refresh tokens come of the device grant alone; add "device"
    c.toml:5:10: advice: [[software]] scopes: a statement does not stand for a token, since grants is empty; scopes say nothing then
    "#);
}
