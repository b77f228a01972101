//! A device: starts a grant and polls for its tokens, as plainly as RFC 8628 lets it.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use super::http::{Client, Pairs, Response, basic};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A client as it is declared in the configuration of the server under test.
#[derive(Clone)]
pub(crate) struct Registration {
    pub(crate) id: String,
    /// Sent by `client_secret_basic` when there is one.
    pub(crate) secret: Option<String>,
}

pub(crate) struct Device {
    connection: Client,
    registration: Registration,
}

#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
    pub(crate) interval: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Token(String),
    /// `error` of the answer.
    Refused(String),
}

impl Answer {
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self, Self::Refused(error) if error == "authorization_pending" || error == "slow_down")
    }

    pub(crate) fn is_refused(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused(error) if error == wanted)
    }
}

impl Device {
    pub(crate) fn new(address: SocketAddr, registration: Registration) -> Self {
        Self { connection: Client::new(address), registration }
    }

    /// Connects now, so that a poll that must be on time does not pay for it.
    pub(crate) fn connect(&mut self) -> Result<()> {
        self.connection.connect()
    }

    pub(crate) fn start(&mut self) -> Result<Grant> {
        self.start_for("openid profile")
    }

    pub(crate) fn start_for(&mut self, scope: &str) -> Result<Grant> {
        let response = self.post("/oauth2/device_authorization", &[], &[("scope", scope)])?;
        let body = response.json()?;
        let text = |name: &str| {
            let value = body.get(name).and_then(|value| value.as_str());
            value.map(str::to_owned).with_context(|| format!("no {name} in {body}"))
        };
        let interval = body.get("interval").and_then(serde_json::Value::as_u64).unwrap_or(5);
        Ok(Grant { device_code: text("device_code")?, user_code: text("user_code")?, interval })
    }

    /// One poll, held by the server for `wait` seconds when it grants that (RFC 7240 §4.3).
    pub(crate) fn poll(&mut self, device_code: &str, wait: Option<u64>) -> Result<(Answer, bool)> {
        let prefer = wait.map(|seconds| format!("wait={seconds}"));
        let headers: Vec<(&str, &str)> = prefer.iter().map(|value| ("prefer", value.as_str())).collect();
        let form = [("grant_type", GRANT_TYPE), ("device_code", device_code)];
        let response = self.post("/oauth2/token", &headers, &form)?;
        let held = response.header("preference-applied").is_some();
        let body = response.json()?;
        let text = |name: &str| body.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let answer = match (response.status, text("access_token"), text("error")) {
            (200, Some(token), _) => Answer::Token(token),
            (status, _, Some(error)) if (400..500).contains(&status) => Answer::Refused(error),
            (status, ..) => anyhow::bail!("status {status}: {body}"),
        };
        Ok((answer, held))
    }

    /// Whether an access token is accepted.
    pub(crate) fn is_live(&mut self, token: &str) -> Result<bool> {
        let authorization = format!("Bearer {token}");
        let response = self.connection.get("/oauth2/userinfo", &[("authorization", &authorization)])?;
        match response.status {
            200 => Ok(true),
            401 => Ok(false),
            status => anyhow::bail!("userinfo answered {status}: {}", response.body),
        }
    }

    /// A form, by which the client says and proves who it is.
    pub(crate) fn post(&mut self, path: &str, headers: Pairs<'_>, form: Pairs<'_>) -> Result<Response> {
        let Registration { id, secret } = &self.registration;
        match secret {
            Some(secret) => {
                let authorization = basic(id, secret);
                self.connection.post(path, &[headers, &[("authorization", &authorization)]].concat(), form)
            }
            None => self.connection.post(path, headers, &[form, &[("client_id", id.as_str())]].concat()),
        }
    }
}
