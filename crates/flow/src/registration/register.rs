//! A client registers itself (RFC 7591 §3): cheap checks first, then a budget, then whose word it is.

use proto::change::Decision;
use proto::model::{ClientAddress, ClientId, InitialToken};
use proto::registration::{Admission, Occasion, Refusal, Shown, admit, judge, register};
use proto::secret::InitialAccessToken;
use proto::wire::registration::ClientInformation;
use store::Taking;

use super::said::{Body, Said};
use super::{MayFetch, refused, unavailable};
use crate::commit::{Failed, commit};
use crate::{Flow, budget};

/// A registration request.
#[derive(Clone, Copy, Debug)]
pub struct RegisterRequest<'a> {
    /// The initial access token, if one was shown.
    pub token: Option<&'a str>,
    /// JSON.
    pub body: &'a [u8],
    /// Where it comes from.
    pub requester: ClientAddress,
    /// What keys are fetched from.
    pub may_fetch: MayFetch,
}

/// By whose word a client was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmittedBy {
    /// By nobody's.
    Nobody,
    /// By a software statement.
    Statement,
    /// By an initial access token.
    Token,
}

/// A client that was registered.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The body of the reply.
    pub information: ClientInformation,
    /// Its identifier.
    pub client_id: ClientId,
    /// By whose word.
    pub by: AdmittedBy,
}

impl Flow {
    /// Registers a client.
    ///
    /// # Errors
    /// Nobody speaks for it, what it says cannot be registered, there were too many from there, or the store.
    pub async fn register(&self, request: RegisterRequest<'_>) -> Result<Registered, Refusal> {
        let settings = &self.settings.registration;
        if !settings.enabled {
            return Err(Refusal::Off);
        }
        let body = Body::read(request.body)?;
        let statement = body.statement()?.map(str::to_owned);
        if request.token.is_none() && statement.is_none() && !settings.open {
            return Err(Refusal::TokenMissing);
        }
        let price = budget::registration(&self.settings.limits, request.requester);
        let taken = self.env.now();
        let taking = self.store.take(&price, taken).await.map_err(|error| unavailable(error.into()))?;
        if let Taking::Refused { until, .. } = taking {
            return Err(Refusal::TooMany { retry_after: until.since(taken) });
        }
        let token = request.token.map(|token| InitialAccessToken::presented(token).hash());
        // Before any signature is looked at: whoever shows a bad one gets no further.
        if let Some(hash) = token {
            let row = self.store.initial_token(InitialToken::id_of(&hash)).await;
            let row = row.map_err(|error| unavailable(error.into()))?;
            admit(Some(Shown { hash, row: row.as_ref() }), None, false, taken)?;
        }
        let (software, says) = match &statement {
            None => (None, None),
            Some(text) => self.trusted(text, Some(taken)).map(|(software, says)| (Some(software), Some(says)))?,
        };
        let Said { metadata, keys } = body.said(says, request.may_fetch)?;
        let admitted: Result<(Registered, AdmittedBy), _> = commit!(&self.store, &self.env, async {
            let now = self.env.now();
            let row = match &token {
                Some(hash) => self.store.initial_token(InitialToken::id_of(hash)).await?,
                None => None,
            };
            let shown = token.map(|hash| Shown { hash, row: row.as_ref() });
            let stands_for = software.and_then(|software| software.admits.as_ref());
            let admission = admit(shown, stands_for, settings.open, now).map_err(Failed::Refused)?;
            let wanted = judge(&metadata, keys.clone(), &admission.ceiling(), Occasion::Registration);
            let wanted = wanted.map_err(Failed::Refused)?;
            let unused_until = now + settings.unused_lifetime;
            let Decision { reply, requires, changes } =
                register(wanted, statement.as_deref(), admission, unused_until, now, &mut self.env.entropy());
            let client = (&reply.client, &reply.registration);
            let information = self.information(client, &reply.token, reply.secret.as_ref());
            let by = match admission {
                Admission::Open => AdmittedBy::Nobody,
                Admission::Statement(_) => AdmittedBy::Statement,
                Admission::Token(_) => AdmittedBy::Token,
            };
            let registered = Registered { information, client_id: reply.client.id.clone(), by };
            Ok(Decision { reply: (registered, by), requires, changes })
        })
        .await;
        let (registered, by) = admitted.map_err(refused)?;
        if by == AdmittedBy::Token {
            // The operator counts those by the token. That the price stays paid when the store fails now is no harm.
            drop(self.store.give_back(&price, taken).await);
        }
        Ok(registered)
    }
}
