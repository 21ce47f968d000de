//! Real HTTP on loopback, for as long as somebody holds the handle.

use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use membrane_core::{Error, Result};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long requests in flight may take once the server was asked to stop.
const PATIENCE: Duration = Duration::from_secs(2);

/// A router that is being served. Dropping it stops it: nothing new is accepted, what is in flight ends.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves a router on a socket of [`listen`].
    pub(crate) fn run(listener: TcpListener, url: String, router: Router) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        // With Nagle's algorithm on, an answer in two segments waits 40 ms for a delayed ACK.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let task = tokio::spawn(async move {
            // Resolves when asked to stop, and just as well when the handle is gone.
            let stopped = async move { drop(stopped.await) };
            // `axum::serve` never ends with an error: it logs and goes on accepting.
            drop(axum::serve(listener, router).with_graceful_shutdown(stopped).await);
        });
        Self { url, stop, task }
    }

    /// The origin, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops, and returns when the port is free and requests in flight have ended.
    pub(crate) async fn shutdown(self) {
        let Self { stop, mut task, .. } = self;
        drop(stop);
        if timeout(PATIENCE, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Opens a socket on loopback; port 0 takes any that is free. Answers it with its origin.
pub(crate) async fn listen(port: u16) -> Result<(TcpListener, String)> {
    let refused = |error| {
        Error::configuration(format!("cannot listen on 127.0.0.1:{port}: {error}")).with_source(error)
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, format!("http://{address}")))
}

/// Locks, also after another holder panicked: a test that failed elsewhere must not hide behind this one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
