//! `[[client]]`: programs on devices that are declared in the configuration.

use std::time::Duration;

use proto::Timestamp;
use proto::model::{
    AccessTokenFormat, AuthMethod, Client, ClientId, ClientKeys, Demand, DeviceAuth, DevicePolicy, GrantType,
    LinkPolicy, Origin, Resource, Rotation, Scope, SigningAlg, SubjectType, TokenPolicy,
};
use proto::secret::{Alphabet, ClientSecret};

use super::choice::{SubjectKind, choice, choices};
use super::client_kinds::{Jwks, client_id, jwks, jwks_uri, resources, scopes, sector};
use super::kinds::{between, optional, seconds, truth, words};
use super::secret::{Secret, secret};
use super::section::section;
use super::sections::{ACCESS_LIFETIME, HOLD, INTERVAL, LIFETIME, REFRESH_ABSOLUTE, REFRESH_IDLE};
use super::web::origins;

section! {
    /// A program that may sign people in. Declare it here or add it with `countersignd client add`; one that is removed
    /// from here is disabled. Write one block for each.
    DeclaredClient "client" {
        /// What it calls itself in requests; public. All copies of a program share it.
        id: ClientId, client_id, required "tv", live;
        /// What people see when they are asked.
        name: String, words(1, 64), required "Living-room TV", live;
        /// How it authenticates: "none" for what runs in people's hands and cannot keep a secret, "client_secret_basic" or
        /// "client_secret_post" for what you run yourself, "private_key_jwt" for what signs with a key that never leaves it.
        auth: AuthMethod, choice, default "none", live;
        /// Its secret, when it has one: at least 32 bytes. Better in a file of its own: secret_file.
        secret: Option<Secret>, optional(secret), secret "/run/secrets/tv", live;
        /// Its public keys, for "private_key_jwt": a JWK set in a file, or here as jwks, a table or a text of JSON. P-256,
        /// Ed25519 or RSA. To change keys without a gap, let both stand here for a while.
        jwks: Option<Jwks>, optional(jwks), document "/etc/countersign/tv.jwks.json", live;
        /// Instead, the https address where it publishes them; they are fetched when it signs in. See jwks_networks in
        /// [limits].
        jwks_uri: Option<String>, optional(jwks_uri), unset "https://tv.example.com/jwks.json", live;
        /// The one signature algorithm of its assertions: "ES256", "RS256" or "EdDSA". Any that its keys are for unless it
        /// stands here.
        token_endpoint_auth_signing_alg: Option<SigningAlg>, optional(choice), unset "ES256", live;
        /// What it may use: "device" and "refresh_token". Nothing unless it stands here.
        grants: Vec<GrantType>, choices, required ["device", "refresh_token"], live;
        /// What it may ask for; asked for nothing, it gets all but offline_access. No scope: it learns only that somebody
        /// approved. This is the ceiling of its device grant, whoever approves: leave out what nobody should be talked into.
        scopes: Scope, scopes, default [], live;
        /// APIs that it may name, an absolute URI each (RFC 8707), such as ["https://api.example.com"]; its tokens are then for
        /// those alone. Naming none, they are for the issuer. Of an API that may ask: its own names, and it is told of no
        /// other tokens.
        resources: Vec<Resource>, resources, default [], live;
        /// What the link in the QR code does: "same_network" fills in the code for a browser on the device's own network and
        /// asks others to type it, "always" fills it in (easier to abuse from afar), "never" always asks.
        link: LinkPolicy, choice, default "same_network", live;
        /// Whether a client with a secret or a key must show it when it asks for codes, as RFC 8628 says; "optional" is for
        /// programs that cannot (Git Credential Manager, x/oauth2).
        device_auth: DeviceAuth, choice, default "required", live;
        /// Whether it is an API that may ask what tokens are good for (RFC 7662). It needs a secret or a key.
        introspection: bool, truth, default false, live;
        /// Web applications: origins whose scripts may call the endpoints, such as ["https://tv.example.com"].
        origins: Vec<Origin>, origins, default [], live;
        /// What it learns of a person: "public", the same subject as every other client; "pairwise", one of its own, so that
        /// clients cannot compare whom they know. A change makes everybody a stranger to it.
        subject_type: SubjectKind, choice, default "public", live;
        /// Clients that share pairwise subjects name the same host here.
        sector: Option<String>, optional(sector), unset "example.com", live;
        /// Signature algorithm of its id_tokens: "RS256", which clients assume, "ES256", or "EdDSA", which few know.
        id_token_alg: SigningAlg, choice, default "RS256", live;
        /// What its access tokens are: "jwt", which APIs check by themselves (RFC 9068), or "opaque", for which they ask
        /// (RFC 7662): a revoked one ends at once everywhere.
        access_token_format: AccessTokenFormat, choice, default "jwt", live;
        /// As signing in [tokens], for this client alone.
        access_token_alg: Option<SigningAlg>, optional(choice), unset "ES256", live;
        /// As in [tokens], for this client alone.
        access_lifetime: Option<Duration>, optional(seconds(ACCESS_LIFETIME.0, ACCESS_LIFETIME.1)), unset "5m", live;
        /// As in [tokens], for this client alone.
        refresh_idle: Option<Duration>, optional(seconds(REFRESH_IDLE.0, REFRESH_IDLE.1)), unset "1d", live;
        /// As in [tokens], for this client alone.
        refresh_absolute: Option<Duration>, optional(seconds(REFRESH_ABSOLUTE.0, REFRESH_ABSOLUTE.1)), unset "7d", live;
        /// When a refresh token is replaced: "unbound", with every use unless the client proves who it is, by secret, key or
        /// DPoP, since a reply that is lost on its way signs the device out; "always", then too.
        refresh_rotation: Rotation, choice, default "unbound", live;
        /// Whether its tokens must be bound to a key of the device (DPoP, RFC 9449), so that a stolen one is worth nothing:
        /// "required" or "optional". A program that does not know DPoP cannot sign in when it is required.
        dpop: Demand, choice, default "optional", live;
        /// As in [device], for this client alone.
        alphabet: Option<Alphabet>, optional(choice), unset "digits", live;
        /// As in [device], for this client alone.
        lifetime: Option<Duration>, optional(seconds(LIFETIME.0, LIFETIME.1)), unset "5m", live;
        /// As in [device], for this client alone.
        interval: Option<Duration>, optional(seconds(INTERVAL.0, INTERVAL.1)), unset "5s", live;
        /// As in [device], for this client alone.
        hold: Option<Duration>, optional(between(HOLD.0, HOLD.1)), unset "0s", live;
        /// Whether it must ask for codes with a challenge (PKCE, RFC 7636), so that a device code that leaked is worth nothing:
        /// "required" or "optional". Device programs of others do not know it.
        pkce: Demand, choice, default "optional", live;
    }
}

