//! Rows of `clients`. Its keys, what `sub` says and its registration stand in several columns each: those of one are
//! matched at once, and any combination that is none of theirs is named corruption.

use proto::Timestamp;
use proto::model::{Ceiling, Client, ClientKeys, DevicePolicy, Registration, SubjectType, TokenPolicy};
use proto::secret::SecretHash;

use super::{Columns, Description, Table};
use crate::postgres::column::Column as _;
use crate::postgres::value::Kind::{Bool, Bytes, Integer, Text};
use crate::postgres::value::Value;
use crate::view::Load;

impl Table for Client {
    const TABLE: Description = Description::new(
        "clients",
        &[
            ("id", Text),
            ("name", Text),
            ("auth", Text),
            ("secrets", Bytes),
            ("jwks_uri", Text),
            ("jwks", Text),
            ("assertion_alg", Text),
            ("grants", Text),
            ("scopes", Text),
            ("origins", Text),
            ("link", Text),
            ("device_auth", Text),
            ("id_token_alg", Text),
            ("alphabet", Text),
            ("hold_ms", Integer),
            ("interval_ms", Integer),
            ("lifetime_ms", Integer),
            ("pkce", Text),
            ("token_format", Text),
            ("token_alg", Text),
            ("access_ms", Integer),
            ("refresh_idle_ms", Integer),
            ("refresh_absolute_ms", Integer),
            ("rotation", Text),
            ("dpop", Text),
            ("subject", Text),
            ("sector", Text),
            ("resources", Text),
            ("introspects", Bool),
            ("verified", Bool),
            ("enabled", Bool),
            ("registration_token", Bytes),
            ("ceiling_grants", Text),
            ("ceiling_scopes", Text),
            ("unused_until", Integer),
            ("software_id", Text),
            ("software_version", Text),
            ("software_statement", Text),
            ("declaration", Bytes),
            ("created_at", Integer),
        ],
    );

    fn read(columns: &mut Columns<'_>) -> Load<Self> {
        Ok(Self {
            id: columns.next()?,
            name: columns.next()?,
            auth: columns.next()?,
            secrets: columns.next()?,
            keys: keys(columns)?,
            assertion_alg: columns.next()?,
            grants: columns.next()?,
            scopes: columns.next()?,
            origins: columns.next()?,
            link: columns.next()?,
            device_auth: columns.next()?,
            id_token_alg: columns.next()?,
            device: DevicePolicy {
                alphabet: columns.next()?,
                hold: columns.next()?,
                interval: columns.next()?,
                lifetime: columns.next()?,
                pkce: columns.next()?,
            },
            tokens: TokenPolicy {
                format: columns.next()?,
                alg: columns.next()?,
                access_lifetime: columns.next()?,
                refresh_idle: columns.next()?,
                refresh_absolute: columns.next()?,
                rotation: columns.next()?,
                dpop: columns.next()?,
                subject: subject(columns)?,
                resources: columns.next()?,
            },
            introspects: columns.next()?,
            verified: columns.next()?,
            enabled: columns.next()?,
            registration: registration(columns)?,
            declaration: columns.next()?,
            created_at: columns.next()?,
            version: columns.next()?,
        })
    }

    fn write<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        let (jwks_uri, jwks) = match &self.keys {
            Some(ClientKeys::At(address)) => (Some(&**address), None),
            Some(ClientKeys::Set(json)) => (None, Some(&**json)),
            None => (None, None),
        };
        let (subject, sector) = match &self.tokens.subject {
            SubjectType::Pairwise(sector) => ("pairwise", sector.as_deref()),
            SubjectType::Public => ("public", None),
        };
        let registration = self.registration.as_ref();
        values.extend([
            self.id.write(),
            self.name.write(),
            self.auth.write(),
            self.secrets.write(),
            jwks_uri.into(),
            jwks.into(),
            self.assertion_alg.write(),
            self.grants.write(),
            self.scopes.write(),
            self.origins.write(),
            self.link.write(),
            self.device_auth.write(),
            self.id_token_alg.write(),
            self.device.alphabet.write(),
            self.device.hold.write(),
            self.device.interval.write(),
            self.device.lifetime.write(),
            self.device.pkce.write(),
            self.tokens.format.write(),
            self.tokens.alg.write(),
            self.tokens.access_lifetime.write(),
            self.tokens.refresh_idle.write(),
            self.tokens.refresh_absolute.write(),
            self.tokens.rotation.write(),
            self.tokens.dpop.write(),
            subject.into(),
            sector.into(),
            self.tokens.resources.write(),
            self.introspects.write(),
            self.verified.write(),
            self.enabled.write(),
            registration.map(|registration| registration.token).write().into_owned(),
            registration.map_or("".into(), |registration| registration.ceiling.grants.write()),
            registration.map_or("".into(), |registration| registration.ceiling.scopes.write()),
            registration.and_then(|registration| registration.unused_until).write().into_owned(),
            registration.map_or(Value::Null, |registration| registration.software_id.write()),
            registration.map_or(Value::Null, |registration| registration.software_version.write()),
            registration.map_or(Value::Null, |registration| registration.statement.write()),
            self.declaration.write(),
            self.created_at.write(),
        ]);
    }
}

fn keys(columns: &mut Columns<'_>) -> Load<Option<ClientKeys>> {
    let (address, set): (Option<Box<str>>, Option<Box<str>>) = (columns.next()?, columns.next()?);
    match (address, set) {
        (None, None) => Ok(None),
        (Some(address), None) => Ok(Some(ClientKeys::At(address))),
        (None, Some(json)) => Ok(Some(ClientKeys::Set(json))),
        (Some(_), Some(_)) => Err(columns.corrupt("jwks_uri with jwks")),
    }
}

fn subject(columns: &mut Columns<'_>) -> Load<SubjectType> {
    let (word, sector): (String, Option<Box<str>>) = (columns.next()?, columns.next()?);
    match (word.as_str(), sector) {
        ("pairwise", sector) => Ok(SubjectType::Pairwise(sector)),
        ("public", None) => Ok(SubjectType::Public),
        ("public", Some(_)) => Err(columns.corrupt("subject public with sector")),
        _ => Err(columns.corrupt("column subject holds a word that is no kind of subject")),
    }
}

fn registration(columns: &mut Columns<'_>) -> Load<Option<Registration>> {
    let token: Option<SecretHash> = columns.next()?;
    let ceiling = Ceiling { grants: columns.next()?, scopes: columns.next()? };
    let unused_until: Option<Timestamp> = columns.next()?;
    let (software_id, software_version): (Option<Box<str>>, Option<Box<str>>) = (columns.next()?, columns.next()?);
    let statement: Option<Box<str>> = columns.next()?;
    if let Some(token) = token {
        return Ok(Some(Registration { token, ceiling, statement, unused_until, software_id, software_version }));
    }
    let parts = [
        ("ceiling_grants", !ceiling.grants.is_empty()),
        ("ceiling_scopes", !ceiling.scopes.is_empty()),
        ("unused_until", unused_until.is_some()),
        ("software_id", software_id.is_some()),
        ("software_version", software_version.is_some()),
        ("software_statement", statement.is_some()),
    ];
    let filled: Vec<_> = parts.iter().filter(|(_, filled)| *filled).map(|(name, _)| *name).collect();
    if filled.is_empty() {
        return Ok(None);
    }
    Err(columns.corrupt(format!("{} without registration_token", filled.join(", "))))
}
