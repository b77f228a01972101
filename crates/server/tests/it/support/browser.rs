//! A person's browser: keeps cookies as browsers do, follows redirects, fills in forms, and sends what browsers send.

use std::collections::BTreeMap;

use http::header::{self, HeaderMap};
use http::{Method, Request, StatusCode};

use super::{ISSUER, PASSWORD, Reply, TestApp};

/// Cookies of one person, who is somewhere.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) from: String,
    pub(crate) cookies: BTreeMap<String, Cookie>,
    /// Sent with every request, such as `X-Forwarded-For`.
    pub(crate) extra: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) value: String,
    pub(crate) strict: bool,
}

/// Who caused a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The person, on this site or by the address bar.
    Here,
    /// A page of another site.
    OtherSite,
}

/// Where the browser ended up.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// Every address on the way, the last one included.
    pub(crate) trail: Vec<String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp, from: &str) -> Self {
        Self { app, from: from.to_owned(), cookies: BTreeMap::new(), extra: Vec::new() }
    }

    /// Opens an address and goes where it leads.
    pub(crate) async fn open(&mut self, path: &str) -> Page {
        let reply = self.get(path, Cause::Here).await;
        self.follow(path, reply, Cause::Here).await
    }

    /// Clicks a link on a page of another site.
    pub(crate) async fn click_elsewhere(&mut self, path: &str) -> Page {
        let reply = self.get(path, Cause::OtherSite).await;
        self.follow(path, reply, Cause::OtherSite).await
    }

    /// Fills in the form of a page that posts to `action` and sends it.
    pub(crate) async fn submit(&mut self, page: &Page, action: &str, typed: &[(&str, &str)]) -> Page {
        let reply = self.post(action, &page.filled(action, typed)).await;
        self.follow(action, reply, Cause::Here).await
    }

    pub(crate) async fn type_code(&mut self, code: &str) -> Page {
        let page = self.open("/device").await;
        page.expect_page("code");
        self.submit(&page, "/device", &[("user_code", code)]).await
    }

    pub(crate) async fn sign_in(&mut self, page: &Page, name: &str) -> Page {
        page.expect_page("sign-in");
        self.submit(page, "/sign-in", &[("username", name), ("password", PASSWORD)]).await
    }

    /// Presses a button on the decision page; ticks what has to be ticked.
    pub(crate) async fn press(&mut self, page: &Page, button: &str) -> Page {
        page.expect_page("decision");
        let confirmed = page.body.contains("name=\"confirm_code\"");
        let mut typed = vec![("decision", button)];
        typed.extend(confirmed.then_some(("confirm_code", "yes")));
        self.submit(page, "/device/decision", &typed).await
    }

    /// One GET, not followed.
    pub(crate) async fn get(&mut self, path: &str, cause: Cause) -> Reply {
        self.send(Method::GET, path, String::new(), cause, &[]).await
    }

    /// One POST of a page of ours, not followed.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(String, String)]) -> Reply {
        let headers = [("origin", ISSUER), ("sec-fetch-site", "same-origin")];
        self.send(Method::POST, path, encode(fields), Cause::Here, &headers).await
    }

    /// One request with exactly these headers beside cookies and content type.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: String,
        cause: Cause,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = Request::builder().method(&method).uri(path).header("user-agent", "Firefox/140.0 (Linux)");
        if method == Method::POST {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        // RFC 6265bis §5.5: from another site Strict cookies stay at home, and with a POST the Lax ones as well.
        let sent = |cookie: &Cookie| cause == Cause::Here || (!cookie.strict && method == Method::GET);
        let cookies = self.cookies.iter().filter(|(_, cookie)| sent(cookie));
        let cookies: Vec<String> = cookies.map(|(name, cookie)| format!("{name}={}", cookie.value)).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in &self.extra {
            request = request.header(*name, value);
        }
        let reply = self.app.send(request.body(body).unwrap(), &self.from).await;
        self.keep(reply.headers());
        reply
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                let strict = line.contains("SameSite=Strict");
                self.cookies.insert(name.to_owned(), Cookie { value: value.to_owned(), strict });
            }
        }
    }

    async fn follow(&mut self, path: &str, mut reply: Reply, cause: Cause) -> Page {
        let mut trail = vec![path.to_owned()];
        while let Some(to) = reply.headers().get(header::LOCATION) {
            assert_eq!(reply.status(), StatusCode::SEE_OTHER, "SB-4.12-1");
            let to = to.to_str().unwrap().to_owned();
            assert!(to.starts_with('/') && !to.starts_with("//"), "SB-4.11-1: {to}");
            reply = self.get(&to, cause).await;
            trail.push(to);
            assert!(trail.len() < 8, "a circle: {trail:?}");
        }
        let (parts, body) = reply.into_parts();
        Page { status: parts.status, headers: parts.headers, body, trail }
    }
}

