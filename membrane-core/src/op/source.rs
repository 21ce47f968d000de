use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::connector::CollectionSpec;
use super::element::{SELECTOR, with_parent_names};
use super::{Access, Body, Done, FoundRecord, MatchedRecord, Op, OpInfo, Route, WrittenRecord};
use crate::connector::Records;
use crate::element::DataSourceSpec;
use crate::id::Selector;

/// Which data source, on which connection.
///
/// ```
/// use membrane_core::Selector;
/// use membrane_core::op::{CreateSourceRecord, SourceFields, SourceTarget};
/// use serde_json::json;
///
/// let tasks = SourceTarget::new(Selector::key("tasks").connection("taskly"));
/// let mut task = SourceFields::new(json!({"subject": "Bug"}).as_object().cloned().unwrap_or_default());
/// // In the product's own fields, as this field mapping has them.
/// task.field_mapping = Some(json!({"key": "task"}));
/// let create = CreateSourceRecord::new(tasks, task);
/// assert_eq!(serde_json::to_value(&create)?["request"]["fields"]["subject"], "Bug");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SourceTarget {
    /// The data source, and where: the one closest to the connection counts.
    #[serde(flatten)]
    pub selector: Selector,
    /// Makes the connection's own copy when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_create: Option<bool>,
    /// In the place of a data source: the connector's collection for this unified model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udm: Option<String>,
}

impl SourceTarget {
    /// Names a data source.
    pub fn new(selector: impl Into<Selector>) -> Self {
        Self { selector: selector.into(), auto_create: None, udm: None }
    }
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident($($must:ident: $must_type:ty),*) {
        $($(#[$field_doc:meta])* $field:ident: $type:ty),*
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* #[serde(default)] pub $field: $type,)*
            /// What the product's fields are, as in the config of an action: `{key}` of a field mapping, or
            /// `{importValue, exportValue, …}`, and `includeRawFields`. The collection's own when absent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub field_mapping: Option<Value>,
        }

        impl $name {
            /// Puts the request together.
            #[allow(clippy::new_without_default, reason = "one look with those that take something")]
            pub fn new($($must: $must_type),*) -> Self {
                Self { $($must,)* ..Self::default() }
            }
        }
    )*};
}

requests! {
    /// Which records to list.
    SourceList() {
        /// An object of fields of the collection that must be equal, or a list of conditions.
        filter: Option<Value>,
        /// The same in terms of the data source's unified model; `filter` counts more.
        unified_filter: Option<Value>,
        /// Where to go on.
        cursor: Option<String>,
        /// Checks each record against the collection's schema; one that does not fit is an error.
        validate: Option<bool>
    }
    /// Which records to search.
    SourceSearch(query: String) {
        /// The text.
        query: String,
        /// Where to go on.
        cursor: Option<String>
    }
    /// Which record to find.
    SourceMatch(query: Map<String, Value>) {
        /// The fields of the collection that must be equal.
        query: Map<String, Value>
    }
    /// Which records to find.
    SourceQuery(query: Map<String, Value>) {
        /// The fields of the collection that must be equal; all records when there are none.
        query: Map<String, Value>,
        /// Opaque; the next page of an earlier call.
        cursor: Option<String>
    }
    /// Which record to read or to remove.
    SourceRecord(id: String) {
        /// The app's id.
        id: String
    }
    /// What record to add.
    SourceFields(fields: Map<String, Value>) {
        /// The fields.
        fields: Map<String, Value>,
        /// Fields of the data source's unified model; `fields` count more.
        unified_fields: Option<Map<String, Value>>
    }
    /// How to change a record.
    SourceChange(id: String, fields: Map<String, Value>) {
        /// The app's id.
        id: String,
        /// The fields that change.
        fields: Map<String, Value>,
        /// The same in terms of the data source's unified model; `fields` count more.
        unified_fields: Option<Map<String, Value>>
    }
}

macro_rules! source_ops {
    ($($(#[$doc:meta])* $name:ident($area:literal, $verb:literal, $summary:literal, $request:ty) -> $output:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            /// Where.
            #[serde(flatten)]
            pub target: SourceTarget,
            /// What.
            #[serde(default)]
            pub request: $request,
        }

        impl $name {
            /// Puts the call together.
            pub fn new(target: SourceTarget, request: $request) -> Self {
                Self { target, request }
            }
        }

        impl Op for $name {
            type Output = $output;

            fn info() -> OpInfo {
                let route = Route::post(concat!("/data-source-instance/collection/", $verb));
                let routes = vec![of_source(route.body(Body::Field("request")))];
                OpInfo::new(concat!("data-sources.", $area), $summary, Access::Customer, routes)
            }
        }
    )*};
}

source_ops! {
    /// Reads a page of the records of a data source.
    ListSourceRecords("list-records", "list", "Reads a page of records of a data source.", SourceList) -> Records;
    /// Finds records of a data source by text.
    SearchSourceRecords("search-records", "search", "Finds records of a data source by text.", SourceSearch) -> Records;
    /// Finds records of a data source by fields: a list with an equal sign for each, as Membrane's own client asks.
    FindSourceRecords("find-records", "find", "Finds records of a data source by fields.", SourceQuery) -> Records;
    /// Finds one record of a data source by fields.
    MatchSourceRecord("match-record", "match", "Finds one record of a data source by fields.", SourceMatch) -> MatchedRecord;
    /// Reads one record of a data source by its id.
    FindSourceRecord("find-record", "find-by-id", "Reads one record of a data source by its id.", SourceRecord) -> FoundRecord;
    /// Adds a record to a data source.
    CreateSourceRecord("create-record", "create", "Adds a record to a data source.", SourceFields) -> WrittenRecord;
    /// Changes a record of a data source.
    UpdateSourceRecord("update-record", "update", "Changes a record of a data source.", SourceChange) -> WrittenRecord;
    /// Removes a record of a data source.
    DeleteSourceRecord("delete-record", "delete", "Removes a record of a data source.", SourceRecord) -> Done;
}

/// Reads what the collection of a data source can do.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetSourceCollection {
    /// Where.
    #[serde(flatten)]
    pub target: SourceTarget,
}

impl GetSourceCollection {
    /// Names the data source.
    pub fn new(target: SourceTarget) -> Self {
        Self { target }
    }
}

impl Op for GetSourceCollection {
    type Output = CollectionSpec;

    fn info() -> OpInfo {
        let routes = vec![of_source(Route::get("/data-source-instance/collection"))];
        let summary = "Reads what the collection of a data source can do.";
        OpInfo::new("data-sources.get-collection", summary, Access::Customer, routes)
    }
}

/// Turns fields of a data source's unified model into those of its collection.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnifiedToNative {
    /// Where.
    #[serde(flatten)]
    pub target: SourceTarget,
    /// The fields of the model.
    #[serde(default)]
    pub fields: Map<String, Value>,
}

impl UnifiedToNative {
    /// Puts the call together.
    pub fn new(target: SourceTarget, fields: Map<String, Value>) -> Self {
        Self { target, fields }
    }
}

impl Op for UnifiedToNative {
    type Output = Map<String, Value>;

    fn info() -> OpInfo {
        let route = Route::post("/data-source-instance/unified-fields-to-native").body(Body::Field("fields"));
        let summary = "Turns fields of a unified model into those of a data source's collection.";
        OpInfo::new("data-sources.unified-to-native", summary, Access::Customer, vec![of_source(route)])
    }
}

fn of_source(route: Route) -> Route {
    with_parent_names::<DataSourceSpec>(route.query(SELECTOR).query(&["autoCreate", "udm"]))
}
