//! A device redeems its code: load → decide → sign → commit → reply. A signer that fails burns nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jose::id_token::at_hash;
use proto::change::Decision;
use proto::entropy;
use proto::grant::mint::{self, Issuer, Minting};
use proto::grant::redeem::{self, Redeem, Scene};
use proto::grant::{Issue, Refusal, mint::ACCESS_TOKEN_TYP};
use proto::model::AccessTokenFormat;
use proto::secret::DeviceCodeHash;
use proto::wire::token::{Credential, TokenResponse, TokenType};

use crate::Flow;
use crate::commit::{Failed, commit};
use crate::poll::{Issued, Judged, Refused};

impl Flow {
    /// Judges a poll of a grant that is not known to be pending, and issues what is due.
    pub(crate) async fn redeem(&self, judged: &Judged, hash: &DeviceCodeHash) -> Result<Issued, Refused> {
        let redeemed = commit!(&self.store, &self.env, async {
            let look_up = self.room.expect(hash, self.env.now());
            let view = self.store.redeem_view(hash).await?;
            self.room.found(look_up, hash, view.as_ref().map(|view| &view.grant), self.env.now());
            let Some(view) = view else { return Err(Failed::Refused(Refusal::CodeUnknown)) };
            let caller = judged.caller.judged_by(view.client.as_ref())?;
            let scene = Scene {
                grant: &view.grant,
                client: view.client.as_ref(),
                user: view.user.as_ref(),
                session: view.session.as_ref(),
                family: view.family.as_ref(),
            };
            let lifetimes = self.settings.tokens;
            let Decision { reply, requires, changes } =
                redeem::redeem(scene, caller, judged.carried(), lifetimes, self.env.now(), &mut self.env.entropy());
            let reply = match reply {
                // All that a refusal can want written is the end of the family.
                Redeem::Refuse(refusal) => Err(Refused { refusal, revoked: !changes.is_empty() }),
                Redeem::Issue(issue) => Ok(self.sign(*issue).map_err(Failed::Refused)?),
            };
            Ok(judged.caller.spend(Decision { reply, requires, changes }))
        })
        .await;
        match redeemed {
            Ok(outcome) => outcome,
            Err(failed) => Err(judged.caller.refused(&self.store, failed).await.into()),
        }
    }

    pub(crate) fn sign(&self, issue: Issue<'_>) -> Result<Issued, Refusal> {
        let keys = self.ring.keys();
        let now = self.env.now();
        let grant_id = issue.family.grant_id;
        let user_id = issue.family.user_id;
        let replacement = issue.replaces.is_some();
        let issuer =
            Issuer { issuer: &self.settings.issuer, audience: &self.settings.issuer, subjects: keys.subject.active() };
        let jti = URL_SAFE_NO_PAD.encode(entropy::bytes::<16>(&mut self.env.entropy()));
        let minting = mint::mint(issue, issuer, jti, now);
        let Minting { access, id, format, access_alg, id_token_alg, is_bound, .. } = minting;
        let Minting { expires_in, scope, family_id, refresh_token, .. } = minting;
        let access_token = match format {
            AccessTokenFormat::Jwt => {
                let key = keys.signing_key(access_alg.unwrap_or(self.settings.signing));
                sign_claims(key, ACCESS_TOKEN_TYP, &access)?
            }
            AccessTokenFormat::Opaque => self.seal_access_token(&access)?,
        };
        let id_token = match id {
            None => None,
            Some(claims) => {
                let key = keys.signing_key(id_token_alg);
                let bound = claims.bound_to(at_hash(key.algorithm(), &access_token));
                Some(Credential::new(sign_claims(key, jose::id_token::TYP, &bound)?))
            }
        };
        let response = TokenResponse {
            access_token: Credential::new(access_token),
            token_type: if is_bound { TokenType::Dpop } else { TokenType::Bearer },
            expires_in: Some(expires_in),
            refresh_token: refresh_token.map(|token| Credential::new(token.reveal(&keys.refresh_token).as_str())),
            scope: Some(scope.to_string()),
            id_token,
        };
        Ok(Issued { response, grant_id, family_id, user_id, replacement })
    }
}

fn sign_claims(key: &jose::SigningKey, typ: &str, claims: &impl serde::Serialize) -> Result<String, Refusal> {
    let signed = serde_json::to_vec(claims).map_err(|error| error.to_string());
    signed.and_then(|json| key.sign(typ, &json).map_err(|error| error.to_string())).map_err(|error| {
        tracing::error!(%error, "a token cannot be signed; nothing was redeemed");
        Refusal::Overloaded
    })
}
