//! Authorization server metadata (RFC 8414 §2, with the members of OpenID Connect Discovery §3).
//! Serialised by the server for both documents, parsed by the client. Fetching and trusting it is the client's.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::error::Unusable;
use super::members::Members;

/// The path of the RFC 8414 document, inserted before the path of the issuer (RFC 8414 §3.1).
pub const OAUTH_WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
/// The path of the OpenID Connect document, appended to the issuer (OpenID Connect Discovery §4).
pub const OPENID_WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What a server says about itself. Empty lists are left out (RFC 8414 §3.2) and so read as absent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AuthorizationServerMetadata {
    /// The server's identifier, to be compared code point by code point.
    pub issuer: String,
    /// RFC 8628 §4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_authorization_endpoint: Option<String>,
    /// RFC 6749 §3.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// RFC 6749 §3.1; left out by a server that offers no grant with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// The public keys (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// OpenID Connect Core §5.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    /// RFC 7009.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    /// RFC 7662.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<String>,
    /// RFC 7591.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    /// Where people read about the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_documentation: Option<String>,
    /// Scopes a client may ask for.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// Absent on a server without authorization endpoint.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub response_types_supported: Vec<String>,
    /// Grants offered. A client must not insist on the device grant here: Entra leaves it out.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub grant_types_supported: Vec<String>,
    /// How clients may authenticate at the token and device authorization endpoints.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms of client assertions.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// How clients may authenticate at the revocation endpoint.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms of client assertions there.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// How callers may authenticate at the introspection endpoint.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms of client assertions there.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// PKCE methods (RFC 7636).
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub code_challenge_methods_supported: Vec<String>,
    /// Algorithms of DPoP proofs (RFC 9449 §5.1).
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// `public` or `pairwise`.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub subject_types_supported: Vec<String>,
    /// What sign-ins may be worth (OpenID Connect Core §2).
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub acr_values_supported: Vec<String>,
    /// Algorithms of id_tokens.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// Claims that may be answered.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub claims_supported: Vec<String>,
    /// Languages of the pages.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub ui_locales_supported: Vec<String>,
}

impl AuthorizationServerMetadata {
    /// Reads a document. Unknown members are ignored.
    ///
    /// # Errors
    /// When `issuer` is missing or a known member has another type than RFC 8414 §2 gives it.
    pub fn parse(members: Members) -> Result<Self, Unusable> {
        if !members.contains_key("issuer") {
            return Err(Unusable::Missing("issuer"));
        }
        serde_json::from_value(Value::Object(members)).map_err(|_| Unusable::WrongType("metadata"))
    }
}

fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn empty_lists_are_left_out() {
        let metadata = AuthorizationServerMetadata { issuer: "https://a.example".to_owned(), ..Default::default() };
        assert_eq!(serde_json::to_string(&metadata).unwrap(), r#"{"issuer":"https://a.example"}"#);
    }

    #[test]
    fn documents_round_trip_and_unknown_members_are_ignored() {
        let Value::Object(members) = json!({
            "issuer": "https://a.example", "token_endpoint": "https://a.example/t", "x_vendor": {"y": 1},
            "grant_types_supported": ["refresh_token"], "scopes_supported": null
        }) else {
            unreachable!()
        };
        let metadata = AuthorizationServerMetadata::parse(members).unwrap();
        assert_eq!(metadata.token_endpoint.as_deref(), Some("https://a.example/t"));
        assert_eq!(metadata.grant_types_supported, ["refresh_token"]);
        let Value::Object(again) = serde_json::to_value(&metadata).unwrap() else { unreachable!() };
        assert_eq!(AuthorizationServerMetadata::parse(again), Ok(metadata));
    }

    #[test]
    fn wrong_types_are_refused() {
        let parse = |value| {
            let Value::Object(members) = value else { panic!("not an object") };
            AuthorizationServerMetadata::parse(members)
        };
        assert_eq!(parse(json!({})), Err(Unusable::Missing("issuer")));
        assert!(parse(json!({"issuer": 7})).is_err());
        assert!(parse(json!({"issuer": "https://a.example", "token_endpoint": ["x"]})).is_err());
    }
}
