//! What a client's tokens have different: the options of `client add` and `client edit` about them.

use std::time::Duration;

use clap::Args;
use proto::model::{AccessTokenFormat, Demand, Resource, Rotation, SigningAlg, SubjectType, TokenPolicy};

use super::super::options::{Choice, Own, own};
use crate::config::{SubjectKind, option};

/// The terms of tokens that were given.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TokenTerms {
    /// What its access tokens are: "jwt", which APIs check by themselves, or "opaque", for which they ask
    #[arg(long, value_name = "FORMAT", value_parser = Choice::<AccessTokenFormat>::new(), help_heading = "Tokens")]
    access_token_format: Option<AccessTokenFormat>,
    /// Signature algorithm of its access tokens: ES256, RS256, EdDSA, or "default" for what [tokens] says
    #[arg(long, value_name = "ALG", value_parser = own(option::signing_alg), help_heading = "Tokens")]
    access_token_alg: Option<Own<SigningAlg>>,
    /// How long its access tokens are good, such as 5m, or "default"
    #[arg(long, value_name = "TIME", value_parser = own(option::access_lifetime), help_heading = "Tokens")]
    access_lifetime: Option<Own<Duration>>,
    /// A device that does not come back for this long must sign in again, such as 1d, or "default"
    #[arg(long, value_name = "TIME", value_parser = own(option::refresh_idle), help_heading = "Tokens")]
    refresh_idle: Option<Own<Duration>>,
    /// A device must sign in again after this long, such as 7d, or "default"
    #[arg(long, value_name = "TIME", value_parser = own(option::refresh_absolute), help_heading = "Tokens")]
    refresh_absolute: Option<Own<Duration>>,
    /// When a refresh token is replaced: "unbound", with every use unless the client proves who it is
    #[arg(long, value_name = "RULE", value_parser = Choice::<Rotation>::new(), help_heading = "Tokens")]
    refresh_rotation: Option<Rotation>,
    /// Whether its tokens must be bound to a key of the device (RFC 9449)
    #[arg(long, value_name = "RULE", value_parser = Choice::<Demand>::new(), help_heading = "Tokens")]
    dpop: Option<Demand>,
    /// Whether a person has the same subject for it as for other clients, or one of its own
    #[arg(long, value_name = "TYPE", value_parser = Choice::<SubjectKind>::new(), help_heading = "Tokens")]
    subject_type: Option<SubjectKind>,
    /// Clients with the same one share pairwise subjects: a host such as example.com, or "default" for the client alone
    #[arg(long, value_name = "HOST", value_parser = own(option::sector), help_heading = "Tokens")]
    sector: Option<Own<Box<str>>>,
    /// An API that it may name, such as https://api.example.com
    #[arg(long = "resource", value_name = "URI", num_args = 1.., value_parser = resource, help_heading = "Tokens")]
    resources: Vec<Option<Resource>>,
}

impl TokenTerms {
    /// `before` with what was given; `None` when that is nothing.
    ///
    /// # Errors
    /// A sector without pairwise subjects.
    pub(super) fn policy(&self, before: &TokenPolicy) -> Result<Option<TokenPolicy>, String> {
        let policy = TokenPolicy {
            format: self.access_token_format.unwrap_or(before.format),
            alg: self.access_token_alg.map_or(before.alg, Own::value),
            access_lifetime: self.access_lifetime.map_or(before.access_lifetime, Own::value),
            refresh_idle: self.refresh_idle.map_or(before.refresh_idle, Own::value),
            refresh_absolute: self.refresh_absolute.map_or(before.refresh_absolute, Own::value),
            rotation: self.refresh_rotation.unwrap_or(before.rotation),
            dpop: self.dpop.unwrap_or(before.dpop),
            subject: self.subject(&before.subject)?,
            resources: self.resources().unwrap_or_else(|| before.resources.clone()),
        };
        Ok(self.is_given().then_some(policy))
    }

    const fn is_given(&self) -> bool {
        let Self {
            access_token_format,
            access_token_alg,
            access_lifetime,
            refresh_idle,
            refresh_absolute,
            refresh_rotation,
            dpop,
            subject_type,
            sector,
            resources,
        } = self;
        access_token_format.is_some()
            || access_token_alg.is_some()
            || access_lifetime.is_some()
            || refresh_idle.is_some()
            || refresh_absolute.is_some()
            || refresh_rotation.is_some()
            || dpop.is_some()
            || subject_type.is_some()
            || sector.is_some()
            || !resources.is_empty()
    }

    fn subject(&self, before: &SubjectType) -> Result<SubjectType, String> {
        let kind = self.subject_type.unwrap_or(SubjectKind::of(before));
        match (kind, &self.sector, before) {
            (SubjectKind::Public, Some(Own::Is(_)), _) => {
                Err("a sector is for pairwise subjects; add --subject-type pairwise".to_owned())
            }
            (SubjectKind::Public, Some(Own::Default) | None, _) => Ok(SubjectType::Public),
            (SubjectKind::Pairwise, Some(sector), _) => Ok(SubjectType::Pairwise(sector.clone().value())),
            (SubjectKind::Pairwise, None, SubjectType::Pairwise(sector)) => Ok(SubjectType::Pairwise(sector.clone())),
            (SubjectKind::Pairwise, None, SubjectType::Public) => Ok(SubjectType::Pairwise(None)),
        }
    }

    /// The APIs, each once, if any were given; an empty text among them stands for none.
    fn resources(&self) -> Option<Vec<Resource>> {
        let mut all: Vec<Resource> = Vec::new();
        for resource in self.resources.iter().flatten() {
            if !all.contains(resource) {
                all.push(resource.clone());
            }
        }
        (!self.resources.is_empty()).then_some(all)
    }
}

fn resource(text: &str) -> Result<Option<Resource>, String> {
    if text.is_empty() { Ok(None) } else { option::resource(text).map(Some) }
}
