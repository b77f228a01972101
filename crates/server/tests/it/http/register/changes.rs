//! A client looks after its registration.

use super::*;

#[tokio::test]
async fn dm_2_1_dm_2_1_1_dm_3_1_a_client_reads_what_is_registered() {
    let app = TestApp::new().await;
    let mine = Mine::new(&app, &but(device(), json!({"token_endpoint_auth_method": "client_secret_post"}))).await;
    let read = mine.ask(Method::GET).send(&app).await;
    assert_eq!((read.status, read.header("cache-control")), (200, "no-store"));
    let expected = but(mine.told.clone(), json!({"client_secret": null, "client_secret_expires_at": null}));
    assert_eq!(read.json(), expected, "its secret is kept as a hash alone");
    assert_eq!(mine.ask(Method::GET).send(&app).await.json(), expected, "the token stays good");
}

#[tokio::test]
async fn dm_2_1_dm_2_2_who_shows_no_token_or_another_is_401_whether_there_is_a_client_or_not() {
    let app = TestApp::new().await;
    let (mine, other) = (Mine::new(&app, &device()).await, Mine::new(&app, &device()).await);
    let initial = initial_token(&app).await;
    let unknown = format!("{REGISTER}/dyn_00000000000000000000000000000000");
    let uris = [mine.uri(), unknown, format!("{REGISTER}/tv"), format!("{REGISTER}/"), format!("{REGISTER}/a/b")];
    for uri in &uris {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let call = || json_call(method.clone(), uri, &but(device(), json!({ "client_id": mine.id })));
            let none = call().send(&app).await;
            assert_eq!((none.status, none.body()), (401, "{}"));
            assert_eq!(none.header("www-authenticate"), "Bearer realm=\"countersign\"");
            for token in [other.token.as_str(), &initial, "rat_guess", &mine.id] {
                let answer = call().bearer(token).send(&app).await;
                assert_eq!(answer.refusal(), (401, "invalid_token".to_owned()), "{method} {uri}");
                let challenge = "Bearer realm=\"countersign\", error=\"invalid_token\"";
                assert_eq!(answer.header("www-authenticate"), challenge);
            }
        }
    }
    assert!(
        mine.row(&app).await.is_some() && app.store.client(&ClientId::parse("tv").unwrap()).await.unwrap().is_some()
    );
}

#[tokio::test]
async fn dm_2_2_a_client_that_an_operator_disabled_may_not_look_after_itself() {
    let app = TestApp::new().await;
    let mine = Mine::new(&app, &device()).await;
    let edit = flow::admin::ClientEdit { enabled: Some(false), ..flow::admin::ClientEdit::default() };
    app.flow.admin().edit_client(&ClientId::parse(&mine.id).unwrap(), &edit).await.unwrap();
    for call in [mine.ask(Method::GET), mine.put(&device()), mine.ask(Method::DELETE)] {
        assert_eq!(call.send(&app).await.refusal(), (403, "access_denied".to_owned()));
    }
    assert_eq!(mine.ask(Method::GET).without("authorization").bearer("rat_x").send(&app).await.status, 401);
}

#[tokio::test]
async fn dm_2_2_1_put_replaces_and_what_is_left_out_is_gone() {
    let app = TestApp::new().await;
    let mine = Mine::new(&app, &but(device(), json!({"software_id": "4NRB1", "subject_type": "pairwise"}))).await;
    let put = mine
        .put(&json!({"grant_types": [DEVICE], "token_endpoint_auth_method": "none", "scope": "openid"}))
        .send(&app)
        .await;
    assert_eq!((put.status, put.header("cache-control")), (200, "no-store"));
    let changes = json!({
        "grant_types": [DEVICE], "client_name": mine.id, "scope": "openid", "software_id": null, "subject_type": "public",
    });
    assert_eq!(put.json(), but(mine.told.clone(), changes));
    assert_eq!(mine.ask(Method::GET).send(&app).await.json(), put.json());
    // It holds at once, on this node and for what is under way.
    let start = mine.caller().call(super::super::support::AUTHORIZATION, "scope=profile").send(&app).await;
    assert_eq!(start.refusal(), (400, "invalid_scope".to_owned()));
}

