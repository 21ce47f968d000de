#[cfg(feature = "jsonata")]
mod engine;

use serde_json::Value;

#[cfg(feature = "jsonata")]
pub use self::engine::JsonataCore;

/// Evaluates `$jsonata` expressions.
///
/// Given to formulas with [`Vars::with_jsonata`](super::Vars::with_jsonata). The feature `jsonata` brings
/// an engine, `JsonataCore`.
///
/// ```
/// use membrane_core::formula::{Formula, Jsonata, Vars};
/// use serde_json::{Value, json};
///
/// /// Knows how to read a variable, and nothing else.
/// struct Names;
///
/// impl Jsonata for Names {
///     fn evaluate(&self, expression: &str, variables: &Value) -> Option<Value> {
///         variables.get(expression).cloned()
///     }
/// }
///
/// let (formula, data) = (Formula::parse(&json!({"$jsonata": "name"}))?, json!({"name": "Ada"}));
/// assert_eq!(formula.build_with(&Vars::from(&data).with_jsonata(&Names)), Some(json!("Ada")));
/// assert_eq!(formula.build(&data), None);
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub trait Jsonata: Send + Sync {
    /// The value of the expression over the variables; nothing when it has none or fails.
    ///
    /// Must bound the time, memory and depth an expression can take.
    fn evaluate(&self, expression: &str, variables: &Value) -> Option<Value>;
}
