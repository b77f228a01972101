//! Whether what a client says about itself goes together and is allowed (RFC 7591 §2 and §2.1, CF-3).

use super::Refusal;
use crate::grant::start::OFFLINE_ACCESS;
use crate::model::{AuthMethod, Ceiling, ClientKeys, Demand, GrantType, Scope, SigningAlg, SubjectType};
use crate::wire::is_invisible;
use crate::wire::registration::ClientMetadata;
use crate::wire::token::{GRANT_TYPE_DEVICE_CODE, GRANT_TYPE_REFRESH_TOKEN};

/// Characters of the longest name.
const MOST_NAME: usize = 64;
/// Characters of the longest `software_id` and `software_version`.
const MOST_SOFTWARE: usize = 255;

/// Keys that a client offers, found to be usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedKeys {
    /// The keys.
    pub keys: ClientKeys,
    /// What they are for; `None` where they must be fetched first.
    pub algs: Option<Vec<SigningAlg>>,
}

/// When a client says something about itself: what it leaves out has another meaning each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It registers. What it leaves out has its default (RFC 7591 §2).
    Registration,
    /// It changes its registration. What it leaves out is to go (RFC 7592 §2.2).
    Update,
}

/// What can be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrable {
    pub(super) name: Option<String>,
    pub(super) auth: AuthMethod,
    pub(super) keys: Option<ClientKeys>,
    pub(super) assertion_alg: Option<SigningAlg>,
    pub(super) grants: Vec<GrantType>,
    pub(super) scopes: Scope,
    pub(super) id_token_alg: SigningAlg,
    pub(super) dpop: Demand,
    pub(super) subject: SubjectType,
    pub(super) software_id: Option<Box<str>>,
    pub(super) software_version: Option<Box<str>>,
}

/// Judges what a client says, with the keys it offers, against what it may be at most. What is beyond that is refused and
/// not silently left out: a client that got less than it asked for would find out in front of a person.
///
/// # Errors
/// The first thing that does not go together or is not allowed.
pub fn judge(
    metadata: &ClientMetadata,
    offered: Option<OfferedKeys>,
    ceiling: &Ceiling,
    occasion: Occasion,
) -> Result<Registrable, Refusal> {
    if !metadata.redirect_uris.is_empty() {
        return Err(Refusal::RedirectUris);
    }
    // Its default goes with authorization_code, which nobody can register here.
    if metadata.response_types.as_ref().is_some_and(|types| !types.is_empty()) {
        return Err(Refusal::ResponseTypes);
    }
    let grants = grants(metadata, ceiling, occasion)?;
    let scopes = scopes(metadata, &grants, ceiling, occasion)?;
    let auth = match metadata.token_endpoint_auth_method.as_deref() {
        None | Some("client_secret_basic") => AuthMethod::ClientSecretBasic,
        Some("client_secret_post") => AuthMethod::ClientSecretPost,
        Some("none") => AuthMethod::None,
        Some("private_key_jwt") => AuthMethod::PrivateKeyJwt,
        Some(_) => return Err(Refusal::AuthMethod),
    };
    let assertion_alg = assertion_alg(metadata, auth, offered.as_ref())?;
    let id_token_alg = match metadata.id_token_signed_response_alg.as_deref() {
        None => SigningAlg::Rs256,
        Some(name) => signing_alg(name).ok_or(Refusal::IdTokenAlg)?,
    };
    if metadata.sector_identifier_uri.is_some() {
        return Err(Refusal::Sector);
    }
    let subject = match metadata.subject_type.as_deref() {
        None | Some("public") => SubjectType::Public,
        Some("pairwise") => SubjectType::Pairwise(None),
        Some(_) => return Err(Refusal::SubjectType),
    };
    Ok(Registrable {
        name: metadata.client_name.as_deref().map(|name| line(name, MOST_NAME, Refusal::Name)).transpose()?,
        auth,
        keys: offered.map(|offered| offered.keys),
        assertion_alg,
        grants,
        scopes,
        id_token_alg,
        dpop: if metadata.dpop_bound_access_tokens == Some(true) { Demand::Required } else { Demand::Optional },
        subject,
        software_id: software(metadata.software_id.as_deref())?,
        software_version: software(metadata.software_version.as_deref())?,
    })
}

