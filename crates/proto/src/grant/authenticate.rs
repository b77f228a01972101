//! Who is calling: client authentication (RFC 6749 §2.3, RFC 8628 §3.1 and §3.4).

use subtle::{Choice, ConstantTimeEq};

use super::Refusal;
use crate::model::{AuthMethod, Client, ClientId, DeviceAuth};
use crate::secret::{ClientSecret, SecretHash};
use crate::wire::credentials::{Credentials, Presented};

/// At which endpoint the client calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The device authorization endpoint, where a client may be excused from authentication.
    DeviceAuthorization,
    /// Any other, where it must authenticate as it is registered.
    Token,
}

/// What is proven about the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: anybody can name a public client (RFC 6749 §2.3).
    None,
    /// It knows the client's secret.
    Secret,
    /// It holds the client's private key.
    Key,
}

impl Proof {
    /// Whether anything was proven.
    #[must_use]
    pub const fn is_given(self) -> bool {
        match self {
            Self::None => false,
            Self::Secret | Self::Key => true,
        }
    }
}

/// A client that authenticated as it is registered. Only [`authenticate`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated<'a> {
    client: &'a Client,
    proof: Proof,
}

impl<'a> Authenticated<'a> {
    /// The client.
    #[must_use]
    pub const fn client(&self) -> &'a Client {
        self.client
    }

    /// Its identifier.
    #[must_use]
    pub const fn id(&self) -> &'a ClientId {
        &self.client.id
    }

    /// What was proven.
    #[must_use]
    pub const fn proof(&self) -> Proof {
        self.proof
    }
}

/// Judges the credentials of a request. `client` is the registration of the claimed client, if there is one.
///
/// # Errors
/// The cause, for the log; on the wire all causes are one.
pub fn authenticate<'a>(
    client: Option<&'a Client>,
    credentials: &Credentials,
    endpoint: Endpoint,
) -> Result<Authenticated<'a>, Refusal> {
    let secret_fits = match &credentials.presented {
        Presented::Basic(secret) | Presented::Post(secret) => matches_any(client, secret),
        Presented::Assertion(_) | Presented::Key | Presented::None => false,
    };
    let client = client.ok_or(Refusal::ClientUnknown)?;
    if !client.enabled {
        return Err(Refusal::ClientDisabled);
    }
    match (client.auth, &credentials.presented) {
        (AuthMethod::None, Presented::None) => Ok(Authenticated { client, proof: Proof::None }),
        (AuthMethod::ClientSecretBasic, Presented::Basic(_)) | (AuthMethod::ClientSecretPost, Presented::Post(_)) => {
            if secret_fits {
                Ok(Authenticated { client, proof: Proof::Secret })
            } else {
                Err(Refusal::SecretWrong)
            }
        }
        (AuthMethod::PrivateKeyJwt, Presented::Key) => Ok(Authenticated { client, proof: Proof::Key }),
        (AuthMethod::PrivateKeyJwt, Presented::Assertion(_)) => Err(Refusal::AssertionInvalid),
        (AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::PrivateKeyJwt, Presented::None) => {
            match (endpoint, client.device_auth) {
                (Endpoint::DeviceAuthorization, DeviceAuth::Optional) => {
                    Ok(Authenticated { client, proof: Proof::None })
                }
                (Endpoint::DeviceAuthorization, DeviceAuth::Required) | (Endpoint::Token, _) => {
                    Err(Refusal::ClientAuthMissing)
                }
            }
        }
        (AuthMethod::None | AuthMethod::PrivateKeyJwt, Presented::Basic(_) | Presented::Post(_))
        | (AuthMethod::ClientSecretBasic, Presented::Post(_))
        | (AuthMethod::ClientSecretPost, Presented::Basic(_))
        | (
            AuthMethod::None | AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost,
            Presented::Assertion(_) | Presented::Key,
        ) => Err(Refusal::ClientAuthMethod),
    }
}

