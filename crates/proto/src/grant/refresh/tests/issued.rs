//! What a refresh issues: scopes, claims, and for how long.

use super::*;

#[test]
fn oa_6_2_the_scope_may_be_narrowed_and_never_widened_and_left_out_it_is_the_original() {
    let stage = signed_in(AuthMethod::None);
    let (now, all) = (START + secs(10), "openid profile offline_access");
    for (asked, expected) in [
        (None, Some(all)),
        (Some(""), Some(all)),
        (Some(all), Some(all)),
        (Some("offline_access profile openid"), Some("offline_access profile openid")),
        (Some("profile"), Some("profile")),
        (Some("openid profile"), Some("openid profile")),
        // The client may ask for it, and this person was not.
        (Some("email"), None),
        (Some("openid email"), None),
        (Some("Openid"), None),
        (Some("openid profile offline_access admin"), None),
    ] {
        let asked = asked.map(scope);
        let decision = stage.decide(&stage.held, asked.as_ref(), now);
        match (decision.reply, expected) {
            (Refreshed::Issue(issue), Some(expected)) => {
                assert_eq!(issue.scope.to_string(), expected);
                assert_eq!(
                    mint(*issue, issuer(&mac_key(9)), String::new(), now).scope.to_string(),
                    expected,
                    "the client is told"
                );
            }
            (Refreshed::Refuse(refusal), None) => {
                assert_eq!((refusal.code(), decision.changes), (ErrorCode::InvalidScope, vec![]));
            }
            (reply, expected) => panic!("{asked:?}: {reply:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn oa_6_3_sb_4_14_1_the_new_token_is_good_for_all_that_the_old_one_was_whatever_was_asked_for_in_between() {
    let stage = signed_in(AuthMethod::None);
    let now = START + secs(10);
    let narrow = scope("profile");
    let issue = stage.issue(Some(&narrow), now);
    assert_eq!((&issue.scope, &issue.family.scope), (&narrow, &stage.family.scope));
    let (family, held) = (Family { version: 2, ..issue.family }, issue.refresh_token.unwrap());
    let narrowed = stage.with(|stage| (stage.family, stage.held) = (family, held));
    assert_eq!(narrowed.issue(None, now).scope, stage.family.scope);
}

#[test]
fn sb_4_14_4_no_access_token_outlives_its_family_or_the_idle_time_of_its_refresh_token() {
    for auth in ALL {
        let mut stage = signed_in(auth);
        let end = stage.family.expires_at;
        for before in (0..2_400).rev().step_by(300) {
            let now = end - Duration::from_millis(before * 1_000 + 1);
            // Used often enough to get there.
            stage.family.refresh = Some(Refresh { idle_until: end, ..stage.stored() });
            let issue = stage.issue(None, now);
            assert_eq!(issue.access_until, (now + lifetimes().access).min(end));
            assert!(issue.access_until <= issue.family.refresh.unwrap().idle_until);
            let (until, minting) = (issue.access_until, mint(*issue, issuer(&mac_key(9)), String::new(), now));
            let exp = serde_json::to_value(&minting.access).unwrap()["exp"].as_i64().unwrap();
            assert!(exp <= end.as_seconds() && now + secs(minting.expires_in) <= until);
            stage = stage.refreshed(now);
        }
    }
}

#[test]
fn oi_8_an_id_token_of_a_refresh_keeps_iss_sub_aud_and_auth_time_is_issued_anew_and_has_no_nonce() {
    let stage = signed_in(AuthMethod::None);
    let now = START + secs(86_400);
    let claims = |minting: &Minting| serde_json::to_value(minting.id.as_ref().unwrap()).unwrap();
    let minting = mint(*stage.issue(None, now), issuer(&mac_key(9)), "jti-2".to_owned(), now);
    let (first, second) = (claims(&stage.first), claims(&minting));
    for kept in ["iss", "sub", "aud", "auth_time", "amr"] {
        assert_eq!(first[kept], second[kept], "{kept}");
    }
    assert_eq!(second["auth_time"], T0.as_seconds() - 3_600);
    assert_eq!((&first["iat"], &second["iat"]), (&START.as_seconds().into(), &now.as_seconds().into()));
    assert_eq!(second.get("nonce"), None);
    let narrowed = mint(*stage.issue(Some(&scope("profile")), now), issuer(&mac_key(9)), "jti-3".to_owned(), now);
    assert!(narrowed.id.is_none(), "none without openid");
}
