//! Actions: the short form names an operation, the long one says type and config.

use serde_json::{Map, Value, json};

use super::located::{Located, Node, Spot, Text};
use super::one_of;
use super::origin::Origin;
use super::parts::name_of;
use super::roots::{self, Roots, and, unknown};
use super::spec::ActionFileSpec;
use super::unified::known;
use crate::connector::{Connector, ConnectorAction, Operation};
use crate::element::{ActionKind, ActionSpec};
use crate::error::Result;
use crate::formula::nearest;
use crate::id::Key;
use crate::universal;

pub(super) fn action(
    origin: Origin<'_>,
    connector: &Connector,
    key: &Text,
    spec: Located<ActionFileSpec>,
) -> Result<ConnectorAction> {
    let Located { at, value: spec } = spec;
    let key = origin.key(key)?;
    let implements = spec.implements.as_ref().map(|text| use_case(origin, text)).transpose()?;
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

/// The universal action an action is the app's way to do. A product has its own, so that only what is nearly one of
/// ours is taken for a mistake.
fn use_case(origin: Origin<'_>, text: &Text) -> Result<Key> {
    let meant = nearest(&text.value, universal::KEYS.iter().copied());
    match meant.filter(|known| !text.value.starts_with(known)) {
        Some(known) => {
            let message = format!("there is no universal action `{}`; is it `{known}`?", text.value);
            Err(origin.error(text.at, message))
        }
        None => origin.key(text),
    }
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
            origin.formula(node, Roots::Named(roots::ACTION))?;
            config.insert("input".to_owned(), node.value.clone());
        }
        None => action.input_schema.clone_from(&operation.input_schema),
    }
    match &spec.output {
        Some(node) => {
            origin.formula(node, Roots::Named(&and(roots::ACTION, &["output"])))?;
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
    if let (None, Some(first)) = (&spec.config, config_keys(parsed).first()) {
        let message = format!("an action of type `{}` needs a `config` with `{first}`", kind.value);
        return Err(origin.error(kind.at, message));
    }
    if let Some(config) = &spec.config {
        check_config(origin, parsed, config)?;
        check_references(origin, connector, config)?;
    }
    if let Some(mapping) = &spec.output_mapping {
        origin.formula(mapping, Roots::Named(&and(roots::ACTION, &["output"])))?;
    }
    Ok(ActionSpec {
        r#type: Some(parsed),
        config: spec.config.as_ref().map(|node| node.value.clone()),
        output_mapping: spec.output_mapping.as_ref().map(|node| node.value.clone()),
        ..ActionSpec::default()
    })
}

/// What the config of a type holds, the first of which must be there. Types that only a product's own surroundings
/// can run are not listed.
fn config_keys(kind: ActionKind) -> &'static [&'static str] {
    match kind {
        ActionKind::ApiRequestToExternalApp => &["request"],
        ActionKind::ConnectorOperation => &["operationKey", "input"],
        ActionKind::CreateDataRecord => &["dataSource", "fieldMapping", "fields"],
        ActionKind::DeleteDataRecord => &["dataSource", "fieldMapping", "id"],
        ActionKind::FindDataRecordById => &["dataSource", "fieldMapping", "id"],
        ActionKind::ListDataRecords => &["dataSource", "fieldMapping", "filter", "unifiedFilter", "cursor"],
        ActionKind::MatchDataRecord => &["dataSource", "fieldMapping", "lookup"],
        ActionKind::SearchDataRecord => &["dataSource", "fieldMapping", "query", "cursor"],
        ActionKind::UpdateDataRecord => &["dataSource", "fieldMapping", "fields", "id"],
        ActionKind::ApiRequestToYourApp
        | ActionKind::FindOrCreateDataRecord
        | ActionKind::HttpRequest
        | ActionKind::RunJavascript => &[],
    }
}

/// Checks the formulas of a config, and its keys.
fn check_config(origin: Origin<'_>, kind: ActionKind, config: &Node) -> Result<()> {
    if config.part().entries().next().is_some_and(|(name, _)| name.starts_with('$')) {
        return origin.formula(config, Roots::Named(roots::ACTION)).map(drop);
    }
    origin.formula(config, Roots::Any)?;
    let known = config_keys(kind);
    for (name, part) in config.part().entries() {
        if !known.is_empty() && !known.contains(&name.as_str()) {
            let message = unknown("key of the config", name, known);
            return Err(origin.error(part.at(), message));
        }
        // It is also built over records and own fields.
        let roots = if name == "fieldMapping" { Roots::Any } else { Roots::Named(roots::ACTION) };
        origin.check(part, roots)?;
    }
    match known.first() {
        Some(first) if config.part().entry(first).is_none() => {
            Err(origin.error(config.at(), format!("the config of `{}` needs `{first}`", kind.as_str())))
        }
        _ => Ok(()),
    }
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
