//! Device codes at the token endpoint: malformed, another's, undecided, too early, denied, expired, used up
//! (RFC 8628 §3.4, §3.5).

use proto::model::{AuthMethod, Client, GrantType, UserState};

use super::support::{Call, Caller, JWKS, Started, TOKEN, USERINFO};
use crate::support::{TestApp, client, user_name};

const INVALID: &str = r#"{"error":"invalid_grant"}"#;
const PENDING: &str = r#"{"error":"authorization_pending"}"#;

#[tokio::test]
async fn df_3_4_6_a_code_that_is_none_gets_the_same_reply_as_another_clients() {
    let app = TestApp::new().await;
    let other = Caller::register(&app, "radio", AuthMethod::None).await;
    let code = Caller::tv().start(&app, "").await.device_code;
    let foreign = other.poll(&code).send(&app).await;
    assert_eq!((foreign.status, foreign.body()), (400, INVALID));
    let mut flipped = code.clone().into_bytes();
    flipped[10] = if flipped[10] == b'A' { b'B' } else { b'A' };
    for malformed in [
        "x",
        "dc_",
        "dc_AAAA",
        "%00",
        "%C3%BC",
        "%F0%9F%92%A9",
        "dc_%20",
        "'+OR+1=1--",
        "..%2F..%2Fetc%2Fpasswd",
        &"A".repeat(8_000),
        &format!("dc_{}", "A".repeat(64)),
        &format!("{code}A"),
        &format!("+{code}"),
        &code[..code.len() - 1],
        &code.to_lowercase(),
        &code.replacen("dc_", "DC_", 1),
        &String::from_utf8(flipped).unwrap(),
    ] {
        let answer = Caller::tv().poll(malformed).send(&app).await;
        assert_eq!(answer.show(), foreign.show(), "{malformed}");
    }
    assert_eq!(Caller::tv().poll(&code).send(&app).await.body(), PENDING);
}

#[tokio::test]
async fn df_3_4_5_another_client_neither_gets_nor_harms_a_grant_in_any_state() {
    let app = TestApp::new().await;
    let thieves = [
        Caller::register(&app, "thief", AuthMethod::None).await,
        Caller::register(&app, "rogue", AuthMethod::ClientSecretBasic).await,
    ];
    let steal = async |code: &str| {
        for thief in &thieves {
            for _ in 0..6 {
                let answer = thief.poll(code).send(&app).await;
                assert_eq!((answer.status, answer.body()), (400, INVALID));
            }
        }
    };
    let Started { user_code, device_code } = Caller::tv().start(&app, "openid").await;
    steal(&device_code).await;
    assert_eq!(Caller::tv().poll(&device_code).send(&app).await.body(), PENDING, "and its bucket is full");
    app.decide(&user_code, "approve").await;
    steal(&device_code).await;
    let token = Caller::tv().poll(&device_code).send(&app).await.text("access_token");
    app.advance(30);
    steal(&device_code).await;
    assert_eq!(Call::get(USERINFO).bearer(&token).send(&app).await.status, 200, "replays of others revoke nothing");
}

