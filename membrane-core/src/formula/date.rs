//! Points in time as the V8 engine reads them, with UTC as the local zone.

mod scan;

use serde_json::Value;

use self::scan::{Scanner, Token, Word};
use crate::locator::loose;

const DAY_MILLIS: i64 = 86_400_000;

/// The last moment a JavaScript date can have.
const MAX_MILLIS: i64 = 8_640_000_000_000_000;

/// The moment a text or number means, as ISO 8601 text.
///
/// A number, and a text that is one above a thousand million, counts seconds when it has fewer than 13
/// digits and milliseconds otherwise. `0`, `null` and what is no date are absent.
///
/// ```
/// use membrane_core::formula::parse_date;
/// use serde_json::json;
///
/// assert_eq!(parse_date(&json!(1_700_000_000)).as_deref(), Some("2023-11-14T22:13:20.000Z"));
/// assert_eq!(parse_date(&json!("March 5, 2024")).as_deref(), Some("2024-03-05T00:00:00.000Z"));
/// ```
pub fn parse_date(value: &Value) -> Option<String> {
    let number = match value {
        Value::Number(number) => loose::float(number),
        Value::String(text) => match parse(text) {
            #[allow(clippy::cast_precision_loss)]
            Some(millis) => millis as f64,
            None => Some(loose::to_number(text)).filter(|number| *number > 1_000_000_000.0)?,
        },
        _ => return None,
    };
    let is_seconds = loose::float_text(number.round()).len() < 13;
    let millis = if is_seconds { number * 1000.0 } else { number };
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    let is_date = number != 0.0 && millis.abs() <= MAX_MILLIS as f64;
    #[allow(clippy::cast_possible_truncation)]
    is_date.then(|| iso(millis as i64))
}

/// Milliseconds since 1970, of an ISO 8601 text or of the older, looser forms (`March 5, 2024 10:20 PM`).
pub(super) fn parse(text: &str) -> Option<i64> {
    plain_iso(text).or_else(|| any(text))
}

/// The form most apps write: `2024-03-05T10:20:30Z`, also with thousandths. Nothing for any other.
fn plain_iso(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?.as_bytes();
    let number = |from: usize, to: usize| {
        text.get(from..to)?
            .iter()
            .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
    };
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let is_plain = signs.iter().all(|(at, sign)| text.get(*at) == Some(sign));
    let millis = match text.len() {
        19 => 0,
        23 if text.get(19) == Some(&b'.') => number(20, 23)?,
        _ => return None,
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let fits = is_month(month) && is_day(day) && hour < 24 && minute < 60 && second < 60;
    let seconds = (hour * 60 + minute) * 60 + second;
    (is_plain && fits).then(|| (days_to(year, month) + day - 1) * DAY_MILLIS + seconds * 1000 + millis)
}

fn any(text: &str) -> Option<i64> {
    let mut parser = Parser { scanner: Scanner::new(text), ..Parser::default() };
    match parser.iso() {
        Iso::Done => {}
        Iso::Invalid => return None,
        Iso::Other(token) => parser.legacy(token)?,
    }
    let days = parser.day.days()?;
    let millis = days * DAY_MILLIS + parser.time.millis()? - parser.zone.millis();
    (millis.abs() <= MAX_MILLIS).then_some(millis)
}

/// `2024-03-05T10:20:30.000Z`; years outside 0 to 9999 have a sign and six digits.
pub(super) fn iso(millis: i64) -> String {
    let (days, time) = (millis.div_euclid(DAY_MILLIS), millis.rem_euclid(DAY_MILLIS));
    let (year, month, day) = civil(days);
    let mut out = String::with_capacity(27);
    match year {
        0..=9999 => push_digits(&mut out, year, 1000),
        year => {
            out.push(if year < 0 { '-' } else { '+' });
            push_digits(&mut out, year.abs(), 100_000);
        }
    }
    let (seconds, millis) = (time / 1000, time % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    for (sign, number) in [('-', month), ('-', day), ('T', hour), (':', minute), (':', second)] {
        out.push(sign);
        push_digits(&mut out, number, 10);
    }
    out.push('.');
    push_digits(&mut out, millis, 100);
    out.push('Z');
    out
}

/// Writes a number with leading zeros, from the digit of this unit on.
fn push_digits(out: &mut String, number: i64, mut unit: i64) {
    while unit > 0 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        out.push(char::from(b'0' + (number / unit % 10) as u8));
        unit /= 10;
    }
}

#[derive(Default)]
struct Parser<'t> {
    scanner: Scanner<'t>,
    day: Day,
    time: Time,
    zone: Zone,
}

