use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::NodeKind;
use crate::element::Reference;
use crate::error::ErrorBody;

/// One step of a flow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FlowNode {
    /// What it does: one of [`NodeKind`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// The version of the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Number>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How, in the terms of the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
    /// How many runs of it may be under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Number>,
    /// What becomes of the flow when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<OnError>,
    /// What an editor notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui: Option<Value>,
    /// The schema of its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// The schema of its output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// A sample of its output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_example: Option<Value>,
    /// Which nodes follow; all whose filter matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Vec<FlowLink>>,
    /// Stays as it is when the parent's node changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_customized: Option<bool>,
    /// Whether it can run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<NodeState>,
    /// Why it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<ErrorBody>>,
    /// What a customer typed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_config: Option<Value>,
    /// What an editor tries it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_input: Option<Value>,
    /// The elements it refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Reference>,
}

impl FlowNode {
    /// What it does, when that is known.
    pub fn kind(&self) -> Option<NodeKind> {
        NodeKind::from_name(self.r#type.as_deref()?)
    }

    /// The node without what follows from the rest.
    #[must_use]
    pub fn content(&self) -> Self {
        Self { is_customized: None, state: None, errors: None, dependencies: Vec::new(), ..self.clone() }
    }

    /// The first node of the sub-flow, of a node that runs one for each of its items.
    pub(super) fn sub_flow(&self) -> Option<&str> {
        let runs_one = matches!(self.kind(), Some(NodeKind::ForEach | NodeKind::ForEachV2));
        let key = self.config.as_ref().filter(|_| runs_one)?.get("rootNodeKey")?.as_str()?;
        Some(key).filter(|key| !key.is_empty())
    }
}

/// A way from one node to the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct FlowLink {
    /// The key of the next node; a link to none, or to one that is not there, leads nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A filter over the node's output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Value>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Whether a node can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum NodeState {
    /// It can.
    Ready,
    /// It cannot; see its errors.
    SetupFailed,
}

/// What becomes of a flow when a node fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OnError {
    /// The other branches and items go on.
    Continue,
    /// The run fails.
    Stop,
}
