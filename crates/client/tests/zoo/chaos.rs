//! The server, the network and the clock of hostile sessions, random from a seed, with a judge of the pace that works apart
//! from the client (RFC 8628 §3.5).

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::transport::{Request, Response, TransportError};
use client::{Environment, Failure, Plain, Transport};
use http::HeaderMap;
use proto::device::Now;
use proto::entropy::Seeded;
use proto::{Entropy, Timestamp};
use serde_json::{Value, json};

pub(super) const ISSUER: &str = "https://id.example.com";
/// Never to be seen anywhere but in a request.
pub(super) const CODE: &str = "device-code-7f3a9b";
pub(super) const TOKEN: &str = "token-51c08d";

/// Numbers that follow from a seed (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// One in so many times.
    pub(super) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()].clone()
    }
}

/// What was allowed so far, worked out apart from the client.
pub(super) struct Allowance {
    interval: u64,
    /// No poll before this.
    not_before: Duration,
    /// What was answered last, for whoever looks into a failure.
    last: String,
    nonces_in_a_row: usize,
    pub(super) polls: u64,
    deadline: Option<Duration>,
}

pub(super) struct World {
    seed: u64,
    pub(super) dice: Dice,
    pub(super) monotonic: Duration,
    wall: i64,
    pub(super) allowed: Allowance,
    pub(super) requests: u64,
    pub(super) sent_token: bool,
    /// The client has tokens, and knows them when it sees them.
    pub(super) signed_in: bool,
    /// A server that never tires of its tricks, and one that gives in at last.
    endless: bool,
}

/// The server, the network and the clock.
#[derive(Clone)]
pub(super) struct Chaos(pub(super) Arc<Mutex<World>>);

impl Chaos {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let (wall, endless) = (i64::try_from(dice.below(4_000_000_000)).unwrap(), dice.one_in(3));
        let allowed = Allowance {
            interval: 5,
            not_before: Duration::ZERO,
            last: String::new(),
            nonces_in_a_row: 0,
            polls: 0,
            deadline: None,
        };
        let world = World {
            seed,
            dice,
            monotonic: Duration::from_secs(1),
            wall,
            allowed,
            requests: 0,
            sent_token: false,
            signed_in: false,
            endless,
        };
        Self(Arc::new(Mutex::new(world)))
    }
}

impl World {
    fn pass(&mut self, duration: Duration) {
        self.monotonic += duration;
        self.wall += i64::try_from(duration.as_millis()).unwrap();
        if self.dice.one_in(20) {
            // A calendar that is set, or a machine that slept: the monotonic clock of some stands still then.
            let jump = i64::try_from(self.dice.below(400_000_000)).unwrap();
            self.wall += if self.dice.one_in(2) { jump } else { -jump };
        }
    }

    /// A body, spoilt more or less.
    fn spoilt(&mut self, body: &Value) -> Vec<u8> {
        let mut text = body.to_string();
        match self.dice.below(12) {
            0 => {
                let mut bytes = text.into_bytes();
                bytes.truncate(usize::try_from(self.dice.below(bytes.len() as u64 + 1)).unwrap());
                return bytes;
            }
            1 => text = format!("[{text}]"),
            2 => text = text.replacen('{', "{\"error\":\"slow_down\",", 1),
            3 => text = text.replacen('{', "{\"x\":{\"y\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]},", 1),
            4 => text = text.replacen('{', &format!("{{\"device_code\":\"{CODE}\",\"device_code\":\"x\","), 1),
            5 => text.insert_str(0, "\u{feff}\u{1b}[2J"),
            6 => {
                let mut bytes = text.into_bytes();
                let at = usize::try_from(self.dice.below(bytes.len() as u64)).unwrap();
                bytes[at] = u8::try_from(self.dice.below(256)).unwrap();
                return bytes;
            }
            7 => text = " ".repeat(70_000) + &text,
            8 => text = "<html>\u{1b}]0;owned\u{7}</html>".to_owned(),
            9 => text = "error=authorization_pending&error=slow_down".to_owned(),
            10 => text = String::new(),
            _ => text = "\"".repeat(200),
        }
        text.into_bytes()
    }

    fn text(&mut self) -> String {
        let all = [
            "\u{1b}[2J\u{1b}]52;c;eA==\u{7}".to_owned(),
            "a\r\nSet-Cookie: x".to_owned(),
            "\u{202e}gnp.exe\u{2066}".to_owned(),
            "x".repeat(5000),
            format!("the code {CODE} is not known here"),
            "\u{9b}31m\u{0}\u{7f}".to_owned(),
            String::new(),
            "\u{e0041}\u{200b}\u{feff}".to_owned(),
            if self.signed_in { format!("the token {TOKEN} is over") } else { "ordinary".to_owned() },
        ];
        self.dice.pick(&all)
    }

