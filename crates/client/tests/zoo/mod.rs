//! Fake providers, one for each row of the table of quirks, each as faithful as its documentation is, over virtual time.
//! Here is what all have in common: they know their endpoints, their parameters and the pace they allowed, and stop the
//! test when one is wrong. The species are in `large`, `odd` and `others`, what means harm in `hostile`.

mod chaos;
mod hostile;
mod large;
mod lives;
mod odd;
mod others;

use std::time::Duration;

use client::{Application, Authentication, Client, Issuer, Plaintext, Provider, Server, discover};
use proto::wire::token::Credential;
use serde_json::{Value, json};

use crate::script::{Clock, Move, Script, Seen, error, json_reply, reply};

pub(crate) const ID: &str = "the-client-id";
pub(crate) const SECRET: &str = "the-client-secret";
pub(crate) const USER_CODE: &str = "WDJB-MJHT";

/// How the application proves who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    Basic,
    /// Basic, and the identifier in the body: all the same or nothing.
    BasicAndId,
    /// Basic, and the identifier in the address.
    BasicAndQuery,
    /// Identifier and secret as one `access_token`.
    Joined,
    /// A JSON body, in camel case.
    Json,
    Post,
    Public,
}

/// A provider, as far as a device sees it.
pub(crate) struct Species {
    /// Its row.
    pub(crate) name: &'static str,
    /// The profile that is used, or `generic`.
    pub(crate) provider: &'static str,
    pub(crate) issuer: &'static str,
    /// What is published, at the address that ends so.
    pub(crate) document: Option<(&'static str, Value)>,
    pub(crate) codes_at: &'static str,
    pub(crate) tokens_at: &'static str,
    pub(crate) way: Way,
    /// Scopes and what else the person asks for.
    pub(crate) resources: &'static [&'static str],
    pub(crate) parameters: &'static [(&'static str, &'static str)],
    /// What must stand in the request for codes and in a poll, besides identifier and secret.
    pub(crate) start: &'static [(&'static str, &'static str)],
    pub(crate) poll: &'static [(&'static str, &'static str)],
    pub(crate) codes: fn() -> Move,
    pub(crate) pending: fn() -> Move,
    pub(crate) slow_down: fn() -> Move,
    pub(crate) denied: fn() -> Move,
    /// None where a dead code stays pending for ever.
    pub(crate) expired: Option<fn() -> Move>,
    pub(crate) tokens: fn() -> Move,
    /// What a refresh is answered with; none without refresh tokens.
    pub(crate) refreshed: Option<fn() -> Move>,
    /// Seconds between polls, as given with the codes.
    pub(crate) interval: u64,
    /// Seconds that codes live, said or assumed.
    pub(crate) lifetime: u64,
}

/// What becomes of one sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Life {
    Approve,
    Decline,
    /// Told that it is over.
    Expire,
    /// Nobody comes.
    Nobody,
}

/// A server that keeps to RFC 8628 to the letter.
pub(crate) fn standard() -> Species {
    Species {
        name: "standard",
        provider: "generic",
        issuer: "https://id.example.com",
        document: Some((
            "/.well-known/oauth-authorization-server",
            json!({
                "issuer": "https://id.example.com",
                "device_authorization_endpoint": "https://id.example.com/codes",
                "token_endpoint": "https://id.example.com/token"
            }),
        )),
        codes_at: "https://id.example.com/codes",
        tokens_at: "https://id.example.com/token",
        way: Way::Public,
        resources: &[],
        parameters: &[],
        start: &[("scope", "openid files")],
        poll: &[("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", "the-device-code")],
        codes: || codes_at("https://id.example.com/device", |_| {}),
        pending: || error(400, "authorization_pending"),
        slow_down: || error(400, "slow_down"),
        denied: || error(400, "access_denied"),
        expired: Some(|| error(400, "expired_token")),
        tokens: || tokens(|_| {}),
        refreshed: Some(|| tokens(|_| {})),
        interval: 5,
        lifetime: 600,
    }
}

