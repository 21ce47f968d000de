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
    const OTHERS: [(&str, Word); 15] = [
        ("am", Word::HalfDay(0)),
        ("cdt", Word::Zone(-5)),
        ("cst", Word::Zone(-6)),
        ("edt", Word::Zone(-4)),
        ("est", Word::Zone(-5)),
        ("gmt", Word::Zone(0)),
        ("mdt", Word::Zone(-6)),
        ("mst", Word::Zone(-7)),
        ("pdt", Word::Zone(-7)),
        ("pm", Word::HalfDay(12)),
        ("pst", Word::Zone(-8)),
        ("t", Word::TimeSeparator),
        ("ut", Word::Zone(0)),
        ("utc", Word::Zone(0)),
        ("z", Word::Zone(0)),
    ];
    let is_month = |name: &str| word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(name));
    if let Some((month, _)) = (1..).zip(MONTHS).find(|(_, name)| is_month(name)) {
        return Word::Month(month);
    }
    let other = OTHERS.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    other.map_or(Word::Other, |(_, meaning)| meaning)
}
