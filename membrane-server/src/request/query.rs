use membrane_core::{Error, Result};
use serde_json::{Map, Value};

/// Parameters at the most.
const MAX_PAIRS: usize = 1000;

/// Levels of brackets; what is deeper stays part of the last name.
const MAX_DEPTH: usize = 5;

/// Reads a query the way the `qs` package writes it, with every value a text.
///
/// `a[b]=c` nests, `a[0]=x`, `a[]=x` and a repeated `a=x` make lists. A parameter that is empty or only
/// spaces counts as absent.
///
/// # Errors
/// `InvalidInput` when there are more than a thousand parameters.
pub(crate) fn parse(query: &str) -> Result<Map<String, Value>> {
    let mut root = Map::new();
    for (n, (name, value)) in url::form_urlencoded::parse(query.as_bytes()).enumerate() {
        if n == MAX_PAIRS {
            return Err(Error::invalid_input(format!("a query has at most {MAX_PAIRS} parameters")));
        }
        if value.trim().is_empty() {
            continue;
        }
        let (first, rest) = segments(&name);
        if first.is_empty() {
            continue;
        }
        match root.get_mut(first) {
            Some(known) => insert(known, &rest, value.into_owned()),
            None => {
                let mut fresh = Value::Null;
                insert(&mut fresh, &rest, value.into_owned());
                root.insert(first.to_owned(), fresh);
            }
        }
    }
    root.values_mut().for_each(settle);
    Ok(root)
}

/// `a[b][0]` is `a` and then `b`, `0`. Brackets that do not close belong to the name.
fn segments(name: &str) -> (&str, Vec<&str>) {
    let Some(open) = name.find('[') else { return (name, Vec::new()) };
    let (first, mut tail) = name.split_at(open);
    let mut rest = Vec::new();
    while rest.len() < MAX_DEPTH {
        let Some((inner, after)) = tail.strip_prefix('[').and_then(|tail| tail.split_once(']')) else {
            break;
        };
        rest.push(inner);
        tail = after;
    }
    match rest.is_empty() {
        true => (name, rest),
        false if first.is_empty() => (rest.remove(0), rest),
        false => (first, rest),
    }
}

/// Puts a text where the segments lead. Lists are objects with numbers for names until [`settle`].
fn insert(node: &mut Value, segments: &[&str], text: String) {
    let Some((segment, rest)) = segments.split_first() else {
        match node {
            Value::Null => *node = Value::String(text),
            Value::String(first) => {
                *node = Value::Array(vec![Value::String(std::mem::take(first)), Value::String(text)]);
            }
            Value::Array(items) => items.push(Value::String(text)),
            // A text and an object of one name: the object, which came first, stays.
            Value::Object(_) | Value::Bool(_) | Value::Number(_) => {}
        }
        return;
    };
    if node.is_null() {
        *node = Value::Object(Map::new());
    }
    let Value::Object(object) = node else { return };
    let name = if segment.is_empty() { object.len().to_string() } else { (*segment).to_owned() };
    insert(object.entry(name).or_insert(Value::Null), rest, text);
}

/// Turns objects whose names are all numbers into lists.
fn settle(node: &mut Value) {
    let Value::Object(object) = node else { return };
    object.values_mut().for_each(settle);
    let indexes: Option<Vec<usize>> = object.keys().map(|name| name.parse().ok()).collect();
    let Some(indexes) = indexes else { return };
    let mut items: Vec<(usize, Value)> =
        indexes.into_iter().zip(std::mem::take(object).into_iter().map(|(_, item)| item)).collect();
    items.sort_by_key(|(index, _)| *index);
    *node = Value::Array(items.into_iter().map(|(_, item)| item).collect());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_qs_writes() {
        let cases = [
            ("", json!({})),
            ("search=sl+ack&limit=10", json!({"search": "sl ack", "limit": "10"})),
            ("search=&x=%20&y&limit=1", json!({"limit": "1"})),
            ("a%5Bb%5D=c&a[d]=e", json!({"a": {"b": "c", "d": "e"}})),
            ("a[0]=x&a[2]=z&a[1]=y", json!({"a": ["x", "y", "z"]})),
            ("a[]=x&a[]=y", json!({"a": ["x", "y"]})),
            ("a=x&a=y&a=z", json!({"a": ["x", "y", "z"]})),
            ("a[0][b]=1&a[1][b]=2", json!({"a": [{"b": "1"}, {"b": "2"}]})),
            ("a[b]=1&a=2", json!({"a": {"b": "1"}})),
            ("a=1&a[b]=2", json!({"a": "1"})),
            ("a[b=1&a]=2&[c]=3&=4&[]=5", json!({"a[b": "1", "a]": "2", "c": "3"})),
            ("a[b][c][d][e][f][g]=1", json!({"a": {"b": {"c": {"d": {"e": {"f": "1"}}}}}})),
            ("x=%E4%BD%A0%F0%9F%98%80&y=%FF", json!({"x": "你😀", "y": "\u{fffd}"})),
            ("token=a=b==", json!({"token": "a=b=="})),
        ];
        for (query, expected) in cases {
            assert_eq!(Value::Object(parse(query).unwrap()), expected, "{query}");
        }
    }

    #[test]
    fn refuses_a_flood_of_parameters() {
        let query = "a=1&".repeat(1001);
        assert!(parse(&query).is_err());
        assert!(parse(&"a=1&".repeat(1000)).is_ok());
    }

    #[test]
    fn a_huge_index_takes_no_memory() {
        assert_eq!(Value::Object(parse("a[999999999]=x").unwrap()), json!({"a": ["x"]}));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(query in any::<String>()) {
            let _ = parse(&query);
        }

        #[test]
        fn no_brackets_make_it_panic(query in "[a-b0-1=&%\\[\\]+.]{0,120}") {
            let _ = parse(&query);
        }

        #[test]
        fn plain_pairs_come_back(name in "[a-zA-Z_]{1,12}", value in any::<String>()) {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
            let parsed = parse(&query).unwrap();
            let expected = (!value.trim().is_empty()).then(|| Value::String(value));
            assert_eq!(parsed.get(&name), expected.as_ref());
        }
    }
}
