//! Scopes in words: each reads after "It will be able to".

use super::quoted;
use crate::pages::view::Plain;

/// Longest scope shown by its own name, in characters.
const SCOPE_MAX: usize = 80;

/// What `scope` allows.
#[must_use]
pub fn words(scope: &str) -> String {
    match scope {
        "openid" => "know that it is you".to_owned(),
        "profile" => "see your name".to_owned(),
        "email" => "see your email address".to_owned(),
        "phone" => "see your phone number".to_owned(),
        "address" => "see your postal address".to_owned(),
        "offline_access" => "keep access until you remove it".to_owned(),
        other => format!("do what this service calls {}", quoted(Plain::new(other, SCOPE_MAX).as_str())),
    }
}

/// Whether `scope` makes access last (OpenID Connect Core §11).
#[must_use]
pub fn is_lasting(scope: &str) -> bool {
    scope == "offline_access"
}
