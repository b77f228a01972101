//! A deployment of one node, with a person and some clients.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use flow::client_keys::{FetchFailure, FetchJwks, Fetching};
use flow::secrets::{KeyFile, KeyRing};
use flow::{
    Browser, Env, Flow, Found, Issued, Password, PollRequest, Polled, Request, Settings, SignedIn, StartRequest,
};
use proto::Timestamp;
use proto::grant::Refusal;
use proto::grant::decide::Verdict;
use proto::grant::lookup::Arrival;
use proto::grant::start::Parameters;
use proto::model::{
    AuthMethod, Client, ClientAddress, ClientId, DeviceAuth, DevicePolicy, GrantType, LinkPolicy, Scope, SigningAlg,
    TokenPolicy, UserName,
};
use proto::secret::{Alphabet, ClientSecret, UserCode};
use proto::wire::authorize::AuthorizationResponse;
use proto::wire::credentials::{Credentials, Presented};
use proto::wire::token::GRANT_TYPE_DEVICE_CODE;
use store::Store;

pub const PASSWORD: &str = "correct horse battery staple";
pub const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// A node, its clock, and who is registered.
pub struct World {
    pub flow: Arc<Flow>,
    pub env: Env,
    pub store: Store,
    pub tv: Credentials,
    pub server: Credentials,
    pub file: Arc<KeyFile>,
}

pub async fn world() -> World {
    world_on(Store::memory(), |_| {}).await
}

pub async fn world_on(store: Store, adjust: impl FnOnce(&mut Settings)) -> World {
    let env = Env::simulated(Timestamp::from_millis(1_800_000_000_000), 42);
    let file = KeyFile::ephemeral(&mut env.entropy());
    let ring = KeyRing::open(&store, &file, &env).await.unwrap();
    let mut settings = Settings::new("https://id.example.com");
    adjust(&mut settings);
    let flow = Arc::new(Flow::new(settings, env.clone(), store.clone(), ring, Nowhere).await.unwrap());
    let admin = flow.admin();
    admin.add_client(&client("tv", AuthMethod::None)).await.unwrap();
    let secret = admin.add_client(&client("server", AuthMethod::ClientSecretBasic)).await.unwrap().unwrap();
    let person = flow::admin::NewUser {
        name: UserName::parse("maria").unwrap(),
        display_name: Some("Maria".into()),
        email: None,
        password: Some(Password::typed(PASSWORD)),
    };
    admin.add_user(&person).await.unwrap();
    World { tv: public("tv"), server: basic("server", &secret), env, store, flow, file: Arc::new(file) }
}

pub fn client(id: &str, auth: AuthMethod) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        name: format!("The {id}"),
        auth,
        secrets: Vec::new(),
        keys: None,
        assertion_alg: None,
        grants: vec![GrantType::DeviceCode],
        scopes: Scope::parse("openid profile").unwrap(),
        origins: Vec::new(),
        link: LinkPolicy::SameNetwork,
        device_auth: DeviceAuth::Required,
        id_token_alg: SigningAlg::Rs256,
        device: DevicePolicy::default(),
        tokens: TokenPolicy::default(),
        introspects: false,
        verified: true,
        enabled: true,
        registration: None,
        declaration: None,
        created_at: Timestamp::EPOCH,
        version: 0,
    }
}

pub fn public(id: &str) -> Credentials {
    Credentials { client_id: ClientId::parse(id).unwrap(), presented: Presented::None, by_header: false }
}

pub fn basic(id: &str, secret: &ClientSecret) -> Credentials {
    let presented = Presented::Basic(secret.clone());
    Credentials { client_id: ClientId::parse(id).unwrap(), presented, by_header: true }
}

/// A request without a proof.
pub const fn by(credentials: &Credentials) -> Request<'_> {
    Request { credentials, dpop: None }
}

/// Brings no keys from anywhere.
pub struct Nowhere;

