//! Just enough reading of HTML to judge our own pages: start tags with their attributes, in order, and the text.

/// A start tag.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute; empty for one without a value.
    pub(super) fn value(&self, attribute: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == attribute).map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, attribute: &str) -> bool {
        self.value(attribute).is_some()
    }

    pub(super) fn is(&self, name: &str, attribute: &str, value: &str) -> bool {
        self.name == name && self.value(attribute) == Some(value)
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = &(String, String)> {
        self.attributes.iter()
    }
}

/// All start tags of a page, in order.
pub(super) fn tags(html: &str) -> Vec<Tag> {
    pieces(html).filter_map(|piece| piece.strip_prefix('<')).filter_map(tag).collect()
}

/// What a person reads: the text between the tags, with references resolved.
pub(super) fn text(html: &str) -> String {
    let text: String = pieces(html).map(|piece| if piece.starts_with('<') { " " } else { piece }).collect();
    let text = text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'");
    text.replace("&#38;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cuts a page into tags (with both brackets) and what stands between them; quotes protect brackets.
fn pieces(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = if rest.starts_with('<') {
            let mut quoted = false;
            let close = rest.find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            });
            close.expect("every tag is closed") + 1
        } else {
            rest.find('<').unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

fn tag(piece: &str) -> Option<Tag> {
    let piece = piece.trim_end_matches('>').trim_end_matches('/').trim();
    if piece.starts_with(['/', '!']) {
        return None;
    }
    let (name, mut rest) = piece.split_once(char::is_whitespace).unwrap_or((piece, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').expect("every value is closed"),
            None => ("", after),
        };
        assert!(!after.starts_with('='), "a value without quotes in <{piece}>");
        attributes.push((attribute.to_owned(), value.to_owned()));
        rest = after;
    }
    Some(Tag { name: name.to_owned(), attributes })
}
