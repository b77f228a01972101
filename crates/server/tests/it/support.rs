//! A whole server in one process, without sockets: the clock stands still until a test moves it.
//!
//! [`TestApp`] owns the server and its devices, `browser` the people in front of it.

pub(crate) mod browser;
mod log;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_server::address::TrustedProxies;
use countersign_server::assets::Brand;
use countersign_server::fetch::Fetcher;
use countersign_server::listen::BodyLimits;
use countersign_server::telemetry::Metrics;
use countersign_server::{App, Settings};
use flow::admin::NewUser;
use flow::secrets::{KeyFile, KeyRing};
use flow::{Env, Flow, Password, StartRequest};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use proto::Timestamp;
use proto::grant::start::Parameters;
use proto::model::{
    AuthMethod, Client, ClientAddress, ClientId, DeviceAuth, DevicePolicy, GrantId, GrantState, GrantType, LinkPolicy,
    Scope, SigningAlg, TokenPolicy, UserName, UserState,
};
use proto::wire::credentials::Credentials;
use proto::wire::form::Form;
use store::{FaultSettings, Store, StoreError};

pub(crate) use browser::Browser;

/// Where the server is.
pub(crate) const ISSUER: &str = "https://id.example.com";
/// The network of the device, and of a browser beside it.
pub(crate) const HOME: &str = "203.0.113.7";
/// Another one.
pub(crate) const ELSEWHERE: &str = "198.51.100.9";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "four words that nobody says";
/// A well-formed code that no device shows.
pub(crate) const WRONG: &str = "ZZZZ-ZZZZ";

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// The server.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    pub(crate) flow: Arc<Flow>,
    pub(crate) env: Env,
    pub(crate) store: Store,
    file: Arc<KeyFile>,
    pub(crate) metrics: Arc<Metrics>,
}

/// A device that shows a code.
pub(crate) struct Device {
    pub(crate) user_code: String,
    pub(crate) device_code: String,
    pub(crate) client: String,
    pub(crate) grant: GrantId,
    /// The path of `verification_uri_complete`.
    pub(crate) link: String,
}

/// A reply, read to its end.
pub(crate) type Reply = Response<String>;

