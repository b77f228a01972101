//! The providers whose ways are documented, or relied on by programs in wide use: what stands here was read in the source
//! that each names. Those nobody has confirmed are in `unverified`; the list of all is here.

use proto::device::FirstPoll;

use super::dialect::{Carrier, Dialect, STANDARD, SecretPlace};
use super::unverified::{ALLEGRO, AMAZON, BAIDU, CAS, ENTRA_V1, FACEBOOK, MICROSOFT, SALESFORCE, WSO2, ZOOM};
use super::{Evidence, Provider, Secret};

/// A server nothing special is known about.
pub static GENERIC: Provider = Provider {
    advice: &[],
    device_authorization: None,
    dialect: STANDARD,
    discovery: true,
    evidence: Evidence::Documented,
    first_poll: FirstPoll::AfterInterval,
    hosts: &[],
    issuer: None,
    issuer_example: "https://id.example.com",
    name: "generic",
    pkce: true,
    quirks: &[],
    revocation: None,
    secret: Secret::Optional,
    source: "https://www.rfc-editor.org/rfc/rfc8628",
    tenant_in_issuer: false,
    title: "the server",
    token: None,
};

static AUTH0: Provider = Provider {
    advice: &["An access token for an API needs --audience, else it is good for UserInfo alone."],
    device_authorization: Some("/oauth/device/code"),
    issuer_example: "https://TENANT.eu.auth0.com/",
    name: "auth0",
    pkce: false,
    quirks: &["Pending, denied and refused come with status 403, slow_down with 429."],
    source: "https://auth0.com/docs/get-started/authentication-and-authorization-flow/device-authorization-flow",
    title: "Auth0",
    token: Some("/oauth/token"),
    ..GENERIC
};

static AWS: Provider = Provider {
    advice: &[
        "Register an application first (aws sso-oidc register-client): identifier and secret are good for 90 days.",
        "The portal goes along as --parameter startUrl=https://….awsapps.com/start.",
    ],
    device_authorization: Some("/device_authorization"),
    dialect: Dialect { carrier: Carrier::CamelJson, secret: SecretPlace::Body, ..STANDARD },
    discovery: false,
    hosts: &[".amazonaws.com", ".awsapps.com", ".app.aws"],
    issuer_example: "https://oidc.REGION.amazonaws.com",
    name: "aws",
    pkce: false,
    quirks: &["Requests and answers are JSON with names in camel case."],
    secret: Secret::Required,
    source: "https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_StartDeviceAuthorization.html",
    title: "AWS IAM Identity Center",
    token: Some("/token"),
    ..GENERIC
};

static COUNTERSIGN: Provider = Provider {
    // Its issue is no poll, and it holds the first.
    first_poll: FirstPoll::AtOnce,
    name: "countersign",
    source: "https://github.com/countersign/countersign",
    title: "Countersign",
    ..GENERIC
};

pub(super) static ENTRA: Provider = Provider {
    advice: &["Administrators can block the device flow by Conditional Access."],
    // Microsoft asks for an early first poll.
    first_poll: FirstPoll::AtOnce,
    hosts: &[
        "microsoft.com",
        "www.microsoft.com",
        "login.microsoft.com",
        "login.microsoftonline.com",
        "login.live.com",
        "aka.ms",
    ],
    issuer_example: "https://login.microsoftonline.com/TENANT/v2.0, TENANT being a name, a number, common or organizations",
    name: "entra",
    pkce: false,
    quirks: &[
        "A declined sign-in is called authorization_declined.",
        "The device grant is offered without being listed.",
        "The issuer that is published for common or a domain names another tenant.",
    ],
    source: "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code",
    tenant_in_issuer: true,
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
    quirks: &[
        "Errors come with status 200, and answers as forms where JSON is not asked for.",
        "slow_down carries the new interval.",
        "There is no address with the code in it.",
    ],
    source: "https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
    title: "GitHub",
    token: Some("/login/oauth/access_token"),
    ..GENERIC
};

