use futures::future::join_all;
use membrane_core::{Error, ErrorKind, Paging, Result, Retry};

use super::Vault;
use super::owner::{Bound, Owner};
use crate::store::{SealedRow, Store};

/// Records that are re-wrapped side by side; the store commits them together.
const PAGE: u32 = 100;

/// Passes over all records at the most. A record that was written meanwhile by a process that still seals
/// with the old key is met again by the next pass.
const PASSES: usize = 10;

impl Vault {
    /// Puts every data key under the current outer key and says how many. What they seal is not
    /// opened.
    ///
    /// Safe at any time and from several processes at once. After `Ok` no record needs an older key, as
    /// long as no process seals with one any more.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when an older key is missing: every other record was
    /// re-wrapped. [`Concurrency`](ErrorKind::Concurrency) when other processes go on to seal with an
    /// older key. What the store or the [`WrapKey`](super::WrapKey) answers.
    ///
    /// ```
    /// use membrane_core::connector::Connector;
    /// use membrane_core::op::CreateConnection;
    /// use membrane_engine::vault::{KeyProvider, Vault};
    /// use membrane_engine::{Engine, store::SqliteStore};
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> membrane_core::Result<()> {
    /// let store = SqliteStore::memory().await?;
    /// let old = KeyProvider::generate()?;
    /// # let file = "key: demo\nname: Demo\nauth: {type: client-credentials}\napi: {baseUri: 'https://demo.example'}";
    /// # let demo = Connector::from_yaml(file, "demo.yml")?;
    /// let engine = Engine::builder().store(store.clone()).vault(old.clone()).connector(demo).build().await?;
    /// let acme = engine.customer("acme").await?;
    /// engine.call(&acme, CreateConnection::new("demo", json!({"token": "t"}))).await?;
    ///
    /// // Every process has been started with the new key, and the old one behind it.
    /// let new = KeyProvider::generate()?;
    /// let vault = Vault::new(new.clone().with_previous(old));
    /// assert_eq!(vault.rotate(&store).await?, 1);
    ///
    /// // From here on nothing needs the old key.
    /// assert_eq!(Vault::new(new).rotate(&store).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rotate(&self, store: &dyn Store) -> Result<u64> {
        let mut rewrapped = 0;
        for _ in 0..PASSES {
            let pass = self.pass(store).await?;
            rewrapped += pass.rewrapped;
            if let Some(error) = pass.error {
                return Err(error.with("rewrapped", rewrapped));
            }
            if pass.raced == 0 {
                return Ok(rewrapped);
            }
        }
        Err(Error::new(
            ErrorKind::Concurrency,
            "other processes seal with an older key; give them the new key first, then rotate again",
        )
        .with_retry(Retry::Backoff)
        .with("rewrapped", rewrapped))
    }

    async fn pass(&self, store: &dyn Store) -> Result<Pass> {
        let mut pass = Pass::default();
        let mut paging = Paging { limit: Some(PAGE), cursor: None };
        loop {
            let page = store.sealed_not_under(self.key_id(), &paging).await?;
            let outcomes = join_all(page.items.iter().map(|row| self.rewrap(store, row))).await;
            for outcome in outcomes {
                match outcome {
                    Ok(()) => pass.rewrapped += 1,
                    Err(error) if error.kind() == ErrorKind::Concurrency => pass.raced += 1,
                    Err(error) => pass.error = pass.error.or(Some(error)),
                }
            }
            match page.cursor {
                Some(cursor) => paging.cursor = Some(cursor),
                None => return Ok(pass),
            }
        }
    }

    async fn rewrap(&self, store: &dyn Store, row: &SealedRow) -> Result<()> {
        let owner = Owner {
            workspace: row.workspace.clone(),
            customer: row.customer.clone(),
            element: row.element.clone(),
        };
        let data_key = self.data_key(&owner, &row.sealed).await?;
        let associated = owner.associated(Bound::DataKey, row.sealed.version);
        let wrapped = self.keys.wrap(data_key.expose(), &associated).await?;
        store.rewrap(row, self.key_id(), &wrapped).await
    }
}

#[derive(Default)]
struct Pass {
    rewrapped: u64,
    raced: u64,
    error: Option<Error>,
}
