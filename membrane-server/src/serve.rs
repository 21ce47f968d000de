use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use membrane_core::Result;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a connection may take before there is a request to answer.
#[derive(Clone, Copy)]
struct Heads {
    /// From the beginning of a connection, or the end of the answer before, to the end of the head.
    timeout: Duration,
    /// The request line and the headers.
    bytes: usize,
}

/// An address has up to 64 KiB, and as much is for the headers.
const HEADS: Heads = Heads { timeout: Duration::from_secs(30), bytes: 128 * 1024 };

/// Serves a router until `shutdown` is done, then finishes the requests under way.
///
/// The head of a request, its line and its headers, has 128 KiB at the most and arrives within 30 seconds; a
/// connection on which none arrives is closed. Dropping the future ends every connection at once.
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
/// None today: what goes wrong on one connection ends that one.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    serve_with(listener, router, shutdown, HEADS).await;
    Ok(())
}

async fn serve_with(
    mut listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
    heads: Heads,
) {
    let mut shutdown = pin!(shutdown);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Waits by itself while no connection can be taken, as without file handles.
            (stream, _) = Listener::accept(&mut listener) => {
                connections.spawn(graceful.watch(connection(stream, router.clone(), heads)));
            }
            Some(_) = connections.join_next() => {}
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

/// One connection, answered by a router. It ends with an error when its other side does not speak HTTP, or not in
/// time: nobody is left to be told.
fn connection(
    stream: TcpStream,
    router: Router,
    heads: Heads,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    // Answers are small; waiting for more to send costs 40 ms where the other side acknowledges late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(target: "membrane::server", %error, "TCP_NODELAY could not be set");
    }
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(heads.timeout)
        .max_header_size(heads.bytes)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Instant;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;

    struct Serving {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        task: JoinHandle<()>,
    }

    async fn start(heads: Heads) -> Serving {
        let slow = get(|| async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            "late"
        });
        let router = Router::new().route("/", get(|| async { "hello" })).route("/slow", slow);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { stopped.await.unwrap_or_default() };
        Serving { address, stop, task: tokio::spawn(serve_with(listener, router, shutdown, heads)) }
    }

    fn heads(millis: u64, bytes: usize) -> Heads {
        Heads { timeout: Duration::from_millis(millis), bytes }
    }

    /// Everything that comes until the connection ends.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        // A reset is an end, too.
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_is_not_waited_for() {
        let server = start(heads(300, 8192)).await;
        let mut slow = TcpStream::connect(server.address).await.unwrap();
        let mut silent = TcpStream::connect(server.address).await.unwrap();
        let begun = Instant::now();
        let sending = async {
            // A byte now and then keeps nothing open.
            for byte in b"GET / HTTP/1.1\r\nhost: h\r\nx-more: aaaaaaaaaaaaaaaaaaaaaaaaaaaa".iter().cycle() {
                if slow.write_all(&[*byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), sending).await.expect("the connection was closed");
        assert_eq!(rest(&mut silent).await, "");
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_connection_is_kept_for_the_next_request_as_long() {
        let server = start(heads(400, 8192)).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        for _ in 0..3 {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"hello") {
                assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "it was closed");
            }
            assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let begun = Instant::now();
        assert_eq!(rest(&mut stream).await, "");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_431() {
        let server = start(heads(5_000, 8192)).await;
        for (length, status) in [(4_000, "200"), (20_000, "431")] {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            let head = format!(
                "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx-more: {}\r\n\r\n",
                "a".repeat(length)
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let answer = rest(&mut stream).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_stop_finishes_what_is_under_way_and_closes_the_rest() {
        let server = start(heads(30_000, 8192)).await;
        let mut silent = TcpStream::connect(server.address).await.unwrap();
        let mut slow = TcpStream::connect(server.address).await.unwrap();
        slow.write_all(b"GET /slow HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.stop.send(()).unwrap();
        assert!(rest(&mut slow).await.ends_with("late"));
        assert_eq!(rest(&mut silent).await, "");
        tokio::time::timeout(Duration::from_secs(5), server.task).await.expect("it ended").unwrap();
        assert!(TcpStream::connect(server.address).await.is_err());
    }

    #[tokio::test]
    async fn dropping_the_future_ends_every_connection() {
        let server = start(heads(30_000, 8192)).await;
        let mut slow = TcpStream::connect(server.address).await.unwrap();
        slow.write_all(b"GET /slow HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.task.abort();
        assert_eq!(rest(&mut slow).await, "");
    }
}
