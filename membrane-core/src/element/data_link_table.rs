use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ElementKind, Layered, Place, Spec};

/// Which records of an app and of the product belong together. It exists for all apps and on connections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DataLinkTableSpec {
    /// The table this one is the connection's copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_link_table_id: Option<String>,
}

impl Spec for DataLinkTableSpec {
    const KIND: ElementKind = ElementKind::DataLinkTable;
    const EDITABLE: &'static [&'static str] = &[];
    const DERIVED: &'static [&'static str] = &["dataLinkTableId"];
    const PARENT_ALIASES: &'static [(&'static str, &'static str)] =
        &[("dataLinkTableId", "parentId"), ("dataLinkTableKey", "parentKey")];
}

impl Layered for DataLinkTableSpec {
    fn note_parents(&mut self, place: &Place) {
        self.data_link_table_id = place.parent_id.as_ref().map(ToString::to_string);
    }
}
