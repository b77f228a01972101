//! What is known about large providers, as data: where their endpoints are when discovery does not say, and which
//! liberties they take. Quirks every provider may have are tolerated everywhere and do not stand here.

use proto::device::FirstPoll;

/// Whether an application needs a secret there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secret {
    /// Never asked for.
    Optional,
    /// Refused without one, also for device clients.
    Required,
}

/// A provider.
#[derive(Debug)]
pub struct Provider {
    /// Where the device authorization endpoint is when discovery does not say: below the issuer, or a complete URL.
    pub device_authorization: Option<&'static str>,
    /// It publishes a discovery document.
    pub discovery: bool,
    /// When the first poll leaves.
    pub first_poll: FirstPoll,
    /// Hosts, besides the issuer's own, that people are sent to.
    pub hosts: &'static [&'static str],
    /// The issuer, if there is one for everybody.
    pub issuer: Option<&'static str>,
    /// What an issuer looks like.
    pub issuer_example: &'static str,
    /// The name on the command line.
    pub name: &'static str,
    /// PKCE goes with the device grant where discovery lists it. Off where it is known to be meant for other grants.
    pub pkce: bool,
    /// Where tokens are revoked when discovery does not say.
    pub revocation: Option<&'static str>,
    /// The parameters that carry the scope.
    pub scope_parameters: &'static [&'static str],
    /// Whether a secret is needed.
    pub secret: Secret,
    /// The secret goes into the body whatever discovery says.
    pub secret_in_body: bool,
    /// The name people know.
    pub title: &'static str,
    /// Where the token endpoint is when discovery does not say.
    pub token: Option<&'static str>,
}

/// A server nothing special is known about.
pub static GENERIC: Provider = Provider {
    device_authorization: None,
    discovery: true,
    first_poll: FirstPoll::AfterInterval,
    hosts: &[],
    issuer: None,
    issuer_example: "https://id.example.com",
    name: "generic",
    pkce: true,
    revocation: None,
    scope_parameters: &["scope"],
    secret: Secret::Optional,
    secret_in_body: false,
    title: "the server",
    token: None,
};

static AUTH0: Provider =
    Provider { name: "auth0", pkce: false, title: "Auth0", issuer_example: "https://TENANT.eu.auth0.com/", ..GENERIC };

static ENTRA: Provider = Provider {
    // Microsoft asks for an early first poll.
    first_poll: FirstPoll::AtOnce,
    hosts: &["microsoft.com", "www.microsoft.com", "login.microsoft.com", "login.microsoftonline.com"],
    issuer_example: "https://login.microsoftonline.com/TENANT-ID/v2.0",
    name: "entra",
    pkce: false,
    title: "Microsoft Entra",
    ..GENERIC
};

static GITHUB: Provider = Provider {
    device_authorization: Some("/login/device/code"),
    discovery: false,
    issuer: Some("https://github.com"),
    issuer_example: "https://github.com or https://HOST of an Enterprise Server",
    name: "github",
    pkce: false,
    title: "GitHub",
    token: Some("/login/oauth/access_token"),
    ..GENERIC
};

static GITLAB: Provider = Provider {
    device_authorization: Some("/oauth/authorize_device"),
    issuer: Some("https://gitlab.com"),
    issuer_example: "https://gitlab.com or your own instance",
    name: "gitlab",
    pkce: false,
    title: "GitLab",
    token: Some("/oauth/token"),
    ..GENERIC
};

static GOOGLE: Provider = Provider {
    device_authorization: Some("https://oauth2.googleapis.com/device/code"),
    hosts: &["www.google.com", "google.com"],
    issuer: Some("https://accounts.google.com"),
    issuer_example: "https://accounts.google.com",
    name: "google",
    pkce: false,
    secret: Secret::Required,
    secret_in_body: true,
    title: "Google",
    token: Some("https://oauth2.googleapis.com/token"),
    ..GENERIC
};

