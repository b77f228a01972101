//! Client credentials of a request (RFC 6749 §2.3.1): from the Authorization header or the body, one method only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::form::Form;
use crate::model::ClientId;
use crate::secret::ClientSecret;

/// How the client presented itself.
#[derive(Clone, Debug)]
pub enum Presented {
    /// An assertion that nobody checked yet: good for nothing (RFC 7523 §2.2).
    Assertion(Zeroizing<String>),
    /// A secret in the Authorization header.
    Basic(ClientSecret),
    /// An assertion that was found good under the keys of the claimed client. Never read from a request.
    Key,
    /// No secret: `client_id` in the body, or Basic with an empty secret, which some clients send for a public client.
    None,
    /// A secret in the body.
    Post(ClientSecret),
}

/// Who says they are calling, and with which proof.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The claimed client.
    pub client_id: ClientId,
    /// The proof.
    pub presented: Presented,
    /// Whether an Authorization header was used, which decides between 400 and 401 (RFC 6749 §5.2).
    pub by_header: bool,
}

/// The only kind of assertion there is (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Why no credentials could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    /// An assertion without its type, of another type, or one that names no client or another than `client_id`
    /// (RFC 7521 §4.2): the client is not known (RFC 7523 §3.2).
    #[error("the client assertion cannot be read")]
    Assertion,
    /// The Authorization header is no readable Basic header.
    #[error("the Authorization header cannot be read")]
    Header,
    /// Neither a header nor a `client_id`.
    #[error("client_id is missing")]
    Missing,
    /// Header and body name different clients.
    #[error("the Authorization header and client_id name different clients")]
    Mismatch,
    /// More than one authentication method (RFC 6749 §2.3).
    #[error("more than one way of client authentication")]
    TwoMethods,
    /// A `client_id` that no client can have.
    #[error("client_id is malformed")]
    Malformed,
}

impl Credentials {
    /// Reads the credentials of a request. `claimed`: which client an assertion says it is from, since it may stand there
    /// without `client_id` (RFC 7521 §4.2).
    ///
    /// # Errors
    /// There are none, two, or unreadable ones.
    pub fn read(
        authorization: Option<&str>,
        form: &Form<'_>,
        claimed: fn(&str) -> Option<ClientId>,
    ) -> Result<Self, InvalidCredentials> {
        let body_id = form.get("client_id");
        let body_secret = form.get("client_secret");
        let assertion = (form.get("client_assertion_type"), form.get("client_assertion"));
        if assertion != (None, None) {
            if authorization.is_some() || body_secret.is_some() {
                return Err(InvalidCredentials::TwoMethods);
            }
            let (Some(JWT_BEARER), Some(assertion)) = assertion else { return Err(InvalidCredentials::Assertion) };
            let client_id = claimed(assertion).ok_or(InvalidCredentials::Assertion)?;
            if body_id.is_some_and(|body_id| body_id != client_id.as_str()) {
                return Err(InvalidCredentials::Assertion);
            }
            let presented = Presented::Assertion(Zeroizing::new(assertion.to_owned()));
            return Ok(Self { client_id, presented, by_header: false });
        }
        let Some(header) = authorization else {
            let client_id = ClientId::parse(body_id.ok_or(InvalidCredentials::Missing)?);
            let presented =
                body_secret.map_or(Presented::None, |secret| Presented::Post(ClientSecret::presented(secret)));
            let client_id = client_id.ok_or(InvalidCredentials::Malformed)?;
            return Ok(Self { client_id, presented, by_header: false });
        };
        if body_secret.is_some() {
            return Err(InvalidCredentials::TwoMethods);
        }
        let (id, secret) = basic(header).ok_or(InvalidCredentials::Header)?;
        if body_id.is_some_and(|body_id| body_id != id) {
            return Err(InvalidCredentials::Mismatch);
        }
        let client_id = ClientId::parse(&id).ok_or(InvalidCredentials::Malformed)?;
        let presented =
            if secret.is_empty() { Presented::None } else { Presented::Basic(ClientSecret::presented(&secret)) };
        Ok(Self { client_id, presented, by_header: true })
    }
}

