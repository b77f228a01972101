//! A server that misbehaves in random ways, and a clock that jumps (T26, T33). Whatever happens: the sign-in ends within
//! the life of its code, no poll is earlier than was allowed, nothing that is shown has a control character or a secret in
//! it, and a token that is handed out is one that was sent. How many sessions, and from which seed, says the environment.

use std::time::Duration;

use client::provider::{GENERIC, PROVIDERS};
use client::{
    Application, Authentication, Client, Endpoint, Error, Issuer, LoginRequest, Plaintext, Prompt, Server, Session,
    When, discover,
};
use proto::wire::token::Credential;

use super::chaos::{CODE, Chaos, ISSUER, TOKEN};

/// How many sessions run when nobody says.
const SESSIONS: u64 = 400;

/// Nothing that steers a terminal, and no secret, in what a person or a log may see.
fn is_fit_to_be_seen(seed: u64, text: &str) {
    is_harmless(seed, text);
    assert!(!text.contains(CODE), "seed {seed}: {text:?}");
}

/// The same where the device code is not known yet, or is spent.
fn is_harmless(seed: u64, text: &str) {
    let steers = |c: char| c.is_control() || proto::wire::is_invisible(c);
    assert!(!text.contains(steers), "seed {seed}: {text:?}");
    assert!(!text.contains(TOKEN), "seed {seed}: {text:?}");
    assert!(text.len() < 20_000, "seed {seed}: {} bytes", text.len());
}

fn prompt_is_fit(seed: u64, prompt: &Prompt) {
    let shown = [Some(&prompt.user_code), Some(&prompt.verification_uri), prompt.verification_uri_complete.as_ref()];
    for text in shown.into_iter().chain([prompt.foreign_host.as_ref()]).flatten() {
        is_fit_to_be_seen(seed, text.as_str());
    }
    assert!(prompt.verification_uri.as_str().starts_with("https://"), "seed {seed}");
}

fn server(chaos: &Chaos) -> Server {
    let endpoint = |path: &str| Endpoint::parse(&format!("{ISSUER}{path}"), Plaintext::Refused).unwrap();
    let issuer = Issuer::parse(ISSUER, Plaintext::Refused).unwrap();
    let mut world = chaos.0.lock().unwrap();
    let provider = if world.dice.one_in(2) { &GENERIC } else { world.dice.pick(&PROVIDERS) };
    let mut server = Server::at(issuer, provider, (endpoint("/codes"), endpoint("/token")));
    server.revocation = Some(endpoint("/revoke"));
    server.userinfo = Some(endpoint("/userinfo"));
    server.jwks = world.dice.one_in(2).then(|| endpoint("/jwks"));
    if world.dice.one_in(2) {
        server.metadata.code_challenge_methods_supported = vec!["S256".to_owned()];
    }
    server
}

async fn session(seed: u64) -> &'static str {
    let chaos = Chaos::new(seed);
    let found =
        discover(&chaos, Issuer::parse(ISSUER, Plaintext::Refused).unwrap(), &GENERIC, Plaintext::Refused).await;
    if let Err(error) = found {
        is_fit_to_be_seen(seed, &error.to_string());
    }
    let server = server(&chaos);
    let authentication = match seed % 3 {
        0 => Authentication::None,
        1 => Authentication::Post(Credential::new("client-secret")),
        _ => Authentication::Basic(Credential::new("client-secret")),
    };
    let application = Application { authentication, client_id: "tv".to_owned() };
    let client = Client { application, environment: chaos.clone(), server, transport: chaos.clone() };
    let binding = if seed.is_multiple_of(4) { When::Always } else { When::Never };
    let request = LoginRequest { binding, scopes: vec!["openid".to_owned()], ..LoginRequest::default() };
    let login = match client.start(request).await {
        Ok(login) => login,
        Err(error) => {
            is_harmless(seed, &error.to_string());
            return kind(&error);
        }
    };
    prompt_is_fit(seed, login.prompt());
    let ends = login.prompt().expires_at.monotonic;
    let mut events = 0_u64;
    let result = login.finish(|_| events += 1).await;
    let (now, polls, requests, sent) = {
        let world = chaos.0.lock().unwrap();
        (world.monotonic, world.allowed.polls, world.requests, world.sent_token)
    };
    assert!(now <= ends + Duration::from_secs(100), "seed {seed}: ended at {now:?}, the code at {ends:?}");
    assert!(events <= polls, "seed {seed}: {events} events of {polls} polls");
    assert!(requests <= polls + 40, "seed {seed}: {requests} requests for {polls} polls");
    match result {
        Err(error) => ended(seed, &chaos, &error),
        Ok(signed_in) => {
            assert!(sent || signed_in.session.access_token.reveal() != TOKEN, "seed {seed}: a token from nowhere");
            is_fit_to_be_seen(seed, &format!("{:?} {:?}", signed_in.unchecked, signed_in.session.scope.is_some()));
            chaos.0.lock().unwrap().signed_in = true;
            upkeep(seed, &client, &signed_in.session).await;
            "signed in"
        }
    }
}

/// What comes after the sign-in, at the same server.
async fn upkeep(seed: u64, client: &Client<Chaos, Chaos>, session: &Session) {
    is_harmless(seed, &format!("{session:?}").replace(|c: char| c == '\\' || !c.is_ascii(), ""));
    if let Err(error) = client.refresh(session).await {
        is_harmless(seed, &error.to_string());
    }
    if let Err(error) = client.userinfo(session).await {
        is_harmless(seed, &error.to_string());
    }
    if let Err(error) = client.revoke(session).await {
        is_harmless(seed, &error.to_string());
    }
}

fn ended(seed: u64, chaos: &Chaos, error: &Error) -> &'static str {
    is_fit_to_be_seen(seed, &error.to_string());
    is_fit_to_be_seen(seed, &format!("{error:?}"));
    assert!(chaos.0.lock().unwrap().requests < 10_000);
    kind(error)
}

const fn kind(error: &Error) -> &'static str {
    match error {
        Error::Denied => "declined",
        Error::Expired => "expired",
        Error::Unreachable(_) => "unreachable",
        Error::Refused(_) => "refused",
        Error::Unusable { .. } => "unusable",
        _ => "other",
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn t26_t33_df_3_5_7_df_3_5_21_hostile_sessions_end_politely() {
    let (count, first) = (number("COUNTERSIGN_HOSTILE_SESSIONS", SESSIONS), number("COUNTERSIGN_HOSTILE_SEED", 1));
    let mut ends = std::collections::BTreeMap::new();
    for seed in first..first + count {
        *ends.entry(session(seed).await).or_insert(0_u64) += 1;
    }
    println!("{count} hostile sessions from seed {first}: {ends:?}");
    if count >= SESSIONS {
        for end in ["signed in", "declined", "expired", "unreachable", "refused", "unusable"] {
            assert!(ends.contains_key(end), "{end} never happened: {ends:?}");
        }
    }
}
