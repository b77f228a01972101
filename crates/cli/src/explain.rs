//! What happened, in a sentence, with what to do next and the exit code: one total map from the client's errors.

use client::discovery::DiscoveryError;
use client::error::Refusal;
use client::identity::IdentityError;
use client::protected_resource::ResourceError;
use client::vault::{KeyringError, Seal, VaultError};
use client::{Error, Plain, Retry};
use proto::wire::error::ErrorCode;

use crate::exit::{Exit, Failure};

/// An error of the client library. `lifetime` is how long the code lived, for the sentence about its end.
pub(crate) fn error(error: &Error, host: &str, lifetime: Option<u64>) -> Failure {
    match error {
        Error::Denied => Failure::new(Exit::Declined, "access_denied", "Declined on the other device."),
        Error::Discovery(cause) => discovery(cause, host),
        Error::Expired => {
            let after = lifetime.map(|seconds| format!(" after {}", spoken(seconds))).unwrap_or_default();
            let message = format!("The code ran out{after}.");
            Failure::new(Exit::Expired, "expired_token", message).advise("Run the command again for a new one.")
        }
        Error::Identity(cause) => identity(cause, host),
        Error::NotBound => {
            let message = format!("{host} gave a token that is not bound to the key of this device. It was not used.");
            Failure::new(Exit::Refused, "not_bound", message)
                .advise("Whoever copied such a token could use it. To accept that, sign in with --no-dpop.")
        }
        Error::Refused(refusal) => refused(refusal, host),
        Error::Resource(text) => Failure::usage(format!("{:?} is not the identifier of an API.", text.as_str()))
            .advise("--resource takes an absolute address without #, such as https://api.example.com/."),
        Error::Signing(cause) => Failure::unexpected(format!("A request could not be signed: {cause}.")),
        Error::Unreachable(detail) => unreachable(host, detail),
        Error::NoDeviceFlow(status) => {
            let message = format!("There is no device flow at {host}, or it is turned off (status {status}).");
            Failure::new(Exit::Refused, "not_found", message).advise(
                "Check the issuer; `countersign doctor` tells what a server can. Otherwise sign in with a browser there.",
            )
        }
        Error::NotOurs => Failure::usage("The sign-in was started by another application, or at another server.")
            .advise("Start a new one: `countersign login`."),
        Error::Parameter(name) => Failure::usage(format!("--parameter is not for {:?}.", name.as_str()))
            .advise("There is an option for it, or the program sends it itself."),
        Error::Unusable { what, why, status } => {
            let message = format!("{} of {host} cannot be used: {why} (status {status}).", capitalised(what));
            Failure::new(Exit::Refused, "unusable_response", message)
        }
    }
}

/// Why a poll will be repeated, for programs.
pub(crate) fn retry(reason: Retry) -> String {
    match reason {
        Retry::Failure(client::Failure::Broken) => "connection_lost".to_owned(),
        Retry::Failure(client::Failure::Connect) => "no_connection".to_owned(),
        Retry::Failure(client::Failure::Timeout) => "timeout".to_owned(),
        Retry::Status(status) => format!("status_{status}"),
    }
}

/// What went wrong with the store.
pub(crate) fn vault(error: &VaultError) -> Failure {
    let failure = Failure::store(format!("The token store failed: {}.", error.to_string().trim_end_matches('.')));
    match error {
        VaultError::Keyring(KeyringError::Locked | KeyringError::Dismissed) => {
            failure.advise("Unlock the keyring of the desktop, or sign in with --store file.")
        }
        VaultError::Keyring(_) => {
            failure.advise("Sign in with --store file, or seal the tokens with --store-passphrase.")
        }
        VaultError::NoKey(Seal::Keyring) => failure.advise("Sign in again to make a new one."),
        VaultError::NoKey(Seal::KeyFile) => {
            failure.advise("Bring it back, or sign in again with --store-key-file FILE.")
        }
        VaultError::NoKey(Seal::Passphrase) => failure.advise("Set COUNTERSIGN_PASSPHRASE, or run this on a terminal."),
        _ => failure,
    }
}

fn unreachable(host: &str, detail: &Plain) -> Failure {
    let message = format!("{host} cannot be reached: {}.", detail.as_str().trim_end_matches('.'));
    Failure::new(Exit::Unreachable, "unreachable", message)
}

fn discovery(error: &DiscoveryError, host: &str) -> Failure {
    let refused = |message: String| Failure::new(Exit::Refused, "discovery", message);
    match error {
        DiscoveryError::Endpoint { member, why } => {
            refused(format!("{host} publishes an address that must not be used: its {member} {why}."))
        }
        DiscoveryError::Issuer(found) => {
            refused(format!("{host} calls itself {found}, which is not the issuer that was asked for."))
                .advise(format!("If that is the server you mean, use --issuer {found}"))
        }
        DiscoveryError::Missing(status @ 500..) => {
            unreachable(host, &Plain::own(format!("it answers with status {status}")))
        }
        DiscoveryError::Missing(status) => refused(format!("{host} publishes nothing about itself (status {status})."))
            .advise("Check the issuer, or name the kind of server with --provider."),
        DiscoveryError::NoDeviceFlow => refused(format!("{host} offers no sign-in for devices."))
            .advise("Its operator may have to turn on the device flow, also for this application."),
        DiscoveryError::Redirect => refused(format!("{host} redirects to another server, which is not followed.")),
        DiscoveryError::Unreachable(detail) => unreachable(host, detail),
        DiscoveryError::Unsupported(why) => Failure::new(Exit::Usage, "unsupported", *why),
        DiscoveryError::Unusable(why) => refused(format!("What {host} publishes about itself cannot be used: {why}.")),
    }
}

