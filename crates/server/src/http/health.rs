//! `GET /health/live` and `/health/ready`.

use http::StatusCode;

use crate::reply::{self, Reply};
use crate::request::Ask;

/// The process answers.
pub(crate) fn live() -> Reply {
    reply::text(StatusCode::OK, "live\n")
}

/// It can serve: the store can be read.
pub(crate) async fn ready(ask: &Ask<'_>) -> Reply {
    match ask.flow().check_ready().await {
        Ok(()) => reply::text(StatusCode::OK, "ready\n"),
        Err(_) => reply::text(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read; the log says why\n"),
    }
}
