//! Regular expressions of JavaScript (without flags) in the syntax of the crates `regex` and `fancy-regex`.

use std::iter::Peekable;
use std::str::Chars;

use self::Untranslated::{Invalid, Looks};

const DIGITS: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}";

/// What a pattern is translated to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// That of `fancy-regex`, whose searches may go back.
    Looking,
    /// That of `regex`, whose searches never do.
    Plain,
}

/// Why a pattern is not translated; completes "the pattern …".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untranslated {
    Invalid,
    /// Only to [`Syntax::Looking`].
    Looks,
}

impl std::fmt::Display for Untranslated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Invalid => "is no regular expression",
            Self::Looks => "looks around itself or refers back to a group",
        })
    }
}

/// Translates a pattern.
///
/// Where JavaScript is forgiving (`{` that repeats nothing, `]`, escapes of plain letters) so is this.
pub(super) fn translate(pattern: &str, syntax: Syntax) -> Result<String, Untranslated> {
    let (groups, names) = groups(pattern);
    let chars = pattern.chars().peekable();
    let mut reader = Reader { chars, groups, names, syntax, repeats: 1, out: String::new() };
    reader.pattern()?;
    Ok(reader.out)
}

struct Reader<'p> {
    chars: Peekable<Chars<'p>>,
    groups: usize,
    /// Their names, each with the number of its group.
    names: Vec<(&'p str, usize)>,
    syntax: Syntax,
    /// How often something may be repeated, all such numbers multiplied.
    repeats: usize,
    out: String,
}

/// What an escape or a character stands for.
enum Atom {
    Char(char),
    /// The inside of a class, and whether it is negated.
    Class(&'static str, bool),
    /// Whether it is where a word ends or begins, or where not.
    Boundary(bool),
    /// What the group with this number found.
    Found(usize),
}

/// How often the parts of a pattern that may go back are repeated.
const MAX_REPEATS: usize = 1000;

/// Characters a repetition such as `{2,3}` may have.
const MAX_COUNTS: usize = 24;

impl Reader<'_> {
    fn pattern(&mut self) -> Result<(), Untranslated> {
        let mut depth = 0_usize;
        let mut is_repeatable = false;
        while let Some(c) = self.chars.next() {
            is_repeatable = match c {
                '\\' => match self.escape(false)? {
                    Atom::Char(c) => self.literal(c),
                    Atom::Class(inside, is_negated) => {
                        self.out.push_str(if is_negated { "[^" } else { "[" });
                        self.out.push_str(inside);
                        self.out.push(']');
                        true
                    }
                    Atom::Boundary(is_boundary) => {
                        self.boundary(is_boundary)?;
                        false
                    }
                    Atom::Found(group) => {
                        self.looks()?;
                        // A group that found nothing is found everywhere.
                        self.out.push_str(&format!(r"(?:(?({group})\{group}))"));
                        true
                    }
                },
                '[' => self.class()?,
                '(' => {
                    depth += 1;
                    self.group()?
                }
                ')' => {
                    depth = depth.checked_sub(1).ok_or(Invalid)?;
                    self.out.push(')');
                    true
                }
                '|' | '^' | '$' => {
                    self.out.push(c);
                    false
                }
                '.' => {
                    self.out.push_str(r"[^\n\r\x{2028}\x{2029}]");
                    true
                }
                '*' | '+' | '?' => self.repeat(is_repeatable, &c.to_string())?,
                '{' => match self.counts() {
                    Some(counts) => {
                        self.check_repeats(&counts)?;
                        self.repeat(is_repeatable, &counts)?
                    }
                    None => self.literal('{'),
                },
                c => self.literal(c),
            };
        }
        if depth == 0 { Ok(()) } else { Err(Invalid) }
    }

    fn looks(&self) -> Result<(), Untranslated> {
        if self.syntax == Syntax::Looking { Ok(()) } else { Err(Looks) }
    }

    fn boundary(&mut self, is_boundary: bool) -> Result<(), Untranslated> {
        if is_boundary && self.syntax == Syntax::Plain {
            self.out.push_str(r"(?-u:\b)");
            return Ok(());
        }
        self.looks()?;
        let (after, before) = (format!("(?<=[{WORD}])"), format!("(?=[{WORD}])"));
        let (not_after, not_before) = (format!("(?<![{WORD}])"), format!("(?![{WORD}])"));
        self.out.push_str(&if is_boundary {
            format!("(?:{after}{not_before}|{not_after}{before})")
        } else {
            format!("(?:{after}{before}|{not_after}{not_before})")
        });
        Ok(())
    }

    fn literal(&mut self, c: char) -> bool {
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        true
    }

    fn repeat(&mut self, is_repeatable: bool, counts: &str) -> Result<bool, Untranslated> {
        if !is_repeatable {
            return Err(Invalid);
        }
        self.out.push_str(counts);
        if self.chars.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        Ok(false)
    }

