//! Clients register themselves (RFC 7591) and look after their registration (RFC 7592): load, decide, commit. What may be
//! is decided in `proto::registration`.

mod manage;
mod register;
mod said;
mod statement;

use proto::model::{Client, ClientId, Registration};
use proto::registration::Refusal;
use proto::secret::{ClientSecret, RegistrationAccessToken};
use proto::wire::registration::ClientInformation;

use crate::commit::Failed;
use crate::{Flow, Unavailable};

pub use register::{AdmittedBy, RegisterRequest, Registered};
pub use statement::{TrustedSoftware, UntrustedSoftware};

/// Where clients register, under the issuer.
pub const PATH: &str = "/oauth2/register";

/// Whether a text has the shape of an address that keys are fetched from. Whoever fetches them knows.
pub type MayFetch = fn(&str) -> bool;

impl Flow {
    /// What a client is told of its registration.
    fn information(
        &self,
        (client, registration): (&Client, &Registration),
        token: &RegistrationAccessToken,
        secret: Option<&ClientSecret>,
    ) -> ClientInformation {
        let uri = self.registration_uri(&client.id);
        ClientInformation::of(client, registration, token.reveal(), uri, secret)
    }

    /// Where a client looks after its registration: chosen here alone (RFC 7592 §3).
    fn registration_uri(&self, id: &ClientId) -> String {
        format!("{}{PATH}/{id}", self.settings.issuer)
    }
}

/// What a client is told when its decision did not stand.
fn refused(failed: Failed<Refusal>) -> Refusal {
    match failed {
        Failed::Refused(refusal) => refusal,
        Failed::Store(error) => unavailable(error.into()),
        Failed::Collided | Failed::Spent | Failed::Taken => unavailable(Unavailable::collided()),
    }
}

/// That it could not be served was logged when this was made.
const fn unavailable(_: Unavailable) -> Refusal {
    Refusal::Overloaded
}
