//! Whole sign-ins in virtual time against scripted servers, and random ones against the two promises: never closer
//! than the interval, always an end.

use proptest::prelude::*;

use super::*;
use crate::entropy::Seeded;
use crate::wire::error::ErrorCode;
use crate::wire::members::Members;
use crate::wire::token::Credential;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(monotonic: Duration) -> Now {
    Now { monotonic, wall: Timestamp::from_seconds(1_800_000_000) + monotonic }
}

fn codes(interval: u64, expires_in: u64) -> AuthorizationResponse {
    AuthorizationResponse {
        device_code: Credential::new("dc"),
        user_code: "WDJB-MJHT".to_owned(),
        verification_uri: "https://id.example.com/device".to_owned(),
        verification_uri_complete: None,
        expires_in,
        interval,
    }
}

fn body(pairs: &[(&str, serde_json::Value)]) -> Reply {
    Reply::parse(&pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Members>())
}

fn error(name: &str) -> Answer {
    Answer { held: false, nonce: None, reply: body(&[("error", name.into())]), retry_after: None, status: 400 }
}

fn tokens() -> Answer {
    let reply = body(&[("access_token", "at".into()), ("token_type", "Bearer".into())]);
    Answer { reply, status: 200, ..error("") }
}

/// What the scripted server does with one poll, and how long that takes.
enum Move {
    Answer(Duration, Answer),
    Fail(Duration, Failure),
}

/// Runs a sign-in that started at zero: when each poll left, what was shown, how and when it ended.
struct Run {
    sent: Vec<Duration>,
    polls: Vec<Poll>,
    shown: Vec<Event>,
    outcome: Outcome,
    ended: Duration,
}

fn run_with(settings: Settings, codes: &AuthorizationResponse, mut server: impl FnMut(usize, Duration) -> Move) -> Run {
    let mut entropy = Seeded::new(7);
    let mut machine = Machine::new(settings, codes, at(Duration::ZERO), at(ms(20)), &mut entropy);
    let (mut now, mut sent, mut polls, mut shown) = (ms(20), Vec::new(), Vec::new(), Vec::new());
    loop {
        match machine.step(at(now)) {
            Step::Show(event) => shown.push(event),
            Step::WaitUntil(moment) => {
                assert!(moment > now, "time must pass");
                now = moment;
            }
            Step::Send(poll) => {
                sent.push(now);
                polls.push(poll);
                match server(sent.len(), now) {
                    Move::Answer(after, answer) => {
                        now += after;
                        machine.answered(at(now), answer, &mut entropy);
                    }
                    Move::Fail(after, failure) => {
                        now += after.min(poll.timeout);
                        machine.failed(at(now), failure, &mut entropy);
                    }
                }
            }
            Step::Done(outcome) => return Run { sent, polls, shown, outcome, ended: now },
        }
    }
}

fn run(codes: &AuthorizationResponse, server: impl FnMut(usize, Duration) -> Move) -> Run {
    run_with(Settings::default(), codes, server)
}