#[tokio::test]
async fn df_3_5_2_df_3_5_3_df_3_5_18_pending_and_then_slower() {
    let app = TestApp::new().await;
    let code = Caller::tv().start(&app, "").await.device_code;
    for _ in 0..4 {
        let answer = Caller::tv().poll(&code).send(&app).await;
        assert_eq!((answer.status, answer.body()), (400, PENDING));
    }
    insta::assert_snapshot!(Caller::tv().poll(&code).send(&app).await.show(), @r#"
    400
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    {"error":"slow_down","interval":5}
    "#);
    app.advance(5);
    assert_eq!(Caller::tv().poll(&code).send(&app).await.body(), PENDING, "what was refused took nothing");
}

#[tokio::test]
async fn df_3_5_4_df_3_5_1_slow_down_is_never_said_about_a_decision() {
    let app = TestApp::new().await;
    for (button, status) in [("approve", 200), ("deny", 400)] {
        let Started { user_code, device_code } = Caller::tv().start(&app, "").await;
        while !Caller::tv().poll(&device_code).send(&app).await.body().contains("slow_down") {}
        app.decide(&user_code, button).await;
        let answer = Caller::tv().poll(&device_code).send(&app).await;
        assert_eq!(answer.status, status, "{}", answer.body());
        assert!(!answer.body().contains("slow_down"));
    }
}

#[tokio::test]
async fn df_3_5_5_df_3_5_19_denied_stays_denied() {
    let app = TestApp::new().await;
    for button in ["deny", "report"] {
        let Started { user_code, device_code } = Caller::tv().start(&app, "").await;
        app.decide(&user_code, button).await;
        for _ in 0..8 {
            let answer = Caller::tv().poll(&device_code).send(&app).await;
            assert_eq!((answer.status, answer.body()), (400, r#"{"error":"access_denied"}"#));
            app.advance(60);
        }
    }
}

#[tokio::test]
async fn df_3_5_6_df_3_2_4_an_undecided_code_expires_to_the_second_and_stays_so() {
    let app = TestApp::new().await;
    let device_code = Caller::tv().start(&app, "").await.device_code;
    app.advance(599);
    assert_eq!(Caller::tv().poll(&device_code).send(&app).await.body(), PENDING);
    app.advance(1);
    for _ in 0..8 {
        let answer = Caller::tv().poll(&device_code).send(&app).await;
        assert_eq!((answer.status, answer.body()), (400, r#"{"error":"expired_token"}"#));
        app.advance(60);
    }
    app.advance(1_800);
    assert_eq!(Caller::tv().poll(&device_code).send(&app).await.body(), INVALID, "long gone");
}

#[tokio::test]
async fn cf_19_an_approval_in_time_is_honoured_two_minutes_longer() {
    let app = TestApp::new().await;
    for (late, body) in [(119, None), (120, Some(r#"{"error":"expired_token"}"#))] {
        let Started { user_code, device_code } = Caller::tv().start(&app, "").await;
        app.advance(599);
        app.decide(&user_code, "approve").await;
        app.advance(1 + late);
        let answer = Caller::tv().poll(&device_code).send(&app).await;
        match body {
            None => assert_eq!(answer.status, 200),
            Some(body) => assert_eq!((answer.status, answer.body()), (400, body)),
        }
    }
}

#[tokio::test]
async fn df_3_4_7_df_3_4_8_cf_5_cf_6_cf_20_a_code_is_good_once() {
    let app = TestApp::new().await;
    let Started { user_code, device_code } = Caller::tv().start(&app, "openid").await;
    app.decide(&user_code, "approve").await;
    let token = Caller::tv().poll(&device_code).send(&app).await.text("access_token");
    let works = async || Call::get(USERINFO).bearer(&token).send(&app).await.status == 200;
    // At once, and until ten seconds later: refused, and nothing is touched.
    for seconds in [0, 1, 8] {
        app.advance(seconds);
        let answer = Caller::tv().poll(&device_code).send(&app).await;
        assert_eq!((answer.status, answer.body()), (400, INVALID));
        assert!(works().await);
    }
    // From then on somebody else has it as well: nobody may keep what it gave.
    app.advance(1);
    assert_eq!(Caller::tv().poll(&device_code).send(&app).await.body(), INVALID);
    assert!(!works().await);
}

#[tokio::test]
async fn cf_20_df_3_4_8_a_client_that_proves_itself_gets_one_replacement() {
    let app = TestApp::new().await;
    let server = Caller::register(&app, "server", AuthMethod::ClientSecretBasic).await;
    let Started { user_code, device_code } = server.start(&app, "openid").await;
    app.decide(&user_code, "approve").await;
    let first = server.poll(&device_code).send(&app).await.text("access_token");
    assert_eq!(server.poll(&device_code).send(&app).await.body(), INVALID, "a race, within the second");
    app.advance(2);
    let second = server.poll(&device_code).send(&app).await.text("access_token");
    for (token, status) in [(&first, 401), (&second, 200)] {
        assert_eq!(Call::get(USERINFO).bearer(token).send(&app).await.status, status);
    }
    app.advance(2);
    assert_eq!(server.poll(&device_code).send(&app).await.body(), INVALID);
}

#[tokio::test]
async fn df_3_4_7_of_polls_at_once_one_gets_tokens() {
    let app = TestApp::new().await;
    let Started { user_code, device_code } = Caller::tv().start(&app, "openid").await;
    app.decide(&user_code, "approve").await;
    let call = Caller::tv().poll(&device_code);
    let answers = futures_util::future::join_all((0..32).map(|_| call.send(&app))).await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((good.len(), bad.len()), (1, 31));
    assert!(bad.iter().all(|answer| answer.body() == INVALID));
    let token = good[0].text("access_token");
    assert_eq!(Call::get(USERINFO).bearer(&token).send(&app).await.status, 200);
}

#[tokio::test]
async fn df_3_4_9_what_changed_since_the_approval_counts() {
    let app = TestApp::new().await;
    app.keep_house().await;
    let radio = Caller::register(&app, "radio", AuthMethod::None).await;
    let id = proto::model::ClientId::parse("radio").unwrap();
    let edit = async |edit: flow::admin::ClientEdit| {
        app.flow.admin().edit_client(&id, &edit).await.unwrap();
        app.heed().await;
    };
    let approved = async || {
        let Started { user_code, device_code } = radio.start(&app, "openid profile").await;
        app.decide(&user_code, "approve").await;
        device_code
    };
    let code = approved().await;
    app.edit_user("maria", UserState::Locked).await;
    assert_eq!(radio.poll(&code).send(&app).await.body(), INVALID);
    app.edit_user("maria", UserState::Active).await;
    let code = approved().await;
    app.flow.admin().end_sessions(&user_name("maria")).await.unwrap();
    assert_eq!(radio.poll(&code).send(&app).await.body(), INVALID);
    for (change, error) in [
        (
            flow::admin::ClientEdit {
                scopes: Some(proto::model::Scope::parse("openid").unwrap()),
                ..Default::default()
            },
            "invalid_scope",
        ),
        (
            flow::admin::ClientEdit { grants: Some(vec![GrantType::RefreshToken]), ..Default::default() },
            "unauthorized_client",
        ),
        (flow::admin::ClientEdit { enabled: Some(false), ..Default::default() }, "invalid_client"),
    ] {
        let code = approved().await;
        edit(change).await;
        assert_eq!(radio.poll(&code).send(&app).await.refusal(), (400, error.to_owned()));
        let all = client("radio", "radio");
        edit(flow::admin::ClientEdit {
            scopes: Some(all.scopes),
            grants: Some(all.grants),
            enabled: Some(true),
            ..Default::default()
        })
        .await;
    }
}

#[tokio::test]
async fn oa_5_2_1_oa_5_2_4_every_refusal_is_json_of_registered_words() {
    let app = TestApp::new().await;
    let off = Client { enabled: false, ..client("off", "Off") };
    let off = Caller::register_as(&app, off).await;
    let code = Caller::tv().start(&app, "").await.device_code;
    let calls = [
        Caller::tv().poll("x"),
        Caller::tv().poll(&code),
        Caller::tv().call(TOKEN, "grant_type=x"),
        Caller::tv().call(TOKEN, "grant_type=%22%5C%0A%C3%BC%3Cscript%3E"),
        Call::post(TOKEN, ""),
        Call::get(TOKEN),
        Call::post(JWKS, ""),
        off.poll("x"),
        Call::post(TOKEN, "x=1&x=2"),
        Caller::tv().call(super::support::AUTHORIZATION, "scope=%22%5C%0A%C3%BC%3Cscript%3E"),
    ];
    for call in calls {
        let answer = call.send(&app).await;
        let body = answer.json();
        let members: Vec<&str> = super::support::members(&body);
        assert!(members.iter().all(|name| ["error", "error_description", "interval"].contains(name)), "{body}");
        assert!(proto::wire::error::ErrorCode::ALL.iter().any(|code| body["error"] == code.as_str()), "{body}");
        let said = body["error_description"].as_str().unwrap_or_default();
        assert!(said.bytes().all(|b| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{body}");
        assert!(!said.contains("script"), "nothing of a request is said back: {body}");
    }
}
