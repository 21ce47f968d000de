use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::element::{reader, with_parent_names};
use super::{Op, OpInfo, Route};
use crate::element::{Element, ElementKind, Spec};
use crate::id::LayerName;
use crate::page::{Page, Paging};

/// Lists elements of a kind.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "")]
pub struct List<S> {
    /// Which ones.
    #[serde(flatten)]
    pub query: ListQuery,
    #[serde(skip)]
    #[schemars(skip)]
    kind: PhantomData<fn() -> S>,
}

/// What a list can be narrowed by. Each kind takes some of these; one that it does not take is
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), never passed over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListQuery {
    /// Which page.
    #[serde(flatten)]
    pub paging: Paging,
    /// With this text in name or key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Archived ones too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_archived: Option<bool>,
    /// With this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// At this layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerName>,
    /// Of the integration with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_key: Option<String>,
    /// Of the integration with this id or key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<String>,
    /// Of the connection with this id, key or integration key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// Of the connection with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_key: Option<String>,
    /// With this instance key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_key: Option<String>,
    /// With this parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Below the parent with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_key: Option<String>,
    /// Below this universal element, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_parent_id: Option<String>,
    /// At the universal layer, or at any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_universal: Option<bool>,
    /// Of the customer with this id of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Of the customer with this id of yours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Connections that work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Connections that do not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnected: Option<bool>,
    /// To the app of this connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_id: Option<String>,
    /// Made with this version of the connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_version: Option<String>,
    /// Made for tests, or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_test: Option<bool>,
    /// In use, or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// Switched on, or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Subscribed, or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_subscribed: Option<bool>,
    /// Of this app of a catalogue; nothing belongs to one yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_app_id: Option<String>,
    /// What a caller means to do. It narrows nothing, and the order stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
}

impl<S> From<ListQuery> for List<S> {
    fn from(query: ListQuery) -> Self {
        Self { query, kind: PhantomData }
    }
}

impl<S: Spec> Op for List<S> {
    type Output = Page<Element<S>>;

    fn info() -> OpInfo {
        let plural = S::KIND.plural();
        let mut routes = vec![Route::get(format!("/{plural}"))];
        let instances = || Route::get(format!("/{}-instances", S::KIND));
        for layer in S::KIND.layers().iter().rev() {
            match layer {
                LayerName::Connection => {
                    routes.push(Route::get(format!("/connections/{{connectionId}}/{plural}")));
                    routes.push(instances().fixed("layer", "connection"));
                }
                LayerName::Integration => routes.push(
                    Route::get(format!("/integrations/{{integrationId}}/{plural}"))
                        .fixed("layer", "integration"),
                ),
                LayerName::Universal => {}
            }
        }
        if S::KIND == ElementKind::AppDataSchema {
            routes.push(instances().fixed("isUniversal", "false"));
        }
        let routes = routes.into_iter().map(|route| with_parent_names::<S>(route)).collect();
        OpInfo::new(format!("{plural}.list"), format!("Lists {plural}."), reader(S::KIND), routes)
    }
}
