use membrane_core::{Error, Result};
use serde_json::Value;

/// Levels of arrays and objects within one another at the most. JSON readers stop at 128, ours too, and
/// answers wrap what is stored in levels of their own.
const MAX_DEPTH: usize = 100;

/// Holds that values can be read back once they are written.
///
/// # Errors
/// [`InvalidInput`](membrane_core::ErrorKind::InvalidInput) when they are nested too deeply.
pub(crate) fn check<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<()> {
    if is_deeper(values, MAX_DEPTH) {
        return Err(Error::invalid_input(format!("a document may be nested {MAX_DEPTH} levels deep")));
    }
    Ok(())
}

fn is_deeper<'a>(values: impl IntoIterator<Item = &'a Value>, levels: usize) -> bool {
    let Some(levels) = levels.checked_sub(1) else { return true };
    values.into_iter().any(|value| match value {
        Value::Array(items) => is_deeper(items, levels),
        Value::Object(map) => is_deeper(map.values(), levels),
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_levels() {
        let nested =
            |levels: usize| (1..levels).fold(Value::from(vec![1]), |inner, _| Value::from(vec![inner]));
        assert!(check([&nested(MAX_DEPTH - 1)]).is_ok());
        assert!(check([&nested(MAX_DEPTH)]).is_err());
        assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH).to_string()).is_ok());
    }
}
