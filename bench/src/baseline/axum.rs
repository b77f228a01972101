//! axum as a program of a few lines would use it: extractors, a map behind a lock, JSON that is serialised each time.
//! Nothing is authenticated or hashed, no pace is kept; only the time of the last poll is written down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Form, Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::clock::Stopwatch;

#[derive(Deserialize)]
struct Poll {
    grant_type: String,
    client_id: String,
    device_code: String,
}

#[derive(Serialize)]
struct Refusal {
    error: &'static str,
    error_uri: &'static str,
}

struct Grants {
    watch: Stopwatch,
    last: Mutex<HashMap<String, Duration>>,
}

pub(super) async fn serve(listener: TcpListener) -> Result<()> {
    let grants = Arc::new(Grants { watch: Stopwatch::start(), last: Mutex::default() });
    let routes = Router::new().route("/oauth2/token", post(answer)).with_state(grants);
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn answer(State(grants): State<Arc<Grants>>, Form(poll): Form<Poll>) -> (StatusCode, Json<Refusal>) {
    let known = poll.grant_type == "urn:ietf:params:oauth:grant-type:device_code" && !poll.client_id.is_empty();
    let error = if known { "authorization_pending" } else { "invalid_request" };
    grants.last.lock().unwrap_or_else(PoisonError::into_inner).insert(poll.device_code, grants.watch.elapsed());
    (StatusCode::BAD_REQUEST, Json(Refusal { error, error_uri: "a:b" }))
}
