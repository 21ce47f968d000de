use std::future::Future;

use axum::Router;
use axum::serve::ListenerExt;
use membrane_core::{Error, Result};
use tokio::net::TcpListener;

/// Serves a router until `shutdown` is done, then finishes the requests under way.
///
/// A host with a server of its own does not need this: it nests [`router`](crate::router) there.
///
/// ```
/// # use membrane_engine::{Engine, store::SqliteStore, vault::KeyProvider};
/// # use membrane_server::{ServerConfig, router};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let engine = Engine::builder().store(SqliteStore::memory().await?).vault(KeyProvider::generate()?).build().await?;
/// # let config = ServerConfig::new("0123456789abcdef0123456789abcdef".to_owned())?;
/// # let signal = std::future::ready(());
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// membrane_server::serve(listener, router(engine.clone(), config), signal).await?;
/// engine.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// # Errors
/// [`ErrorKind::Internal`](membrane_core::ErrorKind::Internal) when the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    // Answers are small; waiting for more to send costs 40 ms where the other side acknowledges late.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(target: "membrane::server", %error, "TCP_NODELAY could not be set");
        }
    });
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown)
        .await
        .map_err(|error| Error::internal("the server stopped listening").with_source(error))
}
