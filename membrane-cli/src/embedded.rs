//! The engine of this process, as the arguments say it.

use membrane_core::{Error, Result};
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_engine::{Builder, Engine};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use crate::args::Embedded;
use crate::connectors::connectors;

/// What runs the engine. It logs to standard error: from this level on, where the environment does not say otherwise.
pub(crate) fn runtime(level: &str) -> Result<Runtime> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level)))
        .with_writer(std::io::stderr)
        .init();
    Runtime::new().map_err(|error| Error::internal("the runtime could not be started").with_source(error))
}

/// The key that seals credentials, if it is given.
pub(crate) fn key(args: &Embedded) -> Result<Option<KeyProvider>> {
    key_of(args.key.as_deref())
}

/// The same, of a text; an empty one is none.
pub(crate) fn key_of(text: Option<&str>) -> Result<Option<KeyProvider>> {
    text.filter(|key| !key.is_empty()).map(KeyProvider::from_base64).transpose()
}

/// An engine on the database, not started yet. Of the log it removes nothing: that is the server's to say.
pub(crate) async fn builder(args: &Embedded, key: KeyProvider) -> Result<Builder> {
    Ok(Engine::builder()
        .workspace(&args.workspace_key)
        .store(SqliteStore::open(&args.database).await?)
        .vault(key)
        .connectors(connectors(args.connectors.as_deref())?)
        .keep_runs_for(None))
}
