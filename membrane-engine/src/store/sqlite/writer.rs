//! The task that writes: one transaction at a time, as many calls in each as are waiting.
//!
//! A durable commit waits for the disk. Calls that arrive meanwhile are put in the next transaction
//! together, each within its own savepoint: it fails alone, and is answered when the commit is on disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use membrane_core::op::Actor;
use membrane_core::{Result, WorkspaceId};
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use super::fault::{self, Patience, Stop};
use super::{checkpoints, elements, links, runs, sealed};
use crate::store::{RunRow, Scope, SealedRow, Write};

/// Calls a transaction takes at the most, so that the first of them does not wait for long.
const BATCH: usize = 128;

/// How long one process writes without a pause. Waiting processes poll, so they need a gap to hit.
const TURN: Duration = Duration::from_millis(25);
const GAP: Duration = Duration::from_millis(2);

/// One call and where its answer goes.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) reply: oneshot::Sender<Result<Done>>,
}

/// What a call wants written.
pub(super) enum Work {
    /// Runs to append.
    Append(Arc<[RunRow]>),
    /// Nothing; ends the task once everything before it is written.
    Close,
    /// A data key under a new outer key.
    Rewrap { row: SealedRow, key_id: String, wrapped_key: Vec<u8> },
    /// A workspace to find or make.
    Workspace { key: String, new_id: WorkspaceId },
    /// Up to so many of the runs with ids below this one, to remove.
    RemoveRuns { bound: String, limit: u32 },
    /// Changes of elements and their sealed records.
    Write { scope: Scope, writes: Vec<Write> },
}

impl Work {
    /// The operation that errors carry.
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::Append(_) => "store.append_runs",
            Self::Close => "store.close",
            Self::RemoveRuns { .. } => "store.remove_runs",
            Self::Rewrap { .. } => "store.rewrap",
            Self::Workspace { .. } => "store.workspace",
            Self::Write { .. } => "store.write",
        }
    }
}

/// What a call is answered.
pub(super) enum Done {
    /// How many runs went.
    Removed(u64),
    /// The workspace that was asked for.
    Workspace(WorkspaceId),
    Written,
}

/// Writes until the store is closed or its last handle is dropped, then lets go of its pool.
pub(super) struct Writer {
    pub(super) pool: SqlitePool,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) lock_timeout: Duration,
    /// Whether the pool is closed with the store.
    pub(super) owns_pool: bool,
    /// Whether a connection that failed can be replaced by a new one.
    pub(super) renews: bool,
}

impl Writer {
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut closing = Vec::new();
        let mut turn = Instant::now();
        loop {
            let idle = Instant::now();
            if self.jobs.recv_many(&mut batch, BATCH).await == 0 {
                break;
            }
            if idle.elapsed() > GAP {
                turn = Instant::now();
            }
            if batch.iter().any(|job| matches!(job.work, Work::Close)) {
                // What is queued already is still taken; nothing new is.
                self.jobs.close();
                let (close, rest) = batch.drain(..).partition(|job| matches!(job.work, Work::Close));
                closing.extend::<Vec<Job>>(close);
                batch = rest;
            }
            self.commit(std::mem::take(&mut batch)).await;
            if turn.elapsed() > TURN {
                tokio::time::sleep(GAP).await;
                turn = Instant::now();
            }
        }
        if self.owns_pool {
            self.pool.close().await;
        }
        closing.into_iter().for_each(|job| answer(job, Ok(Done::Written)));
    }

    /// Commits these calls together, or one by one when the database fails on them together.
    async fn commit(&self, batch: Vec<Job>) {
        if batch.is_empty() {
            return;
        }
        match self.transact(&batch).await {
            Ok(outcomes) => {
                for (job, outcome) in batch.into_iter().zip(outcomes) {
                    answer(job, outcome);
                }
            }
            Err(fault) if fault::is_busy(&fault) => {
                for job in batch {
                    let error = fault::locked(job.work.operation());
                    answer(job, Err(error));
                }
            }
            // One call may be what the database fails on, a document too big for it say.
            Err(_) => {
                for job in batch {
                    let outcome = match self.transact(std::slice::from_ref(&job)).await {
                        Ok(mut outcomes) => outcomes.pop().unwrap_or(Ok(Done::Written)),
                        Err(fault) => Err(fault::error(job.work.operation(), fault)),
                    };
                    answer(job, outcome);
                }
            }
        }
    }

    /// Makes one transaction of these calls, waiting for its turn among other processes.
    async fn transact(&self, batch: &[Job]) -> Result<Vec<Result<Done>>, sqlx::Error> {
        let mut patience = Patience::new(self.lock_timeout);
        loop {
            let mut conn = self.pool.acquire().await?;
            let fault = match transact(&mut conn, batch).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(fault) => fault,
            };
            // SQLite may have rolled back by itself; then this fails, and that is fine.
            let _ = sqlx::query("ROLLBACK").execute(&mut *conn).await;
            if self.renews && !fault::is_busy(&fault) {
                conn.close_on_drop();
            }
            drop(conn);
            if !patience.again(&fault).await {
                return Err(fault);
            }
        }
    }
}

