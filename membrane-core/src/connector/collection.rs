use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::projection::Compiled;
use super::{Function, PageSize, Pagination};
use crate::formula::Formula;
use crate::id::Key;
use crate::locator::Locator;
use crate::schema::DataSchema;

/// A kind of record an app keeps, used like a table. A method that is not there is not supported.
///
/// | method | arguments | result of a [`Function::Native`] |
/// |---|---|---|
/// | list | `{filter, filterValues, cursor}` | `{records, cursor}` |
/// | search | `{query, cursor}` | `{records, cursor}` |
/// | match | `{query}` | the record or null |
/// | find by id | `{id}` | the record or null |
/// | create | `{fields}` | the id, or an object with it |
/// | update | `{id, fields}` | the id, or an object with it |
/// | delete | `{id}` | anything |
///
/// `filter` is the array form of a [`Filter`](crate::Filter); `filterValues` holds what of it is pushed down,
/// by parameter: see [`ListMethod::filter_values`].
///
/// A record is what the app answers for it; [`Collection::record`] says where its id and name are.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Collection {
    /// The key: `issues`.
    pub key: Key,
    /// For people.
    pub name: String,
    /// The schema of the parameters, for example which repository.
    pub parameters_schema: Option<DataSchema>,
    /// The schema of a record's fields.
    pub fields_schema: Option<DataSchema>,
    /// How an answer becomes a record.
    pub record: RecordMapping,
    /// Reads page after page.
    pub list: Option<ListMethod>,
    /// Finds by text.
    pub search: Option<SearchMethod>,
    /// Finds one by fields.
    pub r#match: Option<MatchMethod>,
    /// Reads one.
    pub find_by_id: Option<FindMethod>,
    /// Adds one.
    pub create: Option<WriteMethod>,
    /// Changes one.
    pub update: Option<WriteMethod>,
    /// Removes one.
    pub delete: Option<Function>,
}

impl Collection {
    /// Makes a collection that can do nothing yet.
    pub fn new(key: impl Into<Key>, name: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            parameters_schema: None,
            fields_schema: None,
            record: RecordMapping::default(),
            list: None,
            search: None,
            r#match: None,
            find_by_id: None,
            create: None,
            update: None,
            delete: None,
        }
    }

    /// The functions of its methods.
    pub(super) fn functions(&self) -> impl Iterator<Item = &Function> {
        let reads = [
            self.list.as_ref().map(|list| &list.call),
            self.search.as_ref().map(|search| &search.list.call),
            self.r#match.as_ref().and_then(|find| find.call.as_ref()),
            self.find_by_id.as_ref().map(|find| &find.call),
        ];
        let writes = [
            self.create.as_ref().map(|write| &write.call),
            self.update.as_ref().map(|write| &write.call),
            self.delete.as_ref(),
        ];
        reads.into_iter().chain(writes).flatten()
    }
}

/// How the fields of an answer become a record: formulas over the fields themselves.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RecordMapping {
    /// The id; the field `id` when absent.
    pub id: Option<Formula>,
    /// The name; the field `name` when absent.
    pub name: Option<Formula>,
    /// The address for people.
    pub uri: Option<Formula>,
    /// When it was made.
    pub created_time: Option<Formula>,
    /// When it was last changed.
    pub updated_time: Option<Formula>,
    /// The fields, out of the answer; the answer itself when absent.
    pub fields: Option<Formula>,
    pub(crate) compiled: Compiled,
}

/// Reads a collection page by page.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListMethod {
    /// The request of one page.
    pub call: Function,
    /// Where the records are in the answer.
    pub records: Locator,
    /// How the next page is found.
    pub pagination: Pagination,
    /// How many records a page.
    pub page_size: Option<PageSize>,
    /// The fields the app itself can filter by, and the query parameter of each. Conditions on other
    /// fields are tried here, on what the app answers.
    pub filter: IndexMap<String, String>,
}

impl ListMethod {
    /// Reads one page that is an array.
    pub fn new(call: Function) -> Self {
        Self {
            call,
            records: Locator::root(),
            pagination: Pagination::None,
            page_size: None,
            filter: IndexMap::new(),
        }
    }
}

/// Finds records by text.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SearchMethod {
    /// The list that answers the search; its request reads `$.query`, or takes it as `parameter`.
    pub list: ListMethod,
    /// The query parameter that takes the text.
    pub parameter: Option<String>,
}

impl SearchMethod {
    /// Reads this list with the text in a query parameter.
    pub fn new(list: ListMethod, parameter: impl Into<String>) -> Self {
        Self { list, parameter: Some(parameter.into()) }
    }
}

/// Finds one record by fields.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MatchMethod {
    /// The fields it can find by; any field when empty.
    pub fields: Vec<String>,
    /// The request; it reads `$.query`. Without one the list is read with the fields as filter.
    pub call: Option<Function>,
    /// Where the record is in the answer.
    pub record: Locator,
}

impl MatchMethod {
    /// Reads the list with one of these fields as filter; with any field when there are none.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(fields: I) -> Self {
        Self { fields: fields.into_iter().map(Into::into).collect(), call: None, record: Locator::root() }
    }
}

/// Reads one record.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FindMethod {
    /// The request.
    pub call: Function,
    /// Where the record is in the answer.
    pub record: Locator,
}

impl FindMethod {
    /// The answer is the record.
    pub fn new(call: Function) -> Self {
        Self { call, record: Locator::root() }
    }
}

/// Adds or changes one record.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WriteMethod {
    /// The request. Where it maps neither query nor body, the fields are its body.
    pub call: Function,
    /// Where the id is in the answer; where [`RecordMapping::id`] finds it when absent.
    pub id: Option<Locator>,
    /// The fields it takes; all that can be written when empty.
    pub fields: Vec<String>,
    /// The fields it must have.
    pub required_fields: Vec<String>,
    /// Fields it does not take.
    pub excluded_fields: Vec<String>,
}

impl WriteMethod {
    /// Takes every field.
    pub fn new(call: Function) -> Self {
        Self { call, id: None, fields: Vec::new(), required_fields: Vec::new(), excluded_fields: Vec::new() }
    }
}

/// One record of a collection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Record {
    /// The app's id, as text.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_time: Option<String>,
    /// When it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_time: Option<String>,
    /// The fields.
    #[serde(default)]
    pub fields: Value,
    /// The app's own fields, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_fields: Option<Value>,
}

/// One page of records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Records {
    /// The records, in the app's order.
    pub records: Vec<Record>,
    /// Opaque; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl Records {
    /// Makes a page.
    pub fn new(records: Vec<Record>, cursor: Option<String>) -> Self {
        Self { records, cursor }
    }
}
