//! `countersign doctor`: what a server can, what is odd about it and what is done about that, before anybody signs in.

use std::collections::BTreeMap;

use client::doctor::{Examination, Finding, Kind, Patient, examine};
use client::provider::PROVIDERS;
use client::terminal::Terminal;
use client::{Issuer, Plaintext, Provider, Server, System};
use serde::Serialize;

use crate::arguments;
use crate::command;
use crate::exit::{Exit, Failure, print, say};
use crate::explain;

pub(crate) async fn run(arguments: &arguments::Doctor) -> Result<(), Failure> {
    let provider = arguments.provider.as_deref().map(crate::profile::provider).transpose()?;
    let issuer = arguments.issuer.as_deref().or_else(|| provider?.issuer);
    let Some(issuer) = issuer else {
        return match provider {
            None => list(arguments.json),
            Some(provider) => Err(Failure::usage(format!("Which {}?", provider.title))
                .advise(format!("Give its address, such as {}.", provider.issuer_example))),
        };
    };
    let plaintext = if arguments.allow_http_loopback { Plaintext::OnLoopback } else { Plaintext::Refused };
    let issuer =
        Issuer::parse(issuer, plaintext).map_err(|why| Failure::usage(format!("The issuer {issuer:?} {why}.")))?;
    let provider = provider.unwrap_or_else(|| Provider::of_host(issuer.host()));
    let (host, authority) = (issuer.clone(), issuer.authority().to_owned());
    let transport = command::transport(arguments.ca_file.as_deref())?;
    let client_id = arguments.client_id.as_deref();
    let patient = Patient { client_id, issuer, plaintext, probe: !arguments.no_probe, provider };
    let examination = examine(&transport, &System::new(), patient).await;
    if arguments.json {
        print(&json(&host, &examination)?)?;
    } else {
        report(&authority, &examination)?;
    }
    verdict(&authority, &examination)
}

/// Every provider that has a profile.
fn list(json: bool) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Known {
        name: &'static str,
        title: &'static str,
        issuer: Option<&'static str>,
        issuer_example: &'static str,
        experimental: bool,
        source: &'static str,
    }
    if json {
        let all: Vec<Known> = PROVIDERS
            .into_iter()
            .map(|provider| Known {
                name: provider.name,
                title: provider.title,
                issuer: provider.issuer,
                issuer_example: provider.issuer_example,
                experimental: provider.is_experimental(),
                source: provider.source,
            })
            .collect();
        return print(&serde_json::to_string(&all).map_err(|error| Failure::unexpected(error.to_string()))?);
    }
    say("Which server? Those with ways of their own, to be named with --provider:");
    let width = PROVIDERS.iter().map(|provider| provider.name.len()).max().unwrap_or_default();
    for provider in PROVIDERS {
        let doubt = if provider.is_experimental() { "  (experimental)" } else { "" };
        print(&format!("{:width$}  {}{doubt}", provider.name, provider.title))?;
    }
    Ok(())
}

fn report(host: &str, examination: &Examination) -> Result<(), Failure> {
    let terminal = Terminal::stdout();
    let provider = examination.provider;
    let kind = if provider.name == "generic" { String::new() } else { format!(", taken to be {}", provider.title) };
    print(&format!("{}{kind}", terminal.bold(host)))?;
    let heads = [
        (Kind::Wrong, "What will fail"),
        (Kind::Note, "To know"),
        (Kind::Supported, "What it can"),
        (Kind::Missing, "What it cannot"),
        (Kind::WorkedAround, "What is odd, and worked around"),
    ];
    for (kind, head) in heads {
        let of_kind: Vec<&Finding> = examination.findings.iter().filter(|finding| finding.kind == kind).collect();
        if !of_kind.is_empty() {
            print(&format!("\n{head}"))?;
        }
        for finding in of_kind {
            print(&format!("  {} {}", terminal.dot(), finding.message))?;
        }
    }
    if provider.name != "generic" {
        print(&format!("\nWhat is known of it is from {}", provider.source))?;
    }
    Ok(())
}

fn json(issuer: &Issuer, examination: &Examination) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Report<'a> {
        issuer: &'a str,
        provider: &'a str,
        experimental: bool,
        source: &'a str,
        device_flow: bool,
        endpoints: BTreeMap<&'static str, String>,
        findings: &'a [Finding],
    }
    let report = Report {
        issuer: issuer.as_str(),
        provider: examination.provider.name,
        experimental: examination.provider.is_experimental(),
        source: examination.provider.source,
        device_flow: examination.is_fit(),
        endpoints: examination.server.as_ref().map(endpoints).unwrap_or_default(),
        findings: &examination.findings,
    };
    serde_json::to_string(&report).map_err(|error| Failure::unexpected(error.to_string()))
}

fn endpoints(server: &Server) -> BTreeMap<&'static str, String> {
    let all = [
        ("device_authorization_endpoint", Some(&server.device_authorization)),
        ("jwks_uri", server.jwks.as_ref()),
        ("revocation_endpoint", server.revocation.as_ref()),
        ("token_endpoint", Some(&server.token)),
        ("userinfo_endpoint", server.userinfo.as_ref()),
    ];
    all.into_iter().filter_map(|(name, endpoint)| Some((name, endpoint?.to_string()))).collect()
}

/// The exit code: whether a device can sign in there. What was printed already is not said again.
fn verdict(host: &str, examination: &Examination) -> Result<(), Failure> {
    let failure = match &examination.server {
        Ok(_) if examination.is_fit() => return Ok(()),
        Ok(_) => Failure::new(Exit::Refused, "unfit", format!("A device cannot sign in to {host} like that.")),
        Err(error) => explain::error(&error.clone().into(), host, None),
    };
    Err(failure)
}
