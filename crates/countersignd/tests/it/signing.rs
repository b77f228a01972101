//! A client that signs, declared in the configuration: from the file to an opaque token over HTTP, with the real program and the
//! client library.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use client::{
    Algorithm, Application, Authentication, Client, ClientKey, Https, Issuer, LoginRequest, Plaintext, Provider,
    System, discover,
};
use flow::Env;
use proto::change::{Change, Commit, Row};
use proto::model::{Amr, Approval, ClientAddress, CommitId, GrantState, Resource, Session, SessionId, UserName};
use proto::secret::SecretHash;
use serde_json::Value;
use store::load::GrantFilter;
use store::{Outcome, SqliteSettings, Store};

use super::serving::{Place, Server};

const API: &str = "https://api.example.com";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn declared() -> String {
    format!(
        "[[client]]\nid = \"box\"\nname = \"Box\"\nauth = \"private_key_jwt\"\njwks_file = \"box.jwks.json\"\n\
         token_endpoint_auth_signing_alg = \"ES256\"\ngrants = [\"device\", \"refresh_token\"]\n\
         scopes = [\"openid\", \"offline_access\"]\nresources = [\"{API}\"]\nsubject_type = \"pairwise\"\n\
         access_token_format = \"opaque\"\naccess_lifetime = \"2m\"\ndpop = \"required\"\npkce = \"required\"\n\
         [[client]]\nid = \"api\"\nname = \"API\"\nauth = \"client_secret_post\"\nsecret = \"{SECRET}\"\n\
         grants = []\nintrospection = true\nresources = [\"{API}\"]\n"
    )
}

/// The box with this key.
async fn signing(server: &Server, key: &ClientKey) -> Client<Https, System> {
    let transport = Https::new();
    let issuer = Issuer::parse(&server.issuer(), Plaintext::OnLoopback).unwrap();
    let provider = Provider::of_host(issuer.host());
    let server = discover(&transport, issuer, provider, Plaintext::OnLoopback).await.unwrap();
    let authentication = Authentication::PrivateKey(key.clone());
    let application = Application { authentication, client_id: "box".to_owned() };
    Client { application, environment: System::new(), server, transport }
}

/// Maria approves the one grant that waits, as the pages would write it.
async fn approve(server: &Server) {
    let env = Env::system();
    let store = Store::sqlite(SqliteSettings::at(server.file("countersign.db"))).await.unwrap();
    let user = store.user_by_name(&UserName::parse("maria").unwrap()).await.unwrap().unwrap();
    let now = env.now();
    let session = Session {
        id: SessionId::draw(now, &mut env.entropy()),
        token: SecretHash::of(b"a session"),
        user_id: user.id,
        auth_time: now,
        amr: vec![Amr::Password],
        address: ClientAddress::direct("192.0.2.8".parse().unwrap()),
        user_agent: String::new(),
        last_seen: now,
        expires_at: now + Duration::from_secs(3_600),
        ended_at: None,
        revoked: None,
        version: 0,
    };
    let mut grants = store.grants(GrantFilter { limit: 2, ..GrantFilter::default() }).await.unwrap();
    let mut grant = grants.pop().unwrap();
    assert!(grants.is_empty() && grant.state == GrantState::Pending);
    assert_eq!(grant.resources, [Resource::parse(API).unwrap()]);
    let approval =
        Approval { at: now, user_id: user.id, session_id: session.id, auth_time: now, amr: vec![Amr::Password] };
    grant.state = GrantState::Approved(approval);
    for row in [Row::Session(Box::new(session)), Row::Grant(Box::new(grant))] {
        let id = CommitId::draw(now, &mut env.entropy());
        let commit = Commit { id, requires: Vec::new(), changes: vec![Change::Put(row)] };
        assert_eq!(store.commit(&commit).await.unwrap(), Outcome::Done);
    }
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declared_client_signs_in_with_its_key_and_gets_opaque_tokens() {
    let place = Place::new();
    let key = ClientKey::generate(Algorithm::Es256).unwrap();
    fs::write(place.file("box.jwks.json"), key.public_set().to_string()).unwrap();
    place.configure(&declared());
    let mut add = place.command(&["user", "add", "maria", "--password-stdin"]);
    let mut adding = add.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    adding.stdin.take().unwrap().write_all(b"tomorrow it will rain fish").unwrap();
    assert!(adding.wait().unwrap().success());
    let server = place.serve();

    let asked = server.post("/oauth2/device_authorization", "client_id=box");
    assert!(asked.contains("invalid_client"), "a name proves nothing: {asked}");
    let stranger = signing(&server, &ClientKey::generate(Algorithm::Es256).unwrap()).await;
    let refused = stranger.start(LoginRequest::default()).await.map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("invalid_client"), "{refused}");

    let device = signing(&server, &key).await;
    let request = LoginRequest {
        resources: vec![API.to_owned()],
        scopes: vec!["openid".to_owned(), "offline_access".to_owned()],
        ..LoginRequest::default()
    };
    let login = device.start(request).await.unwrap();
    approve(&server).await;
    let signed_in = login.finish(|_| ()).await.unwrap();
    assert_eq!(signed_in.unchecked, None);
    let session = signed_in.session;
    assert!(session.proof_key.is_some() && session.refresh_token.is_some());
    let token = session.access_token.reveal();
    assert!(!token.contains('.'), "nothing can be read from it");

    let ask = format!("client_id=api&client_secret={SECRET}&token={token}");
    let answer = server.post("/oauth2/introspect", &ask);
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let told: Value = serde_json::from_str(body).unwrap();
    let subject = signed_in.identity.unwrap().claims["sub"].clone();
    assert_eq!((&told["active"], &told["aud"], &told["token_type"]), (&true.into(), &API.into(), &"DPoP".into()));
    assert_eq!((&told["client_id"], &told["sub"]), (&"box".into(), &subject));
    assert!(told["cnf"]["jkt"].is_string() && told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap() == 120);
    let renewed = device.refresh(&session).await.unwrap();
    assert_ne!(renewed.access_token.reveal(), token);
}
