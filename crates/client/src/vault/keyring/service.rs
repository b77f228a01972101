//! The Secret Service (freedesktop.org Secret Service API, draft 0.2): find, put, remove, and unlocking in between.

use std::env;

use zeroize::Zeroizing;

use super::bus::{Body, Bus, Place};
use super::wire::Value;
use super::{Attributes, Keyring, KeyringError};
use crate::Plain;

const NAME: &str = "org.freedesktop.secrets";
const SERVICE: Place<'static> =
    Place { destination: NAME, path: "/org/freedesktop/secrets", interface: "org.freedesktop.Secret.Service" };
/// What stands for no object.
const NOTHING: &str = "/";

/// A session with the service.
pub(super) struct Service {
    bus: Bus,
    limits: Keyring,
    session: String,
}

impl Service {
    pub(super) fn open(limits: Keyring) -> Result<Self, KeyringError> {
        let mut bus = Bus::connect(limits.timeout)?;
        let mut body = Body { signature: "sv", ..Body::default() };
        body.writer.text("plain");
        body.writer.variant_text("s", "");
        let opened = bus.call(SERVICE, "OpenSession", &body)?;
        let session = path(opened.get(1))?;
        Ok(Self { bus, limits, session })
    }

    pub(super) fn find(&mut self, attributes: &Attributes) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        let Some(item) = self.items(attributes)?.into_iter().next() else { return Ok(None) };
        let mut body = Body { signature: "o", ..Body::default() };
        body.writer.text(&self.session);
        let place = Place { path: &item, interface: "org.freedesktop.Secret.Item", ..SERVICE };
        let answer = self.bus.call(place, "GetSecret", &body)?;
        // Session, parameters, the secret itself, its kind.
        let secret = answer.first().and_then(|secret| secret.items().get(2)).map(Value::bytes);
        secret.map(Zeroizing::new).map(Some).ok_or_else(nonsense)
    }

    pub(super) fn put(&mut self, attributes: &Attributes, label: &str, secret: &[u8]) -> Result<(), KeyringError> {
        let mut body = Body { signature: "s", ..Body::default() };
        body.writer.text("default");
        let alias = path(self.bus.call(SERVICE, "ReadAlias", &body)?.first())?;
        if alias == NOTHING {
            return Err(KeyringError::Absent(Plain::own("it has no default collection")));
        }
        self.unlock(std::slice::from_ref(&alias))?;
        let mut body = Body { signature: "a{sv}(oayays)b", ..Body::default() };
        let writer = &mut body.writer;
        writer.array(8, |writer| {
            writer.align(8);
            writer.text("org.freedesktop.Secret.Item.Label");
            writer.variant_text("s", label);
            writer.align(8);
            writer.text("org.freedesktop.Secret.Item.Attributes");
            writer.signature("a{ss}");
            writer.dictionary(attributes);
        });
        writer.align(8);
        writer.text(&self.session);
        writer.array(1, |_| {});
        writer.array(1, |writer| writer.0.extend(secret));
        writer.text("application/octet-stream");
        writer.number(1);
        let place = Place { path: &alias, interface: "org.freedesktop.Secret.Collection", ..SERVICE };
        let made = self.bus.call(place, "CreateItem", &body)?;
        self.settle(&path(made.get(1))?)
    }

    pub(super) fn remove(&mut self, attributes: &Attributes) -> Result<(), KeyringError> {
        for item in self.items(attributes)? {
            let place = Place { path: &item, interface: "org.freedesktop.Secret.Item", ..SERVICE };
            let removed = self.bus.call(place, "Delete", &Body::default())?;
            self.settle(&path(removed.first())?)?;
        }
        Ok(())
    }

    /// The items with these attributes, unlocked.
    fn items(&mut self, attributes: &Attributes) -> Result<Vec<String>, KeyringError> {
        let mut body = Body { signature: "a{ss}", ..Body::default() };
        body.writer.dictionary(attributes);
        let found = self.bus.call(SERVICE, "SearchItems", &body)?;
        let paths = |value: Option<&Value>| -> Vec<String> {
            value.map(Value::items).unwrap_or_default().iter().filter_map(Value::text).map(str::to_owned).collect()
        };
        let (open, locked) = (paths(found.first()), paths(found.get(1)));
        if !open.is_empty() || locked.is_empty() {
            return Ok(open);
        }
        self.unlock(&locked)?;
        Ok(locked)
    }

    fn unlock(&mut self, objects: &[String]) -> Result<(), KeyringError> {
        let mut body = Body { signature: "ao", ..Body::default() };
        body.writer.array(4, |writer| objects.iter().for_each(|object| writer.text(object)));
        let answer = self.bus.call(SERVICE, "Unlock", &body)?;
        self.settle(&path(answer.get(1))?)
    }

    /// What the service wants a person for, if it does.
    fn settle(&mut self, prompt: &str) -> Result<(), KeyringError> {
        if prompt == NOTHING {
            return Ok(());
        }
        let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some());
        let place = Place { path: prompt, interface: "org.freedesktop.Secret.Prompt", ..SERVICE };
        if !has_screen {
            // Nobody would see the question, and some services wait for an answer for ever.
            drop(self.bus.call(place, "Dismiss", &Body::default()));
            return Err(KeyringError::Locked);
        }
        self.bus.listen("org.freedesktop.Secret.Prompt")?;
        let mut body = Body { signature: "s", ..Body::default() };
        body.writer.text("");
        self.bus.call(place, "Prompt", &body)?;
        self.bus.allow(self.limits.patience);
        let answered = match self.bus.signal(prompt, "Completed") {
            Err(KeyringError::TimedOut) => return Err(KeyringError::Dismissed),
            other => other?,
        };
        self.bus.allow(self.limits.timeout);
        if answered.first() == Some(&Value::Boolean(true)) { Err(KeyringError::Dismissed) } else { Ok(()) }
    }
}

fn path(value: Option<&Value>) -> Result<String, KeyringError> {
    value.and_then(Value::text).map(str::to_owned).ok_or_else(nonsense)
}

fn nonsense() -> KeyringError {
    KeyringError::Failed(Plain::own("it answers what cannot be read"))
}