impl DeclaredClient {
    /// The registration that is declared; when it was made, and its version, are the store's.
    pub(crate) fn client(&self) -> Client {
        let secret = self.secret.as_ref().map(|secret| ClientSecret::presented(secret.reveal()));
        let address = || self.jwks_uri.as_deref().map(|address| ClientKeys::At(address.into()));
        Client {
            id: self.id.clone(),
            name: self.name.clone(),
            auth: self.auth,
            secrets: secret.iter().map(ClientSecret::hash).collect(),
            keys: self.jwks.as_ref().map(|jwks| jwks.keys().clone()).or_else(address),
            assertion_alg: self.token_endpoint_auth_signing_alg,
            grants: self.grants.clone(),
            scopes: self.scopes.clone(),
            origins: self.origins.clone(),
            link: self.link,
            device_auth: self.device_auth,
            id_token_alg: self.id_token_alg,
            device: DevicePolicy {
                alphabet: self.alphabet,
                hold: self.hold,
                interval: self.interval,
                lifetime: self.lifetime,
                pkce: self.pkce,
            },
            tokens: TokenPolicy {
                format: self.access_token_format,
                alg: self.access_token_alg,
                access_lifetime: self.access_lifetime,
                refresh_idle: self.refresh_idle,
                refresh_absolute: self.refresh_absolute,
                rotation: self.refresh_rotation,
                dpop: self.dpop,
                subject: match self.subject_type {
                    SubjectKind::Pairwise => SubjectType::Pairwise(self.sector.as_deref().map(Into::into)),
                    SubjectKind::Public => SubjectType::Public,
                },
                resources: self.resources.clone(),
            },
            introspects: self.introspection,
            verified: true,
            enabled: true,
            registration: None,
            declaration: None,
            created_at: Timestamp::EPOCH,
            version: 0,
        }
    }
}
