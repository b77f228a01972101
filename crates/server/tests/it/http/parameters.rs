//! Parameters: repeated, empty, unknown, too long, too many, not UTF-8, malformed, and in the wrong place.

use super::support::{AUTHORIZATION, Call, Caller, DEVICE_CODE, REVOKE, TOKEN};
use crate::support::TestApp;

/// A body of each endpoint that is answered, and how.
async fn good(app: &TestApp) -> [(&'static str, String, &'static str); 4] {
    let code = Caller::tv().start(app, "openid").await.device_code;
    [
        (AUTHORIZATION, "client_id=tv&scope=openid".to_owned(), "none"),
        (TOKEN, format!("client_id=tv&grant_type={DEVICE_CODE}&device_code={code}"), "authorization_pending"),
        (TOKEN, "client_id=tv&grant_type=refresh_token&refresh_token=rt_x".to_owned(), "invalid_grant"),
        (REVOKE, "client_id=tv&token=rt_x".to_owned(), "none"),
    ]
}

#[tokio::test]
async fn df_3_1_10_oa_3_2_2_a_repeated_parameter_is_refused_whatever_it_says() {
    let app = TestApp::new().await;
    for (path, body, _) in good(&app).await {
        for twice in ["client_id=tv", "client%5Fid=tv", "client_id=", "x=1&x=1", "x=1&%78=2", "x&x", "=1&=2"] {
            let answer = Call::post(path, &format!("{body}&{twice}")).send(&app).await;
            assert_eq!(answer.refusal(), (400, "invalid_request".to_owned()), "{path} {twice}");
            assert_eq!(answer.json()["error_description"], "a parameter is sent more than once");
        }
    }
}

#[tokio::test]
async fn df_3_1_8_oa_3_2_2_an_empty_parameter_counts_as_not_sent() {
    let app = TestApp::new().await;
    for (path, body, answered) in good(&app).await {
        for empty in ["client_secret=", "client_secret", "x=", "", "&&&", "resource=&audience="] {
            let answer = Call::post(path, &format!("{body}&{empty}")).send(&app).await;
            assert_eq!(answer.refusal().1, answered, "{path} {empty}");
            app.advance(10);
        }
    }
    for empty in ["scope=", "scope", "device_name=", "device_name=+", "device_name=%00%e2%80%ae"] {
        let answer = Call::post(AUTHORIZATION, &format!("client_id=tv&{empty}")).send(&app).await;
        assert_eq!(answer.status, 200, "{empty}: {}", answer.body());
    }
    for (path, body, said) in [
        (AUTHORIZATION, "client_id=".to_owned(), "client_id is missing"),
        (TOKEN, format!("client_id=&grant_type={DEVICE_CODE}&device_code=x"), "client_id is missing"),
        (TOKEN, "client_id=tv&grant_type=&device_code=x".to_owned(), "grant_type is missing"),
        (TOKEN, format!("client_id=tv&grant_type={DEVICE_CODE}&device_code="), "device_code is missing"),
    ] {
        let answer = Call::post(path, &body).send(&app).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".to_owned()), "{body}");
        assert_eq!(answer.json()["error_description"], said, "{body}");
    }
}

#[tokio::test]
async fn df_3_1_9_oa_3_2_2_oi_13_an_unknown_parameter_changes_nothing() {
    let app = TestApp::new().await;
    for (path, body, answered) in good(&app).await {
        for unknown in [
            "redirect_uri=https%3A%2F%2Fevil.example",
            "nonce=1&state=2&response_type=code",
            "acr_values=1&max_age=0&login_hint=maria&ui_locales=de&prompt=none",
            "Client_ID=other&CLIENT_SECRET=x&Scope=email",
            "interval=1&expires_in=99999&user_code=AAAA-AAAA",
            "error=access_denied",
            "%00=%00",
            "%F0%9F%92%A9=%F0%9F%92%A9",
        ] {
            let answer = Call::post(path, &format!("{body}&{unknown}")).send(&app).await;
            assert_eq!(answer.refusal().1, answered, "{path} {unknown}");
            app.advance(10);
            if path == AUTHORIZATION {
                assert_eq!(
                    (answer.json()["interval"].as_u64(), answer.json()["expires_in"].as_u64()),
                    (Some(5), Some(600))
                );
            }
        }
    }
}

