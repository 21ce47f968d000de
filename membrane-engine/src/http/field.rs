//! Secrets known by the name they stand under: in a query, a form, a JSON object, a part of a multipart body, an
//! XML element, an attribute.

use std::ops::Range;

/// What names of fields that hold a secret end with, in lower case and without what parts words.
const ENDINGS: &[&str] = &[
    "accesskey",
    "apikey",
    "authorization",
    "clientassertion",
    "codeverifier",
    "cookie",
    "jwt",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwordconfirmation",
    "privatekey",
    "privatekeypem",
    "pwd",
    "secret",
    "secretkey",
    "sessionid",
    "signingkey",
    "token",
];

/// Whole names that hold a secret.
const NAMES: &[&str] = &["pass"];

/// Whole names whose value only says where a list goes on.
const PLACES: &[&str] = &[
    "continuationtoken",
    "cursortoken",
    "deltatoken",
    "nextcontinuationtoken",
    "nextpagetoken",
    "nextsynctoken",
    "nexttoken",
    "pagetoken",
    "prevpagetoken",
    "previouspagetoken",
    "skiptoken",
    "synctoken",
];

/// Letters of a name that are compared.
const COMPARED: usize = 24;

/// Bytes of the headers of a part of a multipart body, behind its name.
const PART_HEADERS: usize = 256;

/// What ends a value that stands in no quotes.
const ENDS: &[u8] = b"&#\"\\<> \t\r\n";

/// Bytes of an element's attributes.
const ATTRIBUTES: usize = 256;

/// Where the value stands whose name ends before `end`, and whether it is a JSON value without quotes. `is_cut`
/// says that the text goes on.
pub(super) fn value_after(text: &[u8], end: usize, is_cut: bool) -> Option<(Range<usize>, bool)> {
    let name = text[..end].trim_ascii_end();
    let name = if text.get(end) == Some(&b'>') { tag(name) } else { name };
    // Nearly no text gets further than this.
    if !ends_one(name) {
        return None;
    }
    let (place, is_bare) = match text.get(end)? {
        b'=' => (is_secret(name).then(|| assigned(text, end + 1))?, false),
        b'>' => (is_element(name).then(|| content(text, end + 1))?, false),
        b'"' => {
            let behind = text[end + 1..].trim_ascii_start();
            match (behind.first()?, text.get(end + 1)?) {
                (b':', _) if is_secret(name) => {
                    json_value(text, text.len() - behind[1..].trim_ascii_start().len(), is_cut)?
                }
                (_, b'\r') if is_secret(name) => (part(text, end + 1)?, false),
                _ => return None,
            }
        }
        _ => return None,
    };
    (!place.is_empty()).then_some((place, is_bare))
}

/// The value behind `name=`, which may stand in quotes, also escaped ones.
fn assigned(text: &[u8], at: usize) -> Range<usize> {
    let at = at + text[at..].iter().take_while(|byte| **byte == b' ').count();
    let escapes = text[at..].iter().take_while(|byte| **byte == b'\\').count();
    match text.get(at + escapes) {
        Some(b'"') if escapes == 0 => at + 1..at + 1 + quoted(&text[at + 1..]),
        Some(b'\'') if escapes == 0 => until(text, at + 1, b"'"),
        Some(quote @ (b'"' | b'\'')) => until(text, at + escapes + 1, &[*quote, b'\\']),
        _ => until(text, at, ENDS),
    }
}

/// A text that ends within a tag, up to the element's name where attributes follow it.
fn tag(text: &[u8]) -> &[u8] {
    if !matches!(text.last(), Some(b'"' | b'\'')) {
        return text;
    }
    let begins = text.len().saturating_sub(ATTRIBUTES);
    let open = memchr::memrchr(b'<', &text[begins..]).map_or(begins, |at| begins + at);
    let name = text[open..].iter().position(u8::is_ascii_whitespace).unwrap_or(0);
    &text[..open + name]
}

/// What an element holds, as text or as CDATA.
fn content(text: &[u8], at: usize) -> Range<usize> {
    const CDATA: &[u8] = b"<![CDATA[";
    match text[at..].trim_ascii_start().strip_prefix(CDATA) {
        Some(inner) => {
            let at = text.len() - inner.len();
            at..at + memchr::memmem::find(inner, b"]]>").unwrap_or(inner.len())
        }
        None => until(text, at, b"<"),
    }
}

