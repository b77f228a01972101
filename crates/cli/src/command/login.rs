//! `countersign login`: asks for a code, shows it, waits for the person elsewhere, keeps what comes of it.

use std::io::{self, IsTerminal};
use std::time::Duration;

use client::protected_resource::protected_resource;
use client::{
    Client, Environment, Https, Login, LoginRequest, Plain, Plaintext, Provider, Session, SignedIn, System, When,
};
use proto::wire::authorize::Quirk;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::arguments::{self, Server, Store, Use};
use crate::event::Event;
use crate::exit::{Exit, Failure, print, say};
use crate::profile::{Profile, Profiles};
use crate::prompt::layout::{Page, page};
use crate::prompt::progress::{self, Progress};
use crate::prompt::{Picture, keys};
use crate::{browser, calendar, command, explain};
use client::terminal::{self, Terminal};

/// How often the waiting line moves.
const FRAME: Duration = Duration::from_millis(120);

pub(crate) async fn run(arguments: arguments::Login) -> Result<(), Failure> {
    let json = arguments.json;
    let outcome = tokio::select! {
        outcome = sign_in(arguments) => outcome,
        _ = tokio::signal::ctrl_c() => Err(interrupted()),
    };
    if json && let Err(failure) = outcome {
        let Failure { error, exit, message, .. } = &failure;
        Event::Failed { error, message, exit: exit.number() }.send()?;
        return Err(Failure { told: true, ..failure });
    }
    outcome
}

async fn sign_in(arguments: arguments::Login) -> Result<(), Failure> {
    let terminal = Terminal::stderr();
    if arguments.private && !(terminal.present && io::stdin().is_terminal()) {
        return Err(Failure::usage("--private needs a terminal: the code is shown when Enter is pressed."));
    }
    let mut profiles = Profiles::load()?;
    let known = profiles.find(&arguments.profile).cloned();
    let mut given = arguments.server.clone();
    if let Some(api) = &arguments.api {
        given = guarded_by(api, given).await?;
        if !arguments.json {
            say(&format!("{api} takes tokens of {}.", given.issuer.as_deref().unwrap_or_default()));
        }
    }
    let profile = Profile::merge(&arguments.profile, given, known)?;
    let vault = command::vault()?;
    if profile.store == Store::File {
        // Better now than after somebody went to the trouble of signing in.
        vault.probe().map_err(|error| explain::vault(&error))?;
    }

    let binding = binding(&profile)?;
    let client = command::connect(&profile).await?;
    let host = client.server.issuer.authority().to_owned();
    if let Some(note) = experimental(client.server.provider) {
        if arguments.json { Event::Note { message: &note }.send()? } else { say(&note) }
    }
    let request = LoginRequest {
        audience: profile.audience.clone(),
        binding,
        device_name: profile.device_name.clone(),
        parameters: profile.parameters()?,
        pkce: profile.pkce.into(),
        resources: profile.resources.clone(),
        scopes: profile.scopes.clone(),
    };
    let waited = async {
        let login = client.start(request).await.map_err(|error| explain::error(&error, &host, None))?;
        if arguments.json {
            return report(&client, login, &host).await;
        }
        let asked = profile.scopes.join(" ");
        Watch { arguments: &arguments, client: &client, host: &host, scopes: &asked, terminal }.wait(login).await
    };
    let signed_in = waited.await.map_err(|failure| match failure.error.as_str() {
        "invalid_dpop_proof" if binding == When::Never => {
            failure.advise("This application has to bind its tokens to a key: use --dpop auto, and not --store none.")
        }
        _ => failure,
    })?;

    if profile.store == Store::File {
        vault.save(&arguments.profile, &signed_in.session).or_else(|error| rescue(&error, &signed_in.session))?;
    }
    let store = profile.store;
    profiles.put(&arguments.profile, profile)?;
    finish(&arguments, store, &signed_in, terminal, &host)
}

/// What to say before signing in at a provider whose profile nobody has confirmed.
fn experimental(provider: &Provider) -> Option<String> {
    let title = provider.title;
    let note = format!("The profile of {title} is experimental: nobody has confirmed all of it yet.");
    provider.is_experimental().then_some(note)
}

/// Completes what was given by what an API says about itself: which server, under which name, whether bound.
async fn guarded_by(api: &str, given: Server) -> Result<Server, Failure> {
    let plaintext = if given.allow_http_loopback { Plaintext::OnLoopback } else { Plaintext::Refused };
    let transport = command::transport(given.ca_file.as_deref())?;
    let found = protected_resource(&transport, api, plaintext).await.map_err(|error| explain::resource(&error, api))?;
    let listed: Vec<&str> = found.authorization_servers.iter().map(client::Issuer::as_str).collect();
    let issuer = match &given.issuer {
        Some(issuer) if listed.contains(&issuer.as_str()) => Some(issuer.clone()),
        Some(issuer) => {
            return Err(Failure::usage(format!("{api} takes no tokens of {issuer}."))
                .advise(format!("It takes those of {}.", listed.join(", "))));
        }
        None => listed.first().map(|issuer| (*issuer).to_owned()),
    };
    let dpop = given.dpop.or((found.demands_binding && !given.no_dpop).then_some(Use::Always));
    let resources = given.resources.into_iter().chain([found.resource]).collect();
    Ok(Server { issuer, resources, dpop, ..given })
}

