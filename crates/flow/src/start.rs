//! A device asks for access: load, decide, commit, and let the grant into the waiting room.

use std::time::Duration;

use proto::grant::authenticate::{Authenticated, Endpoint};
use proto::grant::start::{self, Parameters, Started, Terms};
use proto::grant::{Refusal, whole_seconds};
use proto::model::ClientAddress;
use proto::wire::authorize::AuthorizationResponse;
use proto::wire::token::Credential;

use crate::Flow;
use crate::caller::{Caller, Request};
use crate::commit::{Failed, commit};

/// A device authorization request (RFC 8628 §3.1).
#[derive(Clone)]
pub struct StartRequest<'a> {
    /// Who is calling.
    pub caller: Request<'a>,
    /// What for.
    pub parameters: Parameters<'a>,
    /// Where the device is.
    pub requester: ClientAddress,
}

/// What is sent, and what is audited.
#[derive(Clone, Debug)]
pub struct StartReply {
    /// The body.
    pub response: AuthorizationResponse,
    /// The grant, as it was committed.
    pub grant: proto::model::Grant,
}

impl Flow {
    /// Makes a grant (RFC 8628 §3.2).
    ///
    /// # Errors
    /// The client, its request or a quota; or the store.
    pub async fn start(&self, request: StartRequest<'_>) -> Result<StartReply, Refusal> {
        let caller = self.caller(request.caller, Endpoint::DeviceAuthorization).await?;
        let started = match self.try_start(&caller, caller.known()?, &request).await {
            // Most likely the client changed and this node has not heard of it yet: it is judged as it is now.
            Err(Failed::Collided) => {
                self.clients.forget(caller.client_id());
                let fresh = self.client(caller.client_id()).await?.ok_or(Refusal::ClientUnknown)?;
                match caller.judged_by(Some(&fresh)) {
                    Ok(by) => self.try_start(&caller, by, &request).await,
                    Err(failed) => Err(failed),
                }
            }
            settled => settled,
        };
        match started {
            Ok(started) => Ok(started),
            Err(failed) => Err(caller.refused(&self.store, failed).await),
        }
    }

    async fn try_start(
        &self,
        by: &Caller,
        caller: Authenticated<'_>,
        request: &StartRequest<'_>,
    ) -> Result<StartReply, Failed<Refusal>> {
        let asked = start::Request::read(&request.parameters, by.dpop(), request.requester).map_err(Failed::Refused)?;
        let hold = caller.client().device.hold.unwrap_or(self.settings.device.hold);
        let reservation = self.room.quota().reserve(&asked.requester, !hold.is_zero()).map_err(Failed::Refused)?;
        let terms = self.terms(caller, reservation.has_slot().then_some(hold));
        let keys = self.ring.keys();
        let mut admission = self.room.admission(reservation);
        let started: Result<Started, _> = commit!(&self.store, &self.env, async {
            let (key, now) = (keys.user_code.active(), self.env.now());
            let decision = start::start(caller, &asked, terms, key, now, &mut self.env.entropy());
            let decision = decision.map_err(Failed::Refused)?;
            admission.writes(&decision.reply.grant);
            Ok(by.spend(decision))
        })
        .await;
        let started = match started {
            Ok(started) => started,
            Err(failed) => {
                admission.withdraw();
                return Err(failed);
            }
        };
        drop(admission);
        self.live.started();
        let user_code = started.user_code.grouped();
        let response = AuthorizationResponse {
            device_code: Credential::new(started.device_code.reveal(&keys.device_code).as_str()),
            verification_uri: self.settings.verification_uri.clone(),
            verification_uri_complete: Some(format!("{}/D/{user_code}", self.settings.issuer)),
            user_code,
            expires_in: terms.lifetime.as_secs(),
            interval: whole_seconds(terms.interval),
        };
        Ok(StartReply { response, grant: started.grant })
    }

    /// The terms of a new grant. With a hold slot its polls are held and may come quickly; without one the
    /// interval keeps this node to its aim of polls a second.
    fn terms(&self, caller: Authenticated<'_>, hold: Option<Duration>) -> Terms {
        let own = &caller.client().device;
        let device = &self.settings.device;
        let configured = own.interval.unwrap_or(device.interval);
        let interval = if hold.is_some() { configured } else { configured.max(self.unheld_interval()) };
        let alphabet = own.alphabet.unwrap_or(device.alphabet);
        let user_code_length = self.live.code_length(alphabet);
        Terms { lifetime: own.lifetime.unwrap_or(device.lifetime), interval, hold, alphabet, user_code_length }
    }

    fn unheld_interval(&self) -> Duration {
        let live = u64::try_from(self.room.quota().grants()).unwrap_or(u64::MAX);
        let seconds = live / u64::from(self.settings.limits.target_polls_per_second.max(1));
        Duration::from_secs(seconds.clamp(5, 30))
    }
}
