//! What a grant and its tokens are bound to beside their client, and whether a token request keeps to it: a DPoP key
//! (RFC 9449), a PKCE verifier (RFC 7636), resources (RFC 8707).

use super::Refusal;
use crate::model::{Client, CodeChallenge, Demand, KeyThumbprint, Resource};

/// What a token request carries beside its code or token.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried<'a> {
    /// The key of its DPoP proof, which was found good.
    pub dpop: Option<KeyThumbprint>,
    /// `code_verifier`.
    pub code_verifier: Option<&'a str>,
    /// `resource`: less than what was granted.
    pub resources: &'a [Resource],
}

/// Whether a request with a proof under `carried` may do anything with what is bound to `bound` (DPD-3).
///
/// # Errors
/// The proof is missing although the key is known or the client must always send one, or it is under another key.
pub fn check_key(bound: Option<KeyThumbprint>, carried: Option<KeyThumbprint>, client: &Client) -> Result<(), Refusal> {
    match (bound, carried, client.tokens.dpop) {
        (Some(bound), Some(carried), _) if bound == carried => Ok(()),
        (Some(_), Some(_), _) => Err(Refusal::DpopKeyForeign),
        (Some(_), None, _) | (None, None, Demand::Required) => Err(Refusal::DpopMissing),
        (None, Some(_), _) | (None, None, Demand::Optional) => Ok(()),
    }
}

/// Whether the verifier fits (RFC 7636 §4.6). Without a challenge none is looked at.
///
/// # Errors
/// It is missing, or does not.
pub(super) fn check_verifier(challenge: Option<CodeChallenge>, verifier: Option<&str>) -> Result<(), Refusal> {
    match (challenge, verifier) {
        (None, _) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => Ok(()),
        (Some(_), _) => Err(Refusal::VerifierWrong),
    }
}

/// Whether `client` may name all of these APIs.
pub(super) fn may_name(client: &Client, resources: &[Resource]) -> bool {
    resources.iter().all(|resource| client.tokens.resources.contains(resource))
}

/// What a token is for: what was asked for now, out of what was granted (RI-4).
///
/// # Errors
/// It is more.
pub(super) fn narrowed(granted: &[Resource], asked: &[Resource]) -> Result<Vec<Resource>, Refusal> {
    if asked.is_empty() {
        Ok(granted.to_vec())
    } else if asked.iter().all(|resource| granted.contains(resource)) {
        Ok(asked.to_vec())
    } else {
        Err(Refusal::ResourceNotAllowed)
    }
}

/// Reads `resource` parameters; repeated ones count once.
///
/// # Errors
/// One is no resource indicator, or there are too many.
pub fn read_resources<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Resource>, Refusal> {
    let mut resources = Vec::new();
    for text in texts {
        let resource = Resource::parse(text).ok_or(Refusal::ResourceMalformed)?;
        if !resources.contains(&resource) {
            resources.push(resource);
        }
    }
    if resources.len() > Resource::MOST { Err(Refusal::ResourceMalformed) } else { Ok(resources) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::fixture::client;
    use crate::model::AuthMethod;

    #[test]
    fn dpd_3_dp_5_1_1_every_combination_of_bound_and_carried_key_and_of_demand() {
        let key = |byte| Some(KeyThumbprint::from_bytes([byte; 32]));
        for (bound, carried, demand, expected) in [
            (None, None, Demand::Optional, Ok(())),
            (None, key(1), Demand::Optional, Ok(())),
            (None, None, Demand::Required, Err(Refusal::DpopMissing)),
            (None, key(1), Demand::Required, Ok(())),
            (key(1), key(1), Demand::Optional, Ok(())),
            (key(1), key(2), Demand::Optional, Err(Refusal::DpopKeyForeign)),
            (key(1), None, Demand::Optional, Err(Refusal::DpopMissing)),
            (key(1), key(1), Demand::Required, Ok(())),
            (key(1), key(2), Demand::Required, Err(Refusal::DpopKeyForeign)),
            (key(1), None, Demand::Required, Err(Refusal::DpopMissing)),
        ] {
            let mut client = client("tv", AuthMethod::None);
            client.tokens.dpop = demand;
            assert_eq!(check_key(bound, carried, &client), expected, "{bound:?} {carried:?} {demand:?}");
        }
    }

    #[test]
    fn df_x_1_a_challenge_demands_its_verifier() {
        let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let verifier = Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(check_verifier(challenge, verifier), Ok(()));
        assert_eq!(check_verifier(None, None), Ok(()));
        assert_eq!(check_verifier(None, verifier), Ok(()));
        assert_eq!(check_verifier(challenge, None), Err(Refusal::VerifierWrong));
        assert_eq!(check_verifier(challenge, Some("x")), Err(Refusal::VerifierWrong));
    }

    #[test]
    fn ri_4_a_token_request_only_narrows() {
        let [a, b, c] = ["https://a", "https://b", "https://c"].map(|text| Resource::parse(text).unwrap());
        let granted = [a.clone(), b.clone()];
        assert_eq!(narrowed(&granted, &[]), Ok(granted.to_vec()));
        assert_eq!(narrowed(&granted, std::slice::from_ref(&b)), Ok(vec![b.clone()]));
        assert_eq!(narrowed(&granted, &[b, c]), Err(Refusal::ResourceNotAllowed));
        assert_eq!(narrowed(&[], &[a]), Err(Refusal::ResourceNotAllowed));
    }

    #[test]
    fn ri_1_ri_2_resources_are_read_whole_or_not_at_all() {
        assert_eq!(read_resources(["https://a", "https://a"]).unwrap().len(), 1);
        assert_eq!(read_resources(["https://a", "b"]), Err(Refusal::ResourceMalformed));
        let many: Vec<String> = (0..=Resource::MOST).map(|n| format!("https://api{n}.example")).collect();
        assert_eq!(read_resources(many.iter().map(String::as_str)), Err(Refusal::ResourceMalformed));
        assert!(read_resources(many.iter().skip(1).map(String::as_str)).is_ok());
    }
}
