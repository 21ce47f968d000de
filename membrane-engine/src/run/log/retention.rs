//! Runs that are older than they are to be kept go, a few at a time and beside everything else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use membrane_core::Result;
use tokio_util::sync::CancellationToken;

use crate::clock::iso;
use crate::store::Store;

/// How often to look.
const PERIOD: Duration = Duration::from_secs(600);

/// Runs a step at the most.
const STEP: u32 = 500;

/// Whoever writes waits for the step that is under way: one that takes longer than this is followed by a smaller one.
const LONG: Duration = Duration::from_millis(50);

/// Times as long as a step takes, nothing is removed after it.
const PAUSE: u32 = 3;

/// Removes what is older than this, now and every few minutes, until it is told to stop.
pub(super) async fn hold(store: Arc<dyn Store>, keep: Duration, stop: CancellationToken) {
    let removing = async {
        loop {
            if let Err(error) = remove(&*store, keep).await {
                tracing::warn!(target: "membrane::log", %error, "old runs could not be removed");
            }
            tokio::time::sleep(PERIOD).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = removing => {}
    }
}

async fn remove(store: &dyn Store, keep: Duration) -> Result<()> {
    let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
    // Nothing is older than time itself.
    let Ok(before) = Timestamp::now().checked_sub(keep) else { return Ok(()) };
    let before = iso(before);
    let mut step = STEP;
    loop {
        let since = Instant::now();
        if store.remove_runs(&before, step).await? < u64::from(step) {
            return Ok(());
        }
        let took = since.elapsed();
        step = if took > LONG { (step / 2).max(1) } else { (step * 2).min(STEP) };
        tokio::time::sleep(took * PAUSE).await;
    }
}
