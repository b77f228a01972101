//! What keys are for, in an operator's words.

use std::time::Duration;

use clap::ValueEnum;
use flow::secrets::life;
use proto::model::KeyPurpose;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// Signs access tokens, and id_tokens of clients that asked for ES256
    SignEs256,
    /// Signs id_tokens, and access tokens where that is configured
    SignRs256,
    /// Signs access tokens where that is configured, and id_tokens of clients that asked for EdDSA
    #[value(name = "sign_eddsa")]
    SignEdDsa,
    /// Seals access tokens that say nothing
    AccessToken,
    /// Seals browser cookies and form handles
    Cookie,
    /// Guards forms against forged requests
    Csrf,
    /// Marks device codes as made here
    DeviceCode,
    /// Marks nonces for DPoP proofs as made here
    DpopNonce,
    /// Hides user codes in the database
    UserCode,
    /// Marks refresh tokens as made here
    RefreshToken,
    /// Goes into every password hash
    Password,
    /// Makes the subjects of people for clients that have their own; there is one for good
    Subject,
}

impl Purpose {
    /// The keys whose public halves verifiers read.
    pub(super) const SIGNING: [Self; 3] = [Self::SignEs256, Self::SignRs256, Self::SignEdDsa];

    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// How long a running server waits before it uses a new key: until everybody who checks knows it.
    pub(super) fn wait(self) -> String {
        let seconds = life(self.into()).map_or(Duration::ZERO, |life| life.published).as_secs();
        match seconds / 3_600 {
            0 => format!("{seconds} seconds"),
            hours => format!("{hours} hours"),
        }
    }

    /// What is lost with a key.
    pub(super) const fn loss(self) -> &'static str {
        match self {
            Self::AccessToken => "Access tokens it sealed are good nowhere; devices renew them or sign in again.",
            Self::Cookie | Self::Csrf => "People who are just signing in or deciding have to begin again.",
            Self::DeviceCode | Self::UserCode => "Devices that are just being signed in have to begin again.",
            Self::DpopNonce => "Devices that prove a key are given another nonce.",
            Self::Password => {
                "Nobody whose password was set under it can sign in again until an administrator sets a new one."
            }
            Self::RefreshToken => "Devices whose access lasts have to sign in again.",
            Self::SignEdDsa | Self::SignEs256 | Self::SignRs256 => {
                "Tokens it signed are refused as soon as verifiers read the keys again, and by this server at once."
            }
            Self::Subject => "It cannot be retired.",
        }
    }
}

/// Both ways, from one list.
macro_rules! same {
    ($($name:ident),* $(,)?) => {
        impl From<KeyPurpose> for Purpose {
            fn from(purpose: KeyPurpose) -> Self {
                match purpose {
                    $(KeyPurpose::$name => Self::$name,)*
                }
            }
        }

        impl From<Purpose> for KeyPurpose {
            fn from(purpose: Purpose) -> Self {
                match purpose {
                    $(Purpose::$name => Self::$name,)*
                }
            }
        }
    };
}
same! {
    AccessToken, Cookie, Csrf, DeviceCode, DpopNonce, Password, RefreshToken, SignEdDsa, SignEs256, SignRs256, Subject,
    UserCode,
}
