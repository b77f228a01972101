//! Approved grants, made by the product's own use cases on its database while no server runs: devices start, a person
//! who is signed in approves.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use flow::admin::NewUser;
use flow::client_keys::Nowhere;
use flow::secrets::{KeyFile, KeyRing};
use flow::{Browser, Env, Flow, Password, Settings, SignedIn, StartRequest};
use proto::change::{Change, Commit, Row};
use proto::grant::decide::{Shown, Verdict};
use proto::grant::start::Parameters;
use proto::model::{
    Approval, ClientAddress, ClientId, CommitId, Family, FamilyId, Grant, GrantState, Redemption, Refresh, Scope,
    UserName, Version,
};
use proto::secret::{DeviceCodeHash, SecretHash, UserCodeHash};
use proto::wire::credentials::{Credentials, Presented};
use store::{Outcome, SqliteSettings, Store};
use tokio::task::JoinSet;

use crate::product::{LASTING, Product};

const PERSON: &str = "maria";
const PASSWORD: &str = "correct horse battery staple";
/// Grants that are made side by side, so that they share transactions.
const LANES: usize = 64;
const DEVICE: ClientAddress =
    ClientAddress { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), origin: proto::model::AddressOrigin::Direct };

/// The device codes of so many approved grants of each of these clients, which ask for a scope or for their default; beside
/// `present` grants that were redeemed.
pub(crate) fn approved(
    product: &Product,
    clients: &[(&str, Option<&'static str>, usize)],
    present: usize,
) -> Result<Vec<Vec<String>>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let (flow, store) = open(product).await?;
        let person = person(&flow).await?;
        let mut codes = Vec::new();
        redeemed(&store, &person, present).await?;
        for (client, scope, count) in clients {
            codes.push(of_client(&flow, &person, (client, *scope), *count).await?);
        }
        store.close().await?;
        Ok(codes)
    })
}

async fn open(product: &Product) -> Result<(Arc<Flow>, Store)> {
    let env = Env::system();
    let store = Store::sqlite(SqliteSettings::at(product.path("countersign.db"))).await?;
    let file = KeyFile::open(&product.path("key"), KeyRing::store_is_empty(&store).await?, &mut env.entropy())?;
    let ring = KeyRing::open(&store, &file, &env).await?;
    let mut settings = Settings::new(&product.issuer());
    settings.device.hold = Duration::ZERO;
    settings.device.lifetime = Duration::from_secs(1_800);
    settings.limits.pending_grants_per_network = u32::MAX;
    Ok((Arc::new(Flow::new(settings, env, store.clone(), ring, Nowhere).await?), store))
}

async fn person(flow: &Flow) -> Result<Arc<SignedIn>> {
    let password = Password::typed(PASSWORD);
    let name = UserName::parse(PERSON).context("a name")?;
    let new = NewUser { name, display_name: None, email: None, password: Some(password) };
    flow.admin().add_user(&new).await?;
    let browser = Browser { address: DEVICE, user_agent: "bench" };
    let (_, person) = flow.sign_in(PERSON, &Password::typed(PASSWORD), browser).await?;
    Ok(Arc::new(person))
}

