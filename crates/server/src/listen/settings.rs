//! What an operator may set about connections. Every limit has a default that suits the open internet.

use std::time::Duration;

use crate::address::TrustedProxies;

/// Limits of connections and requests; see security considerations of RFC 9112 §11 and RFC 9113 §10.5.
#[derive(Clone, Debug)]
pub struct ListenSettings {
    /// Proxies whose X-Forwarded-For is believed and which may speak plain HTTP. They are exempt from the caps on
    /// connections, since behind each are many people. Default none.
    pub trusted_proxies: TrustedProxies,
    /// Connections at once. Beyond it new ones are closed at once. Keep it below the limit of open files. Default 60,000.
    pub connections: usize,
    /// Connections at once of one IPv4 address or IPv6 /64. Default 64.
    pub connections_per_network: usize,
    /// Time for the TLS handshake. Default 10 s.
    pub handshake_timeout: Duration,
    /// Time from the opening of a connection, or the first byte of a later request, to the end of that request's head.
    /// Default 10 s.
    pub header_timeout: Duration,
    /// Bytes of the head of a request (HTTP/1.1), or of its header list (HTTP/2); more is answered 431.
    /// At least 8 KiB. Default 16 KiB.
    pub header_limit: u32,
    /// Time for the body of a request, from its head; more is answered 408. Default 10 s.
    pub body_timeout: Duration,
    /// Bytes of the body of a request; more is answered 413. Default 16 KiB.
    pub body_limit: usize,
    /// Time a peer may leave its answer untouched. Default 10 s.
    pub write_timeout: Duration,
    /// Time from the head of a request to the head of its answer. Longer than the longest hold (30 s). Default 45 s.
    pub request_timeout: Duration,
    /// Time a connection is kept without a request. Default 60 s.
    pub idle_timeout: Duration,
    /// Time after a stop for requests to be answered and connections to close. Default 20 s.
    pub drain_timeout: Duration,
    /// Connections waiting to be accepted (`listen(2)`). The system may cap it lower. Default 1,024.
    pub backlog: u32,
    /// Requests at once on an HTTP/2 connection. Default 250, for held polls of a proxy's devices share one.
    pub http2_streams: u32,
    /// Streams of an HTTP/2 connection that its peer reset, or that we did, before the connection is closed
    /// (rapid reset, CVE-2023-44487). Default 64.
    pub http2_resets: usize,
    /// Time between pings of an HTTP/2 connection. Default 30 s.
    pub http2_ping_interval: Duration,
    /// Time for the answer to a ping. Default 10 s.
    pub http2_ping_timeout: Duration,
}

impl Default for ListenSettings {
    fn default() -> Self {
        const TEN: Duration = Duration::from_secs(10);
        Self {
            trusted_proxies: TrustedProxies::default(),
            connections: 60_000,
            connections_per_network: 64,
            handshake_timeout: TEN,
            header_timeout: TEN,
            header_limit: 16 * 1024,
            body_timeout: TEN,
            body_limit: 16 * 1024,
            write_timeout: TEN,
            request_timeout: Duration::from_secs(45),
            idle_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(20),
            backlog: 1_024,
            http2_streams: 250,
            http2_resets: 64,
            http2_ping_interval: Duration::from_secs(30),
            http2_ping_timeout: TEN,
        }
    }
}

impl ListenSettings {
    /// Lowers the cap on connections to what `open_files` (the process's own limit) allows, less what the store and
    /// the log need. Says what the cap became, when it was lowered.
    pub fn fit_to(&mut self, open_files: usize) -> Option<usize> {
        const RESERVED: usize = 128;
        let room = open_files.saturating_sub(RESERVED).max(1);
        (room < self.connections).then(|| {
            self.connections = room;
            room
        })
    }

    /// How often timeouts are looked at: a timeout may be late by as much.
    pub(super) fn tick(&self) -> Duration {
        let shortest = [self.handshake_timeout, self.header_timeout, self.write_timeout, self.idle_timeout]
            .into_iter()
            .min()
            .unwrap_or_default();
        (shortest / 8).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }
}

/// How many files this process may have open, where the system tells (Linux).
#[must_use]
pub fn open_file_limit() -> Option<usize> {
    open_files(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

fn open_files(limits: &str) -> Option<usize> {
    let soft = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?;
    soft.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_on_connections_stays_below_the_limit_of_open_files() {
        let mut settings = ListenSettings::default();
        assert_eq!(settings.fit_to(1_048_576), None);
        assert_eq!(settings.fit_to(1_024), Some(896));
        assert_eq!(settings.connections, 896);
        assert_eq!(settings.fit_to(3), Some(1));
    }

    #[test]
    fn the_limit_of_open_files_is_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max processes             63447                63447                processes \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(open_files(limits), Some(1024));
        assert_eq!(open_files(""), None);
        assert_eq!(open_files("Max open files unlimited unlimited files"), None);
    }
}
