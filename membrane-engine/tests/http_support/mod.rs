//! A small HTTP/1.1 server that answers with whatever bytes a test wants, and counts.

// Each test file uses its own part.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use membrane_engine::http::{
    HttpStack, HttpStackBuilder, Resolver, RetryPolicy, Target, Transport, TransportError,
    TransportErrorKind, TransportRequest, TransportResponse,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use url::Url;

/// What a server answers to the n-th request. Nothing at all: it hangs. What does not end as its head
/// says: the connection is closed after it.
type Answer = dyn Fn(usize, &Seen) -> Vec<u8> + Send + Sync;

pub struct Server {
    pub address: SocketAddr,
    state: Arc<State>,
    task: AbortHandle,
}

struct State {
    answer: Box<Answer>,
    delay: Mutex<Duration>,
    seen: Mutex<Vec<Seen>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

/// A request as the server got it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub line: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl Server {
    pub async fn start(answer: impl Fn(usize, &Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            answer: Box::new(answer),
            delay: Mutex::default(),
            seen: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
        });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, state, task: task.abort_handle() }
    }

    pub async fn fixed(reply: Vec<u8>) -> Self {
        Self::start(move |_, _| reply.clone()).await
    }

    /// Answers in turn; the last one for ever.
    pub async fn script(replies: Vec<Vec<u8>>) -> Self {
        Self::start(move |n, _| replies[n.min(replies.len() - 1)].clone()).await
    }

    pub fn delayed(self, delay: Duration) -> Self {
        *self.state.delay.lock().unwrap() = delay;
        self
    }

    pub fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub fn target(&self) -> Target {
        Target::builder(self.url("")).build().unwrap()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    pub fn most_under_way(&self) -> usize {
        self.state.most_under_way.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await {
        let n = {
            let mut seen = state.seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let now = state.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        state.most_under_way.fetch_max(now, Ordering::SeqCst);
        let delay = *state.delay.lock().unwrap();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let reply = (state.answer)(n, &request);
        state.under_way.fetch_sub(1, Ordering::SeqCst);
        if reply.is_empty() {
            std::future::pending::<()>().await;
        }
        if reply == KILL || stream.write_all(&reply).await.is_err() || reply.ends_with(CUT) {
            return;
        }
    }
}

/// Closes the connection without an answer.
pub const KILL: &[u8] = b"kill";

/// An answer that ends with this is followed by the end of the connection.
pub const CUT: &[u8] = b"<cut>";

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let mut lines = head.split("\r\n");
            let line = lines.next()?.to_owned();
            let headers: HashMap<_, _> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
            if buffer.len() >= end + 4 + length {
                let body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                return Some(Seen { line, headers, body, at: Instant::now() });
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// The bytes of a whole answer.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 204 {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    format!("{head}\r\n{body}").into_bytes()
}

/// A stack that reaches local servers and does not wait long.
pub fn open_stack() -> HttpStackBuilder {
    HttpStack::builder()
        .retry(RetryPolicy::default().with_base(Duration::from_millis(5)))
        .dangerous()
        .allow_private_networks()
}

/// Resolves names from a list.
pub struct Names(pub Vec<(&'static str, Vec<IpAddr>)>);

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let found = self.0.iter().find(|(name, _)| *name == host).map(|(_, ips)| ips.clone());
        found.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, "unknown name"))
    }
}

/// Carries every request to one local server, whatever its address says: a public host for the guard, a
/// real socket for the test.
pub struct Tunnel {
    pub server: SocketAddr,
}

#[async_trait]
impl Transport for Tunnel {
    async fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let failed = |_| TransportError::new(TransportErrorKind::Broken, "cut");
        let mut stream = TcpStream::connect(self.server).await.map_err(failed)?;
        let path = &request.url[url::Position::BeforePath..];
        let mut head = format!("{} {path} HTTP/1.1\r\nhost: {}\r\n", request.method, request.url.authority());
        head.push_str(&format!("content-length: {}\r\n", request.body.len()));
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.map_err(failed)?;
        stream.write_all(&request.body).await.map_err(failed)?;
        let mut buffer = Vec::new();
        while !buffer.windows(4).any(|four| four == b"\r\n\r\n") {
            stream.read_buf(&mut buffer).await.map_err(failed)?;
        }
        let text = String::from_utf8(buffer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head[9..12].parse::<u16>().unwrap();
        let headers = head
            .split("\r\n")
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        Ok(TransportResponse::new(status.try_into().unwrap(), headers, Bytes::from(body.to_owned())))
    }
}
