//! What every kind of token says, and of whom.

use serde_json::{Value, json};

use super::*;
use crate::entropy::Seeded;
use crate::grant::authenticate::{Endpoint, authenticate};
use crate::grant::bind::Carried;
use crate::grant::fixture::{T0, client, credentials, grant, issuer, lifetimes, mac_key, session, user};
use crate::grant::redeem::{Redeem, Scene, redeem};
use crate::model::{Approval, AuthMethod, Family, Grant, GrantState};

/// When the tokens are issued, not on a whole second.
const NOW: Timestamp = Timestamp::from_millis(T0.as_millis() + 90_600);

/// What a grant of `scope`, approved by the first person, is worth to the client.
fn minted(scope: &str) -> (Minting, Family) {
    minted_for(&client("tv", AuthMethod::None), scope, Carried::default(), |_| ())
}

fn minted_for(
    client: &Client,
    scope: &str,
    carried: Carried<'_>,
    change: impl FnOnce(&mut Grant),
) -> (Minting, Family) {
    let user = user(1);
    let session = session(1, &user);
    let approval = Approval {
        at: T0,
        user_id: user.id,
        session_id: session.id,
        auth_time: session.auth_time,
        amr: session.amr.clone(),
    };
    let scope = Scope::parse(scope).unwrap();
    let mut grant = Grant { scope, state: GrantState::Approved(approval), ..grant(client) };
    change(&mut grant);
    let scene = Scene { grant: &grant, client: Some(client), user: Some(&user), session: Some(&session), family: None };
    let caller = authenticate(Some(client), &credentials(client), Endpoint::Token).unwrap();
    let decision = redeem(scene, caller, carried, lifetimes(), NOW, &mut Seeded::new(1));
    let Redeem::Issue(issue) = decision.reply else { panic!("refused") };
    let family = issue.family.clone();
    (mint(*issue, issuer(&mac_key(9)), "jti-1".to_owned(), NOW), family)
}

fn id_claims(scope: &str) -> Value {
    serde_json::to_value(minted(scope).0.id.unwrap().bound_to("hash".to_owned())).unwrap()
}

#[test]
fn at_2_2_1_at_2_2_2_at_3_1_at_2_2_1_1_at_2_2_3_1_claims_of_an_access_token() {
    let (minting, family) = minted("openid profile");
    let now = NOW.as_seconds();
    let expected = json!({
        "iss": "https://id.example.com", "sub": user(1).id.to_string(), "aud": "https://api.example.com",
        "client_id": "tv", "iat": now, "exp": now + 600, "jti": "jti-1", "scope": "openid profile",
        "auth_time": T0.as_seconds() - 3_600, "acr": "urn:countersign:acr:one-factor", "amr": ["pwd"], "family": family.id.to_string(),
    });
    assert_eq!(serde_json::to_value(&minting.access).unwrap(), expected);
    assert_ne!(expected["sub"], expected["client_id"]);
    assert_eq!((minting.expires_in, minting.family_id), (600, family.id));
    assert_eq!(ACCESS_TOKEN_TYP, "at+jwt");
}

#[test]
fn oa_3_3_2_the_granted_scope_is_always_told_and_an_empty_one_is_no_claim() {
    let (minting, _) = minted("email");
    assert_eq!(minting.scope.to_string(), "email");
    let (nothing, _) = minted("");
    assert!(nothing.scope.is_empty());
    assert_eq!(serde_json::to_value(&nothing.access).unwrap().get("scope"), None);
}

#[test]
fn oi_1_an_id_token_is_issued_only_for_openid() {
    for (scope, expected) in
        [("openid", true), ("profile openid", true), ("profile", false), ("", false), ("email", false)]
    {
        assert_eq!(minted(scope).0.id.is_some(), expected, "{scope:?}");
    }
    assert_eq!(minted("openid").0.id_token_alg, SigningAlg::Rs256);
}

#[test]
fn oi_2_oi_3_oi_4_oi_5_claims_of_an_id_token() {
    let now = NOW.as_seconds();
    let sub = user(1).id.to_string();
    let expected = json!({
        "iss": "https://id.example.com", "sub": sub, "aud": "tv", "iat": now, "exp": now + 600,
        "auth_time": T0.as_seconds() - 3_600, "acr": "urn:countersign:acr:one-factor", "amr": ["pwd"], "at_hash": "hash",
    });
    assert_eq!(id_claims("openid"), expected, "and no nonce");
    assert!(sub.is_ascii() && sub.len() <= 255);
}

