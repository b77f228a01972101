//! Signing keys rotate under load while verifiers keep the published ones for an hour: no token is refused.
//!
//! The clock is moved from moment to moment. At each there happen at once, on several threads: refreshes at two nodes,
//! their housekeeping, fetches of the keys and now and then a rotation, by command or on schedule, with verifiers that
//! fetch just then.
//! Verifiers that keep the keys for longer, and a key that is used at once, show that it would be seen if it happened.
//! `cargo xtask soak rotation` runs more of it than a test does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use flow::admin::Successor;
use flow::secrets::life;
use futures_util::future::join_all;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Uri};
use jose::{Algorithm, JwkSet, TokenError, access_token, id_token};
use proto::Timestamp;
use proto::entropy::Seeded;
use proto::model::{AuthMethod, Client, GrantType, KeyPurpose, KeyState, SealedKey, SigningAlg};
use resource::{Access, KeySource, Refusal, SourceError, Validator};
use store::FaultSettings;

use super::support::{Call, Caller, JWKS, part};
use crate::support::{ISSUER, TestApp, client};

const HOUR: u64 = 3600;
/// Seconds that an answer with keys may be under way, before the verifier begins to count its hour.
const UNDER_WAY: u64 = 8;
/// Refreshes at a moment, and as many tokens of before that are judged again.
const FEW: usize = 6;
const SIGNING: [KeyPurpose; 3] = [KeyPurpose::SignEdDsa, KeyPurpose::SignEs256, KeyPurpose::SignRs256];

/// What one refresh brought.
struct Issued {
    client_id: String,
    access: String,
    identity: String,
    expires: Timestamp,
}

/// Somebody who fetches the keys, keeps them and looks for no others meanwhile.
struct Verifier {
    keeps: Duration,
    /// Whether it fetches them now and then although it need not.
    is_restless: bool,
    under_way: Duration,
    held: Option<(JwkSet, Timestamp)>,
    accepted: u64,
    refused: Vec<String>,
}

/// The library for APIs, which keeps the keys for an hour and asks again for a key it lacks.
struct Source(Arc<TestApp>);

impl KeySource for Source {
    async fn fetch(&self) -> Result<JwkSet, SourceError> {
        Ok(published(&self.0).await)
    }
}

async fn published(node: &TestApp) -> JwkSet {
    JwkSet::parse(Call::get(JWKS).send(node).await.body().as_bytes()).unwrap()
}

impl Verifier {
    fn new(keeps: u64, random: &mut Seeded) -> Self {
        let under_way = Duration::from_secs(random.below(UNDER_WAY));
        let (keeps, is_restless) = (Duration::from_secs(keeps), random.below(2) == 0);
        Self { keeps, is_restless, under_way, held: None, accepted: 0, refused: Vec::new() }
    }

    async fn fetch(&mut self, node: &TestApp) {
        self.held = Some((published(node).await, node.env.now() + self.under_way));
    }

    async fn fetch_when_due(&mut self, node: &TestApp) {
        let now = node.env.now();
        if self.held.as_ref().is_none_or(|(_, fetched)| now.since(*fetched) >= self.keeps) {
            self.fetch(node).await;
        }
    }

    fn judge(&mut self, issued: &Issued, now: Timestamp) {
        let (keys, _) = self.held.as_ref().unwrap();
        match verify(issued, keys, now) {
            Ok(()) => self.accepted += 1,
            Err(error) => self.refused.push(format!("{error} at {}", now.as_seconds())),
        }
    }
}

/// Both tokens, each as those check it who receive it.
fn verify(issued: &Issued, keys: &JwkSet, now: Timestamp) -> Result<(), TokenError> {
    let (algorithms, leeway) = (Algorithm::ALL, Duration::ZERO);
    let expected =
        access_token::Expected { issuer: ISSUER, audience: ISSUER, algorithms, keys: keys.into(), now, leeway };
    access_token::validate(&issued.access, &expected)?;
    let expected = id_token::Expected {
        issuer: ISSUER,
        client_id: &issued.client_id,
        trusted_audiences: &[],
        algorithms,
        keys: keys.into(),
        access_token: Some(&issued.access),
        nonce: None,
        now,
        leeway,
        max_age: id_token::MAX_AGE,
    };
    id_token::validate(&issued.identity, &expected)?;
    Ok(())
}

/// What makes the next keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rotation {
    Command,
    /// Housekeeping, since the keys were used for long enough.
    Schedule,
}

/// Two nodes of one deployment, and devices whose access lasts.
struct World {
    nodes: [Arc<TestApp>; 2],
    devices: Vec<(Caller, String)>,
    random: Seeded,
    alive: Vec<Issued>,
    signed_by: BTreeSet<String>,
    issued: u64,
}

