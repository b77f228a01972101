//! A person brings a code, sees who asks for what, and decides.

use std::time::Duration;

use proto::Timestamp;
use proto::change::Decision;
use proto::grant::decide::{self, Scene, Shown, Verdict, Void};
use proto::grant::lookup::{Arrival, Ended, Look, look};
use proto::model::{Client, ClientAddress, Grant, GrantId, SameNetwork, SessionId};
use proto::secret::{UserCode, UserCodeHash};
use serde::{Deserialize, Serialize};
use store::Taking;

use crate::commit::{Failed, commit};
use crate::{Flow, SignedIn, Unavailable, budget};

/// What a form handle is sealed for.
const HANDLE: &str = "decision";
/// How long a decision page may stand open.
const HANDLE_FOR: Duration = Duration::from_secs(1_800);

/// What the person sees.
#[derive(Clone, Debug)]
pub enum Found {
    /// The link does not count for this client and network: the code must be typed.
    AskForCode,
    /// The same person decided already.
    Decided(Ended, Box<Grant>, Option<Box<Client>>),
    /// The question.
    Question(Box<Question>),
    /// Too many wrong codes; again at this time.
    Throttled(Timestamp),
    /// This code cannot be used.
    Unusable,
}

/// The question: who asks for what, from where.
#[derive(Clone, Debug)]
pub struct Question {
    /// The grant.
    pub grant: Grant,
    /// Who asks.
    pub client: Client,
    /// Whether the browser is on the device's own network.
    pub network: SameNetwork,
    /// The sealed handle for the form.
    pub handle: String,
}

/// What became of a decision.
#[derive(Clone, Debug)]
pub struct Decided {
    /// How it ended.
    pub ended: Ended,
    /// The grant it was about.
    pub grant: Grant,
    /// Who had asked.
    pub client: Option<Client>,
    /// Whether this decision made it so; `false` when it was so already.
    pub changed: bool,
}

/// Why a decision does not count.
#[derive(Debug, thiserror::Error)]
pub enum DecideFailure {
    /// The store.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The decision itself.
    #[error(transparent)]
    Void(#[from] Void),
}

#[derive(Serialize, Deserialize)]
struct Handle {
    grant: String,
    grant_version: u64,
    client_version: u64,
    session: String,
}

impl Flow {
    /// Looks a code up for a signed-in person. A guess is paid for first, in the store; a hit gives back its own price.
    ///
    /// # Errors
    /// The store.
    pub async fn look_up(
        &self,
        person: &SignedIn,
        code: &UserCode,
        arrival: Arrival,
        browser: ClientAddress,
    ) -> Result<Found, Unavailable> {
        let now = self.env.now();
        let session = person.session.id.to_string();
        let price = budget::guess(&self.settings.limits, &session, &person.user.id.to_string(), browser);
        if let Taking::Refused { until, .. } = self.store.take(&price, now).await? {
            return Ok(Found::Throttled(until));
        }
        let keys = self.ring.keys();
        let hashes: Vec<UserCodeHash> = keys.user_code.iter().map(|key| code.hash(key)).collect();
        let Some(view) = self.store.decide_view_by_user_code(&hashes).await? else { return Ok(Found::Unusable) };
        let (grant, client) = (view.grant, view.client);
        let network = grant.requester.same_network(&browser);
        let seen = look(&grant, client.as_ref(), person.user.id, arrival, network, now);
        if seen == Look::Unusable {
            return Ok(Found::Unusable);
        }
        self.store.give_back(&price, now).await?;
        Ok(match (seen, client) {
            (Look::AskForCode, _) => Found::AskForCode,
            (Look::Decided(ended), client) => Found::Decided(ended, Box::new(grant), client.map(Box::new)),
            (Look::Show, Some(client)) => {
                let handle = self.handle(&grant, &client, person);
                Found::Question(Box::new(Question { grant, client, network, handle }))
            }
            (Look::Show | Look::Unusable, _) => Found::Unusable,
        })
    }

    fn handle(&self, grant: &Grant, client: &Client, person: &SignedIn) -> String {
        let handle = Handle {
            grant: grant.id.to_string(),
            grant_version: grant.version,
            client_version: client.version,
            session: person.session.id.to_string(),
        };
        self.seal(HANDLE, &handle, self.env.now() + HANDLE_FOR)
    }

    /// Opens the handle of a decision form.
    #[must_use]
    pub fn shown(&self, handle: &str) -> Option<Shown> {
        let handle: Handle = self.unseal(HANDLE, handle)?;
        Some(Shown {
            grant_id: handle.grant.parse::<GrantId>().ok()?,
            grant_version: handle.grant_version,
            client_version: handle.client_version,
            session_id: handle.session.parse::<SessionId>().ok()?,
        })
    }

    /// Decides the grant that was shown, and that one only.
    ///
    /// # Errors
    /// The decision does not count, or the store.
    pub async fn decide(&self, person: &SignedIn, shown: Shown, verdict: Verdict) -> Result<Decided, DecideFailure> {
        let decided = commit!(&self.store, &self.env, async {
            let view = self.store.decide_view(shown.grant_id).await?.ok_or(Failed::Refused(Void::Unusable))?;
            let session = self.store.session_view(&person.session.token).await?;
            let present = session.ok_or(Failed::Refused(Void::NotSignedIn))?;
            let scene = Scene {
                grant: &view.grant,
                client: view.client.as_ref(),
                session: &present.session,
                user: &present.user,
            };
            let decision = decide::decide(scene, shown, verdict, self.env.now()).map_err(Failed::Refused)?;
            let changed = !decision.changes.is_empty();
            let reply = Decided { ended: decision.reply, grant: view.grant, client: view.client, changed };
            Ok(Decision { reply, requires: decision.requires, changes: decision.changes })
        });
        let decided = decided.await.map_err(|failed: Failed<Void>| match failed {
            Failed::Refused(void) => DecideFailure::Void(void),
            Failed::Store(error) => Unavailable::from(error).into(),
            Failed::Collided | Failed::Spent | Failed::Taken => Unavailable::collided().into(),
        })?;
        // The feed says so too; this wakes the device without the detour.
        self.room.settle(shown.grant_id);
        Ok(decided)
    }
}
