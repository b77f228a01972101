//! `countersignd demo`: the whole flow in one process, every part of it real. The server on loopback with an SQLite database
//! in a temporary folder, a device of the client library, and a person: you, or with `--auto` one who walks the pages.

mod device;
mod lan;
mod narrator;
mod pages;
mod person;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use flow::admin::NewUser;
use flow::{Env, Flow, Password, Settings};
use proto::entropy;
use proto::model::{
    AuthMethod, Client, ClientId, DeviceAuth, DevicePolicy, GrantState, GrantType, LinkPolicy, Scope, SigningAlg,
    TokenPolicy, UserName,
};
use server::fetch::Fetcher;
use server::listen::ListenSettings;
use server::telemetry::Metrics;
use store::SqliteSettings;
use store::load::GrantFilter;
use tokio::sync::oneshot;

use crate::node::{Database, Kept, Node};
use crate::running::{Bound, Doors};
use lan::Certificate;
use narrator::{Narrator, Step};

/// The port of the product, free on most machines.
const PORT: u16 = 8628;
const PERSON: &str = "maria";
const DEVICE: &str = "living-room-tv";

/// What was asked for.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Demo {
    /// Port to listen on [default: 8628, or a free one when that is taken]
    #[arg(long)]
    port: Option<u16>,
    /// Play the person as well: walk the real pages, approve, and exit 0 only if the token verifies
    #[arg(long)]
    auto: bool,
    /// Listen on this machine's address in the local network, with a certificate made for it, so that a phone can scan the QR code
    #[arg(long)]
    lan: bool,
    /// One JSON object a line instead of prose
    #[arg(long)]
    json: bool,
}

/// Runs it to its end.
pub(crate) async fn run(demo: &Demo) -> anyhow::Result<()> {
    let narrator = Narrator::new(demo.json);
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let host = if demo.lan {
        lan::address().context("this machine has no address in a local network")?
    } else {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    };
    let certificate = if demo.lan { Some(Certificate::make(host, folder.path())?) } else { None };
    let port = free_port(host, demo.port)?;
    let issuer = match &certificate {
        Some(_) => format!("https://{}", SocketAddr::new(host, port)),
        None => format!("http://localhost:{port}"),
    };
    let node = open(folder.path(), &issuer).await?;
    let flow = Arc::clone(&node.flow);
    let password = register(&flow).await?;
    let doors = Doors {
        public: addresses(host, port),
        admin: None,
        tls: certificate.as_ref().map(|certificate| Arc::clone(&certificate.tls)),
        settings: Arc::new(ListenSettings::default()),
    };
    let settings = server::Settings {
        name: "Countersign demo".to_owned(),
        brand: server::assets::Brand::default(),
        help: None,
        trusted_proxies: server::address::TrustedProxies::default(),
    };
    let bound = Bound::bind(node, settings, &doors, Arc::new(Metrics::default()))?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(bound.serve(async {
        // A sender that is gone is a reason to stop as well.
        drop(stopped.await);
    }));
    narrator.tell(&Step::Ready { issuer: &issuer, username: PERSON, password: &password, client_id: DEVICE });
    let root = certificate.as_ref().map(|certificate| certificate.pem.as_str());
    let outcome = tokio::select! {
        outcome = play(demo, &narrator, &flow, Cast { issuer: &issuer, password: &password, root }) => outcome,
        interrupted = tokio::signal::ctrl_c() => match interrupted {
            Ok(()) => Err(anyhow::anyhow!("stopped")),
            Err(cause) => Err(cause.into()),
        },
    };
    if stop.send(()).is_err() {
        tracing::debug!("the server ended by itself, which its result tells");
    }
    let served = serving.await.context("the server failed")?;
    served.context("the database could not be closed")?;
    outcome
}

/// Where and as whom.
#[derive(Clone, Copy)]
struct Cast<'a> {
    issuer: &'a str,
    password: &'a str,
    root: Option<&'a str>,
}

