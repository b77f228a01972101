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
        Presented::None => false,
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
        (AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost, Presented::None) => {
            match (endpoint, client.device_auth) {
                (Endpoint::DeviceAuthorization, DeviceAuth::Optional) => {
                    Ok(Authenticated { client, proof: Proof::None })
                }
                (Endpoint::DeviceAuthorization, DeviceAuth::Required) | (Endpoint::Token, _) => {
                    Err(Refusal::ClientAuthMissing)
                }
            }
        }
        (AuthMethod::None, Presented::Basic(_) | Presented::Post(_))
        | (AuthMethod::ClientSecretBasic, Presented::Post(_))
        | (AuthMethod::ClientSecretPost, Presented::Basic(_)) => Err(Refusal::ClientAuthMethod),
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
