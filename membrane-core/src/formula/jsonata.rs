use serde_json::Value;

/// Evaluates `$jsonata` expressions.
///
/// Given to formulas with [`Vars::with_jsonata`](super::Vars::with_jsonata).
pub trait Jsonata: Send + Sync {
    /// The value of the expression over the variables; nothing when it has none or fails.
    ///
    /// Must bound the time, memory and depth an expression can take.
    fn evaluate(&self, expression: &str, variables: &Value) -> Option<Value>;
}
