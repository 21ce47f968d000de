//! People's names, taken apart as `humanparser` 2.7 does it.

use crate::locator::loose;

/// Words before a name, without dots.
const SALUTATIONS: &[&str] = &[
    "br",
    "dr",
    "fr",
    "hon",
    "honorable",
    "judge",
    "master",
    "miss",
    "mister",
    "mr",
    "mrs",
    "ms",
    "mx",
    "pr",
    "prof",
    "rev",
    "sr",
    "sra",
    "srta",
    "tuan",
];

/// Words after a name, without dots.
const SUFFIXES: &[&str] = &[
    "apr", "cme", "dmd", "i", "ii", "iii", "iv", "jr", "junior", "kc", "ma", "md", "pe", "phd", "qc", "rph",
    "senior", "sr", "v",
];

/// Words that belong to the last name that follows them.
const PARTICLES: &[&str] = &[
    "al", "ben", "bin", "da", "de", "del", "della", "den", "der", "di", "du", "ibn", "la", "lo", "op",
    "pietro", "st", "te", "ten", "ter", "van", "vanden", "vere", "von",
];

/// The first and last name of a person; either may be empty.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Name {
    first: String,
    last: String,
}

impl Name {
    pub(super) fn parse(text: &str) -> Self {
        let text = tidy(text.trim_matches(loose::is_space));
        let mut words = words(&text);
        let mut name = Self::default();
        if words.len() > 1 && words.last().is_some_and(|word| is_one_of(word, SUFFIXES)) {
            words.pop();
            if let Some(last) = words.last_mut() {
                *last = last.replacen(',', "", 1);
            }
        } else if words.len() == 1 {
            name.first.clone_from(&words[0]);
        }
        match words.iter().position(|word| word.contains(',')) {
            Some(comma) => name.last_name_first(&words, comma),
            None => name.first_name_first(&words),
        }
        let trim = |text: &str| text.trim_matches(loose::is_space).to_owned();
        Self { first: trim(&name.first), last: trim(&name.last) }
    }

    /// The first name, of a name that also has a last name.
    pub(super) fn first_if_last(&self) -> Option<&str> {
        Some(self.first.as_str()).filter(|first| !first.is_empty() && !self.last.is_empty())
    }

    /// The last name, or the only one.
    pub(super) fn last_or_only(&self) -> Option<&str> {
        [&self.last, &self.first].into_iter().find(|name| !name.is_empty()).map(String::as_str)
    }

    /// `Smith Jr., John Ronald`
    fn last_name_first(&mut self, words: &[String], comma: usize) {
        let closing = words[comma].replacen(',', "", 1);
        let mut last: Vec<&str> = words[..comma].iter().map(String::as_str).collect();
        if !is_one_of(&closing, SUFFIXES) {
            last.push(&closing);
        }
        self.last = last.join(" ");
        if let Some(first) = words.get(comma + 1) {
            self.first.clone_from(first);
        }
    }

    /// `Dr. John Ronald van Smith`
    fn first_name_first(&mut self, words: &[String]) {
        let mut rest = words;
        let is_titled = rest.len() > 1 && is_one_of(&rest[0], SALUTATIONS);
        if is_titled {
            rest = &rest[1..];
        }
        match rest {
            // After a salutation a lone word is the last name.
            [last] if is_titled => self.last.clone_from(last),
            [first, middle @ .., last] => {
                let particles = middle.iter().rev().take_while(|word| is_one_of(word, PARTICLES)).count();
                let mut parts: Vec<&str> =
                    middle[middle.len() - particles..].iter().map(String::as_str).collect();
                parts.push(last);
                self.first.clone_from(first);
                self.last = parts.join(" ").replacen(',', "", 1);
            }
            [first] => self.first.clone_from(first),
            [] => {}
        }
    }
}

/// Moves the first comma that stands alone, or between two words, to the word before it.
fn tidy(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let is_word = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
    let alone = (1..chars.len()).find(|&start| {
        is_word(chars.get(start - 1)) && {
            let gap = chars[start..].iter().take_while(|c| loose::is_space(**c)).count();
            let after = start + gap + 1;
            let space =
                chars.get(after..).unwrap_or_default().iter().take_while(|c| loose::is_space(**c)).count();
            gap > 0 && chars.get(start + gap) == Some(&',') && space > 0 && is_word(chars.get(after + space))
        }
    });
    if let Some(start) = alone {
        let gap = chars[start..].iter().take_while(|c| loose::is_space(**c)).count();
        chars.drain(start..start + gap);
    }
    let tight = (1..chars.len())
        .find(|&at| chars[at] == ',' && is_word(chars.get(at - 1)) && is_word(chars.get(at + 1)));
    if let Some(at) = tight {
        chars.insert(at + 1, ' ');
    }
    chars.into_iter().collect()
}

/// The words; words in double quotes stay together.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if loose::is_space(c) {
            rest = &rest[c.len_utf8()..];
        } else if let Some(quoted) = rest.strip_prefix('"') {
            match quoted.split_once('"') {
                Some((inside, after)) if !inside.is_empty() => {
                    out.push(inside.to_owned());
                    rest = after;
                }
                _ => rest = quoted,
            }
        } else {
            let end = rest.find(|c: char| loose::is_space(c) || c == '"').unwrap_or(rest.len());
            out.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
    }
    if out.is_empty() && !text.is_empty() {
        // Nothing but quotes.
        let unquoted =
            |word: &str| word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).map(str::to_owned);
        out.extend(text.split(loose::is_space).map(|word| unquoted(word).unwrap_or_else(|| word.to_owned())));
    }
    out
}

fn is_one_of(word: &str, known: &[&str]) -> bool {
    let word = word.to_lowercase().replace('.', "");
    known.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_apart() {
        for (text, first, last) in [
            ("John Smith", "John", "Smith"),
            ("Dr. John Ronald Smith Jr.", "John", "Smith"),
            ("Mr. Smith", "", "Smith"),
            ("Smith, John", "John", "Smith"),
            ("Smith Jr., John Ronald", "John", "Smith"),
            ("Smith,John", "John", "Smith"),
            ("Smith , John", "John", "Smith"),
            ("Vincent van der Gogh", "Vincent", "van der Gogh"),
            ("Ann \"de Souza Lima\"", "Ann", "de Souza Lima"),
            ("John", "John", ""),
            ("", "", ""),
            ("\"", "\"", ""),
            ("\"\"", "", ""),
        ] {
            assert_eq!(
                Name::parse(text),
                Name { first: first.to_owned(), last: last.to_owned() },
                "{text:?}"
            );
        }
    }

    #[test]
    fn one_word_is_the_last_name() {
        assert_eq!(Name::parse("John").first_if_last(), None);
        assert_eq!(Name::parse("John").last_or_only(), Some("John"));
        assert_eq!(Name::parse(" ").last_or_only(), None);
    }
}
