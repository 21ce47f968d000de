//! The task that writes the log.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::row::row;
use super::{Message, Signals, Waiting};
use crate::store::{RunRow, Store};

/// Runs a batch.
const BATCH: usize = 1024;

/// How long the first run of a batch waits for others.
const LINGER: Duration = Duration::from_millis(100);

/// Bytes of runs that rows are made of at a time; others of the runtime come in between.
const STRETCH: usize = 64 * 1024;

/// How often a batch is tried before it is given up.
const TRIES: u32 = 5;

pub(super) struct Writer {
    pub(super) store: Arc<dyn Store>,
    pub(super) queue: mpsc::Receiver<Message>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) signals: Arc<Signals>,
}

impl Writer {
    pub(super) async fn run(mut self) {
        let mut messages = Vec::with_capacity(BATCH);
        loop {
            let received = tokio::select! {
                received = self.queue.recv_many(&mut messages, BATCH) => received,
                () = self.signals.stop.notified() => {
                    self.queue.close();
                    while let Ok(message) = self.queue.try_recv() {
                        messages.push(message);
                    }
                    self.write_all(&mut messages).await;
                    return;
                }
            };
            if received == 0 {
                return;
            }
            let waits = messages.iter().all(|message| matches!(message, Message::Run(_)));
            if waits && messages.len() < BATCH && !self.queue.is_closed() {
                tokio::select! {
                    () = tokio::time::sleep(LINGER) => {}
                    () = self.signals.hurry.notified() => {}
                }
                while messages.len() < BATCH
                    && let Ok(message) = self.queue.try_recv()
                {
                    messages.push(message);
                }
            }
            self.write_all(&mut messages).await;
        }
    }

    async fn write_all(&self, messages: &mut Vec<Message>) {
        let mut rows = Vec::with_capacity(messages.len());
        let mut flushing = Vec::new();
        let (mut bytes, mut stretch) = (0, 0);
        for message in messages.drain(..) {
            match message {
                Message::Run(run) => {
                    bytes += run.bytes();
                    rows.push(row(&run));
                    if bytes - stretch > STRETCH {
                        stretch = bytes;
                        tokio::task::yield_now().await;
                    }
                }
                Message::Flush(done) => flushing.push(done),
            }
        }
        self.write(rows.into()).await;
        self.waiting.remove(bytes);
        for done in flushing {
            let _ = done.send(());
        }
    }

    async fn write(&self, rows: Arc<[RunRow]>) {
        if rows.is_empty() {
            return;
        }
        for attempt in 1..=TRIES {
            match self.store.append_runs(Arc::clone(&rows)).await {
                Ok(()) => return,
                Err(error) if attempt == TRIES => {
                    tracing::error!(target: "membrane::log", runs = rows.len(), %error, "runs could not be logged");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50) * 2_u32.pow(attempt)).await,
            }
        }
    }
}
