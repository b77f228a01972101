//! The providers whose profiles were put together from what others wrote, without anybody confirming all of it: people who
//! sign in there are told that the profile is experimental.

use proto::device::FirstPoll;
use proto::wire::token::GRANT_TYPE_DEVICE_CODE;

use super::dialect::{ClientIdPlace, Dialect, STANDARD, SecretPlace};
use super::{Evidence, GENERIC, Provider, Secret};

/// Without documents.
const BASE: Provider = Provider { evidence: Evidence::Unverified, discovery: false, pkce: false, ..GENERIC };

/// What drafts before RFC 8628 wanted with the request for codes.
const DEVICE_CODE_RESPONSE: &[(&str, &str)] = &[("response_type", "device_code")];

pub(super) static ALLEGRO: Provider = Provider {
    device_authorization: Some("/auth/oauth/device"),
    dialect: Dialect { client_id: ClientIdPlace::BesideBasic, ..STANDARD },
    hosts: &["www.allegro.pl"],
    issuer: Some("https://allegro.pl"),
    issuer_example: "https://allegro.pl",
    name: "allegro",
    quirks: &["The identifier of the application is wanted in the body, also beside Basic."],
    secret: Secret::Required,
    source: "https://github.com/allegro/allegro-api/issues/4249",
    title: "Allegro",
    token: Some("/auth/oauth/token"),
    ..BASE
};

pub(super) static AMAZON: Provider = Provider {
    device_authorization: Some("https://api.amazon.com/auth/o2/create/codepair"),
    dialect: Dialect {
        grant_type: "device_code",
        polls_with_user_code: true,
        secret: SecretPlace::Body,
        start_parameters: DEVICE_CODE_RESPONSE,
        ..STANDARD
    },
    advice: &["A scope is needed, such as --scope profile. Alexa wants --parameter scope_data={…} as well."],
    hosts: &["amazon.com", "www.amazon.com"],
    issuer: Some("https://api.amazon.com"),
    issuer_example: "https://api.amazon.com",
    name: "amazon",
    quirks: &["Each poll repeats the user code, and the grant type is called device_code."],
    source: "https://developer.amazon.com/docs/login-with-amazon/retrieve-code-other-platforms-cbl-docs.html",
    title: "Login with Amazon",
    token: Some("https://api.amazon.com/auth/o2/token"),
    ..BASE
};

pub(super) static BAIDU: Provider = Provider {
    device_authorization: Some("https://openapi.baidu.com/oauth/2.0/device/code"),
    dialect: Dialect {
        assumes_bearer: true,
        code_parameters: &["code"],
        grant_type: "device_token",
        secret: SecretPlace::Body,
        starts_by_get: true,
        start_parameters: DEVICE_CODE_RESPONSE,
        ..STANDARD
    },
    hosts: &["openapi.baidu.com"],
    issuer: Some("https://openapi.baidu.com"),
    issuer_example: "https://openapi.baidu.com",
    name: "baidu",
    quirks: &["Codes are asked for by GET, the grant type is called device_token, tokens have no type."],
    secret: Secret::Required,
    source: "https://developer.baidu.com/wiki/index.php?title=docs/oauth/device",
    title: "Baidu",
    token: Some("https://openapi.baidu.com/oauth/2.0/token"),
    ..BASE
};

pub(super) static CAS: Provider = Provider {
    device_authorization: Some("/oauth2.0/accessToken"),
    dialect: Dialect {
        code_parameters: &["code"],
        grant_type: "",
        poll_parameters: DEVICE_CODE_RESPONSE,
        start_parameters: DEVICE_CODE_RESPONSE,
        ..STANDARD
    },
    issuer_example: "https://HOST/cas",
    name: "cas",
    quirks: &["One endpoint gives codes and tokens, and polls have no grant type."],
    source: "https://apereo.github.io/cas/6.6.x/authentication/OAuth-Authentication.html",
    title: "Apereo CAS",
    token: Some("/oauth2.0/accessToken"),
    ..BASE
};

