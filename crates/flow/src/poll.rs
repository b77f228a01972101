//! A device polls: the waiting room answers, or holds, or sends it on to be redeemed.

use std::time::Duration;

use proto::grant::Refusal;
use proto::grant::authenticate::Endpoint;
use proto::grant::bind::{Carried, read_resources};
use proto::model::{FamilyId, GrantId, Resource, UserId};
use proto::secret::{DeviceCode, DeviceCodeHash};
use proto::wire::credentials::Credentials;
use proto::wire::token::{GRANT_TYPE_DEVICE_CODE, TokenResponse};

use zeroize::Zeroizing;

use crate::Flow;
use crate::caller::{Caller, DpopProof, Request};
use crate::waiting_room::{Meets, Wake};

/// How long after its expiry a device code can still name anything: the longest lifetime there is.
const LONGEST_TOMBSTONE: Duration = Duration::from_secs(1_800);

/// A token request (RFC 8628 §3.4). Holds the device code as it was sent, so it is never printed.
#[derive(Clone)]
pub struct PollRequest<'a> {
    /// Who is calling.
    pub caller: Request<'a>,
    /// `grant_type`.
    pub grant_type: Option<&'a str>,
    /// `device_code`.
    pub device_code: Option<&'a str>,
    /// `code_verifier`.
    pub code_verifier: Option<&'a str>,
    /// Every `resource`.
    pub resources: Vec<&'a str>,
    /// `Prefer: wait`.
    pub wait: Option<Duration>,
}

/// Tokens, and what is audited.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The body.
    pub response: TokenResponse,
    /// Redeemed from.
    pub grant_id: GrantId,
    /// Belonging to.
    pub family_id: FamilyId,
    /// For whose account.
    pub user_id: UserId,
    /// Whether it replaces a reply that was lost.
    pub replacement: bool,
}

/// What a poll gets.
#[derive(Debug)]
pub struct Polled {
    /// Tokens or a refusal.
    pub outcome: Result<Issued, Refusal>,
    /// The preference to wait that was applied (RFC 7240 §3).
    pub applied: Option<Duration>,
    /// The grant, when the code named one.
    pub grant_id: Option<GrantId>,
    /// Whether the refusal took back what was issued before (DF-3.4-8).
    pub revoked: bool,
}

/// A refusal, and what it did.
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    pub(crate) revoked: bool,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, revoked: false }
    }
}

/// A poll that is ready to be answered: nothing of the request is needed any more while it waits.
pub struct Poll {
    credentials: Credentials,
    dpop: Option<Box<DpopProof>>,
    code: DeviceCode,
    extras: Option<Box<Extras>>,
    wait: Option<Duration>,
}

/// What few polls carry.
#[derive(Default)]
pub(crate) struct Extras {
    code_verifier: Option<Zeroizing<String>>,
    resources: Vec<Resource>,
}

/// A poll whose caller was judged.
pub(crate) struct Judged {
    pub(crate) caller: Caller,
    extras: Option<Box<Extras>>,
}

impl Judged {
    /// What it carries beside its code.
    pub(crate) fn carried(&self) -> Carried<'_> {
        let extras = self.extras.as_deref();
        Carried {
            dpop: self.caller.dpop(),
            code_verifier: extras.and_then(|extras| extras.code_verifier.as_ref()).map(|text| text.as_str()),
            resources: extras.map_or(&[], |extras| &extras.resources),
        }
    }
}

impl Flow {
    /// Reads a token request.
    ///
    /// # Errors
    /// What is wrong with it, before anything is looked up.
    pub fn read_poll(&self, request: &PollRequest<'_>) -> Result<Poll, Refusal> {
        match request.grant_type {
            None => return Err(Refusal::GrantTypeMissing),
            Some(GRANT_TYPE_DEVICE_CODE) => {}
            Some(_) => return Err(Refusal::GrantTypeUnsupported),
        }
        let code = request.device_code.ok_or(Refusal::CodeMissing)?;
        let keys = self.ring.keys();
        // A code that cannot be read is judged after the client, as any other: the placeholder names no grant.
        let code = DeviceCode::parse(code, &keys.device_code)
            .unwrap_or_else(|_| DeviceCode::draw(proto::Timestamp::EPOCH, &mut self.env.entropy()));
        let resources = read_resources(request.resources.iter().copied())?;
        let code_verifier = request.code_verifier.map(|text| Zeroizing::new(text.to_owned()));
        let has_extras = code_verifier.is_some() || !resources.is_empty();
        Ok(Poll {
            credentials: request.caller.credentials.clone(),
            dpop: request.caller.dpop.cloned().map(Box::new),
            code,
            extras: has_extras.then(|| Box::new(Extras { code_verifier, resources })),
            wait: request.wait,
        })
    }

    /// Answers a poll, at once or when the person decides (RFC 8628 §3.5).
    pub async fn poll(&self, poll: Poll) -> Polled {
        let (mut applied, mut grant_id) = (None, None);
        let answer = self.answer(poll, &mut applied, &mut grant_id).await;
        let revoked = answer.as_ref().is_err_and(|refused| refused.revoked);
        Polled { outcome: answer.map_err(|refused| refused.refusal), applied, grant_id, revoked }
    }

    async fn answer(
        &self,
        poll: Poll,
        applied: &mut Option<Duration>,
        grant_id: &mut Option<GrantId>,
    ) -> Result<Issued, Refused> {
        let Poll { credentials, dpop, code, extras, wait } = poll;
        let request = Request { credentials: &credentials, dpop: dpop.as_deref() };
        let judged = Judged { caller: self.caller(request, Endpoint::Token).await?, extras };
        drop((credentials, dpop));
        if self.env.now() >= code.expires_at() + LONGEST_TOMBSTONE {
            return Err(Refusal::CodeInvalid.into());
        }
        let hash = code.hash();
        *grant_id = Some(hash.grant_id());
        match self.meet(&judged, &hash, wait)? {
            Meets::Answer(refusal) => return Err(refusal.into()),
            Meets::Store => {}
            Meets::Hold(held) => return self.hold(held, &judged, &hash, applied).await,
        }
        match self.redeem(&judged, &hash).await {
            // It was not known here to be pending, and is: now it is, and this poll may wait as well.
            Err(Refused { refusal: Refusal::AuthorizationPending, .. }) => match self.meet(&judged, &hash, wait)? {
                Meets::Hold(held) => self.hold(held, &judged, &hash, applied).await,
                Meets::Answer(refusal) => Err(refusal.into()),
                Meets::Store => Err(Refusal::AuthorizationPending.into()),
            },
            outcome => outcome,
        }
    }

    fn meet(&self, judged: &Judged, hash: &DeviceCodeHash, wait: Option<Duration>) -> Result<Meets, Refusal> {
        Ok(self.room.poll(hash, judged.caller.known()?, judged.caller.dpop(), wait, self.env.now()))
    }

    async fn hold(
        &self,
        held: crate::waiting_room::Held,
        judged: &Judged,
        hash: &DeviceCodeHash,
        applied: &mut Option<Duration>,
    ) -> Result<Issued, Refused> {
        *applied = held.applied();
        let wake = held.wait().await;
        match wake {
            Wake::Decided => self.redeem(judged, hash).await,
            Wake::Closing | Wake::TimeUp => {
                self.room.forgive(hash.grant_id());
                Err(Refusal::AuthorizationPending.into())
            }
            Wake::Superseded => Err(Refusal::AuthorizationPending.into()),
        }
    }
}
