//! Client registrations: by command, and as the configuration declares them.

use proto::change::{Change, Decision, Key, Row};
use proto::model::{
    Ceiling, Client, ClientId, ClientKeys, DeviceAuth, DevicePolicy, GrantType, LinkPolicy, Origin, Registration,
    Scope, SigningAlg, TokenPolicy,
};
use proto::secret::{ClientSecret, SecretHash};

use super::{Admin, AdminError, failed};
use crate::commit::commit;

/// Secrets that are live while one is rotated.
const MAX_SECRETS: usize = 2;

/// What is changed about a client; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientEdit {
    /// What people see.
    pub name: Option<String>,
    /// Its public keys, for a client that signs assertions.
    pub keys: Option<ClientKeys>,
    /// The one algorithm of its assertions; inside, `None` allows each that its keys are for.
    pub assertion_alg: Option<Option<SigningAlg>>,
    /// Scopes it may ask for.
    pub scopes: Option<Scope>,
    /// Grants it may use.
    pub grants: Option<Vec<GrantType>>,
    /// What its link does.
    pub link: Option<LinkPolicy>,
    /// Authentication at the device authorization endpoint.
    pub device_auth: Option<DeviceAuth>,
    /// Web origins.
    pub origins: Option<Vec<Origin>>,
    /// Algorithm of its id_tokens.
    pub id_token_alg: Option<SigningAlg>,
    /// Own settings of its grants.
    pub device: Option<DevicePolicy>,
    /// Own settings of its tokens.
    pub tokens: Option<TokenPolicy>,
    /// Whether it may ask what tokens are good for.
    pub introspects: Option<bool>,
    /// Whether the operator vouches for its name.
    pub verified: Option<bool>,
    /// Whether it may do anything.
    pub enabled: Option<bool>,
}

impl ClientEdit {
    /// `client` with what is changed.
    #[must_use]
    pub fn apply(&self, client: Client) -> Client {
        let edit = self.clone();
        Client {
            name: edit.name.unwrap_or(client.name),
            keys: edit.keys.or(client.keys),
            assertion_alg: edit.assertion_alg.unwrap_or(client.assertion_alg),
            scopes: edit.scopes.unwrap_or(client.scopes),
            grants: edit.grants.unwrap_or(client.grants),
            link: edit.link.unwrap_or(client.link),
            device_auth: edit.device_auth.unwrap_or(client.device_auth),
            origins: edit.origins.unwrap_or(client.origins),
            id_token_alg: edit.id_token_alg.unwrap_or(client.id_token_alg),
            device: edit.device.unwrap_or(client.device),
            tokens: edit.tokens.unwrap_or(client.tokens),
            introspects: edit.introspects.unwrap_or(client.introspects),
            verified: edit.verified.unwrap_or(client.verified),
            enabled: edit.enabled.unwrap_or(client.enabled),
            ..client
        }
    }
}

/// A client as the configuration declares it.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The registration; its `declaration`, `version` and `created_at` are filled in here.
    pub client: Client,
    /// Everything that was declared, in a stable form: the epoch moves only when this does.
    pub text: String,
}

