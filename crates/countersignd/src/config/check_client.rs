//! What the values of a declared client mean together, and the clients beside each other.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proto::model::{AuthMethod, DeviceAuth};

use super::check::Check;
use super::choice::{SubjectKind, name};
use super::client::DeclaredClient;
use super::client_terms::{Says, faults};
use super::{CLIENT, Config};

/// Checks every declared client.
pub(super) fn clients(config: &Config, check: &mut Check<'_>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, client) in config.clients.iter().enumerate() {
        let key = |name: &str| format!("{CLIENT}[{number}].{name}");
        let id = key("id");
        if !check.places.sound(&[&id]) {
            continue;
        }
        if seen.insert(client.id.as_str(), number).is_some() {
            check.mistake(&id, &format!("{:?} is declared twice", client.id.as_str()));
        }
        secret(client, &key, check);
        keys(config, client, &key, check);
        subject(client, &key, check);
        terms(config, client, &key, check);
        pace(config, client, &key, check);
    }
}

fn secret(client: &DeclaredClient, key: &dyn Fn(&str) -> String, check: &mut Check<'_>) {
    let id = client.id.as_str();
    let (auth, secret, device_auth) = (key("auth"), key("secret"), key("device_auth"));
    match client.auth {
        AuthMethod::None | AuthMethod::PrivateKeyJwt => check.refuse(
            &[&secret, &auth],
            client.secret.is_some(),
            &format!(
                "client {id:?} has a secret, but auth = {:?} never shows it; set auth, or remove the secret",
                name(client.auth)
            ),
        ),
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => check.refuse(
            &[&auth, &secret],
            client.secret.is_none(),
            &format!("client {id:?} needs a secret; set secret_file"),
        ),
    }
    let idle = client.auth == AuthMethod::None && client.device_auth == DeviceAuth::Required;
    if idle && check.places.has(&device_auth) && check.places.sound(&[&auth, &device_auth]) {
        check.advice(&device_auth, &format!("client {id:?} has auth = \"none\", so there is nothing it could show"));
    }
}

fn keys(config: &Config, client: &DeclaredClient, key: &dyn Fn(&str) -> String, check: &mut Check<'_>) {
    let id = client.id.as_str();
    let (jwks, address) = (key("jwks"), key("jwks_uri"));
    check.refuse(
        &[&address, &jwks],
        client.jwks.is_some() && client.jwks_uri.is_some(),
        &format!("client {id:?} has keys and an address of keys; keep one of them (RFC 7591 §2)"),
    );
    let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let listed = config.limits.jwks_networks.iter().any(|block| own.iter().any(|ip| block.contains(*ip)));
    check.refuse(
        &[&address, "limits.jwks_networks"],
        client.jwks_uri.as_deref().is_some_and(|address| address.starts_with("http:")) && !listed,
        "is http, which is fetched only from this machine and only when [limits] jwks_networks lists it: [\"127.0.0.0/8\"]",
    );
}

fn subject(client: &DeclaredClient, key: &dyn Fn(&str) -> String, check: &mut Check<'_>) {
    check.refuse(
        &[&key("sector"), &key("subject_type")],
        client.sector.is_some() && client.subject_type == SubjectKind::Public,
        &format!(
            "client {:?} has a sector, but its subjects are public; set subject_type = \"pairwise\"",
            client.id.as_str()
        ),
    );
}

fn terms(config: &Config, client: &DeclaredClient, key: &dyn Fn(&str) -> String, check: &mut Check<'_>) {
    for fault in faults(&client.client(), config.lifetimes(), Says::File) {
        let full = |name: &&str| if name.contains('.') { (*name).to_owned() } else { key(name) };
        let keys: Vec<String> = fault.keys.iter().map(full).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        if fault.is_advice {
            check.advise(&keys, &fault.text);
        } else {
            check.refuse(&keys, true, &fault.text);
        }
    }
}

fn pace(config: &Config, client: &DeclaredClient, key: &dyn Fn(&str) -> String, check: &mut Check<'_>) {
    let (interval, hold) = (key("interval"), key("hold"));
    let held = client.hold.unwrap_or(config.device.hold);
    let quick = client.interval.is_some_and(|interval| interval.as_secs() < 5);
    if held.is_zero() && quick && check.places.sound(&[&interval, &hold, "device.hold"]) {
        check.advice(&interval, "polls of this client are not held, so its devices are told 5s at least");
    }
}
