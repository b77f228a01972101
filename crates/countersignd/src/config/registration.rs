//! `[registration]`, clients that register themselves, and `[[software]]`, those whose word about them counts.

use std::collections::BTreeSet;
use std::time::Duration;

use flow::registration::TrustedSoftware;
use flow::settings::RegistrationSettings;
use proto::model::{Ceiling, ClientKeys, GrantType, Scope};

use super::check::Check;
use super::choice::choices;
use super::client_kinds::{Jwks, jwks, scopes};
use super::kinds::{optional, seconds, truth, words};
use super::section::section;
use super::sections::{DAY, HOUR};
use super::{Config, SOFTWARE};

section! {
    /// Clients that register themselves over HTTP (RFC 7591) and look after that (RFC 7592). People are told that nobody
    /// vouches for their names, and none is more than an initial access token allows:
    /// countersignd initial-access-token add --help.
    Registration "registration" {
        /// Whether clients may register themselves at all. Without an initial access token nobody can, so it is on. Those
        /// that did may look after their registration also when it is off.
        enabled: bool, truth, default true, restart;
        /// Whether a client may register without an initial access token. It never gets the device grant, so it can do
        /// nothing until you let it: countersignd client edit ID --grant device.
        open: bool, truth, default false, restart;
        /// A client that registered itself and has got no token in this time is removed.
        unused_lifetime: Duration, seconds(HOUR, DAY * 365), default "30d", restart;
    }
}

section! {
    /// Somebody whose software statements you trust (RFC 7591): what stands in one counts above what the client says about
    /// itself. A statement of anybody else is refused. Write one block for each.
    Software "software" {
        /// Who signs the statements: iss, character by character.
        issuer: String, words(1, 255), required "https://software.example.com", restart;
        /// Its public keys: a JWK set in a file, or here as jwks, a table or a text of JSON.
        jwks: Option<Jwks>, optional(jwks), document "/etc/countersign/software.jwks.json", restart;
        /// What a client may use that shows such a statement and no initial access token. None: a statement does not stand
        /// for a token. Whoever gets hold of a statement can register with it as often as they like.
        grants: Vec<GrantType>, choices, default [], restart;
        /// What such a client may ask for.
        scopes: Scope, scopes, default [], restart;
    }
}

impl Config {
    /// What the use cases are told about clients that register themselves.
    pub(crate) fn registration(&self) -> RegistrationSettings {
        let Registration { enabled, open, unused_lifetime } = self.registration;
        // Keys were read as what they must be.
        let software = self.software.iter().filter_map(Software::trusted).collect();
        RegistrationSettings { enabled, open, unused_lifetime, software }
    }
}

impl Software {
    fn trusted(&self) -> Option<TrustedSoftware> {
        let ClientKeys::Set(keys) = self.jwks.as_ref()?.keys() else { return None };
        let ceiling = || Ceiling { grants: self.grants.clone(), scopes: self.scopes.clone() };
        let admits = (!self.grants.is_empty()).then(ceiling);
        TrustedSoftware::new(&self.issuer, keys.as_bytes(), admits).ok()
    }
}

/// What the values mean together.
pub(super) fn check(config: &Config, check: &mut Check<'_>) {
    let mut seen = BTreeSet::new();
    for (number, software) in config.software.iter().enumerate() {
        let key = |name: &str| format!("{SOFTWARE}[{number}].{name}");
        let (issuer, jwks, grants, scopes) = (key("issuer"), key("jwks"), key("grants"), key("scopes"));
        let name = software.issuer.as_str();
        check.refuse(&[&issuer], !seen.insert(name), &format!("{name:?} stands there twice"));
        check.refuse(
            &[&jwks, &issuer],
            software.jwks.is_none(),
            &format!("{name:?} needs keys; set jwks_file, or nobody can tell its statements from others"),
        );
        check.refuse(
            &[&grants],
            software.grants.contains(&GrantType::RefreshToken) && !software.grants.contains(&GrantType::DeviceCode),
            "refresh tokens come of the device grant alone; add \"device\"",
        );
        if software.grants.is_empty() && !software.scopes.is_empty() && check.places.sound(&[&grants, &scopes]) {
            check.advice(
                &scopes,
                "a statement does not stand for a token, since grants is empty; scopes say nothing then",
            );
        }
    }
}
