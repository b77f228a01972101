//! Values that are one of a few names.

use flow::DpopPolicy;
use proto::model::{
    AccessTokenFormat, AuthMethod, Demand, DeviceAuth, GrantType, LinkPolicy, Rotation, SigningAlg, SubjectType,
};
use proto::secret::Alphabet;
use server::telemetry::LogFormat;
use toml::Value;

use super::input::{Input, quoted};
use super::kinds::Read;
use super::nearest::nearest;
use super::shown::Shown;

/// What `sub` says of a person (OpenID Connect Core §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubjectKind {
    /// Another subject for each sector.
    Pairwise,
    /// The same subject for every client.
    Public,
}

impl SubjectKind {
    /// Which of them it is.
    pub(crate) const fn of(subject: &SubjectType) -> Self {
        match subject {
            SubjectType::Pairwise(_) => Self::Pairwise,
            SubjectType::Public => Self::Public,
        }
    }
}

/// A type whose values have names in the configuration.
pub(crate) trait Named: Copy + PartialEq + 'static {
    /// The names. Where a value has several, the first is shown.
    const NAMES: &'static [(&'static str, Self)];
    /// Names that mean something which does not exist yet.
    const LATER: &'static [&'static str] = &[];
}

impl Named for AccessTokenFormat {
    const NAMES: &'static [(&'static str, Self)] = &[("jwt", Self::Jwt), ("opaque", Self::Opaque)];
}

impl Named for Alphabet {
    const NAMES: &'static [(&'static str, Self)] = &[("base20", Self::Base20), ("digits", Self::Digits)];
}

impl Named for AuthMethod {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("client_secret_basic", Self::ClientSecretBasic),
        ("client_secret_post", Self::ClientSecretPost),
        ("private_key_jwt", Self::PrivateKeyJwt),
    ];
}

impl Named for Demand {
    const NAMES: &'static [(&'static str, Self)] = &[("optional", Self::Optional), ("required", Self::Required)];
}

impl Named for DeviceAuth {
    const NAMES: &'static [(&'static str, Self)] = &[("required", Self::Required), ("optional", Self::Optional)];
}

impl Named for DpopPolicy {
    const NAMES: &'static [(&'static str, Self)] = &[("required", Self::Nonce), ("off", Self::Clock)];
}

impl Named for GrantType {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("device", Self::DeviceCode),
        ("refresh_token", Self::RefreshToken),
        ("urn:ietf:params:oauth:grant-type:device_code", Self::DeviceCode),
    ];
    const LATER: &'static [&'static str] =
        &["authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"];
}

impl Named for LinkPolicy {
    const NAMES: &'static [(&'static str, Self)] =
        &[("same_network", Self::SameNetwork), ("always", Self::Always), ("never", Self::Never)];
}

impl Named for LogFormat {
    const NAMES: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}

impl Named for Rotation {
    const NAMES: &'static [(&'static str, Self)] = &[("unbound", Self::Unbound), ("always", Self::Always)];
}

impl Named for SigningAlg {
    const NAMES: &'static [(&'static str, Self)] =
        &[("ES256", Self::Es256), ("RS256", Self::Rs256), ("EdDSA", Self::EdDsa), ("Ed25519", Self::EdDsa)];
}

impl Named for SubjectKind {
    const NAMES: &'static [(&'static str, Self)] = &[("public", Self::Public), ("pairwise", Self::Pairwise)];
}

/// The name of a value.
pub(crate) fn name<T: Named>(value: T) -> &'static str {
    T::NAMES.iter().find(|(_, other)| *other == value).map_or("", |(name, _)| *name)
}

impl<T: Named> Shown for T {
    fn shown(&self) -> Option<Value> {
        Some(Value::String(name(*self).to_owned()))
    }
}

/// One of the names of `T`.
pub(super) fn choice<T: Named>(input: &Input<'_>) -> Read<T> {
    let names = || T::NAMES.iter().map(|(name, _)| *name);
    let expected = one_of(names());
    let text = input.text(&expected)?.trim();
    if let Some((_, value)) = T::NAMES.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    if T::LATER.contains(&text) {
        return Err(format!("{text:?} is not yet available in this version; use {expected}"));
    }
    Err(match nearest(text, names()) {
        Some(name) => format!("{} is unknown; did you mean {name:?}?", quoted(text)),
        None => format!("{} is unknown; use {expected}", quoted(text)),
    })
}

/// A list of names of `T`; one that stands there twice counts once.
pub(super) fn choices<T: Named>(input: &Input<'_>) -> Read<Vec<T>> {
    let expected = format!("a list of {}", one_of(T::NAMES.iter().map(|(name, _)| *name)));
    let mut read = Vec::new();
    for member in input.list(&expected)? {
        let value = choice(&member)?;
        if !read.contains(&value) {
            read.push(value);
        }
    }
    Ok(read)
}

fn one_of(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
