//! As much of D-Bus's wire format as the Secret Service needs (D-Bus specification, "Message Format"): little-endian on the
//! way out, either way in. Reads nothing without a limit.

/// A message is never larger: what is kept there is a key.
pub(super) const MOST: usize = 256 * 1024;
/// Nested values go no deeper.
const MOST_DEPTH: usize = 16;

/// A value, as far as it matters here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Array(Vec<Value>),
    Boolean(bool),
    Byte(u8),
    Number(u64),
    Struct(Vec<Value>),
    Text(String),
    Variant(Box<Value>),
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) | Self::Struct(items) => items,
            _ => &[],
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.items().iter().filter_map(|item| if let Self::Byte(byte) = item { Some(*byte) } else { None }).collect()
    }
}

/// Bytes under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn number(&mut self, number: u32) {
        self.align(4);
        self.0.extend(number.to_le_bytes());
    }

    /// A string or an object path.
    pub(super) fn text(&mut self, text: &str) {
        self.number(u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    pub(super) fn signature(&mut self, signature: &str) {
        self.0.push(u8::try_from(signature.len()).unwrap_or(u8::MAX));
        self.0.extend(signature.as_bytes());
        self.0.push(0);
    }

    pub(super) fn variant_text(&mut self, signature: &str, text: &str) {
        self.signature(signature);
        self.text(text);
    }

    /// An array whose elements are aligned so, written by `elements`.
    pub(super) fn array(&mut self, align: usize, elements: impl FnOnce(&mut Self)) {
        self.number(0);
        let length_at = self.0.len() - 4;
        self.align(align);
        let start = self.0.len();
        elements(self);
        let length = u32::try_from(self.0.len() - start).unwrap_or(u32::MAX);
        if let Some(place) = self.0.get_mut(length_at..length_at + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }

    /// `a{ss}`.
    pub(super) fn dictionary(&mut self, pairs: &[(&'static str, String)]) {
        self.array(8, |writer| {
            for (name, value) in pairs {
                writer.align(8);
                writer.text(name);
                writer.text(value);
            }
        });
    }
}

/// Bytes that came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    at: usize,
    big: bool,
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8], big: bool) -> Self {
        Self { at: 0, big, bytes }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    pub(super) fn align(&mut self, to: usize) -> Option<()> {
        self.take(self.at.next_multiple_of(to) - self.at).map(|_| ())
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        self.align(4)?;
        let bytes = self.take(4)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn text(&mut self, length: usize) -> Option<String> {
        let text = std::str::from_utf8(self.take(length)?).ok()?.to_owned();
        (self.byte()? == 0).then_some(text)
    }

    /// The values of a signature, one after the other.
    pub(super) fn all(&mut self, signature: &str) -> Option<Vec<Value>> {
        let (mut rest, mut values) = (signature.as_bytes(), Vec::new());
        while !rest.is_empty() {
            values.push(self.one(&mut rest, 0)?);
        }
        Some(values)
    }

    fn one(&mut self, signature: &mut &[u8], depth: usize) -> Option<Value> {
        if depth > MOST_DEPTH {
            return None;
        }
        let (code, rest) = signature.split_first()?;
        *signature = rest;
        Some(match code {
            b'y' => Value::Byte(self.byte()?),
            b'b' => Value::Boolean(self.number()? != 0),
            b'i' | b'u' | b'h' => Value::Number(self.number()?.into()),
            b'n' | b'q' => {
                self.align(2)?;
                self.take(2)?;
                Value::Number(0)
            }
            b't' | b'x' | b'd' => {
                self.align(8)?;
                let bytes = self.take(8)?.try_into().ok()?;
                Value::Number(if self.big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
            }
            b's' | b'o' => {
                let length = usize::try_from(self.number()?).ok()?;
                Value::Text(self.text(length)?)
            }
            b'g' => {
                let length = usize::from(self.byte()?);
                Value::Text(self.text(length)?)
            }
            b'v' => {
                let length = usize::from(self.byte()?);
                let inner = self.text(length)?;
                let mut inner = inner.as_bytes();
                Value::Variant(Box::new(self.one(&mut inner, depth + 1)?))
            }
            b'a' => self.array(signature, depth)?,
            b'(' | b'{' => {
                self.align(8)?;
                let close = if *code == b'(' { b')' } else { b'}' };
                let mut items = Vec::new();
                while *signature.first()? != close {
                    items.push(self.one(signature, depth + 1)?);
                }
                *signature = signature.get(1..)?;
                Value::Struct(items)
            }
            _ => return None,
        })
    }

    fn array(&mut self, signature: &mut &[u8], depth: usize) -> Option<Value> {
        let length = usize::try_from(self.number()?).ok().filter(|length| *length <= MOST)?;
        let element = element(signature)?;
        self.align(match element.first()? {
            b't' | b'x' | b'd' | b'(' | b'{' => 8,
            b'y' | b'g' | b'v' => 1,
            b'n' | b'q' => 2,
            _ => 4,
        })?;
        let end = self.at.checked_add(length)?;
        let mut items = Vec::new();
        while self.at < end {
            let mut one = element;
            items.push(self.one(&mut one, depth + 1)?);
        }
        *signature = signature.get(element.len()..)?;
        (self.at == end).then_some(Value::Array(items))
    }
}

/// The first complete type of a signature.
fn element<'a>(signature: &&'a [u8]) -> Option<&'a [u8]> {
    let (mut depth, mut length) = (0_usize, 0_usize);
    loop {
        match signature.get(length)? {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.checked_sub(1)?,
            b'a' => {
                length += 1;
                continue;
            }
            _ => {}
        }
        length += 1;
        if depth == 0 {
            return signature.get(..length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut writer = Writer::default();
        writer.byte(7);
        writer.dictionary(&[("application", "countersign".to_owned()), ("profile", "work".to_owned())]);
        writer.variant_text("s", "x");
        writer.array(1, |writer| writer.0.extend([1, 2, 3]));
        writer.number(9);
        let values = Reader::new(&writer.0, false).all("ya{ss}vayu").unwrap();
        assert_eq!(values[1].items()[1].items()[1].text(), Some("work"));
        assert_eq!(values[2], Value::Variant(Box::new(Value::Text("x".to_owned()))));
        assert_eq!((values[3].bytes(), &values[4]), (vec![1, 2, 3], &Value::Number(9)));
    }

    #[test]
    fn t26_no_message_is_read_without_a_limit_and_none_makes_the_reader_panic() {
        let signatures = ["a{oa{sv}}", "(oayays)", "v", "aaaaas", "bo", "ao(", "a", "z", "a{s", "vvvvvvvvv"];
        let mut state = 1_u64;
        for round in 0..20_000_usize {
            let bytes: Vec<u8> = (0..round % 64)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let byte = u8::try_from(state >> 56).unwrap();
                    if byte < 128 { byte % 8 } else { b"vas(){}y"[usize::from(byte % 8)] }
                })
                .collect();
            drop(Reader::new(&bytes, round % 2 == 0).all(signatures[round % signatures.len()]));
        }
        let nested = [1, b'v', 0].repeat(1000);
        assert_eq!(Reader::new(&nested, false).all("v"), None);
        assert_eq!(Reader::new(&[0xff; 8], false).all("ay"), None);
    }
}
