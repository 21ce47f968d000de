use membrane_core::connector::{Collection, Connector, Cx, ListMethod, Record, Records, WriteMethod};
use membrane_core::schema::Fit;
use membrane_core::{Error, ErrorKind, Filter, Result, Validator};
use serde_json::{Map, Value, json};

/// A data collection of one connection, ready to be used.
pub(crate) struct Collections<'a> {
    cx: Cx<'a>,
    collection: &'a Collection,
}

/// Fields an error lists.
const MAX_NAMED: usize = 50;

/// How many pages a match reads before it says that there is none.
const MAX_MATCH_PAGES: usize = 100;

impl<'a> Collections<'a> {
    /// Finds a collection. `parameters` are what [`parameters`] made of those given.
    pub(crate) fn open<'p: 'a>(cx: &Cx<'a>, key: &str, parameters: &'p Value) -> Result<Self> {
        let collection = cx.connector().collection(&key.into())?;
        Ok(Self { cx: cx.with_parameters(parameters), collection })
    }

    /// Reads a page. Conditions the app cannot try itself are tried here.
    pub(crate) async fn list(
        &self,
        filter: Option<&Value>,
        cursor: Option<&str>,
        validate: bool,
    ) -> Result<Records> {
        let list = self.collection.list.as_ref().ok_or_else(|| self.lacks("list"))?;
        let filter = match filter {
            None | Some(Value::Null) => Filter::default(),
            // Formulas skip a condition with an operator they do not know; a list must not.
            Some(filter @ Value::Array(_)) => {
                Filter::parse_strict(filter).map_err(|error| error.with("field", "filter"))?
            }
            Some(filter @ Value::Object(_)) => Filter::from_fields(filter)?,
            Some(_) => {
                return Err(Error::invalid_input(
                    "a filter is an object of fields, or a list of `{field, operator, value}`",
                )
                .with("field", "filter"));
            }
        };
        self.check_filter(list, &filter)?;
        let page = list.page(&self.cx, self.collection, &filter, own_cursor(cursor)).await?;
        let records = matching(page, &list.local_filter(&filter));
        if let Some(schema) = self.collection.fields_schema.as_ref().filter(|_| validate) {
            let schema = schema.compile()?;
            records.records.iter().try_for_each(|record| self.check_record(&schema, record))?;
        }
        Ok(records)
    }