impl FetchJwks for Nowhere {
    fn fetch<'a>(&'a self, _: &'a str) -> Fetching<'a> {
        Box::pin(async { Err(FetchFailure::Busy) })
    }
}

pub fn home() -> ClientAddress {
    ClientAddress::direct(HOME)
}

impl World {
    pub async fn try_start(&self, who: &Credentials) -> Result<AuthorizationResponse, Refusal> {
        let parameters = Parameters { scope: Some("openid profile"), ..Parameters::default() };
        let request = StartRequest { caller: by(who), parameters, requester: home() };
        self.flow.start(request).await.map(|started| started.response)
    }

    pub async fn start(&self, who: &Credentials) -> AuthorizationResponse {
        self.try_start(who).await.unwrap()
    }

    pub async fn start_from(&self, ip: &str) -> Result<AuthorizationResponse, Refusal> {
        let requester = ClientAddress::direct(ip.parse().unwrap());
        let request = StartRequest { caller: by(&self.tv), parameters: Parameters::default(), requester };
        self.flow.start(request).await.map(|started| started.response)
    }

    pub async fn start_for(&self, who: &Credentials, scope: &str) -> AuthorizationResponse {
        let parameters = Parameters { scope: Some(scope), ..Parameters::default() };
        let request = StartRequest { caller: by(who), parameters, requester: home() };
        self.flow.start(request).await.unwrap().response
    }

    pub async fn sign_in(&self) -> SignedIn {
        let browser = Browser { address: home(), user_agent: "test" };
        self.flow.sign_in("Maria", &Password::typed(PASSWORD), browser).await.unwrap().1
    }

    /// Somebody else, signed in.
    pub async fn another(&self) -> SignedIn {
        let new = flow::admin::NewUser {
            name: UserName::parse("otto").unwrap(),
            display_name: None,
            email: None,
            password: Some(Password::typed(PASSWORD)),
        };
        self.flow.admin().add_user(&new).await.unwrap();
        let browser = Browser { address: home(), user_agent: "test" };
        self.flow.sign_in("otto", &Password::typed(PASSWORD), browser).await.unwrap().1
    }

    pub async fn look_up(&self, person: &SignedIn, code: &str, arrival: Arrival) -> Found {
        let code = UserCode::read(Alphabet::Base20, code).unwrap().code;
        self.flow.look_up(person, &code, arrival, home()).await.unwrap()
    }

    pub async fn decide(&self, person: &SignedIn, code: &str, verdict: Verdict) {
        let Found::Question(question) = self.look_up(person, code, Arrival::Typed).await else {
            panic!("no question for {code}")
        };
        let shown = self.flow.shown(&question.handle).unwrap();
        self.flow.decide(person, shown, verdict).await.unwrap();
    }

    /// A poll that waits for `wait`; zero answers at once.
    pub async fn poll_for(&self, who: &Credentials, code: &str, wait: Duration) -> Polled {
        let request = PollRequest {
            caller: by(who),
            grant_type: Some(GRANT_TYPE_DEVICE_CODE),
            device_code: Some(code),
            code_verifier: None,
            resources: Vec::new(),
            wait: Some(wait),
        };
        let poll = self.flow.read_poll(&request).unwrap();
        self.flow.poll(poll).await
    }

    pub async fn poll(&self, who: &Credentials, device: &AuthorizationResponse) -> Result<Issued, Refusal> {
        self.poll_for(who, device.device_code.reveal(), Duration::ZERO).await.outcome
    }
}

/// A second node of the same deployment on another view of its store: same keys, same clock.
pub async fn over(world: &World, store: Store) -> World {
    let env = world.env.clone();
    let ring = KeyRing::open(&store, &world.file, &env).await.unwrap();
    let settings = Settings::new("https://id.example.com");
    let flow = Arc::new(Flow::new(settings, env.clone(), store.clone(), ring, Nowhere).await.unwrap());
    World { flow, env, store, tv: world.tv.clone(), server: world.server.clone(), file: Arc::clone(&world.file) }
}
