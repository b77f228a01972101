//! What a device embeds to sign somebody in without a browser: RFC 8628 against any provider.
//!
//! Owns the IO around `proto::device`: discovery, requests, id_token, tokens and their file. Every rule of polling is
//! the machine's. What the person sees is the caller's, who gets it as [`Plain`] text and draws the QR with [`qr`].
//!
//! ```no_run
//! use client::{Application, Client, Https, Issuer, LoginRequest, Plaintext, Provider, System, discover};
//! # extern crate countersign_client as client;
//!
//! # async fn sign_in() -> Result<(), Box<dyn std::error::Error>> {
//! let issuer = Issuer::parse("https://id.example.com", Plaintext::Refused)?;
//! let (provider, transport) = (Provider::of_host(issuer.host()), Https::new());
//! let server = discover(&transport, issuer, provider, Plaintext::Refused).await?;
//! let client = Client { application: Application::public("tv"), environment: System::new(), server, transport };
//!
//! let login = client.start(LoginRequest::default()).await?;
//! println!("Open {} and enter {}", login.prompt().verification_uri, login.prompt().user_code);
//! let signed_in = login.finish(|_event| {}).await?;
//! println!("{}", signed_in.session.header_value());
//! # Ok(())
//! # }
//! ```

pub mod authentication;
pub mod body;
pub mod discovery;
pub mod endpoint;
pub mod env;
pub mod error;
pub mod identity;
pub mod login;
pub mod provider;
pub mod qr;
pub mod session;
pub mod terminal;
pub mod text;
pub mod transport;
pub mod vault;

pub use authentication::{Application, Authentication};
pub use discovery::{Server, discover};
pub use endpoint::{Endpoint, Issuer, Plaintext};
pub use env::{Environment, System};
pub use error::Error;
pub use identity::Identity;
pub use login::{Client, Login, LoginRequest, Prompt, SignedIn};
pub use proto::device::{Event, Failure, Retry};
pub use provider::Provider;
pub use session::Session;
pub use text::Plain;
pub use transport::{Https, Transport};
pub use vault::{FileVault, ProfileName};
