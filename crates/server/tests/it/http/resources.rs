//! Resource indicators (RFC 8707): the device request says for which APIs, and later requests only for fewer.

use proto::model::{AuthMethod, Client, ClientId, GrantType, Resource};
use serde_json::{Value, json};

use super::support::{AUTHORIZATION, Answer, Call, Caller, INTROSPECT, USERINFO, is_good, part};
use crate::support::{HOME, ISSUER, TestApp, client};

const PHOTOS: &str = "https://photos.example.com";
const MAIL: &str = "https://mail.example.com/v1?tenant=7";
const URN: &str = "urn:example:calendar";
/// One that this client may not name.
const FOREIGN: &str = "https://foreign.example";

fn parsed(texts: &[&str]) -> Vec<Resource> {
    texts.iter().map(|text| Resource::parse(text).unwrap()).collect()
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The parameters that name these.
fn naming(resources: &[&str]) -> String {
    resources.iter().map(|resource| format!("&resource={}", escaped(resource))).collect()
}

async fn device(app: &TestApp, id: &str, resources: &[&str]) -> Caller {
    let mut device = Client { grants: vec![GrantType::DeviceCode, GrantType::RefreshToken], ..client(id, id) };
    device.tokens.resources = parsed(resources);
    device.auth = AuthMethod::ClientSecretPost;
    Caller::register_as(app, device).await
}

async fn api(app: &TestApp, id: &str, resources: &[&str]) -> Caller {
    let mut api =
        Client { auth: AuthMethod::ClientSecretBasic, grants: Vec::new(), introspects: true, ..client(id, id) };
    api.tokens.resources = parsed(resources);
    Caller::register_as(app, api).await
}

/// A device whose person allowed access to these.
async fn approved(app: &TestApp, device: &Caller, resources: &[&str]) -> String {
    let parameters = format!("scope=openid+offline_access{}", naming(resources));
    let started = device.call(AUTHORIZATION, &parameters).send(app).await;
    app.decide(&started.text("user_code"), "approve").await;
    started.text("device_code")
}

async fn active(app: &TestApp, api: &Caller, token: &str) -> bool {
    let answer = api.call(INTROSPECT, &format!("token={token}")).send(app).await;
    assert!(answer.json()["active"] == true || answer.body() == r#"{"active":false}"#, "{}", answer.body());
    answer.json()["active"] == true
}

#[track_caller]
fn aud(answer: &Answer) -> Value {
    part(&answer.text("access_token"), 1)["aud"].clone()
}

#[tokio::test]
async fn ri_1_ri_2_what_is_no_resource_is_invalid_target_everywhere_and_changes_nothing() {
    let app = TestApp::new().await;
    let device = device(&app, "box", &[PHOTOS, MAIL]).await;
    let code = approved(&app, &device, &[PHOTOS]).await;
    let lasting = approved(&app, &device, &[PHOTOS]).await;
    let refresh = device.poll(&lasting).send(&app).await.text("refresh_token");
    let calls = [device.call(AUTHORIZATION, "scope=openid"), device.poll(&code), device.refresh(&refresh)];
    let many: Vec<String> = (0..9).map(|n| format!("https://api{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let before = app.everything().await;
    for wrong in [
        &["x"][..],
        &["/photos"],
        &["photos.example.com"],
        &["//photos.example.com"],
        &["https://photos.example.com#"],
        &["https://photos.example.com#a"],
        &["https://me@photos.example.com"],
        &["https://photos.example.com "],
        &["https://photos.example.com\u{e4}"],
        &[PHOTOS, "x"],
        &["x", PHOTOS],
        &[FOREIGN],
        &[PHOTOS, FOREIGN],
        &["https://PHOTOS.example.com"],
        &["https://photos.example.com/"],
        &[ISSUER],
        &many,
    ] {
        for call in &calls {
            let answer = call.clone().and(naming(wrong).trim_start_matches('&')).send(&app).await;
            assert_eq!(answer.refusal(), (400, "invalid_target".to_owned()), "{wrong:?}");
        }
    }
    assert_eq!(app.everything().await, before);
    assert_eq!(device.poll(&code).send(&app).await.status, 200, "the approval is not used up");
}

#[tokio::test]
async fn ri_3_ri_4_at_3_1_at_5_1_the_device_request_limits_and_later_ones_only_narrow() {
    let app = TestApp::new().await;
    let device = device(&app, "box", &[PHOTOS, MAIL, URN]).await;
    let (both, all) = (json!([PHOTOS, MAIL]), [PHOTOS, MAIL, URN]);
    for (started, polled, expected) in [
        (&[][..], &[][..], json!(ISSUER)),
        (&[PHOTOS], &[], json!(PHOTOS)),
        (&[PHOTOS], &[PHOTOS], json!(PHOTOS)),
        (&[PHOTOS, PHOTOS], &[PHOTOS, PHOTOS], json!(PHOTOS)),
        (&[PHOTOS, MAIL], &[], both.clone()),
        (&[PHOTOS, MAIL], &[MAIL], json!(MAIL)),
        (&all, &[URN, PHOTOS], json!([URN, PHOTOS])),
    ] {
        let code = approved(&app, &device, started).await;
        // More than was asked for first is refused, however much the client may name, and uses nothing up.
        for more in all.iter().filter(|more| !started.contains(more)) {
            let answer = device.poll(&code).and(naming(&[more]).trim_start_matches('&')).send(&app).await;
            assert_eq!(answer.refusal(), (400, "invalid_target".to_owned()), "{started:?} {more}");
        }
        let poll = device.poll(&code).and(naming(polled).trim_start_matches('&'));
        let tokens = poll.send(&app).await;
        assert_eq!(aud(&tokens), expected, "{started:?} {polled:?}");
        assert_eq!(part(&tokens.text("id_token"), 1)["aud"], "box", "an id_token is for the client");

        let refresh = device.refresh(&tokens.text("refresh_token"));
        let renewed =
            async |resources: &[&str]| refresh.clone().and(naming(resources).trim_start_matches('&')).send(&app).await;
        for one in started {
            assert_eq!(aud(&renewed(&[one]).await), json!(one), "what the poll named narrowed its token alone");
        }
        for more in all.iter().filter(|more| !started.contains(more)) {
            for resources in [&[*more][..], &[started.first().copied().unwrap_or(more), more]] {
                assert_eq!(renewed(resources).await.refusal(), (400, "invalid_target".to_owned()));
            }
        }
        let whole = aud(&renewed(&[]).await);
        let distinct: std::collections::BTreeSet<_> = started.iter().collect();
        assert_eq!(whole.as_array().map_or(usize::from(whole != ISSUER), Vec::len), distinct.len(), "{whole}");
    }
}

#[tokio::test]
async fn ri_4_the_person_is_told_for_which_apis() {
    let app = TestApp::new().await;
    let device = device(&app, "box", &[PHOTOS, MAIL]).await;
    let question = async |resources: &[&str]| {
        let started = device.call(AUTHORIZATION, &format!("scope=openid{}", naming(resources))).send(&app).await;
        let mut browser = app.signed_in("maria", HOME).await;
        browser.type_code(&started.text("user_code")).await.expect_page("decision").text()
    };
    let both = question(&[PHOTOS, MAIL]).await;
    assert!(both.contains("photos.example.com") && both.contains("mail.example.com/v1?tenant=7"), "{both}");
    let one = question(&[PHOTOS]).await;
    assert!(one.contains("photos.example.com") && !one.contains("mail.example.com"), "{one}");
    assert!(!question(&[]).await.contains("photos.example.com"));
}

#[tokio::test]
async fn ri_3_sb_2_3_1_a_token_for_an_api_is_not_good_here() {
    let app = TestApp::new().await;
    let device = device(&app, "box", &[PHOTOS, ISSUER]).await;
    for (resources, good) in [(&[][..], true), (&[PHOTOS], false), (&[ISSUER], true), (&[PHOTOS, ISSUER], true)] {
        let code = approved(&app, &device, resources).await;
        let token = device.poll(&code).send(&app).await.text("access_token");
        assert_eq!(is_good(&app, &token).await, good, "{resources:?}");
    }
    let code = approved(&app, &device, &[PHOTOS]).await;
    let token = device.poll(&code).send(&app).await.text("access_token");
    insta::assert_snapshot!(Call::get(USERINFO).bearer(&token).send(&app).await.show(), @r#"
    401
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Bearer realm="countersign", error="invalid_token"
    {"error":"invalid_token"}
    "#);
}

#[tokio::test]
async fn in_2_2_2_in_2_2_3_rv_2_1_an_api_is_told_of_its_own_tokens_alone() {
    let app = TestApp::new().await;
    let device = device(&app, "box", &[PHOTOS, MAIL]).await;
    let photos = api(&app, "photos", &[PHOTOS]).await;
    let mail = api(&app, "mail", &[MAIL, URN]).await;
    let both = api(&app, "both", &[PHOTOS, MAIL]).await;
    for (resources, by_photos, by_mail) in
        [(&[][..], false, false), (&[PHOTOS], true, false), (&[MAIL], false, true), (&[PHOTOS, MAIL], true, true)]
    {
        let code = approved(&app, &device, resources).await;
        let tokens = device.poll(&code).send(&app).await;
        let token = tokens.text("access_token");
        assert_eq!(active(&app, &photos, &token).await, by_photos, "{resources:?}");
        assert_eq!(active(&app, &mail, &token).await, by_mail, "{resources:?}");
        assert_eq!(active(&app, &both, &token).await, by_photos || by_mail, "{resources:?}");
        for api in [&photos, &mail, &both] {
            for other in ["refresh_token", "id_token"] {
                assert!(!active(&app, api, &tokens.text(other)).await, "{other}");
            }
        }
        // A narrower one is told of to the API that it is for.
        for one in resources {
            let renewed = device.refresh(&tokens.text("refresh_token")).and(naming(&[one]).trim_start_matches('&'));
            let token = renewed.send(&app).await.text("access_token");
            assert_eq!(active(&app, &photos, &token).await, *one == PHOTOS);
            assert_eq!(active(&app, &mail, &token).await, *one == MAIL);
        }
        device.revoke(&token).send(&app).await;
        assert!(!active(&app, &both, &token).await, "T30");
    }
}

#[tokio::test]
async fn df_3_4_9_sb_4_14_1_an_api_that_the_client_may_not_name_any_more_gets_no_new_token() {
    let app = TestApp::new().await;
    let device = device(&app, "box", &[PHOTOS, MAIL]).await;
    let (kept, lost) = (approved(&app, &device, &[MAIL]).await, approved(&app, &device, &[PHOTOS, MAIL]).await);
    let lasting = approved(&app, &device, &[PHOTOS, MAIL]).await;
    let refresh = device.poll(&lasting).send(&app).await.text("refresh_token");
    let pending = device.call(AUTHORIZATION, &format!("scope=openid{}", naming(&[PHOTOS]))).send(&app).await;
    let id = ClientId::parse("box").unwrap();
    let fewer = Client {
        tokens: proto::model::TokenPolicy { resources: parsed(&[MAIL]), ..Default::default() },
        ..app.flow.admin().client(&id).await.unwrap()
    };
    app.replace(fewer).await;
    assert_eq!(device.poll(&kept).send(&app).await.status, 200);
    for call in [device.poll(&lost), device.refresh(&refresh)] {
        assert_eq!(call.send(&app).await.refusal(), (400, "invalid_target".to_owned()));
    }
    // And nobody is asked about it.
    let mut browser = app.signed_in("maria", HOME).await;
    browser.type_code(&pending.text("user_code")).await.expect_page("code");
}
