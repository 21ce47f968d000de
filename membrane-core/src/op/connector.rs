use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::element::SELECTOR;
use super::{Access, Op, OpInfo, Route};
use crate::connector::{AuthOption, Collection, Connector, Operation, WriteMethod};
use crate::id::Selector;
use crate::locator::Locator;
use crate::page::{Page, Paging};
use crate::schema::DataSchema;

/// A connector as answers show it.
///
/// ```
/// use membrane_core::connector::Connector;
/// use membrane_core::op::{CollectionSpec, CollectionSummary, ConnectorInfo, OperationInfo};
///
/// let text = "
/// key: desk
/// name: Desk
/// auth:
///   type: client-credentials
///   inputSchema: {type: object, properties: {token: {type: string}}}
/// api: {baseUri: 'https://desk.example'}
/// operations:
///   close: {name: Close, run: POST /close}
/// collections:
///   tickets:
///     name: Tickets
///     list: {run: GET /tickets, records: $.items}
///     delete: {run: 'DELETE /tickets/{id}'}
/// ";
/// let connector = Connector::from_yaml(text, "connector.yml")?;
/// let info = ConnectorInfo::from(&connector);
/// assert_eq!((info.r#type.as_str(), info.operations_count), ("client-credentials", 1));
/// assert_eq!(info.auth_options.len(), 1);
///
/// let operation = OperationInfo::from(connector.operation(&"close".into())?);
/// assert_eq!(operation.summary().name, "Close");
///
/// let tickets = connector.collection(&"tickets".into())?;
/// assert_eq!(CollectionSummary::from(tickets).key, "tickets");
/// let spec = CollectionSpec::from(tickets);
/// assert!(spec.list.is_some() && spec.delete.is_some() && spec.create.is_none());
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectorInfo {
    /// The id; the same as the key.
    pub id: String,
    /// The key.
    pub key: String,
    /// For people.
    pub name: String,
    /// The version.
    pub version: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where the logo is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Membrane's categories.
    #[serde(default)]
    pub categories: Vec<String>,
    /// The type of the main way to connect.
    pub r#type: String,
    /// What the customer is asked on the main way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<DataSchema>,
    /// What the product sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_schema: Option<DataSchema>,
    /// The ways to connect.
    #[serde(default)]
    pub auth_options: Vec<AuthOptionInfo>,
    /// How many operations.
    pub operations_count: usize,
    /// How many data collections.
    pub data_collections_count: usize,
}

/// One way to connect, as answers show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuthOptionInfo {
    /// The key; empty for the main way of a connector that has one.
    pub key: String,
    /// The type.
    pub r#type: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the customer is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<DataSchema>,
}

impl From<&AuthOption> for AuthOptionInfo {
    fn from(option: &AuthOption) -> Self {
        Self {
            key: option.key.clone(),
            r#type: option.r#type.as_str().to_owned(),
            title: option.title.clone(),
            description: option.description.clone(),
            input_schema: option.input_schema.clone(),
        }
    }
}

impl From<&Connector> for ConnectorInfo {
    fn from(connector: &Connector) -> Self {
        let main = connector.auth.first();
        Self {
            id: connector.key.to_string(),
            key: connector.key.to_string(),
            name: connector.name.clone(),
            version: connector.version.clone(),
            description: connector.description.clone(),
            logo_uri: connector.logo_uri.clone(),
            categories: connector.categories.clone(),
            r#type: main.map(|option| option.r#type.as_str().to_owned()).unwrap_or_default(),
            input_schema: main.and_then(|option| option.input_schema.clone()),
            parameters_schema: connector.parameters_schema.clone(),
            auth_options: connector.auth.iter().map(Into::into).collect(),
            operations_count: connector.operations.len(),
            data_collections_count: connector.collections.len(),
        }
    }
}

/// An operation of an app, as answers show it. Lists leave the schemas out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OperationInfo {
    /// The key.
    pub key: String,
    /// For people.
    pub name: String,
    /// For people and for search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words to group by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Changes nothing.
    #[serde(default)]
    pub is_read_only: bool,
    /// The schema of the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<DataSchema>,
    /// The schema of the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<DataSchema>,
}

impl From<&Operation> for OperationInfo {
    fn from(operation: &Operation) -> Self {
        Self {
            key: operation.key.to_string(),
            name: operation.name.clone(),
            description: operation.description.clone(),
            tags: operation.tags.clone(),
            is_read_only: operation.is_read_only,
            input_schema: operation.input_schema.clone(),
            output_schema: operation.output_schema.clone(),
        }
    }
}

impl OperationInfo {
    /// The same without schemas, for lists.
    #[must_use]
    pub fn summary(mut self) -> Self {
        self.input_schema = None;
        self.output_schema = None;
        self
    }
}

/// A data collection in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CollectionSummary {
    /// The key.
    pub key: String,
    /// For people.
    pub name: String,
    /// Always `collection`.
    pub r#type: String,
}

impl From<&Collection> for CollectionSummary {
    fn from(collection: &Collection) -> Self {
        Self {
            key: collection.key.to_string(),
            name: collection.name.clone(),
            r#type: "collection".to_owned(),
        }
    }
}

/// What one method of a collection takes. That it is there says that the app can do it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MethodSpec {
    /// List: the fields the app itself filters by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_fields: Option<Vec<String>>,
    /// Match, create, update: the fields it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
    /// Create: the fields it must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_fields: Option<Vec<String>>,
    /// Create, update: the fields it does not take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_fields: Option<Vec<String>>,
}

