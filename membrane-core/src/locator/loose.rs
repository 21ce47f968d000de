//! Values compared and converted as JavaScript does it, on which formulas, filters and schemas are defined.
//!
//! *Absent* (`None`) stands for JavaScript's `undefined` and differs from `null`.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// How deep values are walked here; what lies deeper counts as empty or different.
pub(crate) const MAX_DEPTH: usize = 512;

/// Whether the value counts as true: not `null`, `false`, `0` or the empty text.
pub(crate) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(bool) => *bool,
        Value::Number(number) => float(number) != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Whether a schema says that it is of a type; a list that names only this type does.
pub(crate) fn is_of_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::Array(names)) => matches!(names.as_slice(), [known] if known == name),
        kind => kind.is_some_and(|kind| kind == name),
    }
}

/// Whether the value is absent, `null`, or an empty text, list or object.
pub(crate) fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(_) => false,
    }
}

/// The number as JavaScript has it.
pub(crate) fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// A number as JSON: whole ones as integers; `null` for what JSON cannot hold.
pub(crate) fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[allow(clippy::cast_possible_truncation)]
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// `String(value)`.
pub(crate) fn text(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None => Cow::Borrowed("undefined"),
        Some(Value::Null) => Cow::Borrowed("null"),
        Some(Value::Bool(true)) => Cow::Borrowed("true"),
        Some(Value::Bool(false)) => Cow::Borrowed("false"),
        Some(Value::Number(number)) => Cow::Owned(number_text(number)),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(Value::Array(items)) => {
            let mut out = String::new();
            join(items, &mut out, 0);
            Cow::Owned(out)
        }
        Some(Value::Object(_)) => Cow::Borrowed("[object Object]"),
    }
}

fn join(items: &[Value], out: &mut String, depth: usize) {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        match item {
            Value::Null => {}
            Value::Array(items) if depth < MAX_DEPTH => join(items, out, depth + 1),
            Value::Array(_) => {}
            item => out.push_str(&text(Some(item))),
        }
    }
}

fn number_text(number: &Number) -> String {
    match number.as_i64() {
        Some(whole) if whole.unsigned_abs() <= 1 << 53 => whole.to_string(),
        _ => float_text(float(number)),
    }
}

/// A number's text by the rules of ECMAScript.
pub(crate) fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // Where the point stands, counted from the first digit.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let body = if count <= point && point <= 21 {
        format!("{digits}{}", zeros(point - count))
    } else if 0 < point && point <= 21 {
        let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{whole}.{rest}")
    } else if -6 < point && point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let sign = if point > 0 { '+' } else { '-' };
        format!("{first}{dot}{rest}e{sign}{}", (point - 1).abs())
    };
    if value < 0.0 { format!("-{body}") } else { body }
}

/// What JavaScript counts as white space.
pub(crate) fn is_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

/// `Number(text)`.
pub(crate) fn to_number(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    if text.is_empty() {
        return 0.0;
    }
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return radix_number(digits, radix);
        }
    }
    match text.trim_start_matches(['+', '-']) {
        "Infinity" if text.len() <= 9 => parse_float(text),
        body if body.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')) => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

fn radix_number(digits: &str, radix: u32) -> f64 {
    if digits.is_empty() {
        return f64::NAN;
    }
    digits
        .chars()
        .try_fold(0.0, |sum, c| Some(sum * f64::from(radix) + f64::from(c.to_digit(radix)?)))
        .unwrap_or(f64::NAN)
}

/// `parseFloat(text)`: the number at the beginning of the text.
pub(crate) fn parse_float(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.starts_with("Infinity") {
        return if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let bytes = unsigned.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    let mut end = whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if whole + fraction == 0 {
            return f64::NAN;
        }
        end += 1 + fraction;
    } else if whole == 0 {
        return f64::NAN;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    let end = end + (text.len() - unsigned.len());
    text.get(..end).and_then(|number| number.parse().ok()).unwrap_or(f64::NAN)
}

/// Compares by the leading numbers of both texts; nothing when either has none.
pub(crate) fn compare(a: Option<&Value>, b: Option<&Value>) -> Option<Ordering> {
    let leading = |value: Option<&Value>| match value {
        Some(Value::Number(number)) => float(number),
        value => parse_float(&text(value)),
    };
    leading(a).partial_cmp(&leading(b))
}

/// `a === b`. Two lists or objects are equal only when they are the same one.
pub(crate) fn strict_equal(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => match (a, b) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => same_number(a, b),
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => std::ptr::eq(a, b),
            _ => false,
        },
        _ => false,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    a == b || float(a) == float(b)
}

/// `a == b`.
pub(crate) fn loose_equal(a: Option<&Value>, b: Option<&Value>) -> bool {
    let (a, b) = match (a, b) {
        (None | Some(Value::Null), None | Some(Value::Null)) => return true,
        (None | Some(Value::Null), _) | (_, None | Some(Value::Null)) => return false,
        (Some(a), Some(b)) => (a, b),
    };
    let is_container = |value: &Value| matches!(value, Value::Array(_) | Value::Object(_));
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (a, b) if is_container(a) && is_container(b) => std::ptr::eq(a, b),
        (Value::String(text_a), b) if is_container(b) => *text_a == text(Some(b)),
        (a, Value::String(text_b)) if is_container(a) => text(Some(a)) == *text_b,
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (a, b) => primitive_number(a) == primitive_number(b),
    }
}

