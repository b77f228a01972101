//! The environment above the file, secrets in files, and what is shown of it.

use std::fs;
use std::time::Duration;

use proto::model::GrantType;

use super::super::{Place, StoreUrl, show};
use super::{ISSUER, file, good, said, with};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn client(line: &str) -> String {
    format!(
        "{ISSUER}[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\nauth = \"client_secret_basic\"\n{line}\n"
    )
}

#[test]
fn the_environment_stands_above_the_file() {
    let text = format!("{ISSUER}[device]\nlifetime = \"5m\"\nhold = \"2s\"\n");
    let loaded = good(&with(&text, &[("COUNTERSIGN__DEVICE__LIFETIME", "3m"), ("PATH", "/bin")]));
    assert_eq!(loaded.config.device.lifetime, Duration::from_secs(180));
    assert_eq!(loaded.config.device.hold, Duration::from_secs(2));
    assert_eq!(loaded.places.of("device.lifetime"), Place::Variable("COUNTERSIGN__DEVICE__LIFETIME".to_owned()));
    assert_eq!(loaded.places.of("device.hold"), Place::File { line: 4, column: 8 });
    assert_eq!(loaded.places.of("device.interval"), Place::Default);
}

#[test]
fn a_whole_configuration_fits_into_the_environment() {
    let loaded = good(&with(
        "",
        &[
            ("COUNTERSIGN__ISSUER", "https://id.example.com"),
            ("COUNTERSIGN__HTTP__LISTEN", "0.0.0.0:8628, [::]:8628"),
            ("COUNTERSIGN__HTTP__ADMIN_LISTEN", "off"),
            ("COUNTERSIGN__HTTP__TRUSTED_PROXIES", "10.0.0.0/8,192.168.0.1"),
            ("COUNTERSIGN__STORE__URL", "sqlite:/data/c.db"),
            ("COUNTERSIGN__LIMITS__HELD_POLLS", "1_000"),
            ("COUNTERSIGN__LIMITS__GUESSES_PER_ACCOUNT", "5/10m,20/1d"),
            ("COUNTERSIGN__LIMITS__GUESS_CHANCE", "0.0000001"),
            ("COUNTERSIGN__CLIENT__0__ID", "tv"),
            ("COUNTERSIGN__CLIENT__0__NAME", "TV"),
            ("COUNTERSIGN__CLIENT__0__GRANTS", "device,refresh_token"),
            ("COUNTERSIGN__CLIENT__1__ID", "ci"),
            ("COUNTERSIGN__CLIENT__1__NAME", "CI"),
            ("COUNTERSIGN__CLIENT__1__GRANTS", "urn:ietf:params:oauth:grant-type:device_code,device"),
            ("COUNTERSIGN__CLIENT__1__AUTH", "client_secret_post"),
            ("COUNTERSIGN__CLIENT__1__SECRET", SECRET),
        ],
    ));
    let config = loaded.config;
    assert_eq!(config.http.listen.len(), 2);
    assert_eq!((config.http.admin_listen, config.http.trusted_proxies.len()), (None, 2));
    assert_eq!(config.store.url, StoreUrl::Sqlite("/data/c.db".into()));
    assert_eq!((config.limits.held_polls, config.limits.guesses_per_account.len()), (1_000, 2));
    let [tv, ci] = &config.clients[..] else { panic!("{:?}", config.clients) };
    assert_eq!(tv.grants, [GrantType::DeviceCode, GrantType::RefreshToken]);
    assert_eq!(ci.grants, [GrantType::DeviceCode]);
    assert_eq!(ci.secret.as_ref().map(|secret| secret.reveal()), Some(SECRET));
}

