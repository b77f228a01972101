//! The device authorization endpoint: its success, its scopes, its codes (RFC 8628 §3.1, §3.2).

use std::collections::HashSet;

use proto::model::{Client, Scope};
use proto::secret::Alphabet;

use super::support::{AUTHORIZATION, Caller, members};
use crate::support::{ISSUER, TestApp, client};

#[tokio::test]
async fn df_3_2_1_df_3_2_2_df_3_2_11_df_7_1_the_reply_and_its_types() {
    let app = TestApp::new().await;
    let answer = Caller::tv().call(AUTHORIZATION, "scope=openid").send(&app).await;
    let body = answer.json();
    let text = |member: &str| body[member].as_str().unwrap().to_owned();
    let (device_code, user_code) = (text("device_code"), text("user_code"));
    let shown = answer.show().replace(&device_code, "DEVICE").replace(&user_code, "USER");
    insta::assert_snapshot!(shown, @r#"
    200
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    {"device_code":"DEVICE","user_code":"USER","verification_uri":"https://id.example.com/device","verification_uri_complete":"https://id.example.com/D/USER","expires_in":600,"interval":5}
    "#);
    assert_eq!(members(&body).len(), answer.body().matches("\":").count(), "no member twice");
    assert!(device_code.starts_with("dc_") && device_code.len() == 67, "{device_code}");
    let letters = |part: &str| part.len() == 4 && part.chars().all(|c| "BCDFGHJKLMNPQRSTVWXZ".contains(c));
    assert!(user_code.split('-').count() == 2 && user_code.split('-').all(letters), "{user_code}");
}

#[tokio::test]
async fn df_3_2_5_df_3_3_8_the_address_is_short_and_holds_no_code() {
    let app = TestApp::with(|settings| settings.verification_uri = "https://example.com/tv".into(), "").await;
    let answer = Caller::tv().call(AUTHORIZATION, "").send(&app).await;
    assert_eq!(answer.text("verification_uri"), "https://example.com/tv");
    let complete = format!("{ISSUER}/D/{}", answer.text("user_code"));
    assert_eq!(answer.text("verification_uri_complete"), complete);
}

#[tokio::test]
async fn clients_may_have_terms_of_their_own() {
    let app = TestApp::new().await;
    let seconds = std::time::Duration::from_secs;
    let device = proto::model::DevicePolicy {
        alphabet: Some(Alphabet::Digits),
        hold: Some(seconds(10)),
        interval: Some(seconds(2)),
        lifetime: Some(seconds(90)),
        ..proto::model::DevicePolicy::default()
    };
    let radio = Caller::register_as(&app, Client { device, ..client("radio", "Radio") }).await;
    let body = radio.call(AUTHORIZATION, "").send(&app).await.json();
    assert_eq!((body["expires_in"].as_u64(), body["interval"].as_u64()), (Some(90), Some(2)));
    let digits = body["user_code"].as_str().unwrap().replace('-', "");
    assert!(digits.len() == 11 && digits.bytes().all(|b| b.is_ascii_digit()), "{digits}");
}

#[tokio::test]
async fn df_3_1_7_oa_3_3_1_scopes_are_tokens_in_any_order_with_their_case() {
    let app = TestApp::new().await;
    for (scope, answered) in [
        ("openid", "none"),
        ("profile+openid", "none"),
        ("openid+openid", "none"),
        ("+openid++profile+", "none"),
        ("openid+offline_access", "none"),
        ("OpenID", "invalid_scope"),
        ("openid,profile", "invalid_scope"),
        ("openid+admin", "invalid_scope"),
        ("%22openid%22", "invalid_scope"),
        ("open%5Cid", "invalid_scope"),
        ("openid%0Aprofile", "invalid_scope"),
        ("openid%09profile", "invalid_scope"),
        ("%C3%B6ffnen", "invalid_scope"),
        ("openid%00", "invalid_scope"),
        ("openid%7F", "invalid_scope"),
    ] {
        let answer = Caller::tv().call(AUTHORIZATION, &format!("scope={scope}")).send(&app).await;
        assert_eq!(answer.refusal().1, answered, "{scope}: {}", answer.body());
    }
    let long = Caller::tv().call(AUTHORIZATION, &format!("scope={}", "x".repeat(8_000))).send(&app).await;
    assert_eq!(long.refusal(), (400, "invalid_scope".to_owned()));
}

#[tokio::test]
async fn df_3_1_7_oa_3_3_2_the_granted_scope_is_always_told() {
    let app = TestApp::new().await;
    for (asked, granted) in [
        ("", "openid profile email"),
        ("openid", "openid"),
        ("email+openid", "email openid"),
        ("openid+openid", "openid"),
        ("offline_access+profile", "offline_access profile"),
    ] {
        let answer = Caller::tv().signed_in(&app, asked).await;
        let scope = answer.text("scope");
        let sorted = |scope: &str| scope.split(' ').map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(sorted(&scope), sorted(granted), "{asked}");
        assert_eq!(scope.split(' ').count(), sorted(granted).len(), "{scope}");
    }
    let nothing = Client { scopes: Scope::parse("").unwrap(), ..client("bare", "Bare") };
    let bare = Caller::register_as(&app, nothing).await.signed_in(&app, "").await;
    assert_eq!(bare.text("scope"), "");
    assert!(bare.json().get("id_token").is_none());
}

#[tokio::test]
async fn df_3_2_3_codes_are_unique_and_cf_11_cf_16_grow_with_their_number_and_have_a_cap() {
    let app = TestApp::with(
        |settings| {
            settings.limits.pending_grants_per_network = 10_000;
            settings.limits.pending_grants = 2_700;
        },
        "",
    )
    .await;
    let (mut device_codes, mut user_codes) = (HashSet::new(), HashSet::new());
    let mut longest = 0;
    for live in 0_u64..2_700 {
        let started = Caller::tv().start(&app, "").await;
        let length = started.user_code.replace('-', "").len();
        assert!(length >= longest, "never shorter while there are more");
        longest = length;
        // A guess hits one of the live codes: one in ten million at most.
        let space = 20_u64.pow(u32::try_from(length).unwrap());
        assert!(space / live.max(1) >= 10_000_000, "{length} letters among {live}");
        assert!(device_codes.insert(started.device_code) && user_codes.insert(started.user_code));
    }
    assert_eq!(longest, 9);
    insta::assert_snapshot!(Caller::tv().call(AUTHORIZATION, "").send(&app).await.show(), @r#"
    429
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    retry-after: 30
    {"error":"temporarily_unavailable","error_description":"too many codes are waiting"}
    "#);
    // Others are not pushed out, and places come back.
    app.advance(600);
    (0..app.flow.waiting_room().shards()).for_each(|shard| app.flow.waiting_room().sweep(shard, app.env.now()));
    assert_eq!(Caller::tv().call(AUTHORIZATION, "").send(&app).await.status, 200);
}

#[tokio::test]
async fn cf_16_one_network_has_its_own_cap() {
    let app = TestApp::with(|settings| settings.limits.pending_grants_per_network = 3, "").await;
    for status in [200, 200, 200, 429] {
        assert_eq!(Caller::tv().call(AUTHORIZATION, "").send(&app).await.status, status);
    }
    app.device_of("tv", crate::support::ELSEWHERE, "openid").await;
}
