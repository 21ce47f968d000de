use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Body, Op, OpInfo, Route};
use crate::element::Flow;
use crate::id::Selector;

/// Brings a connection's flow up to the flow above it as that is now. What it has of its own stays.
///
/// ```
/// use membrane_core::op::{Op, UpdateToLatestFlow};
///
/// let path = &UpdateToLatestFlow::info().routes[0].path;
/// assert_eq!(path, "/flow-instances/{selector}/update-to-latest-flow");
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct UpdateToLatestFlow {
    /// Which flow of a connection.
    #[serde(flatten)]
    pub selector: Selector,
}

impl UpdateToLatestFlow {
    /// Names the flow.
    pub fn new(selector: impl Into<Selector>) -> Self {
        Self { selector: selector.into() }
    }
}

impl Op for UpdateToLatestFlow {
    type Output = Flow;

    fn info() -> OpInfo {
        let route = Route::post("/flow-instances/{selector}/update-to-latest-flow").body(Body::None);
        OpInfo::new(
            "flows.update-to-latest",
            "Brings a connection's flow up to the flow above it.",
            Access::Customer,
            vec![route.fixed("layer", "connection")],
        )
    }
}
