use membrane_core::{CustomerId, ElementId, Error, ErrorKind, Page, Paging, Result};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::fault::Stop;
use super::select::{Select, column, fetch_limit, id, page};
use crate::store::{Scope, Sealed, SealedRow};

// ===== reading =====

/// The statement that reads the record of one element. Of the workspace's own a customer reads none.
pub(super) fn select_one(scope: &Scope, element: &ElementId) -> Select {
    let mut select = Select::new("SELECT key_id, wrapped_key, ciphertext, version FROM membrane_sealed");
    select.push(" WHERE workspace = ").arg(scope.workspace());
    select.push(" AND element = ").arg(element).and_eq("customer = ", scope.customer());
    select
}

/// The statement that reads one page of records under other keys, and the first of the next.
pub(super) fn select_not_under(key_id: &str, paging: &Paging) -> Result<Select> {
    let limit = fetch_limit(paging)?;
    let mut select = Select::new(
        "SELECT key_id, wrapped_key, ciphertext, version, workspace, customer, element, seq \
         FROM membrane_sealed WHERE key_id <> ",
    );
    select.arg(key_id);
    if let Some(cursor) = paging.start() {
        let after = cursor.parse::<i64>().map_err(|_| {
            Error::invalid_input("the cursor is not one of this listing").with("field", "cursor")
        })?;
        select.push(" AND seq > ").int(after);
    }
    select.push(" ORDER BY seq").limit(limit);
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
            customer: id(row, 5)?,
            element: column::<String>(row, 6)?.into(),
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
    element: &ElementId,
    customer: Option<&CustomerId>,
    sealed: &Sealed,
) -> Result<(), Stop> {
    check_owner(conn, scope, element, customer).await?;
    let version = i64::try_from(sealed.version).map_err(|_| lost_the_race(element))?;
    let done = sqlx::query(
        "INSERT INTO membrane_sealed \
         (workspace, element, customer, key_id, wrapped_key, ciphertext, version) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE ?7 = 1 + COALESCE( \
             (SELECT version FROM membrane_sealed WHERE workspace = ?1 AND element = ?2), 0) \
         ON CONFLICT (workspace, element) DO UPDATE SET \
             key_id = ?4, wrapped_key = ?5, ciphertext = ?6, version = ?7",
    )
    .bind(scope.workspace().as_str())
    .bind(element.as_str())
    .bind(customer.map(CustomerId::as_str))
    .bind(sealed.key_id.as_str())
    .bind(sealed.wrapped_key.as_slice())
    .bind(sealed.ciphertext.as_slice())
    .bind(version)
    .execute(conn)
    .await?;
    match done.rows_affected() {
        0 => Err(lost_the_race(element).into()),
        _ => Ok(()),
    }
}

pub(super) async fn unseal(
    conn: &mut SqliteConnection,
    scope: &Scope,
    element: &ElementId,
    customer: Option<&CustomerId>,
) -> Result<(), Stop> {
    check_owner(conn, scope, element, customer).await?;
    sqlx::query("DELETE FROM membrane_sealed WHERE workspace = ?1 AND element = ?2")
        .bind(scope.workspace().as_str())
        .bind(element.as_str())
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
    let version = i64::try_from(row.sealed.version).map_err(|_| lost_the_race(&row.element))?;
    let done = sqlx::query(
        "UPDATE membrane_sealed SET key_id = ?1, wrapped_key = ?2 \
         WHERE workspace = ?3 AND element = ?4 AND customer IS ?5 \
         AND version = ?6 AND key_id = ?7 AND wrapped_key = ?8 AND ciphertext = ?9",
    )
    .bind(key_id)
    .bind(wrapped_key)
    .bind(row.workspace.as_str())
    .bind(row.element.as_str())
    .bind(row.customer.as_ref().map(CustomerId::as_str))
    .bind(version)
    .bind(row.sealed.key_id.as_str())
    .bind(row.sealed.wrapped_key.as_slice())
    .bind(row.sealed.ciphertext.as_slice())
    .execute(conn)
    .await?;
    match done.rows_affected() {
        0 => Err(lost_the_race(&row.element).into()),
        _ => Ok(()),
    }
}

/// Holds that the element is there, belongs to this customer or to the workspace itself, and is one the caller
/// may write.
async fn check_owner(
    conn: &mut SqliteConnection,
    scope: &Scope,
    element: &ElementId,
    customer: Option<&CustomerId>,
) -> Result<(), Stop> {
    let mut select = Select::new("SELECT 1 FROM membrane_elements WHERE workspace = ");
    select.arg(scope.workspace()).push(" AND id = ").arg(element);
    match customer {
        Some(customer) => {
            select.push(" AND customer = ").arg(customer).and_eq("customer = ", scope.customer());
        }
        None => {
            select.push(" AND customer IS NULL");
        }
    }
    if select.fetch(conn).await?.is_empty() {
        return Err(Error::not_found(format!("there is no element {element}"))
            .with("elementId", element)
            .into());
    }
    if customer.is_none() && scope.customer().is_some() {
        return Err(Error::new(
            ErrorKind::AccessDenied,
            format!("a customer cannot change what is sealed of the workspace's own element {element}"),
        )
        .with("elementId", element)
        .into());
    }
    Ok(())
}

fn lost_the_race(element: &ElementId) -> Error {
    Error::new(
        ErrorKind::Concurrency,
        format!("what is sealed of element {element} was written by somebody else; read it again"),
    )
    .with("elementId", element)
}
