//! The log of runs: written off the hot path, in batches, and not lost on a clean stop.
//!
//! A run takes its place in the queue before it begins, so that ending it never waits for one, and so that a
//! run nobody waits for any more is written too.

mod attempt;
mod excerpt;
mod retention;
mod row;
mod running;
mod writer;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::poll_immediate;
use membrane_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub(crate) use self::attempt::Attempt;
pub(crate) use self::row::{attempt_record, run_record};
use self::running::Finished;
pub(crate) use self::running::{Running, Subject};
use self::writer::Writer;
use crate::store::Store;

/// Runs that are under way or wait to be written; a run beyond that waits before it begins.
const QUEUE: usize = 16_384;

/// Bytes of runs that wait to be written; while there are more, no run begins.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// How long a run waits for its place in the queue. The queue is full when the database takes nothing.
const PATIENCE: Duration = Duration::from_secs(10);

enum Message {
    Run(Box<Finished>),
    Flush(oneshot::Sender<()>),
}

/// The queue and the one task that empties it.
pub(crate) struct RunLog {
    queue: Mutex<Option<mpsc::Sender<Message>>>,
    sender: mpsc::WeakSender<Message>,
    waiting: Arc<Waiting>,
    signals: Arc<Signals>,
    /// Ends the removal of old runs.
    retention: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What the writer is told besides the queue.
#[derive(Default)]
struct Signals {
    /// Nothing begins any more.
    closed: AtomicBool,
    /// Somebody waits for what is queued.
    hurry: Notify,
    /// Runs under way are waited for no longer, and nothing is tried twice.
    stop: CancellationToken,
}

/// How much waits to be written.
#[derive(Default)]
struct Waiting {
    bytes: AtomicUsize,
    /// Runs that were not written: the database did not take them, or they ended after the log did.
    lost: AtomicU64,
    written: Notify,
}

impl Waiting {
    fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn remove(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.written.notify_waiters();
    }

    fn lose(&self, runs: usize, error: &Error) {
        self.lost.fetch_add(runs as u64, Ordering::Relaxed);
        tracing::error!(target: "membrane::log", runs, %error, "runs could not be logged");
    }

    /// Waits until there is room.
    async fn room(&self) {
        loop {
            let written = self.written.notified();
            if self.bytes.load(Ordering::Relaxed) <= QUEUE_BYTES {
                return;
            }
            written.await;
        }
    }
}

impl RunLog {
    /// Starts the writer, and what removes the runs that are older than they are kept. Both end when the log is
    /// closed or dropped.
    pub(crate) fn start(store: Arc<dyn Store>, keep: Option<Duration>) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        let (waiting, signals) = (Arc::<Waiting>::default(), Arc::<Signals>::default());
        let retention = signals.stop.child_token();
        if let Some(keep) = keep {
            tokio::spawn(retention::hold(Arc::clone(&store), keep, retention.clone()));
        }
        let writer = Writer { store, queue, waiting: Arc::clone(&waiting), signals: Arc::clone(&signals) };
        Self {
            sender: sender.downgrade(),
            queue: Mutex::new(Some(sender)),
            waiting,
            signals,
            retention,
            task: Mutex::new(Some(tokio::spawn(writer.run()))),
        }
    }

    /// Begins a run: whatever becomes of it is logged.
    ///
    /// # Errors
    /// `Unavailable` when the log is closed, or has no room for longer than a run waits.
    pub(crate) async fn begin(
        &self,
        subject: Subject,
        input: &Value,
        meta: Option<&Map<String, Value>>,
    ) -> Result<Running> {
        // Runs under way keep the queue open after the log was closed; no other may join them.
        self.check_open()?;
        let sender = self.sender.upgrade().ok_or_else(shut_down)?;
        let place = async {
            self.waiting.room().await;
            sender.reserve_owned().await
        };
        // The usual case costs no timer.
        let mut place = pin!(place);
        let place = match poll_immediate(&mut place).await {
            Some(place) => place,
            None => tokio::time::timeout(PATIENCE, place).await.map_err(|_| full())?,
        };
        let place = place.map_err(|_| shut_down())?;
        Ok(Running::new(place, Arc::clone(&self.waiting), Finished::begun(subject, input, meta)))
    }

    /// How many runs were not written.
    pub(crate) fn lost(&self) -> u64 {
        self.waiting.lost.load(Ordering::Relaxed)
    }

    /// Refuses once the log is closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.signals.closed.load(Ordering::Acquire) { Err(shut_down()) } else { Ok(()) }
    }

    /// Waits until what ended so far is written.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if let Some(sender) = self.sender.upgrade()
            && sender.send(Message::Flush(done)).await.is_ok()
        {
            self.signals.hurry.notify_one();
            let _ = written.await;
        }
    }

    /// Lets no further run begin, waits for those under way until `patience`, writes what is left until `end` and
    /// ends the task. A run that takes longer is left out, and so is what the store does not take at once then.
    pub(crate) async fn close(&self, patience: Instant, end: Instant) {
        self.signals.closed.store(true, Ordering::Release);
        self.retention.cancel();
        self.queue.lock().await.take();
        self.signals.hurry.notify_one();
        // The handle stays until the task is done: whoever stops waiting here can come again.
        // Somebody else may be closing it, for longer.
        let Ok(mut task) = timeout_at(end, self.task.lock()).await else { return };
        if let Some(running) = task.as_mut() {
            if timeout_at(patience, &mut *running).await.is_err() {
                self.signals.stop.cancel();
                if timeout_at(end, &mut *running).await.is_err() {
                    running.abort();
                    tracing::error!(target: "membrane::log", "the database took too long; runs were not logged");
                }
            }
            *task = None;
        }
    }
}

fn shut_down() -> Error {
    Error::new(ErrorKind::Unavailable, "the engine was shut down; call a new one")
        .with_retry(membrane_core::Retry::Never)
}

fn full() -> Error {
    let message = "the log of runs is full and the database takes none of it; nothing was sent to the app";
    Error::new(ErrorKind::Unavailable, message).with_retry(membrane_core::Retry::Backoff)
}

impl Drop for RunLog {
    fn drop(&mut self) {
        // Runs whose futures are kept but not driven would hold the task for ever.
        self.signals.stop.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SqliteStore;

    async fn log() -> RunLog {
        RunLog::start(Arc::new(SqliteStore::memory().await.unwrap()), None)
    }

    /// How many milliseconds closing takes that may wait 200 for runs, and 400 in all.
    async fn closing(log: &RunLog) -> u128 {
        let begun = Instant::now();
        log.close(begun + Duration::from_millis(200), begun + Duration::from_millis(400)).await;
        begun.elapsed().as_millis()
    }

    #[tokio::test]
    async fn a_run_that_does_not_end_is_waited_for_so_long() {
        let log = log().await;
        // As a run under way does it.
        let place = log.sender.upgrade();
        assert!((200..1000).contains(&closing(&log).await));
        drop(place);
        assert!(closing(&log).await < 100, "what is closed is closed");
    }

    #[tokio::test]
    async fn a_database_that_takes_nothing_is_waited_for_so_long() {
        let log = log().await;
        *log.task.lock().await = Some(tokio::spawn(std::future::pending()));
        assert!((400..1000).contains(&closing(&log).await));
    }
}
