//! A client looks after its registration (RFC 7592 §2): reads it, replaces it, ends it.

use super::{Refusal, Registrable};
use crate::change::{Change, Decision, Key, Row};
use crate::model::{Client, Demand, Grant, GrantState, Registration, SubjectType, TokenPolicy};
use crate::secret::{ClientSecret, SecretHash};
use crate::wire::registration::Repeated;
use crate::{Entropy, Timestamp};

/// A registration that was replaced.
#[derive(Clone, Debug)]
pub struct Updated {
    /// The client.
    pub client: Client,
    /// How it registered itself.
    pub registration: Registration,
    /// Its secret, when it is new or was repeated.
    pub secret: Option<ClientSecret>,
}

/// Whether who shows `token` looks after `client`. To everybody else there is no such client, whether there is or not, and
/// one that an operator added or declared never has such a token (RFC 7592 §2).
///
/// # Errors
/// It is not theirs, or an operator disabled it.
pub fn authorize<'a>(
    client: Option<&'a Client>,
    token: &SecretHash,
) -> Result<(&'a Client, &'a Registration), Refusal> {
    let client = client.filter(|client| client.declaration.is_none());
    let found = client.and_then(|client| Some((client, client.registration.as_ref()?)));
    let (client, registration) =
        found.filter(|(_, registration)| registration.token == *token).ok_or(Refusal::TokenInvalid)?;
    if client.enabled { Ok((client, registration)) } else { Err(Refusal::ClientDisabled) }
}

/// Whether a client repeats rightly what the server set (RFC 7592 §2.2), and the statement that it was registered with.
///
/// # Errors
/// What it does not, or may not send.
pub fn repeats(
    (client, registration): (&Client, &Registration),
    repeated: &Repeated,
    statement: Option<&str>,
) -> Result<(), Refusal> {
    if let Some(name) = repeated.forbidden {
        return Err(Refusal::ForbiddenMember(name));
    }
    if repeated.client_id.as_deref() != Some(client.id.as_str()) {
        return Err(Refusal::ClientIdChanged);
    }
    let secret = repeated.client_secret.as_ref().map(ClientSecret::hash);
    if secret.is_some_and(|secret| !client.secrets.contains(&secret)) {
        return Err(Refusal::SecretChanged);
    }
    if registration.statement.is_some() && statement.is_none() {
        return Err(Refusal::StatementLeftOut);
    }
    Ok(())
}

/// Replaces a registration by `wanted`, which was judged against its ceiling, once [`repeats`] found the rest right. What
/// an operator has set since and no metadata has a name for stays; that they vouch for the name ends with the name.
pub fn update(
    (client, registration): (&Client, &Registration),
    wanted: Registrable,
    repeated: &Repeated,
    statement: Option<&str>,
    entropy: &mut dyn Entropy,
) -> Decision<Updated> {
    let name = wanted.name.unwrap_or_else(|| client.id.to_string());
    let registration = Registration {
        statement: statement.map(Box::from),
        software_id: wanted.software_id,
        software_version: wanted.software_version,
        ..registration.clone()
    };
    let mut updated = Client {
        verified: client.verified && name == client.name,
        name,
        auth: wanted.auth,
        keys: wanted.keys,
        assertion_alg: wanted.assertion_alg,
        grants: wanted.grants,
        scopes: wanted.scopes,
        id_token_alg: wanted.id_token_alg,
        tokens: TokenPolicy {
            dpop: dpop(client, wanted.dpop),
            subject: subject(client, wanted.subject),
            ..client.tokens.clone()
        },
        registration: Some(registration.clone()),
        ..client.clone()
    };
    let mut secret = None;
    if !updated.holds_secret() {
        updated.secrets = Vec::new();
    } else if updated.secrets.is_empty() {
        let new = ClientSecret::draw(entropy);
        updated.secrets = vec![new.hash()];
        secret = Some(new);
    } else {
        secret.clone_from(&repeated.client_secret);
    }
    let changes =
        if updated == *client { Vec::new() } else { vec![Change::Put(Row::Client(Box::new(updated.clone())))] };
    let requires = vec![client.into()];
    Decision { reply: Updated { client: updated, registration, secret }, requires, changes }
}

/// A client that an operator gave a sector stays in it: it cannot ask to know people better.
fn subject(client: &Client, wanted: SubjectType) -> SubjectType {
    match &client.tokens.subject {
        own @ SubjectType::Pairwise(Some(_)) => own.clone(),
        SubjectType::Pairwise(None) | SubjectType::Public => wanted,
    }
}

/// A client that has to bind its tokens cannot excuse itself.
const fn dpop(client: &Client, wanted: Demand) -> Demand {
    match (client.tokens.dpop, wanted) {
        (Demand::Required, _) | (_, Demand::Required) => Demand::Required,
        (Demand::Optional, Demand::Optional) => Demand::Optional,
    }
}

/// Ends a registration (RFC 7592 §2.3). With it everything ends that needs the client: no token is issued, accepted or
/// found active without one ([`crate::gate::MayIssue`]).
#[must_use]
pub fn remove(client: &Client) -> Decision<()> {
    let changes = vec![Change::Delete(Key::Client(client.id.clone()), client.version)];
    Decision { reply: (), requires: Vec::new(), changes }
}

/// What must be written for a grant of a client that is gone, so that whoever waits for it hears of the end: nobody may
/// decide it any more, and what was approved is refused.
#[must_use]
pub fn ended(grant: &Grant, now: Timestamp) -> Option<Change> {
    let ended = match &grant.state {
        GrantState::Pending if now < grant.expires_at => Grant { expires_at: now, ..grant.clone() },
        GrantState::Approved(approval) => {
            let state = GrantState::Denied { at: now, by: approval.user_id, reported: false };
            Grant { state, ..grant.clone() }
        }
        GrantState::Pending | GrantState::Denied { .. } | GrantState::Redeemed(..) => return None,
    };
    Some(Change::Put(Row::Grant(Box::new(ended))))
}
