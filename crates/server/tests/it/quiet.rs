//! Pending polls over real sockets, and what they cost the store: nothing.

use std::sync::Arc;
use std::time::Duration;

use countersign_server::listen::{BodyLimits, ListenSettings, Listener, Peer};
use http::Request;
use hyper::body::Incoming;
use tokio::sync::oneshot;

use crate::support::TestApp;

#[tokio::test]
async fn a_pending_poll_makes_no_store_access_over_real_http() {
    let app = TestApp::new().await;
    let device = app.device().await;
    let settings = Arc::new(ListenSettings::default());
    let limits = BodyLimits::from(&*settings);
    let metrics = Arc::clone(&app.metrics);
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), None, settings, metrics).unwrap();
    let token = format!("http://{}/oauth2/token", listener.local_address());
    let served = Arc::clone(&app.app);
    let handler = move |request: Request<Incoming>, peer: Peer| {
        let app = Arc::clone(&served);
        async move { app.handle(request, peer.address, limits).await }
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(listener.serve(handler, async {
        stopped.await.unwrap();
    }));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "tv"),
        ("device_code", &device.device_code),
    ];
    let before = app.flow.store_accesses();
    for _ in 0..100 {
        app.env.advance(Duration::from_secs(5));
        let reply = http.post(&token).form(&form).send().await.unwrap();
        assert_eq!(reply.status(), 400);
        assert!(reply.text().await.unwrap().contains("authorization_pending"));
    }
    assert_eq!(app.flow.store_accesses(), before, "each operation as often as before");
    stop.send(()).unwrap();
    serving.await.unwrap();
}
