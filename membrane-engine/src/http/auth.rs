//! The auth layer: puts the target's headers and query on a request.

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use url::Url;

use super::call::Call;
use super::guard::{Arrived, Guard};
use super::join;
use super::transport::{TransportError, TransportRequest};

/// What belongs to the connection and not to the request; a caller that could set these could make the
/// app's servers see another request than the guard saw.
pub(super) const CONNECTION_HEADERS: &[HeaderName] =
    &[CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

pub(crate) struct Auth {
    pub(crate) inner: Guard,
}

impl Auth {
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Arrived, TransportError> {
        let mut url = call.url.clone();
        // A next-page address often repeats them.
        call.target.query().iter().for_each(|pair| add_pair(&mut url, pair));
        let request = TransportRequest {
            method: call.method.clone(),
            url,
            headers: headers(call),
            body: call.body.clone(),
            max_response_bytes: call.max_response_bytes,
        };
        self.inner.send(call, request).await
    }
}

/// Adds a query pair unless one of its name is there.
pub(crate) fn add_pair(url: &mut Url, pair: &(String, String)) {
    if !url.query_pairs().any(|(name, _)| name == pair.0) {
        join::append(url, std::slice::from_ref(pair));
    }
}

/// The target's headers, which hold none of the connection's, with the call's own over them.
fn headers(call: &Call<'_>) -> HeaderMap {
    let mut headers = call.target.headers().clone();
    for name in call.headers.keys().filter(|name| !CONNECTION_HEADERS.contains(name)) {
        headers.remove(name);
        for value in call.headers.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    headers
}
