//! Text as whoever decodes it reads it, and where each byte of that stands in the text.

use std::ops::Range;

/// A decoded text.
pub(super) struct Reading {
    pub(super) text: Vec<u8>,
    /// Where each byte of the text begins in the input, and where the input ends.
    starts: Vec<usize>,
}

impl Reading {
    /// Where a part of the decoded text stands in the input.
    pub(super) fn place(&self, part: Range<usize>) -> Range<usize> {
        self.starts[part.start]..self.starts[part.end]
    }

    /// This reading of a reading of the input, as a reading of the input.
    fn within(mut self, outer: &Self) -> Self {
        for start in &mut self.starts {
            *start = outer.starts[*start];
        }
        self
    }
}

/// How a text is decoded.
#[derive(Clone, Copy)]
enum Coding {
    /// RFC 8259 §7: `\n`, `\u00f6` and the like.
    Json,
    /// `%2F`; with `plus`, `+` for a space as in forms.
    Percent { plus: bool },
}

/// Codings within one another that are undone.
const DEEP: usize = 2;

/// The other ways to read this text: JSON, percent-encoded, and one within the other. Only those that differ
/// from the text.
pub(super) fn readings(input: &[u8], plus: bool) -> Vec<Reading> {
    // Most texts are as they stand.
    if memchr::memchr2(b'\\', b'%', input).is_none() && !(plus && memchr::memchr(b'+', input).is_some()) {
        return Vec::new();
    }
    let codings = [Coding::Json, Coding::Percent { plus: false }, Coding::Percent { plus: true }];
    let codings = if plus { &codings[..] } else { &codings[..2] };
    let mut readings: Vec<Reading> = codings.iter().filter_map(|coding| read(input, *coding)).collect();
    let mut from = 0;
    for _ in 1..DEEP {
        let until = readings.len();
        for outer in from..until {
            let inner = codings.iter().filter_map(|coding| read(&readings[outer].text, *coding));
            let inner: Vec<Reading> = inner.map(|inner| inner.within(&readings[outer])).collect();
            readings.extend(inner);
        }
        from = until;
    }
    readings
}

/// Decodes a text; nothing when it stays as it is. What is no valid escape stands for itself.
fn read(input: &[u8], coding: Coding) -> Option<Reading> {
    let begins = |byte: u8| match coding {
        Coding::Json => byte == b'\\',
        Coding::Percent { plus } => byte == b'%' || plus && byte == b'+',
    };
    let first = match coding {
        Coding::Json => memchr::memchr(b'\\', input),
        Coding::Percent { plus: false } => memchr::memchr(b'%', input),
        Coding::Percent { plus: true } => memchr::memchr2(b'%', b'+', input),
    }?;
    let mut text = Vec::with_capacity(input.len());
    let mut starts = Vec::with_capacity(input.len() + 1);
    text.extend_from_slice(&input[..first]);
    starts.extend(0..first);
    let mut at = first;
    while let Some(byte) = input.get(at) {
        let decoded = match coding {
            _ if !begins(*byte) => None,
            Coding::Json => json_escape(&input[at..]),
            Coding::Percent { .. } if *byte == b'+' => Some((' ', 1)),
            Coding::Percent { .. } => {
                if let Some(byte) = percent_escape(&input[at..]) {
                    // One byte, perhaps of several that make a letter.
                    text.push(byte);
                    starts.push(at);
                    at += 3;
                    continue;
                }
                None
            }
        };
        match decoded {
            Some((letter, length)) => {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    text.push(byte);
                    starts.push(at);
                }
                at += length;
            }
            None => {
                text.push(*byte);
                starts.push(at);
                at += 1;
            }
        }
    }
    starts.push(input.len());
    Some(Reading { text, starts })
}

/// The letter of the escape that a text begins with, and the escape's length.
fn json_escape(text: &[u8]) -> Option<(char, usize)> {
    let letter = match text.get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(text),
        other @ (b'"' | b'/' | b'\\') => char::from(*other),
        _ => return None,
    };
    Some((letter, 2))
}

fn unicode_escape(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = unit(0)?;
    if let Some(letter) = char::from_u32(u32::from(first)) {
        return Some((letter, 6));
    }
    let pair = char::decode_utf16([first, unit(6)?]).next()?.ok()?;
    Some((pair, 12))
}

fn percent_escape(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(1)? * 16 + digit(2)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_json(text: &str) -> Option<String> {
        read(text.as_bytes(), Coding::Json).map(|reading| String::from_utf8(reading.text).unwrap())
    }

    #[test]
    fn json_escapes() {
        assert_eq!(as_json(r"a\n\t\/\u00f6\ud83d\ude00b").as_deref(), Some("a\n\t/ö😀b"));
        assert_eq!(as_json("plain"), None);
        // What is no escape stands for itself.
        assert_eq!(as_json(r"\x \u12 \ud83d \").as_deref(), Some(r"\x \u12 \ud83d \"));
    }

    #[test]
    fn places_lead_back() {
        let input = br"ab\u00f6%20cd";
        let reading = read(input, Coding::Json).unwrap();
        let at = reading.text.windows(2).position(|pair| pair == "ö".as_bytes()).unwrap();
        assert_eq!(&input[reading.place(at..at + 2)], br"\u00f6");
        let both = readings(input, false).into_iter().find(|both| both.text == "abö cd".as_bytes()).unwrap();
        assert_eq!(&input[both.place(2..5)], br"\u00f6%20");
    }

    proptest::proptest! {
        #[test]
        fn what_serde_writes_is_read(text: String) {
            let written = serde_json::to_string(&text).unwrap();
            let inner = &written[1..written.len() - 1];
            let read = as_json(inner).unwrap_or_else(|| inner.to_owned());
            proptest::prop_assert_eq!(read, text);
        }

        #[test]
        fn any_bytes_and_places_in_order(bytes: Vec<u8>, plus: bool) {
            for reading in readings(&bytes, plus) {
                proptest::prop_assert_eq!(reading.starts.len(), reading.text.len() + 1);
                proptest::prop_assert!(reading.starts.is_sorted());
            }
        }
    }
}
