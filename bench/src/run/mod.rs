//! The measurements, one a file, and the requests that they send.

pub(crate) mod polls;
pub(crate) mod redeem;
pub(crate) mod start;

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::load::{Answer, Work, connection};

/// Devices that start: each request makes a grant.
struct Starts {
    request: Vec<u8>,
    codes: Mutex<Vec<String>>,
}

#[derive(Deserialize)]
struct Started {
    device_code: String,
    user_code: String,
    interval: u64,
}

impl Starts {
    fn new(address: SocketAddr, client: &str) -> Self {
        let mut request = Vec::new();
        connection::post(address, "/oauth2/device_authorization", &format!("client_id={client}"), &mut request);
        Self { request, codes: Mutex::default() }
    }

    /// The device codes that were answered so far.
    fn codes(&self) -> Vec<String> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Work for Starts {
    fn write(&self, _: usize, request: &mut Vec<u8>) {
        request.extend_from_slice(&self.request);
    }

    fn check(&self, _: usize, answer: Answer<'_>) -> Result<()> {
        let text = || String::from_utf8_lossy(answer.body).into_owned();
        ensure!(answer.status == 200, "status {}: {}", answer.status, text());
        let started: Started = serde_json::from_slice(answer.body).with_context(text)?;
        ensure!(started.user_code.len() >= 9 && started.interval >= INTERVAL, "{}", text());
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).push(started.device_code);
        Ok(())
    }
}

/// The interval, in seconds, of grants whose polls are not held; with very many of them it becomes longer.
const INTERVAL: u64 = 5;

/// A poll of this grant.
fn poll(address: SocketAddr, client: &str, device_code: &str) -> Vec<u8> {
    let mut request = Vec::new();
    let grant_type = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
    let form = format!("grant_type={grant_type}&device_code={device_code}&client_id={client}");
    connection::post(address, "/oauth2/token", &form, &mut request);
    request
}
