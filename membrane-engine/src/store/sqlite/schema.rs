//! Brings a database file to the shape this version reads and writes.

use membrane_core::{Error, Result};
use sqlx::{Row as _, SqliteConnection};

use super::fault::{self, Stop};

/// Every migration, oldest first. What was published never changes; a new shape is a new entry.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_store.sql"),
    include_str!("../../../migrations/sqlite/0002_slots.sql"),
    include_str!("../../../migrations/sqlite/0003_links.sql"),
    include_str!("../../../migrations/sqlite/0004_checkpoints.sql"),
    include_str!("../../../migrations/sqlite/0005_times.sql"),
    include_str!("../../../migrations/sqlite/0006_actors.sql"),
];

const OPERATION: &str = "store.open";

/// Runs what is missing, in one transaction that other processes wait for.
///
/// The version has its own table: `PRAGMA user_version` and sqlx's `_sqlx_migrations` may be the host's.
pub(super) async fn migrate(conn: &mut SqliteConnection) -> Result<(), Stop> {
    if version(conn).await? == Some(MIGRATIONS.len()) {
        return Ok(());
    }
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    let outcome = migrate_locked(conn).await;
    let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = sqlx::query(end).execute(&mut *conn).await;
    outcome?;
    ended?;
    Ok(())
}

async fn migrate_locked(conn: &mut SqliteConnection) -> Result<(), Stop> {
    sqlx::query("CREATE TABLE IF NOT EXISTS membrane_schema (version INTEGER NOT NULL PRIMARY KEY)")
        .execute(&mut *conn)
        .await?;
    // Another process may have done it while this one waited for the lock.
    let done = version(conn).await?.unwrap_or(0);
    if done > MIGRATIONS.len() {
        return Err(Stop::Refused(
            Error::configuration(format!(
                "the database has schema version {done}, this library knows up to {}; use the newer library",
                MIGRATIONS.len()
            ))
            .with_operation(OPERATION),
        ));
    }
    for (n, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        sqlx::raw_sql(*migration).execute(&mut *conn).await?;
        let version = i64::try_from(n + 1).unwrap_or(i64::MAX);
        sqlx::query("INSERT INTO membrane_schema (version) VALUES (?1)")
            .bind(version)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// The newest migration that ran; `None` for a file without our tables.
async fn version(conn: &mut SqliteConnection) -> Result<Option<usize>, sqlx::Error> {
    match sqlx::query("SELECT COALESCE(MAX(version), 0) FROM membrane_schema").fetch_one(&mut *conn).await {
        Ok(row) => Ok(Some(usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX))),
        Err(error) if fault::is_no_such_table(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
