//! Entries as YAML, the way exports of a workspace are written: two spaces a level, long texts folded.

use serde_json::{Map, Value};

use super::scalar;

/// Writes the fields of an element as a file.
pub(super) fn document(fields: &Map<String, Value>) -> String {
    let mut out = String::new();
    match fields.is_empty() {
        true => out.push_str("{}"),
        false => mapping(&mut out, fields, 0),
    }
    out.push('\n');
    out
}

/// Writes a value by itself.
pub(super) fn value(value: &Value) -> String {
    let mut out = String::new();
    node(&mut out, value, 0);
    out.push('\n');
    out
}

/// Writes a value where the first line is begun already.
fn node(out: &mut String, value: &Value, level: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => mapping(out, fields, level),
        Value::Array(items) if !items.is_empty() => sequence(out, items, level),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        Value::String(text) => scalar::text(out, text, level),
        other => out.push_str(&other.to_string()),
    }
}

fn mapping(out: &mut String, fields: &Map<String, Value>, level: usize) {
    for (n, (name, value)) in fields.iter().enumerate() {
        if n > 0 {
            line(out, level);
        }
        let is_long = scalar::name(out, name);
        if is_long {
            line(out, level);
        }
        out.push(':');
        if is_nested(value) {
            line(out, level + 1);
        } else {
            out.push(' ');
        }
        node(out, value, level + 1);
    }
}

fn sequence(out: &mut String, items: &[Value], level: usize) {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            line(out, level);
        }
        out.push_str("- ");
        node(out, item, level + 1);
    }
}

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => false,
    }
}

