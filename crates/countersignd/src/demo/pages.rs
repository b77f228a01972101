//! A browser without a screen: fetches pages, keeps cookies, fills in forms. What the demo's own person needs, and no more.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use url::Url;

/// Redirects that are followed in a row.
const MOST_REDIRECTS: usize = 8;

/// Cookies and a connection.
pub(super) struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

/// A page that was fetched.
pub(super) struct Page {
    address: Url,
    html: String,
}

impl Browser {
    /// A fresh one. `root`: the certificate to trust, where it is the demo's own.
    pub(super) fn new(root: Option<&str>) -> anyhow::Result<Self> {
        let mut http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        if let Some(pem) = root {
            http = http.add_root_certificate(reqwest::Certificate::from_pem(pem.as_bytes())?);
        }
        Ok(Self { http: http.build()?, cookies: BTreeMap::new() })
    }

    /// Opens an address and follows where it leads.
    pub(super) async fn open(&mut self, address: &str) -> anyhow::Result<Page> {
        self.follow(self.http.get(Url::parse(address)?)).await
    }

    /// Sends the form of `page` that holds a field called `marker`, with these fields filled in.
    pub(super) async fn send(&mut self, page: &Page, marker: &str, filled: &[(&str, &str)]) -> anyhow::Result<Page> {
        let (target, mut fields) = page.form(marker)?;
        fields.extend(filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let origin = target.origin().ascii_serialization();
        let request = self.http.post(target).header("origin", origin).header("sec-fetch-site", "same-origin");
        self.follow(request.form(&fields)).await
    }

    async fn follow(&mut self, first: reqwest::RequestBuilder) -> anyhow::Result<Page> {
        let mut request = first;
        for _ in 0..MOST_REDIRECTS {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let response = request.header("cookie", cookies.join("; ")).send().await?;
            for cookie in response.headers().get_all("set-cookie") {
                let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
                let (name, value) = pair.split_once('=').context("a cookie without a value")?;
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let address = response.url().clone();
            let Some(location) = response.headers().get("location") else {
                return Ok(Page { address, html: response.text().await? });
            };
            request = self.http.get(address.join(location.to_str()?)?);
        }
        bail!("the pages lead in a circle")
    }
}

impl Page {
    /// Which page it is, as its `<main>` says.
    pub(super) fn name(&self) -> &str {
        self.attribute("data-page").unwrap_or("unknown")
    }

    /// The value of the first attribute of this name.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        value_after(&self.html, &format!("{name}=\""))
    }

    /// Whether a field of this name is on the page.
    pub(super) fn asks_for(&self, field: &str) -> bool {
        self.html.contains(&format!("name=\"{field}\""))
    }

    /// Target and hidden fields of the form that holds a field called `marker`.
    fn form(&self, marker: &str) -> anyhow::Result<(Url, Vec<(String, String)>)> {
        let holds = format!("name=\"{marker}\"");
        let forms = self.html.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap_or_default());
        let form = forms.into_iter().find(|form| form.contains(&holds));
        let form = form.with_context(|| format!("the page “{}” has no form with {marker}", self.name()))?;
        let action = value_after(form, "action=\"").unwrap_or_default();
        let hidden = form.split("<input").skip(1).map(|input| input.split('>').next().unwrap_or_default());
        let hidden = hidden.filter(|input| input.contains("type=\"hidden\"")).filter_map(|input| {
            Some((value_after(input, "name=\"")?.to_owned(), value_after(input, "value=\"")?.to_owned()))
        });
        Ok((self.address.join(action)?, hidden.collect()))
    }
}

/// What stands between `start` and the next quotation mark.
fn value_after<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split('"').next()
}
