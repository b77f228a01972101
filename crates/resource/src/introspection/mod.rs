//! Introspection (RFC 7662): what a token is good for is asked of the server that issued it.
//!
//! Answers are kept for some seconds and never beyond the end of the token, under the hash of the token; what is not active
//! for a shorter time still, and apart, so that noise pushes no good token out. One question runs at a time for each token.
//! A question without an answer is a fault of the server and says nothing about the token.

mod caller;
mod kept;
mod response;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::Timestamp;
use proto::secret::SecretHash;

use self::caller::{Ask, Caller};
use self::kept::Kept;
pub(crate) use self::response::{Expected, IntrospectionResponse, completed, judge};
use crate::flight::Flight;
use crate::{AuthorizationServer, ServerError, Transport};

/// What is kept at most, whatever is asked for.
const LONGEST: Duration = Duration::from_secs(30);
const KEEP_FOR: Duration = Duration::from_secs(10);
const KEEP_INACTIVE_FOR: Duration = Duration::from_secs(5);
/// Some 10 MB with answers of the usual size.
const MOST_KEPT: usize = 10_000;
const MOST_AT_ONCE: usize = 256;

type Outcome = Result<Arc<IntrospectionResponse>, ServerError>;
type Queues = Mutex<HashMap<SecretHash, Queue>>;

/// Asks the authorization server about tokens, in the name of an API that is registered there.
pub struct Introspection {
    caller: Box<dyn Ask>,
    every_token: bool,
    keep_for: Duration,
    kept: Mutex<Kept>,
    queues: Queues,
    asking: AtomicUsize,
    most_at_once: usize,
}

impl Introspection {
    /// Authenticates as this client with `client_secret_basic` (RFC 6749 §2.3.1). Asks about opaque tokens alone, keeps
    /// answers for ten seconds, 10,000 of them, and asks 256 questions at once.
    #[must_use]
    pub fn new<T>(server: Arc<AuthorizationServer<T>>, client_id: &str, client_secret: &str) -> Self
    where
        T: Transport + 'static,
    {
        Self {
            caller: Box::new(Caller::new(server, client_id, client_secret)),
            every_token: false,
            keep_for: KEEP_FOR,
            kept: Mutex::new(Kept::new(MOST_KEPT)),
            queues: Mutex::default(),
            asking: AtomicUsize::new(0),
            most_at_once: MOST_AT_ONCE,
        }
    }

    /// Asks about JWTs too, once they are found to be genuine: what was revoked is refused before it expires. How soon,
    /// is a matter of [`Self::keep_for`].
    #[must_use]
    pub const fn every_token(mut self) -> Self {
        self.every_token = true;
        self
    }

    /// Keeps answers for so long; cut to half a minute, and to the end of the token. With zero every request is a question,
    /// and a token that was revoked is refused from then on.
    #[must_use]
    pub fn keep_for(mut self, time: Duration) -> Self {
        self.keep_for = time.min(LONGEST);
        self
    }

    /// Keeps this many answers about active tokens at most, and as many about others.
    #[must_use]
    pub fn keep_at_most(mut self, answers: usize) -> Self {
        self.kept = Mutex::new(Kept::new(answers));
        self
    }

    /// Asks this many questions at once at most; whoever comes beyond is answered 503.
    #[must_use]
    pub const fn at_once(mut self, questions: usize) -> Self {
        self.most_at_once = questions;
        self
    }

    pub(crate) const fn is_for_every_token(&self) -> bool {
        self.every_token
    }

    /// What the server says, or said a moment ago.
    pub(crate) async fn ask(&self, token: &str, now: Timestamp) -> Outcome {
        let name = SecretHash::of(token.as_bytes());
        if let Some(kept) = lock(&self.kept).find(&name, now) {
            return Ok(kept);
        }
        let seat = Seat::take(&self.queues, name);
        let attempt = async {
            if let Some(kept) = lock(&self.kept).find(&name, now) {
                return Ok(kept);
            }
            let _place = Place::take(&self.asking, self.most_at_once)?;
            let response = Arc::new(IntrospectionResponse::parse(&self.caller.ask(token, now).await?)?);
            self.keep(name, &response, now);
            Ok(response)
        };
        seat.flight.share(attempt).await
    }

    /// Its age counts from the question: what became of the token while the answer was on its way is not in it.
    fn keep(&self, name: SecretHash, response: &Arc<IntrospectionResponse>, asked: Timestamp) {
        match &**response {
            IntrospectionResponse::Active(claims) => {
                let until = claims.exp.unwrap_or(asked).min(asked + self.keep_for);
                lock(&self.kept).active.put(name, Arc::clone(response), until, asked);
            }
            IntrospectionResponse::Inactive => {
                let until = asked + self.keep_for.min(KEEP_INACTIVE_FOR);
                lock(&self.kept).inactive.put(name, Arc::clone(response), until, asked);
            }
        }
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("every_token", &self.every_token)
            .field("keep_for", &self.keep_for)
            .finish_non_exhaustive()
    }
}

/// Who waits for an answer about one token.
#[derive(Default)]
struct Queue {
    flight: Arc<Flight<Outcome>>,
    seats: usize,
}

/// A place among them. The queue is forgotten when the last has left.
struct Seat<'i> {
    queues: &'i Queues,
    name: SecretHash,
    flight: Arc<Flight<Outcome>>,
}

impl<'i> Seat<'i> {
    fn take(queues: &'i Queues, name: SecretHash) -> Self {
        let mut all = lock(queues);
        let queue = all.entry(name).or_default();
        queue.seats += 1;
        Self { queues, name, flight: Arc::clone(&queue.flight) }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut queue) = lock(self.queues).entry(self.name) {
            queue.get_mut().seats -= 1;
            if queue.get().seats == 0 {
                queue.remove();
            }
        }
    }
}

/// One of the questions that may be asked at once.
struct Place<'i>(&'i AtomicUsize);

impl<'i> Place<'i> {
    fn take(asking: &'i AtomicUsize, most: usize) -> Result<Self, ServerError> {
        let taken = Self(asking);
        if asking.fetch_add(1, Ordering::Relaxed) < most { Ok(taken) } else { Err(ServerError::Busy) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