/// The value of a part of a multipart body ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)), whose headers go
/// on at `at`.
fn part(text: &[u8], at: usize) -> Option<Range<usize>> {
    let headers = &text[at..text.len().min(at + PART_HEADERS)];
    let start = at + memchr::memmem::find(headers, b"\r\n\r\n")? + 4;
    let end = memchr::memmem::find(&text[start..], b"\r\n--").map_or(text.len(), |length| start + length);
    Some(start..end)
}

/// The JSON value at a place; none where there is nothing to hide.
fn json_value(text: &[u8], at: usize, is_cut: bool) -> Option<(Range<usize>, bool)> {
    match text.get(at)? {
        b'"' => Some((at + 1..at + 1 + quoted(&text[at + 1..]), false)),
        b'-' | b'0'..=b'9' => {
            let digits = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
            Some((at..at + text[at..].iter().take_while(digits).count(), true))
        }
        b'[' | b'{' => {
            let length = enclosed(&text[at..]).or(is_cut.then_some(text.len() - at))?;
            let is_empty = text[at + 1..at + length].iter().all(|byte| matches!(byte, b']' | b'}' | b' '));
            (!is_empty).then_some((at..at + length, true))
        }
        _ => None,
    }
}

fn until(text: &[u8], at: usize, ends: &[u8]) -> Range<usize> {
    let value = &text[at..];
    at..at + value.iter().position(|byte| ends.contains(byte)).unwrap_or(value.len())
}

/// Whether a name that is looked for can end so: with the last two letters of one, or as `user[password]` or
/// `token2`. What parts words may stand between the letters.
fn ends_one(name: &[u8]) -> bool {
    let Some((last, before)) = name.split_last() else { return false };
    match (before.last().map(u8::to_ascii_lowercase), last.to_ascii_lowercase()) {
        (_, b']' | b'0'..=b'9') => true,
        (Some(before), last) if before.is_ascii_alphanumeric() => matches!(
            &[before, last],
            b"de"
                | b"em"
                | b"en"
                | b"er"
                | b"et"
                | b"ey"
                | b"id"
                | b"ie"
                | b"on"
                | b"rd"
                | b"se"
                | b"ss"
                | b"wd"
                | b"wt"
        ),
        (_, last) => matches!(last, b'd' | b'e' | b'm' | b'n' | b'r' | b's' | b't' | b'y'),
    }
}

/// Whether the name that a text ends with is one of a secret; of a name such as `user[password][]` any part.
fn is_secret(mut text: &[u8]) -> bool {
    while let Some(inner) = text.strip_suffix(b"]") {
        let within = &inner[inner.len().saturating_sub(2 * COMPARED)..];
        let Some(open) = memchr::memrchr(b'[', within) else { return false };
        if says_secret(&within[open + 1..]).0 {
            return true;
        }
        text = &text[..inner.len() - within.len() + open];
    }
    says_secret(text).0
}

/// Whether a text ends with `<name` or `<prefix:name` of a secret.
fn is_element(text: &[u8]) -> bool {
    let (says, before) = says_secret(text);
    let is_prefix = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b':';
    let prefix = text[..before].iter().rev().take(COMPARED).take_while(is_prefix).count();
    says && text[..before - prefix].last() == Some(&b'<')
}

/// Whether the plain name that a text ends with is one of a secret, and where that name begins.
fn says_secret(text: &[u8]) -> (bool, usize) {
    let mut letters = [0; COMPARED];
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    // So much may stand between the letters.
    let name = text.iter().rev().take(2 * COMPARED).take_while(is_name).count();
    let (begins, name) = (text.len() - name, &text[text.len() - name..]);
    let is_digit = |byte: &&u8| !byte.is_ascii_alphabetic();
    let name = &name[..name.len() - name.iter().rev().take_while(is_digit).count()];
    let from_behind = name.iter().rev().filter(|byte| byte.is_ascii_alphanumeric());
    let count = letters
        .iter_mut()
        .rev()
        .zip(from_behind)
        .map(|(place, byte)| *place = byte.to_ascii_lowercase())
        .count();
    let name = &letters[COMPARED - count..];
    let is = |names: &[&str]| names.iter().any(|known| known.as_bytes() == name);
    let ends = ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()));
    (is(NAMES) || ends && !is(PLACES), begins)
}

