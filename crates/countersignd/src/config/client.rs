//! `[[client]]`: programs on devices that are declared in the configuration.

use std::time::Duration;

use proto::model::{AuthMethod, ClientId, DeviceAuth, GrantType, LinkPolicy, Origin, Scope, SigningAlg};
use proto::secret::Alphabet;

use super::choice::{choice, choices};
use super::input::{Input, quoted};
use super::kinds::{Read, between, optional, seconds, truth, words};
use super::secret::{Secret, secret};
use super::section::section;
use super::sections::{HOLD, INTERVAL, LIFETIME};
use super::web::origins;

section! {
    /// A program that may sign people in. Declare it here or add it with `countersignd client add`; one that is removed
    /// from here is disabled. Write one block for each.
    DeclaredClient "client" {
        /// What it calls itself in requests; public. All copies of a program share it.
        id: ClientId, client_id, required "tv", live;
        /// What people see when they are asked.
        name: String, words(1, 64), required "Living-room TV", live;
        /// How it authenticates: "none" for what runs in people's hands and cannot keep a secret, "client_secret_basic" or
        /// "client_secret_post" for what you run yourself.
        auth: AuthMethod, choice, default "none", live;
        /// Its secret, when it has one: at least 32 bytes. Better in a file of its own: secret_file.
        secret: Option<Secret>, optional(secret), secret "/run/secrets/tv", live;
        /// What it may use: "device" and "refresh_token". Nothing unless it stands here.
        grants: Vec<GrantType>, choices, required ["device", "refresh_token"], live;
        /// What it may ask for; asked for nothing, it gets all but offline_access. No scope: it learns only that somebody
        /// approved.
        scopes: Scope, scopes, default [], live;
        /// What the link in the QR code does: "same_network" fills in the code for a browser on the device's own network and
        /// asks others to type it, "always" fills it in (easier to abuse from afar), "never" always asks.
        link: LinkPolicy, choice, default "same_network", live;
        /// Whether a client with a secret must show it when it asks for codes, as RFC 8628 says; "optional" is for programs
        /// that cannot (Git Credential Manager, x/oauth2).
        device_auth: DeviceAuth, choice, default "required", live;
        /// Whether it is an API that may ask what tokens are good for (RFC 7662). It needs a secret.
        introspection: bool, truth, default false, live;
        /// Web applications: origins whose scripts may call the endpoints, such as ["https://tv.example.com"].
        origins: Vec<Origin>, origins, default [], live;
        /// Signature algorithm of its id_tokens: "RS256", which clients assume, or "ES256".
        id_token_alg: SigningAlg, choice, default "RS256", live;
        /// As in [device], for this client alone.
        alphabet: Option<Alphabet>, optional(choice), unset "digits", live;
        /// As in [device], for this client alone.
        lifetime: Option<Duration>, optional(seconds(LIFETIME.0, LIFETIME.1)), unset "5m", live;
        /// As in [device], for this client alone.
        interval: Option<Duration>, optional(seconds(INTERVAL.0, INTERVAL.1)), unset "5s", live;
        /// As in [device], for this client alone.
        hold: Option<Duration>, optional(between(HOLD.0, HOLD.1)), unset "0s", live;
    }
}

fn client_id(input: &Input<'_>) -> Read<ClientId> {
    const EXPECTED: &str = "1 to 128 printable ASCII characters such as \"tv\"";
    ClientId::parse(input.text(EXPECTED)?).ok_or_else(|| input.mismatch(EXPECTED))
}

/// Scopes as a list, one word each (RFC 6749 §3.3).
fn scopes(input: &Input<'_>) -> Read<Scope> {
    const EXPECTED: &str = "a list of scopes such as [\"openid\", \"profile\"]";
    let mut all: Vec<String> = Vec::new();
    for member in input.list(EXPECTED)? {
        let token = member.text(EXPECTED)?;
        if token.is_empty() || token.contains(' ') {
            return Err(format!("{} is not one scope; write each as a text of its own", quoted(token)));
        }
        if Scope::parse(token).is_err() {
            return Err(format!(
                "{} is not a scope: only printable ASCII without quotes and backslashes",
                quoted(token)
            ));
        }
        all.push(token.to_owned());
    }
    Scope::parse(&all.join(" ")).map_err(|error| error.to_string())
}
