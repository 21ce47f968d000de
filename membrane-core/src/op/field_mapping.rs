use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::element::{SELECTOR, routes, with_parent_names};
use super::{Access, Body, Op, OpInfo, Route};
use crate::element::FieldMappingSpec;
use crate::id::Selector;
use crate::mapping::Direction;
use crate::schema::DataSchema;

/// Maps fields as a field mapping of a connection says.
///
/// ```
/// use membrane_core::Selector;
/// use membrane_core::mapping::Direction;
/// use membrane_core::op::RunFieldMapping;
/// use serde_json::json;
///
/// let task = Selector::key("task").connection("taskly");
/// let run = RunFieldMapping::new(task, Direction::Import, json!({"title": "Bug"}));
/// assert_eq!(serde_json::to_value(&run)?["direction"], "import");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunFieldMapping {
    /// Which field mapping, on which connection.
    #[serde(flatten)]
    pub selector: Selector,
    /// `import`, which is what is meant when it is absent: the app's fields to the product's; `export`: back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The fields.
    #[serde(default)]
    pub input: Value,
}

impl RunFieldMapping {
    /// Puts the call together.
    pub fn new(selector: impl Into<Selector>, direction: Direction, input: Value) -> Self {
        Self { selector: selector.into(), direction: Some(direction), input }
    }
}

/// What a field mapping makes of fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MappedFields {
    /// The fields on the other side.
    #[serde(default)]
    pub output: Value,
}

impl Op for RunFieldMapping {
    type Output = MappedFields;

    fn info() -> OpInfo {
        let post = |path: &str| {
            let route = Route::post(path).query(SELECTOR);
            with_parent_names::<FieldMappingSpec>(route)
        };
        let routes = vec![
            post("/field-mappings/{selector}/run"),
            post("/field-mapping/run"),
            post("/field-mapping-instance/run"),
            Route::post("/connections/{connectionId}/field-mappings/{selector}/run").query(&["instanceKey"]),
        ];
        OpInfo::new("field-mappings.run", "Maps fields as a field mapping says.", Access::Customer, routes)
    }
}

/// Reads the schema of the product's side of a field mapping.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GetAppSchema {
    /// Which field mapping.
    #[serde(flatten)]
    pub selector: Selector,
}

impl GetAppSchema {
    /// Names the field mapping.
    pub fn new(selector: impl Into<Selector>) -> Self {
        Self { selector: selector.into() }
    }
}

impl Op for GetAppSchema {
    type Output = DataSchema;

    fn info() -> OpInfo {
        let routes = routes::<FieldMappingSpec>(&http::Method::GET, "/app-schema", Body::None);
        let summary = "Reads the schema of the product's side of a field mapping.";
        OpInfo::new("field-mappings.get-app-schema", summary, Access::Customer, routes)
    }
}
