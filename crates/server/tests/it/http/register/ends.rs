//! How a registration ends, and everything with it: by its client, by nobody using it, and by an operator.

use proto::model::GrantState;
use store::FaultSettings;
use store::load::{FamilyFilter, GrantFilter};

use super::*;
use crate::http::support::{INTROSPECT, is_good};

#[tokio::test]
async fn dm_2_3_1_delete_ends_the_client_its_codes_its_tokens_and_the_registration_token_at_once() {
    let app = TestApp::new().await;
    let api = Client {
        auth: AuthMethod::ClientSecretBasic,
        grants: Vec::new(),
        introspects: true,
        ..crate::support::client("api", "The API")
    };
    let api = Caller::register_as(&app, api).await;
    let (mine, other) = (Mine::new(&app, &device()).await, Mine::new(&app, &device()).await);
    let tokens = mine.caller().signed_in_for_long(&app).await;
    let others = other.caller().signed_in_for_long(&app).await.text("access_token");
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let (pending, approved) = (mine.caller().start(&app, "openid").await, mine.caller().start(&app, "openid").await);
    app.decide(&approved.user_code, "approve").await;
    assert!(is_good(&app, &access).await);

    let gone = mine.ask(Method::DELETE).send(&app).await;
    assert_eq!((gone.status, gone.body(), gone.header("cache-control")), (204, "", "no-store"));

    assert!(!is_good(&app, &access).await && is_good(&app, &others).await);
    for token in [&access, &refresh] {
        let asked = api.call(INTROSPECT, &format!("token={token}")).send(&app).await;
        assert_eq!(asked.body(), r#"{"active":false}"#);
    }
    for call in [
        mine.caller().refresh(&refresh),
        mine.caller().poll(&pending.device_code),
        mine.caller().poll(&approved.device_code),
        mine.caller().call(super::super::support::AUTHORIZATION, "scope=openid"),
        mine.caller().revoke(&refresh),
    ] {
        assert_eq!(call.send(&app).await.refusal(), (400, "invalid_client".to_owned()));
    }
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(mine.ask(method).send(&app).await.refusal(), (401, "invalid_token".to_owned()));
    }
    let mut browser = app.signed_in("maria", HOME).await;
    browser.type_code(&pending.user_code).await.expect_page("code");
    // The rows say so as well.
    let client = Some(ClientId::parse(&mine.id).unwrap());
    let grants = app.store.grants(GrantFilter { client: client.clone(), ..GrantFilter::default() }).await.unwrap();
    let now = app.env.now();
    assert_eq!(grants.len(), 3);
    assert!(grants.iter().all(|grant| match &grant.state {
        GrantState::Pending => grant.expires_at <= now,
        GrantState::Approved(_) => false,
        GrantState::Denied { .. } | GrantState::Redeemed(..) => true,
    }));
    let families = FamilyFilter { client, live: Some(now), ..FamilyFilter::default() };
    assert_eq!(app.store.families(families).await.unwrap(), []);
}

#[tokio::test]
async fn dm_2_3_1_a_held_poll_hears_of_the_end_at_once() {
    let app = TestApp::with(|settings| settings.device.hold = Duration::from_secs(4), "").await;
    app.keep_house().await;
    let mine = Mine::new(&app, &device()).await;
    let started = mine.caller().start(&app, "openid").await;
    let call = mine.caller().poll(&started.device_code);
    let held = async { call.send(&app).await.refusal() };
    let end = async {
        app.heed().await;
        mine.ask(Method::DELETE).send(&app).await.status
    };
    let (refusal, status) = tokio::join!(held, end);
    assert_eq!((refusal, status), ((400, "expired_token".to_owned()), 204));
}

#[tokio::test]
async fn dm_2_3_1_a_lost_reply_of_the_store_is_no_refusal() {
    for seed in 0..20 {
        let faults = FaultSettings { seed, lose_reply: 400, ..FaultSettings::default() };
        let (well, ill) = TestApp::new().await.behind(faults).await;
        let mine = Mine::new(&well, &device()).await;
        let status = loop {
            match mine.ask(Method::DELETE).send(&ill).await.status {
                503 => {}
                status => break status,
            }
        };
        assert!([204, 401].contains(&status), "{status}");
        assert!(mine.row(&well).await.is_none());
        assert_eq!(mine.ask(Method::GET).send(&well).await.status, 401, "heard by the other node as well");
    }
}

#[tokio::test]
async fn dr_3_2_a_client_that_got_no_token_in_time_goes_and_one_that_did_stays() {
    let app = TestApp::with(|settings| settings.registration.unused_lifetime = Duration::from_secs(7_200), "").await;
    let (used, unused, asked) =
        (Mine::new(&app, &device()).await, Mine::new(&app, &device()).await, Mine::new(&app, &device()).await);
    let until = |client: Option<Client>| client.unwrap().registration.unwrap().unused_until;
    assert_eq!(until(used.row(&app).await), Some(app.env.now() + Duration::from_secs(7_200)));
    let tokens = used.caller().signed_in_for_long(&app).await;
    assert_eq!(until(used.row(&app).await), None, "in the commit that issued them");
    assert!(is_good(&app, &tokens.text("access_token")).await);
    let again = used.caller().signed_in(&app, "openid").await;
    assert_eq!((again.status, used.row(&app).await.unwrap().version), (200, 2), "once");
    // Codes alone keep nobody.
    asked.caller().start(&app, "openid").await;
    app.advance(7_200);
    while app.store.sweep(app.env.now(), 500).await.unwrap().more {}
    assert!(used.row(&app).await.is_some() && unused.row(&app).await.is_none() && asked.row(&app).await.is_none());
}

#[tokio::test]
async fn dr_3_2_two_first_uses_at_once_are_both_served() {
    let app = TestApp::new().await;
    let mine = Mine::new(&app, &device()).await;
    let (one, two) = (mine.caller().start(&app, "openid").await, mine.caller().start(&app, "openid").await);
    app.decide(&one.user_code, "approve").await;
    app.decide(&two.user_code, "approve").await;
    let polls = [mine.caller().poll(&one.device_code), mine.caller().poll(&two.device_code)];
    let answers = tokio::join!(polls[0].send(&app), polls[1].send(&app));
    assert_eq!((answers.0.status, answers.1.status), (200, 200));
}

#[tokio::test]
async fn dm_2_2_an_operator_changes_and_removes_a_client_that_registered_itself() {
    let app = TestApp::new().await;
    let mine = Mine::new(&app, &device()).await;
    let id = ClientId::parse(&mine.id).unwrap();
    let edit = flow::admin::ClientEdit { name: Some("Kitchen TV".to_owned()), ..flow::admin::ClientEdit::default() };
    app.flow.admin().edit_client(&id, &edit).await.unwrap();
    assert_eq!(mine.ask(Method::GET).send(&app).await.json()["client_name"], "Kitchen TV");
    app.flow.admin().remove_client(&id).await.unwrap();
    assert_eq!(mine.ask(Method::GET).send(&app).await.status, 401);
}
