//! `$tpl`: slots of a template replaced by texts.

use regex::{Regex, RegexBuilder};

use super::pattern::{self, Syntax, Untranslated};
use super::problem::Problem;

/// Bytes a slot may have that is more than a plain word: what it takes to compile grows faster.
pub(super) const MAX_PATTERN: usize = 4096;

/// Bytes all slots of a formula may have that are more than plain words.
pub(super) const MAX_PATTERNS_SIZE: usize = 1 << 16;

/// Bytes a compiled slot may take.
const MAX_SIZE: usize = 1 << 18;

/// Steps back that one search for a slot may take which looks around itself, and the bytes it may look through:
/// at each step it may look through all of them.
const MAX_BACKTRACKING: usize = 20_000;
const MAX_SEARCHED: usize = 5_000;

/// How a slot is found in a template.
///
/// A slot's name is a regular expression, since it always was one. Most names are plain words, which are
/// searched as text.
#[derive(Debug)]
pub(super) enum Slot {
    /// Nothing that can be found.
    Invalid(Problem),
    Literal(String),
    /// A pattern that looks around itself, or refers back to what it found.
    Looking(Box<fancy_regex::Regex>),
    Pattern(Regex),
}

impl Slot {
    /// The slot `{name}`.
    pub(super) fn new(name: &str) -> Result<Self, String> {
        if is_plain(name) {
            return Ok(Self::Literal(format!("{{{name}}}")));
        }
        if name.len() > MAX_PATTERN {
            let start: String = name.chars().take(20).collect();
            return Err(format!("the slot `{start}…` is a pattern of more than {MAX_PATTERN} bytes"));
        }
        let source = format!("\\{{{name}\\}}");
        let too_large = || format!("the slot `{name}` is no regular expression, or too large");
        match pattern::translate(&source, Syntax::Plain) {
            Ok(pattern) => {
                let pattern = RegexBuilder::new(&pattern).size_limit(MAX_SIZE).build();
                pattern.map(Self::Pattern).map_err(|_| too_large())
            }
            Err(Untranslated::Looks) => {
                let pattern = pattern::translate(&source, Syntax::Looking)
                    .map_err(|reason| format!("the slot `{name}` {reason}"))?;
                let mut builder = fancy_regex::RegexBuilder::new(&pattern);
                builder.backtrack_limit(MAX_BACKTRACKING).delegate_size_limit(MAX_SIZE);
                builder.build().map(|pattern| Self::Looking(Box::new(pattern))).map_err(|_| too_large())
            }
            Err(reason) => Err(format!("the slot `{name}` {reason}")),
        }
    }

    pub(super) fn is_pattern(&self) -> bool {
        matches!(self, Self::Looking(_) | Self::Pattern(_))
    }

    /// The text with each slot replaced; nothing when it gets longer than the limit, or a search takes too long.
    ///
    /// `may_search` is asked before each search whose work does not follow from the length of the text.
    pub(super) fn fill(
        &self,
        text: &str,
        replacement: &str,
        limit: usize,
        may_search: &dyn Fn() -> bool,
    ) -> Option<String> {
        let mut out = String::new();
        let mut end = 0;
        match self {
            Self::Invalid(_) => return None,
            Self::Literal(slot) => {
                for (start, found) in text.match_indices(slot.as_str()) {
                    out.push_str(&text[end..start]);
                    end = start + found.len();
                    expand(replacement, &[Some((start, end))], &[], text, &mut out);
                    (out.len() <= limit).then_some(())?;
                }
            }
            Self::Looking(_) if text.len() > MAX_SEARCHED => return None,
            Self::Looking(pattern) => {
                let names: Vec<_> = pattern.capture_names().collect();
                let names = if names.iter().any(Option::is_some) { &names[..] } else { &[] };
                let mut found = pattern.captures_iter(text);
                while let Some(captures) = may_search().then(|| found.next())? {
                    let captures = captures.ok()?;
                    let groups: Vec<_> =
                        captures.iter().map(|group| group.map(|g| (g.start(), g.end()))).collect();
                    let Some(Some((start, stop))) = groups.first().copied() else { continue };
                    out.push_str(&text[end..start]);
                    end = stop;
                    expand(replacement, &groups, names, text, &mut out);
                    (out.len() <= limit).then_some(())?;
                }
            }
            Self::Pattern(pattern) => {
                let names: Vec<_> = pattern.capture_names().collect();
                let names = if names.iter().any(Option::is_some) { &names[..] } else { &[] };
                for captures in pattern.captures_iter(text) {
                    let groups: Vec<_> =
                        captures.iter().map(|group| group.map(|g| (g.start(), g.end()))).collect();
                    let Some(Some((start, stop))) = groups.first().copied() else { continue };
                    out.push_str(&text[end..start]);
                    end = stop;
                    expand(replacement, &groups, names, text, &mut out);
                    (out.len() <= limit).then_some(())?;
                }
            }
        }
        out.push_str(&text[end..]);
        Some(out)
    }
}

