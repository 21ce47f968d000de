//! The grammar of a locator's text.

use super::{Locator, Step, loose};
use crate::error::{Error, Result};

/// More steps than any data has levels.
const MAX_STEPS: usize = 1000;

/// `$`, then any mix of `.name` and `[index]`. Without the `$`, `$.` is put in front.
pub(super) fn parse(text: &str) -> Result<Locator> {
    if text.is_empty() {
        return Err(Error::invalid_input("a locator must not be empty; `$` is the whole value"));
    }
    let mut steps = Vec::new();
    let mut rest = match text.strip_prefix('$') {
        Some(rest) => rest,
        None => property(text, &mut steps),
    };
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '.' => property(&rest[1..], &mut steps),
            '[' => index(&rest[1..], &mut steps, text)?,
            _ => {
                return Err(invalid(
                    text,
                    &format!("expected `.` or `[` at position {}", text.len() - rest.len()),
                ));
            }
        };
        if steps.len() > MAX_STEPS {
            return Err(Error::invalid_input(format!("a locator has at most {MAX_STEPS} steps")));
        }
    }
    Ok(Locator::from_steps(steps))
}

/// Reads a name up to the next `.` or `[` that is not escaped; answers what follows it.
fn property<'t>(text: &'t str, steps: &mut Vec<Step>) -> &'t str {
    let mut name = String::new();
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, c)) if !is_line_end(c) => name.push(c),
                // Nothing is escaped by it.
                next => name.extend(std::iter::once('\\').chain(next.map(|(_, c)| c))),
            },
            '.' | '[' => {
                end = at;
                break;
            }
            c => name.push(c),
        }
    }
    steps.push(Step::Property(name));
    &text[end..]
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn index<'t>(text: &'t str, steps: &mut Vec<Step>, whole: &str) -> Result<&'t str> {
    let Some((index, rest)) = text.split_once(']') else {
        return Err(invalid(
            whole,
            &format!("no `]` closes the `[` at position {}", whole.len() - text.len() - 1),
        ));
    };
    let number = loose::to_number(index);
    if number.is_nan() || number < 0.0 {
        return Err(invalid(whole, &format!("`[{index}]` must be a number that is not negative")));
    }
    steps.push(Step::at(number));
    Ok(rest)
}

fn invalid(text: &str, reason: &str) -> Error {
    let shown: String = text.chars().take(200).collect();
    Error::invalid_input(format!("invalid locator `{shown}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_oneof, proptest};

    use super::*;

    fn property(name: &str) -> Step {
        Step::Property(name.to_owned())
    }

    #[test]
    fn names_and_indexes() {
        for (text, steps) in [
            ("$", vec![]),
            ("a", vec![property("a")]),
            ("$.a[0]", vec![property("a"), Step::Index(0)]),
            ("[1]", vec![property(""), Step::Index(1)]),
            (r"a\.b\[0\]\\", vec![property(r"a.b[0]\")]),
            ("a..b.", vec![property("a"), property(""), property("b"), property("")]),
            ("a[ 0x2 ][]", vec![property("a"), Step::Index(2), Step::Index(0)]),
            ("a[1.5]", vec![property("a"), Step::Nowhere("1.5".to_owned())]),
            ("a]", vec![property("a]")]),
            ("a\\", vec![property("a\\")]),
            ("\\\n", vec![property("\\\n")]),
        ] {
            assert_eq!(parse(text).unwrap().steps(), steps, "{text}");
        }
        for text in ["", "$a", "a[", "a[x]", "a[-1]", "a[*]", "a[0]b", "a[\"b\"]"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn too_many_steps_are_refused() {
        assert!(parse(&".a".repeat(MAX_STEPS - 1)).is_ok());
        assert!(parse(&"[0]".repeat(500_000)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn any_text_parses_or_fails(text in r"[$.\[\]\\a0-9x ]{0,12}|\PC{0,12}") {
            if let Ok(locator) = parse(&text) {
                assert_eq!(parse(&locator.to_string()).unwrap(), locator);
            }
        }

        #[test]
        fn steps_survive_the_text(steps in prop::collection::vec(
            prop_oneof![r"\PC{0,6}".prop_map(Step::Property), any::<u32>().prop_map(|n| Step::Index(n as usize))], 0..6,
        )) {
            let locator = Locator::from_steps(steps);
            assert_eq!(parse(&locator.to_string()).unwrap(), locator);
        }
    }
}
