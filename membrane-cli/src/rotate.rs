//! `membrane rotate`.

use membrane_core::{Error, Result};
use membrane_engine::store::{SqliteStore, Store as _};
use membrane_engine::vault::Vault;

use crate::args::Rotate;
use crate::{embedded, print};

const KEY: &str = "\
MEMBRANE_KEY is missing: the new key, and behind it, with a comma between, the one that `membrane serve` had until now";

/// Puts every sealed record under the first key.
pub(crate) fn run(args: &Rotate) -> Result<()> {
    let key = embedded::key_of(args.key.as_deref())?.ok_or_else(|| Error::configuration(KEY))?;
    embedded::runtime("warn")?.block_on(async {
        let store = SqliteStore::open(&args.database).await?;
        let outcome = Vault::new(key).rotate(&store).await;
        store.close().await;
        print(&format!("{} records put under the new key; none needs an older one", outcome?))
    })
}
