//! What the engine keeps at hand between calls.

use std::sync::Arc;
use std::time::Duration;

use membrane_core::element::Customer;
use membrane_core::{ConnectionId, CustomerId};
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
    pub(crate) customers: Moka<(u64, String), Arc<Customer>>,
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
        Self { connected: bounded(), selected: bounded(), plans: bounded(), customers: bounded() }
    }
}