/// What an API says about itself cannot be used.
pub(crate) fn resource(error: &ResourceError, api: &str) -> Failure {
    let refused = |why: String| Failure::new(Exit::Refused, "resource", format!("{api} cannot be used: {why}."));
    match error {
        ResourceError::Address(why) => Failure::usage(format!("The address {api:?} {why}.")),
        ResourceError::Fetch(DiscoveryError::Unreachable(detail)) => unreachable(api, detail),
        ResourceError::Fetch(DiscoveryError::Missing(status)) => {
            refused(format!("it says nothing about who gives tokens for it (status {status})"))
                .advise("Name the server with --issuer, and the API with --resource if the server wants to know it.")
        }
        ResourceError::Fetch(DiscoveryError::Redirect) => refused("it points to another server".to_owned()),
        ResourceError::AuthorizationServer { .. }
        | ResourceError::Fetch(_)
        | ResourceError::Internal
        | ResourceError::NoAuthorizationServer
        | ResourceError::Resource(_) => refused(error.to_string()),
    }
}

fn identity(error: &IdentityError, host: &str) -> Failure {
    let message =
        format!("The sign-in was not accepted: what {host} says about who signed in does not hold ({error}).");
    let failure = Failure::new(Exit::Refused, "invalid_id_token", message);
    if error.is_about_time() { failure.advise("The clock of this device may be wrong.") } else { failure }
}

fn refused(refusal: &Refusal, host: &str) -> Failure {
    let failure = Failure::new(Exit::Refused, refusal.error.as_str(), format!("{host} refused: {refusal}."));
    let said = refusal.description.as_ref().map(Plain::as_str).unwrap_or_default();
    if said.contains("code_challenge") {
        return failure
            .advise("Whether this application needs PKCE is set at the server: add --pkce always, or --pkce never.");
    }
    let advice = match refusal.code {
        Some(ErrorCode::InvalidClient) => {
            "Check --client-id. If the application has a secret or a key, give it with --client-secret-file or \
             --client-key-file."
        }
        Some(ErrorCode::UnauthorizedClient | ErrorCode::UnsupportedGrantType) => {
            "The operator of the server has to allow the device flow for this application."
        }
        Some(ErrorCode::InvalidDpopProof) => "The clock of this device may be wrong.",
        Some(ErrorCode::InvalidScope) => "Ask for less with --scope, or leave it out for the default.",
        Some(ErrorCode::InvalidTarget) => "Check --resource.",
        Some(ErrorCode::InvalidGrant) => "Run the command again for a new code.",
        Some(ErrorCode::TemporarilyUnavailable | ErrorCode::SlowDown | ErrorCode::ServerError) => {
            "Try again in a minute."
        }
        _ => return failure,
    };
    failure.advise(advice)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A duration as one says it.
pub(crate) fn spoken(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7199 => (seconds / 60, "minute"),
        _ => (seconds / 3600, "hour"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: ErrorCode) -> Error {
        Error::Refused(Refusal {
            code: Some(code),
            description: Some(Plain::own("said so")),
            error: Plain::own(code.as_str()),
            status: 400,
        })
    }

    #[test]
    fn each_end_has_its_sentence_and_its_exit_code() {
        let told = |cause: &Error| {
            let failure = error(cause, "id.example.com", Some(600));
            (failure.exit, failure.error, failure.message)
        };
        let sentence = |exit, error: &str, message: &str| (exit, error.to_owned(), message.to_owned());
        assert_eq!(told(&Error::Denied), sentence(Exit::Declined, "access_denied", "Declined on the other device."));
        assert_eq!(
            told(&Error::Expired),
            sentence(Exit::Expired, "expired_token", "The code ran out after 10 minutes.")
        );
        let (exit, code, message) = told(&Error::Unreachable(Plain::own("connection refused")));
        assert_eq!((exit, code.as_str()), (Exit::Unreachable, "unreachable"));
        assert_eq!(message, "id.example.com cannot be reached: connection refused.");
        let (exit, code, message) = told(&refusal(ErrorCode::InvalidScope));
        assert_eq!((exit, code.as_str()), (Exit::Refused, "invalid_scope"));
        assert_eq!(message, "id.example.com refused: invalid_scope (said so).");
    }

    #[test]
    fn misconfigurations_say_what_to_do() {
        for (code, word) in [
            (ErrorCode::InvalidClient, "--client-id"),
            (ErrorCode::UnauthorizedClient, "operator"),
            (ErrorCode::InvalidScope, "--scope"),
            (ErrorCode::InvalidTarget, "--resource"),
            (ErrorCode::InvalidDpopProof, "clock"),
        ] {
            assert!(error(&refusal(code), "h", None).advice.unwrap().contains(word));
        }
    }

    #[test]
    fn dp_5_1_a_token_that_is_not_bound_is_told_of_with_the_way_round() {
        let failure = error(&Error::NotBound, "id.example.com", None);
        assert_eq!((failure.exit, failure.error.as_str()), (Exit::Refused, "not_bound"));
        assert!(failure.advice.unwrap().contains("--no-dpop"));
        let resource = error(&Error::Resource(Plain::own("api")), "id.example.com", None);
        assert_eq!((resource.exit, resource.message.contains("\"api\"")), (Exit::Usage, true));
    }

    #[test]
    fn durations_are_said_as_people_say_them() {
        let cases = [(1, "1 second"), (90, "90 seconds"), (600, "10 minutes"), (7200, "2 hours")];
        for (seconds, text) in cases {
            assert_eq!(spoken(seconds), text);
        }
    }
}