/// Whether `secret` is one of the client's, in a time that does not depend on which, on how many, or on whether
/// there is a client at all (DF-3.1-12).
fn matches_any(client: Option<&Client>, secret: &ClientSecret) -> bool {
    let presented = secret.hash();
    let nobody = [SecretHash::from_bytes([0; 32]); 2];
    let known = client.map_or(&[][..], |client| &client.secrets);
    let mut fits = Choice::from(0);
    for (index, filler) in nobody.iter().enumerate() {
        let own = known.get(index);
        let equal = own.unwrap_or(filler).as_bytes().ct_eq(presented.as_bytes());
        fits |= equal & Choice::from(u8::from(own.is_some()));
    }
    fits.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::fixture::{SECRET, client};

    const METHODS: [AuthMethod; 4] =
        [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::PrivateKeyJwt];
    const ENDPOINTS: [Endpoint; 2] = [Endpoint::DeviceAuthorization, Endpoint::Token];

    fn right() -> ClientSecret {
        ClientSecret::presented(SECRET)
    }

    fn wrong() -> ClientSecret {
        ClientSecret::presented("cs_another-secret-that-nobody-was-given")
    }

    /// Every way to present oneself: nothing, then each way with the right secret and with a wrong one.
    fn every_way() -> [Presented; 7] {
        [
            Presented::None,
            Presented::Basic(right()),
            Presented::Basic(wrong()),
            Presented::Post(right()),
            Presented::Post(wrong()),
            Presented::Key,
            Presented::Assertion(zeroize::Zeroizing::new("unchecked".to_owned())),
        ]
    }

    fn outcome(client: Option<&Client>, presented: Presented, endpoint: Endpoint) -> Result<Proof, Refusal> {
        let client_id = ClientId::parse("tv").unwrap();
        let by_header = matches!(presented, Presented::Basic(_));
        let credentials = Credentials { client_id, presented, by_header };
        authenticate(client, &credentials, endpoint).map(|caller| caller.proof())
    }

    #[test]
    fn oa_2_3_1_5_df_3_1_11_df_3_4_4_oa_3_2_1_1_oa_2_3_1_2_pk_9_every_method_way_endpoint_and_excuse() {
        use AuthMethod::{ClientSecretBasic as Basic, ClientSecretPost as Post, PrivateKeyJwt as Jwt};
        use DeviceAuth::{Optional, Required};
        use Endpoint::{DeviceAuthorization as Device, Token};
        let (nobody, secret, key) = (Ok(Proof::None), Ok(Proof::Secret), Ok(Proof::Key));
        let unchecked = Err(Refusal::AssertionInvalid);
        let (missing, method, bad) =
            (Err(Refusal::ClientAuthMissing), Err(Refusal::ClientAuthMethod), Err(Refusal::SecretWrong));
        let public = [&nobody, &method, &method, &method, &method, &method, &method];
        for (auth, device_auth, endpoint, expected) in [
            (AuthMethod::None, Required, Device, public),
            (AuthMethod::None, Required, Token, public),
            (AuthMethod::None, Optional, Device, public),
            (AuthMethod::None, Optional, Token, public),
            (Basic, Required, Device, [&missing, &secret, &bad, &method, &method, &method, &method]),
            (Basic, Required, Token, [&missing, &secret, &bad, &method, &method, &method, &method]),
            (Basic, Optional, Device, [&nobody, &secret, &bad, &method, &method, &method, &method]),
            (Basic, Optional, Token, [&missing, &secret, &bad, &method, &method, &method, &method]),
            (Post, Required, Device, [&missing, &method, &method, &secret, &bad, &method, &method]),
            (Post, Required, Token, [&missing, &method, &method, &secret, &bad, &method, &method]),
            (Post, Optional, Device, [&nobody, &method, &method, &secret, &bad, &method, &method]),
            (Jwt, Required, Device, [&missing, &method, &method, &method, &method, &key, &unchecked]),
            (Jwt, Required, Token, [&missing, &method, &method, &method, &method, &key, &unchecked]),
            (Jwt, Optional, Device, [&nobody, &method, &method, &method, &method, &key, &unchecked]),
            (Jwt, Optional, Token, [&missing, &method, &method, &method, &method, &key, &unchecked]),
            (Post, Optional, Token, [&missing, &method, &method, &secret, &bad, &method, &method]),
        ] {
            let client = Client { device_auth, ..client("tv", auth) };
            for (presented, expected) in every_way().into_iter().zip(expected) {
                let case = format!("{auth:?} {device_auth:?} {endpoint:?} {presented:?}");
                assert_eq!(&outcome(Some(&client), presented, endpoint), expected, "{case}");
            }
        }
    }

    #[test]
    fn df_3_1_12_an_unknown_or_disabled_client_looks_like_a_wrong_secret_whatever_it_presents() {
        for auth in METHODS {
            let disabled = Client { enabled: false, ..client("tv", auth) };
            for (endpoint, presented) in ENDPOINTS.into_iter().flat_map(|e| every_way().map(|way| (e, way))) {
                let unknown = outcome(None, presented.clone(), endpoint).unwrap_err();
                assert_eq!(unknown, Refusal::ClientUnknown);
                let off = outcome(Some(&disabled), presented, endpoint).unwrap_err();
                assert_eq!(off, Refusal::ClientDisabled);
                assert!(unknown.body() == Refusal::SecretWrong.body() && off.body() == Refusal::SecretWrong.body());
            }
        }
    }

    #[test]
    fn oa_2_3_2_a_public_client_proves_nothing_by_naming_itself() {
        let public = client("tv", AuthMethod::None);
        for endpoint in ENDPOINTS {
            assert_eq!(outcome(Some(&public), Presented::None, endpoint), Ok(Proof::None));
        }
    }

    #[test]
    fn both_secrets_fit_while_one_is_rotated_and_none_fits_a_client_without_any() {
        let mut client = client("tv", AuthMethod::ClientSecretPost);
        client.secrets = vec![wrong().hash(), right().hash()];
        for secret in [right(), wrong()] {
            assert_eq!(outcome(Some(&client), Presented::Post(secret), Endpoint::Token), Ok(Proof::Secret));
        }
        let third = ClientSecret::presented("");
        assert_eq!(outcome(Some(&client), Presented::Post(third), Endpoint::Token), Err(Refusal::SecretWrong));
        client.secrets.clear();
        assert_eq!(outcome(Some(&client), Presented::Post(right()), Endpoint::Token), Err(Refusal::SecretWrong));
    }
}