    /// What may go back is compiled as often as it is repeated.
    fn check_repeats(&mut self, counts: &str) -> Result<(), Untranslated> {
        let most = counts.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse().ok()).max();
        self.repeats = self.repeats.saturating_mul(most.unwrap_or(MAX_REPEATS).max(1));
        let is_bounded = self.syntax == Syntax::Plain || self.repeats <= MAX_REPEATS;
        if is_bounded { Ok(()) } else { Err(Invalid) }
    }

    /// The rest of `{2}`, `{2,}` or `{2,3}`, if it is one of these.
    fn counts(&mut self) -> Option<String> {
        let ahead: String = self.chars.clone().take(MAX_COUNTS).collect();
        let inside = ahead.split_once('}')?.0;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        if !is_number(least) || !(most.is_empty() || is_number(most)) {
            return None;
        }
        self.chars.nth(inside.chars().count());
        Some(format!("{{{inside}}}"))
    }

    fn group(&mut self) -> Result<bool, Untranslated> {
        self.out.push('(');
        if self.chars.next_if_eq(&'?').is_some() {
            self.out.push('?');
            match self.chars.next() {
                Some(':') => self.out.push(':'),
                Some(c @ ('=' | '!')) => {
                    self.looks()?;
                    self.out.push(c);
                }
                Some('<') if matches!(self.chars.peek(), Some('=' | '!')) => {
                    self.looks()?;
                    self.out.push('<');
                    self.out.extend(self.chars.next());
                }
                Some('<') => {
                    self.out.push('<');
                    self.out.extend(self.chars.by_ref().take_while(|c| *c != '>'));
                    self.out.push('>');
                }
                _ => return Err(Invalid),
            }
        }
        Ok(false)
    }

    fn class(&mut self) -> Result<bool, Untranslated> {
        let is_negated = self.chars.next_if_eq(&'^').is_some();
        let mut inside = String::new();
        loop {
            let first = match self.member()? {
                Some(member) => member,
                None if inside.is_empty() => {
                    self.out.push_str(if is_negated { r"[\s\S]" } else { r"[^\s\S]" });
                    return Ok(true);
                }
                None => break,
            };
            let mut ahead = self.chars.clone();
            let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']');
            if !is_range {
                write_member(&mut inside, &first);
                continue;
            }
            self.chars.next();
            let Some(last) = self.member()? else { break };
            match (&first, &last) {
                (Atom::Char(from), Atom::Char(to)) if from > to => return Err(Invalid),
                (Atom::Char(_), Atom::Char(_)) => {
                    write_member(&mut inside, &first);
                    inside.push('-');
                    write_member(&mut inside, &last);
                }
                _ => {
                    [first, Atom::Char('-'), last].iter().for_each(|atom| write_member(&mut inside, atom));
                }
            }
        }
        self.out.push_str(if is_negated { "[^" } else { "[" });
        self.out.push_str(&inside);
        self.out.push(']');
        Ok(true)
    }

    fn member(&mut self) -> Result<Option<Atom>, Untranslated> {
        Ok(match self.chars.next().ok_or(Invalid)? {
            ']' => None,
            '\\' => Some(self.escape(true)?),
            c => Some(Atom::Char(c)),
        })
    }

    fn escape(&mut self, in_class: bool) -> Result<Atom, Untranslated> {
        let c = self.chars.next().ok_or(Invalid)?;
        Ok(match c {
            'd' | 'D' => Atom::Class(DIGITS, c == 'D'),
            'w' | 'W' => Atom::Class(WORD, c == 'W'),
            's' | 'S' => Atom::Class(SPACE, c == 'S'),
            'b' if in_class => Atom::Char('\u{8}'),
            'b' => Atom::Boundary(true),
            'B' if !in_class => Atom::Boundary(false),
            't' => Atom::Char('\t'),
            'n' => Atom::Char('\n'),
            'v' => Atom::Char('\u{b}'),
            'f' => Atom::Char('\u{c}'),
            'r' => Atom::Char('\r'),
            'k' if !self.names.is_empty() && !in_class => Atom::Found(self.named()?),
            'x' => Atom::Char(self.code(2)?.unwrap_or('x')),
            'u' => Atom::Char(self.code(4)?.unwrap_or('u')),
            'c' => match self.chars.next_if(char::is_ascii_alphabetic) {
                Some(letter) => Atom::Char(char::from(letter as u8 % 32)),
                None => return Err(Invalid),
            },
            '0'..='9' => self.number(c, in_class)?,
            c => Atom::Char(c),
        })
    }

    /// The group whose name follows.
    fn named(&mut self) -> Result<usize, Untranslated> {
        if self.chars.next() != Some('<') {
            return Err(Invalid);
        }
        let name: String = self.chars.by_ref().take_while(|c| *c != '>').collect();
        self.names.iter().find(|(known, _)| *known == name).map(|(_, group)| *group).ok_or(Invalid)
    }

    /// The character with a code of so many hexadecimal digits, if they follow.
    fn code(&mut self, digits: usize) -> Result<Option<char>, Untranslated> {
        let text: String = self.chars.clone().take(digits).collect();
        if text.len() != digits || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(None);
        }
        self.chars.nth(digits - 1);
        // Half a character of UTF-16 matches nothing here.
        u32::from_str_radix(&text, 16).ok().and_then(char::from_u32).map(Some).ok_or(Invalid)
    }

    /// The back reference, or the character by its octal code.
    fn number(&mut self, first: char, in_class: bool) -> Result<Atom, Untranslated> {
        let digits: String =
            std::iter::once(first).chain(self.chars.clone().take_while(char::is_ascii_digit)).collect();
        let group: usize = digits.parse().unwrap_or(usize::MAX);
        if first != '0' && group <= self.groups && !in_class {
            for _ in 1..digits.len() {
                self.chars.next();
            }
            return Ok(Atom::Found(group));
        }
        let Some(mut code) = first.to_digit(8) else { return Ok(Atom::Char(first)) };
        for _ in 0..2 {
            let next = self.chars.peek().and_then(|c| c.to_digit(8)).map(|digit| code * 8 + digit);
            let Some(next) = next.filter(|next| *next < 256) else { break };
            self.chars.next();
            code = next;
        }
        char::from_u32(code).map(Atom::Char).ok_or(Invalid)
    }
}