enum Iso<'t> {
    Done,
    Invalid,
    /// No ISO text from this token on.
    Other(Token<'t>),
}

impl<'t> Parser<'t> {
    fn iso(&mut self) -> Iso<'t> {
        if let Token::Sign(sign) = self.scanner.peek() {
            let sign_token = self.scanner.next();
            match self.scanner.fixed(6) {
                Some(year) => {
                    self.scanner.next();
                    if sign < 0 && year == 0 {
                        return Iso::Other(sign_token);
                    }
                    self.day.add(sign * year);
                }
                None => return Iso::Other(sign_token),
            }
        } else if let Some(year) = self.scanner.fixed(4) {
            self.scanner.next();
            self.day.add(year);
        } else {
            return Iso::Other(self.scanner.next());
        }
        if self.scanner.skip(Token::Sign(-1)) {
            match self.scanner.fixed(2).filter(|month| is_month(*month)) {
                Some(month) => self.day.add(month),
                None => return Iso::Other(self.scanner.next()),
            };
            self.scanner.next();
            if self.scanner.skip(Token::Sign(-1)) {
                match self.scanner.fixed(2).filter(|day| is_day(*day)) {
                    Some(day) => self.day.add(day),
                    None => return Iso::Other(self.scanner.next()),
                };
                self.scanner.next();
            }
        }
        match self.scanner.peek() {
            Token::Word(Word::TimeSeparator) => {
                self.scanner.next();
                if self.iso_time().is_none() || self.scanner.peek() != Token::End {
                    return Iso::Invalid;
                }
            }
            Token::End => {}
            _ => return Iso::Other(self.scanner.next()),
        }
        self.day.is_iso = true;
        Iso::Done
    }

    fn iso_time(&mut self) -> Option<()> {
        let hour = self.two_digits(24)?;
        let max = if hour == 24 { 0 } else { 59 };
        self.time.add(hour);
        self.scanner.skip(Token::Symbol(':')).then_some(())?;
        let minute = self.two_digits(max)?;
        self.time.add(minute);
        if self.scanner.skip(Token::Symbol(':')) {
            let second = self.two_digits(max)?;
            self.time.add(second);
            if self.scanner.skip(Token::Symbol('.')) {
                let Token::Number { value, digits } = self.scanner.next() else { return None };
                if hour == 24 && value > 0 {
                    return None;
                }
                self.time.add(fraction(value, digits));
            }
        }
        match self.scanner.peek() {
            Token::Word(Word::Zone(0)) if self.scanner.is_z() => {
                self.scanner.next();
                self.zone.set(0);
            }
            Token::Sign(sign) => {
                self.scanner.next();
                self.zone.sign = Some(sign);
                let (hour, minute) = match self.scanner.fixed(4) {
                    Some(both) => {
                        self.scanner.next();
                        (both / 100, both % 100)
                    }
                    None => {
                        let hour = self.two_digits(23)?;
                        self.scanner.skip(Token::Symbol(':')).then_some(())?;
                        (hour, self.two_digits(59)?)
                    }
                };
                (hour < 24 && minute < 60).then_some(())?;
                (self.zone.hour, self.zone.minute) = (Some(hour), Some(minute));
            }
            _ => {}
        }
        Some(())
    }

    fn two_digits(&mut self, max: i64) -> Option<i64> {
        let number = self.scanner.fixed(2).filter(|number| *number <= max)?;
        self.scanner.next();
        Some(number)
    }

    fn legacy(&mut self, first: Token<'t>) -> Option<()> {
        let mut has_number = self.day.count > 0;
        let mut token = first;
        while token != Token::End {
            match token {
                Token::Number { value, .. } => {
                    has_number = true;
                    self.number(value)?;
                }
                Token::Word(Word::HalfDay(offset)) if self.time.count > 0 => self.time.offset = Some(offset),
                Token::Word(Word::Month(month)) => {
                    self.day.month = Some(month);
                    self.scanner.skip(Token::Sign(-1));
                }
                Token::Word(Word::Zone(hours)) if has_number => self.zone.set(hours),
                // Words that mean nothing may only stand before the first number, and apart from it.
                Token::Word(_) if has_number || self.scanner.is_number() => return None,
                Token::Word(_) => {}
                Token::Sign(sign) if self.zone.is_utc() || self.time.count > 0 => {
                    has_number = true;
                    self.offset(sign)?;
                }
                Token::Sign(_) | Token::Symbol(')') if has_number => return None,
                _ => {}
            }
            token = self.scanner.next();
        }
        Some(())
    }

    fn number(&mut self, value: i64) -> Option<()> {
        if self.scanner.skip(Token::Symbol(':')) {
            if self.scanner.skip(Token::Symbol(':')) {
                (self.time.count == 0).then_some(())?;
                self.time.add(value);
                self.time.add(0);
            } else {
                self.time.add(value).then_some(())?;
                self.scanner.skip(Token::Symbol('.'));
            }
        } else if self.scanner.skip(Token::Symbol('.')) && self.time.expects(value) {
            self.time.add(value);
            let Token::Number { value, digits } = self.scanner.next() else { return None };
            self.time.add_final(fraction(value, digits));
        } else if self.zone.expects(value) {
            self.zone.minute = Some(value);
        } else if self.time.expects(value) {
            self.time.add_final(value);
            let ends = match self.scanner.peek() {
                Token::End | Token::Space | Token::Sign(_) => true,
                _ => self.scanner.is_z(),
            };
            ends.then_some(())?;
        } else {
            self.day.add(value).then_some(())?;
            self.scanner.skip(Token::Sign(-1));
        }
        Some(())
    }

    /// The number after the sign of a zone, in the forms `+2`, `+02`, `+0200`, `+2:00`.
    fn offset(&mut self, sign: i64) -> Option<()> {
        self.zone.sign = Some(sign);
        let (mut number, mut length) = (0, 0);
        if let Token::Number { value, digits } = self.scanner.peek() {
            self.scanner.next();
            (number, length) = (value, digits);
        }
        (self.zone.hour, self.zone.minute) = match length {
            _ if self.scanner.peek() == Token::Symbol(':') => (Some(number), None),
            1 | 2 => (Some(number), Some(0)),
            3 | 4 => (Some(number / 100), Some(number % 100)),
            _ => return None,
        };
        Some(())
    }
}

