//! Actions: the short form names an operation, the long one says type and config.

use serde_json::{Map, Value, json};

use super::located::{Located, Node, Spot, Text};
use super::one_of;
use super::origin::Origin;
use super::parts::name_of;
use super::spec::ActionFileSpec;
use super::unified::known;
use crate::connector::{Connector, ConnectorAction, Operation};
use crate::element::{ActionKind, ActionSpec};
use crate::error::Result;
use crate::universal;

pub(super) fn action(
    origin: Origin<'_>,
    connector: &Connector,
    key: &Text,
    spec: Located<ActionFileSpec>,
) -> Result<ConnectorAction> {
    let Located { at, value: spec } = spec;
    let key = origin.key(key)?;
    let implements = spec.implements.as_ref().map(|text| origin.key(text)).transpose()?;
    let known = implements.as_ref().and_then(|key| universal::find(key.as_str()));
    let mut action_spec = match &spec.operation {
        Some(operation) => short(origin, connector, operation, &spec)?,
        None => long(origin, connector, at, &spec)?,
    };
    let own = origin.optional_schema(spec.input_schema.as_ref())?;
    let given = known.as_ref().map(|universal| universal.input_schema.clone());
    action_spec.input_schema = own.or(given).or(action_spec.input_schema);
    let own = origin.optional_schema(spec.output_schema.as_ref())?;
    let given = known.as_ref().map(|universal| universal.output_schema.clone());
    action_spec.output_schema = own.or(given).or(action_spec.output_schema);
    action_spec.custom_output_schema = origin.optional_schema(spec.custom_output_schema.as_ref())?;
    let name = spec.name.or_else(|| known.as_ref().map(|universal| universal.name.to_owned()));
    let name = name.unwrap_or_else(|| name_of(key.as_str()));
    let mut action = ConnectorAction::new(key, name, action_spec);
    let described = known.map(|universal| universal.description.to_owned()).filter(|text| !text.is_empty());
    action.description = spec.description.or(described);
    action.implements = implements;
    Ok(action)
}

/// An operation, with formulas before and after it.
fn short(origin: Origin<'_>, connector: &Connector, key: &Text, spec: &ActionFileSpec) -> Result<ActionSpec> {
    if let Some(at) =
        written(&[&spec.config, &spec.output_mapping]).or(spec.r#type.as_ref().map(|text| text.at))
    {
        let message =
            "an action with `operation` has `input` and `output`, not `type`, `config` and `outputMapping`";
        return Err(origin.error(at, message));
    }
    let operation = operation(origin, connector, key)?;
    let mut config = Map::new();
    config.insert("operationKey".to_owned(), key.value.clone().into());
    let mut action = ActionSpec { r#type: Some(ActionKind::ConnectorOperation), ..ActionSpec::default() };
    match &spec.input {
        Some(node) => {
            origin.formula(node)?;
            config.insert("input".to_owned(), node.value.clone());
        }
        None => action.input_schema.clone_from(&operation.input_schema),
    }
    match &spec.output {
        Some(node) => {
            origin.formula(node)?;
            action.output_mapping = Some(node.value.clone());
        }
        None => action.output_schema.clone_from(&operation.output_schema),
    }
    action.config = Some(Value::Object(config));
    Ok(action)
}

/// Any type of action.
fn long(origin: Origin<'_>, connector: &Connector, at: Spot, spec: &ActionFileSpec) -> Result<ActionSpec> {
    if let Some(at) = written(&[&spec.input, &spec.output]) {
        return Err(origin.error(at, "`input` and `output` belong to an action with `operation`"));
    }
    let Some(kind) = &spec.r#type else {
        return Err(origin.error(at, "an action needs `operation`, or `type` and `config`"));
    };
    let parsed: ActionKind = serde_json::from_value(json!(kind.value)).map_err(|error| {
        let message = error.to_string();
        origin.error(kind.at, message.replace("unknown variant", "unknown action type"))
    })?;
    if let Some(config) = &spec.config {
        origin.formula(config)?;
        check_references(origin, connector, config)?;
    }
    if let Some(mapping) = &spec.output_mapping {
        origin.formula(mapping)?;
    }
    Ok(ActionSpec {
        r#type: Some(parsed),
        config: spec.config.as_ref().map(|node| node.value.clone()),
        output_mapping: spec.output_mapping.as_ref().map(|node| node.value.clone()),
        ..ActionSpec::default()
    })
}

/// What a config names must be in this file.
fn check_references(origin: Origin<'_>, connector: &Connector, config: &Node) -> Result<()> {
    let text = |part: super::located::Part<'_>| {
        part.value.as_str().map(|text| Text { at: part.at(), value: text.to_owned() })
    };
    if let Some(key) = config.part().entry("operationKey").and_then(text) {
        operation(origin, connector, &key)?;
    }
    let source = config.part().entry("dataSource").and_then(|source| source.entry("collectionKey"));
    source.and_then(text).map_or(Ok(()), |key| known(origin, &connector.collections, &key))
}

fn operation<'c>(origin: Origin<'_>, connector: &'c Connector, key: &Text) -> Result<&'c Operation> {
    connector.operations.get(key.value.as_str()).ok_or_else(|| {
        let known: Vec<&str> = connector.operations.keys().map(AsRef::as_ref).collect();
        origin.error(key.at, format!("unknown operation `{}`, expected {}", key.value, one_of(&known)))
    })
}

/// Where the first of these stands.
fn written(nodes: &[&Option<Node>]) -> Option<Spot> {
    nodes.iter().find_map(|node| node.as_ref().map(Node::at))
}