/// What a data collection can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CollectionSpec {
    /// Always `collection`.
    pub r#type: String,
    /// The key.
    pub key: String,
    /// For people.
    pub name: String,
    /// The schema of the parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_schema: Option<DataSchema>,
    /// The schema of a record's fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields_schema: Option<DataSchema>,
    /// Reads page after page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<MethodSpec>,
    /// Finds by text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<MethodSpec>,
    /// Finds one by fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#match: Option<MethodSpec>,
    /// Reads one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find_by_id: Option<MethodSpec>,
    /// Adds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<MethodSpec>,
    /// Changes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<MethodSpec>,
    /// Removes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<MethodSpec>,
}

impl From<&Collection> for CollectionSpec {
    fn from(collection: &Collection) -> Self {
        let some = |names: &[String]| (!names.is_empty()).then(|| names.to_vec());
        let write = |method: &WriteMethod| MethodSpec {
            filter_fields: None,
            fields: some(&method.fields),
            required_fields: some(&method.required_fields),
            excluded_fields: some(&method.excluded_fields),
        };
        let name_of = |field: &Locator| {
            let text = field.to_string();
            text.strip_prefix("$.").map(str::to_owned).unwrap_or(text)
        };
        let plain = |declared: bool| declared.then(MethodSpec::default);
        Self {
            r#type: "collection".to_owned(),
            key: collection.key.to_string(),
            name: collection.name.clone(),
            parameters_schema: collection.parameters_schema.clone(),
            fields_schema: collection.fields_schema.clone(),
            list: collection.list.as_ref().map(|list| MethodSpec {
                filter_fields: Some(list.filter.fields().map(|(field, _)| name_of(field)).collect()),
                ..MethodSpec::default()
            }),
            search: plain(collection.search.is_some()),
            r#match: collection
                .r#match
                .as_ref()
                .map(|method| MethodSpec { fields: some(&method.fields), ..MethodSpec::default() }),
            find_by_id: plain(collection.find_by_id.is_some()),
            create: collection.create.as_ref().map(write),
            update: collection.update.as_ref().map(write),
            delete: plain(collection.delete.is_some()),
        }
    }
}

/// Lists the connectors of the engine.
///
/// ```
/// use membrane_core::op::{ListConnectors, Op};
///
/// let mut mail = ListConnectors::default();
/// mail.search = Some("mail".to_owned());
/// assert_eq!(ListConnectors::info().routes[0].path, "/connectors");
/// # let _ = mail;
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ListConnectors {
    /// Which page.
    #[serde(flatten)]
    pub paging: Paging,
    /// With this text in name or key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
}

impl Op for ListConnectors {
    type Output = Page<ConnectorInfo>;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/connectors")];
        OpInfo::new("connectors.list", "Lists the connectors.", Access::Customer, routes)
    }
}

/// Reads a connector.
///
/// ```
/// use membrane_core::op::{GetConnector, GetIntegrationOperation, Op};
///
/// assert_eq!(GetConnector::new("github").selector, "github");
/// // The same of an integration's connector, part by part.
/// let part = GetIntegrationOperation::new("github", "close-issue");
/// assert_eq!(part.operation_key, "close-issue");
/// assert_eq!(GetIntegrationOperation::info().name, "integrations.operations.get");
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct GetConnector {
    /// The id or the key.
    pub selector: String,
}

impl GetConnector {
    /// Names the connector.
    pub fn new(selector: impl Into<String>) -> Self {
        Self { selector: selector.into() }
    }
}

impl Op for GetConnector {
    type Output = ConnectorInfo;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/connectors/{selector}")];
        OpInfo::new("connectors.get", "Reads a connector.", Access::Customer, routes)
    }
}

macro_rules! of_integration {
    ($($(#[$doc:meta])* $name:ident($op:literal, $path:literal) -> $output:ty { $($field:ident),* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            /// The integration.
            #[serde(flatten)]
            pub selector: Selector,
            $(
                /// The key of the part.
                pub $field: String,
            )*
        }

        impl $name {
            /// Names the integration and the part.
            pub fn new(selector: impl Into<Selector> $(, $field: impl Into<String>)*) -> Self {
                Self { selector: selector.into() $(, $field: $field.into())* }
            }
        }

        impl Op for $name {
            type Output = $output;

            fn info() -> OpInfo {
                let routes = vec![
                    Route::get(concat!("/integrations/{selector}/", $path)).query(SELECTOR),
                    Route::get(concat!("/integration/", $path)).query(SELECTOR),
                ];
                OpInfo::new($op, concat!("Reads `", $path, "` of an integration."), Access::Customer, routes)
            }
        }
    )*};
}

of_integration! {
    /// Reads the connector behind an integration.
    GetIntegrationConnector("integrations.connector-spec", "connector-spec") -> ConnectorInfo {}
    /// Lists the operations of an integration's connector.
    ListIntegrationOperations("integrations.operations.list", "operations") -> Vec<OperationInfo> {}
    /// Reads one operation of an integration's connector.
    GetIntegrationOperation("integrations.operations.get", "operations/{operationKey}") -> OperationInfo { operation_key }
    /// Lists the data collections of an integration's connector.
    ListIntegrationCollections("integrations.data.list", "data") -> Vec<CollectionSummary> {}
    /// Reads one data collection of an integration's connector.
    GetIntegrationCollection("integrations.data.get", "data/{collectionKey}") -> CollectionSpec { collection_key }
}
