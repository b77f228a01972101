//! What is known about providers, as data with its source: where their endpoints are when discovery does not say, and
//! which liberties they take. Quirks every provider may have are tolerated everywhere and do not stand here. The data is
//! in `known` and `unverified`, departures from the wire in `dialect`.

use proto::device::FirstPoll;

pub mod dialect;
mod known;
mod unverified;

pub use dialect::{Carrier, ClientIdPlace, Dialect, SecretPlace};
pub use known::{GENERIC, PROVIDERS};

/// Whether an application needs a secret there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secret {
    /// Never asked for.
    Optional,
    /// Refused without one, also for device clients.
    Required,
}

/// How sure it is that a profile is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// The provider documents it, or programs in wide use rely on it.
    Documented,
    /// Nobody has confirmed all of it: the profile is experimental.
    Unverified,
}

/// A provider.
#[derive(Debug)]
pub struct Provider {
    /// What to know before signing in, in sentences for people.
    pub advice: &'static [&'static str],
    /// Where the device authorization endpoint is when discovery does not say: below the issuer, or a complete URL.
    pub device_authorization: Option<&'static str>,
    /// How it wants to be spoken to.
    pub dialect: Dialect,
    /// It publishes a discovery document.
    pub discovery: bool,
    /// How sure all this is.
    pub evidence: Evidence,
    /// When the first poll leaves.
    pub first_poll: FirstPoll,
    /// Hosts, besides the issuer's own, that people are sent to; with a dot in front, all below.
    pub hosts: &'static [&'static str],
    /// The issuer, if there is one for everybody.
    pub issuer: Option<&'static str>,
    /// What an issuer looks like.
    pub issuer_example: &'static str,
    /// The name on the command line.
    pub name: &'static str,
    /// PKCE goes with the device grant where discovery lists it. Off where it is known to be meant for other grants.
    pub pkce: bool,
    /// What is odd about its answers and tolerated, in sentences for people.
    pub quirks: &'static [&'static str],
    /// Where tokens are revoked when discovery does not say.
    pub revocation: Option<&'static str>,
    /// Whether a secret is needed.
    pub secret: Secret,
    /// Where all this is known from.
    pub source: &'static str,
    /// Its documents name a tenant where the configured issuer has another word for it.
    pub tenant_in_issuer: bool,
    /// The name people know.
    pub title: &'static str,
    /// Where the token endpoint is when discovery does not say.
    pub token: Option<&'static str>,
}

/// Hosts whose servers have no device flow after RFC 8628, and what to tell people who try.
static WITHOUT: [(&str, &str); 4] = [
    (
        ".b2clogin.com",
        "Azure AD B2C has no device flow. Use an Entra tenant (--provider entra) or sign in with a browser on this machine.",
    ),
    (
        "api.login.yahoo.com",
        "Yahoo has a device flow of its own, which is not RFC 8628. Sign in with a browser on this machine.",
    ),
    ("slack.com", "Slack is not known to have a device flow. Use a token that its own pages give out."),
    (".slack.com", "Slack is not known to have a device flow. Use a token that its own pages give out."),
];

impl Provider {
    /// By its name on the command line.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PROVIDERS.into_iter().find(|provider| provider.name == name)
    }

    /// The one a host belongs to, or [`GENERIC`].
    #[must_use]
    pub fn of_host(host: &str) -> &'static Self {
        let below = |outer: &str| host.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.'));
        let name = match host {
            "accounts.google.com" => "google",
            "allegro.pl" => "allegro",
            "api.amazon.com" => "amazon",
            "github.com" => "github",
            "gitlab.com" => "gitlab",
            "graph.facebook.com" => "facebook",
            "huggingface.co" => "huggingface",
            "id.twitch.tv" => "twitch",
            "login.live.com" => "microsoft",
            "login.microsoftonline.com" | "login.microsoftonline.us" | "login.partner.microsoftonline.cn" => "entra",
            "login.salesforce.com" | "test.salesforce.com" => "salesforce",
            "openapi.baidu.com" => "baidu",
            "zoom.us" => "zoom",
            _ if below("auth0.com") => "auth0",
            _ if below("okta.com") || below("oktapreview.com") || below("okta-emea.com") => "okta",
            _ if below("my.salesforce.com") => "salesforce",
            _ if below("amazonaws.com") && host.starts_with("oidc.") => "aws",
            _ => return &GENERIC,
        };
        Self::named(name).unwrap_or(&GENERIC)
    }

    /// Why nothing on this host can work, if that is known.
    #[must_use]
    pub fn why_not(host: &str) -> Option<&'static str> {
        WITHOUT.iter().find(|(known, _)| is_of(host, known)).map(|(_, why)| *why)
    }

    /// Whether what is known about it is not confirmed.
    #[must_use]
    pub const fn is_experimental(&self) -> bool {
        matches!(self.evidence, Evidence::Unverified)
    }

    /// A host people may be sent to without a word: the issuer's own, one above or below it, or one known to be this
    /// provider's.
    #[must_use]
    pub fn vouches_for(&self, issuer: &str, host: &str) -> bool {
        let below = |inner: &str, outer: &str| {
            inner.strip_suffix(outer).is_some_and(|rest| rest.ends_with('.')) && outer.contains('.')
        };
        let known = |known: &&str| is_of(host, known);
        host == issuer || below(host, issuer) || below(issuer, host) || self.hosts.iter().any(known)
    }

    /// Whether a document with this issuer is about the one that was asked for. Equal by code points (RFC 8414 §3.3); but
    /// Entra answers for `common`, and for a tenant by its domain, with a placeholder or the tenant's number.
    #[must_use]
    pub fn is_same_issuer(&self, asked: &str, published: &str) -> bool {
        asked == published
            || self.tenant_in_issuer
                && matches!((tenant(asked), tenant(published)), (Some((start, name, end)), Some((other, number, rest)))
                    if start == other && end == rest && !is_uuid(name) && (number == TENANT || is_uuid(number)))
    }
}