static GITLAB: Provider = Provider {
    advice: &["Servers before 17.2 have no device flow, and each server has its own applications."],
    device_authorization: Some("/oauth/authorize_device"),
    issuer: Some("https://gitlab.com"),
    issuer_example: "https://gitlab.com or your own server",
    name: "gitlab",
    pkce: false,
    source: "https://docs.gitlab.com/api/oauth2/",
    title: "GitLab",
    token: Some("/oauth/token"),
    ..GENERIC
};

static GOOGLE: Provider = Provider {
    advice: &[
        "The application has to be of the kind \"TVs and limited input devices\", which may ask for few scopes only.",
    ],
    device_authorization: Some("https://oauth2.googleapis.com/device/code"),
    dialect: Dialect { secret: SecretPlace::Body, ..STANDARD },
    hosts: &["www.google.com", "google.com"],
    issuer: Some("https://accounts.google.com"),
    issuer_example: "https://accounts.google.com",
    name: "google",
    pkce: false,
    quirks: &[
        "Pending comes with status 428, slow_down and denied with 403.",
        "The address is called verification_url.",
        "A secret is demanded of applications that cannot keep one.",
    ],
    secret: Secret::Required,
    source: "https://developers.google.com/identity/protocols/oauth2/limited-input-device",
    title: "Google",
    token: Some("https://oauth2.googleapis.com/token"),
    ..GENERIC
};

static HUGGING_FACE: Provider = Provider {
    device_authorization: Some("/oauth/device"),
    issuer: Some("https://huggingface.co"),
    issuer_example: "https://huggingface.co",
    name: "huggingface",
    quirks: &["The address for people is that of the endpoint."],
    source: "https://huggingface.co/docs/hub/oauth",
    title: "Hugging Face",
    token: Some("/oauth/token"),
    ..GENERIC
};

static KEYCLOAK: Provider = Provider {
    advice: &["The grant is turned on for each application: \"OAuth 2.0 Device Authorization Grant\"."],
    device_authorization: Some("/protocol/openid-connect/auth/device"),
    issuer_example: "https://HOST/realms/REALM",
    name: "keycloak",
    quirks: &["An application with PKCE set needs it with the request for codes."],
    source: "https://github.com/keycloak/keycloak/issues/9710",
    title: "Keycloak",
    token: Some("/protocol/openid-connect/token"),
    ..GENERIC
};

static OKTA: Provider = Provider {
    device_authorization: Some("/v1/device/authorize"),
    issuer_example: "https://ORG.okta.com/oauth2/default",
    name: "okta",
    pkce: false,
    quirks: &["Identifier and Basic together are refused.", "Too many requests are told by status 429 alone."],
    source: "https://developer.okta.com/docs/guides/device-authorization-grant/main/",
    title: "Okta",
    token: Some("/v1/token"),
    ..GENERIC
};

static TWITCH: Provider = Provider {
    device_authorization: Some("/device"),
    dialect: Dialect {
        // Its documentation and its users disagree on the name; it ignores the one it does not know.
        scope_parameters: &["scope", "scopes"],
        secret: SecretPlace::Body,
        ..STANDARD
    },
    hosts: &["www.twitch.tv"],
    issuer: Some("https://id.twitch.tv/oauth2"),
    issuer_example: "https://id.twitch.tv/oauth2",
    name: "twitch",
    pkce: false,
    quirks: &["Errors stand in message, and the scope of a token is a list."],
    revocation: Some("/revoke"),
    source: "https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/#device-code-grant-flow",
    title: "Twitch",
    token: Some("/token"),
    ..GENERIC
};

/// All of them, by name.
pub static PROVIDERS: [&Provider; 21] = [
    &ALLEGRO,
    &AMAZON,
    &AUTH0,
    &AWS,
    &BAIDU,
    &CAS,
    &COUNTERSIGN,
    &ENTRA,
    &ENTRA_V1,
    &FACEBOOK,
    &GITHUB,
    &GITLAB,
    &GOOGLE,
    &HUGGING_FACE,
    &KEYCLOAK,
    &MICROSOFT,
    &OKTA,
    &SALESFORCE,
    &TWITCH,
    &WSO2,
    &ZOOM,
];
