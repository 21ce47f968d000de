//! Texts in YAML: bare where that means the same everywhere, quoted or in a block where it does not.

use std::fmt::Write as _;

/// Columns of a line, less what it is indented by.
const WIDTH: usize = 80;
const LEAST_WIDTH: usize = 40;

/// Names up to this length stand before their colon on one line.
const SIMPLE_NAME: usize = 1_000;

/// Words that some reader of YAML takes for a truth value or for nothing.
const RESERVED: &[&str] = &["", "~", "<<", "=", "null", "true", "false", "y", "yes", "n", "no", "on", "off"];

/// Writes the name of a field. Says whether it is too long for a line with its value.
pub(super) fn name(out: &mut String, name: &str) -> bool {
    let is_long = name.len() > SIMPLE_NAME;
    if is_long {
        out.push_str("? ");
    }
    line(out, name);
    is_long
}

/// Writes a text that may take several lines.
pub(super) fn text(out: &mut String, text: &str, level: usize) {
    let indent = 2 * level.max(1);
    let width = WIDTH.saturating_sub(indent).max(LEAST_WIDTH);
    let has_breaks = text.contains('\n');
    let is_folded = text.split('\n').any(|line| line.chars().count() > width && !line.starts_with(' '));
    if !(has_breaks || is_folded) || !fits_block(text) {
        return line(out, text);
    }
    out.push(if is_folded { '>' } else { '|' });
    if !text.ends_with('\n') {
        out.push('-');
    }
    let body = if is_folded { folded(text, width) } else { text.to_owned() };
    for line in body.trim_end_matches('\n').split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
}

/// Writes a text on one line.
fn line(out: &mut String, text: &str) {
    if !text.chars().all(is_printable) {
        return escaped(out, text);
    }
    if is_bare(text) {
        return out.push_str(text);
    }
    out.push('\'');
    for c in text.chars() {
        out.push(c);
        if c == '\'' {
            out.push(c);
        }
    }
    out.push('\'');
}

fn escaped(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        // Writing to a text does not fail.
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            c if is_printable(c) => write!(out, "{c}"),
            c if u32::from(c) <= 0xff => write!(out, "\\x{:02X}", u32::from(c)),
            c if u32::from(c) <= 0xffff => write!(out, "\\u{:04X}", u32::from(c)),
            c => write!(out, "\\U{:08X}", u32::from(c)),
        };
    }
    out.push('"');
}

fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a1}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Whether a block says the text as it is: readers part ways over blank beginnings, blank lines and many line breaks at
/// the end.
fn fits_block(text: &str) -> bool {
    let is_odd = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte == b' ');
    !text.starts_with([' ', '\n'])
        && !text.ends_with("\n\n")
        && !text.split('\n').any(is_odd)
        && text.chars().all(|c| c == '\n' || is_printable(c))
}

/// Breaks long lines where one space is; a line break of the text itself becomes an empty line.
fn folded(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut is_after_indented = true;
    for (n, line) in text.split('\n').enumerate() {
        let is_indented = line.starts_with(' ');
        if n > 0 {
            out.push('\n');
            if !is_after_indented && !is_indented && !line.is_empty() {
                out.push('\n');
            }
        }
        if line.is_empty() {
            continue;
        }
        fold(&mut out, line, width);
        is_after_indented = is_indented;
    }
    out
}

fn fold(out: &mut String, line: &str, width: usize) {
    if line.starts_with(' ') {
        return out.push_str(line);
    }
    let (mut start, mut last) = (0, 0);
    let count = |from: usize, to: usize| line[from..to].chars().count();
    for (at, _) in line.match_indices(' ').filter(|(at, _)| !line[at + 1..].starts_with(' ')) {
        if at + 1 == line.len() {
            continue;
        }
        if count(start, at) > width {
            let end = if last > start { last } else { at };
            out.push_str(&line[start..end]);
            out.push('\n');
            start = end + 1;
        }
        last = at;
    }
    if count(start, line.len()) > width && last > start {
        out.push_str(&line[start..last]);
        out.push('\n');
        start = last + 1;
    }
    out.push_str(&line[start..]);
}

fn is_bare(text: &str) -> bool {
    const FIRST: &[char] = &[
        '-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '=', '>', '\'', '"', '%', '@', '`',
        ' ',
    ];
    if text.starts_with(FIRST) || text.ends_with([' ', ':']) || text.starts_with("...") {
        return false;
    }
    let bytes = text.as_bytes();
    let is_safe = bytes.iter().enumerate().all(|(n, byte)| match byte {
        b'#' => n == 0 || bytes[n - 1] != b' ',
        b':' => bytes.get(n + 1).is_some_and(|next| *next != b' '),
        _ => true,
    });
    is_safe && !RESERVED.iter().any(|word| word.eq_ignore_ascii_case(text)) && !is_ambiguous(text)
}

/// Whether some reader of YAML takes the text for a number or a time.
fn is_ambiguous(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let word = rest.strip_prefix('.').unwrap_or(rest);
    if ["inf", "nan", "infinity"].iter().any(|known| known.eq_ignore_ascii_case(word)) {
        return true;
    }
    if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '_') {
        return false;
    }
    let all = |text: &str, allowed: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(allowed);
    let radix = |prefix, allowed| rest.strip_prefix(prefix).is_some_and(|digits| all(digits, allowed));
    radix("0x", |byte| byte.is_ascii_hexdigit() || *byte == b'_')
        || radix("0o", |byte| byte.is_ascii_digit() || *byte == b'_')
        || radix("0b", |byte| byte.is_ascii_digit() || *byte == b'_')
        || is_decimal(rest)
        || rest.contains(':') && all(rest, |byte| byte.is_ascii_digit() || matches!(byte, b'_' | b':' | b'.'))
        || is_time(text)
}

/// Digits with at most one point, underscores between them, and maybe an exponent.
fn is_decimal(text: &str) -> bool {
    let (digits, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(digits, rest)| (digits, Some(rest)));
    let is_exponent = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
        && exponent.is_none_or(is_exponent)
}

/// A date, or what begins with one and goes on as a time does.
fn is_time(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let mut digits = |range: std::ops::RangeInclusive<usize>| {
        let part = parts.next().unwrap_or_default();
        range.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    digits(4..=4)
        && digits(1..=2)
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TtZz \t".contains(&byte))
}
