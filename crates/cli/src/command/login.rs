//! `countersign login`: asks for a code, shows it, waits for the person elsewhere, keeps what comes of it.

use std::io::{self, IsTerminal};

use client::protected_resource::protected_resource;
use client::terminal::Terminal;
use client::{Environment, LoginRequest, Plaintext, Provider, When};

use super::watch::{Manner, Watch};
use super::{signed_in, store, wait};
use crate::arguments::{self, Server, Store, Use};
use crate::event::Event;
use crate::exit::{Exit, Failure, say};
use crate::profile::{Profile, Profiles};
use crate::{command, explain};

pub(crate) async fn run(arguments: arguments::Login) -> Result<(), Failure> {
    let json = arguments.json;
    until_stopped(json, Box::pin(sign_in(arguments))).await
}

/// Ends with Ctrl-C, and with an event that tells how, for whoever wants events.
pub(super) async fn until_stopped(json: bool, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let outcome = tokio::select! {
        outcome = work => outcome,
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
    let (name, json) = (&arguments.profile, arguments.json);
    let mut profiles = Profiles::load()?;
    let known = profiles.find(name).cloned();
    let mut given = arguments.server.clone();
    if let Some(api) = &arguments.api {
        given = guarded_by(api, given).await?;
        if !json {
            say(&format!("{api} takes tokens of {}.", given.issuer.as_deref().unwrap_or_default()));
        }
    }
    let profile = Profile::merge(name, given, known)?;
    let binding = binding(&profile)?;
    // Better now than after somebody went to the trouble of signing in.
    let chosen = store::choose(name, &profile)?;
    if arguments.detach && chosen.vault.is_none() {
        return Err(Failure::usage("--detach needs a place to keep what goes on.").advise("Leave out --store none."));
    }

    let client = command::connect(&profile).await?;
    let host = client.server.issuer.authority().to_owned();
    if let Some(note) = experimental(client.server.provider) {
        if json { Event::Note { message: &note }.send()? } else { say(&note) }
    }
    if !json {
        store::tell(&chosen);
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
    let asked = profile.scopes.join(" ");
    let mut watch = Watch::new(&client, (&host, &asked), manner(&arguments), terminal);
    if arguments.detach {
        let login =
            client.start(request).await.map_err(|error| hinted(explain::error(&error, &host, None), binding))?;
        wait::detach(name, &watch, &login)?;
        return profiles.put(name, profile);
    }
    let signed_in = loop {
        let login = client.start(request.clone()).await;
        let login = login.map_err(|error| hinted(explain::error(&error, &host, None), binding))?;
        let next = client.environment.now().monotonic + login.prompt().interval;
        match watch.wait(login).await {
            Ok(signed_in) => break signed_in,
            Err(failure) if failure.exit == Exit::Expired && arguments.auto_renew => {
                // However short its codes live, a server is asked for them no faster than for tokens.
                client.environment.sleep_until(next).await;
            }
            Err(failure) if failure.exit == Exit::Expired && watch.wants_another(&failure).await => {}
            Err(failure) => return Err(hinted(failure, binding)),
        }
    };
    signed_in::keep(&chosen, name, &signed_in.session)?;
    profiles.put(name, profile)?;
    signed_in::tell((name, json), &chosen, &signed_in, &host)
}

fn manner(arguments: &arguments::Login) -> Manner {
    Manner {
        browser: !arguments.no_browser && !arguments.detach,
        copy: arguments.copy,
        json: arguments.json,
        picture: !arguments.no_qr,
        private: arguments.private,
        spell: arguments.spell,
    }
}

/// What an application that has to bind its tokens is told when they were not to be bound.
fn hinted(failure: Failure, binding: When) -> Failure {
    match failure.error.as_str() {
        "invalid_dpop_proof" if binding == When::Never => {
            failure.advise("This application has to bind its tokens to a key: use --dpop auto, and not --store none.")
        }
        _ => failure,
    }
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
        (Store::Auto | Store::File | Store::Keyring, dpop) => Ok(dpop.into()),
    }
}

fn interrupted() -> Failure {
    let terminal = Terminal::stderr();
    if terminal.lively {
        eprint!("\r\x1b[2K");
    }
    Failure::new(Exit::Interrupted, "interrupted", "Stopped.")
}