impl Page {
    /// Which page it is.
    pub(crate) fn name(&self) -> &str {
        self.attribute("data-page").unwrap_or("none")
    }

    #[track_caller]
    pub(crate) fn expect_page(&self, name: &str) -> &Self {
        assert_eq!(self.name(), name, "{} {:?}\n{}", self.status, self.trail, self.body);
        self
    }

    /// What a person must see.
    pub(crate) fn alert(&self) -> String {
        self.said("alert")
    }

    pub(crate) fn notice(&self) -> String {
        self.said("status")
    }

    pub(crate) fn outcome(&self) -> &str {
        self.attribute("data-outcome").unwrap_or("none")
    }

    /// The value of the field `name`.
    pub(crate) fn field(&self, name: &str) -> String {
        let tags = self.body.split('<').filter(|tag| tag.starts_with("input"));
        let tag = tags.into_iter().find(|tag| tag.contains(&format!("name=\"{name}\""))).expect(name);
        unescape(within(tag, "value=\"", "\"").unwrap_or_default())
    }

    /// Everything a person reads, without the marking.
    pub(crate) fn text(&self) -> String {
        let main = within(&self.body, "<main", "</main>").unwrap_or_default();
        let words = main.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
        unescape(&words.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"))
    }

    /// The hidden fields of the form that posts to `action`, and what is typed.
    pub(crate) fn filled(&self, action: &str, typed: &[(&str, &str)]) -> Vec<(String, String)> {
        let form = self.form(action);
        let hidden = form.split('<').filter(|tag| tag.starts_with("input") && tag.contains("type=\"hidden\""));
        let attribute = |tag: &str, name: &str| unescape(within(tag, &format!("{name}=\""), "\"").unwrap_or_default());
        let mut fields: Vec<_> = hidden.map(|tag| (attribute(tag, "name"), attribute(tag, "value"))).collect();
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        fields
    }

    fn form(&self, action: &str) -> &str {
        let forms = self.body.split("<form").skip(1);
        let form = forms.into_iter().find(|form| form.contains(&format!("action=\"{action}\"")));
        form.and_then(|form| form.split("</form>").next())
            .unwrap_or_else(|| panic!("no form for {action} on {}", self.body))
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        within(&self.body, &format!("{name}=\""), "\"")
    }

    fn said(&self, role: &str) -> String {
        let Some((_, rest)) = self.body.split_once(&format!("role=\"{role}\">")) else { return String::new() };
        let text = rest.split("</p>").next().unwrap().split("</div>").next().unwrap();
        let words = text.split('<').filter_map(|part| part.split_once('>').map(|(_, text)| text).or(Some(part)));
        unescape(words.collect::<String>().trim())
    }
}

fn within<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split_once(after).map(|(text, _)| text)
}

fn unescape(text: &str) -> String {
    ["&#60;<", "&#62;>", "&#34;\"", "&#39;'", "&#38;&"]
        .iter()
        .fold(text.to_owned(), |text, pair| text.replace(&pair[..5], &pair[5..]))
}

/// The body of a form.
pub(crate) fn encode(fields: &[(String, String)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn escape(text: &str) -> String {
    let byte = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}
