//! `[limits]`: what keeps one peer, one guesser or one busy hour from taking everything.

use std::time::Duration;

use flow::settings::Rate;
use server::address::AddressBlock;

use super::kinds::{Size, Workers, between, blocks, count, number, rates, seconds, size, workers};
use super::section::section;
use super::sections::{DAY, MINUTE, SECOND};

/// Shortest timeout: less would cut off people on slow lines.
const LEAST: Duration = SECOND;
/// Longest timeout: more would let idle peers take every connection.
const MOST: Duration = Duration::from_secs(600);

section! {
    /// Limits. Each is on by default with a value that an ordinary deployment does not notice. Limits on guesses and
    /// sign-ins are lists of "how many/in how long", all of which hold; they count failures and are shared by all nodes.
    Limits "limits" {
        /// Polls that may wait for a decision at once, 12 KB of memory each over HTTP/1.1; devices beyond it poll as with
        /// any other server.
        held_polls: u32, count(0..=5_000_000), default 50_000, restart;
        /// Codes that may be live at once, 200 bytes of memory each; beyond it new devices are told to come later.
        pending_grants: u32, count(1..=100_000_000), default 1_000_000, restart;
        /// Live codes asked for from one IPv4 address or IPv6 /64. A mobile network may have thousands of people behind
        /// one address, a household never this many devices.
        pending_grants_per_network: u32, count(1..=100_000_000), default 1_000, restart;
        /// Live codes asked for from one IPv6 /48, which is 65,536 of those /64 in the hands of one customer.
        pending_grants_per_site: u32, count(1..=100_000_000), default 5_000, restart;
        /// Polls a second that a node aims at: with more load, devices whose polls are not held are told to come less often.
        target_polls_per_second: u32, count(1..=10_000_000), default 20_000, restart;
        /// Connections at once; lowered to what the system allows the process (LimitNOFILE in systemd). More than held_polls,
        /// since over HTTP/1.1 each held poll is one.
        connections: u32, count(1..=10_000_000), default 60_000, restart;
        /// Connections at once of one IPv4 address or IPv6 /64. Trusted proxies are exempt.
        connections_per_network: u32, count(1..=10_000_000), default 64, restart;
        /// Time for the TLS handshake.
        handshake_timeout: Duration, between(LEAST, MOST), default "10s", restart;
        /// Time for the head of a request, so that slow senders cannot collect connections.
        header_timeout: Duration, between(LEAST, MOST), default "10s", restart;
        /// Time for the body of a request, for the same reason.
        body_timeout: Duration, between(LEAST, MOST), default "10s", restart;
        /// Time a peer may leave an answer unread.
        write_timeout: Duration, between(LEAST, MOST), default "10s", restart;
        /// Time a connection is kept without a request. Devices that poll every few seconds keep theirs.
        idle_timeout: Duration, between(LEAST, MOST), default "60s", restart;
        /// Time after a stop for requests to be answered and connections to close.
        drain_timeout: Duration, between(Duration::ZERO, MOST), default "20s", restart;
        /// Size of the head of a request. Browsers with many cookies send 8 KiB.
        header_size: Size, size(8_192..=262_144), default "16KiB", restart;
        /// Commits that may wait for the database; beyond it requests are answered 503, and nothing is lost.
        write_queue: u32, count(1..=1_000_000), default 4_096, restart;
        /// Networks that clients' keys (jwks_uri) may be fetched from although they are not public, such as ["10.1.0.0/16"];
        /// with a loopback address also without TLS. Whoever may register a client can have this server ask there. No list
        /// opens link-local addresses and those of clouds' metadata.
        jwks_networks: Vec<AddressBlock>, blocks, default [], restart;
        /// Passwords checked at once, "auto" for one a processor core. Each takes 19 MiB and 20 ms of a core, on purpose.
        password_hashes: Workers, workers, default "auto", restart;
        /// Sign-ins that may wait for their turn to be checked; beyond it people are asked to try again.
        password_queue: u32, count(1..=100_000), default 64, restart;
        /// A browser session that is not used for this long has ended.
        session_idle: Duration, seconds(MINUTE, DAY * 30), default "30m", restart;
        /// A browser session ends after this long whatever happens.
        session_absolute: Duration, seconds(MINUTE, DAY * 90), default "12h", restart;
        /// Wrong codes in one browser session: few, for people mistype once or twice.
        guesses_per_session: Vec<Rate>, rates, default ["5/1m", "20/15m"], restart;
        /// Wrong codes of one account. The one limit that an attacker cannot get around with more addresses.
        guesses_per_account: Vec<Rate>, rates, default ["10/10m", "50/1d"], restart;
        /// Wrong codes from one IPv4 address or IPv6 /64.
        guesses_per_network: Vec<Rate>, rates, default ["20/10m"], restart;
        /// Wrong codes from one IPv6 /48, the allotment of one site.
        guesses_per_site: Vec<Rate>, rates, default ["100/10m"], restart;
        /// Failed sign-ins to one account. They delay and never lock it, or anyone could lock anyone out.
        sign_ins_per_account: Vec<Rate>, rates, default ["10/10m", "100/1d"], restart;
        /// Failed sign-ins from one IPv4 address or IPv6 /64.
        sign_ins_per_network: Vec<Rate>, rates, default ["50/10m"], restart;
        /// Failed sign-ins from one IPv6 /48.
        sign_ins_per_site: Vec<Rate>, rates, default ["250/10m"], restart;
        /// Registrations of clients (RFC 7591) from one IPv4 address or IPv6 /64; those with a good initial access token are
        /// counted by that alone.
        registrations_per_network: Vec<Rate>, rates, default ["20/10m"], restart;
        /// Registrations of clients from one IPv6 /48.
        registrations_per_site: Vec<Rate>, rates, default ["100/10m"], restart;
        /// Accounts that one attacker is assumed to have, for guess_hits_per_day. Where anyone can sign up, more.
        hostile_accounts: u32, count(1..=1_000_000_000), default 1_000, restart;
        /// The highest chance of one guess to find some stranger's code: live codes divided by possible ones. A
        /// configuration that allows more is refused.
        guess_chance: f64, number(1e-15..=1e-3), default 1e-7, restart;
        /// Strangers' codes found a day, at most, by all hostile accounts together; 0.005 is one in two hundred days. A
        /// configuration that allows more is refused.
        guess_hits_per_day: f64, number(1e-12..=1.0), default 0.005, restart;
    }
}
