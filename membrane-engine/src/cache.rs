//! What the engine keeps at hand between calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use membrane_core::element::{Customer, ElementKind};
use membrane_core::op::SourceTarget;
use membrane_core::{ConnectionId, CustomerId, Selector};
use moka::future::Cache as Moka;

use crate::Caller;
use crate::connect::Connected;
use crate::run::{Plan, Source};
use crate::store::{Row, Write};

/// For how long a change that another process made may go unseen. A change of this process is seen at once.
pub(crate) const STALE: Duration = Duration::from_secs(2);

/// Entries a cache at the most; connections at rest cost nothing.
const CAPACITY: u64 = 10_000;

/// Caches keyed by what was asked, who asked, and the [`Generation`] of the asking.
pub(crate) struct Cache {
    pub(crate) connected: Moka<Key<ConnectionId>, Arc<Connected>>,
    /// A connection as a caller names it.
    pub(crate) selected: Moka<Key<String>, ConnectionId>,
    pub(crate) plans: Moka<Key<Selector>, Arc<Plan>>,
    /// A data source as a caller names it, and the text of the field mapping to read it with.
    pub(crate) sources: Moka<Key<(SourceTarget, String)>, Arc<Source>>,
    /// A customer by the product's own id.
    pub(crate) customers: Moka<(u64, String), Arc<Customer>>,
    changes: Changes,
}

/// Who asked for what, and when.
pub(crate) type Key<Asked> = (Generation, Option<CustomerId>, Asked);

/// How many changes there were of what a caller can see. What was kept before a change is not found after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Generation {
    shared: u64,
    own: u64,
}

/// Counts what was written, so that one customer's change leaves what is kept for the others.
struct Changes {
    all: AtomicU64,
    /// Of rows that belong to no customer.
    shared: AtomicU64,
    /// Of customers themselves.
    customers: AtomicU64,
    /// Of each customer's rows: when they last changed, counted in `all`. Forgotten when nothing that was kept
    /// before can still be there.
    own: Moka<CustomerId, u64>,
}

impl Default for Cache {
    fn default() -> Self {
        fn bounded<K, V>() -> Moka<K, V>
        where
            K: std::hash::Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
        {
            Moka::builder().max_capacity(CAPACITY).time_to_live(STALE).build()
        }
        let changes = Changes {
            all: AtomicU64::new(0),
            shared: AtomicU64::new(0),
            customers: AtomicU64::new(0),
            own: Moka::builder().time_to_live(STALE * 2).build(),
        };
        Self {
            connected: bounded(),
            selected: bounded(),
            plans: bounded(),
            sources: bounded(),
            customers: bounded(),
            changes,
        }
    }
}

impl Cache {
    /// The key under which an answer to this caller is kept. It is taken before the store is read: a change that
    /// comes in between then leads to another key.
    pub(crate) async fn key<Asked>(&self, caller: &Caller, asked: Asked) -> Key<Asked> {
        let customer = caller.customer_id().cloned();
        let generation = match &customer {
            Some(id) => Generation {
                shared: self.changes.shared.load(Ordering::Acquire),
                own: self.changes.own.get(id).await.unwrap_or(0),
            },
            // A manager sees everybody's.
            None => Generation { shared: self.changes.all.load(Ordering::Acquire), own: 0 },
        };
        (generation, customer, asked)
    }

    /// The key of a customer by the product's own id.
    pub(crate) fn customer_key(&self, internal_id: &str) -> (u64, String) {
        (self.changes.customers.load(Ordering::Acquire), internal_id.to_owned())
    }

    /// Makes unfindable what was kept before these were written.
    pub(crate) async fn changed(&self, touched: Touched) {
        let now = self.changes.all.fetch_add(1, Ordering::AcqRel) + 1;
        if touched.shared {
            self.changes.shared.fetch_add(1, Ordering::AcqRel);
        }
        if touched.is_customer {
            self.changes.customers.fetch_add(1, Ordering::AcqRel);
        }
        for customer in touched.customers {
            self.changes.own.insert(customer, now).await;
        }
    }
}

/// Whose rows a list of writes is about.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    shared: bool,
    is_customer: bool,
    customers: Vec<CustomerId>,
}

impl Touched {
    pub(crate) fn by(writes: &[Write]) -> Self {
        let mut touched = Self::default();
        for write in writes {
            match write {
                Write::Insert(row) | Write::Update { row, .. } => touched.row(row),
                // Nothing that is kept knows of links.
                Write::By(_) | Write::Link(_) | Write::Unlink(_) => {}
                Write::Seal { customer, .. } | Write::Unseal { customer, .. } => {
                    touched.customers.extend(customer.clone());
                    touched.shared |= customer.is_none();
                }
            }
        }
        touched
    }

    fn row(&mut self, row: &Row) {
        match &row.customer {
            Some(customer) => self.customers.push(customer.clone()),
            None if row.kind == ElementKind::Customer => {
                self.is_customer = true;
                self.customers.push(row.id.clone().into());
            }
            None => self.shared = true,
        }
    }
}
