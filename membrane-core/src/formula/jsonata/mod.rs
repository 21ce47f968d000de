#[cfg(feature = "jsonata")]
mod engine;

use serde_json::Value;

#[cfg(feature = "jsonata")]
pub use self::engine::JsonataCore;

/// Evaluates `$jsonata` expressions.
///
/// Given to formulas with [`Vars::with_jsonata`](super::Vars::with_jsonata). The feature `jsonata` brings
/// an engine, `JsonataCore`.
pub trait Jsonata: Send + Sync {
    /// The value of the expression over the variables; nothing when it has none or fails.
    ///
    /// Must bound the time, memory and depth an expression can take.
    fn evaluate(&self, expression: &str, variables: &Value) -> Option<Value>;
}
