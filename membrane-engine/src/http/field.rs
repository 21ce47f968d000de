//! Secrets known by the name they stand under, in a query, a form or a JSON object.

use std::ops::Range;

/// Names of fields that hold a secret, in lower case and without `_` and `-`.
const FIELDS: &[&str] = &[
    "accesstoken",
    "apikey",
    "apitoken",
    "authtoken",
    "clientassertion",
    "clientsecret",
    "codeverifier",
    "idtoken",
    "passwd",
    "password",
    "privatekey",
    "refreshtoken",
    "secret",
    "secretkey",
    "token",
];

/// The longest of [`FIELDS`], and what may stand between its words.
const LONGEST: usize = 24;

/// Whether a name that is looked for can begin so.
fn begins_one(byte: u8) -> bool {
    matches!(byte | 0x20, b'a' | b'c' | b'i' | b'p' | b'r' | b's' | b't')
        // What a name of these begins with does not count: `_token` is one too.
        || matches!(byte, b'_' | b'-')
}

/// Where the value stands whose name, one of [`FIELDS`] in any style, is at `start`: after `name=`, or after
/// `"name":`; and whether it is a JSON value without quotes.
pub(super) fn value_of(text: &[u8], start: usize) -> Option<(Range<usize>, bool)> {
    if !begins_one(*text.get(start)?) {
        return None;
    }
    let name = text[start..].iter().take(LONGEST).take_while(|byte| is_name(**byte)).count();
    let mut at = start + name;
    let before = start.checked_sub(1).map(|before| text[before]);
    match text.get(at)? {
        b'=' => is_secret(&text[start..at]).then_some(())?,
        b'"' if before == Some(b'"') => is_secret(&text[start..at]).then_some(())?,
        _ => return None,
    }
    if text[at] == b'=' {
        at += 1;
        let ends = |byte: &u8| matches!(byte, b'&' | b'#' | b'"' | b' ' | b'\n');
        let value = &text[at..];
        return Some((at..at + value.iter().position(ends).unwrap_or(value.len()), false));
    }
    let space = |at: usize| text[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    at += 1;
    at += space(at);
    (text.get(at) == Some(&b':')).then_some(())?;
    at += 1;
    at += space(at);
    match text.get(at)? {
        b'"' => {
            at += 1;
            Some((at..at + quoted(&text[at..]), false))
        }
        b'-' | b'0'..=b'9' => {
            let digits = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
            Some((at..at + text[at..].iter().take_while(digits).count(), true))
        }
        _ => None,
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_secret(name: &[u8]) -> bool {
    let mut plain = [0; LONGEST];
    let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let length = letters.zip(&mut plain).map(|(letter, place)| *place = letter.to_ascii_lowercase()).count();
    let name = &plain[..length];
    FIELDS.iter().any(|field| field.len() == length && field.as_bytes() == name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_fit_and_begin_as_they_must() {
        assert!(FIELDS.iter().all(|field| field.len() + 4 <= LONGEST));
        assert!(FIELDS.iter().all(|field| begins_one(field.as_bytes()[0])));
    }
}
