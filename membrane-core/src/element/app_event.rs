use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ElementKind, Spec};
use crate::schema::DataSchema;

/// A kind of event of the product, sent to one address for all customers or to one each.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppEventTypeSpec {
    /// The part of the webhook's address that names the type.
    #[serde(default)]
    pub webhook_key: String,
    /// Where the product sends events of any customer, below the address of the API.
    #[serde(default)]
    pub global_webhook_uri: String,
    /// The request to the product that subscribes a customer; `{{webhookUri}}` in it is the address to send to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribe_request: Option<WebhookRequest>,
    /// A sample event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// The schema of an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<DataSchema>,
    /// A formula over the event that gives the customer's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id_formula: Option<Value>,
    /// The old name of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id_formula: Option<Value>,
}

impl Spec for AppEventTypeSpec {
    const KIND: ElementKind = ElementKind::AppEventType;
    const EDITABLE: &'static [&'static str] =
        &["subscribeRequest", "example", "schema", "tenantIdFormula", "userIdFormula"];
}

/// One customer's subscription to a kind of event of the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppEventSubscriptionSpec {
    /// The kind of event.
    #[serde(default)]
    pub app_event_type_id: String,
    /// The product was asked to send events, and agreed.
    #[serde(default)]
    pub is_subscribed: bool,
    /// The schema of an event, where it is this customer's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<DataSchema>,
    /// Where the product sends this customer's events, below the address of the API.
    #[serde(default)]
    pub webhook_uri: String,
    /// The request that subscribes.
    #[serde(default)]
    pub subscription_request: WebhookRequest,
    /// The answer to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_response: Option<Value>,
}

impl Spec for AppEventSubscriptionSpec {
    const KIND: ElementKind = ElementKind::AppEventSubscription;
    const EDITABLE: &'static [&'static str] = &["schema"];
    const DERIVED: &'static [&'static str] = &["appEventTypeId"];
    const PARENT_ALIASES: &'static [(&'static str, &'static str)] =
        &[("appEventTypeId", "parentId"), ("appEventTypeKey", "parentKey")];
}

/// A request to the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WebhookRequest {
    /// The address.
    #[serde(default)]
    pub uri: String,
    /// The method; `POST` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Map<String, Value>>,
    /// The query parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<Map<String, Value>>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}
