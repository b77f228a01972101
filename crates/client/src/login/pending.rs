//! A sign-in between two processes: one starts it and tells the person, another waits for the end. What is kept has the
//! device code in it and is as secret as a token; the vault has a place for it.

use std::sync::Arc;

use proto::device::{Machine, Paused, Settings};
use proto::wire::authorize::AuthorizationResponse;
use proto::wire::error::Unusable;
use proto::wire::token::Credential;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::{Client, Login, LoginRequest};
use crate::pkce::Pkce;
use crate::{Environment, Error, ProofKey, Transport};

/// What a sign-in is taken up with. Secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The application.
    pub client_id: String,
    /// The server.
    pub issuer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code_verifier: Option<Credential>,
    device_code: Credential,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof_key: Option<ProofKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
    #[serde(flatten)]
    state: Paused,
    user_code: String,
    verification_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verification_uri_complete: Option<String>,
}

/// Takes what to keep.
pub(super) type Keeper<'c> = Box<dyn FnMut(&Pending) + Send + 'c>;

impl<'c, T: Transport, E: Environment> Login<'c, T, E> {
    /// What another process needs to go on from here.
    #[must_use]
    pub fn pending(&self) -> Pending {
        let codes = &self.codes;
        Pending {
            client_id: self.client.application.client_id.clone(),
            code_verifier: self.pkce.as_ref().map(|pkce| pkce.verifier.clone()),
            device_code: codes.device_code.clone(),
            issuer: self.client.server.issuer.as_str().to_owned(),
            proof_key: self.key.clone(),
            resources: self.request.resources.clone(),
            scopes: self.request.scopes.clone(),
            state: self.machine.pause(self.client.environment.now()),
            user_code: codes.user_code.clone(),
            verification_uri: codes.verification_uri.clone(),
            verification_uri_complete: codes.verification_uri_complete.clone(),
        }
    }

    /// Has `keep` called before each poll leaves, so that a process that is killed has polled no faster than its successor
    /// thinks. Losing one costs nothing but that.
    pub fn keep(&mut self, keep: impl FnMut(&Pending) + Send + 'c) {
        self.keeper = Some(Box::new(keep));
    }

    pub(super) fn checkpoint(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            keeper(&self.pending());
            self.keeper = Some(keeper);
        }
    }
}

impl<T: Transport, E: Environment> Client<T, E> {
    /// Takes up a sign-in that this application started at this server, in this process or another.
    ///
    /// # Errors
    /// [`Error::NotOurs`] when it is another's, [`Error::Unusable`] when what was kept is damaged.
    pub fn resume(&self, pending: Pending) -> Result<Login<'_, T, E>, Error> {
        let ours = pending.issuer == self.server.issuer.as_str() && pending.client_id == self.application.client_id;
        if !ours {
            return Err(Error::NotOurs);
        }
        let Pending { code_verifier, device_code, proof_key, resources, scopes, state, .. } = pending;
        let codes = AuthorizationResponse {
            device_code,
            expires_in: state.left_ms / 1000,
            interval: state.interval_ms / 1000,
            user_code: pending.user_code,
            verification_uri: pending.verification_uri,
            verification_uri_complete: pending.verification_uri_complete,
        };
        let (mut entropy, now) = (self.environment.entropy(), self.environment.now());
        let machine = Machine::resume(Settings::default(), state, now, &mut *entropy);
        let unusable = |why: Unusable| Error::Unusable { what: "the sign-in that was kept", why, status: 0 };
        let prompt = self.prompt(&codes, Vec::new(), &machine, now).map_err(unusable)?;
        Ok(Login {
            client: self,
            codes,
            entropy,
            keeper: None,
            key: proof_key,
            last_failure: None,
            machine,
            pkce: code_verifier.as_ref().map(Pkce::again),
            prompt,
            request: LoginRequest { resources, scopes, ..LoginRequest::default() },
            wake: Arc::new(Notify::new()),
        })
    }
}
