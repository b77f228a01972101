//! What tokens say: the claims of access tokens (RFC 9068 §2.2) and id_tokens (OpenID Connect Core §2).
//!
//! Signing them is the caller's; only a [`MayIssue`] gets here, and it is consumed.

use serde::Serialize;

use super::Issue;
use crate::Timestamp;
use crate::model::{Amr, FamilyId, IdTokenAlg, Scope, User};
use crate::secret::RefreshToken;

/// The scope that asks for an id_token (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// `typ` of an access token (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYP: &str = "at+jwt";

/// Claims of an access token.
#[derive(Clone, Debug, Serialize)]
pub struct AccessTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    auth_time: i64,
    amr: Vec<&'static str>,
    /// Names the family, so that the server itself sees a revocation at once.
    family: String,
}

/// Claims of an id_token. There is no `nonce`: no authentication request carried one (OI-3).
#[derive(Clone, Debug, Serialize)]
pub struct IdTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    auth_time: i64,
    amr: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hash: Option<String>,
    #[serde(flatten)]
    person: PersonClaims,
}

/// Claims about a person, as far as the scopes allow (OpenID Connect Core §5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonClaims {
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they sign in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// Their address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Everything to sign.
#[derive(Clone, Debug)]
pub struct Minting {
    /// The access token.
    pub access: AccessTokenClaims,
    /// The id_token, when `openid` was granted (OI-1).
    pub id: Option<IdTokenClaims>,
    /// How the client wants its id_token signed.
    pub id_token_alg: IdTokenAlg,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// What was granted; sent with every reply (OA-3.3-2).
    pub scope: Scope,
    /// The family.
    pub family_id: FamilyId,
    /// The new refresh token, when there is one.
    pub refresh_token: Option<RefreshToken>,
}

/// Who issues.
#[derive(Clone, Copy, Debug)]
pub struct Issuer<'a> {
    /// The issuer identifier.
    pub issuer: &'a str,
    /// The audience of access tokens for which no resource was named (AT-3-1).
    pub audience: &'a str,
}

/// The claims of what is issued. `jti` is unique. Consumes the right to issue.
#[must_use]
pub fn mint(issue: Issue<'_>, issuer: Issuer<'_>, jti: String, now: Timestamp) -> Minting {
    let Issue { may, auth_time, amr, family, scope, access_until, refresh_token, replaces: _ } = issue;
    let amr: Vec<&'static str> = amr.iter().copied().map(Amr::as_str).collect();
    let sub = may.user().id.to_string();
    let auth_time = auth_time.as_seconds();
    // Never later than the family's own end: NumericDate is rounded down.
    let exp = access_until.as_seconds();
    let access = AccessTokenClaims {
        iss: issuer.issuer.to_owned(),
        sub: sub.clone(),
        aud: issuer.audience.to_owned(),
        client_id: family.client_id.to_string(),
        iat: now.as_seconds(),
        exp,
        jti,
        scope: scope.to_string(),
        auth_time,
        amr: amr.clone(),
        family: family.id.to_string(),
    };
    let id = scope.contains(OPENID).then(|| IdTokenClaims {
        iss: issuer.issuer.to_owned(),
        sub,
        aud: family.client_id.to_string(),
        iat: now.as_seconds(),
        exp,
        auth_time,
        amr,
        at_hash: None,
        person: PersonClaims::of(may.user(), &scope),
    });
    Minting {
        access,
        id,
        id_token_alg: may.client().id_token_alg,
        expires_in: access_until.since(now).as_secs(),
        scope,
        family_id: family.id,
        refresh_token,
    }
}

impl IdTokenClaims {
    /// The same claims, bound to the access token beside it (OpenID Connect Core §3.1.3.6).
    #[must_use]
    pub fn bound_to(mut self, at_hash: String) -> Self {
        self.at_hash = Some(at_hash);
        self
    }
}

impl PersonClaims {
    /// What `scope` lets a client know about `user`.
    #[must_use]
    pub fn of(user: &User, scope: &Scope) -> Self {
        let profile = scope.contains("profile");
        Self {
            name: user.display_name.clone().filter(|_| profile),
            preferred_username: profile.then(|| user.name.to_string()),
            email: user.email.clone().filter(|_| scope.contains("email")),
        }
    }
}

/// What `/oauth2/userinfo` says (OpenID Connect Core §5.3.2).
#[derive(Clone, Debug, Serialize)]
pub struct UserInfo {
    /// The same subject as in the id_token.
    pub sub: String,
    /// What the scopes allow.
    #[serde(flatten)]
    pub person: PersonClaims,
}

impl UserInfo {
    /// What the holder of a token for `scope` may know about `user`.
    #[must_use]
    pub fn of(user: &User, scope: &Scope) -> Self {
        Self { sub: user.id.to_string(), person: PersonClaims::of(user, scope) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::entropy::Seeded;
    use crate::grant::authenticate::{Endpoint, authenticate};
    use crate::grant::fixture::{T0, client, credentials, grant, lifetimes, session, user};
    use crate::grant::redeem::{Redeem, Scene, redeem};
    use crate::model::{Approval, AuthMethod, Family, Grant, GrantState};

    const ISSUER: Issuer<'_> = Issuer { issuer: "https://id.example.com", audience: "https://api.example.com" };
    /// When the tokens are issued, not on a whole second.
    const NOW: Timestamp = Timestamp::from_millis(T0.as_millis() + 90_600);

    /// What a grant of `scope`, approved by the first person, is worth to the client.
    fn minted(scope: &str) -> (Minting, Family) {
        let (client, user) = (client("tv", AuthMethod::None), user(1));
        let session = session(1, &user);
        let approval = Approval {
            at: T0,
            user_id: user.id,
            session_id: session.id,
            auth_time: session.auth_time,
            amr: session.amr.clone(),
        };
        let scope = Scope::parse(scope).unwrap();
        let grant = Grant { scope, state: GrantState::Approved(approval), ..grant(&client) };
        let scene =
            Scene { grant: &grant, client: Some(&client), user: Some(&user), session: Some(&session), family: None };
        let caller = authenticate(Some(&client), &credentials(&client), Endpoint::Token).unwrap();
        let decision = redeem(scene, caller, lifetimes(), NOW, &mut Seeded::new(1));
        let Redeem::Issue(issue) = decision.reply else { panic!("refused") };
        let family = issue.family.clone();
        (mint(*issue, ISSUER, "jti-1".to_owned(), NOW), family)
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
            "auth_time": T0.as_seconds() - 3_600, "amr": ["pwd"], "family": family.id.to_string(),
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
        assert_eq!(minted("openid").0.id_token_alg, IdTokenAlg::Rs256);
    }

    #[test]
    fn oi_2_oi_3_oi_4_oi_5_claims_of_an_id_token() {
        let now = NOW.as_seconds();
        let sub = user(1).id.to_string();
        let expected = json!({
            "iss": "https://id.example.com", "sub": sub, "aud": "tv", "iat": now, "exp": now + 600,
            "auth_time": T0.as_seconds() - 3_600, "amr": ["pwd"], "at_hash": "hash",
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
            assert_eq!(serde_json::to_value(UserInfo::of(&user(1), &family.scope)).unwrap(), expected, "{scope}");
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
}
