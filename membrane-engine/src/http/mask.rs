//! Secrets taken out of text: by value in every spelling, and by the name they stand under.

use std::borrow::Cow;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use http::{HeaderName, HeaderValue};
use membrane_core::Secret;

/// What stands where a secret stood.
const MARK: &str = "***";

/// Shorter values are no secrets, and would blank half of every text.
const SHORTEST: usize = 4;

/// Fields that hold a secret in a query, a form or a JSON object, lower case.
const FIELDS: &[&str] = &[
    "access_token",
    "api_key",
    "apikey",
    "client_assertion",
    "client_secret",
    "code_verifier",
    "id_token",
    "password",
    "private_key",
    "refresh_token",
];

/// Headers that hold a secret whatever they say, lower case.
const HEADERS: &[&str] = &["authorization", "cookie", "proxy-authorization", "set-cookie"];

/// Parts of names of headers that hold a secret.
const HEADER_PARTS: &[&str] =
    &["api-key", "apikey", "api_key", "credential", "password", "secret", "session", "signature", "token"];

/// Finds the secrets of one target.
pub(crate) struct Mask {
    /// Longest first, so that a secret that begins with another is taken whole.
    secrets: Vec<Secret<String>>,
}

impl Mask {
    /// Takes the secrets, and derives the base64 forms they can appear in.
    pub(crate) fn new<'s>(values: impl IntoIterator<Item = &'s str>) -> Self {
        let mut texts = Vec::new();
        for value in values {
            if value.len() < SHORTEST {
                continue;
            }
            texts.push(value.to_owned());
            for offset in 0..3 {
                texts.extend(base64_cores(value, offset));
            }
        }
        texts.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        texts.dedup();
        Self { secrets: texts.into_iter().map(Secret::new).collect() }
    }

    /// Masks a text.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.scan(text.as_bytes(), usize::MAX) {
            Some(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
            None => Cow::Borrowed(text),
        }
    }

    /// Masks the first `limit` bytes. A secret that the limit cuts in two is masked too.
    pub(crate) fn bytes(&self, bytes: &[u8], limit: usize) -> String {
        match self.scan(bytes, limit) {
            Some(masked) => String::from_utf8_lossy(&masked).into_owned(),
            None => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// Masks a header's value.
    pub(crate) fn header(&self, name: &HeaderName, value: &HeaderValue) -> String {
        let known = |part: &&str| name.as_str().contains(part);
        if value.is_sensitive() || HEADERS.contains(&name.as_str()) || HEADER_PARTS.iter().any(known) {
            return MARK.to_owned();
        }
        self.bytes(value.as_bytes(), usize::MAX)
    }

    /// The masked bytes up to `limit` of the input, or nothing when they are the input as it is.
    fn scan(&self, input: &[u8], limit: usize) -> Option<Vec<u8>> {
        let end = input.len().min(limit);
        let mut out: Option<Vec<u8>> = (end < input.len()).then(|| Vec::with_capacity(end));
        let (mut at, mut copied) = (0, 0);
        while at < end {
            let Some((keep, skip)) = self.found(input, at) else {
                at += 1;
                continue;
            };
            let out = out.get_or_insert_with(|| Vec::with_capacity(end));
            out.extend_from_slice(&input[copied..at + keep]);
            out.extend_from_slice(MARK.as_bytes());
            at += keep + skip;
            copied = at;
        }
        if let (Some(out), true) = (&mut out, copied < end) {
            out.extend_from_slice(&input[copied..end]);
        }
        out
    }

    /// What to keep and what to mask at this place, when there is something to mask.
    fn found(&self, input: &[u8], at: usize) -> Option<(usize, usize)> {
        let rest = &input[at..];
        let secret = self.secrets.iter().find_map(|secret| spelled(rest, secret.expose()));
        secret.map(|length| (0, length)).or_else(|| {
            let before = at.checked_sub(1).map(|before| input[before]);
            matches!(before, None | Some(b'"' | b'&' | b'?')).then(|| field(rest, before == Some(b'"')))?
        })
    }
}

/// The part of a secret's base64 form that does not depend on what stands around it, when `offset` bytes
/// stand before it in its group of three; in both alphabets.
fn base64_cores(secret: &str, offset: usize) -> Vec<String> {
    // Fewer characters occur in other data by chance.
    const SHORTEST_CORE: usize = 8;
    let mut padded = vec![0; offset];
    padded.extend_from_slice(secret.as_bytes());
    let from = (offset * 8).div_ceil(6);
    let to = padded.len() * 8 / 6;
    if to < from + SHORTEST_CORE {
        return Vec::new();
    }
    [BASE64_NOPAD.encode(&padded), BASE64URL_NOPAD.encode(&padded)]
        .iter()
        .filter_map(|text| text.get(from..to).map(str::to_owned))
        .collect()
}

/// How many bytes at the start of `text` spell `secret`: as it is, or with any of its characters
/// percent-encoded, `+` for a space, or escaped as in JSON.
fn spelled(text: &[u8], secret: &str) -> Option<usize> {
    let first = secret.as_bytes().first()?;
    let start = text.first()?;
    if start != first && !matches!(start, b'%' | b'\\' | b'+') {
        return None;
    }
    if text.starts_with(secret.as_bytes()) {
        return Some(secret.len());
    }
    let mut at = 0;
    for letter in secret.chars() {
        at += spelled_letter(&text[at..], letter)?;
    }
    Some(at)
}

fn spelled_letter(text: &[u8], letter: char) -> Option<usize> {
    match text {
        [b'\\', b'u', ..] => {
            let mut at = 0;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let digits = text[at..].strip_prefix(b"\\u").and_then(|rest| rest.get(..4))?;
                let digits = std::str::from_utf8(digits).ok()?;
                at += 6;
                (u16::from_str_radix(digits, 16) == Ok(*unit)).then_some(())?;
            }
            return Some(at);
        }
        [b'\\', escaped, ..] if letter == char::from(*escaped) && matches!(escaped, b'"' | b'/' | b'\\') => {
            return Some(2);
        }
        [b'+', ..] if letter == ' ' => return Some(1),
        _ => {}
    }
    let mut at = 0;
    for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
        at += match &text[at..] {
            [b'%', high, low, ..] if hex(*high, *low) == Some(byte) => 3,
            [raw, ..] if *raw == byte => 1,
            _ => return None,
        };
    }
    Some(at)
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The length of `name=` or `name": "` and of the value after it, when the name is one of [`FIELDS`].
fn field(text: &[u8], quoted: bool) -> Option<(usize, usize)> {
    let starts =
        |name: &&&str| text.get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name.as_bytes()));
    let mut at = FIELDS.iter().find(starts)?.len();
    if text.get(at) == Some(&b'=') {
        at += 1;
        let ends = |byte: &u8| matches!(byte, b'&' | b'#' | b'"' | b' ' | b'\n');
        let value = &text[at..];
        return Some((at, value.iter().position(ends).unwrap_or(value.len())));
    }
    if !quoted || text.get(at) != Some(&b'"') {
        return None;
    }
    at += 1;
    let space = |at: usize| text[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    at += space(at);
    (text.get(at) == Some(&b':')).then_some(())?;
    at += 1;
    at += space(at);
    (text.get(at) == Some(&b'"')).then_some(())?;
    at += 1;
    let value = &text[at..];
    let mut length = 0;
    while let Some(byte) = value.get(length) {
        match byte {
            b'"' => break,
            b'\\' => length += 2,
            _ => length += 1,
        }
    }
    Some((at, length.min(value.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secret: &str, text: &str) -> String {
        Mask::new([secret]).text(text).into_owned()
    }

    #[test]
    fn every_spelling_of_a_value() {
        let secret = "p@ss w/ö\"rd+1";
        for spelling in [
            secret,
            "p%40ss+w%2F%C3%B6%22rd%2B1",
            "p%40ss%20w%2f%c3%b6%22rd%2b1",
            "p@ss w\\/ö\\\"rd+1",
            "p@ss w/\\u00f6\\u0022rd+1",
        ] {
            assert_eq!(masked(secret, &format!("a {spelling} b")), "a *** b", "{spelling}");
        }
    }

    #[test]
    fn base64_at_every_offset() {
        for before in ["", "u", "us", "user:"] {
            for after in ["", ":", "::", ":::"] {
                let text = BASE64_NOPAD.encode(format!("{before}s3cr3t-value-9{after}").as_bytes());
                let out = masked("s3cr3t-value-9", &format!("Basic {text}"));
                assert!(out.contains(MARK) && out.len() < 6 + 16, "{out}");
            }
        }
    }

    #[test]
    fn fields_by_name() {
        let none = Mask::new([]);
        let text = r#"{"access_token" : "a\"b", "token_type":"x", "next":"https://h/p?api_key=zz&n=1"}"#;
        let want = r#"{"access_token" : "***", "token_type":"x", "next":"https://h/p?api_key=***&n=1"}"#;
        assert_eq!(none.text(text), want);
        assert_eq!(none.text("client_secret=abc&code=1"), "client_secret=***&code=1");
        assert!(matches!(none.text("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_cut_secret_is_masked_whole() {
        let mask = Mask::new(["abcdefgh"]);
        assert_eq!(mask.bytes(b"xxabcdefghyy", 5), "xx***");
        assert_eq!(mask.bytes(b"xxabcdefghyy", 11), "xx***y");
        assert_eq!(mask.bytes(b"xx", 5), "xx");
    }

    #[test]
    fn longest_first_and_short_ones_left() {
        let mask = Mask::new(["token", "token-long", "abc"]);
        assert_eq!(mask.text("token-long token abc"), "*** *** abc");
    }
}