/// The length of a JSON text up to its closing quote.
fn quoted(value: &[u8]) -> usize {
    let mut length = 0;
    while let Some(byte) = value.get(length) {
        match byte {
            b'"' => break,
            b'\\' => length += 2,
            _ => length += 1,
        }
    }
    length.min(value.len())
}

/// The length of a JSON list or object with its brackets, if it ends.
fn enclosed(value: &[u8]) -> Option<usize> {
    let (mut length, mut depth) = (0, 0_usize);
    while let Some(byte) = value.get(length) {
        length += 1;
        match byte {
            b'"' => length += quoted(&value[length..]) + 1,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(length);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_fit_and_end_as_they_must() {
        for name in ENDINGS.iter().chain(NAMES).chain(PLACES) {
            assert!(name.len() <= COMPARED && ends_one(name.as_bytes()), "{name}");
            let (start, last) = name.split_at(name.len() - 1);
            for spelled in
                [name.to_uppercase(), format!("{start}_{last}"), format!("{name}2"), format!("{name}]")]
            {
                assert!(ends_one(spelled.as_bytes()), "{spelled}");
            }
        }
    }

    #[test]
    fn names_by_their_ending() {
        for name in [
            "token",
            "bot_token",
            "x.AccessToken",
            "user[password]",
            "DB-PASSWORD",
            "a[b][client_secret]",
            "token[]",
            "secret[value]",
            "token[0]",
            "facebook_page_token",
            "async_token",
            "homepageToken",
            "token_2",
            "pass",
        ] {
            assert!(is_secret(name.as_bytes()), "{name}");
        }
        for name in [
            "tokens",
            "token_type",
            "nextPageToken",
            "sync-token",
            "key",
            "secretary",
            "",
            "]",
            "[]",
            "compass",
        ] {
            assert!(!is_secret(name.as_bytes()), "{name}");
        }
    }

    /// The value behind the last character that can end a name of the text before the mark `|`.
    fn hidden(text: &str) -> Option<String> {
        let (before, after) = text.split_once('|').unwrap();
        let text = format!("{before}{after}");
        value_after(text.as_bytes(), before.len(), false).map(|(place, _)| text[place].to_owned())
    }

    #[test]
    fn whole_values() {
        for (text, value) in [
            (r#""secret|": {"a": ["}", "\"]"], "b": {}}, "n": 1"#, Some(r#"{"a": ["}", "\"]"], "b": {}}"#)),
            (r#""token|":[1,2"#, None),
            (r#""token|":null"#, None),
            (r#""token|":true"#, None),
            (r#""token|":"""#, None),
            (r#""token|":[]"#, None),
            (r#""password |":"s""#, Some("s")),
            (r#"token|="a secret with spaces" n"#, Some("a secret with spaces")),
            (r#"{"h":"Digest token|=\"hunter2\", n=1"}"#, Some("hunter2")),
            ("<request token|=\"s1\" password='s2'/>", Some("s1")),
            ("<request password|='s2'/>", Some("s2")),
            ("password |= s, n", Some("s,")),
            ("token|=&n=1", None),
            ("<x:token|>s</x:token>", Some("s")),
            ("<password|><![CDATA[a<b]]></password>", Some("a<b")),
            ("<ns:password type=\"t\"|>s</ns:password>", Some("s")),
            ("<a b='c'|>token</a>", None),
            (r"<a password|='pa\s2'>", Some(r"pa\s2")),
            ("password|=it's&n=1", Some("it's")),
            ("\"password|\"\r\n : \"s\"", Some("s")),
            ("a token|>5", None),
            ("name=\"password|\"\r\n\r\nhunter2\r\n--b", Some("hunter2")),
            ("name=\"token|\"\r\nContent-Type: text/plain\r\n\r\ns", Some("s")),
        ] {
            assert_eq!(hidden(text).as_deref(), value, "{text}");
        }
        assert_eq!(value_after(br#""token":[1,2"#, 6, true), Some((8..12, true)));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>, end in 0_usize..64, is_cut: bool) {
            if end <= bytes.len() && let Some((place, _)) = value_after(&bytes, end, is_cut) {
                proptest::prop_assert!(place.start < place.end && place.end <= bytes.len() && place.start > end);
            }
        }
    }
}