#[derive(Default)]
struct Day {
    numbers: [i64; 3],
    count: usize,
    month: Option<i64>,
    is_iso: bool,
}

impl Day {
    fn add(&mut self, number: i64) -> bool {
        match self.numbers.get_mut(self.count) {
            Some(slot) => {
                *slot = number;
                self.count += 1;
                true
            }
            None => false,
        }
    }

    /// Days since 1970.
    fn days(&self) -> Option<i64> {
        if self.count == 0 {
            return None;
        }
        let mut numbers = self.numbers;
        numbers[self.count..].fill(1);
        let [a, b, c] = numbers;
        let (mut year, month, day) = match self.month {
            None if self.is_iso || !is_day(a) => (a, b, c),
            None => (c, a, b),
            Some(month) if !is_day(a) => (a, month, b),
            Some(month) => (b, month, a),
        };
        if !self.is_iso {
            match year {
                0..=49 => year += 2000,
                50..=99 => year += 1900,
                _ => {}
            }
        }
        (is_month(month) && is_day(day) && year.abs() < 400_000).then(|| days_to(year, month) + day - 1)
    }
}

#[derive(Default)]
struct Time {
    numbers: [i64; 4],
    count: usize,
    offset: Option<i64>,
}

impl Time {
    fn add(&mut self, number: i64) -> bool {
        match self.numbers.get_mut(self.count) {
            Some(slot) => {
                *slot = number;
                self.count += 1;
                true
            }
            None => false,
        }
    }

    fn add_final(&mut self, number: i64) {
        self.add(number);
        self.count = self.numbers.len();
    }