fn primitive_number(value: &Value) -> f64 {
    match value {
        Value::Bool(bool) => f64::from(u8::from(*bool)),
        Value::Number(number) => float(number),
        value => to_number(&text(Some(value))),
    }
}

/// Whether both hold the same data; `1` equals `1.0`, and the order of keys does not count.
pub(crate) fn deep_equal(a: &Value, b: &Value) -> bool {
    deep_equal_at(a, b, 0)
}

fn deep_equal_at(a: &Value, b: &Value, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| deep_equal_at(a, b, depth + 1))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| deep_equal_at(a, b, depth + 1)))
        }
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        _ => false,
    }
}

/// The position a property name means in a list: `"0"`, `"17"`, but not `"01"`.
pub(crate) fn list_position(name: &str) -> Option<usize> {
    let canonical = name == "0" || (!name.starts_with('0') && name.bytes().all(|b| b.is_ascii_digit()));
    if canonical && !name.is_empty() { name.parse().ok() } else { None }
}

/// The fields in the order every JavaScript object has: names that are positions first, smallest first.
pub(crate) fn in_order(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = fields.iter().collect();
    if fields.keys().any(|name| list_position(name).is_some()) {
        all.sort_by_key(|(name, _)| list_position(name).map_or((true, 0), |position| (false, position)));
    }
    all
}

/// Moves the name that was put last to where every JavaScript object has it.
pub(crate) fn settle(fields: &mut Map<String, Value>, name: &str) {
    let Some(position) = list_position(name) else { return };
    let mut names = fields.keys().rev();
    if names.next().is_none_or(|last| last != name) {
        return;
    }
    let before = names.next();
    if before.is_some_and(|before| list_position(before).is_none_or(|before| before > position)) {
        sort_positions(fields);
    }
}

/// As [`sort_positions`], also inside of the value.
pub(crate) fn sort_all(value: &mut Value) {
    fn sort(value: &mut Value, left: usize) {
        let Some(left) = left.checked_sub(1) else { return };
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| sort(item, left)),
            Value::Object(fields) => {
                sort_positions(fields);
                fields.values_mut().for_each(|field| sort(field, left));
            }
            _ => {}
        }
    }
    sort(value, MAX_DEPTH);
}

/// Puts the names that are positions first, smallest first, as every JavaScript object has them.
pub(crate) fn sort_positions(fields: &mut Map<String, Value>) {
    if fields.keys().any(|name| list_position(name).is_some()) {
        let (mut numbered, named): (Vec<_>, Vec<_>) =
            std::mem::take(fields).into_iter().partition(|(name, _)| list_position(name).is_some());
        numbered.sort_by_key(|(name, _)| list_position(name));
        fields.extend(numbered.into_iter().chain(named));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.5, "1.5"),
            (-12.25, "-12.25"),
            (1e21, "1e+21"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.25e-9, "1.25e-9"),
            (1e300, "1e+300"),
            (0.1, "0.1"),
        ] {
            assert_eq!(float_text(value), expected);
        }
    }

    #[test]
    fn texts_become_numbers() {
        for (text, expected) in
            [("", 0.0), (" 12 ", 12.0), ("0x10", 16.0), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0)]
        {
            assert_eq!(to_number(text), expected, "{text:?}");
        }
        for text in ["x", "1x", "inf", "nan", "infinity", "--1", "0x", "1 2", "+-1", "-0x1", "++Infinity"] {
            assert!(to_number(text).is_nan(), "{text:?}");
        }
        assert_eq!(to_number("-Infinity"), f64::NEG_INFINITY);
        for (text, expected) in
            [("5px", 5.0), ("-1.5e2x", -150.0), ("1e", 1.0), (".5.5", 0.5), ("2024-03-05", 2024.0)]
        {
            assert_eq!(parse_float(text), expected, "{text:?}");
        }
        for text in ["", "px", ".", "-", "e5"] {
            assert!(parse_float(text).is_nan(), "{text:?}");
        }
    }

    #[test]
    fn loose_equality_converts() {
        let equal = |a: Value, b: Value| loose_equal(Some(&a), Some(&b));
        assert!(equal(json!(1), json!("1")) && equal(json!(true), json!(1)) && equal(json!(0), json!("")));
        assert!(equal(json!([1]), json!(1)) && equal(json!([]), json!("")) && equal(json!(1), json!(1.0)));
        assert!(
            !equal(json!({}), json!({}))
                && !equal(json!("true"), json!(true))
                && !equal(json!(null), json!(0))
        );
        assert!(loose_equal(None, Some(&Value::Null)) && !loose_equal(None, Some(&json!(""))));
    }
}
