//! What a person at a terminal is told.

use std::io::Write;

use membrane_core::workspace::{Problem, Report};
use membrane_core::{Error, Result};

/// Tells what could not be taken, on standard error.
pub(super) fn problems(problems: &[Problem]) -> Result<()> {
    problems.iter().try_for_each(|problem| tell("error", &problem.to_string()))
}

/// Tells what is odd, and which fields are not as one might think.
pub(super) fn notes(report: &Report) -> Result<()> {
    for notice in &report.notices {
        tell("note", &notice.to_string())?;
    }
    for unknown in &report.unknown {
        tell("note", &format!("{}: unknown, and kept: {}", unknown.file, unknown.fields.join(", ")))?;
    }
    let fields: usize = report.read_only.iter().map(|of| of.fields.len()).sum();
    if fields > 0 {
        let files = report.read_only.len();
        let text = format!("{fields} read-only fields in {files} files are passed over; --json names them");
        tell("note", &text)?;
    }
    Ok(())
}

/// Tells something on standard error.
pub(super) fn tell(word: &str, text: &str) -> Result<()> {
    writeln!(std::io::stderr(), "{word}: {}", safe(text))
        .map_err(|error| Error::internal("standard error is closed").with_source(error))
}

/// A text that cannot move a terminal's cursor or worse; a server may have made it.
pub(super) fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => safe.push(c),
            c if c.is_control() => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_reach_no_terminal() {
        assert_eq!(safe("a\u{1b}[2Jb\r\n\tc\u{9b}é"), "a\\u{1b}[2Jb\\u{d}\n\tc\\u{9b}é");
    }
}
