//! Profiles: which server, which application, what to ask for. Where they are kept is `file`'s.

use std::fs;
use std::path::{Path, PathBuf};

use client::client_key::ClientKeyError;
use client::{Authentication, ClientKey, Issuer, Plain, Plaintext, ProfileName, Provider};
use proto::wire::metadata::AuthorizationServerMetadata;
use proto::wire::token::Credential;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::arguments::{Server, Store, Use};
use crate::exit::Failure;

mod file;

pub(crate) use file::Profiles;

/// The variable a secret may come from.
const SECRET: &str = "COUNTERSIGN_CLIENT_SECRET";

/// One profile.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) issuer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    pub(crate) client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_key_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_key_id: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) pkce: Use,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) audience: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parameters: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) dpop: Use,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) store: Store,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) store_key_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) store_passphrase: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) allow_http_loopback: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Profile {
    /// What the command line says, completed by what was remembered.
    pub(crate) fn merge(name: &ProfileName, given: Server, known: Option<Self>) -> Result<Self, Failure> {
        given.provider.as_deref().map(provider).transpose()?;
        // Another server is another matter: nothing remembered about the old one applies to it.
        let moved = |known: &Self| {
            given.issuer.as_ref().is_some_and(|issuer| *issuer != known.issuer)
                || given.provider.as_ref().is_some_and(|provider| Some(provider) != known.provider.as_ref())
        };
        let known = known.filter(|known| !moved(known));
        let known = known.as_ref();
        let provider = given.provider.clone().or_else(|| known?.provider.clone());
        let default_issuer = provider.as_deref().and_then(Provider::named);
        let issuer = given
            .issuer
            .or_else(|| known.map(|known| known.issuer.clone()))
            .or_else(|| default_issuer?.issuer.map(str::to_owned))
            .ok_or_else(|| which_server(name, default_issuer))?;
        let client_id = given.client_id.or_else(|| known.map(|known| known.client_id.clone())).ok_or_else(|| {
            Failure::usage("Which application? Give --client-id, the identifier it is registered with.")
        })?;
        let list = |given: Vec<String>, known: Option<&Vec<String>>| {
            if given.is_empty() { known.cloned().unwrap_or_default() } else { given }
        };
        // One way to authenticate: a new one takes the place of the other.
        let (new_secret, new_key) = (given.client_secret_file.is_some(), given.client_key_file.is_some());
        let (new_store, new_seal) = (given.store.is_some(), given.store_passphrase || given.store_key_file.is_some());
        let dpop = if given.no_dpop { Some(Use::Never) } else { given.dpop };
        Ok(Self {
            issuer,
            provider,
            client_id,
            client_secret_file: path(given.client_secret_file)
                .or_else(|| known.filter(|_| !new_key)?.client_secret_file.clone()),
            client_key_file: path(given.client_key_file)
                .or_else(|| known.filter(|_| !new_secret)?.client_key_file.clone()),
            client_key_id: given
                .client_key_id
                .or_else(|| known.filter(|_| !new_secret && !new_key)?.client_key_id.clone()),
            pkce: given.pkce.or_else(|| known.map(|known| known.pkce)).unwrap_or_default(),
            dpop: dpop.or_else(|| known.map(|known| known.dpop)).unwrap_or_default(),
            scopes: list(given.scopes, known.map(|known| &known.scopes)),
            resources: list(given.resources, known.map(|known| &known.resources)),
            audience: given.audience.or_else(|| known?.audience.clone()),
            parameters: list(given.parameters, known.map(|known| &known.parameters)),
            device_name: given.device_name.or_else(|| known?.device_name.clone()),
            ca_file: path(given.ca_file).or_else(|| known?.ca_file.clone()),
            // One way to keep them: a new one takes the place of the other.
            store: given.store.or_else(|| known.filter(|_| !new_seal).map(|known| known.store)).unwrap_or_default(),
            store_key_file: path(given.store_key_file)
                .or_else(|| known.filter(|_| !new_store && !new_seal)?.store_key_file.clone()),
            store_passphrase: given.store_passphrase
                || known.is_some_and(|known| !new_store && !new_seal && known.store_passphrase),
            allow_http_loopback: given.allow_http_loopback || known.is_some_and(|known| known.allow_http_loopback),
        })
    }

    /// The additional parameters, name and value apart.
    pub(crate) fn parameters(&self) -> Result<Vec<(String, String)>, Failure> {
        let pair = |text: &String| match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(Failure::usage(format!("--parameter {text:?} is not NAME=VALUE."))),
        };
        self.parameters.iter().map(pair).collect()
    }

    pub(crate) const fn plaintext(&self) -> Plaintext {
        if self.allow_http_loopback { Plaintext::OnLoopback } else { Plaintext::Refused }
    }

    /// The issuer, checked.
    pub(crate) fn checked_issuer(&self) -> Result<Issuer, Failure> {
        Issuer::parse(&self.issuer, self.plaintext()).map_err(|why| {
            let failure = Failure::usage(format!("The issuer {:?} {why}.", self.issuer));
            let local = self.issuer.starts_with("http://") && !self.allow_http_loopback;
            if local { failure.advise("For a test on this machine add --allow-http-loopback.") } else { failure }
        })
    }

    /// What is known about the kind of server.
    pub(crate) fn known_provider(&self, issuer: &Issuer) -> &'static Provider {
        self.provider.as_deref().and_then(Provider::named).unwrap_or_else(|| Provider::of_host(issuer.host()))
    }

    /// How the application authenticates: with its key, its secret, or not at all. Without a word from the server a secret
    /// goes as Basic (RFC 8414 §2).
    pub(crate) fn authentication(
        &self,
        provider: &Provider,
        metadata: &AuthorizationServerMetadata,
    ) -> Result<Authentication, Failure> {
        if let Some(path) = &self.client_key_file {
            let key = key_file(path, self.client_key_id.clone())?;
            let wanted = &metadata.token_endpoint_auth_signing_alg_values_supported;
            let algorithm = key.algorithm();
            if !wanted.is_empty() && !wanted.iter().any(|name| algorithm.names().contains(&name.as_str())) {
                let message =
                    format!("The key signs with {algorithm}, which the server does not take from applications.");
                let wanted = wanted.iter().map(|name| Plain::new(name, 20).to_string()).collect::<Vec<_>>();
                return Err(Failure::usage(message).advise(format!("It takes {}.", wanted.join(", "))));
            }
            return Ok(Authentication::PrivateKey(key));
        }
        let secret = self.secret()?;
        if secret.is_none() && provider.secret == client::provider::Secret::Required {
            return Err(Failure::usage(format!("{} wants a secret from every application.", provider.title))
                .advise("Give it with --client-secret-file."));
        }
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let offers = |method: &str| methods.iter().any(|offered| offered == method);
        let elsewhere = provider.dialect.secret != client::provider::SecretPlace::AsOffered;
        let in_body = elsewhere || (offers("client_secret_post") && !offers("client_secret_basic"));
        Ok(match secret {
            None => Authentication::None,
            Some(secret) if in_body => Authentication::Post(secret),
            Some(secret) => Authentication::Basic(secret),
        })
    }

    /// The secret of the application, if it has one.
    fn secret(&self) -> Result<Option<Credential>, Failure> {
        let Some(path) = &self.client_secret_file else {
            return Ok(std::env::var(SECRET).ok().filter(|secret| !secret.is_empty()).map(Credential::new));
        };
        let secret = fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("The secret cannot be read: {}: {error}.", path.display())))?;
        match secret.trim_end_matches(['\r', '\n']) {
            "" => Err(Failure::usage(format!("There is no secret in {}.", path.display()))),
            secret => Ok(Some(Credential::new(secret))),
        }
    }
}