    /// Refuses a condition on a field that no record can have: it would find nothing.
    fn check_filter(&self, list: &ListMethod, filter: &Filter) -> Result<()> {
        let Some(schema) = &self.collection.fields_schema else { return Ok(()) };
        for condition in filter.conditions() {
            let field = &condition.field;
            let Some((name, known)) = schema.undeclared(field) else { continue };
            let is_taken = list.filter.fields().any(|(taken, _)| taken == field);
            // What the app answers has an id, whether the schema says so or not.
            let is_id = self.collection.record.fields.is_none() && field.to_string() == "$.id";
            if is_taken || is_id {
                continue;
            }
            return Err(Error::invalid_input(format!(
                "`{}` has no field `{name}` to filter by (`{field}`); it has {}",
                self.collection.key,
                known.iter().take(MAX_NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            ))
            .with("field", field));
        }
        Ok(())
    }

    fn check_record(&self, schema: &Validator, record: &Record) -> Result<()> {
        schema.validate(&record.fields).map_err(|error| {
            let name = &self.cx.connector().name;
            Error::new(
                ErrorKind::External,
                format!(
                    "{name} answered a record of `{}` that does not fit: {}",
                    self.collection.key,
                    error.message()
                ),
            )
            .with("id", &record.id)
        })
    }

    /// Finds records by text.
    pub(crate) async fn search(&self, query: &str, cursor: Option<&str>) -> Result<Records> {
        let search = self.collection.search.as_ref().ok_or_else(|| self.lacks("search"))?;
        if query.trim().is_empty() {
            return Err(Error::invalid_input("a search needs a text: `query`").with("field", "query"));
        }
        let (records, cursor) = search.page(&self.cx, self.collection, query, own_cursor(cursor)).await?;
        Ok(Records::new(records, cursor.map(handed_out)))
    }

    /// Finds one record by fields.
    pub(crate) async fn find_match(&self, query: &Map<String, Value>) -> Result<Option<Record>> {
        let method = self.collection.r#match.as_ref().ok_or_else(|| self.lacks("match"))?;
        if query.is_empty() {
            return Err(
                Error::invalid_input("a match needs at least one field: `query`").with("field", "query")
            );
        }
        if let Some(name) =
            query.keys().find(|name| !method.fields.is_empty() && !method.fields.contains(name))
        {
            return Err(Error::invalid_input(format!(
                "`{}` cannot be matched by `{name}`; it can by {}",
                self.collection.key,
                method.fields.join(", ")
            ))
            .with("field", name));
        }
        let query = Value::Object(query.clone());
        let Some(call) = &method.call else {
            let mut cursor = None;
            for _ in 0..MAX_MATCH_PAGES {
                let page = self.list(Some(&query), cursor.as_deref(), false).await?;
                if let Some(record) = page.records.into_iter().next() {
                    return Ok(Some(record));
                }
                match page.cursor {
                    Some(next) => cursor = Some(next),
                    None => return Ok(None),
                }
            }
            return Err(Error::new(
                ErrorKind::External,
                format!("no match within the first {MAX_MATCH_PAGES} pages of `{}`", self.collection.key),
            ));
        };
        let answer = not_found_as_null(self.cx.run(call, &json!({ "query": query })).await)?;
        self.one(&method.record, answer)
    }

    /// Reads one record.
    pub(crate) async fn find_by_id(&self, id: &str) -> Result<Record> {
        let method = self.collection.find_by_id.as_ref().ok_or_else(|| self.lacks("find-by-id"))?;
        let answer = not_found_as_null(self.cx.run(&method.call, &json!({"id": check_id(id)?})).await)?;
        self.one(&method.record, answer)?.ok_or_else(|| {
            Error::not_found(format!("`{}` has no record `{id}`", self.collection.key)).with("id", id)
        })
    }

    /// Adds a record and gives its id.
    pub(crate) async fn create(&self, fields: &Map<String, Value>) -> Result<String> {
        let method = self.collection.create.as_ref().ok_or_else(|| self.lacks("create"))?;
        let fields = self.writable(method, fields);
        if let Some(name) =
            method.required_fields.iter().find(|name| fields.get(*name).is_none_or(Value::is_null))
        {
            return Err(
                Error::invalid_input(format!("`{}` needs `{name}`", self.collection.key)).with("field", name)
            );
        }
        self.check_fields(&fields)?;
        let args = json!({ "fields": fields });
        let answer = self.cx.run(&method.call, &args).await?;
        self.collection.written_id(method, &answer).ok_or_else(|| {
            Error::new(
                ErrorKind::External,
                format!("{} added a record and did not say its id", self.cx.connector().name),
            )
        })
    }

    /// Changes a record and gives its id.
    pub(crate) async fn update(&self, id: &str, fields: &Map<String, Value>) -> Result<String> {
        let method = self.collection.update.as_ref().ok_or_else(|| self.lacks("update"))?;
        let fields = self.writable(method, fields);
        if fields.is_empty() {
            return Err(
                Error::invalid_input("there is no field here that can be changed").with("field", "fields")
            );
        }
        self.check_fields(&fields)?;
        let args = json!({"id": check_id(id)?, "fields": fields});
        let answer = self.cx.run(&method.call, &args).await?;
        Ok(self.collection.written_id(method, &answer).unwrap_or_else(|| id.to_owned()))
    }

    /// Removes a record.
    pub(crate) async fn delete(&self, id: &str) -> Result<()> {
        let call = self.collection.delete.as_ref().ok_or_else(|| self.lacks("delete"))?;
        self.cx.run(call, &json!({"id": check_id(id)?})).await?;
        Ok(())
    }

    fn one(&self, place: &membrane_core::Locator, mut answer: Value) -> Result<Option<Record>> {
        match place.take(&mut answer) {
            None | Some(Value::Null) => Ok(None),
            Some(raw) => self.collection.record(&self.cx, raw).map(Some),
        }
    }

    /// The fields a method takes: what it excludes, what is read only and what it does not list is left out.
    fn writable(&self, method: &WriteMethod, fields: &Map<String, Value>) -> Map<String, Value> {
        let schema = self.collection.fields_schema.as_ref().map(|schema| schema.as_value());
        let is_read_only = |name: &str| {
            let property = schema.and_then(|schema| schema.get("properties")?.get(name));
            property.and_then(|property| property.get("readOnly")) == Some(&Value::Bool(true))
        };
        let takes = |name: &String| {
            (method.fields.is_empty() || method.fields.contains(name))
                && !method.excluded_fields.contains(name)
                && !is_read_only(name)
        };
        fields
            .iter()
            .filter(|(name, _)| takes(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Checks the types of the fields that are given; which ones are required is the method's to say.
    fn check_fields(&self, fields: &Map<String, Value>) -> Result<()> {
        let Some(schema) = &self.collection.fields_schema else { return Ok(()) };
        schema.compile()?.validate_part(&Value::Object(fields.clone())).map_err(|error| {
            Error::invalid_input(format!(
                "the fields of `{}` do not fit: {}",
                self.collection.key,
                error.message()
            ))
            .with("field", "fields")
        })
    }

    fn lacks(&self, method: &str) -> Error {
        Error::unsupported(format!(
            "`{}` of {} does not support {method}",
            self.collection.key,
            self.cx.connector().name
        ))
        .with("collection", &self.collection.key)
    }
}

/// The parameters of a collection, as its schema wants them. In a query every value is a text, and a list is
/// joined by commas.
pub(crate) fn parameters(connector: &Connector, key: &str, given: Value) -> Result<Value> {
    let collection = connector.collection(&key.into())?;
    let Some(schema) = &collection.parameters_schema else { return Ok(given) };
    let mut given = if given.is_null() { json!({}) } else { given };
    let properties = schema.as_value().get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        if property.get("type").and_then(Value::as_str) == Some("array")
            && let Some(Value::String(text)) = given.get_mut(name).filter(|given| given.is_string())
        {
            let items: Vec<Value> = text.split(',').map(|item| item.trim().into()).collect();
            given[name] = Value::Array(items);
        }
    }
    let given =
        schema.fit(given, &Fit::new().normalize_values(true).add_defaults(true)).unwrap_or_else(|| json!({}));
    schema.compile()?.validate(&given).map_err(|error| {
        Error::invalid_input(format!("the parameters of `{key}` do not fit: {}", error.message()))
            .with("field", "parameters")
    })?;
    Ok(given)
}

/// The records of a page that match what the app did not filter by.
fn matching((mut records, cursor): (Vec<Record>, Option<String>), filter: &Filter) -> Records {
    records.retain(|record| filter.matches(&record.fields));
    Records::new(records, cursor.map(handed_out))
}

fn check_id(id: &str) -> Result<&str> {
    if id.is_empty() {
        return Err(Error::invalid_input("`id` is required").with("field", "id"));
    }
    Ok(id)
}

/// Whether the app said so, and not the connector that has no such part.
fn is_answer(error: &Error) -> bool {
    error.data().is_some_and(|data| data.pointer("/response/status").is_some())
}

fn not_found_as_null(outcome: Result<Value>) -> Result<Value> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound && is_answer(&error) => Ok(Value::Null),
        outcome => outcome,
    }
}

/// Membrane's word for the beginning of a list.
const BEGINNING: &str = "0";

/// Stands before a cursor of the app's that reads like the beginning.
const MARK: char = '~';

/// The cursor as the app gave it out. The beginning has three spellings: no cursor, an empty one, and Membrane's `0`.
fn own_cursor(cursor: Option<&str>) -> Option<&str> {
    let cursor = cursor.filter(|cursor| !cursor.is_empty() && *cursor != BEGINNING)?;
    Some(if is_beginning(cursor) { cursor.strip_prefix(MARK).unwrap_or(cursor) } else { cursor })
}

/// A cursor of the app's as callers get it: one that reads like the beginning is marked.
fn handed_out(cursor: String) -> String {
    if is_beginning(&cursor) { format!("{MARK}{cursor}") } else { cursor }
}

/// Whether a cursor is the beginning, or the beginning marked.
fn is_beginning(cursor: &str) -> bool {
    cursor.trim_start_matches(MARK) == BEGINNING
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cursor_comes_back_as_the_app_gave_it_out() {
        for cursor in ["0", "~0", "~~0", "00", "~", "0~", "~1", "1", "eyJwIjowfQ==", "https://h/?page=0"] {
            let given = handed_out(cursor.to_owned());
            assert_eq!(own_cursor(Some(&given)), Some(cursor), "{given}");
        }
        assert_eq!([None, Some(""), Some("0")].map(own_cursor), [None; 3]);
        assert_eq!(handed_out("1".to_owned()), "1", "others stay as they are");
    }
}
