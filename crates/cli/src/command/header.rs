//! `countersign header`: the headers that carry the token to an API, for another program to send. With a token that is
//! bound to a key they are two, and good for one call (RFC 9449 §7.1).

use client::System;
use http::Method;

use crate::arguments;
use crate::arguments::address;
use crate::command;
use crate::exit::{Failure, print};

pub(crate) async fn run(arguments: &arguments::Header) -> Result<(), Failure> {
    let name = &arguments.of.profile;
    let url = arguments.url.as_deref().map(address).transpose()?;
    let is_bound = command::session(name)?.proof_key.is_some();
    if is_bound && url.is_none() {
        let example = command::line("header", name, " --method GET --url https://api.example.com/…");
        return Err(Failure::usage("The token is bound to a key of this device, so its headers are for one call.")
            .advise(format!("Say which: {example}, or let {} make it.", command::line("request", name, " URL"))));
    }
    let session = command::token::valid(name).await?;
    let Some(url) = url else { return print(&format!("Authorization: {}", session.header_value())) };
    if let Some(nonce) = &arguments.nonce
        && is_bound
        && !session.take_nonce(&url, nonce)
    {
        return Err(Failure::usage(format!("{nonce:?} is no nonce.")));
    }
    command::keep_nonces(name, &session);
    let method = arguments.method.clone().unwrap_or(Method::GET);
    let headers = session.headers(&method, &url, &System::new());
    let headers = headers.map_err(|error| crate::explain::error(&error, url.host(), None))?;
    for (name, value) in headers {
        print(&format!("{name}: {}", *value))?;
    }
    Ok(())
}
