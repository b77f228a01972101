//! Profiles: which server, which application, what to ask for. Kept in a file people may edit; no secret is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use client::{Application, Authentication, Issuer, Plaintext, ProfileName, Provider};
use proto::wire::metadata::AuthorizationServerMetadata;
use proto::wire::token::Credential;
use serde::{Deserialize, Serialize};

use crate::arguments::{Server, Store};
use crate::exit::Failure;
use crate::paths;

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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) audience: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) store: Store,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) allow_http_loopback: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Profile {
    /// What the command line says, completed by what was remembered.
    pub(crate) fn merge(name: &ProfileName, given: Server, known: Option<Self>) -> Result<Self, Failure> {
        if let Some(provider) = &given.provider
            && Provider::named(provider).is_none()
        {
            let names: Vec<_> = client::provider::PROVIDERS.iter().map(|provider| provider.name).collect();
            let message = format!("There is no provider {provider:?} here. Known: {}.", names.join(", "));
            return Err(Failure::usage(message).advise("Any other server is named by --issuer alone."));
        }
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
        Ok(Self {
            issuer,
            provider,
            client_id,
            client_secret_file: given.client_secret_file.or_else(|| known?.client_secret_file.clone()),
            scopes: list(given.scopes, known.map(|known| &known.scopes)),
            resources: list(given.resources, known.map(|known| &known.resources)),
            audience: given.audience.or_else(|| known?.audience.clone()),
            device_name: given.device_name.or_else(|| known?.device_name.clone()),
            ca_file: given.ca_file.or_else(|| known?.ca_file.clone()),
            store: given.store.or_else(|| known.map(|known| known.store)).unwrap_or_default(),
            allow_http_loopback: given.allow_http_loopback || known.is_some_and(|known| known.allow_http_loopback),
        })
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

    /// The secret of the application, if it has one.
    pub(crate) fn secret(&self) -> Result<Option<Credential>, Failure> {
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

/// The application, authenticated the way the server wants it. Without a word from the server that is Basic (RFC 8414 §2).
pub(crate) fn application(
    client_id: &str,
    secret: Option<Credential>,
    provider: &Provider,
    metadata: &AuthorizationServerMetadata,
) -> Application {
    let methods = &metadata.token_endpoint_auth_methods_supported;
    let offers = |method: &str| methods.iter().any(|offered| offered == method);
    let in_body = provider.secret_in_body || (offers("client_secret_post") && !offers("client_secret_basic"));
    let authentication = match secret {
        None => Authentication::None,
        Some(secret) if in_body => Authentication::Post(secret),
        Some(secret) => Authentication::Basic(secret),
    };
    Application { authentication, client_id: client_id.to_owned() }
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

/// All profiles, as the file has them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Profiles {
    all: BTreeMap<String, Profile>,
    path: PathBuf,
}

impl Profiles {
    pub(crate) fn load() -> Result<Self, Failure> {
        Self::load_from(paths::profiles()?)
    }

    fn load_from(path: PathBuf) -> Result<Self, Failure> {
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self { path, ..Self::default() }),
            other => other.map_err(|error| unreadable(&path, &error.to_string()))?,
        };
        let all: BTreeMap<String, Profile> =
            toml::from_str(&text).map_err(|error| unreadable(&path, error.to_string().trim_end()))?;
        Ok(Self { all, path })
    }

    pub(crate) fn find(&self, name: &ProfileName) -> Option<&Profile> {
        self.all.get(name.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Profile)> {
        self.all.iter().map(|(name, profile)| (name.as_str(), profile))
    }

    /// Remembers a profile.
    pub(crate) fn put(&mut self, name: &ProfileName, profile: Profile) -> Result<(), Failure> {
        if self.all.insert(name.as_str().to_owned(), profile.clone()) == Some(profile) { Ok(()) } else { self.save() }
    }

    /// Forgets a profile; whether there was one.
    pub(crate) fn remove(&mut self, name: &ProfileName) -> Result<bool, Failure> {
        if self.all.remove(name.as_str()).is_none() {
            return Ok(false);
        }
        self.save().map(|()| true)
    }

    fn save(&self) -> Result<(), Failure> {
        let text = toml::to_string_pretty(&self.all).map_err(|error| Failure::unexpected(error.to_string()))?;
        let temporary = self.path.with_extension(format!("toml.{}.tmp", std::process::id()));
        let saved = self.path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            fs::write(&temporary, text)?;
            fs::rename(&temporary, &self.path)
        });
        saved.map_err(|error| {
            Failure::store(format!("The profile could not be saved: {}: {error}.", self.path.display()))
        })
    }
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::usage(format!("The profiles cannot be read: {}:\n{why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> ProfileName {
        "work".parse().unwrap()
    }

    fn given(issuer: &str) -> Server {
        Server { issuer: Some(issuer.to_owned()), client_id: Some("tv".to_owned()), ..Server::default() }
    }

    #[test]
    fn profiles_survive_on_disk() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("new/profiles.toml");
        let mut profiles = Profiles::load_from(path.clone()).unwrap();
        let mut profile = Profile::merge(&name(), given("https://id.example.com"), None).unwrap();
        profile.scopes = vec!["openid".to_owned()];
        profiles.put(&name(), profile.clone()).unwrap();
        assert_eq!(Profiles::load_from(path.clone()).unwrap().find(&name()), Some(&profile));
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "[work]\nissuer = \"https://id.example.com\"\nclient_id = \"tv\"\nscopes = [\"openid\"]\n");
        assert!(profiles.remove(&name()).unwrap() && !profiles.remove(&name()).unwrap());
        assert_eq!(Profiles::load_from(path).unwrap().iter().count(), 0);
    }

    #[test]
    fn a_mistake_in_the_file_is_pointed_at() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("profiles.toml");
        fs::write(&path, "[work]\nissuer = \"https://id.example.com\"\nclient_id = \"tv\"\nscope = [\"x\"]\n").unwrap();
        let failure = Profiles::load_from(path).unwrap_err();
        assert_eq!(failure.exit, crate::exit::Exit::Usage);
        assert!(failure.message.contains("line 4") && failure.message.contains("scope"), "{}", failure.message);
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
        let with = |provider, methods: &[&str]| {
            let methods = methods.iter().map(|method| (*method).to_owned()).collect();
            let metadata =
                AuthorizationServerMetadata { token_endpoint_auth_methods_supported: methods, ..Default::default() };
            application("tv", Some(Credential::new("s")), provider, &metadata).authentication
        };
        let generic = Provider::of_host("id.example.com");
        assert!(matches!(with(generic, &[]), Authentication::Basic(_)));
        assert!(matches!(with(generic, &["none", "client_secret_post"]), Authentication::Post(_)));
        assert!(matches!(with(generic, &["client_secret_post", "client_secret_basic"]), Authentication::Basic(_)));
        assert!(matches!(with(Provider::of_host("accounts.google.com"), &[]), Authentication::Post(_)));
    }
}
