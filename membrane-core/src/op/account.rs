use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Access, Body, Op, OpInfo, Route};
use crate::element::{CustomerSpec, Element};

/// Reads the customer the caller is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct GetSelf {}

impl Op for GetSelf {
    type Output = Element<CustomerSpec>;

    fn info() -> OpInfo {
        OpInfo::new(
            "self.get",
            "Reads the customer the caller is.",
            Access::Customer,
            vec![Route::get("/self")],
        )
    }
}

/// Changes the customer the caller is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct UpdateSelf {
    /// `name`, `fields`, `meta`.
    #[serde(default)]
    pub fields: Map<String, Value>,
}

impl UpdateSelf {
    /// Takes the fields.
    pub fn new(fields: Map<String, Value>) -> Self {
        Self { fields }
    }
}

impl Op for UpdateSelf {
    type Output = Element<CustomerSpec>;

    fn info() -> OpInfo {
        let route = Route::new(http::Method::PATCH, "/self", Body::Field("fields"));
        OpInfo::new("self.update", "Changes the customer the caller is.", Access::Customer, vec![route])
    }
}

/// Asks whether the engine and its database work.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct GetHealth {}

/// The engine's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The version of the engine.
    pub version: String,
}

impl Op for GetHealth {
    type Output = Health;

    fn info() -> OpInfo {
        let routes = vec![Route::get("/health")];
        OpInfo::new("health.get", "Says whether the engine and its database work.", Access::Anyone, routes)
    }
}
