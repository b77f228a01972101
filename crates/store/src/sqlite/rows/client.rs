//! Rows of `clients`. Its keys, what `sub` says and its registration stand in several columns each: those of one are
//! matched at once, and any combination that is none of theirs is named corruption.

use proto::Timestamp;
use proto::change::{Key, Unique};
use proto::model::{
    Ceiling, Client, ClientKeys, CommitId, DevicePolicy, Registration, SubjectType, TokenPolicy, Version,
};
use proto::secret::SecretHash;
use rusqlite::{CachedStatement, params};

use super::{As, Columns, Table};
use crate::view::Load;

impl Table for Client {
    const NAME: &'static str = "clients";
    const SELECT: &'static str = "SELECT id, name, auth, secrets, jwks_uri, jwks, assertion_alg, grants, scopes, \
         origins, link, device_auth, id_token_alg, alphabet, hold_ms, interval_ms, lifetime_ms, pkce, token_format, \
         token_alg, access_ms, refresh_idle_ms, refresh_absolute_ms, rotation, dpop, subject, sector, resources, \
         introspects, verified, enabled, registration_token, ceiling_grants, ceiling_scopes, unused_until, software_id, \
         software_version, software_statement, declaration, created_at, version FROM clients";
    const INSERT: &'static str = "INSERT INTO clients \
         (id, name, auth, secrets, jwks_uri, jwks, assertion_alg, grants, scopes, origins, link, device_auth, \
         id_token_alg, alphabet, hold_ms, interval_ms, lifetime_ms, pkce, token_format, token_alg, access_ms, \
         refresh_idle_ms, refresh_absolute_ms, rotation, dpop, subject, sector, resources, introspects, verified, \
         enabled, registration_token, ceiling_grants, ceiling_scopes, unused_until, software_id, software_version, \
         software_statement, declaration, created_at, commit_id, version) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, \
         ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41, ?42 + 1)";
    const UPDATE: &'static str = "UPDATE clients SET \
         name = ?2, auth = ?3, secrets = ?4, jwks_uri = ?5, jwks = ?6, assertion_alg = ?7, grants = ?8, scopes = ?9, \
         origins = ?10, link = ?11, device_auth = ?12, id_token_alg = ?13, alphabet = ?14, hold_ms = ?15, \
         interval_ms = ?16, lifetime_ms = ?17, pkce = ?18, token_format = ?19, token_alg = ?20, access_ms = ?21, \
         refresh_idle_ms = ?22, refresh_absolute_ms = ?23, rotation = ?24, dpop = ?25, subject = ?26, sector = ?27, \
         resources = ?28, introspects = ?29, verified = ?30, enabled = ?31, registration_token = ?32, \
         ceiling_grants = ?33, ceiling_scopes = ?34, unused_until = ?35, software_id = ?36, software_version = ?37, \
         software_statement = ?38, declaration = ?39, created_at = ?40, commit_id = ?41, version = ?42 + 1 \
         WHERE id = ?1 AND version = ?42";
    const UNIQUE: Option<Unique> = None;

    fn key(&self) -> Key {
        Key::Client(self.id.clone())
    }

    fn version(&self) -> Version {
        self.version
    }

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

    fn put(&self, statement: &mut CachedStatement<'_>, commit: CommitId) -> rusqlite::Result<usize> {
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
        let nothing = Ceiling::default();
        let ceiling = registration.map_or(&nothing, |registration| &registration.ceiling);
        statement.execute(params![
            As(&self.id),
            As(&self.name),
            As(&self.auth),
            As(&self.secrets),
            jwks_uri,
            jwks,
            As(&self.assertion_alg),
            As(&self.grants),
            As(&self.scopes),
            As(&self.origins),
            As(&self.link),
            As(&self.device_auth),
            As(&self.id_token_alg),
            As(&self.device.alphabet),
            As(&self.device.hold),
            As(&self.device.interval),
            As(&self.device.lifetime),
            As(&self.device.pkce),
            As(&self.tokens.format),
            As(&self.tokens.alg),
            As(&self.tokens.access_lifetime),
            As(&self.tokens.refresh_idle),
            As(&self.tokens.refresh_absolute),
            As(&self.tokens.rotation),
            As(&self.tokens.dpop),
            subject,
            sector,
            As(&self.tokens.resources),
            As(&self.introspects),
            As(&self.verified),
            As(&self.enabled),
            As(&registration.map(|registration| registration.token)),
            As(&ceiling.grants),
            As(&ceiling.scopes),
            As(&registration.and_then(|registration| registration.unused_until)),
            registration.and_then(|registration| registration.software_id.as_deref()),
            registration.and_then(|registration| registration.software_version.as_deref()),
            registration.and_then(|registration| registration.statement.as_deref()),
            As(&self.declaration),
            As(&self.created_at),
            As(&commit),
            As(&self.version),
        ])
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
