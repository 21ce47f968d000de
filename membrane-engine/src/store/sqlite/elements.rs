use membrane_core::element::ElementKind;
use membrane_core::{CustomerId, ElementId, Error, ErrorKind, LayerName, Page, Paging, Result};
use serde_json::Value;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::fault;
use super::fault::Stop;
use super::select::{Select, column, fetch_limit, id, page};
use crate::store::{Query, Row, Scope, depth};

/// Separates name and key in the search column; nobody types it.
const UNIT_SEPARATOR: char = '\u{1f}';

const COLUMNS: &str = "id, customer, key, integration, connection, instance_key, parent, name, revision, \
                       created_at, updated_at, archived_at, doc, slot";

const UNIVERSAL: &str = " AND integration IS NULL AND connection IS NULL";
const NOT_UNIVERSAL: &str = " AND (integration IS NOT NULL OR connection IS NOT NULL)";

// ===== reading =====

/// The statement that reads one row.
pub(super) fn select_one(scope: &Scope, kind: ElementKind, element: &ElementId) -> Select {
    let mut select = Select::new("SELECT ");
    select.push(COLUMNS).push(" FROM membrane_elements WHERE workspace = ").arg(scope.workspace());
    select.push(" AND id = ").arg(element).push(" AND kind = ").arg(kind.as_str());
    if let Some(customer) = scope.customer() {
        select.push(" AND (customer IS NULL OR customer = ").arg(customer).push(")");
    }
    select
}

/// The statement that reads one page and the first row of the next.
pub(super) fn select_page(
    scope: &Scope,
    kind: ElementKind,
    query: &Query,
    paging: &Paging,
) -> Result<Select> {
    let limit = fetch_limit(paging)?;
    let mut select = Select::new("SELECT ");
    select.push(COLUMNS).push(" FROM (");
    let owners: &[Owner<'_>] = match (scope.customer(), &query.customer) {
        // Each half walks an index in order of ids and stops at the limit; `OR` would sort all rows.
        (Some(customer), _) => &[Owner::Workspace, Owner::Customer(customer)],
        (None, Some(customer)) => &[Owner::Customer(customer)],
        (None, None) => &[Owner::Anyone],
    };
    // The narrowest index by far, but one without an order of ids: the planner has to be told.
    let by_key = query.key.is_some() && !query.include_archived;
    for (n, owner) in owners.iter().enumerate() {
        if n > 0 {
            select.push(" UNION ALL ");
        }
        select.push("SELECT * FROM (SELECT ").push(COLUMNS);
        select.push(" FROM membrane_elements");
        if by_key {
            select.push(" INDEXED BY membrane_elements_key");
        }
        select.push(" WHERE workspace = ").arg(scope.workspace());
        select.push(" AND kind = ").arg(kind.as_str());
        match owner {
            Owner::Anyone => {}
            Owner::Customer(customer) => {
                select.and_eq("customer = ", Some(customer));
                if by_key {
                    select.and_eq("COALESCE(customer, '') = ", Some(customer));
                }
            }
            Owner::Workspace => {
                select.push(" AND customer IS NULL");
                if by_key {
                    select.push(" AND COALESCE(customer, '') = ''");
                }
            }
        }
        narrow(&mut select, query);
        if let Some(after) = paging.start() {
            select.push(" AND id > ").arg(after);
        }
        select.push(" ORDER BY id").limit(limit).push(")");
    }
    select.push(") ORDER BY id").limit(limit);
    Ok(select)
}

enum Owner<'a> {
    Anyone,
    Customer(&'a CustomerId),
    Workspace,
}

