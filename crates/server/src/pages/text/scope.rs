//! Scopes in words: each reads after "It will be able to".

use super::quoted;
use crate::pages::view::{PermissionKind, Plain};

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

/// What `scope` is about (OpenID Connect Core §5.4, §11).
#[must_use]
pub fn kind(scope: &str) -> PermissionKind {
    match scope {
        "openid" | "profile" => PermissionKind::Identity,
        "email" | "phone" | "address" => PermissionKind::Contact,
        "offline_access" => PermissionKind::Lasting,
        _ => PermissionKind::Other,
    }
}