/// Id and secret of a Basic header, each form-decoded after base64 (RFC 6749 §2.3.1).
fn basic(header: &str) -> Option<(String, Zeroizing<String>)> {
    let (scheme, encoded) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > super::form::MAX_FIELD {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((form_decode(id)?, Zeroizing::new(form_decode(secret)?)))
}

fn form_decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(authorization: Option<&str>, body: &str) -> Result<(String, &'static str, String), InvalidCredentials> {
        let form = Form::parse(body.as_bytes()).unwrap();
        Credentials::read(authorization, &form, |text| ClientId::parse(text.strip_prefix("from:")?)).map(
            |credentials| {
                let (method, secret) = match &credentials.presented {
                    Presented::Assertion(text) => ("assertion", text.to_string()),
                    Presented::Key => ("key", String::new()),
                    Presented::Basic(secret) => ("basic", secret.reveal().to_owned()),
                    Presented::None => ("none", String::new()),
                    Presented::Post(secret) => ("post", secret.reveal().to_owned()),
                };
                (credentials.client_id.to_string(), method, secret)
            },
        )
    }

    fn header(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn oa_2_3_1_1_id_and_secret_are_form_decoded_after_base64() {
        let expected = Ok(("a b".into(), "basic", "s+%:ä".into()));
        assert_eq!(read(Some(&header("a+b:s%2B%25%3A%C3%A4")), ""), expected);
        assert_eq!(
            read(Some(&header("tv:plain")).map(|h| h.as_str()), "client_id=tv"),
            Ok(("tv".into(), "basic", "plain".into()))
        );
    }

    #[test]
    fn basic_with_an_empty_secret_is_no_authentication() {
        assert_eq!(read(Some(&header("tv:")), ""), Ok(("tv".into(), "none", String::new())));
        assert_eq!(read(Some(&header("tv:")), "client_id=tv&client_secret="), Ok(("tv".into(), "none", String::new())));
    }

    #[test]
    fn oa_2_3_1_two_methods_are_refused() {
        assert_eq!(read(Some(&header("tv:s")), "client_secret=s"), Err(InvalidCredentials::TwoMethods));
        assert_eq!(read(Some(&header("tv:s")), "client_id=other"), Err(InvalidCredentials::Mismatch));
    }

    #[test]
    fn pk_1_pk_2_one_assertion_of_the_one_type_names_the_client() {
        let typed = format!("client_assertion_type={}", JWT_BEARER.replace(':', "%3A"));
        let expected = Ok(("tv".into(), "assertion", "from:tv".into()));
        assert_eq!(read(None, &format!("{typed}&client_assertion=from:tv")), expected);
        assert_eq!(read(None, &format!("{typed}&client_assertion=from:tv&client_id=tv")), expected);
        for (body, why) in [
            (format!("{typed}&client_assertion=from:tv&client_id=other"), InvalidCredentials::Assertion),
            (format!("{typed}&client_assertion=garbage&client_id=tv"), InvalidCredentials::Assertion),
            (format!("{typed}&client_id=tv"), InvalidCredentials::Assertion),
            ("client_assertion=from:tv&client_id=tv".to_owned(), InvalidCredentials::Assertion),
            ("client_assertion_type=saml&client_assertion=from:tv".to_owned(), InvalidCredentials::Assertion),
            (format!("{typed}&client_assertion=from:tv&client_secret=s"), InvalidCredentials::TwoMethods),
        ] {
            assert_eq!(read(None, &body), Err(why), "{body}");
        }
        let both = read(Some(&header("tv:s")), &format!("{typed}&client_assertion=from:tv"));
        assert_eq!(both, Err(InvalidCredentials::TwoMethods));
    }

    #[test]
    fn df_3_1_6_df_3_4_3_client_id_is_required_without_a_header() {
        assert_eq!(read(None, "scope=a"), Err(InvalidCredentials::Missing));
        assert_eq!(read(None, "client_id="), Err(InvalidCredentials::Missing));
        assert_eq!(read(None, "client_id=%C3%A4"), Err(InvalidCredentials::Malformed));
        assert_eq!(read(None, "client_id=tv&client_secret=s"), Ok(("tv".into(), "post", "s".into())));
    }

    #[test]
    fn unreadable_headers_are_refused() {
        for wrong in ["", "Basic", "Bearer abc", "Basic !", "Basic YQ==", &format!("Basic {}", "A".repeat(9000))] {
            assert_eq!(read(Some(wrong), "client_id=tv"), Err(InvalidCredentials::Header), "{wrong}");
        }
    }
}
