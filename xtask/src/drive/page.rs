//! Reading the server's pages the way a browser without JavaScript does: which page it is, and the fields of its forms.

use anyhow::{Context, Result};

pub(crate) struct Page {
    /// `<main data-page="…">`.
    pub(crate) name: String,
    /// `data-outcome` of the page that says how it went.
    pub(crate) outcome: Option<String>,
    forms: Vec<Form>,
}

pub(crate) struct Form {
    pub(crate) action: String,
    /// Everything the form would send when nothing is typed and every required box is ticked.
    pub(crate) fields: Vec<(String, String)>,
    buttons: Vec<(String, String)>,
}

impl Page {
    pub(crate) fn parse(html: &str) -> Result<Self> {
        let mut page = Self { name: String::new(), outcome: None, forms: Vec::new() };
        for tag in tags(html) {
            match tag.name {
                "main" => {
                    page.name = tag.attribute("data-page").context("main has no data-page")?;
                    page.outcome = tag.attribute("data-outcome");
                }
                "form" => {
                    let action = tag.attribute("action").unwrap_or_default();
                    page.forms.push(Form { action, fields: Vec::new(), buttons: Vec::new() });
                }
                "input" | "button" => {
                    if let (Some(name), Some(form)) = (tag.attribute("name"), page.forms.last_mut()) {
                        form.add(&tag, name);
                    }
                }
                _ => {}
            }
        }
        Ok(page)
    }

    /// The form that has this field or button.
    pub(crate) fn form(&self, field: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.fields.iter().chain(&form.buttons).any(|(name, _)| name == field))
    }
}

impl Form {
    fn add(&mut self, tag: &Tag<'_>, name: String) {
        let kind = tag.attribute("type").unwrap_or_default();
        let value = tag.attribute("value");
        match (tag.name, kind.as_str()) {
            ("button", _) | (_, "submit") => self.buttons.push((name, value.unwrap_or_default())),
            (_, "checkbox") if tag.attribute("required").is_some() => {
                self.fields.push((name, value.unwrap_or_else(|| "on".to_owned())));
            }
            (_, "checkbox" | "radio") => {}
            _ => self.fields.push((name, value.unwrap_or_default())),
        }
    }

    /// The fields with some of them filled in.
    pub(crate) fn filled(&self, typed: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut fields = self.fields.clone();
        fields.retain(|(name, _)| !typed.iter().any(|(other, _)| other == name));
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        fields
    }
}

struct Tag<'a> {
    name: &'a str,
    rest: &'a str,
}

/// The opening tags of a page.
fn tags(html: &str) -> impl Iterator<Item = Tag<'_>> {
    html.split('<').skip(1).filter_map(|piece| {
        let end = piece.find(|c: char| !c.is_ascii_alphanumeric())?;
        let (name, rest) = piece.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
        Some(Tag { name, rest })
    })
}

impl Tag<'_> {
    /// The value of an attribute, empty for one without a value. `>` may stand inside quotes.
    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.rest.trim_start();
        while !rest.is_empty() && !rest.starts_with(['>', '/']) {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end)?;
            let (value, tail) = match after.strip_prefix('=') {
                Some(quoted) if quoted.starts_with(['"', '\'']) => {
                    let quote = quoted.chars().next()?;
                    quoted.strip_prefix(quote)?.split_once(quote)?
                }
                Some(bare) => bare.split_at_checked(bare.find([' ', '>', '\n']).unwrap_or(bare.len()))?,
                None => ("", after),
            };
            if name == wanted {
                return Some(unescape(value));
            }
            rest = tail.trim_start();
        }
        None
    }
}

/// The entities that attribute values are written with.
fn unescape(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&#x27;", "'")];
    let text = entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character));
    text.replace("&#38;", "&").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn forms_are_read_with_their_fields() {
        let page = Page::parse(
            "<main class=card data-page=\"decision\"><form method=post action='/device/decision'>\
             <input type=hidden name=csrf value=\"a&amp;b\"><input type=checkbox name=confirm_device value=yes required>\
             <button name=\"decision\" value=\"deny\">Don't allow</button></form></main>",
        )
        .unwrap();
        assert_eq!((page.name.as_str(), page.outcome.as_deref()), ("decision", None));
        let form = page.form("decision").unwrap();
        assert_eq!(form.action, "/device/decision");
        let filled = form.filled(&[("decision", "approve")]);
        let filled: Vec<_> = filled.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(filled, [("csrf", "a&b"), ("confirm_device", "yes"), ("decision", "approve")]);
    }
}
