//! The effective configuration, without secrets: as TOML with the source of each value, or as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value as Json};
use toml::Value;

use super::place::Place;
use super::section::head;
use super::{CLIENT, Config, Loaded, REPEATED, Root, SOFTWARE};

/// The values of one section.
struct Shown {
    path: String,
    keys: Vec<(&'static str, Option<Value>)>,
}

fn sections(config: &Config) -> Vec<Shown> {
    let one = |path: &str, keys| Shown { path: path.to_owned(), keys };
    let mut sections = vec![
        one("", Root { issuer: config.issuer.clone() }.shown()),
        one("http", config.http.shown()),
        one("tls", config.tls.shown()),
        one("store", config.store.shown()),
        one("device", config.device.shown()),
        one("brand", config.brand.shown()),
        one("tokens", config.tokens.shown()),
        one("registration", config.registration.shown()),
        one("secrets", config.secrets.shown()),
        one("limits", config.limits.shown()),
        one("log", config.log.shown()),
    ];
    let clients = config.clients.iter().enumerate();
    sections.extend(clients.map(|(number, client)| one(&format!("{CLIENT}[{number}]"), client.shown())));
    let software = config.software.iter().enumerate();
    sections.extend(software.map(|(number, issuer)| one(&format!("{SOFTWARE}[{number}]"), issuer.shown())));
    sections
}

/// As TOML; a comment says where each value comes from.
pub(crate) fn text(loaded: &Loaded) -> String {
    let file = loaded.report.file.as_deref();
    let mut text = match file {
        Some(file) => format!("# {} and the environment\n", file.display()),
        None => "# no file; the environment alone\n".to_owned(),
    };
    for Shown { path, keys } in sections(&loaded.config) {
        if !path.is_empty() {
            text.push_str(&format!("\n{}\n", head(&path)));
        }
        for (name, value) in keys {
            let key = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            let source = source(&loaded.places.of(&key), file);
            text.push_str(&match value {
                Some(value) => format!("{:<48} # {source}\n", format!("{name} = {value}")),
                None => format!("# {name} is not set\n"),
            });
        }
    }
    text
}

fn source(place: &Place, file: Option<&Path>) -> String {
    match (place, file) {
        (Place::File { line, .. }, Some(_) | None) => format!("line {line}"),
        (Place::Variable(name), _) => name.clone(),
        (Place::Default, _) => "default".to_owned(),
    }
}

/// As JSON, in the shape of the file; what is not set is null.
pub(crate) fn json(loaded: &Loaded) -> Json {
    let mut root = Map::new();
    let mut several: BTreeMap<&str, Vec<Json>> = REPEATED.iter().map(|name| (*name, Vec::new())).collect();
    for Shown { path, keys } in sections(&loaded.config) {
        let keys = keys.into_iter().map(|(name, value)| (name.to_owned(), value.map_or(Json::Null, to_json)));
        let name = path.split('[').next().unwrap_or_default();
        if path.is_empty() {
            root.extend(keys);
        } else if let Some(blocks) = several.get_mut(name) {
            blocks.push(Json::Object(keys.collect()));
        } else {
            root.insert(path, Json::Object(keys.collect()));
        }
    }
    root.extend(several.into_iter().map(|(name, blocks)| (name.to_owned(), Json::Array(blocks))));
    Json::Object(root)
}

fn to_json(value: Value) -> Json {
    match value {
        Value::String(text) => Json::String(text),
        Value::Integer(number) => Json::from(number),
        Value::Float(number) => Json::from(number),
        Value::Boolean(value) => Json::Bool(value),
        Value::Datetime(date) => Json::String(date.to_string()),
        Value::Array(members) => members.into_iter().map(to_json).collect(),
        Value::Table(table) => table.into_iter().map(|(name, value)| (name, to_json(value))).collect(),
    }
}