/// Where nothing is kept there is no key either, and a token bound to it would be of no use.
fn binding(profile: &Profile) -> Result<When, Failure> {
    match (profile.store, profile.dpop) {
        (Store::None, Use::Always) => Err(Failure::usage("A token bound to a key needs a place to keep the key.")
            .advise("Leave out --store none, or add --no-dpop.")),
        (Store::None, Use::Auto | Use::Never) => Ok(When::Never),
        (Store::File, dpop) => Ok(dpop.into()),
    }
}

/// With `--json`: events for a program, and nothing else.
async fn report(
    client: &Client<Https, System>,
    login: Login<'_, Https, System>,
    host: &str,
) -> Result<SignedIn, Failure> {
    let prompt = login.prompt();
    Event::Code {
        user_code: &prompt.user_code,
        verification_uri: &prompt.verification_uri,
        verification_uri_complete: prompt.verification_uri_complete.as_ref(),
        expires_at: calendar::iso(prompt.expires_at.wall),
        interval: prompt.interval.as_secs(),
    }
    .send()?;
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

fn lifetime(client: &Client<Https, System>, login: &Login<'_, Https, System>) -> u64 {
    let left = login.prompt().expires_at.monotonic.saturating_sub(client.environment.now().monotonic);
    left.as_secs() + u64::from(left.subsec_millis() > 0)
}

/// Somebody watches.
struct Watch<'a> {
    arguments: &'a arguments::Login,
    client: &'a Client<Https, System>,
    host: &'a str,
    scopes: &'a str,
    terminal: Terminal,
}

impl Watch<'_> {
    async fn wait(&self, login: Login<'_, Https, System>) -> Result<SignedIn, Failure> {
        let prompt = login.prompt().clone();
        let link = prompt.verification_uri_complete.as_ref().unwrap_or(&prompt.verification_uri).clone();
        let mut hidden = self.arguments.private;
        self.show(&prompt, &link, hidden);
        if self.arguments.copy && self.terminal.present {
            // Asked for, so it is sent whatever the colours; terminals that do not know it ignore it.
            eprint!("{}", terminal::clipboard(link.as_str()));
            say("  The address is in the clipboard, if this terminal allows it.");
        }
        if !self.arguments.no_browser && self.terminal.present && browser::open(link.as_str()) {
            say("  A browser was opened for you.");
        }

        let lifetime = lifetime(self.client, &login);
        let progress = std::cell::RefCell::new(Progress::new(self.terminal));
        let left = || prompt.expires_at.monotonic.saturating_sub(self.client.environment.now().monotonic);
        if !self.terminal.lively {
            let until = calendar::local(prompt.expires_at.wall, self.client.environment.now().wall);
            say(&progress::plain(left(), &until));
        }
        let (waker, mut enter, mut woken) = (login.waker(), keys::enter(self.terminal), keys::Woken::listen());
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
        outcome.map_err(|error| explain::error(&error, self.host, Some(lifetime)))
    }

    fn show(&self, prompt: &client::Prompt, link: &Plain, hidden: bool) {
        let wanted = !self.arguments.no_qr && !hidden && self.terminal.present;
        let picture = wanted.then(|| Picture::of(link.as_str(), self.terminal)).flatten();
        let view = Page {
            hidden,
            host: self.host,
            lifetime_assumed: prompt.quirks.contains(&Quirk::LifetimeMissing),
            picture: picture.as_ref(),
            prompt,
            scopes: self.scopes,
            spell: self.arguments.spell,
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

fn finish(
    arguments: &arguments::Login,
    store: Store,
    signed_in: &SignedIn,
    terminal: Terminal,
    host: &str,
) -> Result<(), Failure> {
    let SignedIn { identity, session, unchecked } = signed_in;
    if arguments.json {
        let name = identity.as_ref().map(|identity| &identity.name);
        let scope = session.scope.as_deref().map(|scope| Plain::new(scope, 4096));
        let expires_at = session.expires_at.map(calendar::iso);
        let (profile, token_type) = (arguments.profile.as_str(), session.token_type.as_str());
        return Event::SignedIn { profile, name, scope, expires_at, token_type }.send();
    }
    let who = match identity {
        Some(identity) => format!("Signed in as {}", terminal.bold(identity.name.as_str())),
        None => format!("Signed in to {host}"),
    };
    let mut parts = vec![format!("{} {who}", terminal.tick())];
    if store == Store::File {
        if session.refresh_token.is_some() {
            parts.push("access renews by itself".to_owned());
        }
        parts.push(format!("{} shows more", command::command("status", &arguments.profile).trim_matches('`')));
    }
    say(&parts.join(&format!(" {} ", terminal.dot())));
    if let Some(cause) = unchecked {
        say(&terminal.amber(&format!("  Who signed in could not be checked: {cause}.")));
    }
    match store {
        Store::File => Ok(()),
        Store::None => print(session.access_token.reveal()),
    }
}

/// The tokens could not be saved. They are not thrown away without a question.
fn rescue(error: &client::vault::VaultError, session: &Session) -> Result<(), Failure> {
    let failure = explain::vault(error);
    // A bound token is of no use without its key, which is not for printing.
    if session.proof_key.is_some() || !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(failure);
    }
    say(&failure.message);
    eprint!("  The sign-in worked, though. Print the access token here, once? [y/N] ");
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y") {
        print(session.access_token.reveal())?;
    }
    Err(Failure { told: true, ..failure })
}

fn interrupted() -> Failure {
    let terminal = Terminal::stderr();
    if terminal.lively {
        eprint!("\r\x1b[2K");
    }
    Failure::new(Exit::Interrupted, "interrupted", "Stopped.")
}
