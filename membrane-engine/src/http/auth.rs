//! The auth layer: puts the target's headers and query on a request.

use http::header::HeaderMap;

use super::call::Call;
use super::guard::{Arrived, Guard};
use super::join::add_pair;
use super::target::CONNECTION_HEADERS;
use super::transport::{TransportError, TransportRequest};

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
