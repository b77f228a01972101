//! base64url as RFC 7515 §2 wants it: no padding, no other alphabet, no stray bits in the last character.
//! So a value has exactly one spelling, and comparing text is comparing bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn encode_onto(bytes: impl AsRef<[u8]>, out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn jw_17_only_the_one_spelling_of_a_value_is_accepted() {
        assert_eq!(decode("_-8").as_deref(), Some(&[0xff, 0xef][..]));
        assert_eq!(encode([0xff, 0xef]), "_-8");
        for other in ["_-8=", "_-9", "/+8", "_-8\n", " _-8", "_-8A_", "ä"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }
}
