//! The engine of this process, as the arguments say it.

use membrane_core::{Error, Result};
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use membrane_engine::{Builder, Engine};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use crate::args::Embedded;
use crate::connectors::connectors;

/// What runs the engine. It logs to standard error: what is ours from this level on, of everything else warnings,
/// where the environment does not say otherwise.
pub(crate) fn runtime(level: &str) -> Result<Runtime> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| ours_from(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Runtime::new().map_err(|error| Error::internal("the runtime could not be started").with_source(error))
}

/// All our targets begin so: `membrane::http`, `membrane_engine`, and so on.
fn ours_from(level: &str) -> EnvFilter {
    EnvFilter::new(format!("warn,membrane={level}"))
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
        .store(SqliteStore::open(args.database()).await?)
        .vault(key)
        .connectors(connectors(args.connectors.as_deref())?)
        .keep_runs_for(None))
}

#[cfg(test)]
mod tests {
    use tracing::{Level, enabled, subscriber};

    use super::*;

    #[test]
    fn what_is_not_ours_logs_warnings_only() {
        let logs = tracing_subscriber::fmt().with_env_filter(ours_from("info")).finish();
        subscriber::with_default(logs, || {
            assert!(enabled!(target: "membrane::server", Level::INFO));
            assert!(enabled!(target: "membrane_engine::run", Level::INFO));
            assert!(!enabled!(target: "membrane::http", Level::DEBUG));
            assert!(!enabled!(target: "hyper", Level::INFO));
            assert!(!enabled!(target: "sqlx::query", Level::INFO));
            assert!(enabled!(target: "sqlx::query", Level::WARN));
        });
    }
}
