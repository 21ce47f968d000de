//! A server that misbehaves on request, and remembers what reached it.
//!
//! Each path is one way in which a real app, or the network before it, lets a caller down:
//!
//! | path | what it does |
//! |---|---|
//! | `/ok` | 200 `{"ok":true}`, for comparison |
//! | `/html` | 200 and a web page, as a proxy or a login wall does |
//! | `/empty` | 204 |
//! | `/truncated` | promises 1000 bytes, sends 24, closes |
//! | `/truncated-json` | a complete answer that holds half a JSON document |
//! | `/big?mb=10` | a JSON document of that size; `&announce=true` says so in `Content-Length` |
//! | `/redirect?to=URL` | 302 to any address, such as a private one; `&status=307` |
//! | `/redirect-loop` | 302 to itself |
//! | `/hang` | reads the request and never answers |
//! | `/slow?ms=1000` | answers as `/ok`, but later |
//! | `/trickle?ms=1000` | 200, then a byte in each interval, for ever |
//! | `/reset` | resets the connection (RST) without an answer |
//! | `/status/{code}` | that status, 200–599, with a vendor's JSON error; `Retry-After: 1` with 429 and 503, HTML with 502 |
//! | `/rate-limited?times=1&key=K` | 429 with `Retry-After` so many times, then as `/ok`; `&after=1` seconds |
//! | `/fail-first?times=1&key=K&status=503` | that status so many times, then as `/ok` |
//! | `/cut-once?key=K` | the first request writes and loses its connection; later ones write and are answered |
//!
//! `/cut-once` honours `Idempotency-Key`: a key it has seen gets the first outcome, and nothing is written
//! again. Without one each request writes, so [`FaultServer::writes`] shows a repeat that should not have
//! been made. Counted paths take a `key`, so that tests can share one server.
//!
//! ```
//! use membrane_testkit::fault::FaultServer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = FaultServer::start().await?;
//! let client = reqwest::Client::new();
//! let order = || client.post(format!("{}/cut-once?key=order-7", server.url())).send();
//!
//! assert!(order().await.is_err());
//! assert_eq!(server.writes("order-7"), 1);
//! assert_eq!(order().await?.status(), 200);
//! assert_eq!(server.writes("order-7"), 2);
//! assert_eq!(server.requests_to("/cut-once"), 2);
//! # Ok(())
//! # }
//! ```

mod behave;
mod wire;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use membrane_core::Result;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::serve::{listen, lock};

/// Serves the faults of [this module](self) on loopback. Stops when dropped, with all connections.
///
/// Each connection carries one exchange: a client's pool never repeats a request by itself here, so that
/// counts say what the code under test did.
///
/// ```
/// use membrane_testkit::fault::FaultServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = FaultServer::start().await?;
/// assert_eq!(reqwest::get(format!("{}/status/503", server.url())).await?.status(), 503);
/// assert_eq!(server.requests(), 1);
/// assert_eq!(server.seen()[0].path, "/status/503");
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FaultServer {
    url: String,
    state: Arc<Mutex<State>>,
    // Holds the accepting task, which holds those of the connections: dropping one ends them all.
    tasks: JoinSet<()>,
}

impl FaultServer {
    /// Starts on a free port of loopback.
    ///
    /// # Errors
    /// [`Configuration`](membrane_core::ErrorKind::Configuration) when no socket can be opened.
    pub async fn start() -> Result<Self> {
        let (listener, url) = listen(0).await?;
        let state = Arc::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { url, state, tasks })
    }

    /// The origin, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Everything that reached the server, in order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state).seen.clone()
    }

    /// How many requests reached the server.
    pub fn requests(&self) -> usize {
        lock(&self.state).seen.len()
    }

    /// How many requests reached a path, whatever their query.
    pub fn requests_to(&self, path: &str) -> usize {
        lock(&self.state).seen.iter().filter(|seen| seen.path == path).count()
    }

    /// How many times `/cut-once` wrote for this `key`.
    pub fn writes(&self, key: &str) -> u64 {
        lock(&self.state).writes.get(key).copied().unwrap_or_default()
    }

    /// Stops, and returns when the port is free and all connections are cut.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

/// A request that reached [`FaultServer`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Seen {
    /// The method.
    pub method: Method,
    /// The path, without query.
    pub path: String,
    /// The query pairs, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The headers, to see for example which of them survived a redirect.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

#[derive(Debug, Default)]
struct State {
    seen: Vec<Seen>,
    /// Requests of counted paths, by path and `key`.
    turns: HashMap<(String, String), u64>,
    /// Writes of `/cut-once`, by `key`.
    writes: HashMap<String, u64>,
    /// The number of the write that an idempotency key stands for.
    written: HashMap<String, u64>,
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(exchange(stream, Arc::clone(&state)));
                }
                // Out of file handles, mostly: they come back as connections end.
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn exchange(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    // A caller that hangs up is what half of the faults are about.
    let _: io::Result<()> = async {
        stream.set_nodelay(true)?;
        match wire::read(&mut stream).await? {
            Ok(seen) => {
                lock(&state).seen.push(seen.clone());
                behave::behave(&mut stream, &seen, &state).await
            }
            Err(answer) => answer.send(&mut stream, false).await,
        }
    }
    .await;
}