/// Whether a slot's name is a plain word, which costs nothing to look for.
pub(super) fn is_plain(name: &str) -> bool {
    !name.contains(['\\', '^', '$', '.', '|', '?', '*', '+', '(', ')', '[', ']', '{', '}'])
}

type Group = Option<(usize, usize)>;

/// Writes the replacement; `$$`, `$&`, `` $` ``, `$'`, `$1` and, where groups have names, `$<name>` have their
/// meaning in JavaScript.
fn expand(replacement: &str, groups: &[Group], names: &[Option<&str>], text: &str, out: &mut String) {
    let (start, end) = groups.first().copied().flatten().unwrap_or_default();
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let group = (1..=digits).rev().find_map(|n| {
            let number: usize = after[..n].parse().ok()?;
            (1..groups.len()).contains(&number).then_some((n, number))
        });
        let used = match (after.bytes().next(), group) {
            (Some(b'$'), _) => {
                out.push('$');
                1
            }
            (Some(b'&'), _) => {
                out.push_str(&text[start..end]);
                1
            }
            (Some(b'`'), _) => {
                out.push_str(&text[..start]);
                1
            }
            (Some(b'\''), _) => {
                out.push_str(&text[end..]);
                1
            }
            (Some(b'<'), _) if !names.is_empty() && after.contains('>') => {
                let name = after[1..].split('>').next();
                let group = names.iter().position(|known| known.is_some() && *known == name);
                if let Some((start, end)) = group.and_then(|n| groups.get(n).copied().flatten()) {
                    out.push_str(&text[start..end]);
                }
                name.map_or(0, str::len) + 2
            }
            (_, Some((n, number))) => {
                if let Some((start, end)) = groups.get(number).copied().flatten() {
                    out.push_str(&text[start..end]);
                }
                n
            }
            _ => {
                out.push('$');
                0
            }
        };
        rest = &after[used..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(name: &str, text: &str, replacement: &str) -> String {
        Slot::new(name).unwrap().fill(text, replacement, 1000, &|| true).unwrap()
    }

    #[test]
    fn slots_are_patterns() {
        assert_eq!(filled("a", "{a}-{{a}}-{A}", "x"), "x-{x}-{A}");
        assert_eq!(filled("a.b", "{a.b}{axb}{ab}", "x"), "xx{ab}");
        assert_eq!(filled("(a)(b)?", "{a}", "$1$2$3$$"), "a$3$");
        assert!(Slot::new("(").is_err());
        assert!(Slot::new(&"a?".repeat(100_000)).unwrap_err().len() < 100);
        assert!(Slot::new(&"a".repeat(100_000)).is_ok());
    }

    #[test]
    fn slots_look_around_and_back() {
        assert_eq!(filled("a(?=})", "{a}{ab}", "x"), "x{ab}");
        assert_eq!(filled("(?!b).", "{a}{b}", "x"), "x{b}");
        assert_eq!(filled("a(?<=a)", "{a}{b}", "x"), "x{b}");
        assert_eq!(filled(r"(a|b)\1", "{aa}{ab}{bb}", "$1"), "a{ab}b");
        assert_eq!(filled(r"(a)?\1b", "{b}{aab}{ab}", "x"), "xx{ab}");
        assert_eq!(filled(r"(?<n>a)\k<n>", "{aa}", "$<n>"), "a");
        assert_eq!(filled(r"\Bé", "{é}", "x"), "x");
        assert!(Slot::new("(?=").is_err());
        let slow = Slot::new(r"(a|a)*(?!b)c\1").unwrap();
        assert_eq!(slow.fill(&format!("{{{}", "a".repeat(40)), "", 1000, &|| true), None);
        assert_eq!(Slot::new("(?=a)").unwrap().fill("{a}", "", 1000, &|| false), None);
    }

    #[test]
    fn replacements_are_expanded() {
        assert_eq!(filled("a", "<{a}>", "$&$1$`$'$"), "<{a}$1<>$>");
        assert_eq!(filled("", "{}", "ä"), "ä");
        assert_eq!(filled("(?<n>a)", "{a}", "$<n>$<m>-$<n"), "a-$<n");
        assert_eq!(filled("a", "{a}", "$<n>"), "$<n>");
    }
}
