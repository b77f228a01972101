//! PKCE on the device grant (RFC 7636, an extension of Keycloak's): the challenge goes with the request for codes, the
//! verifier with every poll. RFC 8628 does not know it; it is sent where the server demands it of a client.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proto::wire::token::Credential;
use proto::{Entropy, entropy};
use sha2::{Digest, Sha256};

/// The one method worth having.
pub(crate) const S256: &str = "S256";

/// A secret of one sign-in, and what is told of it at first.
#[derive(Clone, Debug)]
pub(crate) struct Pkce {
    pub(crate) challenge: String,
    pub(crate) verifier: Credential,
}

impl Pkce {
    /// With 32 random bytes (RFC 7636 §4.1).
    pub(crate) fn new(entropy: &mut dyn Entropy) -> Self {
        Self::of(URL_SAFE_NO_PAD.encode(entropy::bytes::<32>(entropy)))
    }

    /// The rest of a sign-in that another process started.
    pub(crate) fn again(verifier: &Credential) -> Self {
        Self::of(verifier.reveal().to_owned())
    }

    fn of(verifier: String) -> Self {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        Self { challenge, verifier: Credential::new(verifier) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b() {
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(!format!("{pkce:?}").contains("dBjf"));
    }
}
