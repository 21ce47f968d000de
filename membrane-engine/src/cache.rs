//! What the engine keeps at hand between calls.

use std::sync::Arc;
use std::time::Duration;

use membrane_core::{ConnectionId, CustomerId, Result, Validator};
use moka::future::Cache as Moka;

use crate::connect::Connected;
use crate::run::Plan;

/// For how long a change that another process made may go unseen. A change of this process is seen at once.
const STALE: Duration = Duration::from_secs(2);

/// Entries a cache at the most; connections at rest cost nothing.
const CAPACITY: u64 = 10_000;

/// Caches keyed by what was asked and by the generation of the asking.
pub(crate) struct Cache {
    pub(crate) connected: Moka<(u64, Option<CustomerId>, ConnectionId), Arc<Connected>>,
    pub(crate) selected: Moka<SelectedKey, ConnectionId>,
    pub(crate) plans: Moka<PlanKey, Arc<Plan>>,
    pub(crate) validators: Moka<String, Arc<Validator>>,
}

/// Generation, customer, the connection as the caller named it.
pub(crate) type SelectedKey = (u64, Option<CustomerId>, String);

/// Generation, customer, the selector of an action.
pub(crate) type PlanKey = (u64, Option<CustomerId>, membrane_core::Selector);

impl Default for Cache {
    fn default() -> Self {
        fn bounded<K, V>() -> Moka<K, V>
        where
            K: std::hash::Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
        {
            Moka::builder().max_capacity(CAPACITY).time_to_live(STALE).build()
        }
        Self {
            connected: bounded(),
            selected: bounded(),
            plans: bounded(),
            // A schema's text says all about it, so this one is never stale.
            validators: Moka::builder().max_capacity(CAPACITY).build(),
        }
    }
}

impl Cache {
    /// The validator of a schema, compiled once.
    pub(crate) async fn validator(&self, schema: &membrane_core::DataSchema) -> Result<Arc<Validator>> {
        let text = schema.as_value().to_string();
        if let Some(found) = self.validators.get(&text).await {
            return Ok(found);
        }
        let compiled = Arc::new(schema.compile()?);
        self.validators.insert(text, Arc::clone(&compiled)).await;
        Ok(compiled)
    }
}
