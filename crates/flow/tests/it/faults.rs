//! A store that loses replies and conflicts: whatever was acknowledged stands, and nothing is issued twice.

use std::sync::Arc;

use proto::grant::Refusal;
use proto::grant::decide::Verdict;
use store::Store;

use crate::support::{world, world_on};

#[tokio::test]
async fn df_3_4_7_sixty_four_parallel_polls_give_exactly_one_success() {
    let world = Arc::new(world().await);
    for who in [world.tv.clone(), world.server.clone()] {
        for _ in 0..20 {
            let device = world.start(&who).await;
            let person = world.sign_in().await;
            world.decide(&person, &device.user_code, Verdict::Approve).await;
            let polls: Vec<_> = (0..64)
                .map(|_| {
                    let (world, who, device) = (Arc::clone(&world), who.clone(), device.clone());
                    tokio::spawn(async move { world.poll(&who, &device).await })
                })
                .collect();
            let mut tokens = Vec::new();
            for poll in polls {
                match poll.await.unwrap() {
                    Ok(issued) => tokens.push(issued.response.access_token),
                    Err(refusal) => {
                        assert!(matches!(refusal, Refusal::CodeReplayed | Refusal::Overloaded), "{refusal:?}");
                    }
                }
            }
            assert_eq!(tokens.len(), 1);
            world.flow.userinfo(tokens[0].reveal(), None).await.unwrap();
        }
    }
}

#[tokio::test]
async fn lost_replies_and_conflicts_lose_no_decision_and_issue_nothing_twice() {
    for seed in 0..20 {
        let faults = store::FaultSettings { seed, lose_reply: 200, conflict: 200, ..Default::default() };
        let inner = Store::memory();
        let calm = world_on(inner.clone(), |_| {}).await;
        let device = calm.start(&calm.tv).await;
        let person = calm.sign_in().await;
        let stormy = crate::support::over(&calm, Store::faulty(inner, faults)).await;
        let flow::Found::Question(question) =
            stormy.look_up(&person, &device.user_code, proto::grant::lookup::Arrival::Typed).await
        else {
            panic!("no question")
        };
        let shown = stormy.flow.shown(&question.handle).unwrap();
        let mut decided = stormy.flow.decide(&person, shown, Verdict::Approve).await;
        while decided.is_err() {
            decided = stormy.flow.decide(&person, shown, Verdict::Approve).await;
        }
        let mut issued = 0;
        for _ in 0..12 {
            match stormy.poll(&stormy.tv, &device).await {
                Ok(_) => issued += 1,
                Err(refusal) => assert!(
                    matches!(refusal, Refusal::CodeReplayed | Refusal::Overloaded | Refusal::AuthorizationPending),
                    "{refusal:?}"
                ),
            }
        }
        let families = calm.store.families_of(person.user.id).await.unwrap();
        assert_eq!((issued, families.len()), (1, 1), "seed {seed}");
    }
}
