//! What a device embeds to sign somebody in without a browser: RFC 8628 against any provider.
//!
//! Owns the IO around `proto::device`: discovery, requests, id_token, tokens and their file. Every rule of polling is
//! the machine's. What the person sees is the caller's, who gets it as [`Plain`] text and draws the QR with [`qr`].
//! Where the server can, tokens are bound to a key of this device (DPoP, RFC 9449): [`call()`] then makes the proofs.
//!
//! ```no_run
//! use client::{Application, Call, Client, Endpoint, Https, Issuer, LoginRequest, Plaintext, Provider, System};
//! use client::{call, discover};
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
//!
//! let api = Endpoint::parse("https://api.example.com/things", Plaintext::Refused)?;
//! let answer = call(&client.transport, &client.environment, &signed_in.session, &Call::get(api)).await?;
//! println!("{}", answer.status);
//! # Ok(())
//! # }
//! ```

pub mod authentication;
pub mod body;
pub mod call;
pub mod challenge;
pub mod client_key;
pub mod discovery;
pub mod doctor;
pub mod endpoint;
pub mod env;
pub mod error;
mod exchange;
pub mod identity;
pub mod login;
mod nonces;
mod pkce;
pub mod proof_key;
pub mod protected_resource;
pub mod provider;
pub mod qr;
pub mod session;
pub mod terminal;
pub mod text;
pub mod transport;
pub mod upkeep;
pub mod vault;

pub use authentication::{Application, Authentication};
pub use call::{Call, call};
pub use client_key::ClientKey;
pub use discovery::{Server, discover};
pub use endpoint::{Endpoint, Issuer, Plaintext};
pub use env::{Environment, System};
pub use error::Error;
pub use identity::Identity;
pub use jose::Algorithm;
pub use login::{Client, Login, LoginRequest, Pending, Prompt, SignedIn, When};
pub use proof_key::ProofKey;
pub use proto::device::{Event, Failure, Retry};
pub use provider::Provider;
pub use session::Session;
pub use text::Plain;
pub use transport::{Https, Transport};
pub use vault::{FileVault, ProfileName};
