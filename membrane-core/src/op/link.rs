use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::element::{SELECTOR, with_parent_names};
use super::{Access, Body, Done, Op, OpInfo, Route};
use crate::element::DataLinkTableSpec;
use crate::id::{ElementId, Selector};
use crate::mapping::Direction;
use crate::page::{Page, Paging};

/// Two records that belong together: one of an app, one of the product.
///
/// ```
/// use membrane_core::mapping::Direction;
/// use membrane_core::op::DataLink;
/// use serde_json::json;
///
/// let link: DataLink = serde_json::from_value(json!({
///     "id": "l1", "dataLinkTableInstanceId": "t1", "externalRecordId": "tsk_7", "appRecordId": "10023",
///     "direction": "import",
/// }))?;
/// assert_eq!((link.app_record_id.as_str(), link.direction), ("10023", Direction::Import));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DataLink {
    /// Made by the engine.
    pub id: String,
    /// The connection's copy of the table.
    pub data_link_table_instance_id: ElementId,
    /// The id the app knows its record by.
    pub external_record_id: String,
    /// The id the product knows its record by.
    pub app_record_id: String,
    /// Which way it is looked up: `import` from the app's record to the product's, `export` the other way.
    /// The answer to a link that was made for both says `both`.
    pub direction: Direction,
}

impl DataLink {
    /// Puts a link together.
    pub fn new(
        id: impl Into<String>,
        table: ElementId,
        (external_record_id, app_record_id): (String, String),
        direction: Direction,
    ) -> Self {
        Self {
            id: id.into(),
            data_link_table_instance_id: table,
            external_record_id,
            app_record_id,
            direction,
        }
    }
}

/// Links two records in a table of a connection. Of several links of one record the last that was made counts, and
/// making one that is there already makes it the last.
///
/// The connection is the one that is named, or the default one of the integration that is named.
///
/// ```
/// use membrane_core::Selector;
/// use membrane_core::op::CreateDataLink;
///
/// let table = Selector::key("tasks").connection("taskly");
/// let link = CreateDataLink::new(table, "10023", "tsk_7");
/// assert_eq!(serde_json::to_value(&link)?["externalRecordId"], "tsk_7");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreateDataLink {
    /// Which table, on which connection.
    #[serde(flatten)]
    pub table: Selector,
    /// The id the product knows its record by.
    pub app_record_id: String,
    /// The id the app knows its record by.
    pub external_record_id: String,
    /// Which ways it can be looked up; both when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

impl CreateDataLink {
    /// Links the product's record with the app's, for both ways.
    pub fn new(
        table: impl Into<Selector>,
        app_record_id: impl Into<String>,
        external_record_id: impl Into<String>,
    ) -> Self {
        Self {
            table: table.into(),
            app_record_id: app_record_id.into(),
            external_record_id: external_record_id.into(),
            direction: None,
        }
    }
}

/// Finds links in a table of a connection; every field that is set narrows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FindDataLinks {
    /// Which table, on which connection.
    #[serde(flatten)]
    pub table: Selector,
    /// Which page.
    #[serde(flatten)]
    pub paging: Paging,
    /// Of this record of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_record_id: Option<String>,
    /// Of this record of the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_record_id: Option<String>,
    /// For this way; `both` is either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

impl FindDataLinks {
    /// Finds the links of a table.
    pub fn new(table: impl Into<Selector>) -> Self {
        Self { table: table.into(), ..Self::default() }
    }
}

/// Removes the links of a record from a table of a connection: at least one of the two ids says which. Links that
/// are not there are no fault.
///
/// Deleting a record does not remove its links: a table belongs to no collection, and a record of another one may
/// have the same id.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeleteDataLinks {
    /// Which table, on which connection.
    #[serde(flatten)]
    pub table: Selector,
    /// Of this record of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_record_id: Option<String>,
    /// Of this record of the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_record_id: Option<String>,
    /// For this way; both when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

impl DeleteDataLinks {
    /// Removes links of a table; which ones, the fields say.
    pub fn new(table: impl Into<Selector>) -> Self {
        Self { table: table.into(), ..Self::default() }
    }
}

/// What says which links go.
const WHOSE: &[&str] = &["appRecordId", "externalRecordId", "direction"];

fn links(method: Method, body: Body) -> Vec<Route> {
    let route = Route::new(method, "/data-link-table-instance/links", body).query(SELECTOR);
    vec![with_parent_names::<DataLinkTableSpec>(route)]
}

impl Op for CreateDataLink {
    type Output = DataLink;

    fn info() -> OpInfo {
        let summary = "Links a record of the product with one of an app.";
        OpInfo::new("data-links.create", summary, Access::Customer, links(Method::POST, Body::Rest))
    }
}

impl Op for FindDataLinks {
    type Output = Page<DataLink>;

    fn info() -> OpInfo {
        let summary = "Finds links between records of the product and of an app.";
        OpInfo::new("data-links.find", summary, Access::Customer, links(Method::GET, Body::None))
    }
}

impl Op for DeleteDataLinks {
    type Output = Done;

    fn info() -> OpInfo {
        let summary = "Removes links between records of the product and of an app.";
        let mut routes = links(Method::DELETE, Body::Rest);
        // Membrane's own client sends a body; not every client can with a DELETE.
        routes.iter_mut().for_each(|route| route.query.extend(WHOSE));
        OpInfo::new("data-links.delete", summary, Access::Customer, routes)
    }
}
