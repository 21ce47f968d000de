use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use membrane_core::{Error, Page, Paging, Result, RunId};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::fault::Stop;
use super::select::{Select, column, fetch_limit, id, page};
use crate::store::{Requests, RunKind, RunQuery, RunRow, Scope};

const COLUMNS: &str = "runs.id, runs.workspace, runs.kind, runs.customer, runs.integration, runs.connection, \
                       runs.action_universal, runs.action_integration, runs.action_connection, \
                       runs.is_success, runs.created_at, runs.requests, runs.requests_failed, runs.record";

// ===== reading =====

/// The statement that reads one run with its exchanges.
pub(super) fn select_one(scope: &Scope, run: &RunId) -> Select {
    let mut select = Select::new("SELECT ");
    select.push(COLUMNS).push(", runs.exchanges FROM membrane_runs AS runs WHERE runs.workspace = ");
    select.arg(scope.workspace()).push(" AND runs.id = ").arg(run).push(" AND runs.kind IN (");
    for (n, kind) in RunKind::ALL.iter().enumerate() {
        select.push(if n > 0 { ", " } else { "" }).arg(kind.as_str());
    }
    select.push(")").and_eq("runs.customer = ", scope.customer());
    select
}

/// The statement that reads one page and the first run of the next.
///
/// Runs of several kinds, or of an action that may stand at any of three layers, are the newest of the newest of
/// each: every part walks its own index in order.
pub(super) fn select_page(scope: &Scope, query: &RunQuery, paging: &Paging) -> Result<Select> {
    let limit = fetch_limit(paging)?;
    let span = (
        query.from.as_deref().map(|from| instant("from", from).map(first_id)).transpose()?,
        query.to.as_deref().map(|to| instant("to", to).map(first_id)).transpose()?,
    );
    let kinds = query.kind.as_ref().map_or(RunKind::ALL, std::slice::from_ref);
    let layers: &[Option<&'static str>] = match query.action {
        Some(_) => &[
            Some("runs.action_universal = "),
            Some("runs.action_integration = "),
            Some("runs.action_connection = "),
        ],
        None => &[None],
    };
    let mut select = Select::new("SELECT ");
    select.push(COLUMNS).push(if query.with_exchanges { ", runs.exchanges" } else { ", ''" });
    select.push(" FROM membrane_runs AS runs WHERE runs.rowid IN (");
    let order = if query.oldest_first { " ORDER BY runs.id" } else { " ORDER BY runs.id DESC" };
    let parts = kinds.iter().flat_map(|kind| layers.iter().map(move |layer| (kind, layer)));
    for (n, (kind, layer)) in parts.enumerate() {
        select.push(if n > 0 { " UNION SELECT * FROM (" } else { "SELECT * FROM (" });
        select.push("SELECT runs.rowid FROM membrane_runs AS runs WHERE runs.workspace = ");
        select.arg(scope.workspace()).push(" AND runs.kind = ").arg(kind.as_str());
        if let Some(action_is) = layer {
            select.and_eq(action_is, query.action.as_ref());
        }
        narrow(&mut select, scope, query, &span, paging);
        select.push(order).limit(limit).push(")");
    }
    select.push(")").push(order).limit(limit);
    Ok(select)
}

/// Adds what holds for every run of a page.
fn narrow(
    select: &mut Select,
    scope: &Scope,
    query: &RunQuery,
    (from, to): &(Option<String>, Option<String>),
    paging: &Paging,
) {
    select
        .and_eq("runs.customer = ", scope.customer())
        .and_eq("runs.customer = ", query.customer.as_ref())
        .and_eq("runs.integration = ", query.integration.as_ref())
        .and_eq("runs.connection = ", query.connection.as_ref());
    match query.is_success {
        None => {}
        Some(false) => {
            select.push(" AND runs.is_success = 0");
        }
        Some(true) => {
            select.push(" AND runs.is_success = 1");
        }
    }
    select.push(match query.requests {
        None => "",
        Some(Requests::Any) => " AND runs.requests > 0",
        Some(Requests::Failed) => " AND runs.requests_failed > 0",
        Some(Requests::Succeeded) => " AND runs.requests > runs.requests_failed",
    });
    // Ids begin with their time, so a time is a place in every index.
    if let Some(from) = from {
        select.push(" AND runs.id >= ").arg(from);
    }
    if let Some(to) = to {
        select.push(" AND runs.id < ").arg(to);
    }
    select.and_eq(if query.oldest_first { "runs.id > " } else { "runs.id < " }, paging.start());
}

/// How the ids of a time begin: with its milliseconds
/// ([RFC 9562](https://www.rfc-editor.org/rfc/rfc9562#section-5.7)). Nothing is as old as a time before 1970.
fn first_id(time: Timestamp) -> String {
    let hex = format!("{:012x}", time.as_millisecond().max(0));
    let (high, low) = hex.split_at(8);
    format!("{high}-{low}-")
}

/// Cuts the rows of [`select_page`] to a page.
pub(super) fn read_page(paging: &Paging, rows: Vec<SqliteRow>) -> Result<Page<RunRow>> {
    page(paging, rows, read, |run| run.id.to_string())
}

/// Reads one row of [`COLUMNS`] and exchanges.
pub(super) fn read(row: &SqliteRow) -> Result<RunRow> {
    Ok(RunRow {
        id: column::<String>(row, 0)?.into(),
        workspace: column::<String>(row, 1)?.into(),
        kind: kind(&column::<String>(row, 2)?)?,
        customer: column::<String>(row, 3)?.into(),
        integration: id(row, 4)?,
        connection: id(row, 5)?,
        actions: [id(row, 6)?, id(row, 7)?, id(row, 8)?],
        is_success: column(row, 9)?,
        created_at: column(row, 10)?,
        requests: column(row, 11)?,
        requests_failed: column(row, 12)?,
        record: column(row, 13)?,
        exchanges: column(row, 14)?,
    })
}

