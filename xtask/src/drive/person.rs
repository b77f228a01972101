//! A person with a browser: opens the page, types the code, signs in when asked, and decides.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};

use super::http::{Client, Response};
use super::page::{Form, Page};

pub(crate) struct Person {
    browser: Client,
    origin: String,
    name: String,
    password: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Choice {
    Approve,
    Deny,
}

impl Choice {
    fn value(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

impl Person {
    pub(crate) fn new(address: SocketAddr, name: &str, password: &str) -> Self {
        let origin = format!("http://{address}");
        Self { browser: Client::new(address), origin, name: name.to_owned(), password: password.to_owned() }
    }

    /// From the code to the decision page, signing in on the way when asked.
    pub(crate) fn open(&mut self, user_code: &str) -> Result<Page> {
        let mut page = self.visit("/device")?;
        for _ in 0..4 {
            page = match page.name.as_str() {
                "code" => self.submit(page.form("user_code"), &[("user_code", user_code)])?,
                "sign-in" => {
                    let (name, password) = (self.name.clone(), self.password.clone());
                    self.submit(page.form("username"), &[("username", &name), ("password", &password)])?
                }
                "decision" => return Ok(page),
                other => bail!("the page {other:?} stands between the code and the decision"),
            };
        }
        bail!("the decision page was not reached; the last page was {:?}", page.name)
    }

    /// Presses a button on the decision page; the outcome is what the next page says.
    pub(crate) fn decide(&mut self, page: &Page, choice: Choice) -> Result<String> {
        let done = self.submit(page.form("decision"), &[("decision", choice.value())])?;
        done.outcome.with_context(|| format!("no outcome on the page {:?}", done.name))
    }

    fn visit(&mut self, path: &str) -> Result<Page> {
        let response = self.browser.get(path, &[("accept", "text/html")])?;
        self.arrive(response)
    }

    fn submit(&mut self, form: Option<&Form>, typed: &[(&str, &str)]) -> Result<Page> {
        let form = form.context("the form is not on the page")?;
        let fields = form.filled(typed);
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let headers = [("accept", "text/html"), ("origin", self.origin.as_str()), ("sec-fetch-site", "same-origin")];
        let response = self.browser.post(path_of(&form.action), &headers, &pairs)?;
        self.arrive(response)
    }

    /// Follows redirects to a page.
    fn arrive(&mut self, mut response: Response) -> Result<Page> {
        for _ in 0..5 {
            match (response.status, response.header("location")) {
                (302 | 303, Some(location)) => {
                    let path = path_of(location).to_owned();
                    response = self.browser.get(&path, &[("accept", "text/html")])?;
                }
                (status, _) if status >= 500 => bail!("status {status}: {}", response.body),
                _ => return Page::parse(&response.body),
            }
        }
        bail!("too many redirects")
    }
}

/// The path of an address that may carry scheme and host.
fn path_of(address: &str) -> &str {
    let Some((_, rest)) = address.split_once("://") else { return address };
    rest.find('/').and_then(|start| rest.get(start..)).unwrap_or("/")
}
