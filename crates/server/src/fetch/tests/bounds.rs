//! Every bound: time, size, number. In virtual time, to the millisecond.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};

use super::super::{AT_ONCE, MAX_BODY};
use super::{HERE, Lab, Lookup, Server, answer, finds, honest, ip, lab, named, outcome, request};
use crate::fetch::Engine;

const JSON: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/// What came of it and how long it took.
async fn timed(lab: &Engine<Lab>, url: &str) -> (String, u128) {
    let began = Instant::now();
    let said = outcome(lab.json(url).await);
    (said, began.elapsed().as_millis())
}

fn late(millis: u128) -> (String, u128) {
    ("no complete answer within 5 seconds".to_owned(), millis)
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_a_name_that_never_resolves_costs_five_seconds() {
    let lab = named(Server::saying(honest()), [Lookup::Lingers]);
    assert_eq!(timed(&lab, "https://keys.example/").await, late(5_000));
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_a_connection_that_never_answers_costs_three_seconds() {
    let silent = || Server::Partly(vec![], vec![ip("127.0.0.1"), ip("127.0.0.2")], Box::new(Server::saying(honest())));
    assert_eq!(timed(&lab(silent()), HERE).await, late(3_000));
    let lab = named(silent(), [finds(["127.0.0.1", "127.0.0.2"])]);
    assert_eq!(timed(&lab, "http://keys.example:8/").await, late(3_000));
}

#[tokio::test(start_paused = true)]
async fn of_several_addresses_the_first_that_answers_is_used() {
    let server = || Server::Partly(vec![ip("127.0.0.1")], vec![ip("127.0.0.2")], Box::new(Server::saying(honest())));
    let lab = named(server(), [finds(["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"])]);
    assert_eq!(timed(&lab, "http://keys.example:8/").await, ("11 bytes".to_owned(), 750));
    assert_eq!(lab.dialled(), ["127.0.0.1:8", "127.0.0.2:8", "127.0.0.3:8"]);
    // No more than four are tried, however many there are.
    let lab = named(server(), [finds(["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.5"])]);
    assert!(timed(&lab, "http://keys.example:8/").await.0.starts_with("cannot connect: "));
    assert_eq!(lab.dialled().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_a_server_that_says_nothing_costs_five_seconds() {
    let mute = || {
        Server::taking(|mut stream| async move {
            request(&mut stream).await;
            std::future::pending::<()>().await;
        })
    };
    assert_eq!(timed(&lab(mute()), HERE).await, late(5_000));
    // The same in the middle of a handshake.
    let lab = named(mute(), [finds(["1.1.1.1"])]);
    assert_eq!(timed(&lab, "https://keys.example/").await, late(5_000));
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_bytes_that_trickle_cost_five_seconds() {
    let heads = [
        // In the head, in a body of a length, in a chunk, in interim answers.
        (JSON.to_owned(), "x"),
        (format!("{JSON}Content-Length: 1000\r\n\r\n"), "x"),
        (format!("{JSON}Transfer-Encoding: chunked\r\n\r\n"), "1\r\nx\r\n"),
        (format!("{JSON}\r\n"), "x"),
        (String::new(), "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ];
    for (head, drop) in heads {
        let text: Arc<str> = head.clone().into();
        let lab = lab(Server::taking(move |mut stream| {
            let text = Arc::clone(&text);
            async move {
                request(&mut stream).await;
                stream.write_all(text.as_bytes()).await.unwrap();
                while stream.write_all(drop.as_bytes()).await.is_ok() {
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }));
        assert_eq!(timed(&lab, HERE).await, late(5_000), "{head:?}");
    }
}

/// Says `head` and then `piece` for ever; counts what the fetcher took.
fn endless(head: String, piece: &'static [u8]) -> (Server, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let (counter, head): (_, Arc<str>) = (Arc::clone(&taken), head.into());
    let server = Server::taking(move |mut stream| {
        let (counter, head) = (Arc::clone(&counter), Arc::clone(&head));
        async move {
            request(&mut stream).await;
            stream.write_all(head.as_bytes()).await.unwrap();
            while stream.write_all(piece).await.is_ok() {
                counter.fetch_add(piece.len(), Ordering::Relaxed);
            }
        }
    });
    (server, taken)
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_an_endless_body_is_read_up_to_64_kib() {
    for (head, piece) in [
        (format!("{JSON}\r\n"), &b"[[[[[[[["[..]),
        (format!("{JSON}Transfer-Encoding: chunked\r\n\r\n"), b"8\r\n[[[[[[[[\r\n"),
        (format!("{JSON}Transfer-Encoding: chunked\r\n\r\n"), b"1\r\n[\r\n"),
    ] {
        let (server, taken) = endless(head.clone(), piece);
        assert_eq!(outcome(lab(server).json(HERE).await), "the answer is too large", "{head:?}");
        // The rest was under way: in the pipe and in the buffer. A chunk has as much around it as in it, or more.
        assert!(taken.load(Ordering::Relaxed) < 7 * (MAX_BODY + 64 * 1024), "{taken:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_a_body_may_have_64_kib_and_not_a_byte_more() {
    let sized = |size| answer("Content-Type: application/json\r\n", &"x".repeat(size));
    assert_eq!(outcome(lab(Server::saying(sized(MAX_BODY))).json(HERE).await), "65536 bytes");
    assert_eq!(outcome(lab(Server::saying(sized(MAX_BODY + 1))).json(HERE).await), "the answer is too large");
    let unsized_body = |size| format!("{JSON}\r\n{}", "x".repeat(size));
    assert_eq!(outcome(lab(Server::saying(unsized_body(MAX_BODY))).json(HERE).await), "65536 bytes");
    assert_eq!(outcome(lab(Server::saying(unsized_body(MAX_BODY + 1))).json(HERE).await), "the answer is too large");
    // One that only says so is not waited for.
    let said = format!("{JSON}Content-Length: 99999999999\r\n\r\n");
    assert_eq!(timed(&lab(Server::saying(said)), HERE).await, ("the answer is too large".to_owned(), 0));
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_a_huge_head_is_not_read() {
    for (head, piece) in
        [(format!("{JSON}X: "), &b"xxxxxxxx"[..]), (JSON.to_owned(), b"X: y\r\n"), ("HTTP/1.1 200 ".to_owned(), b"OK")]
    {
        let (server, taken) = endless(head.clone(), piece);
        let said = outcome(lab(server).json(HERE).await);
        assert_eq!(said, "not an acceptable answer: its head is too large", "{head:?}");
        assert!(taken.load(Ordering::Relaxed) < 64 * 1024, "{taken:?}");
    }
    let many = |number| answer(&format!("Content-Type: application/json\r\n{}", "X: y\r\n".repeat(number)), "{}");
    assert_eq!(outcome(lab(Server::saying(many(62))).json(HERE).await), "2 bytes");
    assert!(outcome(lab(Server::saying(many(63))).json(HERE).await).contains("head is too large"));
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_so_many_are_fetched_at_once_and_no_more() {
    let mute = Server::taking(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    });
    let lab = Arc::new(lab(mute));
    let under_way: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let lab = Arc::clone(&lab);
            tokio::spawn(async move { timed(&lab, HERE).await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(timed(&lab, HERE).await, ("too many fetches at once".to_owned(), 0));
    for fetch in under_way {
        assert_eq!(fetch.await.unwrap(), late(5_000));
    }
    assert_eq!(timed(&lab, HERE).await, late(5_000));
    assert_eq!(lab.dialled().len(), AT_ONCE + 1);
}

#[tokio::test(start_paused = true)]
async fn dr_5_5_a_look_up_that_goes_on_keeps_its_place() {
    let lab = Arc::new(named(Server::saying(honest()), [Lookup::Lingers]));
    for _ in 0..AT_ONCE {
        let fetch = Arc::clone(&lab);
        tokio::spawn(async move { fetch.json("https://keys.example/").await });
    }
    sleep(Duration::from_secs(6)).await;
    assert_eq!(timed(&lab, HERE).await, ("too many fetches at once".to_owned(), 0));
    lab.network.lingering.lock().unwrap().pop();
    assert_eq!(timed(&lab, HERE).await, ("11 bytes".to_owned(), 0));
}
