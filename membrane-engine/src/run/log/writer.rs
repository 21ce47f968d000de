//! The task that writes the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::row::row;
use super::{Message, Signals, Waiting};
use crate::store::{RunRow, Store};

/// Runs a batch.
const BATCH: usize = 1024;

/// How long the first run of a batch waits for others.
const LINGER: Duration = Duration::from_millis(100);

/// How often rows are made meanwhile: soon, while what a run left is still in the processor's cache.
const STEP: Duration = Duration::from_millis(5);

/// Bytes of runs that rows are made of at a time; others of the runtime come in between.
const STRETCH: usize = 64 * 1024;

/// How often a batch is tried before it is given up.
const TRIES: u32 = 5;

/// How often parts of a batch may be refused before the rest is given up.
const MAX_REFUSED: u32 = 32;

pub(super) struct Writer {
    pub(super) store: Arc<dyn Store>,
    pub(super) queue: mpsc::Receiver<Message>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) signals: Arc<Signals>,
}

impl Writer {
    pub(super) async fn run(mut self) {
        let mut messages = Vec::new();
        loop {
            let mut batch = Batch::default();
            let received = tokio::select! {
                biased;
                () = self.signals.stop.cancelled() => {
                    self.queue.close();
                    while let Ok(message) = self.queue.try_recv() {
                        messages.push(message);
                    }
                    batch.take(&mut messages).await;
                    self.write_out(batch).await;
                    return;
                }
                received = self.queue.recv_many(&mut messages, BATCH) => received,
            };
            if received == 0 {
                return;
            }
            batch.take(&mut messages).await;
            let mut due = Instant::now() + LINGER;
            while batch.waits() && !self.queue.is_closed() && Instant::now() < due {
                tokio::select! {
                    () = tokio::time::sleep(STEP) => {}
                    () = self.signals.hurry.notified() => due = Instant::now(),
                    () = self.signals.stop.cancelled() => due = Instant::now(),
                }
                while messages.len() < BATCH
                    && let Ok(message) = self.queue.try_recv()
                {
                    messages.push(message);
                }
                batch.take(&mut messages).await;
            }
            self.write_out(batch).await;
        }
    }

    async fn write_out(&self, batch: Batch) {
        self.write(batch.rows.into()).await;
        self.waiting.remove(batch.bytes);
        for done in batch.flushing {
            let _ = done.send(());
        }
    }

    async fn write(&self, rows: Arc<[RunRow]>) {
        if rows.is_empty() {
            return;
        }
        for attempt in 1..TRIES {
            if self.signals.stop.is_cancelled() {
                break;
            }
            match self.store.append_runs(Arc::clone(&rows)).await {
                Ok(()) => return,
                Err(_) => tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(50) * 2_u32.pow(attempt)) => {}
                    () = self.signals.stop.cancelled() => {}
                },
            }
        }
        self.write_in_parts(rows).await;
    }

    /// The last try: one row that the database refuses takes few others with it.
    async fn write_in_parts(&self, rows: Arc<[RunRow]>) {
        let (mut parts, mut refused) = (vec![rows], 0);
        while let Some(part) = parts.pop() {
            let Err(error) = self.store.append_runs(Arc::clone(&part)).await else { continue };
            refused += 1;
            if part.len() == 1 || refused > MAX_REFUSED {
                self.waiting.lose(part.len(), &error);
            } else {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second.into(), first.into()]);
            }
        }
    }
}

/// Rows that are written together, and who waits for that.
#[derive(Default)]
struct Batch {
    rows: Vec<RunRow>,
    flushing: Vec<oneshot::Sender<()>>,
    /// What the runs took while they waited.
    bytes: usize,
}

impl Batch {
    /// Whether others may join it.
    fn waits(&self) -> bool {
        self.rows.len() < BATCH && self.flushing.is_empty()
    }

