//! The first tokens of a client that registered itself are its first use.

use super::*;
use crate::model::{Ceiling, Registration};
use crate::secret::SecretHash;

#[test]
fn dr_3_2_the_first_tokens_of_a_client_that_registered_itself_keep_it_and_cost_others_nothing() {
    let puts = |stage: &Stage| {
        let changes = stage.decide(T0 + secs(60)).changes;
        let clients = changes.into_iter().filter_map(|change| match change {
            Change::Put(Row::Client(client)) => Some(*client),
            _ => None,
        });
        clients.collect::<Vec<_>>()
    };
    let added = approved(AuthMethod::None);
    assert_eq!(puts(&added), []);
    let unused = added.with(|stage| {
        stage.client.registration = Some(Registration {
            token: SecretHash::of(b"rat"),
            ceiling: Ceiling::default(),
            statement: None,
            unused_until: Some(T0 + secs(120)),
            software_id: Some("4NRB1".into()),
            software_version: None,
        });
    });
    let used = unused.client.first_used().unwrap();
    assert_eq!(used.registration.as_ref().unwrap().unused_until, None);
    // It carries the version that was read, so a sweep in between is a conflict.
    assert_eq!(puts(&unused), std::slice::from_ref(&used));
    assert_eq!(used.version, unused.client.version);
    assert_eq!(puts(&unused.with(|stage| stage.client = used)), []);
    // Codes alone are no use of it, nor is a no.
    let denied = unused.with(|stage| {
        stage.grant.state = GrantState::Denied { at: T0, by: stage.user.id, reported: false };
    });
    assert_eq!(puts(&denied), []);
}
