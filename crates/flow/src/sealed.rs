//! Things that browsers keep for the server and must not read, change or move elsewhere: cookies and form handles.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proto::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Flow;

/// Longest sealed text that is looked at.
const MAX_TEXT: usize = 4096;

#[derive(Serialize, Deserialize)]
struct Expiring<T> {
    until: Timestamp,
    value: T,
}

impl Flow {
    /// Seals `value` for `place` until `until`.
    ///
    /// An empty text when it cannot be sealed, which opens nowhere.
    #[must_use]
    pub fn seal<T: Serialize>(&self, place: &str, value: &T, until: Timestamp) -> String {
        let keys = self.ring.keys();
        let plain = serde_json::to_vec(&Expiring { until, value }).unwrap_or_default();
        let sealed =
            keys.cookies.first().and_then(|key| key.seal(place.as_bytes(), &plain, &mut self.env.entropy()).ok());
        sealed.map(|sealed| URL_SAFE_NO_PAD.encode(sealed)).unwrap_or_default()
    }

    /// Opens what was sealed for the same place and has not expired.
    #[must_use]
    pub fn unseal<T: DeserializeOwned>(&self, place: &str, text: &str) -> Option<T> {
        let sealed = Some(text).filter(|text| text.len() <= MAX_TEXT).map(|text| URL_SAFE_NO_PAD.decode(text))?.ok()?;
        let keys = self.ring.keys();
        let plain = keys.cookies.iter().find_map(|key| key.open(place.as_bytes(), &sealed).ok())?;
        let Expiring { until, value } = serde_json::from_slice(&plain).ok()?;
        (self.env.now() < until).then_some(value)
    }

    /// A token against forged requests: for `route`, bound to whatever names this browser.
    #[must_use]
    pub fn csrf_token(&self, route: &str, binding: &str) -> String {
        let keys = self.ring.keys();
        URL_SAFE_NO_PAD.encode(keys.csrf.active().tag(&[route.as_bytes(), binding.as_bytes()]).into_bytes())
    }

    /// Whether `token` was made for the same route and browser.
    #[must_use]
    pub fn csrf_fits(&self, route: &str, binding: &str, token: &str) -> bool {
        let Ok(presented) = URL_SAFE_NO_PAD.decode(token) else { return false };
        let keys = self.ring.keys();
        presented.len() == 32
            && keys.csrf.iter().any(|key| key.tag(&[route.as_bytes(), binding.as_bytes()]).starts_with(&presented))
    }
}
