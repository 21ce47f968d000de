use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use membrane_core::{Error, Result};
use serde_json::Value;

/// A refused body is read on for this many times the limit, since a client that is still writing would see
/// a broken connection and not our answer.
const READ_ON: usize = 4;

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    Broken,
    TooLarge,
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Unread> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let bound = limit.saturating_mul(READ_ON);
    if announced.is_some_and(|length| length > bound) {
        return Err(Unread::TooLarge);
    }
    let mut chunks = body.into_data_stream();
    let mut whole = Chunks::default();
    let mut length = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Unread::Broken)?;
        length = length.saturating_add(chunk.len());
        if length > bound {
            break;
        }
        if length > limit {
            whole = Chunks::default();
        } else {
            whole.push(chunk);
        }
    }
    if length > limit { Err(Unread::TooLarge) } else { Ok(whole.join()) }
}

/// Reads a JSON body; one that is empty is none.
///
/// # Errors
/// `InvalidInput` with line and column when it is not JSON.
pub(crate) fn json(body: &[u8]) -> Result<Option<Value>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    serde_json::from_slice(body).map(Some).map_err(|error| {
        Error::invalid_input(format!("the body is not JSON: {error}"))
            .with("field", "body")
            .with("line", error.line())
            .with("column", error.column())
    })
}

/// Most bodies come in one piece, which is not copied.
#[derive(Default)]
struct Chunks {
    first: Bytes,
    joined: BytesMut,
}

impl Chunks {
    fn push(&mut self, chunk: Bytes) {
        if !self.joined.is_empty() {
            self.joined.extend_from_slice(&chunk);
        } else if self.first.is_empty() {
            self.first = chunk;
        } else {
            self.joined.extend_from_slice(&self.first);
            self.joined.extend_from_slice(&chunk);
        }
    }

    fn join(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn chunked(chunks: &[&'static str]) -> Body {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok::<_, std::io::Error>(*chunk)).collect();
        Body::from_stream(futures::stream::iter(chunks))
    }

    #[tokio::test]
    async fn joins_the_pieces_of_a_body() {
        let headers = HeaderMap::new();
        for chunks in [vec![], vec!["abcd"], vec!["a", "b", "cd"], vec!["", "ab", "", "cd"]] {
            let whole = read(&headers, chunked(&chunks), 4).await.unwrap();
            assert_eq!(whole, chunks.concat());
        }
        assert!(matches!(read(&headers, chunked(&["ab", "cde"]), 4).await, Err(Unread::TooLarge)));
        assert!(matches!(read(&headers, chunked(&["12345678901234567"]), 4).await, Err(Unread::TooLarge)));
    }

    #[test]
    fn a_blank_body_is_none_and_a_broken_one_says_where() {
        for blank in ["", " \r\n", "\u{feff}"] {
            assert_eq!(json(blank.as_bytes()).unwrap(), None);
        }
        let error = json(b"{\n  \"a\": ,\n}").unwrap_err();
        assert_eq!((error.context_value("line"), error.context_value("column")), (Some("2"), Some("8")));
        let deep = "[".repeat(100_000);
        assert!(json(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in any::<Vec<u8>>()) {
            let _ = json(&body);
        }
    }
}
