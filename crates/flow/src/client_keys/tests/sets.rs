//! What a set of keys may be, and how many are remembered.

use serde_json::{Value, json};

use super::super::entries::{MAX_CLIENTS, MAX_KEYS};
use super::*;

#[tokio::test]
async fn jw_16_a_private_key_spoils_the_whole_set_and_every_copy() {
    let key = key();
    let mut leaked: Value = serde_json::from_str(&set(&[&key])).unwrap();
    leaked["keys"].as_array_mut().unwrap().push(json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"}));
    let refused = Err(KeysUnavailable::Unusable(JwkError::PrivateMember));
    let world = World::new([keys(&[&key]), Answer::Keys(leaked.to_string(), None)]);
    assert!(has(&world.at(0, None).await.unwrap(), &key));
    for seconds in [HOUR, HOUR + 1, 2 * HOUR] {
        assert_eq!(world.at(seconds, Some(key.kid())).await.map(|_| ()), refused, "{seconds}");
    }
    let registered = ClientKeys::Set(leaked.to_string().into());
    assert_eq!(world.cache.get(&client("other"), &registered, None, time(0)).await.map(|_| ()), refused);
}

#[tokio::test]
async fn jw_12_keys_of_an_unknown_kind_are_left_out_and_too_many_refused() {
    let key = key();
    let mut mixed: Value = serde_json::from_str(&set(&[&key])).unwrap();
    let strange = [json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}), json!({"kty": "RSA"}), json!(7), json!({})];
    mixed["keys"].as_array_mut().unwrap().extend(strange);
    let world = World::new([Answer::Keys(mixed.to_string(), None)]);
    let found = world.at(0, Some(key.kid())).await.unwrap();
    assert_eq!((found.keys().len(), has(&found, &key)), (1, true));

    let many = json!({ "keys": vec![json!({"kty": "AKP"}); 65] }).to_string();
    let world = World::new([Answer::Keys(many, None)]);
    let refused = world.at(0, None).await.unwrap_err();
    assert_eq!(refused, KeysUnavailable::Unusable(JwkError::TooManyKeys));
}

#[tokio::test]
async fn jw_17_what_is_no_set_of_keys_is_refused_and_not_asked_for_again_at_once() {
    let deep = format!("{{\"keys\":{}{}}}", "[".repeat(40), "]".repeat(40));
    for body in
        ["", "{}", "[]", "null", "{\"keys\":{}}", "{\"keys\":[]}{}", "{\"keys\":[],\"keys\":[]}", "<html>", &deep]
    {
        let world = World::new([Answer::Keys(body.to_owned(), Some(DAY))]);
        for seconds in [0, 1, 59] {
            let refused = world.at(seconds, None).await.unwrap_err();
            assert!(matches!(refused, KeysUnavailable::Unusable(_)), "{body}: {refused:?}");
        }
        assert_eq!(world.calls(), 1, "{body}");
    }
}

#[tokio::test]
async fn registered_keys_are_parsed_and_never_fetched() {
    let key = key();
    let world = World::new([]);
    let registered = ClientKeys::Set(set(&[&key]).into());
    let get = |seconds, kid| {
        let (cache, registered) = (&world.cache, &registered);
        async move { cache.get(&client("tv"), registered, kid, time(seconds)).await.unwrap() }
    };
    let first = get(0, Some(key.kid())).await;
    assert!(has(&first, &key));
    assert!(Arc::ptr_eq(&first, &get(DAY - 1, Some("unknown")).await));
    let later = get(DAY * 400, None).await;
    assert!(has(&later, &key));
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn clients_are_remembered_up_to_a_number_and_the_longest_unused_go() {
    let world = World::new([]);
    let registered = ClientKeys::Set(set(&[]).into());
    let clients: Vec<_> = (0..=MAX_CLIENTS).map(|number| client(&number.to_string())).collect();
    let first = world.cache.get(&clients[0], &registered, None, time(0)).await.unwrap();
    for client in &clients[..MAX_CLIENTS] {
        world.cache.get(client, &registered, None, time(1)).await.unwrap();
    }
    assert!(Arc::ptr_eq(&first, &world.cache.get(&clients[0], &registered, None, time(2)).await.unwrap()));
    world.cache.get(&clients[MAX_CLIENTS], &registered, None, time(3)).await.unwrap();
    assert_eq!(world.cache.0.entries().len(), MAX_CLIENTS - MAX_CLIENTS / 8 + 1);
    assert!(Arc::ptr_eq(&first, &world.cache.get(&clients[0], &registered, None, time(4)).await.unwrap()));
}

#[tokio::test]
async fn keys_are_remembered_up_to_a_number_in_all() {
    let world = World::new([]);
    let many: Vec<_> = (0..64).map(|_| key()).collect();
    let registered = ClientKeys::Set(set(&many.iter().collect::<Vec<_>>()).into());
    for number in 0..MAX_KEYS / 64 + 10 {
        let client = client(&number.to_string());
        let found = world.cache.get(&client, &registered, None, time(u64::try_from(number).unwrap())).await.unwrap();
        assert_eq!(found.keys().len(), 64);
        let entries = world.cache.0.entries();
        assert!(entries.keys() <= MAX_KEYS && entries.keys() == entries.len() * 64);
    }
}