fn write_member(inside: &mut String, atom: &Atom) {
    match atom {
        Atom::Char(c) => inside.push_str(&format!(r"\x{{{:x}}}", u32::from(*c))),
        Atom::Class(class, false) => inside.push_str(class),
        Atom::Class(class, true) => inside.push_str(&format!("[^{class}]")),
        Atom::Boundary(_) | Atom::Found(_) => {}
    }
}

/// How many groups capture, and the names of those that have one.
fn groups(pattern: &str) -> (usize, Vec<(&str, usize)>) {
    let (mut count, mut names, mut in_class) = (0, Vec::new(), false);
    let mut chars = pattern.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let rest = &pattern[at + 1..];
                let is_named = rest.starts_with("?<") && !rest.starts_with("?<=") && !rest.starts_with("?<!");
                count += usize::from(is_named || !rest.starts_with('?'));
                if is_named {
                    names.extend(rest[2..].split_once('>').map(|(name, _)| (name, count)));
                }
            }
            _ => {}
        }
    }
    (count, names)
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    fn found<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
        Regex::new(&translate(pattern, Syntax::Plain).unwrap())
            .unwrap()
            .find(text)
            .map(|found| found.as_str())
    }

    #[test]
    fn what_repeats_nothing_is_text() {
        for (pattern, text) in
            [("a{,2}", "a{,2}"), ("x{", "x{"), ("b}{a", "b}{a"), ("a]", "a]"), ("{a}", "{a}")]
        {
            assert_eq!(found(pattern, text), Some(text));
        }
        assert_eq!(found("a{2}", "aaa"), Some("aa"));
        for pattern in ["*", "a**", "^*", "(", ")", "[a", "(?i)a", "\\", "[z-a]"] {
            assert_eq!(translate(pattern, Syntax::Plain), Err(Invalid), "{pattern}");
        }
    }

    #[test]
    fn escapes_are_those_of_javascript() {
        for (pattern, text) in [
            (r"\0", "\0"),
            (r"\1", "\u{1}"),
            (r"\8", "8"),
            (r"\x61\u0061", "aa"),
            (r"\p{2}", "pp"),
            (r"\k<n>", "k<n>"),
        ] {
            assert_eq!(found(pattern, text), Some(text), "{pattern}");
        }
        assert_eq!(found(r"\w+\d", "äb1"), Some("b1"));
        assert_eq!(found(r"\s", "\u{85}\u{feff}"), Some("\u{feff}"));
        assert_eq!(found(".", "\u{2028}"), None);
        for pattern in [r"(a)\1", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", r"(?<n>a)\k<n>"] {
            assert_eq!(translate(pattern, Syntax::Plain), Err(Looks), "{pattern}");
            assert!(fancy_regex::Regex::new(&translate(pattern, Syntax::Looking).unwrap()).is_ok());
        }
    }

    #[test]
    fn classes_have_no_classes_inside() {
        assert_eq!(found("[[a]", "["), Some("["));
        assert_eq!(found("[a&&b]", "&"), Some("&"));
        assert_eq!(found(r"[\d-x]+", "1-x"), Some("1-x"));
        assert_eq!(found("[]", "a"), None);
        assert_eq!(found("[^]", "\n"), Some("\n"));
        assert_eq!(found(r"[^\D]", "a1"), Some("1"));
    }
}
