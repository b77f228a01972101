//! The device authorization response (RFC 8628 §3.2). Serialised by the server, parsed tolerantly by the device.

use std::fmt;

use serde::Serialize;

use super::error::Unusable;
use super::members::{self, Members};
use super::token::Credential;

/// The interval when the server names none (RFC 8628 §3.2), in seconds.
pub const DEFAULT_INTERVAL: u64 = 5;
/// The lifetime taken when the server breaks RFC 8628 §3.2 and names none, in seconds. Microsoft's library takes the same.
pub const ASSUMED_LIFETIME: u64 = 1800;

const MOST_DEVICE_CODE: usize = 8 * 1024;
const MOST_URI: usize = 2 * 1024;
const MOST_USER_CODE: usize = 64;

/// What a device needs to be signed in.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AuthorizationResponse {
    /// The device's own secret: shown to nobody.
    pub device_code: Credential,
    /// What the person types.
    pub user_code: String,
    /// Where the person types it.
    pub verification_uri: String,
    /// The same with the code in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_uri_complete: Option<String>,
    /// Seconds both codes live, counted from the reply.
    pub expires_in: u64,
    /// Least seconds between polls.
    pub interval: u64,
}

/// Neither code, and no link, since it has one in it.
impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationResponse")
            .field("verification_uri", &self.verification_uri)
            .field("expires_in", &self.expires_in)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// Where a reply departs from RFC 8628 §3.2 and was used all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quirk {
    /// `expires_in` is absent or not positive: [`ASSUMED_LIFETIME`] is used.
    LifetimeMissing,
    /// A number came as a string or with a fraction.
    OddNumber,
    /// The address came as `verification_url` (Google, Azure AD v1).
    VerificationUrl,
}

impl AuthorizationResponse {
    /// Reads a success body, and says which liberties it took. URLs are not judged here.
    ///
    /// # Errors
    /// When a required member is missing, too long or of a wrong type (RFC 8628 §3.2).
    pub fn parse(members: &Members) -> Result<(Self, Vec<Quirk>), Unusable> {
        let mut quirks = Vec::new();
        let verification_uri = match members::text(members, "verification_uri", MOST_URI)? {
            Some(uri) => uri,
            None => {
                let uri = members::text(members, "verification_url", MOST_URI)?;
                quirks.push(Quirk::VerificationUrl);
                uri.ok_or(Unusable::Missing("verification_uri"))?
            }
        };
        let complete = match members::text(members, "verification_uri_complete", MOST_URI)? {
            Some(uri) => Some(uri),
            None => members::text(members, "verification_url_complete", MOST_URI)?,
        };
        // Facebook calls it `code`.
        let device_code = match members::text(members, "device_code", MOST_DEVICE_CODE)? {
            Some(code) => code,
            None => members::text(members, "code", MOST_DEVICE_CODE)?.ok_or(Unusable::Missing("device_code"))?,
        };
        let lifetime = members::seconds(members, "expires_in")?;
        let interval = members::seconds(members, "interval")?;
        if lifetime.is_none() {
            quirks.push(Quirk::LifetimeMissing);
        }
        if [lifetime, interval].into_iter().flatten().any(|given| given.odd) {
            quirks.push(Quirk::OddNumber);
        }
        let response = Self {
            device_code: Credential::new(device_code),
            user_code: members::required(members, "user_code", MOST_USER_CODE)?,
            verification_uri,
            verification_uri_complete: complete,
            expires_in: lifetime.map_or(ASSUMED_LIFETIME, |given| given.value),
            interval: interval.map_or(DEFAULT_INTERVAL, |given| given.value),
        };
        Ok((response, quirks))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(value: Value) -> Result<(AuthorizationResponse, Vec<Quirk>), Unusable> {
        let Value::Object(members) = value else { panic!("not an object") };
        AuthorizationResponse::parse(&members)
    }

    fn sample() -> Value {
        json!({
            "device_code": "dc", "user_code": "WDJB-MJHT", "verification_uri": "https://id.example.com/device",
            "verification_uri_complete": "https://id.example.com/D/WDJB-MJHT", "expires_in": 600, "interval": 1
        })
    }

    #[test]
    fn neither_code_is_printed() {
        let printed = format!("{:?}", parse(sample()).unwrap());
        assert!(printed.contains("/device") && !printed.contains("dc\"") && !printed.contains("WDJB"), "{printed}");
    }

    fn without(name: &str) -> Value {
        let mut value = sample();
        value.as_object_mut().unwrap().remove(name);
        value
    }

    fn with(name: &str, new: Value) -> Value {
        let mut value = sample();
        value.as_object_mut().unwrap().insert(name.to_owned(), new);
        value
    }

    #[test]
    fn our_own_response_round_trips_without_a_quirk() {
        let (response, quirks) = parse(sample()).unwrap();
        assert_eq!(quirks, []);
        assert_eq!(serde_json::to_value(&response).unwrap(), sample());
        assert!(!format!("{response:?}").contains("dc"));
    }

    #[test]
    fn df_3_2_8_interval_defaults_to_five_seconds() {
        assert_eq!(parse(without("interval")).unwrap().0.interval, 5);
        for bad in [json!(0), json!(-1), json!("soon"), json!(null), json!("")] {
            assert_eq!(parse(with("interval", bad)).unwrap().0.interval, 5);
        }
    }

    #[test]
    fn df_3_2_12_required_members_are_required_and_unknown_ones_ignored() {
        for name in ["device_code", "user_code", "verification_uri"] {
            assert_eq!(parse(without(name)), Err(Unusable::Missing(name)));
            assert_eq!(parse(with(name, json!(""))), Err(Unusable::Missing(name)));
            assert_eq!(parse(with(name, json!(7))), Err(Unusable::WrongType(name)));
        }
        assert_eq!(parse(with("interval", json!([5]))), Err(Unusable::WrongType("interval")));
        assert_eq!(parse(with("user_code", json!("A".repeat(65)))), Err(Unusable::TooLong("user_code")));
        assert!(parse(with("message", json!({"any": "thing"}))).is_ok());
    }

    #[test]
    fn liberties_of_the_field_are_taken_and_named() {
        let mut google = without("verification_uri");
        google.as_object_mut().unwrap().insert("verification_url".to_owned(), json!("https://g.example/d"));
        let (response, quirks) = parse(google).unwrap();
        assert_eq!((response.verification_uri.as_str(), quirks), ("https://g.example/d", vec![Quirk::VerificationUrl]));
        let (response, quirks) = parse(without("expires_in")).unwrap();
        assert_eq!((response.expires_in, quirks), (1800, vec![Quirk::LifetimeMissing]));
        let (response, quirks) = parse(with("interval", json!(1.5))).unwrap();
        assert_eq!((response.interval, quirks), (2, vec![Quirk::OddNumber]));
        assert_eq!(parse(with("expires_in", json!("900"))).unwrap().0.expires_in, 900);
        let mut facebook = without("device_code");
        facebook.as_object_mut().unwrap().insert("code".to_owned(), json!("fb"));
        assert_eq!(parse(facebook).unwrap().0.device_code.reveal(), "fb");
    }
}
