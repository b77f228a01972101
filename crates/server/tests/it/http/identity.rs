//! The userinfo endpoint (OpenID Connect Core §5.3; RFC 6750).

use http::Method;
use proto::model::UserState;

use super::support::{Answer, Call, Caller, FORM, USERINFO, members, part};
use crate::support::{TestApp, user_name};

async fn ask(app: &TestApp, token: &str) -> Answer {
    Call::get(USERINFO).bearer(token).send(app).await
}

#[tokio::test]
async fn oi_9_get_and_post_answer_alike_with_the_subject_of_the_id_token() {
    let app = TestApp::new().await;
    let tokens = Caller::tv().signed_in(&app, "openid").await;
    let (access, id) = (tokens.text("access_token"), tokens.text("id_token"));
    let sub = part(&id, 1)["sub"].as_str().unwrap().to_owned();
    for method in [Method::GET, Method::POST] {
        for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
            let call = Call::new(method.clone(), USERINFO).header("authorization", &format!("{scheme} {access}"));
            let shown = call.send(&app).await.show().replace(&sub, "MARIA");
            insta::allow_duplicates! {
                insta::assert_snapshot!(shown, @r#"
                200
                cache-control: no-store
                content-type: application/json
                pragma: no-cache
                {"sub":"MARIA"}
                "#);
            }
        }
    }
}

#[tokio::test]
async fn oi_9_claims_follow_the_granted_scopes() {
    let app = TestApp::new().await;
    let edit = flow::admin::UserEdit {
        display_name: Some("Maria Ö.".into()),
        email: Some("maria@example.com".into()),
        ..Default::default()
    };
    app.flow.admin().edit_user(&user_name("maria"), &edit).await.unwrap();
    for (scope, expected) in [
        ("openid", &["sub"][..]),
        ("openid profile", &["name", "preferred_username", "sub"]),
        ("openid email", &["email", "sub"]),
        ("openid email profile", &["email", "name", "preferred_username", "sub"]),
    ] {
        let tokens = Caller::tv().signed_in(&app, &scope.replace(' ', "+")).await;
        let answer = ask(&app, &tokens.text("access_token")).await;
        let body = answer.json();
        let mut names = members(&body);
        names.sort_unstable();
        assert_eq!((answer.status, names.as_slice()), (200, expected), "{scope}");
        assert_eq!(body["sub"], part(&tokens.text("id_token"), 1)["sub"]);
    }
}

