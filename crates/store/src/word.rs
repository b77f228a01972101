//! Enumerations as words, and lists of words: the same in every database. Each word stands here once, and both ways follow
//! from it.

use proto::model::{
    AccessTokenFormat, AddressOrigin, Amr, AuthMethod, Demand, DeviceAuth, GrantType, KeyPurpose, KeyState, LinkPolicy,
    RevocationCause, Rotation, SigningAlg, UserState,
};
use proto::secret::Alphabet;

/// An enumeration whose values have words.
pub(crate) trait Word: Sized {
    /// The value of a word.
    fn parse(word: &str) -> Option<Self>;
    /// Its word.
    fn word(&self) -> &'static str;
}

/// The words of a list; none in an empty text.
pub(crate) fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(' ').filter(move |_| !list.is_empty())
}

macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        impl Word for $name {
            fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
            fn word(&self) -> &'static str {
                match self {$(Self::$variant => $word),*}
            }
        }
    )*};
}

words! {
    AccessTokenFormat { Jwt = "jwt", Opaque = "opaque" }
    AddressOrigin { Direct = "direct", Forwarded = "forwarded", Unknown = "unknown" }
    Alphabet { Base20 = "base20", Digits = "digits" }
    Amr { Password = "pwd" }
    AuthMethod {
        None = "none",
        ClientSecretBasic = "client_secret_basic",
        ClientSecretPost = "client_secret_post",
        PrivateKeyJwt = "private_key_jwt",
    }
    Demand { Optional = "optional", Required = "required" }
    DeviceAuth { Required = "required", Optional = "optional" }
    GrantType { DeviceCode = "device_code", RefreshToken = "refresh_token" }
    KeyPurpose {
        AccessToken = "access_token",
        Csrf = "csrf",
        Cookie = "cookie",
        DeviceCode = "device_code",
        DpopNonce = "dpop_nonce",
        UserCode = "user_code",
        Password = "password",
        RefreshToken = "refresh_token",
        SignEdDsa = "sign_eddsa",
        SignEs256 = "sign_es256",
        SignRs256 = "sign_rs256",
        Subject = "subject",
    }
    KeyState { Active = "active", Next = "next", Retired = "retired" }
    LinkPolicy { Always = "always", Never = "never", SameNetwork = "same_network" }
    RevocationCause { Administrator = "administrator", Everywhere = "everywhere", NotMe = "not_me" }
    Rotation { Always = "always", Unbound = "unbound" }
    SigningAlg { EdDsa = "EdDSA", Es256 = "ES256", Rs256 = "RS256" }
    UserState { Active = "active", Locked = "locked" }
}
