use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::temporal::DateTimePrinter};
use membrane_core::{ElementId, Error, Page, Paging, Result, RunId};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::select::{Select, column, fetch_limit, id, page};
use super::writer::Stop;
use crate::store::{RunQuery, RunRow, Scope};

const COLUMNS: &str = "runs.id, runs.workspace, runs.customer, runs.integration, runs.connection, \
                       runs.action_universal, runs.action_integration, runs.action_connection, \
                       runs.is_success, runs.created_at, runs.record";

// ===== reading =====

/// The statement that reads one run with its exchanges.
pub(super) fn select_one(scope: &Scope, run: &RunId) -> Select {
    let mut select = Select::new("SELECT ");
    select.push(COLUMNS).push(", runs.exchanges FROM membrane_runs AS runs WHERE runs.workspace = ");
    select.arg(scope.workspace()).push(" AND runs.id = ").arg(run);
    select.and_eq("runs.customer = ", scope.customer());
    select
}

/// The statement that reads one page, newest first, and the first run of the next.
pub(super) fn select_page(scope: &Scope, query: &RunQuery, paging: &Paging) -> Result<Select> {
    let limit = fetch_limit(paging)?;
    let mut select = Select::new("SELECT ");
    select.push(COLUMNS).push(", '' FROM ");
    match &query.action {
        None => {
            select.push("membrane_runs AS runs WHERE runs.workspace = ").arg(scope.workspace());
        }
        // CROSS JOIN keeps this order: the runs of one action are few among all.
        Some(action) => {
            select.push("membrane_run_actions AS actions CROSS JOIN membrane_runs AS runs ");
            select.push("ON runs.workspace = actions.workspace AND runs.id = actions.run ");
            select.push("WHERE actions.workspace = ").arg(scope.workspace());
            select.push(" AND actions.action = ").arg(action);
        }
    }
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
    let order = if query.action.is_some() { "actions.run" } else { "runs.id" };
    if let Some(from) = &query.from {
        let from = instant("from", from)?;
        select.push(" AND runs.created_at >= ").arg(&from);
        // Ids grow with time, so this stops the walk early; were they not, it would still be right.
        select.push(" AND ").push(order).push(" >= (SELECT MIN(id) FROM membrane_runs WHERE workspace = ");
        select.arg(scope.workspace()).push(" AND created_at >= ").arg(&from).push(")");
    }
    if let Some(to) = &query.to {
        select.push(" AND runs.created_at < ").arg(instant("to", to)?);
    }
    if let Some(after) = paging.start() {
        select.push(" AND ").push(order).push(" < ").arg(after);
    }
    select.push(" ORDER BY ").push(order).push(" DESC LIMIT ").int(limit);
    Ok(select)
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
        customer: column::<String>(row, 2)?.into(),
        integration: id(row, 3)?,
        connection: id(row, 4)?,
        actions: [id(row, 5)?, id(row, 6)?, id(row, 7)?],
        is_success: column(row, 8)?,
        created_at: column(row, 9)?,
        record: column(row, 10)?,
        exchanges: column(row, 11)?,
    })
}

/// Brings a time to the form that is stored, so that texts compare as times do.
fn instant(field: &'static str, text: &str) -> Result<String> {
    let timestamp = text
        .parse::<Timestamp>()
        .or_else(|_| Ok(text.parse::<Date>()?.to_zoned(TimeZone::UTC)?.timestamp()))
        .map_err(|_: jiff::Error| {
            Error::invalid_input(format!("`{field}` is not an ISO 8601 time with an offset, or a date"))
                .with("field", field)
        })?;
    Ok(DateTimePrinter::new().precision(Some(3)).timestamp_to_string(&timestamp))
}

// ===== writing =====

/// Rows a statement at the most; few sizes, so that the connection's statement cache holds them all.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Appends runs with few statements: each is a message to SQLite's thread and back.
pub(super) async fn append(conn: &mut SqliteConnection, runs: &[RunRow]) -> Result<(), Stop> {
    // Before the runs: what is there already gets no further actions either.
    let actions: Vec<(&RunRow, &ElementId)> =
        runs.iter().flat_map(|run| run.actions.iter().flatten().map(move |action| (run, action))).collect();
    for actions in by_size(&actions) {
        let text = many(
            "INSERT INTO membrane_run_actions (workspace, action, run) SELECT * FROM (VALUES ",
            "(?, ?, ?)",
            actions.len(),
            ") WHERE NOT EXISTS (SELECT 1 FROM membrane_runs WHERE workspace = column1 AND id = column3)",
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (run, action) in actions {
            query = query.bind(run.workspace.as_str()).bind(action.as_str()).bind(run.id.as_str());
        }
        query.execute(&mut *conn).await?;
    }
    for runs in by_size(runs) {
        let text = many(
            "INSERT INTO membrane_runs (workspace, id, customer, integration, connection, action_universal, \
             action_integration, action_connection, is_success, created_at, record, exchanges) VALUES ",
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            runs.len(),
            "",
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for run in runs {
            query = bind(query, run);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// The text of an insert of several rows that leaves those alone that are there.
fn many(insert: &str, row: &str, rows: usize, end: &str) -> String {
    let mut text = String::with_capacity(insert.len() + rows * (row.len() + 2) + end.len() + 24);
    text.push_str(insert);
    for n in 0..rows {
        text.push_str(if n > 0 { ", " } else { "" });
        text.push_str(row);
    }
    text.push_str(end);
    text.push_str(" ON CONFLICT DO NOTHING");
    text
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
        .bind(run.customer.as_str())
        .bind(run.integration.as_ref().map(AsRef::<str>::as_ref))
        .bind(run.connection.as_ref().map(AsRef::<str>::as_ref))
        .bind(universal.as_ref().map(AsRef::<str>::as_ref))
        .bind(integration.as_ref().map(AsRef::<str>::as_ref))
        .bind(connection.as_ref().map(AsRef::<str>::as_ref))
        .bind(run.is_success)
        .bind(run.created_at.as_str())
        .bind(run.record.as_str())
        .bind(run.exchanges.as_str())
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
    fn times_are_brought_to_one_form() {
        for text in ["2026-01-02", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00.000+01:00"] {
            assert_eq!(instant("from", text).unwrap(), "2026-01-02T00:00:00.000Z", "{text}");
        }
        assert_eq!(instant("from", "yesterday").unwrap_err().context_value("field"), Some("from"));
    }
}