static KEYCLOAK: Provider = Provider {
    device_authorization: Some("/protocol/openid-connect/auth/device"),
    issuer_example: "https://HOST/realms/REALM",
    name: "keycloak",
    title: "Keycloak",
    ..GENERIC
};

static OKTA: Provider = Provider {
    name: "okta",
    pkce: false,
    title: "Okta",
    issuer_example: "https://ORG.okta.com/oauth2/default",
    ..GENERIC
};

static TWITCH: Provider = Provider {
    device_authorization: Some("/device"),
    hosts: &["www.twitch.tv"],
    issuer: Some("https://id.twitch.tv/oauth2"),
    issuer_example: "https://id.twitch.tv/oauth2",
    name: "twitch",
    pkce: false,
    // Its documentation and its users disagree on the name; it ignores the one it does not know.
    scope_parameters: &["scope", "scopes"],
    secret_in_body: true,
    title: "Twitch",
    token: Some("/token"),
    ..GENERIC
};

/// All of them, by name.
pub static PROVIDERS: [&Provider; 8] = [&AUTH0, &ENTRA, &GITHUB, &GITLAB, &GOOGLE, &KEYCLOAK, &OKTA, &TWITCH];

/// Hosts whose servers have no device flow, and what to tell people who try.
static WITHOUT: [(&str, &str); 1] = [(
    ".b2clogin.com",
    "Azure AD B2C has no device flow. Use an Entra tenant (--provider entra) or sign in with a browser on this machine.",
)];

impl Provider {
    /// By its name on the command line.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PROVIDERS.into_iter().find(|provider| provider.name == name)
    }

    /// The one a host belongs to, or [`GENERIC`].
    #[must_use]
    pub fn of_host(host: &str) -> &'static Self {
        match host {
            "accounts.google.com" => &GOOGLE,
            "github.com" => &GITHUB,
            "gitlab.com" => &GITLAB,
            "id.twitch.tv" => &TWITCH,
            "login.microsoftonline.com" => &ENTRA,
            _ if host.ends_with(".auth0.com") => &AUTH0,
            _ if host.ends_with(".okta.com") || host.ends_with(".oktapreview.com") => &OKTA,
            _ => &GENERIC,
        }
    }

    /// Why nothing on this host can work, if that is known.
    #[must_use]
    pub fn why_not(host: &str) -> Option<&'static str> {
        WITHOUT.iter().find(|(suffix, _)| host.ends_with(suffix)).map(|(_, why)| *why)
    }

    /// A host people may be sent to without a word: the issuer's own, one above or below it, or one known to be this
    /// provider's.
    #[must_use]
    pub fn vouches_for(&self, issuer: &str, host: &str) -> bool {
        let below = |inner: &str, outer: &str| {
            inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.')) && outer.contains('.')
        };
        host == issuer || below(host, issuer) || below(issuer, host) || self.hosts.contains(&host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_found_by_name_and_host() {
        assert!(PROVIDERS.is_sorted_by_key(|provider| provider.name));
        for provider in PROVIDERS {
            assert_eq!(Provider::named(provider.name).map(|found| found.title), Some(provider.title));
        }
        assert_eq!(Provider::of_host("dev-1.okta.com").name, "okta");
        assert_eq!(Provider::of_host("id.example.com").name, "generic");
        assert!(Provider::why_not("contoso.b2clogin.com").is_some());
        assert!(Provider::why_not("login.microsoftonline.com").is_none());
    }

    #[test]
    fn t27_which_hosts_need_a_word() {
        assert!(GENERIC.vouches_for("id.example.com", "id.example.com"));
        assert!(GENERIC.vouches_for("id.example.com", "example.com"));
        assert!(GENERIC.vouches_for("example.com", "tv.example.com"));
        assert!(GOOGLE.vouches_for("accounts.google.com", "www.google.com"));
        assert!(!GENERIC.vouches_for("id.example.com", "example.org"));
        assert!(!GENERIC.vouches_for("id.example.com", "notid.example.com"));
        assert!(!GENERIC.vouches_for("example.com", "badexample.com"));
        assert!(!GENERIC.vouches_for("example.com", "com"));
    }
}