#[test]
fn oi_9_claims_about_the_person_follow_the_scopes_in_both_places_and_the_subject_is_one() {
    for (scope, about) in [
        ("openid", json!({})),
        ("openid profile", json!({"name": "Person 1", "preferred_username": "person1"})),
        ("openid email", json!({"email": "person1@example.com"})),
        (
            "openid email profile",
            json!({"name": "Person 1", "preferred_username": "person1", "email": "person1@example.com"}),
        ),
    ] {
        let (_, family) = minted(scope);
        let mut expected = about.clone();
        expected["sub"] = user(1).id.to_string().into();
        assert_eq!(
            serde_json::to_value(UserInfo::of(&user(1), &family.scope, &client("tv", AuthMethod::None), &mac_key(9)))
                .unwrap(),
            expected,
            "{scope}"
        );
        let claims = id_claims(scope);
        for name in ["sub", "name", "preferred_username", "email"] {
            assert_eq!(claims.get(name), expected.get(name), "{scope} {name}");
        }
    }
}

#[test]
fn a_person_without_name_and_address_has_no_such_claims() {
    let nobody = User { display_name: None, email: None, ..user(1) };
    let claims = PersonClaims::of(&nobody, &Scope::parse("profile email").unwrap());
    assert_eq!(serde_json::to_value(claims).unwrap(), json!({"preferred_username": "person1"}));
}

#[test]
fn dp_6_1_1_ri_3_at_5_1_a_token_names_its_key_and_its_apis() {
    let [photos, mail] =
        ["https://photos.example.com", "https://mail.example.com"].map(|t| Resource::parse(t).unwrap());
    let key = KeyThumbprint::from_bytes([7; 32]);
    let mut client = client("tv", AuthMethod::None);
    let all = vec![photos.clone(), mail.clone()];
    client.tokens.resources.clone_from(&all);
    let carried = Carried { dpop: Some(key), ..Carried::default() };
    let (minting, family) = minted_for(&client, "openid", carried, |grant| grant.resources.clone_from(&all));
    let claims = serde_json::to_value(&minting.access).unwrap();
    assert_eq!(claims["aud"], json!([photos.as_str(), mail.as_str()]));
    assert_eq!(claims["cnf"], json!({"jkt": key.to_string()}));
    assert!(minting.is_bound && family.dpop == Some(key) && family.resources == all);
    let one = Carried { resources: std::slice::from_ref(&mail), ..Carried::default() };
    let (minting, family) = minted_for(&client, "openid", one, |grant| grant.resources.clone_from(&all));
    let claims = serde_json::to_value(&minting.access).unwrap();
    assert_eq!((&claims["aud"], claims.get("cnf")), (&json!(mail.as_str()), None));
    assert!(!minting.is_bound && family.resources == all, "a narrowed token leaves the grant whole");
}

#[test]
fn oi_12_pairwise_subjects_are_one_per_sector_and_work_without_redirect_uris() {
    let with = |id: &str, subject| {
        let mut client = client(id, AuthMethod::None);
        client.tokens.subject = subject;
        minted_for(&client, "openid", Carried::default(), |_| ()).0
    };
    let sub = |minting: &Minting| (minting.access.sub.clone(), minting.id.as_ref().unwrap().sub.clone());
    let sector = |name: &str| SubjectType::Pairwise(Some(name.into()));
    let (a, same) = sub(&with("a", SubjectType::Pairwise(None)));
    assert_eq!(a, same, "the same in both tokens");
    assert!(a.len() == 43 && a != user(1).id.to_string());
    assert_ne!(a, sub(&with("b", SubjectType::Pairwise(None))).0);
    assert_ne!(a, sub(&with("b", sector("a"))).0, "a sector is not the client of that name");
    assert_eq!(sub(&with("a", sector("s"))), sub(&with("b", sector("s"))));
    assert_eq!(sub(&with("a", SubjectType::Public)).0, user(1).id.to_string());
}

#[test]
fn what_the_client_has_different_is_minted() {
    let mut client = client("tv", AuthMethod::None);
    client.tokens.format = AccessTokenFormat::Opaque;
    client.tokens.alg = Some(SigningAlg::EdDsa);
    client.tokens.access_lifetime = Some(std::time::Duration::from_secs(60));
    let (minting, _) = minted_for(&client, "openid", Carried::default(), |_| ());
    assert_eq!(
        (minting.format, minting.access_alg, minting.expires_in),
        (AccessTokenFormat::Opaque, Some(SigningAlg::EdDsa), 60)
    );
}