impl Admin<'_> {
    /// All clients, by id.
    ///
    /// # Errors
    /// The store.
    pub async fn clients(&self) -> Result<Vec<Client>, AdminError> {
        Ok(self.0.store.clients().await?)
    }

    /// One client.
    ///
    /// # Errors
    /// There is none, or the store.
    pub async fn client(&self, id: &ClientId) -> Result<Client, AdminError> {
        self.0.store.client(id).await?.ok_or_else(|| unknown(id))
    }

    /// Registers a client. A confidential one gets a secret, which is returned once and never again.
    ///
    /// # Errors
    /// The id is taken, or the store.
    pub async fn add_client(&self, client: &Client) -> Result<Option<ClientSecret>, AdminError> {
        let flow = self.0;
        let secret = client.holds_secret().then(|| ClientSecret::draw(&mut flow.env.entropy()));
        let new = Client {
            secrets: secret.iter().map(ClientSecret::hash).collect(),
            declaration: None,
            created_at: flow.env.now(),
            version: 0,
            ..client.clone()
        };
        self.put_new(&new).await?;
        Ok(secret)
    }

    /// Changes a client that was added by command.
    ///
    /// # Errors
    /// There is none, it is declared in the configuration, or the store.
    pub async fn edit_client(&self, id: &ClientId, edit: &ClientEdit) -> Result<(), AdminError> {
        self.change_client(id, |client| looked_after(edit, edit.apply(client))).await
    }

    /// Gives a confidential client a further secret; the one before stays live until the next rotation.
    ///
    /// # Errors
    /// There is none, it is public or declared, or the store.
    pub async fn rotate_secret(&self, id: &ClientId) -> Result<ClientSecret, AdminError> {
        self.renew_secret(id, MAX_SECRETS - 1).await
    }

    /// Gives a confidential client another secret, and none before it is good any more: one of them was seen.
    ///
    /// # Errors
    /// There is none, it is public or declared, or the store.
    pub async fn replace_secret(&self, id: &ClientId) -> Result<ClientSecret, AdminError> {
        self.renew_secret(id, 0).await
    }

    /// Ends a rotation: only the newest secret stays live. Says whether there was an older one.
    ///
    /// # Errors
    /// There is none, it is public or declared, or the store.
    pub async fn drop_old_secrets(&self, id: &ClientId) -> Result<bool, AdminError> {
        let before = self.secret_holder(id).await?;
        if before.secrets.len() < MAX_SECRETS {
            refuse_declared(&before)?;
            return Ok(false);
        }
        // By what they are: a rotation may come between, and its secret is not an old one.
        let old: Vec<SecretHash> = before.secrets.iter().copied().skip(1).collect();
        self.change_client(id, move |client| {
            let kept = client.secrets.iter().copied().filter(|secret| !old.contains(secret));
            Client { secrets: kept.collect(), ..client }
        })
        .await?;
        Ok(true)
    }

    async fn renew_secret(&self, id: &ClientId, keep: usize) -> Result<ClientSecret, AdminError> {
        self.secret_holder(id).await?;
        let secret = ClientSecret::draw(&mut self.0.env.entropy());
        let hash = secret.hash();
        self.change_client(id, move |client| {
            let kept = client.secrets.iter().copied().take(keep);
            let secrets: Vec<SecretHash> = std::iter::once(hash).chain(kept).collect();
            Client { secrets, ..client }
        })
        .await?;
        Ok(secret)
    }

    async fn secret_holder(&self, id: &ClientId) -> Result<Client, AdminError> {
        let client = self.client(id).await?;
        if client.holds_secret() {
            Ok(client)
        } else {
            Err(AdminError::Unknown(format!("secret of client {id}: it authenticates without one")))
        }
    }

    /// Removes a client that was added by command. When this returns, nothing of it is good for anything: its codes and
    /// tokens need the client, and that is gone.
    ///
    /// # Errors
    /// There is none, it is declared, or the store.
    pub async fn remove_client(&self, id: &ClientId) -> Result<(), AdminError> {
        let flow = self.0;
        let client = self.client(id).await?;
        refuse_declared(&client)?;
        commit!(&flow.store, &flow.env, async {
            let Some(client) = flow.store.client(id).await? else { return Ok(Decision::only(())) };
            let changes = vec![Change::Delete(Key::Client(id.clone()), client.version)];
            Ok(Decision { reply: (), requires: Vec::new(), changes })
        })
        .await
        .map_err(failed(id.as_str()))?;
        if let Err(error) = flow.end_grants(id).await {
            // Nothing of it is good any more, and a client of this name that comes later ends it before it begins.
            tracing::warn!(client = %id, %error, "the grants of a client that is gone could not all be marked");
        }
        Ok(())
    }

    /// Makes the store agree with the configuration: declared clients are stored, changed ones move their epoch, and
    /// those whose declaration is gone are disabled.
    ///
    /// # Errors
    /// The store, or an id that was added by command.
    pub async fn declare(&self, declared: &[Declared]) -> Result<(), AdminError> {
        let stored = self.0.store.clients().await?;
        for Declared { client, text } in declared {
            let declaration = Some(*SecretHash::of(text.as_bytes()).as_bytes());
            let present = stored.iter().find(|stored| stored.id == client.id);
            match present {
                Some(present) if present.declaration.is_none() => {
                    return Err(AdminError::Taken(format!("client {}, added by command,", client.id)));
                }
                Some(present) if present.declaration == declaration && present.enabled == client.enabled => {}
                present => {
                    let created_at = present.map_or_else(|| self.0.env.now(), |present| present.created_at);
                    let version = present.map_or(0, |present| present.version);
                    let client = Client { declaration, created_at, version, ..client.clone() };
                    if present.is_none() {
                        self.end_leftovers(&client.id).await?;
                    }
                    self.put_declared(&client).await?;
                }
            }
        }
        let is_declared = |stored: &Client| declared.iter().any(|declared| declared.client.id == stored.id);
        for gone in
            stored.iter().filter(|client| client.declaration.is_some() && client.enabled && !is_declared(client))
        {
            self.put_declared(&Client { enabled: false, ..gone.clone() }).await?;
        }
        Ok(())
    }

    /// Another node that starts at this moment may have been first, and have written the same.
    async fn put_declared(&self, client: &Client) -> Result<(), AdminError> {
        let Err(lost) = self.put(client).await else { return Ok(()) };
        let present = self.0.store.client(&client.id).await?;
        let same = |present: &Client| present.declaration == client.declaration && present.enabled == client.enabled;
        if present.as_ref().is_some_and(same) { Ok(()) } else { Err(lost) }
    }

    async fn put_new(&self, client: &Client) -> Result<(), AdminError> {
        if self.0.store.client(&client.id).await?.is_some() {
            return Err(AdminError::Taken(format!("client {}", client.id)));
        }
        self.end_leftovers(&client.id).await?;
        self.put(client).await
    }

    /// A client that had this name before is another one. What it was given is over since it was removed, and must not be
    /// taken for something of the new one, whose tokens would then be in the hands of the old one's devices.
    async fn end_leftovers(&self, id: &ClientId) -> Result<(), AdminError> {
        self.0.end_grants(id).await.map_err(AdminError::from)
    }

    async fn put(&self, client: &Client) -> Result<(), AdminError> {
        commit!(&self.0.store, &self.0.env, async {
            let changes = vec![Change::Put(Row::Client(Box::new(client.clone())))];
            Ok(Decision { reply: (), requires: Vec::new(), changes })
        })
        .await
        .map_err(failed(&format!("client {}", client.id)))
    }

    async fn change_client(&self, id: &ClientId, change: impl Fn(Client) -> Client) -> Result<(), AdminError> {
        refuse_declared(&self.client(id).await?)?;
        let flow = self.0;
        commit!(&flow.store, &flow.env, async {
            let Some(client) = flow.store.client(id).await? else { return Ok(Decision::only(false)) };
            let changes = vec![Change::Put(Row::Client(Box::new(change(client))))];
            Ok(Decision { reply: true, requires: Vec::new(), changes })
        })
        .await
        .map_err(failed(id.as_str()))?
        .then_some(())
        .ok_or_else(|| unknown(id))
    }
}

/// A client that registered itself and that an operator changed: it may be what they made of it and no more, so that it
/// cannot take that back, and it stays although nobody has used it yet.
fn looked_after(edit: &ClientEdit, client: Client) -> Client {
    let registration = client.registration.map(|own| {
        let grants = edit.grants.clone().unwrap_or(own.ceiling.grants);
        let scopes = edit.scopes.clone().unwrap_or(own.ceiling.scopes);
        Registration { unused_until: None, ceiling: Ceiling { grants, scopes }, ..own }
    });
    Client { registration, ..client }
}

fn refuse_declared(client: &Client) -> Result<(), AdminError> {
    if client.declaration.is_some() { Err(AdminError::Declared(format!("client {}", client.id))) } else { Ok(()) }
}

fn unknown(id: &ClientId) -> AdminError {
    AdminError::Unknown(format!("client {id}"))
}
