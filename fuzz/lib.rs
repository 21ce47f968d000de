//! What the targets share.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::Value;

/// The first two JSON values of the input; `null` where there is none.
pub fn two(data: &[u8]) -> (Value, Value) {
    let mut values = serde_json::Deserializer::from_slice(data).into_iter::<Value>();
    let mut next = || values.next().and_then(Result::ok).unwrap_or_default();
    (next(), next())
}

/// Runs a future that never waits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}
