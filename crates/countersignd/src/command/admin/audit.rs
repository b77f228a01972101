//! What commands changed, for the audit trail. Who ran the command is told by the system's user id, which cannot be made
//! up as a name in the environment can.

use proto::model::{ClientId, InitialTokenId, KeyId, UserId};
use server::telemetry::{AUDIT_TARGET, LogText};

/// A change by command. What it changed stands in it, never a secret.
#[derive(Clone, Copy, Debug)]
pub(super) enum Changed<'a> {
    /// A client was registered.
    ClientAdded(&'a ClientId),
    /// A client was changed.
    ClientEdited(&'a ClientId),
    /// A client was removed.
    ClientRemoved(&'a ClientId),
    /// A client got a further secret.
    ClientSecretRotated(&'a ClientId),
    /// Only the newest secret of a client stayed good.
    ClientSecretsDropped(&'a ClientId),
    /// Somebody was let register clients, with this token.
    InitialTokenAdded(InitialTokenId),
    /// They are not any more.
    InitialTokenRevoked(InitialTokenId),
    /// Every key was sealed under the key of another file.
    KeysResealed,
    /// A key lost its use.
    KeyRetired(KeyId),
    /// A key got a successor, this one.
    KeyRotated(KeyId),
    /// A person was added.
    UserAdded(UserId),
    /// Facts about a person were changed.
    UserEdited(UserId),
    /// A person was locked out.
    UserLocked(UserId),
    /// A person's password was set and their sessions ended.
    UserPasswordSet(UserId),
    /// A person was removed.
    UserRemoved(UserId),
    /// A person may sign in again.
    UserUnlocked(UserId),
}

impl Changed<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::ClientAdded(_) => "client_added",
            Self::ClientEdited(_) => "client_edited",
            Self::ClientRemoved(_) => "client_removed",
            Self::ClientSecretRotated(_) => "client_secret_rotated",
            Self::ClientSecretsDropped(_) => "client_secrets_dropped",
            Self::InitialTokenAdded(_) => "initial_token_added",
            Self::InitialTokenRevoked(_) => "initial_token_revoked",
            Self::KeysResealed => "keys_resealed",
            Self::KeyRetired(_) => "key_retired",
            Self::KeyRotated(_) => "key_rotated",
            Self::UserAdded(_) => "user_added",
            Self::UserEdited(_) => "user_edited",
            Self::UserLocked(_) => "user_locked",
            Self::UserPasswordSet(_) => "user_password_set",
            Self::UserRemoved(_) => "user_removed",
            Self::UserUnlocked(_) => "user_unlocked",
        }
    }

    /// Writes it to the trail.
    pub(super) fn record(&self) {
        let (client_id, user, key, initial_token) = match *self {
            Self::ClientAdded(id)
            | Self::ClientEdited(id)
            | Self::ClientRemoved(id)
            | Self::ClientSecretRotated(id)
            | Self::ClientSecretsDropped(id) => (Some(id), None, None, None),
            Self::InitialTokenAdded(id) | Self::InitialTokenRevoked(id) => (None, None, None, Some(id)),
            Self::KeysResealed => (None, None, None, None),
            Self::KeyRetired(id) | Self::KeyRotated(id) => (None, None, Some(id), None),
            Self::UserAdded(id)
            | Self::UserEdited(id)
            | Self::UserLocked(id)
            | Self::UserPasswordSet(id)
            | Self::UserRemoved(id)
            | Self::UserUnlocked(id) => (None, Some(id), None, None),
        };
        tracing::info!(
            target: AUDIT_TARGET,
            event = self.name(),
            operator = rustix::process::getuid().as_raw(),
            client_id = client_id.map(|id| tracing::field::display(LogText(id.as_str()))),
            user = user.map(tracing::field::display),
            key = key.map(tracing::field::display),
            initial_token = initial_token.map(tracing::field::display),
        );
    }
}
