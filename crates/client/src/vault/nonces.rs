//! The nonces of a session's key, between runs, in a file beside the session: they change with every call, live for
//! minutes, and cost no more than one repetition when they are lost. So this file is not locked and not flushed, and
//! saving one never touches a token that another process has just renewed.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::disk::{private, temporary};
use super::file::FileVault;
use super::{ProfileName, VaultError};
use crate::nonces::Kept;
use crate::{ProofKey, Session};

const MOST: u64 = 128 * 1024;

/// The file. Nonces of another key are none.
#[derive(Serialize, Deserialize)]
struct Beside<J> {
    jkt: J,
    nonces: Vec<Kept>,
}

impl FileVault {
    /// Keeps what servers said since the session was loaded; best called after every use of it, and never needed.
    ///
    /// # Errors
    /// [`VaultError::Io`].
    pub fn keep_nonces(&self, profile: &ProfileName, session: &Session) -> Result<(), VaultError> {
        let Some(key) = &session.proof_key else { return Ok(()) };
        let Some(nonces) = key.unkept_nonces() else { return Ok(()) };
        let path = self.nonces(profile);
        let text = serde_json::to_vec(&Beside { jkt: key.jkt(), nonces });
        let text = text.map_err(|error| VaultError::Io { path: path.clone(), source: error.into() })?;
        let new = temporary(&self.directory, profile.as_str());
        let written = private(OpenOptions::new().write(true).create_new(true))
            .open(&new)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&new, &path));
        written.map_err(|source| {
            drop(fs::remove_file(&new));
            VaultError::Io { path, source }
        })
    }

    /// Gives a key the nonces that were kept for it. Whatever is wrong with them, it does without.
    pub(super) fn recall_nonces(&self, profile: &ProfileName, key: &ProofKey) {
        let mut text = String::new();
        let read = private(OpenOptions::new().read(true))
            .open(self.nonces(profile))
            .and_then(|file| file.take(MOST).read_to_string(&mut text));
        let kept = read.ok().and_then(|_| serde_json::from_str::<Beside<String>>(&text).ok());
        if let Some(Beside { nonces, .. }) = kept.filter(|kept| kept.jkt == key.jkt()) {
            key.recall_nonces(nonces);
        }
    }

    pub(super) fn nonces(&self, profile: &ProfileName) -> PathBuf {
        self.directory.join(format!("{profile}.nonces"))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use proto::wire::token::{Credential, TokenType};
    use url::Url;

    use super::*;
    use crate::nonces::Role;

    fn bound() -> Session {
        Session {
            access_token: Credential::new("at"),
            client_id: "tv".to_owned(),
            expires_at: None,
            issued_at: None,
            issuer: "https://id.example.com".to_owned(),
            name: None,
            proof_key: Some(ProofKey::generate(jose::Algorithm::Es256).unwrap()),
            refresh_token: None,
            scope: None,
            subject: None,
            token_type: TokenType::Dpop,
        }
    }

    fn hear(session: &Session, url: &Url, nonce: &str) {
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static("dpop-nonce"), nonce.parse().unwrap())]);
        session.proof_key.as_ref().unwrap().learn(Role::Resource, url, &headers).unwrap();
    }

    fn known(session: &Session, url: &Url) -> Option<String> {
        session.proof_key.as_ref().unwrap().nonce(Role::Resource, url)
    }

    #[test]
    fn dp_8_3_the_newest_nonce_of_an_api_is_known_to_the_next_process() {
        let root = tempfile::tempdir().unwrap();
        let (vault, profile) = (FileVault::at(root.path()), "default".parse().unwrap());
        let (session, api) = (bound(), "https://api.example.com/x".parse().unwrap());
        hear(&session, &api, "first");
        vault.save(&profile, &session).unwrap();
        let next = vault.load(&profile).unwrap().unwrap();
        assert_eq!(known(&next, &api).as_deref(), Some("first"));
        hear(&next, &api, "second");
        vault.keep_nonces(&profile, &next).unwrap();
        assert_eq!(known(&vault.load(&profile).unwrap().unwrap(), &api).as_deref(), Some("second"));
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2, "nothing is left lying about");

        // Nothing new is nothing to write.
        fs::remove_file(vault.nonces(&profile)).unwrap();
        vault.keep_nonces(&profile, &next).unwrap();
        assert!(!vault.nonces(&profile).exists());
    }

    #[test]
    fn nonces_of_another_key_or_of_nobody_are_not_used_and_go_with_the_session() {
        let root = tempfile::tempdir().unwrap();
        let (vault, profile) = (FileVault::at(root.path()), "default".parse().unwrap());
        let (session, api) = (bound(), "https://api.example.com/x".parse().unwrap());
        hear(&session, &api, "n");
        vault.save(&profile, &session).unwrap();
        vault.save(&profile, &bound()).unwrap();
        assert_eq!(known(&vault.load(&profile).unwrap().unwrap(), &api), None);
        vault.save(&profile, &session).unwrap();
        for noise in ["", "{", "[]", "{\"jkt\": 7}"] {
            fs::write(vault.nonces(&profile), noise).unwrap();
            assert_eq!(known(&vault.load(&profile).unwrap().unwrap(), &api), None, "{noise}");
        }
        assert!(vault.forget(&profile).unwrap());
        assert!(!vault.nonces(&profile).exists());
    }
}
