//! What the operator's own listener answers: metrics and health. Loopback only; nothing here changes anything.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::Full;

use crate::app::App;
use crate::reply;
use crate::telemetry::{CONTENT_TYPE, Metrics};

impl App {
    /// Answers a request on the operator's listener.
    pub async fn operator(&self, method: &Method, path: &str, metrics: &Metrics) -> Response<Full<Bytes>> {
        if *method != Method::GET {
            let mut reply = reply::text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
            reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
            return reply;
        }
        match path {
            "/metrics" => {
                let quota = self.flow.waiting_room().quota();
                metrics.held_polls.set(quota.held_now());
                metrics.pending_grants.set(quota.grants());
                let accesses = self.flow.store_accesses();
                let page = metrics.render(accesses.iter().map(|(operation, count)| (operation.name(), count)));
                reply::with_type(StatusCode::OK, CONTENT_TYPE, page.into())
            }
            "/health/live" => reply::text(StatusCode::OK, "live\n"),
            "/health/ready" => crate::http::health::readiness(&self.flow).await,
            _ => reply::text(StatusCode::NOT_FOUND, "there is /metrics, /health/live and /health/ready\n"),
        }
    }
}
