//! The tokens of a date.

use crate::locator::loose;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum Token<'t> {
    #[default]
    End,
    /// At most the first nine digits that count, and how many were written.
    Number {
        value: i64,
        digits: usize,
    },
    Sign(i64),
    Space,
    Symbol(char),
    /// Punctuation and text in parentheses.
    Unknown(&'t str),
    Word(Word),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Word {
    /// `am` and `pm`, by the hours they add.
    HalfDay(i64),
    Month(i64),
    Other,
    TimeSeparator,
    /// A zone, by its hours ahead of UTC.
    Zone(i64),
}

/// Reads a text token by token, one ahead.
#[derive(Default)]
pub(super) struct Scanner<'t> {
    rest: &'t str,
    peeked: Token<'t>,
    /// Whether the token ahead is the letter `Z`.
    is_z: bool,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut scanner = Self { rest: text, ..Self::default() };
        scanner.next();
        scanner
    }

    pub(super) fn peek(&self) -> Token<'t> {
        self.peeked
    }

    pub(super) fn next(&mut self) -> Token<'t> {
        let token = self.scan();
        std::mem::replace(&mut self.peeked, token)
    }

    pub(super) fn skip(&mut self, token: Token<'_>) -> bool {
        let is_next = self.peeked == token;
        if is_next {
            self.next();
        }
        is_next
    }

    /// The number ahead, if it has so many digits.
    pub(super) fn fixed(&self, wanted: usize) -> Option<i64> {
        match self.peeked {
            Token::Number { value, digits } if digits == wanted => Some(value),
            _ => None,
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self.peeked, Token::Number { .. })
    }

    pub(super) fn is_z(&self) -> bool {
        self.is_z
    }

    fn scan(&mut self) -> Token<'t> {
        self.is_z = false;
        let Some(first) = self.rest.chars().next() else { return Token::End };
        match first {
            '0'..='9' => {
                let digits = self.take(|c| c.is_ascii_digit());
                let counting = digits.trim_start_matches('0');
                let value = counting.get(..9).unwrap_or(counting).parse().unwrap_or(0);
                Token::Number { value, digits: digits.len() }
            }
            '+' | '-' => {
                self.rest = &self.rest[1..];
                Token::Sign(if first == '+' { 1 } else { -1 })
            }
            ':' | '.' | ')' => {
                self.rest = &self.rest[1..];
                Token::Symbol(first)
            }
            c if loose::is_space(c) => {
                self.rest = &self.rest[c.len_utf8()..];
                Token::Space
            }
            c if c >= 'A' => {
                let word = self.take(|c| c >= 'A' && !loose::is_space(c));
                self.is_z = word.eq_ignore_ascii_case("z");
                Token::Word(meaning(word))
            }
            '(' => {
                let mut depth = 0usize;
                let end = self.rest.char_indices().find(|(_, c)| {
                    match c {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                    depth == 0
                });
                let (text, rest) =
                    self.rest.split_at(end.map_or(self.rest.len(), |(at, c)| at + c.len_utf8()));
                self.rest = rest;
                Token::Unknown(text)
            }
            c => {
                let (text, rest) = self.rest.split_at(c.len_utf8());
                self.rest = rest;
                Token::Unknown(text)
            }
        }
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

/// What a word means; of months the first three letters count.
fn meaning(word: &str) -> Word {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let word = word.to_ascii_lowercase();
    let month = word.get(..3).and_then(|start| (1..).zip(MONTHS).find(|(_, name)| *name == start));
    if let Some((month, _)) = month {
        return Word::Month(month);
    }
    match word.as_str() {
        "am" => Word::HalfDay(0),
        "pm" => Word::HalfDay(12),
        "t" => Word::TimeSeparator,
        "gmt" | "ut" | "utc" | "z" => Word::Zone(0),
        "edt" => Word::Zone(-4),
        "cdt" | "est" => Word::Zone(-5),
        "cst" | "mdt" => Word::Zone(-6),
        "mst" | "pdt" => Word::Zone(-7),
        "pst" => Word::Zone(-8),
        _ => Word::Other,
    }
}