/// A provider by its name.
pub(crate) fn provider(name: &str) -> Result<&'static Provider, Failure> {
    Provider::named(name).ok_or_else(|| {
        let names: Vec<_> = client::provider::PROVIDERS.iter().map(|provider| provider.name).collect();
        let message = format!("There is no provider {name:?} here. Known: {}.", names.join(", "));
        Failure::usage(message).advise("Any other server is named by --issuer alone.")
    })
}

/// The key in a PEM file.
pub(crate) fn key_file(path: &Path, kid: Option<String>) -> Result<ClientKey, Failure> {
    let unusable = |why: String| Failure::usage(format!("The key cannot be used: {}: {why}.", path.display()));
    let pem = fs::read(path).map(Zeroizing::new).map_err(|error| unusable(error.to_string()))?;
    ClientKey::from_pem(&pem, kid).map_err(|why| {
        let failure = unusable(why.to_string());
        match why {
            ClientKeyError::NotPkcs8 => failure.advise(
                "`countersign key new FILE` makes one; `openssl pkcs8 -topk8 -nocrypt -in FILE` converts others.",
            ),
            ClientKeyError::Kind => failure,
        }
    })
}

/// As it will be found from every directory.
fn path(given: Option<PathBuf>) -> Option<PathBuf> {
    given.map(|path| std::path::absolute(&path).unwrap_or(path))
}