fn kind(text: &str) -> Result<RunKind> {
    let known = RunKind::ALL.iter().copied().find(|kind| kind.as_str() == text);
    known.ok_or_else(|| Error::internal(format!("a stored run is of the unknown kind `{text}`")))
}

/// Reads a time.
fn instant(field: &'static str, text: &str) -> Result<Timestamp> {
    text.parse::<Timestamp>()
        .or_else(|_| Ok(text.parse::<Date>()?.to_zoned(TimeZone::UTC)?.timestamp()))
        .map_err(|_: jiff::Error| {
            Error::invalid_input(format!("`{field}` is not an ISO 8601 time with an offset, or a date"))
                .with("field", field)
        })
}

// ===== writing =====

/// Rows a statement at the most; few sizes, so that the connection's statement cache holds them all.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Appends runs with few statements: each is a message to SQLite's thread and back.
pub(super) async fn append(conn: &mut SqliteConnection, runs: &[RunRow]) -> Result<(), Stop> {
    for runs in by_size(runs) {
        let mut query = sqlx::query(AssertSqlSafe(insert(runs.len())));
        for run in runs {
            query = bind(query, run);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// The text of an insert of several rows that leaves those alone that are there. Said so, SQLite keeps no copies of
/// pages to undo the statement with, as it does for `ON CONFLICT`.
fn insert(rows: usize) -> String {
    const INSERT: &str = "INSERT OR IGNORE INTO membrane_runs (workspace, id, kind, customer, integration, connection, \
                          action_universal, action_integration, action_connection, is_success, created_at, \
                          requests, requests_failed, record, exchanges) VALUES ";
    const ROW: &str = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    INSERT.to_owned() + &vec![ROW; rows].join(", ")
}

/// Cuts a list to pieces of [`SIZES`], the biggest first.
fn by_size<T>(mut list: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= list.len())?;
        let (piece, rest) = list.split_at(size);
        list = rest;
        Some(piece)
    })
}

fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    run: &'q RunRow,
) -> Query<'q, Sqlite, SqliteArguments> {
    let [universal, integration, connection] = &run.actions;
    query
        .bind(run.workspace.as_str())
        .bind(run.id.as_str())
        .bind(run.kind.as_str())
        .bind(run.customer.as_str())
        .bind(run.integration.as_ref().map(AsRef::<str>::as_ref))
        .bind(run.connection.as_ref().map(AsRef::<str>::as_ref))
        .bind(universal.as_ref().map(AsRef::<str>::as_ref))
        .bind(integration.as_ref().map(AsRef::<str>::as_ref))
        .bind(connection.as_ref().map(AsRef::<str>::as_ref))
        .bind(run.is_success)
        .bind(run.created_at.as_str())
        .bind(run.requests)
        .bind(run.requests_failed)
        .bind(run.record.as_str())
        .bind(run.exchanges.as_str())
}

// ===== removing =====

/// Removes up to a number of runs with an id below this one. Which workspaces and kinds there are is found in a few
/// steps through an index; from there each is walked from its oldest on.
pub(super) const REMOVE: &str = "
WITH RECURSIVE
workspaces (id) AS (
    SELECT MIN(workspace) FROM membrane_runs
    UNION ALL
    SELECT (SELECT MIN(workspace) FROM membrane_runs WHERE workspace > workspaces.id)
    FROM workspaces WHERE id IS NOT NULL
),
places (workspace, kind) AS (
    SELECT id, (SELECT MIN(kind) FROM membrane_runs WHERE workspace = workspaces.id)
    FROM workspaces WHERE id IS NOT NULL
    UNION ALL
    SELECT workspace, (SELECT MIN(kind) FROM membrane_runs AS runs
                       WHERE runs.workspace = places.workspace AND runs.kind > places.kind)
    FROM places WHERE kind IS NOT NULL
)
DELETE FROM membrane_runs WHERE rowid IN (
    SELECT runs.rowid FROM places CROSS JOIN membrane_runs AS runs
    WHERE runs.workspace = places.workspace AND runs.kind = places.kind AND runs.id < ?1
    LIMIT ?2
)";

/// Removes the oldest runs: up to `limit` of those that began before what [`bound`] was made of.
pub(super) async fn remove(conn: &mut SqliteConnection, bound: &str, limit: u32) -> Result<u64, Stop> {
    Ok(sqlx::query(REMOVE).bind(bound).bind(limit).execute(&mut *conn).await?.rows_affected())
}

/// The id that no run that began before this time reaches.
pub(super) fn bound(before: &str) -> Result<String> {
    instant("before", before).map(first_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_to_few_sizes() {
        let list: Vec<usize> = (0..167).collect();
        let sizes: Vec<usize> = by_size(&list).map(<[usize]>::len).collect();
        assert_eq!(sizes, [64, 64, 16, 16, 4, 1, 1, 1]);
        assert_eq!(by_size(&list).flatten().copied().collect::<Vec<_>>(), list);
    }

    #[test]
    fn times_are_places_among_the_ids() {
        for text in ["2026-01-02", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00.000+01:00"] {
            assert_eq!(first_id(instant("from", text).unwrap()), "019b7c01-0400-", "{text}");
        }
        assert_eq!(first_id(instant("from", "1960-01-01").unwrap()), "00000000-0000-");
        assert_eq!(instant("from", "yesterday").unwrap_err().context_value("field"), Some("from"));
        let (id, time) = crate::clock::new_id_and_time();
        assert!(id.starts_with(&first_id(time)), "{id}");
    }
}
