use membrane_core::{Formula, Result, Vars};
use serde_json::Value;

use super::links::Links;

/// A formula of the product, which may ask for links between records.
pub(crate) struct Template {
    formula: Formula,
    asks: bool,
}

impl Template {
    pub(crate) fn new(formula: Formula) -> Self {
        let asks = asks_for_links(formula.source());
        Self { formula, asks }
    }

    /// What it was parsed from.
    pub(crate) fn source(&self) -> &Value {
        self.formula.source()
    }

    pub(crate) async fn build(&self, vars: &Vars<'_>, links: &Links<'_>) -> Result<Option<Value>> {
        if self.asks {
            // Rare, and big: it is kept out of the future of every run.
            return Box::pin(self.formula.resolve(vars, Some(links), None)).await;
        }
        self.formula.try_build(vars)
    }
}

/// Whether a formula looks up which records belong together. What only looks like it costs nothing but time.
fn asks_for_links(source: &Value) -> bool {
    let mut left = vec![source];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(map) => {
                if map.contains_key("$findAppRecordId") || map.contains_key("$findExternalRecordId") {
                    return true;
                }
                left.extend(map.values());
            }
            _ => {}
        }
    }
    false
}
