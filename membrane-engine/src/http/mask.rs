//! Secrets taken out of text: by value in every spelling, and by the name they stand under.

use std::borrow::Cow;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, SERVER, USER_AGENT, VARY,
};
use http::{HeaderName, HeaderValue};
use membrane_core::{Error, Result};
use zeroize::Zeroizing;

use super::{field, spelling};

/// What stands where a secret stood.
pub(crate) const MARK: &str = "***";
const BARE_MARK: &str = "\"***\"";

/// Shorter values are no secrets, and would blank half of every text.
const SHORTEST: usize = 4;

/// Of a long text at most this much is kept behind what is shown.
pub(crate) const BEYOND: usize = 8 * 1024;

/// Shorter values are parts of names by chance.
const SHORTEST_IN_NAME: usize = 8;

/// A letter is spelled with at most this many (`\\u00f6` within JSON within JSON).
const LONGEST_SPELLING: usize = 12;

/// Headers that hold a secret whatever they say, lower case.
const HEADERS: &[&str] = &["authorization", "cookie", "proxy-authorization", "set-cookie"];

/// Headers that are often there and hold no secret by their name.
const PLAIN_HEADERS: &[HeaderName] =
    &[ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, DATE, USER_AGENT, SERVER, ETAG, CACHE_CONTROL, VARY];

/// Parts of names of headers that hold a secret.
const HEADER_PARTS: &[&str] =
    &["api-key", "apikey", "api_key", "credential", "password", "secret", "session", "signature", "token"];

/// Finds the secrets of one target, in time that grows with the text alone.
pub(crate) struct Mask {
    secrets: Option<AhoCorasick>,
    /// The secrets one by one, for the end of a text that was cut.
    each: Vec<Zeroizing<String>>,
    /// Behind what is shown of a long text, every other secret ends within so many bytes.
    reach: usize,
    /// Whether `+` may stand for a part of a secret.
    has_space: bool,
    /// Secrets in lower case that can stand in a header's name.
    names: Option<AhoCorasick>,
}