#[tokio::test]
async fn dm_2_1_1_dm_2_2_1_dm_2_2_2_what_the_server_set_cannot_be_changed() {
    let app = TestApp::new().await;
    let mine = Mine::new(&app, &json!({"grant_types": [DEVICE]})).await;
    let before = mine.row(&app).await.unwrap();
    let said = json!({"grant_types": [DEVICE], "client_name": "Other", "scope": "openid"});
    for changes in [
        json!({ "client_id": "tv" }),
        json!({ "client_id": "" }),
        json!({ "client_id": mine.id, "client_secret": "cs_mine" }),
        json!({ "client_id": mine.id, "registration_access_token": mine.token }),
        json!({ "client_id": mine.id, "registration_client_uri": "https://a.example" }),
        json!({ "client_id": mine.id, "client_secret_expires_at": 0 }),
        json!({ "client_id": mine.id, "client_id_issued_at": 1 }),
    ] {
        let call = json_call(Method::PUT, &mine.uri(), &but(said.clone(), changes.clone())).bearer(&mine.token);
        assert_eq!(call.send(&app).await.refusal(), (400, "invalid_client_metadata".to_owned()), "{changes}");
    }
    let without = json_call(Method::PUT, &mine.uri(), &said).bearer(&mine.token);
    assert_eq!(without.send(&app).await.refusal(), (400, "invalid_client_metadata".to_owned()));
    assert_eq!(mine.row(&app).await.unwrap(), before);
    let repeated = mine.put(&but(said, json!({ "client_secret": mine.secret }))).send(&app).await;
    assert_eq!((repeated.status, &repeated.json()["client_secret"]), (200, &json!(mine.secret)));
    assert_eq!(mine.row(&app).await.unwrap().secrets, before.secrets);
    assert_eq!(mine.caller().signed_in(&app, "openid").await.status, 200, "with the secret it has");
}

#[tokio::test]
async fn dm_2_2_1_a_client_that_needs_a_secret_gets_one_of_the_server_and_the_old_one_ends() {
    let app = TestApp::new().await;
    let mine = Mine::new(&app, &json!({"grant_types": [DEVICE]})).await;
    let public = mine.put(&json!({"grant_types": [DEVICE], "token_endpoint_auth_method": "none"})).send(&app).await;
    assert_eq!((public.status, public.json().get("client_secret")), (200, None));
    let again = mine.put(&json!({"grant_types": [DEVICE], "scope": "openid"})).send(&app).await.json();
    let secret = again["client_secret"].as_str().unwrap().to_owned();
    assert_eq!(again["client_secret_expires_at"], 0);
    assert_ne!(secret, mine.secret);
    let old = mine.caller().call(super::super::support::AUTHORIZATION, "").send(&app).await;
    assert_eq!(old.refusal(), (401, "invalid_client".to_owned()));
    assert_eq!(Caller { secret, ..mine.caller() }.signed_in(&app, "openid").await.status, 200);
}

#[tokio::test]
async fn cf_12_t3_a_change_goes_no_further_than_the_registration_and_a_new_name_is_not_vouched_for() {
    let app = TestApp::new().await;
    let mine = Mine::new(&app, &device()).await;
    let beyond = mine.put(&but(device(), json!({"scope": "openid email"}))).send(&app).await;
    assert_eq!(beyond.refusal(), (400, "invalid_client_metadata".to_owned()));
    let id = ClientId::parse(&mine.id).unwrap();
    let edit = flow::admin::ClientEdit { verified: Some(true), ..flow::admin::ClientEdit::default() };
    app.flow.admin().edit_client(&id, &edit).await.unwrap();
    assert_eq!(mine.put(&device()).send(&app).await.status, 200);
    assert!(mine.row(&app).await.unwrap().verified, "the name is the same");
    assert_eq!(mine.put(&but(device(), json!({"client_name": "Example Bank"}))).send(&app).await.status, 200);
    assert!(!mine.row(&app).await.unwrap().verified);
}

#[tokio::test]
async fn dm_2_1_clients_of_the_operator_are_out_of_reach() {
    let app = TestApp::new().await;
    let declared =
        flow::admin::Declared { client: crate::support::client("declared", "Declared"), text: "x".to_owned() };
    app.flow.admin().declare(&[declared]).await.unwrap();
    let mine = Mine::new(&app, &device()).await;
    let clients = app.store.clients().await.unwrap();
    for id in ["tv", "declared"] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let said = but(device(), json!({ "client_id": id }));
            let call = json_call(method, &format!("{REGISTER}/{id}"), &said).bearer(&mine.token);
            assert_eq!(call.send(&app).await.refusal(), (401, "invalid_token".to_owned()));
        }
    }
    assert_eq!(app.store.clients().await.unwrap(), clients);
}
