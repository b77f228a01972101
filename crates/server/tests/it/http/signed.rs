//! What clients sign: DPoP proofs and assertions, good ones and, member by member, others.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jose::{Algorithm, SigningKey, client_assertion, dpop};
use proto::model::{AuthMethod, Client, ClientKeys, GrantType};
use serde_json::{Value, json};
use store::load::{FamilyFilter, GrantFilter};

use super::support::{Answer, Call, Caller, USERINFO};
use crate::support::{ISSUER, TestApp, client};

/// How an assertion is marked (RFC 7523 §2.2), as a form has it.
pub(super) const ASSERTION_TYPE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

static POOL: LazyLock<[SigningKey; 5]> = LazyLock::new(|| {
    use Algorithm::{EdDsa, Es256, Rs256};
    [Es256, Es256, EdDsa, Rs256, Es256].map(|algorithm| SigningKey::generate(algorithm).unwrap())
});

/// A device's key.
pub(super) fn own() -> &'static SigningKey {
    &POOL[0]
}

/// Somebody else's.
pub(super) fn other() -> &'static SigningKey {
    &POOL[1]
}

/// Another one of a client.
pub(super) fn spare() -> &'static SigningKey {
    &POOL[4]
}

/// One for each algorithm.
pub(super) fn of_each_algorithm() -> [&'static SigningKey; 3] {
    [&POOL[0], &POOL[2], &POOL[3]]
}

/// A name that nothing else has.
pub(super) fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("name-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A JWT in the making.
#[derive(Clone, Debug)]
pub(super) struct Jws {
    header: Value,
    claims: Value,
}

impl Jws {
    /// A good proof under `key`, with the newest nonce there is.
    pub(super) fn proof(app: &TestApp, key: &SigningKey, method: &Method, path: &str) -> Self {
        let jwk: Value = serde_json::from_str(&key.public_jwk().canonical_json()).unwrap();
        let header = json!({"typ": dpop::TYP, "alg": key.algorithm().name(), "jwk": jwk});
        let htu = format!("{}{path}", app.flow.settings().issuer);
        let claims = json!({"jti": fresh(), "htm": method.as_str(), "htu": htu, "iat": app.env.now().as_seconds()});
        Self { header, claims }.claim("nonce", json!(app.flow.dpop_nonce()))
    }

    /// A good assertion of `client` under `key`.
    pub(super) fn assertion(app: &TestApp, key: &SigningKey, client: &str) -> Self {
        let header = json!({"typ": client_assertion::TYP, "alg": key.algorithm().name(), "kid": key.kid()});
        let now = app.env.now().as_seconds();
        let claims = json!({"iss": client, "sub": client, "aud": ISSUER, "jti": fresh(), "iat": now, "exp": now + 60});
        Self { header, claims }
    }

    /// With another member in the header; none when it is null.
    pub(super) fn head(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    /// With another claim; none when it is null.
    pub(super) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    /// A number of seconds later, or earlier.
    pub(super) fn claim_later(self, name: &str, seconds: i64) -> Self {
        let then = self.claims["iat"].as_i64().unwrap() + seconds;
        self.claim(name, then)
    }

    pub(super) fn header_text(&self) -> String {
        self.header.to_string()
    }

    pub(super) fn claims_text(&self) -> String {
        self.claims.to_string()
    }

    pub(super) fn sign(&self, key: &SigningKey) -> String {
        signed(key, &self.header_text(), &self.claims_text())
    }
}

/// A genuine signature over any header and payload.
pub(super) fn signed(key: &SigningKey, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.signature(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn set(object: &mut Value, name: &str, value: Value) {
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
}

impl Call {
    /// The same with a good proof under `key`.
    pub(super) fn proven(self, app: &TestApp, key: &SigningKey) -> Self {
        let path = self.uri.strip_prefix(&*app.app_base()).unwrap_or(&self.uri).to_owned();
        let proof = Jws::proof(app, key, &self.method, &path).sign(key);
        self.header("dpop", &proof)
    }

    /// A look at who the person is, with a bound token.
    pub(super) fn userinfo(app: &TestApp, key: &SigningKey, token: &str) -> Self {
        let proof = Jws::proof(app, key, &Method::GET, USERINFO).claim("ath", dpop::ath(token)).sign(key);
        Self::get(USERINFO).header("authorization", &format!("DPoP {token}")).header("dpop", &proof)
    }

    /// The same from a client that signs, with this assertion.
    pub(super) fn asserted(self, assertion: &str) -> Self {
        self.and(&format!("client_assertion_type={ASSERTION_TYPE}&client_assertion={assertion}"))
    }
}

impl Caller {
    /// A client that signs with these keys, may refresh, and may ask what tokens are good for.
    pub(super) async fn signing(app: &TestApp, id: &str, keys: &[&SigningKey]) -> Self {
        Self::register_as(app, signing_client(id, self::keys(keys))).await
    }

    /// The same call, with a new assertion under `key`.
    pub(super) fn assert(&self, app: &TestApp, key: &SigningKey, call: Call) -> Call {
        call.asserted(&Jws::assertion(app, key, &self.id).sign(key))
    }

    /// A device of this client that was approved and holds `key`, and what its poll was answered.
    pub(super) async fn signed_in_with(&self, app: &TestApp, key: &SigningKey, scope: &str) -> Answer {
        let started = self.start(app, scope).await;
        app.decide(&started.user_code, "approve").await;
        let answer = self.poll(&started.device_code).proven(app, key).send(app).await;
        assert_eq!(answer.status, 200, "{}", answer.body());
        answer
    }
}

pub(super) fn signing_client(id: &str, keys: ClientKeys) -> Client {
    Client {
        auth: AuthMethod::PrivateKeyJwt,
        keys: Some(keys),
        grants: vec![GrantType::DeviceCode, GrantType::RefreshToken],
        introspects: true,
        ..client(id, id)
    }
}

/// These keys, as a client registers them.
pub(super) fn keys(keys: &[&SigningKey]) -> ClientKeys {
    let keys: Vec<_> = keys.iter().map(|key| serde_json::to_value(key.public_jwk()).unwrap()).collect();
    ClientKeys::Set(json!({ "keys": keys }).to_string().into())
}

impl TestApp {
    fn app_base(&self) -> String {
        let issuer = &self.flow.settings().issuer;
        issuer
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()))
            .unwrap_or_default()
    }

    /// A client as it is from now on, as a command of the operator changes it.
    pub(super) async fn replace(&self, client: Client) {
        use proto::change::{Change, Commit, Row};
        let id = proto::model::CommitId::draw(self.env.now(), &mut self.env.entropy());
        let changes = vec![Change::Put(Row::Client(client.into()))];
        let done = self.store.commit(&Commit { id, requires: Vec::new(), changes }).await.unwrap();
        assert_eq!(done, store::Outcome::Done);
    }

    /// What requests of clients can change: every grant, every family and every registration.
    pub(super) async fn everything(&self) -> String {
        let grants = self.store.grants(GrantFilter::default()).await.unwrap();
        let families = self.store.families(FamilyFilter::default()).await.unwrap();
        format!("{grants:?} {families:?} {:?}", self.store.clients().await.unwrap())
    }
}
