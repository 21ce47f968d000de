//! Secrets known by the name they stand under, in a query, a form or a JSON object.

use std::ops::Range;

/// What names of fields that hold a secret end with, in lower case and without what parts words.
const ENDINGS: &[&str] = &[
    "accesskey",
    "apikey",
    "clientassertion",
    "codeverifier",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "secretkey",
    "signingkey",
    "token",
];

/// Names with such an ending whose value says where a list goes on, and is no secret.
const PLAIN: &[&str] =
    &["continuationtoken", "deltatoken", "nexttoken", "pagetoken", "skiptoken", "synctoken"];

/// Letters of a name that are compared.
const COMPARED: usize = 17;

/// Where the value stands whose name ends before `end`: after the `=` there, or after `":`; and whether it is a
/// JSON value without quotes.
pub(super) fn value_after(text: &[u8], end: usize) -> Option<(Range<usize>, bool)> {
    // Nearly no text gets further than this.
    if !ends_one(*text.get(end.checked_sub(1)?)?) {
        return None;
    }
    match text.get(end)? {
        b'=' => {
            is_secret(&text[..end]).then_some(())?;
            let at = end + 1;
            let ends = |byte: &u8| matches!(byte, b'&' | b'#' | b'"' | b' ' | b'\n');
            let value = &text[at..];
            Some((at..at + value.iter().position(ends).unwrap_or(value.len()), false))
        }
        b'"' => {
            let mut at = end + 1;
            at += space(&text[at..]);
            (text.get(at) == Some(&b':')).then_some(())?;
            is_secret(&text[..end]).then_some(())?;
            at += 1;
            at += space(&text[at..]);
            json_value(text, at)
        }
        _ => None,
    }
}

/// The JSON value at a place; none where there is nothing to hide.
fn json_value(text: &[u8], at: usize) -> Option<(Range<usize>, bool)> {
    match text.get(at)? {
        b'"' => Some((at + 1..at + 1 + quoted(&text[at + 1..]), false)),
        b'-' | b'0'..=b'9' => {
            let digits = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
            Some((at..at + text[at..].iter().take_while(digits).count(), true))
        }
        b'[' | b'{' => Some((at..at + enclosed(&text[at..]), true)),
        _ => None,
    }
}

fn space(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Whether a name that is looked for can end so: with the last letter of an ending, or as `user[password]`.
fn ends_one(byte: u8) -> bool {
    matches!(byte | 0x20, b'd' | b'e' | b'n' | b'r' | b't' | b'y') || byte == b']'
}

/// Whether the name that a text ends with is one of a secret.
fn is_secret(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"]").unwrap_or(text);
    let mut letters = [0; COMPARED];
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    // So much may stand between the letters.
    let name = text.iter().rev().take(2 * COMPARED).take_while(is_name);
    let from_behind = letters.iter_mut().rev().zip(name.filter(|byte| byte.is_ascii_alphanumeric()));
    let count = from_behind.map(|(place, letter)| *place = letter.to_ascii_lowercase()).count();
    let name = &letters[COMPARED - count..];
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending.as_bytes()));
    ends(ENDINGS) && !ends(PLAIN)
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

/// The length of a JSON list or object with its brackets; all there is when it does not end.
fn enclosed(value: &[u8]) -> usize {
    let (mut length, mut depth) = (0, 0_usize);
    while let Some(byte) = value.get(length) {
        length += 1;
        match byte {
            b'"' => length += quoted(&value[length..]) + 1,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    length.min(value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_fit_and_end_as_they_must() {
        for name in ENDINGS.iter().chain(PLAIN) {
            assert!(name.len() <= COMPARED && ends_one(name.as_bytes()[name.len() - 1]), "{name}");
        }
    }

    #[test]
    fn names_by_their_ending() {
        for name in
            ["token", "bot_token", "x.AccessToken", "user[password]", "DB-PASSWORD", "a[b][client_secret]"]
        {
            assert!(is_secret(name.as_bytes()), "{name}");
        }
        for name in ["tokens", "token_type", "nextPageToken", "sync-token", "key", "secretary", "", "]"] {
            assert!(!is_secret(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn whole_values() {
        let shown = |text: &str| {
            let end = text.find("\":").unwrap();
            value_after(text.as_bytes(), end).map(|(place, bare)| (text[place].to_owned(), bare))
        };
        assert_eq!(
            shown(r#""secret": {"a": ["}", "\"]"], "b": {}}, "n": 1"#).unwrap().0,
            r#"{"a": ["}", "\"]"], "b": {}}"#
        );
        assert_eq!(shown(r#""token":[1,2"#).unwrap(), ("[1,2".to_owned(), true));
        assert_eq!(shown(r#""token":null"#), None);
        assert_eq!(shown(r#""token":true"#), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>, end in 0_usize..64) {
            if let Some((place, _)) = value_after(&bytes, end) {
                proptest::prop_assert!(place.start <= place.end && place.end <= bytes.len() && place.start > end);
            }
        }
    }
}
