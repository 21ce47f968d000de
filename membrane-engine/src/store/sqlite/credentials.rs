use membrane_core::{ConnectionId, CustomerId, Error, ErrorKind, Page, Paging, Result};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::select::{Select, column, fetch_limit, page};
use super::writer::Stop;
use crate::store::{Scope, Sealed, SealedRow};

// ===== reading =====

/// The statement that reads the credentials of one connection.
pub(super) fn select_one(scope: &Scope, connection: &ConnectionId) -> Select {
    let mut select = Select::new("SELECT key_id, wrapped_key, ciphertext, version FROM membrane_credentials");
    select.push(" WHERE workspace = ").arg(scope.workspace());
    select.push(" AND connection = ").arg(connection).and_eq("customer = ", scope.customer());
    select
}

/// The statement that reads one page of records under other keys, and the first of the next.
pub(super) fn select_not_under(key_id: &str, paging: &Paging) -> Result<Select> {
    let limit = fetch_limit(paging)?;
    let mut select = Select::new(
        "SELECT key_id, wrapped_key, ciphertext, version, workspace, customer, connection, seq \
         FROM membrane_credentials WHERE key_id <> ",
    );
    select.arg(key_id);
    if let Some(cursor) = paging.start() {
        let after = cursor.parse::<i64>().map_err(|_| {
            Error::invalid_input("the cursor is not one of this listing").with("field", "cursor")
        })?;
        select.push(" AND seq > ").int(after);
    }
    select.push(" ORDER BY seq LIMIT ").int(limit);
    Ok(select)
}

/// Reads a row of [`select_one`].
pub(super) fn read(row: &SqliteRow) -> Result<Sealed> {
    Ok(Sealed {
        key_id: column(row, 0)?,
        wrapped_key: column(row, 1)?,
        ciphertext: column(row, 2)?,
        version: u64::try_from(column::<i64>(row, 3)?)
            .map_err(|_| Error::internal("a stored version is negative"))?,
    })
}

/// Cuts the rows of [`select_not_under`] to a page.
pub(super) fn read_page(paging: &Paging, rows: Vec<SqliteRow>) -> Result<Page<SealedRow>> {
    let read = |row: &SqliteRow| {
        let sealed = SealedRow {
            workspace: column::<String>(row, 4)?.into(),
            customer: column::<String>(row, 5)?.into(),
            connection: column::<String>(row, 6)?.into(),
            sealed: read(row)?,
        };
        Ok((sealed, column::<i64>(row, 7)?))
    };
    let page = page(paging, rows, read, |(_, seq)| seq.to_string())?;
    Ok(page.map(|(sealed, _)| sealed))
}

// ===== writing =====

pub(super) async fn seal(
    conn: &mut SqliteConnection,
    scope: &Scope,
    connection: &ConnectionId,
    customer: &CustomerId,
    sealed: &Sealed,
) -> Result<(), Stop> {
    check_owner(conn, scope, connection, customer).await?;
    let version = i64::try_from(sealed.version).map_err(|_| lost_the_race(connection))?;
    let done = sqlx::query(
        "INSERT INTO membrane_credentials \
         (workspace, connection, customer, key_id, wrapped_key, ciphertext, version) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ?7 = 1 + COALESCE( \
             (SELECT version FROM membrane_credentials WHERE workspace = ?1 AND connection = ?2), 0) \
         ON CONFLICT (workspace, connection) DO UPDATE SET \
             key_id = ?4, wrapped_key = ?5, ciphertext = ?6, version = ?7",
    )
    .bind(scope.workspace().as_str())
    .bind(connection.as_str())
    .bind(customer.as_str())
    .bind(sealed.key_id.as_str())
    .bind(sealed.wrapped_key.as_slice())
    .bind(sealed.ciphertext.as_slice())
    .bind(version)
    .execute(conn)
    .await?;
    match done.rows_affected() {
        0 => Err(lost_the_race(connection).into()),
        _ => Ok(()),
    }
}

pub(super) async fn unseal(
    conn: &mut SqliteConnection,
    scope: &Scope,
    connection: &ConnectionId,
    customer: &CustomerId,
) -> Result<(), Stop> {
    check_owner(conn, scope, connection, customer).await?;
    sqlx::query("DELETE FROM membrane_credentials WHERE workspace = ?1 AND connection = ?2")
        .bind(scope.workspace().as_str())
        .bind(connection.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn rewrap(
    conn: &mut SqliteConnection,
    row: &SealedRow,
    key_id: &str,
    wrapped_key: &[u8],
) -> Result<(), Stop> {
    let version = i64::try_from(row.sealed.version).map_err(|_| lost_the_race(&row.connection))?;
    let done = sqlx::query(
        "UPDATE membrane_credentials SET key_id = ?1, wrapped_key = ?2 \
         WHERE workspace = ?3 AND connection = ?4 AND customer = ?5 \
         AND version = ?6 AND key_id = ?7 AND wrapped_key = ?8 AND ciphertext = ?9",
    )
    .bind(key_id)
    .bind(wrapped_key)
    .bind(row.workspace.as_str())
    .bind(row.connection.as_str())
    .bind(row.customer.as_str())
    .bind(version)
    .bind(row.sealed.key_id.as_str())
    .bind(row.sealed.wrapped_key.as_slice())
    .bind(row.sealed.ciphertext.as_slice())
    .execute(conn)
    .await?;
    match done.rows_affected() {
        0 => Err(lost_the_race(&row.connection).into()),
        _ => Ok(()),
    }
}

/// Holds that the connection is there, is this customer's and is one the caller may write.
async fn check_owner(
    conn: &mut SqliteConnection,
    scope: &Scope,
    connection: &ConnectionId,
    customer: &CustomerId,
) -> Result<(), Stop> {
    let mut select =
        Select::new("SELECT 1 FROM membrane_elements WHERE kind = 'connection' AND workspace = ");
    select.arg(scope.workspace()).push(" AND id = ").arg(connection);
    select.push(" AND customer = ").arg(customer).and_eq("customer = ", scope.customer());
    if select.fetch(conn).await?.is_empty() {
        return Err(Error::not_found(format!("there is no connection {connection}"))
            .with("connectionId", connection)
            .into());
    }
    Ok(())
}

fn lost_the_race(connection: &ConnectionId) -> Error {
    Error::new(
        ErrorKind::Concurrency,
        format!("the credentials of connection {connection} were written by somebody else; read them again"),
    )
    .with("connectionId", connection)
}
