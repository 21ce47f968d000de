//! What the tests of more than one file begin with.

use std::path::Path;

use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_testkit::demo::TaskManager;

/// An engine of the task manager on a database in this folder.
pub(crate) async fn engine(folder: &Path, keys: KeyProvider) -> Engine {
    Engine::builder()
        .store(SqliteStore::open(folder.join("membrane.db")).await.unwrap())
        .vault(keys)
        .connector(TaskManager::connector().unwrap())
        .dangerous()
        .allow_private_networks()
        .build()
        .await
        .unwrap()
}