impl Mask {
    /// Takes the secrets, and derives the base64 forms they can appear in.
    ///
    /// # Errors
    /// `Configuration` when they are too many to look for.
    pub(crate) fn new<'s>(values: impl IntoIterator<Item = &'s str>) -> Result<Self> {
        let (mut texts, mut names) = (Vec::new(), Vec::new());
        for value in values {
            if value.len() >= SHORTEST_IN_NAME && HeaderName::from_bytes(value.as_bytes()).is_ok() {
                names.push(Zeroizing::new(value.to_ascii_lowercase()));
            }
            if value.len() < SHORTEST {
                continue;
            }
            for offset in 0..3 {
                texts.extend(base64_cores(value, offset).into_iter().map(Zeroizing::new));
            }
            texts.push(Zeroizing::new(value.to_owned()));
        }
        if texts.is_empty() {
            return Ok(Self { secrets: None, each: Vec::new(), reach: 0, has_space: false, names: None });
        }
        let has_space = texts.iter().any(|text| text.contains(' '));
        let patterns = texts.iter().map(|text| text.as_bytes());
        // Longest first, so that a secret that begins with another is taken whole.
        let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        let too_many = |_| Error::configuration("the credentials hold more secrets than can be masked");
        let secrets = built.map_err(too_many)?;
        let names = match names.is_empty() {
            true => None,
            false => Some(AhoCorasick::new(names.iter().map(|name| name.as_bytes())).map_err(too_many)?),
        };
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let reach = BEYOND.min(longest * LONGEST_SPELLING);
        Ok(Self { secrets: Some(secrets), each: texts, reach, has_space, names })
    }

    /// How much of a long text is to be kept behind what is shown of it, at most [`BEYOND`].
    pub(crate) fn reach(&self) -> usize {
        self.reach
    }

    /// Masks a text.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.scan(text.as_bytes(), usize::MAX, false) {
            Some(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
            None => Cow::Borrowed(text),
        }
    }

    /// Masks what is said of an exchange in an error. It may be the start of a longer text, cut within a secret:
    /// an end that is the beginning of one is masked too.
    pub(crate) fn said<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let masked = self.text(text);
        let ends = self.each.iter().filter_map(|secret| begun(masked.as_bytes(), secret.as_bytes()));
        match ends.min().and_then(|start| masked.get(..start)) {
            Some(start) => Cow::Owned(format!("{start}{MARK}")),
            None => masked,
        }
    }

    /// Masks the first `limit` bytes of a text that `is_cut` at its end. A secret that the limit or the cut
    /// parts is masked too.
    pub(crate) fn bytes<'t>(&self, bytes: &'t [u8], limit: usize, is_cut: bool) -> Cow<'t, str> {
        match self.scan(bytes, limit, is_cut) {
            Some(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
            None => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(bytes),
            },
        }
    }

    /// Masks a header's name, which is in lower case whatever the secret is.
    pub(crate) fn header_name<'t>(&self, name: &'t HeaderName) -> Cow<'t, str> {
        let is_secret = |names: &AhoCorasick| !PLAIN_HEADERS.contains(name) && names.is_match(name.as_str());
        match self.names.as_ref().is_some_and(is_secret) {
            true => Cow::Borrowed(MARK),
            false => Cow::Borrowed(name.as_str()),
        }
    }

    /// Masks a header's value.
    pub(crate) fn header<'t>(&self, name: &HeaderName, value: &'t HeaderValue) -> Cow<'t, str> {
        let known = |part: &&str| name.as_str().contains(part);
        let is_plain = PLAIN_HEADERS.contains(name);
        if value.is_sensitive()
            || !is_plain && (HEADERS.contains(&name.as_str()) || HEADER_PARTS.iter().any(known))
        {
            return Cow::Borrowed(MARK);
        }
        self.bytes(value.as_bytes(), usize::MAX, false)
    }

    /// The masked bytes up to `limit` of the input, or nothing when they are the input as it is.
    fn scan(&self, input: &[u8], limit: usize, is_cut: bool) -> Option<Vec<u8>> {
        let end = input.len().min(limit);
        let mut spans = self.spans(input, is_cut);
        spans.retain(|span| span.place.start < end);
        if spans.is_empty() {
            return (end < input.len()).then(|| input[..end].to_vec());
        }
        spans.sort_unstable_by_key(|span| (span.place.start, span.place.end));
        let mut out = Vec::with_capacity(end);
        let mut copied = None;
        for Span { place, is_bare } in spans {
            // What begins within another one is part of it.
            if copied.is_none_or(|copied| place.start >= copied) && copied != Some(place.end) {
                out.extend_from_slice(&input[copied.unwrap_or(0)..place.start]);
                out.extend_from_slice(if is_bare { BARE_MARK } else { MARK }.as_bytes());
            }
            copied = copied.max(Some(place.end));
        }
        if let Some(rest) = input.get(copied.unwrap_or(0)..end) {
            out.extend_from_slice(rest);
        }
        Some(out)
    }

    /// Where secrets stand, in no order and perhaps within one another.
    fn spans(&self, input: &[u8], is_cut: bool) -> Vec<Span> {
        let mut spans = self.spans_as_written(input, is_cut);
        for spelled in spelling::readings(input, self.has_space) {
            for Span { place, is_bare } in self.spans_as_written(&spelled.text, is_cut) {
                let place = spelled.place(place);
                // What is quoted within a text ends with that text, and needs no quotes of ours.
                if !is_bare || !has_quote(&input[place.clone()]) {
                    spans.push(Span { place, is_bare: false });
                }
            }
        }
        spans
    }

    fn spans_as_written(&self, text: &[u8], is_cut: bool) -> Vec<Span> {
        let within = |place| Span { place, is_bare: false };
        // Most headers are shorter than any secret.
        let secrets = self.secrets.iter().filter(|secrets| text.len() >= secrets.min_pattern_len());
        let found = secrets.flat_map(|secrets| secrets.find_iter(text));
        let mut spans: Vec<Span> = found.map(|found| within(found.range())).collect();
        if is_cut {
            // Secrets that may not end within what is kept of a long text, however they are spelled.
            let long = self.each.iter().filter(|secret| secret.len() > BEYOND / LONGEST_SPELLING);
            let begun = long.filter_map(|secret| begun(text, secret.as_bytes()));
            spans.extend(begun.map(|start| within(start..text.len())));
        }
        // A name ends before one of these. Within a value there is nothing to look for.
        let mut until = 0;
        for at in memchr::memchr3_iter(b'"', b'=', b'>', text) {
            if at >= until
                && let Some((place, is_bare)) = field::value_after(text, at, is_cut)
            {
                until = place.end;
                spans.push(Span { place, is_bare });
            }
        }
        spans
    }
}

