//! The time between code and end: what a person sees meanwhile, and which events a program gets.

use std::time::Duration;

use client::terminal::{self, Terminal};
use client::{Client, Environment, Https, Login, Plain, Prompt, SignedIn, System};
use proto::wire::authorize::Quirk;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::event::Event;
use crate::exit::{Failure, say};
use crate::prompt::layout::{Page, page};
use crate::prompt::progress::{self, Progress};
use crate::prompt::{Picture, keys};
use crate::{browser, calendar, explain};

/// How often the waiting line moves.
const FRAME: Duration = Duration::from_millis(120);
/// How long somebody who let a code run out is waited for.
const PATIENCE: Duration = Duration::from_secs(600);

/// With `--json`: events for a program, and nothing else.
async fn report(
    client: &Client<Https, System>,
    login: Login<'_, Https, System>,
    host: &str,
) -> Result<SignedIn, Failure> {
    announce(login.prompt())?;
    let lifetime = lifetime(client, &login);
    let mut broken = None;
    let outcome = login.finish(|seen| {
        let event = match seen {
            client::Event::Pending => Event::Pending,
            client::Event::Retry { reason, delay } => {
                Event::Retry { reason: explain::retry(reason), delay: delay.as_secs() }
            }
            client::Event::SlowDown { interval } => Event::SlowDown { interval: interval.as_secs() },
        };
        let written = event.send();
        broken = broken.take().or(written.err());
    });
    let outcome = outcome.await.map_err(|error| explain::error(&error, host, Some(lifetime)));
    broken.map_or(outcome, Err)
}

/// What the person needs to see, for a program that shows it.
pub(super) fn announce(prompt: &Prompt) -> Result<(), Failure> {
    Event::Code {
        user_code: &prompt.user_code,
        verification_uri: &prompt.verification_uri,
        verification_uri_complete: prompt.verification_uri_complete.as_ref(),
        expires_at: calendar::iso(prompt.expires_at.wall),
        interval: prompt.interval.as_secs(),
    }
    .send()
}

fn lifetime(client: &Client<Https, System>, login: &Login<'_, Https, System>) -> u64 {
    let left = login.prompt().expires_at.monotonic.saturating_sub(client.environment.now().monotonic);
    left.as_secs() + u64::from(left.subsec_millis() > 0)
}

/// How a sign-in is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    pub(super) browser: bool,
    pub(super) copy: bool,
    pub(super) json: bool,
    pub(super) picture: bool,
    pub(super) private: bool,
    pub(super) spell: bool,
}

/// Somebody, or some program, watches.
pub(super) struct Watch<'a> {
    pub(super) client: &'a Client<Https, System>,
    pub(super) enter: Option<UnboundedReceiver<()>>,
    pub(super) host: &'a str,
    pub(super) manner: Manner,
    pub(super) scopes: &'a str,
    pub(super) terminal: Terminal,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        client: &'a Client<Https, System>,
        (host, scopes): (&'a str, &'a str),
        manner: Manner,
        terminal: Terminal,
    ) -> Self {
        let enter = if manner.json { None } else { keys::enter(terminal) };
        Self { client, enter, host, manner, scopes, terminal }
    }

    /// Shows the code, and waits for the end.
    pub(super) async fn wait(&mut self, login: Login<'_, Https, System>) -> Result<SignedIn, Failure> {
        if self.manner.json { report(self.client, login, self.host).await } else { self.wait_here(login).await }
    }

    /// Whether somebody wants a new code in place of one that ran out: who is there is asked, who is away is not waited for.
    pub(super) async fn wants_another(&mut self, why: &Failure) -> bool {
        let Some(enter) = &mut self.enter else { return false };
        while enter.try_recv().is_ok() {}
        say(&format!("{} {} Press Enter for a new one, Ctrl-C stops.", self.terminal.cross(), why.message));
        matches!(tokio::time::timeout(PATIENCE, enter.recv()).await, Ok(Some(())))
    }

    async fn wait_here(&mut self, login: Login<'_, Https, System>) -> Result<SignedIn, Failure> {
        let prompt = login.prompt().clone();
        let link = prompt.verification_uri_complete.as_ref().unwrap_or(&prompt.verification_uri).clone();
        let mut hidden = self.manner.private;
        self.show(&prompt, &link, hidden);
        if self.manner.copy && self.terminal.present {
            // Asked for, so it is sent whatever the colours; terminals that do not know it ignore it.
            eprint!("{}", terminal::clipboard(link.as_str()));
            say("  The address is in the clipboard, if this terminal allows it.");
        }
        if self.manner.browser && self.terminal.present && browser::open(link.as_str()) {
            say("  A browser was opened for you.");
        }

        let lifetime = lifetime(self.client, &login);
        let progress = std::cell::RefCell::new(Progress::new(self.terminal));
        let left = || prompt.expires_at.monotonic.saturating_sub(self.client.environment.now().monotonic);
        if !self.terminal.lively {
            let until = calendar::local(prompt.expires_at.wall, self.client.environment.now().wall);
            say(&progress::plain(left(), &until));
        }
        let (waker, mut enter, mut woken) = (login.waker(), self.enter.take(), keys::Woken::listen());
        let outcome = login.finish(|event| {
            if let Some(news) = progress.borrow_mut().note(event) {
                say(&format!("  {news}"));
            }
        });
        tokio::pin!(outcome);
        let mut frames = tokio::time::interval(FRAME);
        let outcome = loop {
            tokio::select! {
                outcome = &mut outcome => break outcome,
                _ = frames.tick(), if self.terminal.lively => progress.borrow_mut().draw(left()),
                () = pressed(&mut enter) => {
                    progress.borrow_mut().clear();
                    if std::mem::take(&mut hidden) {
                        self.show(&prompt, &link, false);
                    }
                    waker.notify_one();
                }
                () = woken.next() => waker.notify_one(),
            }
        };
        progress.borrow_mut().clear();
        self.enter = enter;
        outcome.map_err(|error| explain::error(&error, self.host, Some(lifetime)))
    }

    pub(super) fn show(&self, prompt: &Prompt, link: &Plain, hidden: bool) {
        let wanted = self.manner.picture && !hidden && self.terminal.present;
        let picture = wanted.then(|| Picture::of(link.as_str(), self.terminal)).flatten();
        let view = Page {
            hidden,
            host: self.host,
            lifetime_assumed: prompt.quirks.contains(&Quirk::LifetimeMissing),
            picture: picture.as_ref(),
            prompt,
            scopes: self.scopes,
            spell: self.manner.spell,
        };
        eprint!("{}", page(view, self.terminal));
    }
}

/// Waits for the next Enter; for ever where nobody can press it.
async fn pressed(enter: &mut Option<UnboundedReceiver<()>>) {
    if let Some(keys) = enter
        && keys.recv().await.is_some()
    {
        return;
    }
    *enter = None;
    std::future::pending::<()>().await;
}