fn narrow(select: &mut Select, query: &Query) {
    if !query.include_archived {
        select.push(" AND archived_at IS NULL");
    }
    select
        .and_eq("key = ", query.key.as_ref())
        .and_eq("integration = ", query.integration.as_ref())
        .and_eq("connection = ", query.connection.as_ref())
        .and_eq("customer = ", query.customer.as_ref())
        .and_eq("COALESCE(instance_key, '') = ", query.instance_key.as_ref())
        .and_eq("parent = ", query.parent.as_ref());
    if let Some(layer) = query.layer {
        select.push(match layer {
            LayerName::Connection => " AND connection IS NOT NULL",
            LayerName::Integration => " AND integration IS NOT NULL AND connection IS NULL",
            LayerName::Universal => UNIVERSAL,
        });
    }
    if let Some(is_universal) = query.is_universal {
        select.push(if is_universal { UNIVERSAL } else { NOT_UNIVERSAL });
    }
    if let Some(text) = &query.search {
        // No LIKE: `%` and `_` are letters here, and LIKE folds ASCII only.
        select.push(" AND instr(search, ").arg(text.to_lowercase()).push(") > 0");
    }
    for (name, value) in &query.fields {
        field(select, name, value);
    }
}

fn field(select: &mut Select, name: &str, value: &Value) {
    // The two fields that have an index; the test below is the exact one.
    let indexed = match name {
        "internalId" => Some(" AND json_extract(doc, '$.internalId') = "),
        "uuid" => Some(" AND json_extract(doc, '$.uuid') = "),
        _ => None,
    };
    if let (Some(indexed), Value::String(text)) = (indexed, value) {
        select.push(indexed).arg(text);
    }
    // `json_each` takes the name as a value. A JSON path would have to be put together from it.
    select.push(" AND EXISTS (SELECT 1 FROM json_each(doc) AS field WHERE field.key = ").arg(name);
    match value {
        Value::Null => select.push(" AND field.type = 'null'"),
        Value::Bool(true) => select.push(" AND field.type = 'true'"),
        Value::Bool(false) => select.push(" AND field.type = 'false'"),
        Value::Number(number) => {
            select.push(" AND field.type IN ('integer', 'real') AND field.atom = ");
            match number.as_i64() {
                Some(number) => select.int(number),
                None => select.real(number.as_f64().unwrap_or(f64::NAN)),
            }
        }
        Value::String(text) => select.push(" AND field.type = 'text' AND field.atom = ").arg(text),
        // Not a scalar: nothing is equal to it.
        Value::Array(_) | Value::Object(_) => select.push(" AND 0"),
    };
    select.push(")");
}

/// Cuts the rows of [`select_page`] to a page.
pub(super) fn read_page(kind: ElementKind, paging: &Paging, rows: Vec<SqliteRow>) -> Result<Page<Row>> {
    page(paging, rows, |row| read(kind, row), |row| row.id.to_string())
}

/// Reads one row of [`COLUMNS`].
pub(super) fn read(kind: ElementKind, row: &SqliteRow) -> Result<Row> {
    let doc = serde_json::from_str(column::<&str>(row, 12)?)
        .map_err(|_| Error::internal("a stored document is not a JSON object"))?;
    Ok(Row {
        kind,
        id: column::<String>(row, 0)?.into(),
        customer: id(row, 1)?,
        key: column(row, 2)?,
        integration: id(row, 3)?,
        connection: id(row, 4)?,
        instance_key: column(row, 5)?,
        parent: id(row, 6)?,
        name: column(row, 7)?,
        revision: column(row, 8)?,
        created_at: column(row, 9)?,
        updated_at: column(row, 10)?,
        archived_at: column(row, 11)?,
        doc,
        slot: column(row, 13)?,
    })
}

// ===== writing =====

