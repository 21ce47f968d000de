use std::cell::RefCell;
use std::collections::HashMap;

use regex::bytes::RegexBuilder;

/// The longest pattern.
const MAX_LENGTH: usize = 1_000;

/// The most a compiled pattern takes, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// Patterns that were looked at: one schema may be put in many places.
#[derive(Debug, Default)]
pub(super) struct Patterns(RefCell<HashMap<String, bool>>);

impl Patterns {
    /// Whether it is a regular expression in every dialect.
    pub(super) fn has(&self, pattern: &str) -> bool {
        if let Some(known) = self.0.borrow().get(pattern) {
            return *known;
        }
        let is_plain = is_plain(pattern);
        self.0.borrow_mut().insert(pattern.to_owned(), is_plain);
        is_plain
    }
}

fn is_plain(pattern: &str) -> bool {
    let has_flags = pattern.match_indices("(?").any(|(at, _)| !pattern[at..].starts_with("(?:"));
    // Only whether it is well formed counts here; classes of all Unicode make patterns large.
    let is_unicode = !pattern.is_ascii() || pattern.contains("\\p") || pattern.contains("\\P");
    let mut builder = RegexBuilder::new(pattern);
    let is_short = pattern.len() <= MAX_LENGTH;
    is_short && !has_flags && builder.unicode(is_unicode).size_limit(MAX_SIZE).build().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_patterns_are_plain() {
        for pattern in [
            "^[\\w.+-]+@[\\w-]+\\.[\\w.]+$",
            "^[\\w-]{1,64}$",
            "^\\d{4}-\\d\\d$",
            "^(?:a|ö)*$",
            "\\S+",
            ".",
            "[^a]",
        ] {
            assert!(is_plain(pattern), "{pattern}");
        }
        for pattern in ["(", "(?=a)", "(?i)a", "(?P<n>a)", "\\w{1000}{1000}", &"a".repeat(1_001)] {
            assert!(!is_plain(pattern), "{pattern}");
        }
    }
}
