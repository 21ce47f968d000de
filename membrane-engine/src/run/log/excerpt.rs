//! A value as the log keeps it: its JSON text, and of a long one the start.

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use crate::http::Target;
use crate::http::mask::BEYOND;

/// Longest text that is logged whole, in bytes.
const SHOWN: usize = 64 * 1024;

/// How much of a longer text is kept, so that a secret across the end of what is shown is recognised.
const KEPT: usize = SHOWN + BEYOND;

/// Levels of a value that is logged; what is read back may nest 128 with what stands around it.
const MAX_DEPTH: usize = 100;

/// The text of a value, not masked yet.
pub(super) enum Excerpt {
    TooDeep,
    Text { start: Vec<u8>, length: usize },
}

impl Excerpt {
    pub(super) fn of(value: &Value) -> Self {
        if is_within(value, MAX_DEPTH) { Self::written(value) } else { Self::TooDeep }
    }

    pub(super) fn of_map(map: &Map<String, Value>) -> Self {
        let is_shallow = map.values().all(|value| is_within(value, MAX_DEPTH - 1));
        if is_shallow { Self::written(map) } else { Self::TooDeep }
    }

    fn written(value: &impl Serialize) -> Self {
        let mut start = Start { kept: Vec::with_capacity(512), length: 0 };
        // Neither a JSON value nor this writer fails.
        let _ = serde_json::to_writer(&mut start, value);
        Self::Text { start: start.kept, length: start.length }
    }

    /// Bytes of memory.
    pub(super) fn kept(&self) -> usize {
        match self {
            Self::TooDeep => 0,
            Self::Text { start, .. } => start.len(),
        }
    }

    /// Adds the value as it is shown, as JSON without the secrets of the target.
    pub(super) fn write(&self, target: &Target, out: &mut String) {
        match self {
            Self::TooDeep => {
                let reason = format!("nested deeper than {MAX_DEPTH} levels");
                out.push_str(&json!({"truncated": true, "reason": reason}).to_string());
            }
            Self::Text { start, length } => {
                // The cut is the mask's own, so that no half of a secret stays.
                let text = target.mask().bytes(start, SHOWN, start.len() < *length);
                if *length > SHOWN {
                    out.push_str(&json!({"truncated": true, "bytes": length, "start": text}).to_string());
                } else if matches!(text, Cow::Borrowed(_))
                    || serde_json::from_str::<IgnoredAny>(&text).is_ok()
                {
                    out.push_str(&text);
                } else {
                    // What was masked took a quote along.
                    out.push_str(&Value::String(text.into_owned()).to_string());
                }
            }
        }
    }
}

/// Keeps the first bytes and counts all.
struct Start {
    kept: Vec<u8>,
    length: usize,
}

impl io::Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = KEPT.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        self.length += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a value nests no deeper than this.
fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|item| is_within(item, levels - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &Value) -> Value {
        let base = "https://api.example.com".parse().unwrap();
        let target = Target::builder(base).secret("s3cr3t-value").build().unwrap();
        let mut text = String::new();
        Excerpt::of(value).write(&target, &mut text);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn short_ones_whole_long_ones_cut_deep_ones_named() {
        let value = json!({"a": [1, "s3cr3t-value", null], "password": "x"});
        assert_eq!(shown(&value), json!({"a": [1, "***", null], "password": "***"}));
        let long = shown(&json!(format!("{}s3cr3t-value{}", "x".repeat(SHOWN - 4), "y".repeat(SHOWN * 2))));
        let start = long["start"].as_str().unwrap();
        assert!(start.ends_with("x***") && !start.contains("s3c"), "{}", &start[start.len() - 20..]);
        assert_eq!(long["bytes"], SHOWN * 3 + 10);
        let deep = (0..200).fold(Value::Null, |inner, _| json!([inner]));
        assert_eq!(shown(&deep)["truncated"], true);
    }
}
