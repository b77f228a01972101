//! A person calls one of their devices something else.

use super::start::MAX_DEVICE_NAME;
use crate::change::{Change, Decision, Row};
use crate::model::{Family, UserId};
use crate::wire::is_invisible;

/// Why a name does not stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unnamed {
    /// It is somebody else's device, or none at all.
    #[error("there is no such device")]
    NotTheirs,
    /// It is longer than a name may be.
    #[error("a name has at most {MAX_DEVICE_NAME} characters")]
    TooLong,
}

/// Names a device. An empty name takes the present one away, and the application's stands in.
///
/// # Errors
/// It is not `person`'s, or the name is too long.
pub fn rename(family: &Family, person: UserId, name: &str) -> Result<Decision<()>, Unnamed> {
    if family.user_id != person {
        return Err(Unnamed::NotTheirs);
    }
    let clean: String = name.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    let clean = clean.trim();
    if clean.chars().count() > MAX_DEVICE_NAME {
        return Err(Unnamed::TooLong);
    }
    let device_name = Some(clean.to_owned()).filter(|name| !name.is_empty());
    if device_name == family.device_name {
        return Ok(Decision::only(()));
    }
    let renamed = Family { device_name, ..family.clone() };
    Ok(Decision { reply: (), requires: Vec::new(), changes: vec![Change::Put(Row::Family(Box::new(renamed)))] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Seeded;
    use crate::grant::fixture::{T0, family};

    #[test]
    fn a_device_is_named_by_its_person_alone_and_only_with_what_shows() {
        let family = family();
        let named = |person, name: &str| rename(&family, person, name).map(|decision| decision.changes);
        let stranger = UserId::draw(T0, &mut Seeded::new(77));
        assert_eq!(named(stranger, "Mine").err(), Some(Unnamed::NotTheirs));
        assert_eq!(named(family.user_id, &"x".repeat(65)).err(), Some(Unnamed::TooLong));
        let changes = named(family.user_id, " The \u{202e}screen\n upstairs ").unwrap();
        let expected = Family { device_name: Some("The screen upstairs".into()), ..family.clone() };
        assert_eq!(changes, [Change::Put(Row::Family(Box::new(expected)))]);
        assert_eq!(named(family.user_id, family.device_name.as_deref().unwrap_or_default()).unwrap(), []);
    }
}
