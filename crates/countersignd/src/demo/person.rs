//! The person of `--auto`: opens the link, signs in, compares the code and allows, all on the real pages over HTTP.

use anyhow::{Context as _, bail};

use super::narrator::{Narrator, Step};
use super::pages::{Browser, Page};

/// Pages a sign-in may take.
const MOST_PAGES: usize = 8;

/// Goes from the link to the end.
pub(super) async fn approve(
    link: &str,
    username: &str,
    password: &str,
    root: Option<&str>,
    narrator: &Narrator,
) -> anyhow::Result<()> {
    let mut browser = Browser::new(root)?;
    let mut page = browser.open(link).await.context("the link cannot be opened")?;
    for _ in 0..MOST_PAGES {
        narrator.tell(&Step::Page { name: page.name() });
        page = match page.name() {
            "sign-in" => browser.send(&page, "password", &[("username", username), ("password", password)]).await?,
            "decision" => browser.send(&page, "decision", &confirmations(&page)).await?,
            "done" if page.attribute("data-outcome") == Some("approved") => return Ok(()),
            "done" => bail!("the decision came out as {}", page.attribute("data-outcome").unwrap_or("nothing")),
            other => bail!("the page “{other}” was not expected"),
        };
    }
    bail!("the pages do not end")
}

fn confirmations(page: &Page) -> Vec<(&'static str, &'static str)> {
    let mut fields = vec![("decision", "approve")];
    if page.asks_for("confirm_code") {
        fields.push(("confirm_code", "yes"));
    }
    fields
}
