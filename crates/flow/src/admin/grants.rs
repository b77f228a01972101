//! Grants: what devices asked for, what they hold, and taking it back.

use proto::change::{Change, Decision, Row};
use proto::model::{Family, FamilyId, Grant, GrantId, GrantState};
use proto::registration::ended;
use store::load::GrantFilter;

use super::{Admin, AdminError, failed};
use crate::commit::commit;

impl Admin<'_> {
    /// Grants, the latest first.
    ///
    /// # Errors
    /// The store.
    pub async fn grants(&self, filter: GrantFilter) -> Result<Vec<Grant>, AdminError> {
        Ok(self.0.store.grants(filter).await?)
    }

    /// One grant and the family that was issued from it.
    ///
    /// # Errors
    /// There is none, or the store.
    pub async fn grant(&self, id: GrantId) -> Result<(Grant, Option<Family>), AdminError> {
        let view = self.0.store.decide_view(id).await?.ok_or_else(|| AdminError::Unknown(format!("grant {id}")))?;
        let family = match &view.grant.state {
            GrantState::Redeemed(_, redemption) => self.0.store.family_view(redemption.family_id).await?,
            GrantState::Approved(_) | GrantState::Denied { .. } | GrantState::Pending => None,
        };
        Ok((view.grant, family.map(|view| view.family)))
    }

    /// Takes a grant back: its family dies, an approval that was not redeemed yet becomes a refusal, and codes that nobody
    /// decided end at once (RFC 10027 §6.1.6).
    ///
    /// # Errors
    /// There is none, or the store.
    pub async fn revoke_grant(&self, id: GrantId) -> Result<(), AdminError> {
        let flow = self.0;
        commit!(&flow.store, &flow.env, async {
            let now = flow.env.now();
            let Some(named) = flow.store.decide_view(id).await? else { return Ok(Decision::only(false)) };
            // Grant and family of one moment: between two, a replacement could put a live family behind a dead one.
            let view = flow.store.redeem_view(&named.grant.device_code).await?;
            let Some(view) = view else { return Ok(Decision::only(false)) };
            let changes = match &view.grant.state {
                GrantState::Approved(_) | GrantState::Pending => ended(&view.grant, now).into_iter().collect(),
                GrantState::Redeemed(..) => {
                    let live = view.family.iter().filter(|family| family.revoked_at.is_none());
                    let dead = |family: &Family| Family { revoked_at: Some(now), ..family.clone() };
                    live.map(|family| Change::Put(Row::Family(Box::new(dead(family))))).collect()
                }
                GrantState::Denied { .. } => Vec::new(),
            };
            Ok(Decision { reply: true, requires: vec![(&view.grant).into()], changes })
        })
        .await
        .map_err(failed("grant"))?
        .then_some(())
        .ok_or_else(|| AdminError::Unknown(format!("grant {id}")))
    }

    /// Takes back what a grant gave that is itself forgotten: tokens may outlive their codes.
    ///
    /// # Errors
    /// There is none, or the store.
    pub async fn revoke_family(&self, id: FamilyId) -> Result<(), AdminError> {
        let flow = self.0;
        commit!(&flow.store, &flow.env, async {
            let Some(view) = flow.store.family_view(id).await? else { return Ok(Decision::only(false)) };
            let revoked_at = view.family.revoked_at.or(Some(flow.env.now()));
            let changes = vec![Change::Put(Row::Family(Box::new(Family { revoked_at, ..view.family })))];
            Ok(Decision { reply: true, requires: Vec::new(), changes })
        })
        .await
        .map_err(failed("family"))?
        .then_some(())
        .ok_or_else(|| AdminError::Unknown(format!("family {id}")))
    }
}