async fn transact(conn: &mut SqliteConnection, batch: &[Job]) -> Result<Vec<Result<Done>>, sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    // Within a savepoint SQLite copies each page before it changes it, so a call alone has none.
    if let [job] = batch {
        let (end, outcome) = match perform(conn, &job.work).await {
            Ok(done) => ("COMMIT", Ok(done)),
            Err(Stop::Fault(fault)) => return Err(fault),
            Err(Stop::Refused(error)) => ("ROLLBACK", Err(error.with_operation(job.work.operation()))),
        };
        sqlx::query(end).execute(&mut *conn).await?;
        return Ok(vec![outcome]);
    }
    let mut outcomes = Vec::with_capacity(batch.len());
    for job in batch {
        sqlx::query("SAVEPOINT membrane").execute(&mut *conn).await?;
        let outcome = match perform(conn, &job.work).await {
            Ok(done) => Ok(done),
            Err(Stop::Fault(fault)) => return Err(fault),
            Err(Stop::Refused(error)) => {
                sqlx::query("ROLLBACK TO membrane").execute(&mut *conn).await?;
                Err(error.with_operation(job.work.operation()))
            }
        };
        sqlx::query("RELEASE membrane").execute(&mut *conn).await?;
        outcomes.push(outcome);
    }
    sqlx::query("COMMIT").execute(&mut *conn).await?;
    Ok(outcomes)
}

async fn perform(conn: &mut SqliteConnection, work: &Work) -> Result<Done, Stop> {
    match work {
        Work::Append(rows) => runs::append(conn, rows).await?,
        Work::Close => {}
        Work::RemoveRuns { bound, limit } => {
            return runs::remove(conn, bound, *limit).await.map(Done::Removed);
        }
        Work::Rewrap { row, key_id, wrapped_key } => {
            sealed::rewrap(conn, row, key_id, wrapped_key).await?;
        }
        Work::Workspace { key, new_id } => {
            return super::workspaces::find_or_make(conn, key, new_id).await.map(Done::Workspace);
        }
        Work::Write { scope, writes } => {
            let mut actor = match scope.customer() {
                Some(_) => Actor::Customer,
                None => Actor::Manager,
            };
            for write in writes {
                match write {
                    Write::By(other) => actor = *other,
                    write => perform_one(conn, scope, actor, write).await?,
                }
            }
        }
    }
    Ok(Done::Written)
}

async fn perform_one(
    conn: &mut SqliteConnection,
    scope: &Scope,
    actor: Actor,
    write: &Write,
) -> Result<(), Stop> {
    match write {
        Write::By(_) => Ok(()),
        Write::Insert(row) => {
            elements::insert(conn, scope, row).await?;
            checkpoints::keep(conn, scope, actor, row).await
        }
        Write::Link(link) => links::link(conn, scope, link).await,
        Write::Seal { element, customer, sealed } => {
            sealed::seal(conn, scope, element, customer.as_ref(), sealed).await
        }
        Write::Unlink(query) => links::unlink(conn, scope, query).await,
        Write::Unseal { element, customer } => sealed::unseal(conn, scope, element, customer.as_ref()).await,
        Write::Update { row, expected } => {
            elements::update(conn, scope, row, expected).await?;
            checkpoints::keep(conn, scope, actor, row).await
        }
    }
}

/// The caller may have gone away; what was written stays written.
fn answer(job: Job, outcome: Result<Done>) {
    let _ = job.reply.send(outcome);
}
