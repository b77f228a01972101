//! The file of all profiles: people may edit it, and no secret is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use client::ProfileName;

use super::Profile;
use crate::exit::Failure;
use crate::paths;

/// All profiles, as the file has them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Profiles {
    all: BTreeMap<String, Profile>,
    path: PathBuf,
}

impl Profiles {
    pub(crate) fn load() -> Result<Self, Failure> {
        Self::load_from(paths::profiles()?)
    }

    fn load_from(path: PathBuf) -> Result<Self, Failure> {
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self { path, ..Self::default() }),
            other => other.map_err(|error| unreadable(&path, &error.to_string()))?,
        };
        let all: BTreeMap<String, Profile> =
            toml::from_str(&text).map_err(|error| unreadable(&path, error.to_string().trim_end()))?;
        Ok(Self { all, path })
    }

    pub(crate) fn find(&self, name: &ProfileName) -> Option<&Profile> {
        self.all.get(name.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Profile)> {
        self.all.iter().map(|(name, profile)| (name.as_str(), profile))
    }

    /// Remembers a profile.
    pub(crate) fn put(&mut self, name: &ProfileName, profile: Profile) -> Result<(), Failure> {
        if self.all.insert(name.as_str().to_owned(), profile.clone()) == Some(profile) { Ok(()) } else { self.save() }
    }

    /// Forgets a profile; whether there was one.
    pub(crate) fn remove(&mut self, name: &ProfileName) -> Result<bool, Failure> {
        if self.all.remove(name.as_str()).is_none() {
            return Ok(false);
        }
        self.save().map(|()| true)
    }

    fn save(&self) -> Result<(), Failure> {
        let text = toml::to_string_pretty(&self.all).map_err(|error| Failure::unexpected(error.to_string()))?;
        let temporary = self.path.with_extension(format!("toml.{}.tmp", std::process::id()));
        let saved = self.path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            fs::write(&temporary, text)?;
            fs::rename(&temporary, &self.path)
        });
        saved.map_err(|error| {
            Failure::store(format!("The profile could not be saved: {}: {error}.", self.path.display()))
        })
    }
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::usage(format!("The profiles cannot be read: {}:\n{why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Server;

    fn name() -> ProfileName {
        "work".parse().unwrap()
    }

    fn given(issuer: &str) -> Server {
        Server { issuer: Some(issuer.to_owned()), client_id: Some("tv".to_owned()), ..Server::default() }
    }

    #[test]
    fn profiles_survive_on_disk() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("new/profiles.toml");
        let mut profiles = Profiles::load_from(path.clone()).unwrap();
        let mut profile = Profile::merge(&name(), given("https://id.example.com"), None).unwrap();
        profile.scopes = vec!["openid".to_owned()];
        profiles.put(&name(), profile.clone()).unwrap();
        assert_eq!(Profiles::load_from(path.clone()).unwrap().find(&name()), Some(&profile));
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "[work]\nissuer = \"https://id.example.com\"\nclient_id = \"tv\"\nscopes = [\"openid\"]\n");
        assert!(profiles.remove(&name()).unwrap() && !profiles.remove(&name()).unwrap());
        assert_eq!(Profiles::load_from(path).unwrap().iter().count(), 0);
    }

    #[test]
    fn a_mistake_in_the_file_is_pointed_at() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("profiles.toml");
        fs::write(&path, "[work]\nissuer = \"https://id.example.com\"\nclient_id = \"tv\"\nscope = [\"x\"]\n").unwrap();
        let failure = Profiles::load_from(path).unwrap_err();
        assert_eq!(failure.exit, crate::exit::Exit::Usage);
        assert!(failure.message.contains("line 4") && failure.message.contains("scope"), "{}", failure.message);
    }
}