impl World {
    async fn new(seed: u64) -> Self {
        let calm = FaultSettings { seed, unavailable: 0, lose_reply: 0, conflict: 0, disturb_feed: false };
        let (one, two) = TestApp::new().await.behind(calm).await;
        let nodes = [Arc::new(one), Arc::new(two)];
        let mut callers = Vec::new();
        for (access, identity) in [
            (SigningAlg::Es256, SigningAlg::Rs256),
            (SigningAlg::EdDsa, SigningAlg::Es256),
            (SigningAlg::Rs256, SigningAlg::EdDsa),
        ] {
            let name = format!("{access:?}-{identity:?}");
            let mut client = client(&name, &name);
            client.tokens.alg = Some(access);
            let grants = vec![GrantType::DeviceCode, GrantType::RefreshToken];
            let client = Client { auth: AuthMethod::ClientSecretBasic, grants, id_token_alg: identity, ..client };
            callers.push(Caller::register_as(&nodes[0], client).await);
        }
        for node in &nodes {
            node.keep_house().await;
        }
        let devices = callers.into_iter().map(|caller| (caller, String::new())).collect();
        let random = Seeded::new(seed);
        let mut this = Self { nodes, devices, random, alive: Vec::new(), signed_by: BTreeSet::new(), issued: 0 };
        this.sign_in().await;
        this
    }

    /// Lasting access lasts a month at most.
    async fn sign_in(&mut self) {
        for (caller, refresh) in &mut self.devices {
            *refresh = caller.signed_in_for_long(&self.nodes[0]).await.text("refresh_token");
        }
    }

    fn now(&self) -> Timestamp {
        self.nodes[0].env.now()
    }

    /// Everything that happens at this moment, at once.
    async fn happen(&mut self, rotation: Option<Rotation>, verifiers: &mut [Verifier]) {
        let load = self.nodes.iter().flat_map(|node| {
            let refreshes = self.devices.iter().map(|(caller, refresh)| caller.refresh(refresh));
            refreshes.map(|call| tokio::spawn(refresh(Arc::clone(node), call)))
        });
        let load: Vec<_> = load.collect();
        let housekeeping = self.nodes.iter().cloned();
        let housekeeping: Vec<_> =
            housekeeping.map(|node| tokio::spawn(async move { node.flow.advance_keys().await })).collect();
        let node = Arc::clone(&self.nodes[usize::from(self.random.below(2) == 1)]);
        let made = tokio::spawn(async move {
            for purpose in SIGNING.into_iter().filter(|_| rotation == Some(Rotation::Command)) {
                node.flow.admin().rotate_key(purpose).await.unwrap();
            }
        });
        let places = self.nodes.iter().cycle();
        join_all(verifiers.iter_mut().zip(places).map(|(verifier, node)| {
            let now = rotation.is_some() || verifier.is_restless && self.random.below(8) == 0;
            async move { if now { verifier.fetch(node).await } else { verifier.fetch_when_due(node).await } }
        }))
        .await;
        made.await.unwrap();
        for end in housekeeping {
            end.await.unwrap().unwrap();
        }
        let now = self.now();
        self.alive.retain(|issued| issued.expires > now);
        for answer in load {
            // Two refreshes of one family at once may ask one of them to come again.
            if let Some(issued) = answer.await.unwrap() {
                self.signed_by.extend([&issued.access, &issued.identity].map(|token| kid(token)));
                self.issued += 1;
                self.alive.push(issued);
            }
        }
        self.settle().await;
    }

    /// Lets every node hear of the keys there are.
    async fn settle(&self) {
        let mut keys = self.nodes[0].flow.admin().keys().await.unwrap();
        keys.retain(|key| SIGNING.contains(&key.purpose));
        for node in &self.nodes {
            let knows = |key: &SealedKey| node.flow.admin().kid(key.id).is_some();
            while !keys.iter().all(knows) {
                tokio::task::yield_now().await;
            }
        }
    }

    fn advance_to(&self, moment: Timestamp) {
        self.nodes[0].env.advance(moment.since(self.now()));
    }

    /// Moments after keys were made: any of the next hours, and each second around the end of the hour for which somebody
    /// keeps those that were fetched just before, around the first use of the new ones and the end of the old ones.
    fn moments(&mut self) -> Vec<Timestamp> {
        let mut seconds: BTreeSet<u64> = (0..24).map(|_| 1 + self.random.below(5 * HOUR - 1)).collect();
        let life = life(KeyPurpose::SignEs256).unwrap();
        let (used, gone) = (life.published.as_secs(), (life.published + life.checked.unwrap()).as_secs());
        for turn in [HOUR, used, gone] {
            seconds.extend(turn - 2..=turn + UNDER_WAY);
        }
        let now = self.now();
        seconds.into_iter().map(|offset| now + Duration::from_secs(offset)).collect()
    }
}

/// A refresh at a node; nothing when it is to be tried again.
async fn refresh(node: Arc<TestApp>, call: Call) -> Option<Issued> {
    let answer = call.send(&node).await;
    if answer.status == 503 {
        return None;
    }
    let (access, identity) = (answer.text("access_token"), answer.text("id_token"));
    let claims = part(&access, 1);
    let expires = Timestamp::from_seconds(claims["exp"].as_i64().unwrap());
    Some(Issued { client_id: claims["client_id"].as_str().unwrap().to_owned(), access, identity, expires })
}

