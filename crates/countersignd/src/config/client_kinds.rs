//! The kinds of values that only clients have: identifiers, scopes, keys, APIs, sectors.

use flow::admin::read_jwks;
use proto::model::{ClientId, ClientKeys, Resource, Scope};
use serde_json::Value as Json;
use server::fetch::check_url;
use toml::Value;
use toml::de::DeValue;
use url::Host;

use super::input::{Given, Input, quoted};
use super::kinds::Read;
use super::shown::Shown;

/// APIs that one client may name.
const MOST_RESOURCES: usize = 32;

/// The public keys of a client, in their canonical form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Jwks(ClientKeys);

impl Jwks {
    /// The keys.
    pub(crate) const fn keys(&self) -> &ClientKeys {
        &self.0
    }
}

impl Shown for Jwks {
    fn shown(&self) -> Option<Value> {
        match &self.0 {
            ClientKeys::At(text) | ClientKeys::Set(text) => Some(Value::String(text.to_string())),
        }
    }
}

impl Shown for Resource {
    fn shown(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

/// A client identifier.
pub(super) fn client_id(input: &Input<'_>) -> Read<ClientId> {
    const EXPECTED: &str = "1 to 128 printable ASCII characters such as \"tv\"";
    ClientId::parse(input.text(EXPECTED)?).ok_or_else(|| input.mismatch(EXPECTED))
}

/// Scopes as a list, one word each (RFC 6749 §3.3).
pub(super) fn scopes(input: &Input<'_>) -> Read<Scope> {
    const EXPECTED: &str = "a list of scopes such as [\"openid\", \"profile\"]";
    let mut all: Vec<String> = Vec::new();
    for member in input.list(EXPECTED)? {
        let token = member.text(EXPECTED)?;
        if token.is_empty() || token.contains(' ') {
            return Err(format!("{} is not one scope; write each as a text of its own", quoted(token)));
        }
        if Scope::parse(token).is_err() {
            return Err(format!(
                "{} is not a scope: only printable ASCII without quotes and backslashes",
                quoted(token)
            ));
        }
        all.push(token.to_owned());
    }
    Scope::parse(&all.join(" ")).map_err(|error| error.to_string())
}

/// APIs, a URI each (RFC 8707 §2); one that stands there twice counts once.
pub(super) fn resources(input: &Input<'_>) -> Read<Vec<Resource>> {
    const EXPECTED: &str = "a list of APIs such as [\"https://api.example.com\"]";
    let mut all: Vec<Resource> = Vec::new();
    for member in input.list(EXPECTED)? {
        let read = resource(member.text(EXPECTED)?)?;
        if !all.contains(&read) {
            all.push(read);
        }
    }
    if all.len() > MOST_RESOURCES {
        return Err(format!("there are {} APIs; at most {MOST_RESOURCES} are allowed", all.len()));
    }
    Ok(all)
}

/// One API.
pub(super) fn resource(text: &str) -> Read<Resource> {
    Resource::parse(text).ok_or_else(|| {
        format!(
            "{} does not name an API: write an absolute URI without a fragment, such as \"https://api.example.com\", of at \
             most {} bytes",
            quoted(text),
            Resource::MAX_LEN
        )
    })
}

/// The host that pairwise subjects are for (OpenID Connect Core §8.1).
pub(super) fn sector(input: &Input<'_>) -> Read<String> {
    const EXPECTED: &str = "the name of a host such as \"example.com\"";
    let text = input.text(EXPECTED)?;
    match Host::parse(text) {
        Ok(host) if host.to_string() == text => Ok(text.to_owned()),
        Ok(host) => Err(format!("{} has another canonical form; write \"{host}\"", quoted(text))),
        Err(_) => Err(input.mismatch(EXPECTED)),
    }
}

/// Where the keys of a client are fetched from (RFC 7591 §2).
pub(super) fn jwks_uri(input: &Input<'_>) -> Read<String> {
    let text = input.text("an address such as \"https://tv.example.com/jwks.json\"")?;
    match check_url(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(refusal) => Err(format!("{} is not an address that keys are fetched from: {refusal}", quoted(text))),
    }
}

/// Public keys (RFC 7517 §5): as JSON, or as a table of the file. Messages never repeat them: what should not stand there is
/// a private key.
pub(super) fn jwks(input: &Input<'_>) -> Read<Jwks> {
    let json = match &input.given {
        Given::Toml(table @ DeValue::Table(_)) => to_json(table).to_string(),
        Given::Content(..) | Given::Nothing | Given::Text(_) | Given::Toml(_) => {
            input.text("").map_err(|_| "expected a JWK set, as a table or a text of JSON".to_owned())?.trim().to_owned()
        }
    };
    read_jwks(json.as_bytes()).map(Jwks).map_err(|error| error.to_string())
}

/// A key is made of texts and lists of them; what is neither is left to be refused.
fn to_json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Boolean(truth) => Json::from(*truth),
        DeValue::Integer(number) => Json::from(number.as_str()),
        DeValue::Float(number) => Json::from(number.as_str()),
        DeValue::Datetime(date) => Json::from(date.to_string()),
        DeValue::Array(members) => members.iter().map(|member| to_json(member.get_ref())).collect(),
        DeValue::Table(table) => {
            table.iter().map(|(name, value)| (name.get_ref().to_string(), to_json(value.get_ref()))).collect()
        }
    }
}
