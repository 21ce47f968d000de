//! As much HTTP/1.1 as it takes to break it: one request a connection, read whole.

use std::io;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::Seen;

const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Reads a request. The inner error is the answer to one that is not understood.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Result<Seen, Answer>> {
    let mut bytes = Vec::with_capacity(1024);
    let head_end = loop {
        // From the beginning each time: heads are short, and the blank line may come in two parts.
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if bytes.len() > MAX_HEAD {
            return Ok(Err(Answer::refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head too large")));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let body = bytes.split_off(head_end);
    let Some(mut seen) = parse(&bytes) else {
        return Ok(Err(Answer::refuse(StatusCode::BAD_REQUEST, "not an HTTP/1.1 request")));
    };
    if seen.headers.contains_key(TRANSFER_ENCODING) {
        return Ok(Err(Answer::refuse(StatusCode::LENGTH_REQUIRED, "send a Content-Length")));
    }
    let length = seen.headers.get(CONTENT_LENGTH).map_or(Some(0), |value| value.to_str().ok()?.parse().ok());
    let Some(length) = length.filter(|length| *length <= MAX_BODY) else {
        return Ok(Err(Answer::refuse(StatusCode::PAYLOAD_TOO_LARGE, "at most 64 MB")));
    };
    seen.body = rest(stream, body, length).await?;
    Ok(Ok(seen))
}

async fn rest(stream: &mut TcpStream, mut body: Vec<u8>, length: usize) -> io::Result<Bytes> {
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Bytes::from(body))
}

fn parse(head: &[u8]) -> Option<Seen> {
    let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
    let (method, rest) = lines.next()?.split_once(' ')?;
    let (target, _version) = rest.split_once(' ').filter(|(target, _)| target.starts_with('/'))?;
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    let target = Url::parse(&format!("http://fault{target}")).ok()?;
    let mut headers = HeaderMap::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value.trim()).ok()?);
    }
    let query = target.query_pairs().into_owned().collect();
    Some(Seen { method, path: target.path().to_owned(), query, headers, body: Bytes::new() })
}

/// An answer, and how much of it is to arrive.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    /// Other than the length of the body when the answer is to be a lie.
    length: usize,
}

impl Answer {
    pub(super) fn new(status: StatusCode, kind: &str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let headers = vec![("content-type", kind.to_owned())];
        Self { status, headers, length: body.len(), body }
    }

    pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(status, "application/json", body)
    }

    pub(super) fn html(status: StatusCode, body: &'static str) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// A status alone.
    pub(super) fn bare(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), length: 0 }
    }

    /// Tells whoever wrote the test what is wrong with the request.
    pub(super) fn refuse(status: StatusCode, reason: &str) -> Self {
        Self::json(status, serde_json::json!({"fault_server": reason}).to_string())
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Promises another length than the body has.
    pub(super) fn promising(mut self, length: usize) -> Self {
        self.length = length;
        self
    }

    /// Sends it and closes the connection; to a `HEAD` without the body.
    pub(super) async fn send(self, stream: &mut TcpStream, head_only: bool) -> io::Result<()> {
        let length = (self.status != StatusCode::NO_CONTENT).then_some(self.length);
        let mut bytes = head(self.status, &self.headers, length).into_bytes();
        if !head_only {
            bytes.extend_from_slice(&self.body);
        }
        stream.write_all(&bytes).await?;
        stream.shutdown().await
    }
}

/// The head of an answer after which the connection is closed.
pub(super) fn head(status: StatusCode, headers: &[(&'static str, String)], length: Option<usize>) -> String {
    let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    if let Some(length) = length {
        head.push_str(&format!("content-length: {length}\r\n"));
    }
    head.push_str("\r\n");
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_request_line_with_a_query_and_headers() {
        let seen =
            parse(b"POST /redirect?to=http%3A%2F%2F10.0.0.1%2F&x= HTTP/1.1\r\nA: b\r\na: c\r\n\r\n").unwrap();
        assert_eq!((seen.method, seen.path.as_str()), (Method::POST, "/redirect"));
        assert_eq!(seen.query[0], ("to".to_owned(), "http://10.0.0.1/".to_owned()));
        assert_eq!(seen.headers.get_all("a").iter().collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn takes_nonsense_for_what_it_is() {
        for head in [&b"\r\n\r\n"[..], b"GET\r\n\r\n", b"G\xff /\r\n\r\n", b"GET / HTTP/1.1\r\na b\r\n\r\n"] {
            assert!(parse(head).is_none());
        }
    }
}
