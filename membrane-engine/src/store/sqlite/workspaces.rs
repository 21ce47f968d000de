use membrane_core::{Error, ErrorKind, Result, WorkspaceId};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::fault;
use super::fault::Stop;
use super::select::{Select, column};

/// The statement that finds a workspace.
pub(super) fn select_one(key: &str) -> Select {
    let mut select = Select::new("SELECT id FROM membrane_workspaces WHERE key = ");
    select.arg(key);
    select
}

/// Reads a row of [`select_one`].
pub(super) fn read(row: &SqliteRow) -> Result<WorkspaceId> {
    column::<String>(row, 0).map(WorkspaceId::from)
}

pub(super) async fn find_or_make(
    conn: &mut SqliteConnection,
    key: &str,
    new_id: &WorkspaceId,
) -> Result<WorkspaceId, Stop> {
    let made =
        sqlx::query("INSERT INTO membrane_workspaces (key, id) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING")
            .bind(key)
            .bind(new_id.as_str())
            .execute(&mut *conn)
            .await;
    match made {
        Ok(_) => {}
        Err(taken) if fault::is_taken(&taken) => {
            return Err(Error::new(ErrorKind::AlreadyExists, "another workspace has this id")
                .with("workspaceId", new_id)
                .into());
        }
        Err(fault) => return Err(fault.into()),
    }
    let found = select_one(key).fetch(conn).await?;
    let found = found.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(read(found)?)
}