pub(super) static ENTRA_V1: Provider = Provider {
    advice: &["An API is needed: --resource https://graph.microsoft.com, for instance."],
    device_authorization: Some("/oauth2/devicecode"),
    dialect: Dialect {
        code_parameters: &["device_code", "code"],
        grant_type: "device_code",
        polls_with_resources: true,
        ..STANDARD
    },
    first_poll: FirstPoll::AtOnce,
    hosts: super::known::ENTRA.hosts,
    issuer_example: "https://login.microsoftonline.com/TENANT, or https://HOST/adfs",
    name: "entra-v1",
    quirks: &[
        "A poll carries the device code under two names.",
        "The address is called verification_url, and numbers are strings.",
    ],
    source: "https://github.com/MicrosoftDocs/azure-docs/issues/48307",
    title: "Microsoft Entra (first version of its endpoints) or AD FS",
    token: Some("/oauth2/token"),
    ..BASE
};

pub(super) static FACEBOOK: Provider = Provider {
    advice: &["The secret of the application is its client token. Scopes are separated by commas: --scope a,b."],
    device_authorization: Some("/device/login"),
    dialect: Dialect {
        assumes_bearer: true,
        code_parameters: &["code"],
        grant_type: "",
        secret: SecretPlace::Joined,
        ..STANDARD
    },
    hosts: &["facebook.com", "www.facebook.com"],
    issuer_example: "https://graph.facebook.com/vVERSION",
    name: "facebook",
    quirks: &[
        "Identifier and secret go as one access_token.",
        "Pending, too fast and expired are numbers within an error object.",
        "Tokens have no type.",
    ],
    secret: Secret::Required,
    source: "https://developers.facebook.com/docs/facebook-login/for-devices",
    title: "Facebook",
    token: Some("/device/login_status"),
    ..BASE
};

pub(super) static MICROSOFT: Provider = Provider {
    device_authorization: Some("https://login.live.com/oauth20_connect.srf"),
    dialect: Dialect { start_parameters: DEVICE_CODE_RESPONSE, ..STANDARD },
    hosts: &["microsoft.com", "www.microsoft.com", "account.live.com"],
    issuer: Some("https://login.live.com"),
    issuer_example: "https://login.live.com",
    name: "microsoft",
    source: "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code",
    title: "Microsoft (personal accounts)",
    token: Some("https://login.live.com/oauth20_token.srf"),
    ..BASE
};

pub(super) static SALESFORCE: Provider = Provider {
    device_authorization: Some("/services/oauth2/token"),
    dialect: Dialect {
        code_parameters: &["code"],
        grant_type: "device",
        start_parameters: DEVICE_CODE_RESPONSE,
        ..STANDARD
    },
    hosts: &[".salesforce.com"],
    issuer: Some("https://login.salesforce.com"),
    issuer_example: "https://login.salesforce.com, or https://DOMAIN.my.salesforce.com",
    name: "salesforce",
    quirks: &["One endpoint gives codes and tokens.", "How long codes and tokens live is not said."],
    revocation: Some("/services/oauth2/revoke"),
    source: "https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_device_flow.htm",
    title: "Salesforce",
    token: Some("/services/oauth2/token"),
    ..BASE
};

pub(super) static WSO2: Provider = Provider {
    dialect: Dialect { client_id: ClientIdPlace::BesideBasic, ..STANDARD },
    discovery: true,
    issuer_example: "https://HOST/oauth2/token",
    name: "wso2",
    quirks: &["The identifier of the application is wanted in the body, also beside Basic."],
    source: "https://github.com/wso2/product-is/issues/9063",
    title: "WSO2 Identity Server",
    ..BASE
};

pub(super) static ZOOM: Provider = Provider {
    device_authorization: Some("https://zoom.us/oauth/devicecode"),
    dialect: Dialect { client_id: ClientIdPlace::Query, grant_type: GRANT_TYPE_DEVICE_CODE, ..STANDARD },
    issuer: Some("https://zoom.us"),
    issuer_example: "https://zoom.us",
    name: "zoom",
    quirks: &["The identifier of the application is wanted in the address."],
    secret: Secret::Required,
    source: "https://developers.zoom.us/blog/device-authorization/",
    title: "Zoom",
    token: Some("https://zoom.us/oauth/token"),
    ..BASE
};