    async fn take(&mut self, messages: &mut Vec<Message>) {
        let mut stretch = self.bytes;
        for message in messages.drain(..) {
            match message {
                Message::Run(run) => {
                    self.bytes += run.bytes;
                    self.rows.push(row(&run));
                    if self.bytes - stretch > STRETCH {
                        stretch = self.bytes;
                        tokio::task::yield_now().await;
                    }
                }
                Message::Flush(done) => self.flushing.push(done),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use membrane_core::element::ElementKind;
    use membrane_core::{ElementId, Error, Page, Paging, Result, RunId, WorkspaceId};

    use super::*;
    use crate::store::{
        CheckpointRow, LinkQuery, LinkRow, Query, Row, RunKind, RunQuery, Scope, Sealed, SealedRow, Write,
    };

    /// Takes nothing, or only rows that have no requests, and counts what it was to take.
    #[derive(Default)]
    struct Full {
        asked: AtomicU32,
        taken: Option<AtomicU32>,
    }

    fn full<T>() -> Result<T> {
        Err(Error::internal("the disk with the database is full"))
    }

    #[async_trait]
    impl Store for Full {
        async fn links(&self, _: &Scope, _: &LinkQuery, _: &Paging) -> Result<Page<LinkRow>> {
            full()
        }

        async fn row(&self, _: &Scope, _: ElementKind, _: &ElementId) -> Result<Option<Row>> {
            full()
        }

        async fn rows(&self, _: &Scope, _: ElementKind, _: &Query, _: &Paging) -> Result<Page<Row>> {
            full()
        }

        async fn write(&self, _: &Scope, _: Vec<Write>) -> Result<()> {
            full()
        }

        async fn checkpoints(
            &self,
            _: &Scope,
            _: ElementKind,
            _: &ElementId,
            _: &Paging,
        ) -> Result<Page<CheckpointRow>> {
            full()
        }

        async fn checkpoint(
            &self,
            _: &Scope,
            _: ElementKind,
            _: &ElementId,
            _: u64,
        ) -> Result<Option<CheckpointRow>> {
            full()
        }

        async fn sealed(&self, _: &Scope, _: &ElementId) -> Result<Option<Sealed>> {
            full()
        }

        async fn sealed_not_under(&self, _: &str, _: &Paging) -> Result<Page<SealedRow>> {
            full()
        }

        async fn rewrap(&self, _: &SealedRow, _: &str, _: &[u8]) -> Result<()> {
            full()
        }

        async fn append_runs(&self, rows: Arc<[RunRow]>) -> Result<()> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match &self.taken {
                Some(taken) if rows.iter().all(|row| row.requests == 0) => {
                    taken.fetch_add(rows.len() as u32, Ordering::Relaxed);
                    Ok(())
                }
                _ => full(),
            }
        }

        async fn remove_runs(&self, _: &str, _: u32) -> Result<u64> {
            full()
        }

        async fn runs(&self, _: &Scope, _: &RunQuery, _: &Paging) -> Result<Page<RunRow>> {
            full()
        }

        async fn run(&self, _: &Scope, _: &RunId) -> Result<Option<RunRow>> {
            full()
        }

        async fn workspace(&self, _: &str, _: &WorkspaceId) -> Result<WorkspaceId> {
            full()
        }

        async fn close(&self) {}
    }

    fn row_with(requests: u32) -> RunRow {
        RunRow {
            id: "r".into(),
            kind: RunKind::Action,
            workspace: "w".into(),
            customer: "c".into(),
            integration: None,
            connection: None,
            actions: [None, None, None],
            is_success: true,
            created_at: crate::clock::now(),
            requests,
            requests_failed: 0,
            record: "{}".to_owned(),
            exchanges: "[]".to_owned(),
        }
    }

    fn rows() -> Arc<[RunRow]> {
        [row_with(0)].into()
    }

    #[tokio::test]
    async fn a_refused_row_takes_no_other_with_it() {
        let store = Arc::new(Full { taken: Some(AtomicU32::new(0)), ..Full::default() });
        let (_sender, queue) = mpsc::channel(1);
        let signals = Arc::<Signals>::default();
        signals.stop.cancel();
        let writer =
            Writer { store: Arc::clone(&store) as Arc<dyn Store>, queue, waiting: Arc::default(), signals };
        writer.write((0..100).map(|n| row_with(u32::from(n == 70))).collect()).await;
        assert_eq!(store.taken.as_ref().map(|taken| taken.load(Ordering::Relaxed)), Some(99));
        assert_eq!(writer.waiting.lost.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_store_that_takes_nothing_is_not_asked_for_ever() {
        let store = Arc::new(Full::default());
        let (_sender, queue) = mpsc::channel(1);
        let signals = Arc::<Signals>::default();
        let writer = Writer {
            store: Arc::clone(&store) as Arc<dyn Store>,
            queue,
            waiting: Arc::default(),
            signals: Arc::clone(&signals),
        };
        let writing = tokio::spawn(async move {
            writer.write(rows()).await;
            writer
        });
        while store.asked.load(Ordering::Relaxed) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Who shuts down waits for one more try, not for all of them.
        signals.stop.cancel();
        let writer = writing.await.unwrap();
        assert_eq!(store.asked.load(Ordering::Relaxed), 3);
        writer.write(rows()).await;
        assert_eq!(store.asked.load(Ordering::Relaxed), 4);
        assert_eq!(writer.waiting.lost.load(Ordering::Relaxed), 2);
    }
}
