//! Elements: what a workspace is made of, and the layers they live at.
//!
//! Every kind shares one shape, [`Element`], and differs in its [`Spec`]. [`Layered`] kinds (an action, a flow) exist
//! once as an idea ([`layer::Universal`]), once per app ([`layer::Integration`]) and once per customer's
//! connection ([`layer::Connection`]); [`resolve`] says which one counts.

mod action;
mod app;
mod app_data_schema;
mod app_event;
mod change;
mod connection;
mod customer;
mod data_link_table;
mod data_source;
mod explain;
mod field_mapping;
mod flow;
mod integration;
mod kind;
pub mod layer;
mod package;
mod reference;
mod resolve;
mod screen;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::action::{ActionKind, ActionSpec};
pub use self::app::AppSpec;
pub use self::app_data_schema::AppDataSchemaSpec;
pub use self::app_event::{AppEventSubscriptionSpec, AppEventTypeSpec, WebhookRequest};
pub(crate) use self::change::compare;
pub use self::change::{FieldChange, field_changes};
pub use self::connection::{ClientAction, ConnectionSpec};
pub use self::customer::CustomerSpec;
pub use self::data_link_table::DataLinkTableSpec;
pub use self::data_source::DataSourceSpec;
pub use self::explain::{Explanation, Origin, explain};
pub use self::field_mapping::FieldMappingSpec;
pub use self::flow::{FlowCustomized, FlowLink, FlowNode, FlowSpec, NodeKind, NodeState, OnError};
pub use self::integration::IntegrationSpec;
pub use self::kind::ElementKind;
pub use self::layer::{At, Layered};
pub use self::package::{PackageSpec, PackagedElement};
pub use self::reference::{Reference, references};
pub use self::resolve::{Effective, resolve};
pub use self::screen::{ScreenSpec, ScreenType};
use crate::error::ErrorBody;
use crate::id::{ConnectionId, CustomerId, ElementId, IntegrationId, Key, LayerName};

/// What one kind of element adds to the common fields.
pub trait Spec:
    Serialize + DeserializeOwned + JsonSchema + Clone + PartialEq + Send + Sync + 'static
{
    /// The kind.
    const KIND: ElementKind;

    /// The fields of this kind that a caller may write, besides [`COMMON_EDITABLE`].
    ///
    /// What a body holds beyond these (ids, states, nested elements) is dropped in silence, since clients
    /// send whole answers back.
    const EDITABLE: &'static [&'static str];

    /// The fields of this kind that are secret: sealed apart from the element's document, and part of answers to
    /// managers only. What a customer connects with is no field of an element.
    const SEALED: &'static [&'static str] = &[];

    /// The fields of this kind that follow from the rest: part of answers, never stored.
    const DERIVED: &'static [&'static str] = &[];

    /// What the kind calls its parents in a query: the name, and `parentId`, `parentKey` or `universalParentId`.
    const PARENT_ALIASES: &'static [(&'static str, &'static str)] = &[];
}

/// The fields every kind lets a caller write.
pub const COMMON_EDITABLE: &[&str] = &["uuid", "key", "name", "description", "meta"];

/// The fields a layered kind lets a caller write to say where it belongs.
pub const LAYER_EDITABLE: &[&str] = &[
    "integrationId",
    "integrationKey",
    "integrationUuid",
    "connectionId",
    "connectionKey",
    "parentId",
    "parentKey",
    "parentUuid",
    "instanceKey",
    "isCustomized",
];

/// One element: the common fields, where it belongs, and what its kind adds.
///
/// ```
/// use membrane_core::element::{ActionSpec, Element};
///
/// let mut action = Element::new("a1", "Close an issue", ActionSpec::of_operation("close-issue"));
/// action.key = Some("close-issue".into());
/// let written = serde_json::to_value(&action)?;
/// assert_eq!(written["type"], "connector-operation"); // what a kind adds stands beside the rest
/// assert_eq!(written["key"], "close-issue");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Element_{S}")]
#[non_exhaustive]
pub struct Element<S> {
    /// Made by the engine.
    pub id: ElementId,
    /// Stable across export and import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The name for selectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The name for people.
    #[serde(default)]
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The caller's own bag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
    /// Where it is in its life.
    #[serde(default)]
    pub state: State,
    /// Why the state is not `READY`.
    #[serde(default)]
    pub errors: Vec<ErrorBody>,
    /// Opaque; new on every change.
    #[serde(default)]
    pub revision: String,
    /// ISO 8601, UTC, milliseconds.
    #[serde(default)]
    pub created_at: String,
    /// ISO 8601, UTC, milliseconds.
    #[serde(default)]
    pub updated_at: String,
    /// When it was archived; an archived element is hidden and cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<String>,
    /// Not set up: it is archived, or something it depends on is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_deactivated: Option<bool>,
    /// Where it belongs.
    #[serde(flatten)]
    pub place: Place,
    /// Its neighbours, where an answer carries them.
    #[serde(flatten)]
    pub related: Related,
    /// The children of a universal element, one an integration; in the answer that reads it alone.
    #[serde(default = "Vec::<AppliedTo<S>>::new", skip_serializing_if = "Vec::is_empty")]
    pub applied_to_integrations: Vec<AppliedTo<S>>,
    /// What the kind adds.
    #[serde(flatten)]
    pub spec: S,
}

