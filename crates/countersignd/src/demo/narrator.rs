//! Tells what happens while it happens: prose with the steps (A) to (F) of RFC 8628 §1, or one JSON object a line.

use std::time::Duration;

use client::qr::Picture;
use client::terminal::Terminal;
use client::{Event, Prompt};
use proto::wire::members::Members;
use serde_json::json;

/// One thing that happened.
pub(super) enum Step<'a> {
    /// The server listens; these may sign in.
    Ready { issuer: &'a str, username: &'a str, password: &'a str, client_id: &'a str },
    /// The device asked and was answered.
    Codes { prompt: &'a Prompt, lifetime: Duration },
    /// A person has to act.
    YourTurn { username: &'a str, password: &'a str },
    /// The person of `--auto` is on this page.
    Page { name: &'a str },
    /// The token came and was verified.
    Done { claims: &'a Members, delay: Duration, scope: Option<&'a str> },
}

/// Where it is told.
pub(super) struct Narrator {
    json: bool,
    terminal: Terminal,
}

impl Narrator {
    pub(super) fn new(json: bool) -> Self {
        Self { json, terminal: Terminal::stdout() }
    }

    /// Tells one step.
    pub(super) fn tell(&self, step: &Step<'_>) {
        if self.json {
            println!("{}", object(step));
        } else {
            self.prose(step);
        }
    }

    /// Tells what the device's polling comes to.
    pub(super) fn event(&self, event: &Event) {
        match (self.json, event) {
            (true, Event::Pending) => println!("{}", json!({"event": "pending"})),
            (true, Event::SlowDown { interval }) => {
                println!("{}", json!({"event": "slow_down", "interval": interval.as_secs()}));
            }
            (true, Event::Retry { .. }) => println!("{}", json!({"event": "retry"})),
            (false, _) => {}
        }
    }

    fn prose(&self, step: &Step<'_>) {
        let bold = |text: &str| self.terminal.bold(text);
        match step {
            Step::Ready { issuer, username, password, client_id } => {
                println!("\n  {}\n", bold("Countersign demo"));
                println!("  The server listens at {issuer}");
                println!("  A person may sign in:  {}  with the password  {}", bold(username), bold(password));
                println!("  A device is registered: {client_id} (“Living-room TV”)\n");
            }
            Step::Codes { prompt, lifetime } => {
                println!("  (A) The device asked for access to: your profile");
                println!(
                    "  (B) The server gave it a code for itself and one for you, good for {} minutes",
                    lifetime.as_secs() / 60
                );
                println!("  (C) The device shows this:\n");
                self.screen(prompt);
            }
            Step::YourTurn { username, password } => {
                println!("\n  (D) Your turn: open the address, sign in as {} with {},", bold(username), bold(password));
                println!("      look at who asks for what, and allow or refuse it.");
                println!("  (E) Meanwhile the device asks the server again and again …  (Ctrl-C to stop)\n");
            }
            Step::Page { name } => println!("  (D) The person is on the page “{name}”"),
            Step::Done { claims, delay, scope } => {
                println!("  (F) The server gave the device its tokens, {} ms after the decision", delay.as_millis());
                println!("      The id_token verifies against the published keys and says:\n");
                for (name, value) in claims.iter() {
                    println!("        {name:<20} {value}");
                }
                println!("\n      Scope: {}\n", scope.unwrap_or("none"));
            }
        }
    }

    fn screen(&self, prompt: &Prompt) {
        let link = prompt.verification_uri_complete.as_ref();
        if let Some(picture) = link.and_then(|link| Picture::of(link.as_str(), self.terminal)) {
            for line in &picture.lines {
                println!("      {line}");
            }
        }
        println!("\n      Open   {}", prompt.verification_uri.as_str());
        println!("      Enter  {}", self.terminal.bold(prompt.user_code.as_str()));
        println!("      Only continue if you started this yourself.");
    }
}

fn object(step: &Step<'_>) -> serde_json::Value {
    match step {
        Step::Ready { issuer, username, password, client_id } => json!({
            "event": "ready", "issuer": issuer, "username": username, "password": password, "client_id": client_id,
        }),
        Step::Codes { prompt, lifetime } => json!({
            "event": "code",
            "user_code": prompt.user_code.as_str(),
            "verification_uri": prompt.verification_uri.as_str(),
            "verification_uri_complete": prompt.verification_uri_complete.as_ref().map(client::Plain::as_str),
            "expires_in": lifetime.as_secs(),
            "interval": prompt.interval.as_secs(),
        }),
        Step::YourTurn { .. } => json!({"event": "waiting_for_person"}),
        Step::Page { name } => json!({"event": "page", "page": name}),
        Step::Done { claims, delay, scope } => json!({
            "event": "signed_in", "claims": claims, "scope": scope,
            "milliseconds_after_decision": u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        }),
    }
}
