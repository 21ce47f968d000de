use membrane_core::element::ElementKind;
use membrane_core::{CustomerId, ElementId, Error, Page, Paging, Result};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::fault::Stop;
use super::select::{Select, column, fetch_limit, page};
use crate::store::{LinkDirection, LinkQuery, LinkRow, Scope};

// ===== reading =====

/// The statement that reads one page and the first link of the next.
pub(super) fn select_page(scope: &Scope, query: &LinkQuery, paging: &Paging) -> Result<Select> {
    let limit = fetch_limit(paging)?;
    let mut select = Select::new(
        "SELECT id, customer, link_table, direction, app_record, external_record, created_at \
         FROM membrane_links WHERE workspace = ",
    );
    select.arg(scope.workspace()).push(" AND link_table = ").arg(&query.table);
    // One record has few links: what else narrows is tried row by row.
    select
        .and_eq("external_record = ", query.external_record.as_ref())
        .and_eq("app_record = ", query.app_record.as_ref())
        .and_eq("+direction = ", query.direction.map(LinkDirection::as_str))
        .and_eq("customer = ", scope.customer())
        .and_eq(if query.newest_first { "id < " } else { "id > " }, paging.start());
    select.push(if query.newest_first { " ORDER BY id DESC" } else { " ORDER BY id" }).limit(limit);
    Ok(select)
}

/// Cuts the rows of [`select_page`] to a page.
pub(super) fn read_page(paging: &Paging, rows: Vec<SqliteRow>) -> Result<Page<LinkRow>> {
    page(paging, rows, read, |link| link.id.clone())
}

fn read(row: &SqliteRow) -> Result<LinkRow> {
    Ok(LinkRow {
        id: column(row, 0)?,
        customer: column::<String>(row, 1)?.into(),
        table: column::<String>(row, 2)?.into(),
        direction: direction(&column::<String>(row, 3)?)?,
        app_record: column(row, 4)?,
        external_record: column(row, 5)?,
        created_at: column(row, 6)?,
    })
}

fn direction(text: &str) -> Result<LinkDirection> {
    let known = LinkDirection::ALL.iter().copied().find(|direction| direction.as_str() == text);
    known.ok_or_else(|| Error::internal(format!("a stored link has the unknown direction `{text}`")))
}

// ===== writing =====

pub(super) async fn link(conn: &mut SqliteConnection, scope: &Scope, link: &LinkRow) -> Result<(), Stop> {
    check_table(conn, scope, &link.table, &link.customer).await?;
    sqlx::query(
        "INSERT INTO membrane_links \
         (workspace, id, customer, link_table, direction, app_record, external_record, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (workspace, link_table, direction, external_record, app_record) DO NOTHING",
    )
    .bind(scope.workspace().as_str())
    .bind(link.id.as_str())
    .bind(link.customer.as_str())
    .bind(link.table.as_str())
    .bind(link.direction.as_str())
    .bind(link.app_record.as_str())
    .bind(link.external_record.as_str())
    .bind(link.created_at.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn unlink(
    conn: &mut SqliteConnection,
    scope: &Scope,
    query: &LinkQuery,
) -> Result<(), Stop> {
    sqlx::query(
        "DELETE FROM membrane_links WHERE workspace = ?1 AND link_table = ?2 \
         AND (?3 IS NULL OR direction = ?3) AND (?4 IS NULL OR app_record = ?4) \
         AND (?5 IS NULL OR external_record = ?5) AND (?6 IS NULL OR customer = ?6)",
    )
    .bind(scope.workspace().as_str())
    .bind(query.table.as_str())
    .bind(query.direction.map(LinkDirection::as_str))
    .bind(query.app_record.as_deref())
    .bind(query.external_record.as_deref())
    .bind(scope.customer().map(CustomerId::as_str))
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds that the table stands and is this customer's, and that the caller may see it.
async fn check_table(
    conn: &mut SqliteConnection,
    scope: &Scope,
    table: &ElementId,
    customer: &CustomerId,
) -> Result<(), Stop> {
    let mut select = Select::new("SELECT 1 FROM membrane_elements WHERE workspace = ");
    select.arg(scope.workspace()).push(" AND id = ").arg(table);
    select.push(" AND kind = ").arg(ElementKind::DataLinkTable.as_str());
    select.push(" AND archived_at IS NULL AND customer = ").arg(customer);
    select.and_eq("customer = ", scope.customer());
    if select.fetch(conn).await?.is_empty() {
        return Err(Error::not_found(format!("there is no data link table {table}"))
            .with("id", table)
            .into());
    }
    Ok(())
}
