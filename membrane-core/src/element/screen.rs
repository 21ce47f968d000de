use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ElementKind, Spec};

/// What a page of the product shows of integrations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScreenSpec {
    /// What it is a page of.
    #[serde(default)]
    pub r#type: ScreenType,
    /// What it shows: `{type: flow|field-mapping|data-source|action, …}` each.
    #[serde(default)]
    pub blocks: Vec<Map<String, Value>>,
}

/// What a screen is a page of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ScreenType {
    /// An integration.
    #[default]
    Integration,
}

impl Spec for ScreenSpec {
    const KIND: ElementKind = ElementKind::Screen;
    const EDITABLE: &'static [&'static str] = &["type", "blocks"];
}
