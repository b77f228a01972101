//! What is refused, and how that is said.

use super::*;

#[tokio::test]
async fn dr_3_2_cf_12_without_a_good_token_nobody_registers() {
    let app = TestApp::new().await;
    let none = bare(&device()).send(&app).await;
    insta::assert_snapshot!(none.show(), @r#"
    401
    cache-control: no-store
    content-type: application/json
    pragma: no-cache
    www-authenticate: Bearer realm="countersign"
    {}
    "#);
    let mine = Mine::new(&app, &device()).await;
    let (used_up, _) = initial_token_for(&app, Some(1), ceiling()).await;
    assert_eq!(bare(&device()).bearer(&used_up).send(&app).await.status, 201);
    let (revoked, row) = initial_token_for(&app, None, ceiling()).await;
    app.flow.admin().revoke_initial_token(row.id).await.unwrap();
    for token in ["iat_guess", "", &mine.token, &mine.secret, &used_up, &revoked] {
        let answer = bare(&device()).bearer(token).send(&app).await;
        assert_eq!(answer.refusal(), (401, "invalid_token".to_owned()), "{token}");
        let challenge = "Bearer realm=\"countersign\", error=\"invalid_token\"";
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
    // Another scheme is no token; two headers are two.
    assert_eq!(bare(&device()).basic("tv:x").send(&app).await.status, 401);
    let good = initial_token(&app).await;
    let twice = bare(&device()).bearer(&good).bearer(&good).send(&app).await;
    assert_eq!(twice.refusal(), (400, "invalid_request".to_owned()));
    // The token ends with its time.
    app.advance(3_600);
    assert_eq!(bare(&device()).bearer(&good).send(&app).await.status, 401);
}

#[tokio::test]
async fn cf_12_open_registration_never_yields_the_device_grant() {
    let app = TestApp::with(|settings| settings.registration.open = true, "").await;
    let refused = bare(&device()).send(&app).await;
    assert_eq!(refused.refusal(), (400, "invalid_client_metadata".to_owned()));
    let mine = Mine::of(&bare(&json!({"grant_types": [], "client_name": "TV"})).send(&app).await);
    let start = mine.caller().call(super::super::support::AUTHORIZATION, "scope=openid").send(&app).await;
    assert_eq!(start.refusal(), (400, "unauthorized_client".to_owned()));
    let changed = mine.put(&device()).send(&app).await;
    assert_eq!(changed.refusal(), (400, "invalid_client_metadata".to_owned()), "nor does a change of it");
    // A bad token is no way around the refusal of it.
    assert_eq!(bare(&json!({"grant_types": []})).bearer("iat_guess").send(&app).await.status, 401);
    // It is up to an operator, whose word then holds.
    let edit = flow::admin::ClientEdit {
        grants: Some(vec![GrantType::DeviceCode]),
        scopes: Some(Scope::parse("openid").unwrap()),
        ..flow::admin::ClientEdit::default()
    };
    let id = ClientId::parse(&mine.id).unwrap();
    app.flow.admin().edit_client(&id, &edit).await.unwrap();
    let (public, beyond) =
        (json!({"grant_types": [DEVICE], "scope": "openid", "token_endpoint_auth_method": "none"}), device());
    assert_eq!(mine.put(&beyond).send(&app).await.status, 400);
    assert_eq!(mine.put(&public).send(&app).await.status, 200);
    assert_eq!(mine.row(&app).await.unwrap().registration.unwrap().unused_until, None, "it stays");
}

#[tokio::test]
async fn dr_3_2_2_1_dr_2_1_1_what_cannot_be_registered_is_400_with_a_code() {
    let app = TestApp::new().await;
    let private = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "geheim"});
    for (changes, code) in [
        (json!({"redirect_uris": ["https://a.example/cb"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": "https://a.example/cb"}), "invalid_client_metadata"),
        (json!({"grant_types": ["authorization_code"]}), "invalid_client_metadata"),
        (json!({"grant_types": null}), "invalid_client_metadata"),
        (json!({"response_types": ["code"]}), "invalid_client_metadata"),
        (json!({"token_endpoint_auth_method": "private_key_jwt"}), "invalid_client_metadata"),
        (json!({"token_endpoint_auth_method": "client_secret_jwt"}), "invalid_client_metadata"),
        (json!({"scope": "admin"}), "invalid_client_metadata"),
        (json!({"client_name": 7}), "invalid_client_metadata"),
        (json!({"client_name": "Bank\u{202e}"}), "invalid_client_metadata"),
        (
            json!({"jwks": {"keys": [private]}, "token_endpoint_auth_method": "private_key_jwt"}),
            "invalid_client_metadata",
        ),
        (json!({"jwks": {"keys": []}, "token_endpoint_auth_method": "private_key_jwt"}), "invalid_client_metadata"),
        (json!({"software_statement": "a.b.c"}), "invalid_software_statement"),
    ] {
        let answer = register(&app, &but(device(), changes.clone())).await;
        assert_eq!(answer.refusal(), (400, code.to_owned()), "{changes}");
        assert!(!answer.json()["error_description"].as_str().unwrap().is_empty());
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.body().contains("geheim") && !answer.body().contains("admin"), "nothing is repeated");
    }
    assert_eq!(app.store.clients().await.unwrap().len(), 1, "nothing was registered");
}

#[tokio::test]
async fn dr_2_2_dr_5_5_t29_keys_come_in_one_way_and_from_no_hostile_address() {
    let app = TestApp::new().await;
    let signs = but(device(), json!({"token_endpoint_auth_method": "private_key_jwt"}));
    let key = jose::SigningKey::generate(jose::Algorithm::Es256).unwrap();
    let set = json!({"keys": [key.public_jwk()]});
    let both = but(signs.clone(), json!({"jwks": set, "jwks_uri": "https://a.example/jwks"}));
    assert_eq!(register(&app, &both).await.refusal(), (400, "invalid_client_metadata".to_owned()));
    for uri in [
        "http://a.example/jwks",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "ftp://a.example/",
        "gopher://a.example/",
        "https://user:pw@a.example/",
        "https://a.example/#x",
        "https://",
        "https:///x",
        "//a.example/x",
        "https:\\\\a.example",
        "https://a.example:0/",
        "https://a.example/\u{7f}",
        "jwks",
        &format!("https://a.example/{}", "x".repeat(2_040)),
    ] {
        let said = but(signs.clone(), json!({ "jwks_uri": uri }));
        assert_eq!(register(&app, &said).await.refusal(), (400, "invalid_client_metadata".to_owned()), "{uri}");
    }
    // Where a name leads is judged when keys are needed, with every fetch: nothing is fetched now.
    let mine = Mine::new(&app, &but(signs, json!({"jwks_uri": "https://a.example/jwks"}))).await;
    assert_eq!(mine.told["jwks_uri"], "https://a.example/jwks");
}

#[tokio::test]
async fn dr_3_1_the_body_is_json_of_a_bounded_size_without_repeated_names() {
    let app = TestApp::new().await;
    let token = initial_token(&app).await;
    let text = |body: &str| {
        let call = Call::post(REGISTER, body).without("content-type").bearer(&token);
        call.header("content-type", "application/json; charset=utf-8")
    };
    let repeated = format!("{{\"grant_types\":[\"{DEVICE}\"],\"client_name\":\"a\",\"client_name\":\"b\"}}");
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(20), "]".repeat(20));
    for body in ["", "{", "[]", "null", "{}x", "grant_types=x", &repeated, &deep] {
        assert_eq!(text(body).send(&app).await.refusal(), (400, "invalid_client_metadata".to_owned()), "{body}");
    }
    let large = text(&format!("{{\"x\":\"{}\"}}", "x".repeat(16 * 1024))).send(&app).await;
    assert_eq!(large.refusal(), (413, "invalid_client_metadata".to_owned()));
    let good = format!("{{\"grant_types\":[\"{DEVICE}\"]}}");
    assert_eq!(text(&good).send(&app).await.status, 201);
    for media_type in ["application/x-www-form-urlencoded", "text/json", "application/jsonp", ""] {
        let call = Call::post(REGISTER, &good).without("content-type").header("content-type", media_type);
        let answer = call.bearer(&token).send(&app).await;
        assert_eq!(answer.refusal(), (400, "invalid_client_metadata".to_owned()), "{media_type}");
    }
    let encoded = text(&good).header("content-encoding", "gzip").send(&app).await;
    assert_eq!(encoded.refusal(), (400, "invalid_client_metadata".to_owned()));
}

#[tokio::test]
async fn dr_3_2_registrations_from_one_network_are_limited_and_those_of_the_operator_are_not() {
    let app = TestApp::with(|settings| settings.registration.open = true, "").await;
    let nothing = json!({"grant_types": []});
    for _ in 0..30 {
        assert_eq!(register(&app, &device()).await.status, 201, "a good token is counted by itself");
    }
    for _ in 0..19 {
        assert_eq!(bare(&nothing).bearer("iat_guess").send(&app).await.status, 401);
    }
    assert_eq!(bare(&nothing).send(&app).await.status, 201);
    for call in [bare(&nothing), bare(&nothing).bearer("iat_guess"), bare(&device()).bearer(&initial_token(&app).await)]
    {
        let limited = call.send(&app).await;
        assert_eq!(limited.refusal(), (429, "temporarily_unavailable".to_owned()));
        assert_eq!(limited.header("retry-after"), "600");
    }
    app.advance(600);
    assert_eq!(bare(&nothing).send(&app).await.status, 201);
}

#[tokio::test]
async fn dr_3_2_a_token_for_so_many_registers_so_many_however_many_ask_at_once() {
    let app = TestApp::new().await;
    let (token, row) = initial_token_for(&app, Some(3), ceiling()).await;
    let said = device();
    let calls = (0..8).map(|_| async { bare(&said).bearer(&token).send(&app).await.status });
    let statuses = futures_util::future::join_all(calls).await;
    let good = statuses.iter().filter(|status| **status == 201).count();
    assert!(good <= 3 && statuses.iter().all(|status| [201, 401, 503].contains(status)), "{statuses:?}");
    while bare(&said).bearer(&token).send(&app).await.status == 201 {}
    assert_eq!(app.store.clients().await.unwrap().len(), 1 + 3);
    assert_eq!(app.store.initial_token(row.id).await.unwrap().unwrap().uses_left, Some(0));
}