#[tokio::test]
async fn bt_3_1_bt_3_1_1_bt_3_1_2_challenges_say_what_is_wrong_and_nothing_to_whoever_brought_nothing() {
    let app = TestApp::new().await;
    let lesser = Caller::tv().signed_in(&app, "profile").await.text("access_token");
    insta::assert_snapshot!(Call::get(USERINFO).send(&app).await.show(), @r#"
    401
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Bearer realm="countersign"
    www-authenticate: DPoP realm="countersign", algs="EdDSA ES256 RS256"
    {}
    "#);
    insta::assert_snapshot!(ask(&app, "x").await.show(), @r#"
    401
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Bearer realm="countersign", error="invalid_token"
    {"error":"invalid_token"}
    "#);
    insta::assert_snapshot!(ask(&app, &lesser).await.show(), @r#"
    403
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Bearer realm="countersign", error="insufficient_scope", scope="openid"
    {"error":"insufficient_scope"}
    "#);
    insta::assert_snapshot!(Call::get(USERINFO).bearer("x").bearer("x").send(&app).await.show(), @r#"
    400
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Bearer realm="countersign", error="invalid_request"
    www-authenticate: DPoP realm="countersign", error="invalid_request", algs="EdDSA ES256 RS256"
    {"error":"invalid_request"}
    "#);
    for (header, status) in [("Basic dHY6", 401), ("Bearer", 400), ("", 400), ("\u{e4}", 400)] {
        let answer = Call::get(USERINFO).header("authorization", header).send(&app).await;
        assert_eq!(answer.status, status, "{header}");
        assert!(answer.header("www-authenticate").starts_with("Bearer realm="), "{header}");
    }
}

#[tokio::test]
async fn bt_2_2_1_a_token_counts_in_the_header_alone() {
    let app = TestApp::new().await;
    let token = Caller::tv().signed_in(&app, "openid").await.text("access_token");
    let in_query = Call::get(&format!("{USERINFO}?access_token={token}")).send(&app).await;
    let in_body = Call::post(USERINFO, &format!("access_token={token}")).send(&app).await;
    let in_cookie = Call::get(USERINFO).header("cookie", &format!("access_token={token}")).send(&app).await;
    for answer in [in_query, in_body, in_cookie] {
        assert_eq!((answer.status, answer.body()), (401, "{}"));
    }
    let posted = Call::new(Method::POST, USERINFO).bearer(&token).header("content-type", FORM).send(&app).await;
    assert_eq!(posted.status, 200);
}

#[tokio::test]
async fn at_4_2_jw_8_only_a_live_access_token_of_this_server_is_one() {
    let app = TestApp::new().await;
    // Another deployment of the same name: its keys are not ours.
    let other = TestApp::new().await;
    let tokens = Caller::tv().signed_in(&app, "openid").await;
    let (access, id) = (tokens.text("access_token"), tokens.text("id_token"));
    let foreign = Caller::tv().signed_in(&other, "openid").await.text("access_token");
    let started = Caller::tv().start(&app, "openid").await;
    let mut tampered = access.clone();
    tampered.replace_range(access.len() - 2.., if access.ends_with("AA") { "BA" } else { "AA" });
    let unsigned = format!("{}.", access.rsplit_once('.').unwrap().0);
    let long = "a".repeat(20_000);
    for wrong in [&id, &foreign, &started.device_code, &started.user_code, &tampered, &unsigned, &long, "..", "a.b.c"] {
        let answer = ask(&app, wrong).await;
        assert_eq!((answer.status, answer.body()), (401, r#"{"error":"invalid_token"}"#), "{wrong}");
    }
    assert_eq!(ask(&app, &access).await.status, 200);
    app.advance(599);
    assert_eq!(ask(&app, &access).await.status, 200, "no leeway is needed with oneself");
    app.advance(1);
    assert_eq!(ask(&app, &access).await.status, 401, "and none is given");
}

#[tokio::test]
async fn oi_9_a_token_dies_with_its_grant_its_account_its_session_and_its_client() {
    let app = TestApp::new().await;
    app.keep_house().await;
    let revoke = async |app: &TestApp| {
        for grant in app.flow.admin().grants(Default::default()).await.unwrap() {
            app.flow.admin().revoke_grant(grant.id).await.unwrap();
        }
    };
    let token = Caller::tv().signed_in(&app, "openid").await.text("access_token");
    revoke(&app).await;
    assert_eq!(ask(&app, &token).await.refusal(), (401, "invalid_token".to_owned()));

    let token = Caller::tv().signed_in(&app, "openid").await.text("access_token");
    app.edit_user("maria", UserState::Locked).await;
    assert_eq!(ask(&app, &token).await.refusal(), (401, "invalid_token".to_owned()));
    app.edit_user("maria", UserState::Active).await;

    let id = proto::model::ClientId::parse("tv").unwrap();
    let token = Caller::tv().signed_in(&app, "openid").await.text("access_token");
    let off = flow::admin::ClientEdit { enabled: Some(false), ..Default::default() };
    app.flow.admin().edit_client(&id, &off).await.unwrap();
    assert_eq!(ask(&app, &token).await.refusal(), (401, "invalid_token".to_owned()));
    let on = flow::admin::ClientEdit { enabled: Some(true), ..Default::default() };
    app.flow.admin().edit_client(&id, &on).await.unwrap();
    app.heed().await;

    let token = Caller::tv().signed_in(&app, "openid").await.text("access_token");
    app.flow.admin().remove_user(&user_name("maria")).await.unwrap();
    assert_eq!(ask(&app, &token).await.refusal(), (401, "invalid_token".to_owned()));
}
