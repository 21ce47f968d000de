//! The stack's own transport, on reqwest.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use membrane_core::{Error, Result};

use super::resolve::{GuardedResolver, Refused, Resolver};
use super::transport::{Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse};

/// HTTP/1.1 and 2 over rustls, one connection pool for the whole stack.
pub(crate) struct Wire {
    client: reqwest::Client,
}

impl Wire {
    pub(crate) fn new(
        resolver: Arc<dyn Resolver>,
        allow_private: bool,
        connect_timeout: Duration,
    ) -> Result<Self> {
        let client = reqwest::Client::builder()
            .dns_resolver(GuardedResolver { inner: resolver, allow_private })
            .connect_timeout(connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .build()
            .map_err(|error| {
                Error::configuration("the HTTP client cannot be set up").with_source(error.without_url())
            })?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let mut out = reqwest::Request::new(request.method.clone(), request.url.clone());
        *out.headers_mut() = request.headers.clone();
        if !request.body.is_empty() {
            *out.body_mut() = Some(request.body.clone().into());
        }
        let host = || request.url.host_str().unwrap_or_default();
        let mut response = self.client.execute(out).await.map_err(|error| unsent(error, host()))?;
        let body = read(&mut response, request.max_response_bytes).await?;
        let headers = std::mem::take(response.headers_mut());
        Ok(TransportResponse::new(response.status(), headers, body))
    }
}

/// Reads the body; the usual one of a single chunk is not copied.
async fn read(response: &mut reqwest::Response, limit: u64) -> Result<Bytes, TransportError> {
    let expected = response.content_length().unwrap_or(0);
    if expected > limit {
        return Err(TransportError::too_large(limit));
    }
    let Some(first) = chunk(response).await? else { return Ok(Bytes::new()) };
    within(first.len(), limit)?;
    let Some(second) = chunk(response).await? else { return Ok(first) };
    let expected = usize::try_from(expected).unwrap_or(0).max(first.len() + second.len());
    let mut whole = BytesMut::with_capacity(expected);
    whole.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(more) = next {
        within(whole.len() + more.len(), limit)?;
        whole.extend_from_slice(&more);
        next = chunk(response).await?;
    }
    Ok(whole.freeze())
}

async fn chunk(response: &mut reqwest::Response) -> Result<Option<Bytes>, TransportError> {
    response.chunk().await.map_err(|error| {
        TransportError::new(TransportErrorKind::Broken, "the app's answer ended early")
            .with_source(error.without_url())
    })
}

fn within(length: usize, limit: u64) -> Result<(), TransportError> {
    if length as u64 > limit { Err(TransportError::too_large(limit)) } else { Ok(()) }
}

/// Says what became of a request that has no answer.
fn unsent(error: reqwest::Error, host: &str) -> TransportError {
    use TransportErrorKind::{Broken, Connect, Invalid, Timeout};
    let error = error.without_url();
    if let Some(refused) = causes(&error).find_map(|cause| cause.downcast_ref::<Refused>()) {
        return TransportError::blocked(host, &refused.to_string());
    }
    let io = causes(&error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let (kind, message) = match io {
        // How rustls reports a certificate or a protocol it will not accept: the same next time.
        Some(io::ErrorKind::InvalidData) if error.is_connect() => {
            (Invalid, format!("no secure connection to `{host}`"))
        }
        _ if error.is_connect() && error.is_timeout() => {
            (Connect, format!("no connection to `{host}` in time"))
        }
        _ if error.is_dns() => (Connect, format!("the name `{host}` cannot be resolved")),
        _ if error.is_connect() => (Connect, format!("no connection to `{host}`")),
        _ if error.is_timeout() => (Timeout, format!("`{host}` did not answer in time")),
        _ if error.is_builder() => (Invalid, "the request cannot be sent".to_owned()),
        _ => (Broken, format!("`{host}` ended the connection before it answered")),
    };
    TransportError::new(kind, message).with_source(error)
}

fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn StdError + 'static)| (*error).source())
}
