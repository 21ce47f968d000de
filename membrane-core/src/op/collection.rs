use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::connector::CollectionSpec;
use super::{Access, Done, Op, OpInfo, Route};
use crate::connector::{Record, Records};

/// Which data collection, on which connection.
///
/// ```
/// use membrane_core::op::{CollectionTarget, CreateRecord};
/// use serde_json::{Map, json};
///
/// let issues = CollectionTarget::new("github", "issues");
/// let create = CreateRecord::new(issues, Map::from_iter([("title".to_owned(), json!("Bug"))]));
/// assert_eq!(serde_json::to_value(&create)?["fields"]["title"], "Bug");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CollectionTarget {
    /// The connection: id, key or integration key.
    pub connection_id: String,
    /// The collection's key.
    pub collection_key: String,
    /// The collection's parameters, for example which repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
}

impl CollectionTarget {
    /// Names a collection without parameters.
    pub fn new(connection: impl Into<String>, collection: impl Into<String>) -> Self {
        Self { connection_id: connection.into(), collection_key: collection.into(), parameters: None }
    }
}

macro_rules! collection_ops {
    ($($(#[$doc:meta])* $name:ident($verb:literal, $summary:literal) -> $output:ty {
        $($(#[$field_doc:meta])* $field:ident: $type:ty),*
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            /// Where.
            #[serde(flatten)]
            pub target: CollectionTarget,
            $($(#[$field_doc])* #[serde(default)] pub $field: $type,)*
        }

        impl $name {
            /// Puts the call together.
            #[allow(clippy::new_without_default, reason = "a call names its target")]
            pub fn new(target: CollectionTarget $(, $field: $type)*) -> Self {
                Self { target $(, $field)* }
            }
        }

        impl Op for $name {
            type Output = $output;

            fn info() -> OpInfo {
                // The second spelling is the older one, which Membrane's React package still uses.
                let routes = [
                    concat!("/connections/{connectionId}/data/{collectionKey}/", $verb),
                    concat!("/connections/{connectionId}/api/data/{collectionKey}/", $verb),
                ];
                let routes = routes.map(|path| Route::post(path).query_rest("parameters")).to_vec();
                OpInfo::new(concat!("data-collections.", $verb), $summary, Access::Customer, routes)
            }
        }
    )*};
}

collection_ops! {
    /// Reads a page of records.
    ListRecords("list", "Reads a page of records of a data collection.") -> Records {
        /// An object of fields that must be equal, or Membrane's list of conditions.
        filter: Option<Value>,
        /// The same in terms of a unified model the connector maps onto the collection: of several the first that
        /// has all of the fields. `filter` counts more.
        unified_filter: Option<Value>,
        /// Where to go on.
        cursor: Option<String>,
        /// Checks each record against the collection's schema; one that does not fit is an error.
        validate: Option<bool>
    }
    /// Finds records by text.
    SearchRecords("search", "Finds records of a data collection by text.") -> Records {
        /// The text.
        query: String,
        /// Where to go on.
        cursor: Option<String>
    }
    /// Finds one record by fields.
    MatchRecord("match", "Finds one record of a data collection by fields.") -> MatchedRecord {
        /// The fields that must be equal.
        query: Map<String, Value>
    }
    /// Reads one record by its id.
    FindRecord("find-by-id", "Reads one record of a data collection by its id.") -> FoundRecord {
        /// The app's id.
        id: String,
        /// The unified model to give the fields in terms of as well.
        udm: Option<String>
    }
    /// Adds a record.
    CreateRecord("create", "Adds a record to a data collection.") -> WrittenRecord {
        /// The fields.
        fields: Map<String, Value>
    }
    /// Changes a record.
    UpdateRecord("update", "Changes a record of a data collection.") -> WrittenRecord {
        /// The app's id.
        id: String,
        /// The fields that change.
        fields: Map<String, Value>
    }
    /// Removes a record.
    DeleteRecord("delete", "Removes a record of a data collection.") -> Done {
        /// The app's id.
        id: String
    }
}

/// The record a match found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MatchedRecord {
    /// Absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
}

/// The record with an id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundRecord {
    /// The record.
    pub record: Record,
}

/// The id of a record that was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WrittenRecord {
    /// The app's id.
    pub id: String,
}

/// Reads what a data collection can do.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct GetCollection {
    /// Where.
    #[serde(flatten)]
    pub target: CollectionTarget,
}

impl GetCollection {
    /// Names the collection.
    pub fn new(target: CollectionTarget) -> Self {
        Self { target }
    }
}

impl Op for GetCollection {
    type Output = CollectionSpec;

    fn info() -> OpInfo {
        let route = Route::get("/connections/{connectionId}/data/{collectionKey}").query_rest("parameters");
        let summary = "Reads what a data collection can do.";
        OpInfo::new("data-collections.get", summary, Access::Customer, vec![route])
    }
}
