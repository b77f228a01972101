//! The device: a program that embeds the client library, as a TV would.

use anyhow::Context as _;
use client::login::Login;
use client::{Application, Client, Https, Issuer, LoginRequest, Plaintext, Provider, System, discover};

/// A device that found its server.
pub(super) struct Device(Client<Https, System>);

impl Device {
    /// Reads what the server says about itself. `root`: the certificate to trust, where it is the demo's own.
    pub(super) async fn discover(issuer: &str, client_id: &str, root: Option<&str>) -> anyhow::Result<Self> {
        let transport = match root {
            Some(pem) => Https::with_roots(pem.as_bytes())?,
            None => Https::new(),
        };
        let issuer = Issuer::parse(issuer, Plaintext::OnLoopback).context("the issuer is not usable")?;
        let provider = Provider::of_host(issuer.host());
        let server = discover(&transport, issuer, provider, Plaintext::OnLoopback).await?;
        let application = Application::public(client_id);
        Ok(Self(Client { application, environment: System::new(), server, transport }))
    }

    /// Steps (A) and (B): asks for codes.
    pub(super) async fn start(&self) -> anyhow::Result<Login<'_, Https, System>> {
        let request = LoginRequest {
            device_name: Some("The screen in the living room".to_owned()),
            scopes: vec!["openid".to_owned(), "profile".to_owned()],
            ..LoginRequest::default()
        };
        Ok(self.0.start(request).await?)
    }
}
