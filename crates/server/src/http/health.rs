//! `GET /health/live` and `/health/ready`.

use flow::Flow;
use http::StatusCode;

use crate::reply::{self, Reply};

/// The process answers.
pub(crate) fn live() -> Reply {
    reply::text(StatusCode::OK, "live\n")
}

/// It can serve: the store can be read.
pub(crate) async fn readiness(flow: &Flow) -> Reply {
    match flow.check_ready().await {
        Ok(()) => reply::text(StatusCode::OK, "ready\n"),
        Err(_) => reply::text(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read; the log says why\n"),
    }
}
