//! What a client is told of its registration (RFC 7591 §3.2.1, RFC 7592 §3): what was registered, which may be less than
//! it asked for, and by what it may change that.

use serde::Serialize;
use serde_json::Value;

use crate::model::{AuthMethod, Client, ClientKeys, Demand, GrantType, Registration, SigningAlg, SubjectType};
use crate::secret::ClientSecret;
use crate::wire::token::{Credential, GRANT_TYPE_DEVICE_CODE, GRANT_TYPE_REFRESH_TOKEN};

/// The body of every reply about a registration. Carries secrets: never to be kept by a cache.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the registered names say it: RFC 7591 §2 and §3.2.1, RFC 7592 §3")]
pub struct ClientInformation {
    pub client_id: String,
    pub client_id_issued_at: i64,
    /// When it was just made, or repeated by the client: only a hash of it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Credential>,
    /// 0, for never, beside a secret and not without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<i64>,
    pub registration_access_token: Credential,
    pub registration_client_uri: String,
    pub client_name: String,
    pub grant_types: Vec<&'static str>,
    /// Empty: no grant here has a response of an authorization endpoint (CF-3).
    pub response_types: [&'static str; 0],
    pub token_endpoint_auth_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    pub id_token_signed_response_alg: &'static str,
    pub subject_type: &'static str,
    pub dpop_bound_access_tokens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_statement: Option<String>,
}

impl ClientInformation {
    /// What `client`, which registered itself, is told. `token`: its registration access token in the clear, `uri`: where
    /// it is good, `secret`: the client's secret, when that is to be told.
    #[must_use]
    pub fn of(
        client: &Client,
        registration: &Registration,
        token: &str,
        uri: String,
        secret: Option<&ClientSecret>,
    ) -> Self {
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let (jwks, jwks_uri) = match &client.keys {
            Some(ClientKeys::At(address)) => (None, Some(address.to_string())),
            // It was written as JSON.
            Some(ClientKeys::Set(json)) => (serde_json::from_str(json).ok(), None),
            None => (None, None),
        };
        Self {
            client_id: client.id.to_string(),
            client_id_issued_at: client.created_at.as_seconds(),
            client_secret: secret.map(|secret| Credential::new(secret.reveal())),
            client_secret_expires_at: secret.map(|_| 0),
            registration_access_token: Credential::new(token),
            registration_client_uri: uri,
            client_name: client.name.clone(),
            grant_types: client.grants.iter().copied().map(grant_type).collect(),
            response_types: [],
            token_endpoint_auth_method: auth_method(client.auth),
            token_endpoint_auth_signing_alg: client.assertion_alg.map(signing_alg),
            scope: Some(client.scopes.to_string()).filter(|scope| !scope.is_empty()),
            jwks,
            jwks_uri,
            id_token_signed_response_alg: signing_alg(client.id_token_alg),
            subject_type: match client.tokens.subject {
                SubjectType::Pairwise(_) => "pairwise",
                SubjectType::Public => "public",
            },
            dpop_bound_access_tokens: client.tokens.dpop == Demand::Required,
            software_id: text(&registration.software_id),
            software_version: text(&registration.software_version),
            software_statement: text(&registration.statement),
        }
    }
}

const fn grant_type(grant: GrantType) -> &'static str {
    match grant {
        GrantType::DeviceCode => GRANT_TYPE_DEVICE_CODE,
        GrantType::RefreshToken => GRANT_TYPE_REFRESH_TOKEN,
    }
}

const fn auth_method(auth: AuthMethod) -> &'static str {
    match auth {
        AuthMethod::None => "none",
        AuthMethod::ClientSecretBasic => "client_secret_basic",
        AuthMethod::ClientSecretPost => "client_secret_post",
        AuthMethod::PrivateKeyJwt => "private_key_jwt",
    }
}

/// Ed25519 under the name that signatures carry.
const fn signing_alg(alg: SigningAlg) -> &'static str {
    match alg {
        SigningAlg::EdDsa => "EdDSA",
        SigningAlg::Es256 => "ES256",
        SigningAlg::Rs256 => "RS256",
    }
}