fn kid(token: &str) -> String {
    part(token, 0)["kid"].as_str().unwrap().to_owned()
}

fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn oi_15_md_4_2_keys_rotate_under_load_and_no_verifier_that_keeps_them_for_an_hour_refuses_a_token() {
    let rotations = asked("COUNTERSIGN_ROTATIONS", 3);
    let mut world = World::new(asked("COUNTERSIGN_SEED", 1)).await;
    let mut verifiers: Vec<Verifier> = (0..6).map(|_| Verifier::new(HOUR, &mut world.random)).collect();
    verifiers.push(Verifier { is_restless: false, ..Verifier::new(6 * HOUR, &mut world.random) });
    let api = Validator::new(ISSUER, ISSUER, Source(Arc::clone(&world.nodes[1])));
    let mut refused = Vec::new();
    for rotation in 0..rotations {
        let how = if rotation % 3 == 2 { Rotation::Schedule } else { Rotation::Command };
        if how == Rotation::Schedule {
            world.advance_to(world.now() + life(KeyPurpose::SignEs256).unwrap().used.unwrap());
            world.sign_in().await;
        }
        let moments = world.moments();
        world.happen(Some(how), &mut verifiers).await;
        for moment in moments {
            world.advance_to(moment);
            world.happen(None, &mut verifiers).await;
            // The newest, and those that were signed the longest ago.
            let (oldest, newest) = (world.alive.iter().take(FEW), world.alive.iter().rev().take(FEW));
            for issued in oldest.chain(newest) {
                verifiers.iter_mut().for_each(|verifier| verifier.judge(issued, moment));
                let access = authorize(&api, issued, moment).await;
                refused.extend(access.err().map(|refusal| format!("the API: {refusal}")));
            }
        }
    }
    let careless = verifiers.pop().unwrap().refused.len();
    let accepted: u64 = verifiers.iter().map(|verifier| verifier.accepted).sum();
    refused.extend(verifiers.into_iter().flat_map(|verifier| verifier.refused));
    let figures = serde_json::json!({
        "rotations": rotations, "tokens": 2 * world.issued, "keys_used": world.signed_by.len(),
        "verifications": 2 * accepted, "refused": refused.len(), "refused_when_kept_for_six_hours": careless,
    });
    println!("figures {figures}");
    refused.truncate(5);
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(world.signed_by.len(), SIGNING.len() * (usize::try_from(rotations).unwrap() + 1), "every key was used");
    assert!(careless > 0, "whoever keeps the keys for too long would notice");
    let keys = world.nodes[0].flow.admin().keys().await.unwrap();
    let kept = life(KeyPurpose::SignEs256).unwrap().checked.unwrap();
    let is_over = |key: &&SealedKey| key.state == KeyState::Retired && world.now().since(key.changed_at) >= kept;
    assert_eq!(keys.iter().filter(|key| SIGNING.contains(&key.purpose)).find(is_over), None, "keys go");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn oi_15_a_key_that_is_used_at_once_is_refused_by_whoever_keeps_the_others() {
    let mut world = World::new(1).await;
    let mut verifiers = [Verifier { is_restless: false, ..Verifier::new(HOUR, &mut world.random) }];
    let api = Validator::new(ISSUER, ISSUER, Source(Arc::clone(&world.nodes[1])));
    world.happen(None, &mut verifiers).await;
    for issued in &world.alive {
        verifiers[0].judge(issued, world.now());
        authorize(&api, issued, world.now()).await.unwrap();
    }
    assert!(verifiers[0].accepted > 0 && verifiers[0].refused.is_empty(), "{:?}", verifiers[0].refused);

    world.advance_to(world.now() + Duration::from_secs(90));
    let keys = world.nodes[0].flow.admin().keys().await.unwrap();
    for key in keys.iter().filter(|key| SIGNING.contains(&key.purpose)) {
        world.nodes[0].flow.admin().retire_key(key.id, Successor::MadeNow).await.unwrap();
    }
    world.settle().await;
    let before = std::mem::take(&mut world.alive);
    world.happen(None, &mut verifiers).await;
    for issued in &world.alive {
        verifiers[0].judge(issued, world.now());
        authorize(&api, issued, world.now()).await.expect("the library asks for a key it lacks");
    }
    assert!(!world.alive.is_empty() && verifiers[0].refused.len() == world.alive.len());
    for issued in &before {
        authorize(&api, issued, world.now()).await.expect_err("what a key signed that is gone is good nowhere");
    }
}

async fn authorize(api: &Validator<Source>, issued: &Issued, now: Timestamp) -> Result<Access, Refusal> {
    let bearer = HeaderValue::try_from(format!("Bearer {}", issued.access)).unwrap();
    let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
    api.authorize(&Method::GET, &Uri::from_static("/things"), &headers, now).await
}