#[test]
fn variables_change_clients_of_the_file_and_add_others() {
    let text = format!("{ISSUER}[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\n");
    let loaded = good(&with(
        &text,
        &[
            ("COUNTERSIGN__CLIENT__0__NAME", "Television"),
            ("COUNTERSIGN__CLIENT__1__ID", "ci"),
            ("COUNTERSIGN__CLIENT__1__NAME", "CI"),
            ("COUNTERSIGN__CLIENT__1__GRANTS", "device"),
        ],
    ));
    let names: Vec<&str> = loaded.config.clients.iter().map(|client| client.name.as_str()).collect();
    assert_eq!(names, ["Television", "CI"]);
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tv.secret");
    fs::write(&path, format!("{SECRET}\n")).unwrap();
    let revealed = |source| good(&source).config.clients[0].secret.clone().unwrap().reveal().to_owned();
    assert_eq!(revealed(file(&client(&format!("secret_file = {path:?}")))), SECRET, "without the end of the line");
    let mut relative = file(&client("secret_file = \"tv.secret\""));
    relative.file = Some(folder.path().join("c.toml"));
    assert_eq!(revealed(relative), SECRET, "relative to the configuration file");
    let name = path.to_str().unwrap();
    let other = client(&format!("secret = \"{}\"", "x".repeat(32)));
    assert_eq!(revealed(with(&other, &[("COUNTERSIGN__CLIENT__0__SECRET_FILE", name)])), SECRET, "variables win");
    fs::write(&path, "short\n").unwrap();
    let said = said(&with(&other, &[("COUNTERSIGN__CLIENT__0__SECRET_FILE", name)]));
    assert!(
        said.starts_with("COUNTERSIGN__CLIENT__0__SECRET_FILE: [[client]] secret: the secret has 5 bytes;"),
        "{said}"
    );
}

#[test]
fn paths_of_the_file_start_from_its_folder_and_those_of_variables_do_not() {
    let mut source = with(
        &format!("{ISSUER}[store]\nurl = \"sqlite:c.db\"\n[secrets]\nkey_file = \"/keys/key\"\n"),
        &[("COUNTERSIGN__BRAND__LOGO", "logo.svg")],
    );
    source.file = Some("/etc/countersign/c.toml".into());
    let config = good(&source).config;
    assert_eq!(config.store.url, StoreUrl::Sqlite("/etc/countersign/c.db".into()));
    assert_eq!(config.secrets.key_file, std::path::Path::new("/keys/key"));
    assert_eq!(config.brand.logo.as_deref(), Some(std::path::Path::new("logo.svg")));
}

#[test]
fn secrets_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tv.secret");
    fs::write(&path, SECRET).unwrap();
    for (line, shown) in [
        (format!("secret = {SECRET:?}"), "(set)".to_owned()),
        (format!("secret_file = {path:?}"), format!("(from file {})", path.display())),
    ] {
        let loaded = good(&file(&client(&line)));
        let (text, json) = (show::text(&loaded), show::json(&loaded).to_string());
        assert!(text.contains(&format!("secret = \"{shown}\"")), "{text}");
        assert_eq!(show::json(&loaded)["client"][0]["secret"], shown);
        for output in [text, json, format!("{loaded:?}"), format!("{:#?}", loaded.config)] {
            assert!(!output.contains(SECRET), "{output}");
        }
    }
}

#[test]
fn what_is_shown_names_the_source_of_each_value() {
    let text =
        format!("{ISSUER}[device]\nlifetime = \"5m\"\n[[client]]\nid = \"tv\"\nname = \"TV\"\ngrants = [\"device\"]\n");
    let shown = show::text(&good(&with(&text, &[("COUNTERSIGN__DEVICE__HOLD", "0s")])));
    let lines: Vec<&str> =
        shown.lines().filter(|line| line.contains("# line") || line.contains("# COUNTERSIGN")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    issuer = "http://localhost:8628"                 # line 1
    lifetime = "5m"                                  # line 3
    hold = "0s"                                      # COUNTERSIGN__DEVICE__HOLD
    id = "tv"                                        # line 5
    name = "TV"                                      # line 6
    grants = ["device"]                              # line 7
    "#);
    let json = show::json(&good(&with(&text, &[])));
    assert_eq!(json["device"]["lifetime"], "5m");
    assert_eq!(json["device"]["verification_uri"], serde_json::Value::Null);
    assert_eq!(json["limits"]["held_polls"], 50_000);
    assert_eq!(json["client"][0]["link"], "same_network");
}

#[test]
fn lp_2_without_holding_the_default_interval_is_five_seconds() {
    let interval = |text: &str| good(&file(&format!("{ISSUER}[device]\n{text}"))).config.device.interval.as_secs();
    assert_eq!(interval(""), 1);
    assert_eq!(interval("hold = \"0s\"\n"), 5);
    assert_eq!(interval("hold = \"0s\"\ninterval = \"7s\"\n"), 7);
    assert_eq!(interval("interval = \"2s\"\n"), 2);
}