fn gaps(run: &Run) -> Vec<Duration> {
    run.sent.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn df_3_5_7_df_3_5_8_polls_on_while_pending_an_interval_after_each_answer() {
    let run = run(&codes(5, 600), |count, _| match count {
        1..=3 => Move::Answer(ms(400), error("authorization_pending")),
        _ => Move::Answer(ms(400), tokens()),
    });
    assert!(matches!(run.outcome, Outcome::Tokens(_)));
    assert_eq!(run.shown, [Event::Pending; 3]);
    assert!(run.sent[0] >= ms(5020) && run.sent[0] <= ms(5520), "the first poll waits too: {:?}", run.sent[0]);
    for gap in gaps(&run) {
        assert!(gap >= ms(5400) && gap <= ms(5900), "{gap:?}");
    }
}

#[test]
fn first_poll_leaves_at_once_where_that_is_known_to_be_fine() {
    let settings = Settings { first_poll: FirstPoll::AtOnce, ..Settings::default() };
    let run = run_with(settings, &codes(5, 600), |_, _| Move::Answer(ms(1), tokens()));
    assert_eq!(run.sent, [ms(20)]);
}

#[test]
fn df_3_5_9_slow_down_lasts() {
    let run = run(&codes(5, 600), |count, _| match count {
        2 | 3 => Move::Answer(ms(0), error("slow_down")),
        1 | 4 | 5 => Move::Answer(ms(0), error("authorization_pending")),
        _ => Move::Answer(ms(0), tokens()),
    });
    let low: Vec<u64> = gaps(&run).iter().map(|gap| gap.as_secs() / 5 * 5).collect();
    assert_eq!(low, [5, 10, 15, 15, 15]);
    assert!(run.shown.contains(&Event::SlowDown { interval: secs(15) }));
}

#[test]
fn df_3_5_18_the_given_interval_counts_when_it_is_larger() {
    let slow =
        || Answer { reply: body(&[("error", "slow_down".into()), ("interval", 22.into())]), status: 200, ..error("") };
    let run = run(&codes(5, 600), |count, _| match count {
        1 => Move::Answer(ms(0), slow()),
        _ => Move::Answer(ms(0), tokens()),
    });
    assert!(gaps(&run)[0] >= secs(22));
}

#[test]
fn df_3_5_10_cf_1_other_errors_end_it_at_the_first_poll() {
    for name in ["invalid_grant", "unauthorized_client", "use_dpop_nonce", "anything_else"] {
        let run = run(&codes(5, 600), |_, _| Move::Answer(ms(0), error(name)));
        let Outcome::Refused { status: 400, error } = run.outcome else { panic!("{:?}", run.outcome) };
        assert_eq!((error.error.as_str(), run.sent.len()), (name, 1));
    }
}

#[test]
fn cf_1_dpd_4_a_new_nonce_is_tried_at_once_and_only_once() {
    let nonce = |text: &str| Answer { nonce: Some(text.to_owned()), ..error("use_dpop_nonce") };
    let run_once = run(&codes(5, 600), |count, _| match count {
        1 => Move::Answer(ms(10), nonce("a")),
        2 => Move::Answer(ms(10), nonce("b")),
        _ => Move::Answer(ms(10), tokens()),
    });
    assert!(matches!(run_once.outcome, Outcome::Tokens(_)));
    assert_eq!(gaps(&run_once), [ms(10), ms(10)]);
    let same = run(&codes(5, 600), |_, _| Move::Answer(ms(10), nonce("a")));
    let Outcome::Refused { error, .. } = same.outcome else { panic!("{:?}", same.outcome) };
    assert_eq!((error.code, same.sent.len()), (Some(ErrorCode::UseDpopNonce), 2));
}

#[test]
fn dpd_4_nonces_without_end_end_the_sign_in_and_an_answer_in_between_begins_anew() {
    let nonce = |count: usize| Answer { nonce: Some(count.to_string()), ..error("use_dpop_nonce") };
    let endless = run(&codes(5, 600), |count, _| Move::Answer(ms(10), nonce(count)));
    assert!(matches!(endless.outcome, Outcome::Refused { .. }));
    assert_eq!(endless.sent.len(), 1 + MOST_NONCES);

    // A nonce that runs out at every other poll: all is well, at the ordinary pace.
    let rotating = run(&codes(5, 600), |count, _| match count {
        40.. => Move::Answer(ms(0), tokens()),
        _ if count % 2 == 1 => Move::Answer(ms(0), nonce(count)),
        _ => Move::Answer(ms(0), error("authorization_pending")),
    });
    assert!(matches!(rotating.outcome, Outcome::Tokens(_)));
    for (index, gap) in gaps(&rotating).into_iter().enumerate() {
        let expected = if index % 2 == 0 { ms(0)..=ms(0) } else { secs(5)..=ms(5600) };
        assert!(expected.contains(&gap), "{index}: {gap:?}");
    }
    assert!(!rotating.shown.iter().any(|event| matches!(event, Event::SlowDown { .. } | Event::Retry { .. })));
}

#[test]
fn df_3_5_12_timeouts_double_the_wait_and_an_answer_restores_it() {
    let run = run(&codes(5, 1800), |count, _| match count {
        1..=5 => Move::Fail(secs(1), Failure::Connect),
        6 => Move::Answer(ms(0), error("authorization_pending")),
        _ => Move::Answer(ms(0), tokens()),
    });
    let expected = [(10, 1), (20, 1), (40, 1), (60, 1), (60, 1)];
    for (gap, (wait, failing)) in gaps(&run).iter().zip(expected) {
        let (low, high) = (secs(wait) * 9 / 10 + secs(failing), secs(wait) * 11 / 10 + secs(failing));
        assert!(*gap >= low && *gap <= high, "{gap:?} is not {wait} s ± 10 %");
    }
    assert!(gaps(&run)[5] < secs(6), "one answer and the pace is the old one");
    let reason = Retry::Failure(Failure::Connect);
    assert!(run.shown.iter().any(|event| matches!(event, Event::Retry { reason: shown, .. } if *shown == reason)));
}

#[test]
fn df_3_5_20_trouble_without_a_usable_body() {
    let trouble = |status, after| Answer {
        status,
        reply: Reply::Unusable(Unusable::NotAnObject),
        retry_after: after,
        ..error("")
    };
    let run = run(&codes(5, 600), |count, _| match count {
        1 => Move::Answer(ms(0), trouble(503, Some(secs(42)))),
        2 => Move::Answer(ms(0), trouble(429, None)),
        3 => Move::Answer(ms(0), trouble(502, None)),
        _ => Move::Answer(ms(0), tokens()),
    });
    let gaps = gaps(&run);
    assert!(gaps[0] >= secs(42), "Retry-After: {:?}", gaps[0]);
    assert!(gaps[1] >= secs(15) && gaps[1] < secs(17), "two slow-downs: {:?}", gaps[1]);
    assert!(gaps[2] >= secs(27) && gaps[2] <= secs(33), "doubled: {:?}", gaps[2]);
}

#[test]
fn df_3_5_21_stops_at_expiry_after_a_last_poll_right_before_it() {
    for (interval, lifetime) in [(5, 60), (5, 7), (7, 600), (5, 3), (1, 10)] {
        let run = run(&codes(interval, lifetime), |_, _| Move::Answer(ms(30), error("authorization_pending")));
        assert_eq!(run.outcome, Outcome::Expired);
        assert_eq!(run.ended, secs(lifetime), "counted from the sending of the request");
        let last = *run.sent.last().unwrap();
        assert!(secs(lifetime) - last <= ms(750), "{interval} {lifetime}: {last:?}");
        assert!(gaps(&run).iter().all(|gap| *gap >= secs(interval)));
    }
}

#[test]
fn an_expired_code_is_told_apart_from_a_server_out_of_reach() {
    let timeout = run(&codes(5, 120), |_, _| Move::Fail(secs(500), Failure::Timeout));
    assert_eq!(timeout.outcome, Outcome::Unreachable(Retry::Failure(Failure::Timeout)));
    let told = run(&codes(5, 120), |_, _| Move::Answer(ms(0), error("token_expired")));
    assert_eq!((told.outcome, told.sent.len()), (Outcome::Expired, 1));
}

#[test]
fn lp_11_after_a_held_reply_the_interval_counts_from_the_sending() {
    let held = || Answer { held: true, ..error("authorization_pending") };
    let run = run(&codes(5, 600), |count, _| match count {
        1 | 2 => Move::Answer(secs(30), held()),
        3 => Move::Answer(secs(2), held()),
        _ => Move::Answer(secs(3), tokens()),
    });
    assert_eq!(gaps(&run)[..2], [secs(30), secs(30)], "a long hold is followed at once by the next");
    assert!(gaps(&run)[2] >= secs(5), "a short one is not");
    assert!(run.polls.iter().all(|poll| poll.wait == Some(30) && poll.timeout > secs(40)), "LP-10");
}

#[test]
fn lp_10_works_unchanged_where_prefer_is_ignored() {
    let unheld = |settings| {
        let run = run_with(settings, &codes(5, 60), |_, _| Move::Answer(ms(30), error("authorization_pending")));
        (run.sent, run.outcome)
    };
    assert_eq!(unheld(Settings::default()), unheld(Settings { wait: None, ..Settings::default() }));
}

#[test]
fn a_line_that_breaks_long_silences_is_asked_for_shorter_ones() {
    let run = run(&codes(5, 1800), |count, _| match count {
        1 => Move::Fail(secs(16), Failure::Broken),
        2 => Move::Answer(secs(10), Answer { status: 504, reply: Reply::Unusable(Unusable::NotAnObject), ..error("") }),
        3 => Move::Fail(secs(60), Failure::Timeout),
        _ => Move::Answer(ms(0), tokens()),
    });
    let waits: Vec<_> = run.polls.iter().map(|poll| poll.wait).collect();
    assert_eq!(waits, [Some(30), Some(15), Some(7), None]);
}

#[test]
fn df_3_5_16_a_wake_up_polls_as_soon_as_the_interval_allows_and_not_before() {
    let mut entropy = Seeded::new(3);
    let mut machine = Machine::new(Settings::default(), &codes(5, 600), at(secs(0)), at(secs(0)), &mut entropy);
    machine.wake(at(secs(1)));
    assert!(matches!(machine.step(at(secs(1))), Step::Send(_)), "nothing was polled yet");
    machine.failed(at(secs(2)), Failure::Connect, &mut entropy);
    assert!(matches!(machine.step(at(secs(2))), Step::Show(Event::Retry { .. })));
    machine.wake(at(secs(3)));
    assert_eq!(machine.step(at(secs(3))), Step::WaitUntil(secs(7)), "the interval, not the doubled wait");
    assert!(matches!(machine.step(at(secs(7))), Step::Send(_)));
}

#[test]
fn t33_a_device_that_slept_past_expiry_asks_once_more_before_it_gives_up() {
    let mut entropy = Seeded::new(3);
    let slept = |monotonic| Now { monotonic, wall: at(secs(4000)).wall };
    for (answer, ends) in [("expired_token", true), ("authorization_pending", false)] {
        let mut machine = Machine::new(Settings::default(), &codes(5, 600), at(secs(0)), at(secs(0)), &mut entropy);
        assert!(matches!(machine.step(at(secs(1))), Step::WaitUntil(_)));
        assert!(matches!(machine.step(slept(secs(2))), Step::Send(_)), "the wall clock says it is over: ask");
        machine.answered(slept(secs(2)), error(answer), &mut entropy);
        let after = machine.step(slept(secs(2)));
        if ends {
            assert_eq!(after, Step::Done(Outcome::Expired));
        } else {
            assert_eq!(after, Step::Show(Event::Pending));
            assert!(matches!(machine.step(slept(secs(2))), Step::WaitUntil(_)), "the calendar was wrong: carry on");
        }
    }
}

fn any_move() -> impl Strategy<Value = (u64, u8, u64)> {
    (0_u64..70_000, 0_u8..14, 0_u64..90)
}

fn turn((millis, kind, extra): (u64, u8, u64)) -> Move {
    let unusable = |status, after| Answer {
        status,
        retry_after: after,
        reply: Reply::Unusable(Unusable::NotAnObject),
        ..error("")
    };
    let answer = match kind {
        0 => return Move::Fail(ms(millis), Failure::Connect),
        1 => return Move::Fail(ms(millis), Failure::Timeout),
        2 => return Move::Fail(ms(millis), Failure::Broken),
        3 => error("slow_down"),
        4 => Answer { reply: body(&[("error", "slow_down".into()), ("interval", extra.into())]), ..error("") },
        5 => unusable(503, Some(secs(extra))),
        6 => unusable(429, None),
        7 => unusable(500, Some(secs(extra))),
        8 => Answer { retry_after: Some(secs(extra)), ..error("authorization_pending") },
        9..=11 => Answer { held: true, ..error("authorization_pending") },
        _ => error("authorization_pending"),
    };
    Move::Answer(ms(millis), answer)
}

proptest! {
    #[test]
    fn df_3_5_7_lp_11_never_polls_closer_than_the_interval_and_always_ends(
        interval in 0_u64..40,
        lifetime in 1_u64..2000,
        wait in proptest::option::of(0_u64..60),
        moves in proptest::collection::vec(any_move(), 1..400),
        seed: u64,
    ) {
        let mut entropy = Seeded::new(seed);
        let settings = Settings { wait: wait.map(secs), ..Settings::default() };
        let codes = codes(interval, lifetime);
        let mut machine = Machine::new(settings, &codes, at(Duration::ZERO), at(ms(5)), &mut entropy);
        let (mut now, mut last, mut in_force, mut count) = (ms(5), None::<Duration>, machine.interval(), 0_usize);
        let mut resting = Duration::ZERO;
        let outcome = loop {
            match machine.step(at(now)) {
                Step::Show(_) => {}
                Step::WaitUntil(moment) => {
                    prop_assert!(moment > now);
                    now = moment;
                }
                Step::Send(poll) => {
                    prop_assert!(now < machine.expires_at());
                    if let Some(last) = last {
                        prop_assert!(now - last >= in_force, "start to start: {:?} < {in_force:?}", now - last);
                    }
                    prop_assert!(now >= resting, "Retry-After and the interval after an ordinary answer");
                    last = Some(now);
                    let taken = turn(moves[count % moves.len()]);
                    count += 1;
                    let before = machine.interval();
                    match taken {
                        Move::Answer(after, answer) => {
                            now += after.min(poll.timeout);
                            let from = if answer.held { last.unwrap() } else { now };
                            let pause = answer.retry_after.unwrap_or_default();
                            machine.answered(at(now), answer, &mut entropy);
                            resting = (from + machine.interval()).max(now + pause);
                        }
                        Move::Fail(after, failure) => {
                            now += after.min(poll.timeout);
                            machine.failed(at(now), failure, &mut entropy);
                            resting = now + machine.interval();
                        }
                    }
                    prop_assert!(machine.interval() >= before, "the interval never shrinks");
                    in_force = machine.interval();
                }
                Step::Done(outcome) => break outcome,
            }
        };
        prop_assert!(matches!(outcome, Outcome::Expired | Outcome::Unreachable(_)));
        prop_assert!(now >= machine.expires_at() && now <= machine.expires_at() + secs(75));
        prop_assert!(count as u64 <= lifetime + 1);
    }
}