pub(super) async fn insert(conn: &mut SqliteConnection, scope: &Scope, row: &Row) -> Result<(), Stop> {
    check_owner(scope, row.customer.as_ref(), row)?;
    let query = sqlx::query(
        "INSERT INTO membrane_elements (id, kind, workspace, customer, key, integration, connection, \
         instance_key, parent, name, search, revision, created_at, updated_at, archived_at, doc, slot) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    );
    match bind(query, scope, row)?.execute(conn).await {
        Ok(_) => Ok(()),
        Err(taken) if fault::is_taken(&taken) => Err(already_exists(row).into()),
        Err(fault) => Err(fault.into()),
    }
}

pub(super) async fn update(
    conn: &mut SqliteConnection,
    scope: &Scope,
    row: &Row,
    expected: &str,
) -> Result<(), Stop> {
    let query = sqlx::query(
        "UPDATE membrane_elements SET key = ?5, integration = ?6, connection = ?7, instance_key = ?8, \
         parent = ?9, name = ?10, search = ?11, revision = ?12, created_at = ?13, updated_at = ?14, \
         archived_at = ?15, doc = ?16, slot = ?17 \
         WHERE workspace = ?3 AND id = ?1 AND kind = ?2 AND customer IS ?4 AND revision = ?18 \
         AND (?19 IS NULL OR customer = ?19)",
    );
    let query = bind(query, scope, row)?.bind(expected).bind(scope.customer().map(AsRef::<str>::as_ref));
    match query.execute(&mut *conn).await {
        Ok(done) if done.rows_affected() == 1 => Ok(()),
        Ok(_) => Err(why_not_updated(conn, scope, row).await?.into()),
        Err(taken) if fault::is_taken(&taken) => Err(already_exists(row).into()),
        Err(fault) => Err(fault.into()),
    }
}

/// Finds out, still under the write lock, why an update met no row.
async fn why_not_updated(conn: &mut SqliteConnection, scope: &Scope, row: &Row) -> Result<Error, Stop> {
    let found = select_one(scope, row.kind, &row.id).fetch(conn).await?;
    let Some(found) = found.first() else { return Ok(not_found(row)) };
    let owner: Option<CustomerId> = id(found, 1)?;
    if scope.customer().is_some() && owner.is_none() {
        return Ok(access_denied(row));
    }
    if owner != row.customer {
        return Ok(not_found(row));
    }
    Ok(Error::new(
        ErrorKind::Concurrency,
        format!("{} {} was changed by somebody else; read it again and repeat", row.kind, row.id),
    )
    .with("id", &row.id))
}

fn check_owner(scope: &Scope, owner: Option<&CustomerId>, row: &Row) -> Result<()> {
    match (scope.customer(), owner) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(access_denied(row)),
        (Some(caller), Some(owner)) if caller == owner => Ok(()),
        (Some(_), Some(_)) => Err(Error::not_found("there is no such customer").with("id", &row.id)),
    }
}

fn access_denied(row: &Row) -> Error {
    Error::new(
        ErrorKind::AccessDenied,
        format!("a customer cannot change the workspace's own {} {}", row.kind, row.id),
    )
    .with("id", &row.id)
}

fn already_exists(row: &Row) -> Error {
    let error = Error::new(
        ErrorKind::AlreadyExists,
        format!("there is another {} with this key, slot or id in the same place", row.kind),
    );
    let error = error.with("id", &row.id);
    match &row.key {
        Some(key) => error.with("key", key),
        None => error,
    }
}

fn not_found(row: &Row) -> Error {
    Error::not_found(format!("there is no {} {}", row.kind, row.id)).with("id", &row.id)
}

type Insert<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// Binds a row as `?1` to `?17`.
fn bind<'q>(query: Insert<'q>, scope: &'q Scope, row: &'q Row) -> Result<Insert<'q>> {
    let mut search = row.name.to_lowercase();
    if let Some(key) = &row.key {
        search.push(UNIT_SEPARATOR);
        search.push_str(&key.to_lowercase());
    }
    depth::check(row.doc.values()).map_err(|error| error.with("id", &row.id))?;
    let doc = serde_json::to_string(&row.doc)
        .map_err(|error| Error::internal("a document cannot be written as JSON").with_source(error))?;
    Ok(query
        .bind(row.id.as_str())
        .bind(row.kind.as_str())
        .bind(scope.workspace().as_str())
        .bind(row.customer.as_ref().map(AsRef::<str>::as_ref))
        .bind(row.key.as_deref())
        .bind(row.integration.as_ref().map(AsRef::<str>::as_ref))
        .bind(row.connection.as_ref().map(AsRef::<str>::as_ref))
        .bind(row.instance_key.as_deref())
        .bind(row.parent.as_ref().map(AsRef::<str>::as_ref))
        .bind(row.name.as_str())
        .bind(search)
        .bind(row.revision.as_str())
        .bind(row.created_at.as_str())
        .bind(row.updated_at.as_str())
        .bind(row.archived_at.as_deref())
        .bind(doc)
        .bind(row.slot.as_deref()))
}