async fn play(demo: &Demo, narrator: &Narrator, flow: &Flow, cast: Cast<'_>) -> anyhow::Result<()> {
    let device = device::Device::discover(cast.issuer, DEVICE, cast.root).await?;
    let login = device.start().await?;
    let prompt = login.prompt().clone();
    narrator.tell(&Step::Codes { prompt: &prompt, lifetime: flow.settings().device.lifetime });
    let person = async {
        if demo.auto {
            polling(flow).await;
            let link = prompt.verification_uri_complete.as_ref().context("the server sent no link")?;
            person::approve(link.as_str(), PERSON, cast.password, cast.root, narrator).await?;
        } else {
            narrator.tell(&Step::YourTurn { username: PERSON, password: cast.password });
        }
        anyhow::Ok(())
    };
    let device = async { login.finish(|event| narrator.event(&event)).await.map_err(anyhow::Error::from) };
    let (walked, signed_in) = tokio::join!(person, device);
    let received = Env::system().now();
    walked?;
    let signed_in = signed_in?;
    let identity =
        signed_in.identity.context("no id_token came, or it could not be checked against the published keys")?;
    let delay = delay(flow, received).await?;
    narrator.tell(&Step::Done { claims: &identity.claims, delay, scope: signed_in.session.scope.as_deref() });
    Ok(())
}

/// Until the device's first poll is held. People take longer than that to pick up their phone.
async fn polling(flow: &Flow) {
    let held = async {
        while flow.waiting_room().quota().held_now() == 0 {
            flow.env().sleep(Duration::from_millis(10)).await;
        }
    };
    // A device that does not poll is told of with its own error, later.
    if tokio::time::timeout(Duration::from_secs(5), held).await.is_err() {
        tracing::debug!("the device does not poll");
    }
}

/// The time between the person's decision and the token in the device's hand.
async fn delay(flow: &Flow, received: proto::Timestamp) -> anyhow::Result<Duration> {
    let grants = flow.admin().grants(GrantFilter { limit: 1, ..GrantFilter::default() }).await?;
    match grants.first().map(|grant| &grant.state) {
        Some(GrantState::Redeemed(approval, _)) => Ok(received.since(approval.at)),
        _ => bail!("the grant is not redeemed, although tokens came"),
    }
}

async fn open(folder: &Path, issuer: &str) -> anyhow::Result<Node> {
    let kept = Kept::Database {
        database: Database::Sqlite(SqliteSettings::at(folder.join("countersign.db"))),
        key_file: folder.join("countersign.key"),
    };
    Ok(Node::open(&kept, Settings::new(issuer), Fetcher::new(Vec::new())).await?)
}

/// A fresh person with a password, and the device's client.
async fn register(flow: &Flow) -> anyhow::Result<String> {
    let password = password(flow.env());
    let name = UserName::parse(PERSON).context("the person has no name")?;
    let display_name = Some("Maria".to_owned());
    let person = NewUser { name, display_name, email: None, password: Some(Password::typed(&password)) };
    flow.admin().add_user(&person).await?;
    let client = Client {
        id: ClientId::parse(DEVICE).context("the client has no id")?,
        name: "Living-room TV".to_owned(),
        auth: AuthMethod::None,
        secrets: Vec::new(),
        keys: None,
        assertion_alg: None,
        grants: vec![GrantType::DeviceCode],
        scopes: Scope::parse("openid profile")?,
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
        created_at: flow.now(),
        version: 0,
    };
    flow.admin().add_client(&client).await?;
    Ok(password)
}

/// Twenty letters in groups: 86 bits, and easy to read from one screen and type on another.
fn password(env: &Env) -> String {
    let letters = b"bcdfghjkmnpqrstvwxyz";
    let random = entropy::bytes::<20>(&mut env.entropy());
    let mut text = String::new();
    for (index, byte) in random.iter().enumerate() {
        if index > 0 && index % 5 == 0 {
            text.push('-');
        }
        // 256 is no multiple of 20: the loss is a tenth of a bit, and the password lives for minutes.
        text.extend(letters.get(usize::from(*byte) % letters.len()).map(|letter| char::from(*letter)));
    }
    text
}

/// `localhost` is one address here and another there: both are listened on where there are both.
fn addresses(host: IpAddr, port: u16) -> Vec<SocketAddr> {
    let mut all = vec![SocketAddr::new(host, port)];
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    if host.is_loopback() && std::net::TcpListener::bind(v6).is_ok() {
        all.push(v6);
    }
    all
}

fn free_port(host: IpAddr, wanted: Option<u16>) -> anyhow::Result<u16> {
    let bind = |port: u16| std::net::TcpListener::bind((host, port)).and_then(|listener| listener.local_addr());
    match (wanted, bind(wanted.unwrap_or(PORT))) {
        (_, Ok(address)) => Ok(address.port()),
        (Some(port), Err(cause)) => {
            Err(cause).with_context(|| format!("port {port} cannot be used; leave --port out for a free one"))
        }
        (None, Err(_)) => Ok(bind(0).context("no port is free")?.port()),
    }
}