/// Codes for people to enter there.
pub(crate) fn codes_at(uri: &str, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Move {
    object(
        200,
        json!({"device_code": "the-device-code", "user_code": USER_CODE, "verification_uri": uri, "expires_in": 600, "interval": 5}),
        change,
    )
}

pub(crate) fn tokens(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Move {
    let body = json!({
        "access_token": "the-access-token", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "the-refresh-token"
    });
    object(200, body, change)
}

/// An object with this much changed.
pub(crate) fn object(status: u16, body: Value, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Move {
    let Value::Object(mut members) = body else { panic!("not an object") };
    change(&mut members);
    json_reply(status, members.into())
}

/// An error with its sentence.
pub(crate) fn told(status: u16, error: &str, description: &str) -> Move {
    json_reply(status, json!({"error": error, "error_description": description}))
}

impl Species {
    /// A server of this kind, which leads this life.
    pub(crate) fn live(self, life: Life) -> Script {
        let (mut polls, mut last, mut pace) = (0, None::<Duration>, self.interval);
        Script::new(move |seen| {
            let place = seen.url.split('?').next().unwrap_or_default();
            let reply = if seen.method == "GET" && place != self.codes_at {
                self.publishes(place)
            } else if said(seen, "refresh_token") == ["the-refresh-token"] {
                assert_eq!(place, self.tokens_at, "{}", self.name);
                self.authenticated(seen);
                assert_eq!(said(seen, "grant_type"), ["refresh_token"], "{}", self.name);
                self.refreshed.map_or_else(|| error(400, "unsupported_grant_type"), |refreshed| refreshed())
            } else if place == self.codes_at && !is_poll(seen) {
                self.authenticated(seen);
                self.carries(seen, self.start);
                (self.codes)()
            } else {
                assert_eq!(place, self.tokens_at, "{}", self.name);
                self.authenticated(seen);
                self.carries(seen, self.poll);
                polls += 1;
                let early = last.is_some_and(|last| seen.at - last < Duration::from_secs(pace));
                assert!(
                    !early,
                    "{}: poll {polls} came {:?} after the last",
                    self.name,
                    last.map(|last| seen.at - last)
                );
                last = Some(seen.at);
                match (polls, life) {
                    (1 | 3, _) | (_, Life::Nobody) => (self.pending)(),
                    (2, _) => {
                        pace += 5;
                        (self.slow_down)()
                    }
                    (_, Life::Approve) => (self.tokens)(),
                    (_, Life::Decline) => (self.denied)(),
                    (_, Life::Expire) => self.expired.map_or_else(self.pending, |expired| expired()),
                }
            };
            (Duration::from_millis(50), reply)
        })
    }

    fn publishes(&self, place: &str) -> Move {
        match &self.document {
            Some((ending, document)) if place.ends_with(ending) => json_reply(200, document.clone()),
            _ => reply(404, "text/html", "<html>"),
        }
    }

    /// The application in the one way that is taken here, and in no other.
    fn authenticated(&self, seen: &Seen) {
        let at = |place: &str| format!("{} at {place} of {}: {} {}", self.name, seen.url, seen.method, seen.body);
        let basic = seen.headers.contains_key("authorization");
        let (query, body) = (in_query(seen, "client_id"), seen.form("client_id"));
        let secret = seen.form("client_secret");
        let id = || vec![ID.to_owned()];
        let expected = match self.way {
            Way::Basic => (true, vec![], vec![], vec![]),
            Way::BasicAndId => (true, vec![], id(), vec![]),
            Way::BasicAndQuery => (true, id(), vec![], vec![]),
            Way::Post => (false, vec![], id(), vec![SECRET.to_owned()]),
            Way::Public if seen.method == "GET" => (false, id(), vec![], vec![]),
            Way::Public => (false, vec![], id(), vec![]),
            Way::Joined => {
                assert_eq!(seen.form("access_token"), [format!("{ID}|{SECRET}")], "{}", at("access_token"));
                (false, vec![], vec![], vec![])
            }
            Way::Json => {
                let body: Value = serde_json::from_str(&seen.body).unwrap();
                assert_eq!((&body["clientId"], &body["clientSecret"]), (&json!(ID), &json!(SECRET)), "{}", at("body"));
                (false, vec![], vec![], vec![])
            }
        };
        if self.way == Way::Post && seen.method == "GET" {
            // A secret does stand in an address where a provider wants everything there.
            assert_eq!((query, in_query(seen, "client_secret")), (id(), vec![SECRET.to_owned()]), "{}", at("query"));
            return;
        }
        assert_eq!((basic, query, body, secret), expected, "{}", at("credentials"));
    }

    fn carries(&self, seen: &Seen, parameters: &[(&str, &str)]) {
        for (name, value) in parameters {
            let wanted: Vec<String> = if value.is_empty() { vec![] } else { vec![(*value).to_owned()] };
            assert_eq!(said(seen, name), wanted, "{} of {}: {}", name, self.name, seen.body);
        }
    }

    /// What the person knows of it: issuer and profile. Found as in life.
    pub(crate) async fn found(script: &Script, provider: &str, issuer: &str) -> Server {
        let issuer = Issuer::parse(issuer, Plaintext::Refused).unwrap();
        let provider = Provider::named(provider).unwrap_or_else(|| Provider::of_host(issuer.host()));
        discover(script, issuer, provider, Plaintext::Refused).await.unwrap()
    }

    pub(crate) fn application(&self) -> Application {
        let secret = || Credential::new(SECRET);
        let authentication = match self.way {
            Way::Public => Authentication::None,
            Way::Basic | Way::BasicAndId | Way::BasicAndQuery => Authentication::Basic(secret()),
            Way::Joined | Way::Json | Way::Post => Authentication::Post(secret()),
        };
        Application { authentication, client_id: ID.to_owned() }
    }
}

/// A client of a server of this kind.
pub(crate) async fn visit(species: Species, life: Life) -> (Client<Script, Clock>, Script) {
    let (application, provider, issuer) = (species.application(), species.provider, species.issuer);
    let script = species.live(life);
    let server = Species::found(&script, provider, issuer).await;
    (Client { application, environment: script.clock.clone(), server, transport: script.clone() }, script)
}

pub(crate) fn is_poll(seen: &Seen) -> bool {
    ["device_code", "code"].iter().any(|name| !said(seen, name).is_empty())
}

/// A parameter, wherever it stands.
pub(crate) fn said(seen: &Seen, name: &str) -> Vec<String> {
    let camel: String = name
        .split('_')
        .enumerate()
        .map(|(at, word)| if at == 0 { word.to_owned() } else { word[..1].to_uppercase() + &word[1..] })
        .collect();
    let json = serde_json::from_str::<Value>(&seen.body).ok();
    let json = json.and_then(|body| body.get(&camel)?.as_str().map(str::to_owned));
    let form = if json.is_some() { vec![] } else { seen.form(name) };
    json.into_iter().chain(form).chain(in_query(seen, name)).collect()
}

pub(crate) fn in_query(seen: &Seen, name: &str) -> Vec<String> {
    let query = seen.url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}
