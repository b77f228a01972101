//! DPoP proofs (RFC 9449) at this server: judged, dated by a nonce of any node, and good once.

use std::fmt;
use std::time::Duration;

use jose::Algorithm;
use jose::dpop::{self, Expected, NoncePolicy, Nonces, Proof, ProofError, Seen, Window};
use proto::Timestamp;
use proto::change::{Spent, SpentId};
use proto::grant::Refusal;
use proto::model::KeyThumbprint;
use zeroize::Zeroizing;

use crate::Flow;

/// How long a nonce is good.
const NONCE_LIFETIME: Duration = Duration::from_secs(60);

/// How proofs are dated (RFC 9449 §8, §11.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DpopPolicy {
    /// By a nonce of this server, always: no clock of a device counts, and none can be made in advance (DP-8-4).
    #[default]
    Nonce,
    /// By the clock of the device.
    Clock,
}

/// A proof as it came. Holds what could be replayed until it was judged, so it is never printed.
#[derive(Clone)]
pub struct DpopProof {
    /// The JWT.
    pub text: Zeroizing<String>,
    /// `htm`: the method of the request.
    pub method: &'static str,
    /// `htu`: the path of the request under the issuer, such as `/oauth2/token`.
    pub path: &'static str,
    /// The access token that it comes with, at a resource.
    pub access_token: Option<Zeroizing<String>>,
}

impl DpopProof {
    /// The one proof among the values of a request's `DPoP` header; `None` without the header.
    ///
    /// # Errors
    /// There are several, or it is not text.
    pub fn only_one<'a>(
        values: impl IntoIterator<Item = &'a [u8]>,
        method: &'static str,
        path: &'static str,
    ) -> Result<Option<Self>, Refusal> {
        let text = dpop::only_one(values).map_err(refusal)?;
        Ok(text.map(|text| Self { text: Zeroizing::new(text.to_owned()), method, path, access_token: None }))
    }

    /// The same, as it comes with an access token at a resource.
    #[must_use]
    pub fn with_access_token(self, token: &str) -> Self {
        Self { access_token: Some(Zeroizing::new(token.to_owned())), ..self }
    }
}

impl fmt::Debug for DpopProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopProof").field("path", &self.path).finish_non_exhaustive()
    }
}

impl DpopPolicy {
    /// How long a proof must be remembered: for as long as it could be shown again.
    pub(crate) fn span(self) -> Duration {
        match self {
            // The same skew that `Nonces` allows.
            Self::Nonce => NONCE_LIFETIME.saturating_add(Duration::from_secs(15)),
            Self::Clock => Window::default().span(),
        }
    }
}

impl Flow {
    /// A nonce for the next proof (RFC 9449 §8.2); `None` when none are asked for.
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<String> {
        match self.settings.dpop {
            DpopPolicy::Nonce => Some(self.nonces().issue(self.env.now())),
            DpopPolicy::Clock => None,
        }
    }

    fn nonces(&self) -> Nonces {
        Nonces::new(self.ring.keys().dpop_nonce.clone(), NONCE_LIFETIME)
    }

    /// Judges the proof of a request to the authorization server. What it is called is used up: whatever the request
    /// changes is committed with its name, on which all nodes agree, and what does not get that far is remembered here.
    ///
    /// One that there is no room for is taken nevertheless. A poll that stays pending is told nothing the second time that
    /// it was not told the first; to refuse would let a stranger with keys of their own lock all devices out.
    pub(crate) fn check_proof(&self, proof: &DpopProof) -> Result<(KeyThumbprint, Spent), Refusal> {
        let now = self.env.now();
        let (key, judged) = self.judge_proof(proof, now)?;
        if self.seen_proofs.remember(&judged, now) == Seen::Before {
            return Err(Refusal::DpopReplayed);
        }
        let id = SpentId::of("dpop", &[&judged.jkt, &judged.jti]);
        Ok((key, Spent { id, until: now + self.settings.dpop.span() }))
    }

    /// Judges the proof that comes with an access token, which is bound to `bound` (RFC 9449 §7.1); `false` for one under
    /// another key.
    ///
    /// It is remembered apart, and only if it is under that key: whoever can fill that room has tokens. So what does not fit
    /// is put off.
    pub(crate) fn check_proof_of(&self, bound: KeyThumbprint, proof: &DpopProof) -> Result<bool, Refusal> {
        let now = self.env.now();
        let (key, judged) = self.judge_proof(proof, now)?;
        if key != bound {
            return Ok(false);
        }
        match self.shown_proofs.remember(&judged, now) {
            Seen::Before => Err(Refusal::DpopReplayed),
            Seen::Never => Ok(true),
            Seen::NoRoom => Err(Refusal::Overloaded),
        }
    }

    fn judge_proof(&self, proof: &DpopProof, now: Timestamp) -> Result<(KeyThumbprint, Proof), Refusal> {
        let nonces = self.nonces();
        let is_fresh = |nonce: &str| nonces.is_fresh(nonce, now);
        let url = format!("{}{}", self.settings.issuer, proof.path);
        let expected = Expected {
            method: proof.method,
            url: &url,
            algorithms: Algorithm::ALL,
            now,
            window: Window::default(),
            nonce: match self.settings.dpop {
                DpopPolicy::Nonce => NoncePolicy::Required(&is_fresh),
                DpopPolicy::Clock => NoncePolicy::Unused,
            },
            access_token: proof.access_token.as_ref().map(|token| token.as_str()),
        };
        let judged = dpop::validate(&proof.text, &expected).map_err(refusal)?;
        let key = KeyThumbprint::parse(&judged.jkt).ok_or(Refusal::DpopInvalid(UNREADABLE))?;
        Ok((key, judged))
    }
}

const UNREADABLE: &str = "the DPoP proof cannot be read";

/// What a device is told about its proof: enough for its developer to mend it.
fn refusal(cause: ProofError) -> Refusal {
    if cause.is_about_nonce() {
        return Refusal::DpopNonce;
    }
    Refusal::DpopInvalid(match cause {
        ProofError::AccessToken => "the DPoP proof is for another access token",
        ProofError::Expired | ProofError::IssuedTooLongAgo => "the DPoP proof is too old",
        ProofError::IssuedInFuture | ProofError::NotYetValid => "the DPoP proof is from the future",
        ProofError::Jti => "the jti of the DPoP proof is empty or too long",
        ProofError::Key(_) | ProofError::MissingKey => "the key of the DPoP proof cannot be used",
        ProofError::Method => "the DPoP proof is for another method",
        ProofError::MissingClaim(_) => "a claim of the DPoP proof is missing",
        ProofError::Several => "there is more than one DPoP proof",
        ProofError::Url => "the DPoP proof is for another address",
        ProofError::Verify(_) => "the signature or the header of the DPoP proof is not acceptable",
        ProofError::Claims(_) | ProofError::NotText => UNREADABLE,
        ProofError::MissingNonce | ProofError::StaleNonce => "the nonce of the DPoP proof is not a fresh one",
    })
}