fn grants(metadata: &ClientMetadata, ceiling: &Ceiling, occasion: Occasion) -> Result<Vec<GrantType>, Refusal> {
    let names = match (&metadata.grant_types, occasion) {
        (Some(names), _) => names.as_slice(),
        (None, Occasion::Update) => &[],
        (None, Occasion::Registration) => return Err(Refusal::GrantTypesMissing),
    };
    let mut grants = Vec::new();
    for name in names {
        let grant = match name.as_str() {
            GRANT_TYPE_DEVICE_CODE => GrantType::DeviceCode,
            GRANT_TYPE_REFRESH_TOKEN => GrantType::RefreshToken,
            _ => return Err(Refusal::GrantTypesUnknown),
        };
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    if grants.contains(&GrantType::RefreshToken) && !grants.contains(&GrantType::DeviceCode) {
        return Err(Refusal::GrantTypesUnknown);
    }
    if grants.iter().all(|grant| ceiling.grants.contains(grant)) { Ok(grants) } else { Err(Refusal::GrantTypesBeyond) }
}

fn scopes(
    metadata: &ClientMetadata,
    grants: &[GrantType],
    ceiling: &Ceiling,
    occasion: Occasion,
) -> Result<Scope, Refusal> {
    match (metadata.scope.as_deref(), occasion) {
        (Some(scope), _) => {
            let scopes = Scope::parse(scope).map_err(|_| Refusal::ScopeMalformed)?;
            if scopes.is_subset(&ceiling.scopes) { Ok(scopes) } else { Err(Refusal::ScopeBeyond) }
        }
        (None, Occasion::Update) => Ok(Scope::default()),
        (None, Occasion::Registration) => {
            // Lasting access is of no use to who cannot refresh.
            let lasting = grants.contains(&GrantType::RefreshToken);
            let all: Vec<&str> = ceiling.scopes.iter().filter(|token| lasting || *token != OFFLINE_ACCESS).collect();
            Scope::parse(&all.join(" ")).map_err(|_| Refusal::ScopeMalformed)
        }
    }
}

/// Keys and their algorithm go with a client that signs, and a client that signs has keys.
fn assertion_alg(
    metadata: &ClientMetadata,
    auth: AuthMethod,
    offered: Option<&OfferedKeys>,
) -> Result<Option<SigningAlg>, Refusal> {
    let signs = auth == AuthMethod::PrivateKeyJwt;
    let offered = match (signs, offered) {
        (true, None) => return Err(Refusal::JwksMissing),
        (false, Some(_)) => return Err(Refusal::JwksUnused),
        (_, offered) => offered,
    };
    let Some(name) = metadata.token_endpoint_auth_signing_alg.as_deref() else { return Ok(None) };
    let alg = signing_alg(name).filter(|_| signs).ok_or(Refusal::AssertionAlg)?;
    let algs = offered.and_then(|offered| offered.algs.as_ref());
    if algs.is_none_or(|algs| algs.contains(&alg)) { Ok(Some(alg)) } else { Err(Refusal::AssertionAlg) }
}

fn signing_alg(name: &str) -> Option<SigningAlg> {
    match name {
        "EdDSA" | "Ed25519" => Some(SigningAlg::EdDsa),
        "ES256" => Some(SigningAlg::Es256),
        "RS256" => Some(SigningAlg::Rs256),
        _ => None,
    }
}

fn software(text: Option<&str>) -> Result<Option<Box<str>>, Refusal> {
    text.map(|text| line(text, MOST_SOFTWARE, Refusal::Software).map(String::into_boxed_str)).transpose()
}

/// A text of one line on which everything can be seen.
fn line(text: &str, most: usize, otherwise: Refusal) -> Result<String, Refusal> {
    let text = text.trim();
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || is_invisible(c));
    if fits { Ok(text.to_owned()) } else { Err(otherwise) }
}