    fn headers(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let kinds = ["application/json", "text/html", "application/x-www-form-urlencoded", "text/plain", "x"];
        headers.insert("content-type", self.dice.pick(&kinds).parse().unwrap());
        if self.dice.one_in(8) {
            let nonsense = ["-1", "soon", "99999999999999999999", "Thu, 01 Jan 1970 00:00:00 GMT", "1.5", ""];
            headers.insert("retry-after", self.dice.pick(&nonsense).parse().unwrap());
        }
        if self.dice.one_in(6) {
            headers.append("dpop-nonce", self.dice.pick(&["n1", "n2", "a\"b", "x y"]).parse().unwrap());
        }
        if self.dice.one_in(20) {
            headers.append("dpop-nonce", "another".parse().unwrap());
        }
        if self.dice.one_in(10) {
            headers
                .insert("location", self.dice.pick(&["https://evil.example/", "//x", "", "/codes"]).parse().unwrap());
        }
        headers
    }

    fn answer(&mut self, request: &Request) -> Result<Response, TransportError> {
        self.requests += 1;
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let is_poll = request.url.path() == "/token" && !body.contains("refresh");
        if is_poll {
            self.judge_poll();
        }
        let sent = self.monotonic;
        let result = self.turn(request, is_poll);
        if let Err(TransportError::Failed { failure: Failure::Timeout, .. }) = result {
            self.pass(request.timeout);
        } else {
            let most = u64::try_from(request.timeout.as_millis()).unwrap();
            let taken = if self.dice.one_in(5) { self.dice.below(most) } else { self.dice.below(300) };
            self.pass(Duration::from_millis(taken));
        }
        let result = result.and_then(|response| {
            if response.body.len() > request.most { Err(TransportError::TooLarge) } else { Ok(response) }
        });
        if is_poll {
            self.allow(sent, &result);
        }
        result
    }

    fn judge_poll(&mut self) {
        let (seed, now, allowed) = (self.seed, self.monotonic, &mut self.allowed);
        allowed.polls += 1;
        assert!(
            now >= allowed.not_before,
            "seed {seed}: polled at {now:?}, allowed from {:?}: {}",
            allowed.not_before,
            allowed.last
        );
        let deadline = allowed.deadline.unwrap();
        assert!(now <= deadline, "seed {seed}: polled at {now:?}, the code ended at {deadline:?}");
    }

    /// RFC 8628 §3.5 on what the poll was told.
    fn allow(&mut self, sent: Duration, result: &Result<Response, TransportError>) {
        let now = self.monotonic;
        self.allowed.last = result.as_ref().map_or_else(ToString::to_string, |response| {
            format!("{} {:?} {}", response.status, response.headers, String::from_utf8_lossy(&response.body))
        });
        let mut from = now;
        let mut pause = Duration::ZERO;
        if let Ok(response) = result {
            let text = |name: &str| response.headers.get(name).and_then(|value| value.to_str().ok());
            let members = read(&response.body);
            let said = members.as_ref().and_then(|members| members["error"].as_str());
            if said == Some("use_dpop_nonce") && response.headers.get_all("dpop-nonce").iter().count() == 1 {
                self.allowed.nonces_in_a_row += 1;
                assert!(self.allowed.nonces_in_a_row <= 5, "hammered for nonces");
                return;
            }
            pause = text("retry-after").and_then(|text| text.parse().ok()).map_or(pause, Duration::from_secs);
            if said == Some("slow_down") {
                let given = members.as_ref().and_then(|members| members["interval"].as_u64()).unwrap_or_default();
                self.allowed.interval = (self.allowed.interval + 5).min(60.max(self.allowed.interval)).max(given);
            }
            // A held poll has waited already (LP-11).
            if text("preference-applied").is_some() {
                from = sent;
            }
        }
        self.allowed.nonces_in_a_row = 0;
        let interval = Duration::from_secs(self.allowed.interval);
        self.allowed.not_before = (from + interval).max(now + pause.min(Duration::from_secs(3600)));
    }

    fn turn(&mut self, request: &Request, is_poll: bool) -> Result<Response, TransportError> {
        let failed = |failure, detail: &str| Err(TransportError::Failed { failure, detail: Plain::new(detail, 200) });
        let chaos = if self.endless { 3 } else { 6 };
        if self.dice.one_in(chaos) {
            match self.dice.below(12) {
                0..=3 => return failed(Failure::Connect, "refused \u{1b}[31m"),
                4..=7 => return failed(Failure::Broken, "half of it"),
                8..=10 => return failed(Failure::Timeout, "no answer in time"),
                _ => return Err(TransportError::TooLarge),
            }
        }
        let mut headers = self.headers();
        let (status, body) = match (is_poll, request.url.path()) {
            (true, _) => self.poll(&mut headers),
            (false, "/codes") => self.codes(),
            (false, "/token") => (200, self.tokens()),
            _ => (self.dice.pick(&[200, 302, 404, 500]), json!({"issuer": ISSUER, "sub": TOKEN, "error": self.text()})),
        };
        let spoils = if is_poll { 30 } else { 12 };
        let body = if self.dice.one_in(spoils) { self.spoilt(&body) } else { body.to_string().into_bytes() };
        if !is_poll && request.url.path() == "/codes" {
            self.promised(&body);
        }
        self.sent_token |= is_poll && String::from_utf8_lossy(&body).contains(TOKEN);
        Ok(Response { body, headers, status })
    }