#[tokio::test]
async fn df_3_2_10_what_cannot_be_read_is_refused_in_the_same_shape_by_every_endpoint() {
    let app = TestApp::new().await;
    let many: String = (0..70).map(|i| format!("&p{i}=1")).collect();
    for (path, body, _) in good(&app).await {
        for (added, said) in [
            ("&x=%FF".to_owned(), "a parameter is not UTF-8"),
            ("&%C3%28=1".to_owned(), "a parameter is not UTF-8"),
            (format!("&x={}", "x".repeat(8 * 1024 + 1)), "a parameter is too long"),
            (format!("&{}=x", "x".repeat(8 * 1024 + 1)), "a parameter is too long"),
            (many.clone(), "too many parameters"),
        ] {
            let answer = Call::post(path, &format!("{body}{added}")).send(&app).await;
            assert_eq!(answer.refusal(), (400, "invalid_request".to_owned()), "{path} {said}");
            assert_eq!(answer.json()["error_description"], said, "{path}");
        }
    }
}

#[tokio::test]
async fn df_3_1_15_oa_2_3_1_3_nothing_of_the_protocol_is_taken_from_the_query() {
    let app = TestApp::new().await;
    for (path, body, answered) in good(&app).await {
        for query in [
            "client_id=tv",
            "client_secret=x",
            "client%5Fsecret=x",
            "c%6Cient_id=tv&x=1",
            "x=1&client_assertion=x",
            "device_code=x",
            "grant_type=x",
            "refresh_token=x",
            "scope=openid",
            "token=x",
        ] {
            let answer = Call::post(&format!("{path}?{query}"), &body).send(&app).await;
            assert_eq!(answer.refusal(), (400, "invalid_request".to_owned()), "{path} {query}");
            assert_eq!(answer.json()["error_description"], "parameters belong in the body, not in the query");
        }
        for query in ["", "x=1", "tenant=a&lang=de", "client_id="] {
            let answer = Call::post(&format!("{path}?{query}"), &body).send(&app).await;
            assert_eq!(answer.refusal().1, answered, "{path} {query}");
        }
    }
    let all_in_the_query = format!("{TOKEN}?client_id=tv&grant_type={DEVICE_CODE}&device_code=x");
    assert_eq!(Call::post(&all_in_the_query, "").send(&app).await.refusal(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn df_3_1_6_df_3_4_3_without_a_name_and_with_an_impossible_one() {
    let app = TestApp::new().await;
    for (path, rest) in [(AUTHORIZATION, "x=1".to_owned()), (TOKEN, format!("grant_type={DEVICE_CODE}&device_code=x"))]
    {
        let nameless = Call::post(path, &rest).send(&app).await;
        assert_eq!(nameless.refusal(), (400, "invalid_request".to_owned()), "{path}");
        for id in ["t%C3%BC", "%00", "tv%0A", &"x".repeat(129), &"x".repeat(8_000), "%7F"] {
            let answer = Call::post(path, &format!("client_id={id}&{rest}")).send(&app).await;
            assert_eq!((answer.status, answer.body()), (400, r#"{"error":"invalid_client"}"#), "{path} {id}");
        }
    }
}

#[tokio::test]
async fn df_3_4_1_df_7_1_oa_g_1_the_grant_type_is_compared_byte_for_byte_and_no_other_is_offered() {
    let app = TestApp::new().await;
    let code = Caller::tv().start(&app, "").await.device_code;
    for other in [
        "urn:ietf:params:oauth:grant-type:Device_code",
        "URN:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:device_code+",
        "+urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:device-code",
        "urn:ietf:params:oauth:grant-type:device_code%00",
        "device_code",
        "http://oauth.net/grant_type/device/1.0",
        "password",
        "client_credentials",
        "implicit",
        "authorization_code",
        "refresh-token",
        "%C3%A9",
    ] {
        let body = format!("client_id=tv&grant_type={other}&device_code={code}&username=maria&password=x&code=x");
        let answer = Call::post(TOKEN, &body).send(&app).await;
        assert_eq!((answer.status, answer.body()), (400, r#"{"error":"unsupported_grant_type"}"#), "{other}");
    }
    let answer = Caller::tv().poll(&code).send(&app).await;
    assert_eq!((answer.status, answer.body()), (400, r#"{"error":"authorization_pending"}"#));
}

#[tokio::test]
async fn df_3_4_2_a_poll_names_its_code() {
    let app = TestApp::new().await;
    let answer = Caller::tv().call(TOKEN, &format!("grant_type={DEVICE_CODE}")).send(&app).await;
    insta::assert_snapshot!(answer.show(), @r#"
    400
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    {"error":"invalid_request","error_description":"device_code is missing"}
    "#);
}

#[tokio::test]
async fn a_device_may_say_what_it_is_called_in_64_characters() {
    let app = TestApp::new().await;
    for (name, status) in [("%C3%BC".repeat(64), 200), ("%C3%BC".repeat(65), 400), ("a%0Ab%1B[2Jc".to_owned(), 200)] {
        let answer = Caller::tv().call(AUTHORIZATION, &format!("device_name={name}")).send(&app).await;
        assert_eq!(answer.status, status, "{}", answer.body());
    }
}
