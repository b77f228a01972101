//! What the values of a declared client mean together, and the clients beside each other.

use std::collections::BTreeMap;

use proto::grant::start::OFFLINE_ACCESS;
use proto::model::{AuthMethod, DeviceAuth, GrantType};

use super::check::Check;
use super::client::DeclaredClient;
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
        grants(client, &key, check);
        pace(config, client, &key, check);
    }
}

fn secret(client: &DeclaredClient, key: &dyn Fn(&str) -> String, check: &mut Check<'_>) {
    let id = client.id.as_str();
    let (auth, secret, device_auth) = (key("auth"), key("secret"), key("device_auth"));
    match client.auth {
        AuthMethod::None => {
            check.refuse(
                &[&secret, &auth],
                client.secret.is_some(),
                &format!(
                    "client {id:?} has a secret, but auth = \"none\" never shows it; set auth, or remove the secret"
                ),
            );
            if check.places.has(&device_auth) && client.device_auth == DeviceAuth::Required {
                check.advice(
                    &device_auth,
                    &format!("client {id:?} has auth = \"none\", so there is nothing it could show"),
                );
            }
        }
        AuthMethod::PrivateKeyJwt => {}
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => check.refuse(
            &[&auth, &secret],
            client.secret.is_none(),
            &format!("client {id:?} needs a secret; set secret_file"),
        ),
    }
}

fn grants(client: &DeclaredClient, key: &dyn Fn(&str) -> String, check: &mut Check<'_>) {
    let id = client.id.as_str();
    let (grants, scopes) = (key("grants"), key("scopes"));
    let device = client.grants.contains(&GrantType::DeviceCode);
    let refresh = client.grants.contains(&GrantType::RefreshToken);
    check.refuse(
        &[&grants],
        !device && !client.introspection,
        &format!("client {id:?} could sign nobody in; add \"device\""),
    );
    check.refuse(
        &[&key("introspection"), &key("auth")],
        client.introspection && client.auth == AuthMethod::None,
        &format!("client {id:?} could not prove that it may ask about tokens; set auth and secret_file"),
    );
    check.refuse(
        &[&scopes, &grants],
        client.scopes.contains(OFFLINE_ACCESS) && !refresh,
        &format!(
            "client {id:?} may ask for {OFFLINE_ACCESS}, but not use refresh tokens; add \"refresh_token\" to grants"
        ),
    );
}

fn pace(config: &Config, client: &DeclaredClient, key: &dyn Fn(&str) -> String, check: &mut Check<'_>) {
    let (interval, hold) = (key("interval"), key("hold"));
    let held = client.hold.unwrap_or(config.device.hold);
    let quick = client.interval.is_some_and(|interval| interval.as_secs() < 5);
    if held.is_zero() && quick && check.places.sound(&[&interval, &hold, "device.hold"]) {
        check.advice(&interval, "polls of this client are not held, so its devices are told 5s at least");
    }
}