impl TestApp {
    /// The server as a default configuration makes it.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}, "").await
    }

    /// The server with other settings, and with proxies that it trusts.
    pub(crate) async fn with(change: impl FnOnce(&mut flow::Settings), trusted_proxies: &str) -> Self {
        Self::on(Store::memory(), change, trusted_proxies).await
    }

    /// The same on an empty store.
    pub(crate) async fn on(store: Store, change: impl FnOnce(&mut flow::Settings), trusted_proxies: &str) -> Self {
        Self::seeded(7, store, change, trusted_proxies).await
    }

    /// Another deployment under the same name, none of whose secrets are the same.
    pub(crate) async fn of_somebody_else() -> Self {
        Self::seeded(8, Store::memory(), |_| {}, "").await
    }

    async fn seeded(seed: u64, store: Store, change: impl FnOnce(&mut flow::Settings), trusted_proxies: &str) -> Self {
        log::prepare();
        let env = Env::simulated(START, seed);
        let file = Arc::new(KeyFile::ephemeral(&mut env.entropy()));
        let mut settings = flow::Settings::new(ISSUER);
        settings.device.hold = Duration::ZERO;
        change(&mut settings);
        let this = Self::node(env, [store.clone(), store], file, settings, trusted_proxies).await.unwrap();
        this.add_client(client("tv", "Living-room TV")).await;
        this.add_user("maria").await;
        this
    }

    /// Two nodes of this deployment that are well.
    pub(crate) async fn twice(self) -> (Self, Self) {
        self.behind(FaultSettings::default()).await
    }

    /// Two nodes of this deployment: one that is well, and one whose store misbehaves.
    pub(crate) async fn behind(self, faults: FaultSettings) -> (Self, Self) {
        let Self { env, store, file, flow, .. } = self;
        let settings = flow.settings().clone();
        let node = async |behind: &Store| {
            let stores = [store.clone(), behind.clone()];
            Self::node(env.clone(), stores, Arc::clone(&file), settings.clone(), "").await
        };
        let well = node(&store).await;
        let faulty = Store::faulty(store.clone(), faults);
        let ill = async || node(&faulty).await;
        let mut opened = ill().await;
        while opened.is_err() {
            opened = ill().await;
        }
        (well.unwrap(), opened.unwrap())
    }

    /// A node on `store`; its keys are read from `keys`.
    async fn node(
        env: Env,
        [keys, store]: [Store; 2],
        file: Arc<KeyFile>,
        settings: flow::Settings,
        trusted_proxies: &str,
    ) -> Result<Self, StoreError> {
        let ring = KeyRing::open(&keys, &file, &env).await.unwrap();
        // Hosts of clients' keys are on this machine.
        let fetcher = Fetcher::new(vec!["127.0.0.1".parse().unwrap()]);
        let flow = Arc::new(Flow::new(settings, env.clone(), store.clone(), ring, fetcher).await?);
        let settings = Settings {
            name: "Example ID".into(),
            brand: Brand::default(),
            help: None,
            trusted_proxies: TrustedProxies::parse(trusted_proxies.split_whitespace()).unwrap(),
        };
        let metrics = Arc::new(Metrics::default());
        let app = Arc::new(App::new(Arc::clone(&flow), settings, Arc::clone(&metrics)));
        Ok(Self { app, flow, env, store, file, metrics })
    }

    pub(crate) async fn add_client(&self, client: Client) {
        self.flow.admin().add_client(&client).await.unwrap();
    }

    /// A person with [`PASSWORD`].
    pub(crate) async fn add_user(&self, name: &str) {
        let new = NewUser {
            name: user_name(name),
            display_name: None,
            email: None,
            password: Some(Password::typed(PASSWORD)),
        };
        self.flow.admin().add_user(&new).await.unwrap();
    }

    pub(crate) async fn edit_user(&self, name: &str, state: UserState) {
        let edit = flow::admin::UserEdit { state: Some(state), ..Default::default() };
        self.flow.admin().edit_user(&user_name(name), &edit).await.unwrap();
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.env.advance(Duration::from_secs(seconds));
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self, from: &str) -> Browser<'_> {
        Browser::new(self, from)
    }

    /// A browser in which somebody has signed in.
    pub(crate) async fn signed_in(&self, name: &str, from: &str) -> Browser<'_> {
        let mut browser = self.browser(from);
        let form = browser.open("/sign-in").await;
        browser.sign_in(&form, name).await.expect_page("account");
        browser
    }

    /// A device of the client "tv", at [`HOME`].
    pub(crate) async fn device(&self) -> Device {
        self.device_of("tv", HOME, "openid profile").await
    }

    pub(crate) async fn device_of(&self, client: &str, from: &str, scope: &str) -> Device {
        self.device_called(client, from, scope, None).await
    }

    pub(crate) async fn device_called(&self, client: &str, from: &str, scope: &str, name: Option<&str>) -> Device {
        let body = format!("client_id={client}");
        let credentials = Credentials::read(None, &Form::parse(body.as_bytes()).unwrap(), |_| None).unwrap();
        let requester = ClientAddress::direct(ip(from));
        let parameters = Parameters { scope: Some(scope), device_name: name, ..Parameters::default() };
        let caller = flow::Request { credentials: &credentials, dpop: None };
        let request = StartRequest { caller, parameters, requester };
        let started = self.flow.start(request).await.unwrap();
        let complete = started.response.verification_uri_complete.unwrap();
        Device {
            user_code: started.response.user_code,
            device_code: started.response.device_code.reveal().to_owned(),
            client: client.to_owned(),
            grant: started.grant.id,
            link: complete.strip_prefix(ISSUER).unwrap().to_owned(),
        }
    }

    /// What became of the device's grant.
    pub(crate) async fn state(&self, device: &Device) -> GrantState {
        self.store.grant(device.grant).await.unwrap().unwrap().state
    }

    pub(crate) async fn is_pending(&self, device: &Device) -> bool {
        self.state(device).await == GrantState::Pending
    }

    /// One poll of the device: the `error`, or "tokens".
    pub(crate) async fn poll(&self, device: &Device) -> String {
        let Device { client, device_code, .. } = device;
        let body = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id={client}&device_code={device_code}"
        );
        let request = Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
        let reply = self.send(request.body(body).unwrap(), HOME).await;
        let body: serde_json::Value = serde_json::from_str(reply.body()).unwrap();
        match reply.status() {
            StatusCode::OK => "tokens".to_owned(),
            _ => body["error"].as_str().unwrap().to_owned(),
        }
    }

    /// One request, as it is.
    pub(crate) async fn send(&self, request: Request<String>, from: &str) -> Reply {
        let peer = SocketAddr::new(ip(from), 50_000);
        let limits = BodyLimits { bytes: 16 * 1024, time: Duration::from_secs(10) };
        let (parts, body) =
            self.app.handle(request.map(|body| Full::new(Bytes::from(body))), peer, limits).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Response::from_parts(parts, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

/// A public client that may use the grant.
pub(crate) fn client(id: &str, name: &str) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        name: name.to_owned(),
        auth: AuthMethod::None,
        secrets: Vec::new(),
        keys: None,
        assertion_alg: None,
        grants: vec![GrantType::DeviceCode],
        scopes: Scope::parse("openid profile email offline_access").unwrap(),
        origins: Vec::new(),
        link: LinkPolicy::SameNetwork,
        device_auth: DeviceAuth::Required,
        id_token_alg: SigningAlg::Es256,
        device: DevicePolicy::default(),
        tokens: TokenPolicy::default(),
        introspects: false,
        verified: true,
        enabled: true,
        registration: None,
        declaration: None,
        created_at: START,
        version: 0,
    }
}

pub(crate) fn user_name(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