/// Grants that were redeemed in the last minutes, each with a family that may be refreshed.
async fn redeemed(store: &Store, person: &Arc<SignedIn>, count: usize) -> Result<()> {
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let (store, person) = (store.clone(), Arc::clone(person));
        let own = (count + LANES - 1 - lane) / LANES;
        lanes.spawn(async move {
            for _ in 0..own {
                let (grant, family) = rows(&person)?;
                let changes =
                    vec![Change::Put(Row::Grant(Box::new(grant))), Change::Put(Row::Family(Box::new(family)))];
                let id = CommitId::draw(Env::system().now(), &mut Env::system().entropy());
                let outcome = store.commit(&Commit { id, requires: Vec::new(), changes }).await?;
                anyhow::ensure!(outcome == Outcome::Done, "{outcome:?}");
            }
            anyhow::Ok(())
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane.context("a lane ended early")??;
    }
    Ok(())
}

fn rows(person: &SignedIn) -> Result<(Grant, Family)> {
    let (env, client_id) = (Env::system(), ClientId::parse(LASTING).context("a client")?);
    let (now, mut entropy) = (env.now(), env.entropy());
    let scope = Scope::parse("measure offline_access").context("a scope")?;
    let device_code = DeviceCodeHash::from_bytes(proto::entropy::bytes(&mut entropy));
    let family_id = FamilyId::draw(now, &mut entropy);
    let approval = Approval {
        at: now,
        user_id: person.user.id,
        session_id: person.session.id,
        auth_time: person.session.auth_time,
        amr: person.session.amr.clone(),
    };
    let expires_at = now + Duration::from_secs(1_800);
    let grant = Grant {
        id: device_code.grant_id(),
        device_code,
        user_code: UserCodeHash::from_bytes(proto::entropy::bytes(&mut entropy)),
        client_id: client_id.clone(),
        scope: scope.clone(),
        resources: Vec::new(),
        dpop: None,
        code_challenge: None,
        device_name: None,
        requester: DEVICE,
        created_at: now,
        expires_at,
        interval: Duration::from_secs(1),
        hold: None,
        state: GrantState::Redeemed(approval, Redemption { at: now, last_issue: now, family_id, replaced: false }),
        version: 0,
    };
    let lasting = now + Duration::from_secs(30 * 86_400);
    let token = SecretHash::from_bytes(proto::entropy::bytes(&mut entropy));
    let family = Family {
        id: family_id,
        grant_id: grant.id,
        client_id,
        user_id: person.user.id,
        session_id: person.session.id,
        scope,
        resources: Vec::new(),
        dpop: None,
        device_name: None,
        requester: Some(DEVICE),
        issued_at: now,
        expires_at: lasting,
        refresh: Some(Refresh { token, generation: 0, idle_until: lasting }),
        refreshed_at: None,
        revoked_at: None,
        version: 0,
    };
    Ok((grant, family))
}

async fn of_client(
    flow: &Arc<Flow>,
    person: &Arc<SignedIn>,
    (client, scope): (&str, Option<&'static str>),
    count: usize,
) -> Result<Vec<String>> {
    let client_id = ClientId::parse(client).context("a client")?;
    let client_version = flow.admin().client(&client_id).await?.version;
    let credentials = Arc::new(Credentials { client_id, presented: Presented::None, by_header: false });
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let (flow, person, credentials) = (Arc::clone(flow), Arc::clone(person), Arc::clone(&credentials));
        let own = (count + LANES - 1 - lane) / LANES;
        lanes.spawn(async move {
            let mut codes = Vec::with_capacity(own);
            for _ in 0..own {
                codes.push(one(&flow, &person, (&credentials, scope), client_version).await?);
            }
            anyhow::Ok(codes)
        });
    }
    let mut codes = Vec::with_capacity(count);
    while let Some(lane) = lanes.join_next().await {
        codes.extend(lane.context("a lane ended early")??);
    }
    Ok(codes)
}

async fn one(
    flow: &Flow,
    person: &SignedIn,
    (credentials, scope): (&Credentials, Option<&str>),
    client_version: Version,
) -> Result<String> {
    let caller = flow::Request { credentials, dpop: None };
    let request = StartRequest { caller, parameters: Parameters { scope, ..Parameters::default() }, requester: DEVICE };
    let started = flow.start(request).await.map_err(|refusal| anyhow::anyhow!("a device was refused: {refusal:?}"))?;
    // As it was committed: the first version of its row.
    let shown = Shown { grant_id: started.grant.id, grant_version: 1, client_version, session_id: person.session.id };
    flow.decide(person, shown, Verdict::Approve).await?;
    Ok(started.response.device_code.reveal().to_owned())
}
