//! The HTTP endpoints and the browser pages of Countersign.
//!
//! Owns routes, statuses, headers and cookies. Every decision is made below, in `flow`; the store cannot be named here.

pub mod address;
pub mod app;
pub mod assets;
pub mod fetch;
mod http;
pub mod listen;
mod operator;
pub mod pages;
mod place;
mod reply;
mod request;
mod service;
pub mod telemetry;

pub use app::{App, Settings};