/// A place to mask.
struct Span {
    place: Range<usize>,
    /// A JSON value without quotes, whose mark brings its own.
    is_bare: bool,
}

/// Whether a quote stands here that no `\\` escapes.
fn has_quote(text: &[u8]) -> bool {
    memchr::memchr_iter(b'"', text).any(|at| at == 0 || text[at - 1] != b'\\')
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

/// The start of the longest end of a text that is the beginning of a secret, if one of [`SHORTEST`] bytes is.
fn begun(text: &[u8], secret: &[u8]) -> Option<usize> {
    let from = text.len().saturating_sub(secret.len());
    let first = secret.first()?;
    memchr::memchr_iter(*first, &text[from..])
        .map(|at| from + at)
        .take_while(|at| text.len() - at >= SHORTEST)
        .find(|at| secret.starts_with(&text[*at..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(secret: &str, text: &str) -> String {
        Mask::new([secret]).unwrap().text(text).into_owned()
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
        let none = Mask::new([]).unwrap();
        let text = r#"{"access_token" : "a\"b", "token_type":"x", "next":"https://h/p?api_key=zz&n=1"}"#;
        let want = r#"{"access_token" : "***", "token_type":"x", "next":"https://h/p?api_key=***&n=1"}"#;
        assert_eq!(none.text(text), want);
        assert_eq!(none.text("client_secret=abc&code=1"), "client_secret=***&code=1");
        assert_eq!(none.text("user[password]=abc&pageToken=1"), "user[password]=***&pageToken=1");
        assert_eq!(
            none.text(r#"{"bot":{"bot_token":{"v":"x"}},"n":1}"#),
            r#"{"bot":{"bot_token":"***"},"n":1}"#
        );
        let open = r#"{"text":"see \"token\": [1","id":7,"rest":[1,2,3],"more":"kept"}"#;
        for text in [r#"{"nextPageToken":"n2"}"#, open] {
            assert_eq!(none.text(text), text);
        }
        let inner = r#"{"body":"{\"token\":[\"a\"],\"n\":1}"}"#;
        assert_eq!(none.text(inner), r#"{"body":"{\"token\":***,\"n\":1}"}"#);
        let graphql = r#"{"query":"mutation { login(token=\"hunter2\") { id } }"}"#;
        assert_eq!(none.text(graphql), r#"{"query":"mutation { login(token=\"***\") { id } }"}"#);
        assert!(matches!(none.text("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_cut_secret_is_masked_whole() {
        let mask = Mask::new(["abcdefgh"]).unwrap();
        assert_eq!(mask.bytes(b"xxabcdefghyy", 5, false), "xx***");
        assert_eq!(mask.bytes(b"xxabcdefghyy", 11, false), "xx***y");
        assert_eq!(mask.bytes(b"xx", 5, false), "xx");
    }

    #[test]
    fn longest_first_and_short_ones_left() {
        let mask = Mask::new(["token", "token-long", "abc"]).unwrap();
        assert_eq!(mask.text("token-long token abc"), "*** *** abc");
    }

    #[test]
    fn a_secret_in_the_name_of_a_header() {
        let mask = Mask::new(["S3cr3t-Value", "github"]).unwrap();
        for (name, shown) in
            [("x-s3cr3t-value-1", MARK), ("x-github-request-id", "x-github-request-id"), ("date", "date")]
        {
            assert_eq!(mask.header_name(&HeaderName::from_static(name)), shown);
        }
    }

    #[test]
    fn a_key_of_several_lines_and_text_within_text() {
        let key = "-----BEGIN KEY-----\nMIIE/abc+def\n-----END KEY-----\n";
        let once = serde_json::to_string(&json!({ "key": key })).unwrap();
        let twice = serde_json::to_string(&json!({ "body": once })).unwrap();
        let encoded = url::form_urlencoded::byte_serialize(key.as_bytes()).collect::<String>();
        for text in [key.to_owned(), once, twice, format!("k={encoded}&n=1")] {
            let masked = masked(key, &text);
            assert!(masked.contains(MARK) && !masked.contains("MIIE"), "{masked}");
        }
        let inner = r#"{"body":"{\"password\":\"hunter2\",\"n\":1}"}"#;
        assert_eq!(masked("unrelated", inner), r#"{"body":"{\"password\":\"***\",\"n\":1}"}"#);
    }

    #[test]
    fn a_secret_longer_than_what_is_kept() {
        let secret: String = (0..6000).map(|n| format!("{n:04x}")).collect();
        let mask = Mask::new([secret.as_str()]).unwrap();
        for text in
            [format!("ab {secret}"), serde_json::to_string(&json!({"k": format!("\n{secret}")})).unwrap()]
        {
            let shown = mask.bytes(&text.as_bytes()[..20_000], 16_000, true);
            assert!(shown.len() < 20 && shown.ends_with(MARK), "{shown}");
        }
        assert_eq!(mask.bytes(b"nothing of it 0000", 100, true), "nothing of it ***");
    }

    #[test]
    fn what_is_said_may_end_within_a_secret() {
        let mask = Mask::new(["tok-ABCDEFGHIJKLMNOP", "other"]).unwrap();
        for (said, shown) in [
            ("X answered 500: no tok-ABCDEFGH", "X answered 500: no ***"),
            ("X answered 500: no tok-ABCDEFGHIJKLMNOP", "X answered 500: no ***"),
            ("no tok", "no tok"),
            ("no tok-", "no ***"),
            ("é tok-ABCD é", "é tok-ABCD é"),
        ] {
            assert_eq!(mask.said(said), shown);
        }
    }

    #[test]
    fn one_coding_within_another() {
        let key = "-----BEGIN\nMIIsecretline\nEND";
        let payload = serde_json::to_string(&json!({ "k": key })).unwrap();
        let form = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect::<String>();
        let out = masked(key, &format!("payload={form}&n=1"));
        assert!(out.ends_with("&n=1") && out.contains(MARK) && !out.contains("MII"), "{out}");
    }

    #[test]
    fn names_in_every_style_and_values_of_every_type() {
        let none = Mask::new([]).unwrap();
        let text = r#"{"accessToken":"a1","refresh-token":"b2","Secret":"c3","password":12345678,"token_type":"d4"}"#;
        let want = r#"{"accessToken":"***","refresh-token":"***","Secret":"***","password":"***","token_type":"d4"}"#;
        assert_eq!(none.text(text), want);
        assert_eq!(none.text(&"?password=".repeat(20_000)).len(), "?password=***".len());
    }

    proptest::proptest! {
        #[test]
        fn no_spelling_gets_through(
            secret in "[!-~]{4,24}",
            before in "[a-z ]{0,8}",
            after in "[a-z ]{0,8}",
        ) {
            let json = serde_json::to_string(&format!("{before}{secret}{after}")).unwrap();
            let form = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>();
            for text in [format!("{before}{secret}{after}"), json, format!("{before}{form}{after}")] {
                proptest::prop_assert!(masked(&secret, &text).contains(MARK), "{}", text);
            }
        }

        #[test]
        fn any_bytes(secret in ".{4,8}", bytes: Vec<u8>, limit in 0_usize..64) {
            let mask = Mask::new([secret.as_str()]).unwrap();
            let _ = mask.bytes(&bytes, limit, limit % 2 == 0);
        }
    }
}
