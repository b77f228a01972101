//! What has access to a person's account: seen, named and taken back by that person.

use proto::change::Decision;
use proto::grant::rename::{self, Unnamed};
use proto::grant::revoke;
use proto::model::{Client, Family, FamilyId};
use store::load::FamilyFilter;

use crate::commit::{Failed, commit};
use crate::{Flow, SignedIn, Unavailable};

/// Devices that are listed at most; the newest come first.
const MOST: usize = 500;

/// A device with access.
#[derive(Clone, Debug)]
pub struct Device {
    /// What was issued to it.
    pub family: Family,
    /// Its application, unless that was removed.
    pub client: Option<Client>,
}

/// Why a device keeps its name.
#[derive(Debug, thiserror::Error)]
pub enum RenameFailure {
    /// The name is too long.
    #[error("the name is too long")]
    TooLong,
    /// The store.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The person has no such device.
    #[error("there is no such device")]
    Unknown,
}

impl Flow {
    /// The devices that have access to the person's account now, the newest first.
    ///
    /// # Errors
    /// The store.
    pub async fn devices(&self, person: &SignedIn) -> Result<Vec<Device>, Unavailable> {
        let filter = FamilyFilter {
            live: Some(self.env.now()),
            user: Some(person.user.id),
            limit: MOST,
            ..FamilyFilter::default()
        };
        let families = self.store.families(filter).await?;
        let mut devices = Vec::with_capacity(families.len());
        for family in families.into_iter().filter(|family| family.is_usable(self.env.now())) {
            let client = self.clients.get(&self.store, &family.client_id, self.env.now()).await?;
            devices.push(Device { family, client: client.map(|client| (*client).clone()) });
        }
        Ok(devices)
    }

    /// Calls one of the person's devices something else.
    ///
    /// # Errors
    /// It is not theirs, the name is too long, or the store.
    pub async fn rename_device(&self, person: &SignedIn, id: FamilyId, name: &str) -> Result<(), RenameFailure> {
        commit!(&self.store, &self.env, async {
            let view = self.store.family_view(id).await?.ok_or(Failed::Refused(Unnamed::NotTheirs))?;
            rename::rename(&view.family, person.user.id, name).map_err(Failed::Refused)
        })
        .await
        .map_err(|failed| match failed {
            Failed::Refused(Unnamed::NotTheirs) => RenameFailure::Unknown,
            Failed::Refused(Unnamed::TooLong) => RenameFailure::TooLong,
            Failed::Store(error) => Unavailable::from(error).into(),
            Failed::Collided | Failed::Spent | Failed::Taken => Unavailable::collided().into(),
        })
    }

    /// Takes a device's access away; `false` when the person has no such device, or it had none any more.
    ///
    /// # Errors
    /// The store.
    pub async fn remove_device(&self, person: &SignedIn, id: FamilyId) -> Result<bool, Unavailable> {
        commit!(&self.store, &self.env, async {
            let Some(view) = self.store.family_view(id).await? else { return Ok(Decision::only(false)) };
            Ok(revoke::remove(&view.family, person.user.id, self.env.now()))
        })
        .await
        .map_err(Unavailable::from_failed)
    }
}