impl<S> Element<S> {
    /// Makes an element that belongs nowhere yet and is not stored.
    pub fn new(id: impl Into<ElementId>, name: impl Into<String>, spec: S) -> Self {
        Self {
            id: id.into(),
            uuid: None,
            key: None,
            name: name.into(),
            description: None,
            meta: None,
            state: State::Ready,
            errors: Vec::new(),
            revision: String::new(),
            created_at: String::new(),
            updated_at: String::new(),
            archived_at: None,
            is_deactivated: None,
            place: Place::default(),
            related: Related::default(),
            applied_to_integrations: Vec::new(),
            spec,
        }
    }
}

/// Where an element is in its life.
///
/// ```
/// use membrane_core::element::{ActionSpec, Element, State};
///
/// let action = Element::new("a1", "Close an issue", ActionSpec::default());
/// assert_eq!(action.state, State::Ready);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum State {
    /// Being made.
    Building,
    /// The customer must do something first.
    ClientActionRequired,
    /// Set up wrong; see the errors.
    ConfigurationError,
    /// Being taken down.
    Disconnecting,
    /// Works.
    #[default]
    Ready,
    /// Could not be set up; see the errors.
    SetupFailed,
}

/// Where an element belongs: to which app, which customer, which parent.
///
/// ```
/// use membrane_core::LayerName;
/// use membrane_core::element::Place;
///
/// let mut place = Place::default();
/// assert_eq!(place.layer(), LayerName::Universal);
/// place.integration_id = Some("i1".into());
/// assert_eq!(place.layer(), LayerName::Integration);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Place {
    /// The integration; absent at the universal layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<IntegrationId>,
    /// The connection; present at the connection layer only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// The customer, by the engine's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<CustomerId>,
    /// The customer, by your product's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Tells apart several connection-level copies of one element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_key: Option<String>,
    /// The element one layer up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ElementId>,
    /// The element at the universal layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_parent_id: Option<ElementId>,
    /// The parent's revision when this element last followed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_revision: Option<String>,
    /// The universal element's revision then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub universal_parent_revision: Option<String>,
    /// Has content of its own and no longer follows its parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_customized: Option<bool>,
    /// Those of name, description and switches that are its own, and no longer the parent's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customized_fields: Vec<String>,
}

impl Place {
    /// The layer this place is at.
    pub fn layer(&self) -> LayerName {
        match (&self.connection_id, &self.integration_id) {
            (Some(_), _) => LayerName::Connection,
            (None, Some(_)) => LayerName::Integration,
            (None, None) => LayerName::Universal,
        }
    }

    /// Whether a field is the element's own, and no longer its parent's.
    ///
    /// ```
    /// use membrane_core::element::Place;
    ///
    /// let mut place = Place::default();
    /// place.customized_fields.push("name".to_owned());
    /// assert!(place.has_own("name") && !place.has_own("description"));
    /// ```
    pub fn has_own(&self, field: &str) -> bool {
        self.customized_fields.iter().any(|own| own == field)
    }

    /// The ids of the integration's and the universal parent, each with the revision that was followed.
    pub(crate) fn parents(&self) -> Parents {
        let text = |id: &Option<ElementId>| id.as_ref().map(ToString::to_string);
        let universal = text(&self.universal_parent_id);
        match text(&self.parent_id) {
            parent if parent == universal => {
                Parents { of_app: (None, None), universal: (universal, self.parent_revision.clone()) }
            }
            parent => {
                let revision = self.universal_parent_revision.clone().filter(|_| universal.is_some());
                Parents { of_app: (parent, self.parent_revision.clone()), universal: (universal, revision) }
            }
        }
    }
}

/// Ids and revisions of parents.
pub(crate) struct Parents {
    pub(crate) of_app: (Option<String>, Option<String>),
    pub(crate) universal: (Option<String>, Option<String>),
}

/// Neighbours of an element, filled in when an answer carries them and never stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Related {
    /// The customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<Element<CustomerSpec>>>,
    /// The integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<Box<Element<IntegrationSpec>>>,
    /// The caller's connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Box<Element<ConnectionSpec>>>,
}

/// A child of a universal element and the integration it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AppliedTo_{S}")]
pub struct AppliedTo<S> {
    /// The child.
    pub element: Box<Element<S>>,
    /// Its integration.
    pub integration: Box<Element<IntegrationSpec>>,
}

/// A customer.
pub type Customer = Element<CustomerSpec>;
/// An integration.
pub type Integration = Element<IntegrationSpec>;
/// A connection.
pub type Connection = Element<ConnectionSpec>;
/// An action.
pub type Action = Element<ActionSpec>;
/// A flow.
pub type Flow = Element<FlowSpec>;
/// A field mapping.
pub type FieldMapping = Element<FieldMappingSpec>;
/// A data source.
pub type DataSource = Element<DataSourceSpec>;
