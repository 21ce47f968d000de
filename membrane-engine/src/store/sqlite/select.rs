use membrane_core::{Error, Page, Paging, Result};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

/// A statement that is put together from fixed pieces, and the values bound to it.
///
/// Values only ever get into it through [`Select::arg`], so the text is one of a small fixed set and the
/// connection's statement cache holds it.
pub(super) struct Select {
    text: String,
    args: Vec<Arg>,
}

enum Arg {
    Int(i64),
    Real(f64),
    Text(String),
}

impl Select {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), args: Vec::new() }
    }

    /// Adds a fixed piece.
    pub(super) fn push(&mut self, piece: &'static str) -> &mut Self {
        self.text.push_str(piece);
        self
    }

    /// Binds a text and writes its number, `?1`, into the statement.
    pub(super) fn arg(&mut self, value: impl AsRef<str>) -> &mut Self {
        self.bind(Arg::Text(value.as_ref().to_owned()))
    }

    /// Binds a whole number.
    pub(super) fn int(&mut self, value: i64) -> &mut Self {
        self.bind(Arg::Int(value))
    }

    /// Adds a limit as it is: SQLite compiles a statement anew each time a limit is bound to it.
    pub(super) fn limit(&mut self, rows: i64) -> &mut Self {
        self.push(" LIMIT ");
        self.text.push_str(&rows.to_string());
        self
    }

    /// Binds any other number.
    pub(super) fn real(&mut self, value: f64) -> &mut Self {
        self.bind(Arg::Real(value))
    }

    /// Adds `AND column = value` when there is a value.
    pub(super) fn and_eq(&mut self, column_is: &'static str, value: Option<impl AsRef<str>>) -> &mut Self {
        if let Some(value) = value {
            self.push(" AND ").push(column_is).arg(value);
        }
        self
    }

    /// Reads every row.
    pub(super) async fn fetch(&self, conn: &mut SqliteConnection) -> Result<Vec<SqliteRow>, sqlx::Error> {
        self.query().fetch_all(conn).await
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn bind(&mut self, arg: Arg) -> &mut Self {
        self.args.push(arg);
        self.text.push('?');
        self.text.push_str(&self.args.len().to_string());
        self
    }

    fn query(&self) -> Query<'_, Sqlite, SqliteArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.text.as_str()));
        for arg in &self.args {
            query = match arg {
                Arg::Int(value) => query.bind(*value),
                Arg::Real(value) => query.bind(*value),
                Arg::Text(value) => query.bind(value.as_str()),
            };
        }
        query
    }
}

/// How many rows to ask for: one more than the page holds tells whether there is a next page.
pub(super) fn fetch_limit(paging: &Paging) -> Result<i64> {
    Ok(i64::from(paging.limit()?) + 1)
}

/// Cuts the rows that were asked for with [`fetch_limit`] to a page.
pub(super) fn page<T>(
    paging: &Paging,
    mut rows: Vec<SqliteRow>,
    read: impl FnMut(&SqliteRow) -> Result<T>,
    cursor_of: impl Fn(&T) -> String,
) -> Result<Page<T>> {
    let limit = usize::try_from(paging.limit()?).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let items = rows.iter().map(read).collect::<Result<Vec<T>>>()?;
    let cursor = items.last().filter(|_| more).map(cursor_of);
    Ok(Page::new(items, cursor))
}

/// Reads one column by its place.
pub(super) fn column<'r, T>(row: &'r SqliteRow, index: usize) -> Result<T>
where
    T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
{
    row.try_get(index)
        .map_err(|_| Error::internal(format!("column {index} of a stored row has a wrong type")))
}

/// Reads one column that holds an id, or nothing.
pub(super) fn id<T: From<String>>(row: &SqliteRow, index: usize) -> Result<Option<T>> {
    Ok(column::<Option<String>>(row, index)?.map(T::from))
}
