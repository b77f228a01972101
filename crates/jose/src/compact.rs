//! A compact JWS taken apart (RFC 7515 §3.1, §7.1), before anything in it is believed. The only reader of headers.

use serde_json::{Map, Value};

use crate::json::{self, MAX_DEPTH};
use crate::{Header, VerifyError, base64url};

pub(crate) struct Compact<'a> {
    /// What was signed: both encoded parts with the dot between them.
    pub(crate) message: &'a str,
    pub(crate) header: Header,
    /// Every header parameter, for the one kind of token that brings its key.
    pub(crate) parameters: Map<String, Value>,
    /// The payload, byte for byte.
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    pub(crate) fn parse(token: &'a str, max_len: usize) -> Result<Self, VerifyError> {
        if token.len() > max_len {
            return Err(VerifyError::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(VerifyError::Malformed)?;
        let [Some(header), Some(payload), Some(signature)] = [header, payload, signature].map(base64url::decode) else {
            return Err(VerifyError::Malformed);
        };
        let parameters = json::parse_object(&header, MAX_DEPTH)?;
        let header = Header::from_parameters(&parameters)?;
        Ok(Self { message, header, parameters, payload, signature })
    }

    /// The payload as JSON.
    pub(crate) fn members(&self) -> Result<Map<String, Value>, VerifyError> {
        Ok(json::parse_object(&self.payload, MAX_DEPTH)?)
    }
}

impl Header {
    fn from_parameters(parameters: &Map<String, Value>) -> Result<Self, VerifyError> {
        let text = |name| match parameters.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(VerifyError::Header),
        };
        if parameters.contains_key("crit") {
            return Err(VerifyError::CriticalHeader);
        }
        let alg = text("alg")?.ok_or(VerifyError::Header)?.parse().map_err(|_| VerifyError::UnsupportedAlgorithm)?;
        Ok(Self { alg, kid: text("kid")?.map(str::to_owned), typ: text("typ")?.map(str::to_owned) })
    }
}