/// What Entra writes in place of a tenant.
pub(crate) const TENANT: &str = "{tenantid}";

/// An issuer, taken apart at the first segment of its path.
fn tenant(issuer: &str) -> Option<(&str, &str, &str)> {
    let path = issuer.find("://").and_then(|at| issuer.get(at + 3..)?.find('/').map(|slash| at + 3 + slash + 1))?;
    let (start, rest) = issuer.split_at_checked(path)?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (tenant, rest) = rest.split_at_checked(end)?;
    (!tenant.is_empty()).then_some((start, tenant, rest))
}

/// The usual form of a UUID.
pub(crate) fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> =
        text.split('-').filter(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit())).map(str::len).collect();
    parts == [8, 4, 4, 4, 12]
}

/// The host itself; with a dot in front, one below.
fn is_of(host: &str, known: &str) -> bool {
    host == known || known.starts_with('.') && host.ends_with(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Endpoint, Issuer, Plaintext};

    #[test]
    fn providers_are_found_by_name_and_host() {
        assert!(PROVIDERS.is_sorted_by_key(|provider| provider.name));
        for provider in PROVIDERS {
            assert_eq!(Provider::named(provider.name).map(|found| found.title), Some(provider.title));
            if let Some(issuer) = provider.issuer {
                let host = Issuer::parse(issuer, Plaintext::Refused).unwrap().host().to_owned();
                assert_eq!(Provider::of_host(&host).name, provider.name, "{host}");
            }
        }
        assert_eq!(Provider::of_host("dev-1.okta.com").name, "okta");
        assert_eq!(Provider::of_host("oidc.eu-central-1.amazonaws.com").name, "aws");
        for other in ["id.example.com", "evilokta.com", "okta.com.evil.example", "s3.amazonaws.com"] {
            assert_eq!(Provider::of_host(other).name, "generic", "{other}");
        }
        for without in ["contoso.b2clogin.com", "api.login.yahoo.com", "slack.com", "acme.slack.com"] {
            assert!(Provider::why_not(without).is_some(), "{without}");
        }
        assert!(Provider::why_not("login.microsoftonline.com").is_none());
        assert!(Provider::why_not("notslack.com").is_none());
    }

    #[test]
    fn every_profile_is_complete_and_says_where_it_is_from() {
        for provider in PROVIDERS {
            assert!(provider.source.starts_with("https://"), "{}", provider.name);
            assert!(!provider.issuer_example.is_empty() && !provider.title.is_empty());
            let absolute = [provider.device_authorization, provider.token, provider.revocation].into_iter().flatten();
            for endpoint in absolute.filter(|endpoint| !endpoint.starts_with('/')) {
                assert!(Endpoint::parse(endpoint, Plaintext::Refused).is_ok(), "{endpoint}");
            }
            if !provider.discovery {
                assert!(provider.device_authorization.is_some() && provider.token.is_some(), "{}", provider.name);
            }
            for sentence in provider.advice.iter().chain(provider.quirks) {
                assert!(sentence.ends_with('.'), "{sentence}");
            }
            assert!(!provider.dialect.code_parameters.is_empty() && !provider.dialect.scope_parameters.is_empty());
        }
    }

    #[test]
    fn t27_which_hosts_need_a_word() {
        let of = |name: &str| Provider::named(name).unwrap();
        assert!(GENERIC.vouches_for("id.example.com", "id.example.com"));
        assert!(GENERIC.vouches_for("id.example.com", "example.com"));
        assert!(GENERIC.vouches_for("example.com", "tv.example.com"));
        assert!(of("google").vouches_for("accounts.google.com", "www.google.com"));
        assert!(of("aws").vouches_for("oidc.eu-west-1.amazonaws.com", "device.sso.eu-west-1.amazonaws.com"));
        assert!(!of("aws").vouches_for("oidc.eu-west-1.amazonaws.com", "eviLawsapps.com"));
        assert!(!GENERIC.vouches_for("id.example.com", "example.org"));
        assert!(!GENERIC.vouches_for("id.example.com", "notid.example.com"));
        assert!(!GENERIC.vouches_for("example.com", "badexample.com"));
        assert!(!GENERIC.vouches_for("example.com", "com"));
    }

    #[test]
    fn md_3_3_1_an_issuer_is_the_same_by_code_points_but_for_the_tenants_of_entra() {
        let (entra, number) = (Provider::named("entra").unwrap(), "9188040d-6c67-4c5b-b112-36a304b66dad");
        let at = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
        assert!(entra.is_same_issuer(&at("common"), &at(TENANT)));
        assert!(entra.is_same_issuer(&at("contoso.onmicrosoft.com"), &at(number)));
        assert!(entra.is_same_issuer(&at(number), &at(number)));
        for (asked, published) in [
            (at("common"), at("evil")),
            (at(number), at("3188040d-6c67-4c5b-b112-36a304b66dad")),
            (at("common"), format!("https://evil.example/{TENANT}/v2.0")),
            (at("common"), format!("https://login.microsoftonline.com/{TENANT}/v1")),
            (at("common"), "https://login.microsoftonline.com".to_owned()),
            (String::new(), String::from("x")),
        ] {
            assert!(!entra.is_same_issuer(&asked, &published), "{asked} {published}");
        }
        assert!(!GENERIC.is_same_issuer(&at("common"), &at(TENANT)));
    }
}