fn which_server(name: &ProfileName, provider: Option<&Provider>) -> Failure {
    match provider {
        Some(provider) => {
            Failure::usage(format!("Which {}? Give --issuer, such as {}.", provider.title, provider.issuer_example))
        }
        None => Failure::usage(format!("There is no profile {:?} yet.", name.as_str()))
            .advise("Say which server: countersign login --issuer https://id.example.com --client-id tv"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::Algorithm;

    fn name() -> ProfileName {
        "work".parse().unwrap()
    }

    fn given(issuer: &str) -> Server {
        Server { issuer: Some(issuer.to_owned()), client_id: Some("tv".to_owned()), ..Server::default() }
    }

    #[test]
    fn what_is_given_wins_and_another_server_starts_afresh() {
        let known = Profile {
            scopes: vec!["files".to_owned()],
            client_secret_file: Some("/s".into()),
            ..Profile::merge(&name(), given("https://id.example.com"), None).unwrap()
        };
        let again = Profile::merge(&name(), Server::default(), Some(known.clone())).unwrap();
        assert_eq!(again, known);
        let more = Server { scopes: vec!["mail".to_owned()], ..Server::default() };
        let more = Profile::merge(&name(), more, Some(known.clone())).unwrap();
        assert_eq!((more.scopes, more.client_secret_file), (vec!["mail".to_owned()], Some("/s".into())));
        let other = Profile::merge(&name(), given("https://other.example"), Some(known)).unwrap();
        assert_eq!((other.scopes.len(), other.client_secret_file), (0, None), "no secret goes to another server");
    }

    #[test]
    fn what_is_missing_is_asked_for() {
        let message = |server| Profile::merge(&name(), server, None).unwrap_err();
        assert!(message(Server::default()).advice.unwrap().contains("--issuer"));
        let okta = Server { provider: Some("okta".to_owned()), client_id: Some("x".to_owned()), ..Server::default() };
        assert!(message(okta).message.contains("okta.com/oauth2/default"));
        let github = Server { provider: Some("github".to_owned()), ..Server::default() };
        assert!(message(github).message.contains("--client-id"));
        let unknown = Server { provider: Some("gihtub".to_owned()), ..Server::default() };
        assert!(message(unknown).message.contains("github"));
        let github =
            Server { provider: Some("github".to_owned()), client_id: Some("x".to_owned()), ..Server::default() };
        assert_eq!(Profile::merge(&name(), github, None).unwrap().issuer, "https://github.com");
    }

    #[test]
    fn df_3_1_5_http_is_refused_with_a_hint() {
        let profile = Profile::merge(&name(), given("http://127.0.0.1:8628"), None).unwrap();
        assert!(profile.checked_issuer().unwrap_err().advice.unwrap().contains("--allow-http-loopback"));
        let allowed = Profile { allow_http_loopback: true, ..profile };
        assert!(allowed.checked_issuer().is_ok());
        let elsewhere = Profile { issuer: "http://id.example.com".to_owned(), ..allowed };
        assert!(elsewhere.checked_issuer().is_err());
    }

    #[test]
    fn oa_2_3_1_a_secret_goes_where_the_server_wants_it() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("secret");
        fs::write(&path, "s\n").unwrap();
        let with = |provider, methods: &[&str]| {
            let methods = methods.iter().map(|method| (*method).to_owned()).collect();
            let metadata =
                AuthorizationServerMetadata { token_endpoint_auth_methods_supported: methods, ..Default::default() };
            let profile = Profile::merge(&name(), given("https://id.example.com"), None).unwrap();
            let profile = Profile { client_secret_file: Some(path.clone()), ..profile };
            profile.authentication(provider, &metadata).unwrap()
        };
        let generic = Provider::of_host("id.example.com");
        assert!(matches!(with(generic, &[]), Authentication::Basic(_)));
        assert!(matches!(with(generic, &["none", "client_secret_post"]), Authentication::Post(_)));
        assert!(matches!(with(generic, &["client_secret_post", "client_secret_basic"]), Authentication::Basic(_)));
        assert!(matches!(with(Provider::of_host("accounts.google.com"), &[]), Authentication::Post(_)));
    }

    #[test]
    fn oa_2_3_1_a_key_takes_the_place_of_a_secret_and_the_other_way_round() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("key.pem");
        let key = ClientKey::generate(Algorithm::Es256).unwrap();
        fs::write(&file, &*key.to_pem().unwrap()).unwrap();
        let secret = Server { client_secret_file: Some("/s".into()), ..given("https://id.example.com") };
        let secret = Profile::merge(&name(), secret, None).unwrap();
        let more = Server { client_key_file: Some(file.clone()), client_key_id: Some("k".into()), ..Server::default() };
        let keyed = Profile::merge(&name(), more, Some(secret)).unwrap();
        assert_eq!((&keyed.client_secret_file, &keyed.client_key_file), (&None, &Some(file)));
        let generic = Provider::of_host("id.example.com");
        let taking = |algorithms: &[&str]| AuthorizationServerMetadata {
            token_endpoint_auth_signing_alg_values_supported: algorithms.iter().map(|name| (*name).into()).collect(),
            ..Default::default()
        };
        for algorithms in [&[][..], &["RS256", "ES256"]] {
            let Authentication::PrivateKey(found) = keyed.authentication(generic, &taking(algorithms)).unwrap() else {
                panic!("not by key")
            };
            assert_eq!(found.kid(), "k");
        }
        let failure = keyed.authentication(generic, &taking(&["PS256"])).unwrap_err();
        assert!(failure.advice.unwrap().contains("PS256"));
        let back = Server { client_secret_file: Some("/t".into()), ..Server::default() };
        let back = Profile::merge(&name(), back, Some(keyed)).unwrap();
        assert_eq!((back.client_key_file, back.client_key_id), (None, None));
        assert!(key_file(&root.path().join("none"), None).is_err());
    }

    #[test]
    fn whether_to_bind_is_remembered() {
        let off = Server { no_dpop: true, ..given("https://id.example.com") };
        let off = Profile::merge(&name(), off, None).unwrap();
        assert_eq!(off.dpop, Use::Never);
        assert_eq!(Profile::merge(&name(), Server::default(), Some(off.clone())).unwrap().dpop, Use::Never);
        let again = Server { dpop: Some(Use::Auto), ..Server::default() };
        assert_eq!(Profile::merge(&name(), again, Some(off)).unwrap().dpop, Use::Auto);
    }
}