fn line(out: &mut String, level: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", level));
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
    use serde_json::json;

    use super::*;
    use crate::file::Node;
    use crate::file::yaml::{on_deep_stack, read};

    fn back(text: &str) -> Value {
        let read = on_deep_stack(|| read::<Node>(text).map_err(|refusal| (refusal.at, refusal.message)));
        read.unwrap().unwrap_or_else(|why| panic!("{why:?} in:\n{text}")).value
    }

    #[test]
    fn is_written_as_exports_are() {
        let url = format!("https://example.com/{}", "x".repeat(80));
        let words = "one two three four ".repeat(6);
        let cases = [
            (json!({"a": [], "b": {}, "c": [{"k": 1, "l": [true, null]}, [1, [2]]]}),
             "a: []\nb: {}\nc:\n  - k: 1\n    l:\n      - true\n      - null\n  - - 1\n    - - 2\n".to_owned()),
            (json!({"d": " ", "e": "1.2.5", "f": "12", "g": "yes", "h": "a: b", "i": "it's", "j": "'x'"}),
             "d: ' '\ne: 1.2.5\nf: '12'\ng: 'yes'\nh: 'a: b'\ni: it's\nj: '''x'''\n".to_owned()),
            (json!({"t": "2025-07-26T06:43:39.143Z", "e": "", "$var": "$.input.a", "n": "~", "#": "a #b"}),
             "t: '2025-07-26T06:43:39.143Z'\ne: ''\n$var: $.input.a\n'n': '~'\n'#': 'a #b'\n".to_owned()),
            (json!({"logoUri": url}), format!("logoUri: >-\n  {url}\n")),
            (json!({"code": "if (a) {\n  b()\n}\n", "last": "x\ny"}),
             "code: |\n  if (a) {\n    b()\n  }\nlast: |-\n  x\n  y\n".to_owned()),
            (json!({"a": "x\ty", "b": "\u{1}é"}), "a: \"x\\ty\"\nb: \"\\x01é\"\n".to_owned()),
            (json!({"w": words.trim()}),
             "w: >-\n  one two three four one two three four one two three four one two three four\n  one two three four one two three four\n".to_owned()),
        ];
        for (value, expected) in cases {
            let text = document(value.as_object().unwrap());
            assert_eq!(text, expected);
            assert_eq!(back(&text), value);
        }
    }

    #[test]
    fn texts_that_look_like_something_else_stay_texts() {
        let texts = [
            "",
            " ",
            "~",
            "null",
            "Null",
            "true",
            "False",
            "yes",
            "No",
            "on",
            "OFF",
            "y",
            "N",
            "0",
            "-1",
            "+1",
            "1.",
            ".5",
            "-.5",
            "1e5",
            "1e+5",
            "1_000",
            "0x1F",
            "0o17",
            "017",
            "0b11",
            "-0x1",
            ".inf",
            "-.Inf",
            ".NaN",
            "NaN",
            "Infinity",
            "inf",
            "nan",
            "12:30",
            "1:2:3.5",
            "2020-01-01",
            "2020-1-1 10:00:00",
            "<<",
            "=",
            "-",
            "- a",
            "?",
            "? a",
            ":",
            ": a",
            "a:",
            "a: b",
            "a #b",
            "#a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "@a",
            "`a",
            "%a",
            "[a",
            "{a",
            "a]",
            "a}",
            "a, b",
            "\"a",
            "'a",
            "---",
            "--- a",
            "...",
            "a\n---\nb",
            "\n",
            "\n\n",
            "a\n",
            "a\n\n",
            "\na",
            " a",
            "a ",
            " a\nb",
            "a\n b",
            "a\n \nb",
            "a \nb",
            "\ta",
            "a\t",
            "a\r\nb",
            "a\rb",
            "a\u{85}b",
            "a\u{2028}b",
            "\u{feff}a",
            "a\u{feff}",
            "\u{0}",
            "é",
            "😀",
            "\u{fffe}",
            "\\",
            "a\\nb",
            "\"",
            "1,000",
            "0.1.2",
            "00",
            "-0",
            "+.5",
            "0x",
            "0o8",
            "1e",
            "e5",
            "1__0",
            "_1",
            "!!str a",
            "- - a",
            "-a",
            "a\n\n\nb",
        ];
        for text in texts {
            let long = format!("{text}{}", " and so on".repeat(12));
            let value =
                json!({"a": text, "b": [text, [text]], "c": long, text: {"d": format!("{long}\n{long}")}});
            let written = document(value.as_object().unwrap());
            assert_eq!(back(&written), value, "{text:?} in:\n{written}");
        }
    }

    #[test]
    fn names_may_be_long() {
        let name = "k".repeat(2_000);
        let value = json!({name.as_str(): {name.as_str(): 1}, "b": [{name: [2]}]});
        assert_eq!(back(&document(value.as_object().unwrap())), value);
    }

    #[test]
    #[allow(clippy::print_stdout, reason = "says that it is skipped")]
    fn files_of_a_real_workspace_come_out_as_they_are() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders: Vec<PathBuf> =
            ["../../shared", "../../../shared"].map(|place| here.join(place).join("workspaces")).into();
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "yaml") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert_eq!(document(back(&text).as_object().unwrap()), text, "{}", path.display());
                    count += 1;
                }
            }
        }
        if count == 0 {
            println!("skipped: no workspace beside the checkout");
        }
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            "\\PC{0,20}",
            "[-+0-9._:eExob]{1,8}",
            "[a:,#{}\\[\\] '\"&*!|>?%@-]{1,8}",
            "[ \n\t#:'\"a-c\\-]{0,30}",
            "([a-z,. ]{0,60}\n?){0,5}",
            vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect::<String>()),
        ]
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
            texts().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..5).prop_map(Value::Array),
                vec((texts(), inner), 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(inside in values(), name in texts()) {
            let written = Map::from_iter([(name, inside.clone()), ("last".to_owned(), inside)]);
            let text = document(&written);
            let read = back(&text);
            prop_assert_eq!(&read, &Value::Object(written), "{}", text);
            prop_assert_eq!(document(read.as_object().unwrap()), text);
        }
    }
}