    /// What the codes say as they were sent.
    fn promised(&mut self, body: &[u8]) {
        let Some(codes) = read(body) else { return };
        let seconds = |name: &str| {
            let number = codes[name].as_f64().or_else(|| codes[name].as_str()?.trim().parse().ok())?;
            (number > 0.0).then(|| Duration::from_secs_f64(number.ceil().min(1e9)))
        };
        self.allowed.interval = seconds("interval").map_or(5, |interval| interval.as_secs());
        let lifetime = seconds("expires_in").unwrap_or(Duration::from_secs(1800));
        self.allowed.deadline = Some(self.monotonic + lifetime);
    }

    fn codes(&mut self) -> (u16, Value) {
        let (interval, lifetime) = (1 + self.dice.below(30), 1 + self.dice.below(3000));
        let user_code = if self.dice.one_in(4) { self.text() } else { "WDJB-MJHT".to_owned() };
        let uris = [
            "https://id.example.com/device".to_owned(),
            "https://evil.example/\u{1b}[2J\u{202e}".to_owned(),
            "http://id.example.com/".to_owned(),
            "javascript:alert(1)".to_owned(),
            format!("https://id.example.com/{}", "x".repeat(3000)),
        ];
        let uri = if self.dice.one_in(12) { self.dice.pick(&uris) } else { uris[0].clone() };
        let mut codes = json!({
            "device_code": CODE, "user_code": user_code, "verification_uri": uri, "expires_in": lifetime,
            "interval": interval, "message": self.text(), "x": [self.text()]
        });
        if self.dice.one_in(12) {
            codes["verification_uri_complete"] = json!(self.dice.pick(&uris));
        }
        if self.dice.one_in(8) {
            codes["interval"] = json!(interval.to_string());
        }
        (self.dice.pick(&[200, 200, 200, 200, 201, 400]), codes)
    }

    fn poll(&mut self, headers: &mut HeaderMap) -> (u16, Value) {
        let status = self.dice.pick(&[200, 400, 400, 401, 403, 428, 429, 500, 503]);
        if self.dice.one_in(6) {
            headers.insert("retry-after", self.dice.below(120).to_string().parse().unwrap());
        }
        match self.dice.below(if self.endless { 9 } else { 14 }) {
            0..=3 => {
                if self.dice.one_in(2) {
                    headers.insert("preference-applied", "wait=30".parse().unwrap());
                }
                (status, json!({"error": "authorization_pending", "error_description": self.text()}))
            }
            4 => (status, json!({"error": "slow_down"})),
            5 => (status, json!({"error": "slow_down", "interval": self.dice.below(90)})),
            6 => (self.dice.pick(&[500, 502, 503, 504, 429, 408]), json!({"x": self.text()})),
            7 => {
                headers.remove("dpop-nonce");
                headers.insert("dpop-nonce", format!("n-{}", self.dice.below(1000)).parse().unwrap());
                (status, json!({"error": "use_dpop_nonce"}))
            }
            8 if self.endless => (status, json!({"error": "authorization_pending", "access_token": "not yet"})),
            8 | 9 => (200, self.tokens()),
            10 => (status, json!({"error": "access_denied", "error_description": self.text()})),
            11 => (status, json!({"error": "expired_token"})),
            12 => (status, json!({"error": self.text(), "error_description": self.text()})),
            _ => (status, json!({"error": {"message": self.text(), "error_subcode": 1_349_174}})),
        }
    }

    fn tokens(&mut self) -> Value {
        let kind = self.dice.pick(&["Bearer", "DPoP", "bearer", "mac"]);
        let access = if self.dice.one_in(6) { self.text() } else { TOKEN.to_owned() };
        let mut tokens = json!({"access_token": access, "token_type": kind, "expires_in": 600, "refresh_token": TOKEN});
        if self.dice.one_in(4) {
            tokens["id_token"] = json!(self.dice.pick(&["a.b.c", "eyJhbGciOiJub25lIn0.e30.", ""]));
        }
        if self.dice.one_in(4) {
            tokens["scope"] = json!([self.text(), 7]);
        }
        tokens
    }
}

impl Transport for Chaos {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.lock().unwrap().answer(&request)
    }
}

impl Environment for Chaos {
    fn now(&self) -> Now {
        let world = self.0.lock().unwrap();
        Now { monotonic: world.monotonic, wall: Timestamp::from_millis(world.wall) }
    }

    fn sleep_until(&self, moment: Duration) -> impl Future<Output = ()> + Send {
        let mut world = self.0.lock().unwrap();
        let rest = moment.saturating_sub(world.monotonic);
        // Timers are late now and then, and never early.
        let late = if world.dice.one_in(10) { world.dice.below(2000) } else { 0 };
        world.pass(rest + Duration::from_millis(late));
        std::future::ready(())
    }

    fn entropy(&self) -> Box<dyn Entropy + Send> {
        Box::new(Seeded::new(self.0.lock().unwrap().dice.next()))
    }
}

/// A body that is one object without a name twice; any other says nothing.
fn read(body: &[u8]) -> Option<Value> {
    jose::json::parse_object(body, 16).ok().map(Value::from)
}