    fn expects(&self, number: i64) -> bool {
        match self.count {
            1 | 2 => number < 60,
            3 => number < 1000,
            _ => false,
        }
    }

    fn millis(&self) -> Option<i64> {
        let [mut hour, minute, second, millis] = self.numbers;
        if let Some(offset) = self.offset {
            (hour <= 12).then_some(())?;
            hour = hour % 12 + offset;
        }
        let fits = hour < 24 && minute < 60 && second < 60 && millis < 1000;
        let is_midnight = hour == 24 && minute == 0 && second == 0 && millis == 0;
        (fits || is_midnight).then_some(((hour * 60 + minute) * 60 + second) * 1000 + millis)
    }
}

#[derive(Default)]
struct Zone {
    sign: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
}

impl Zone {
    fn set(&mut self, hours: i64) {
        self.sign = Some(if hours < 0 { -1 } else { 1 });
        (self.hour, self.minute) = (Some(hours.abs()), Some(0));
    }

    fn is_utc(&self) -> bool {
        (self.hour, self.minute) == (Some(0), Some(0))
    }

    fn expects(&self, number: i64) -> bool {
        self.hour.is_some() && self.minute.is_none() && number < 60
    }

    fn millis(&self) -> i64 {
        let minutes = self.hour.unwrap_or(0) * 60 + self.minute.unwrap_or(0);
        self.sign.unwrap_or(0) * minutes * 60_000
    }
}

fn is_month(number: i64) -> bool {
    (1..=12).contains(&number)
}

fn is_day(number: i64) -> bool {
    (1..=31).contains(&number)
}

/// Thousandths from the digits after the point.
fn fraction(value: i64, digits: usize) -> i64 {
    match digits {
        1 => value * 100,
        2 => value * 10,
        digits => (3..digits.min(9)).fold(value, |value, _| value / 10),
    }
}

/// Days from 1970 to the first of a month.
fn days_to(year: i64, month: i64) -> i64 {
    // Years begin in March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, proptest};

    use super::*;

    fn read(text: &str) -> Option<String> {
        parse(text).map(iso)
    }

    #[test]
    fn iso_texts() {
        for (text, expected) in [
            ("2024-03-05", "2024-03-05T00:00:00.000Z"),
            ("2024-03-05T23:30:00-05:00", "2024-03-06T04:30:00.000Z"),
            ("2024-03-05T24:00", "2024-03-06T00:00:00.000Z"),
            ("2024-02-30", "2024-03-01T00:00:00.000Z"),
            ("2024", "2024-01-01T00:00:00.000Z"),
            ("+012024-01-01T00:00:00.5Z", "+012024-01-01T00:00:00.500Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "2024-13-01", "2024-W10", "2024-03-05T25:00", "2024-03-05Tx", "10:20", "garbage"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn older_forms() {
        for (text, expected) in [
            ("March 5, 2024", "2024-03-05T00:00:00.000Z"),
            ("5 Mar 24 10:20 PM", "2024-03-05T22:20:00.000Z"),
            ("03/05/2024", "2024-03-05T00:00:00.000Z"),
            ("2024-3-5", "2024-03-05T00:00:00.000Z"),
            ("Tue, 05 Mar 2024 10:20:30 GMT", "2024-03-05T10:20:30.000Z"),
            ("Tue Mar 05 2024 10:20:30 GMT+0200 (Eastern)", "2024-03-05T08:20:30.000Z"),
            ("2024-03-05 10:20:30.25 EST", "2024-03-05T15:20:30.250Z"),
            ("0", "2000-01-01T00:00:00.000Z"),
            ("5", "2001-05-01T00:00:00.000Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn the_plain_form_is_one_of_all(
            text in r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{2,4})?Z",
        ) {
            if let Some(millis) = plain_iso(&text) {
                assert_eq!(any(&text), Some(millis));
            }
            assert_eq!(parse(&text), any(&text));
        }

        #[test]
        fn any_text_is_read_or_not(text in r"[0-9:+. TZa-c()-]{0,24}|\PC{0,16}") {
            if let Some(text) = read(&text) {
                assert_eq!(read(&text), Some(text));
            }
        }
    }
}
