//! What rows were after their changes.

use std::borrow::Cow;

use membrane_core::element::ElementKind;
use membrane_core::op::Actor;
use membrane_core::{ConnectionId, CustomerId, ElementId, Error, IntegrationId, Page, Paging, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::fault::Stop;
use super::select::{Select, column, fetch_limit, id, page};
use crate::store::{CHECKPOINTS_KEPT, CheckpointRow, Row, Scope};

const COLUMNS: &str = "number, customer, made_by, made_at, revision, content, actor";

/// What of a row can change and counts as a change.
#[derive(Serialize, Deserialize)]
struct Content<'a> {
    key: Option<Cow<'a, str>>,
    slot: Option<Cow<'a, str>>,
    integration: Option<Cow<'a, IntegrationId>>,
    connection: Option<Cow<'a, ConnectionId>>,
    instance_key: Option<Cow<'a, str>>,
    parent: Option<Cow<'a, ElementId>>,
    name: Cow<'a, str>,
    created_at: Cow<'a, str>,
    archived_at: Option<Cow<'a, str>>,
    doc: Cow<'a, Map<String, Value>>,
}

// ===== reading =====

/// The statement that reads one page and the first checkpoint of the next.
pub(super) fn select_page(
    scope: &Scope,
    kind: ElementKind,
    element: &ElementId,
    paging: &Paging,
) -> Result<Select> {
    let mut select = select(scope, kind, element);
    if let Some(below) = paging.start() {
        let below: i64 = below.parse().map_err(|_| {
            Error::invalid_input("this is no cursor of a list of checkpoints").with("field", "cursor")
        })?;
        select.push(" AND number < ").int(below);
    }
    select.push(" ORDER BY number DESC").limit(fetch_limit(paging)?);
    Ok(select)
}

/// The statement that reads one.
pub(super) fn select_one(scope: &Scope, kind: ElementKind, element: &ElementId, number: u64) -> Select {
    let mut select = select(scope, kind, element);
    select.push(" AND number = ").int(i64::try_from(number).unwrap_or(i64::MAX));
    select
}

fn select(scope: &Scope, kind: ElementKind, element: &ElementId) -> Select {
    let mut select = Select::new("SELECT ");
    select.push(COLUMNS).push(" FROM membrane_checkpoints WHERE workspace = ").arg(scope.workspace());
    select.push(" AND element = ").arg(element).push(" AND kind = ").arg(kind.as_str());
    select.and_eq("customer = ", scope.customer());
    select
}

/// Cuts the rows of [`select_page`] to a page.
pub(super) fn read_page(
    kind: ElementKind,
    element: &ElementId,
    paging: &Paging,
    rows: Vec<SqliteRow>,
) -> Result<Page<CheckpointRow>> {
    page(paging, rows, |row| read(kind, element, row), |checkpoint| checkpoint.number.to_string())
}

/// Reads one row of [`COLUMNS`].
pub(super) fn read(kind: ElementKind, element: &ElementId, row: &SqliteRow) -> Result<CheckpointRow> {
    let content: Content<'_> = serde_json::from_str(column::<&str>(row, 5)?)
        .map_err(|error| Error::internal("a stored checkpoint cannot be read").with_source(error))?;
    let made_by: Option<CustomerId> = id(row, 2)?;
    let actor = column::<Option<String>>(row, 6)?.as_deref().and_then(Actor::named);
    let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
    Ok(CheckpointRow {
        number: u64::try_from(column::<i64>(row, 0)?).unwrap_or_default(),
        actor: actor.unwrap_or(if made_by.is_some() { Actor::Customer } else { Actor::Manager }),
        made_by,
        row: Row {
            kind,
            id: element.clone(),
            customer: id(row, 1)?,
            key: owned(content.key),
            slot: owned(content.slot),
            integration: content.integration.map(Cow::into_owned),
            connection: content.connection.map(Cow::into_owned),
            instance_key: owned(content.instance_key),
            parent: content.parent.map(Cow::into_owned),
            name: content.name.into_owned(),
            revision: column(row, 4)?,
            created_at: content.created_at.into_owned(),
            updated_at: column(row, 3)?,
            archived_at: owned(content.archived_at),
            doc: content.doc.into_owned(),
        },
    })
}

// ===== writing =====

/// Keeps what a row is now, unless it was that before, and lets the oldest go.
pub(super) async fn keep(
    conn: &mut SqliteConnection,
    scope: &Scope,
    actor: Actor,
    row: &Row,
) -> Result<(), Stop> {
    let content = Content {
        key: row.key.as_deref().map(Cow::Borrowed),
        slot: row.slot.as_deref().map(Cow::Borrowed),
        integration: row.integration.as_ref().map(Cow::Borrowed),
        connection: row.connection.as_ref().map(Cow::Borrowed),
        instance_key: row.instance_key.as_deref().map(Cow::Borrowed),
        parent: row.parent.as_ref().map(Cow::Borrowed),
        name: Cow::Borrowed(&row.name),
        created_at: Cow::Borrowed(&row.created_at),
        archived_at: row.archived_at.as_deref().map(Cow::Borrowed),
        doc: Cow::Borrowed(&row.doc),
    };
    let content = serde_json::to_string(&content)
        .map_err(|error| Error::internal("a document cannot be written as JSON").with_source(error))?;
    let kept = sqlx::query(
        "INSERT INTO membrane_checkpoints \
         (workspace, element, number, kind, customer, made_by, made_at, revision, content, actor) \
         SELECT ?1, ?2, COALESCE((SELECT MAX(number) FROM membrane_checkpoints \
         WHERE workspace = ?1 AND element = ?2), 0) + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9 \
         WHERE ?8 IS NOT (SELECT content FROM membrane_checkpoints \
         WHERE workspace = ?1 AND element = ?2 ORDER BY number DESC LIMIT 1)",
    );
    let kept = kept
        .bind(scope.workspace().as_str())
        .bind(row.id.as_str())
        .bind(row.kind.as_str())
        .bind(row.customer.as_ref().map(AsRef::<str>::as_ref))
        .bind(scope.customer().map(AsRef::<str>::as_ref))
        .bind(row.updated_at.as_str())
        .bind(row.revision.as_str())
        .bind(content)
        .bind(actor.as_str());
    if kept.execute(&mut *conn).await?.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM membrane_checkpoints WHERE workspace = ?1 AND element = ?2 AND number <= \
         (SELECT MAX(number) FROM membrane_checkpoints WHERE workspace = ?1 AND element = ?2) - ?3",
    )
    .bind(scope.workspace().as_str())
    .bind(row.id.as_str())
    .bind(i64::try_from(CHECKPOINTS_KEPT).unwrap_or(i64::MAX))
    .execute(conn)
    .await?;
    Ok(())
}
