//! The browser pages: what a person sees and does between the code and the device's token.
//!
//! Handlers read the request, ask `flow` one thing and answer with a view or a redirect. Words are in [`text`], marking
//! in [`view`], what the browser keeps in `cookies`.

pub(crate) mod account;
pub(crate) mod code;
mod cookies;
mod csrf;
pub(crate) mod decision;
pub(crate) mod devices;
pub(crate) mod done;
pub(crate) mod error;
pub(crate) mod link;
mod person;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub mod text;
pub mod view;

use std::time::Duration;

use askama::Template;
use http::{StatusCode, header};
use proto::Timestamp;
use proto::grant::whole_seconds;

use crate::reply::{self, Reply};
use crate::request::Ask;

/// A page. One that does not render is our own mistake, and the error page might not render either.
fn show(ask: &Ask<'_>, status: StatusCode, page: &impl Template) -> Reply {
    match page.render() {
        Ok(body) => reply::html(status, body),
        Err(error) => {
            tracing::error!(request = %ask.id, %error, "a page cannot be shown");
            reply::text(StatusCode::INTERNAL_SERVER_ERROR, "We made a mistake. Please try again in a moment.\n")
        }
    }
}

/// How long it is until `until`.
fn wait(ask: &Ask<'_>, until: Timestamp) -> Duration {
    until.since(ask.flow().now())
}

/// Says so to programs as well (RFC 9110 §10.2.3).
fn retry_after(mut reply: Reply, wait: Duration) -> Reply {
    reply::set(reply.headers_mut(), header::RETRY_AFTER, &whole_seconds(wait).to_string());
    reply
}
