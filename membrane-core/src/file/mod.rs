//! `connector.yml`: a whole connector as one text.

mod action;
mod collection;
mod formula;
mod function;
mod located;
mod origin;
mod pagination;
mod parts;
mod roots;
mod schema;
mod spec;
mod unified;
mod weight;
pub(crate) mod yaml;

use self::function::Functions;
pub(crate) use self::located::{Node, Spot};
use self::origin::Origin;
pub(crate) use self::origin::shown;
use self::spec::ConnectorSpec;
use crate::connector::{Connector, ConnectorBuilder};
use crate::error::Result;

impl Connector {
    #[doc = include_str!("FORMAT.md")]
    pub fn from_yaml(text: &str, origin: &str) -> Result<Self> {
        let origin = Origin::new(origin);
        yaml::on_deep_stack(|| build(yaml::parse(text, origin)?, origin))?
    }
}

fn build(spec: ConnectorSpec, origin: Origin<'_>) -> Result<Connector> {
    let key = origin.key(&spec.key)?;
    let operations: Vec<&str> = spec.operations.0.iter().map(|(key, _)| key.value.as_str()).collect();
    let operations: Vec<String> = operations.into_iter().map(str::to_owned).collect();
    let functions = Functions::new(origin, &operations, spec.api.value.body_type.as_ref())?;
    let mut builder = Connector::builder(key, spec.name);
    if let Some(version) = spec.version {
        builder = builder.version(version.value);
    }
    if let Some(description) = spec.description {
        builder = builder.description(description);
    }
    if let Some(uri) = spec.logo_uri {
        builder = builder.logo_uri(uri.value);
    }
    for category in spec.categories {
        builder = builder.category(category);
    }
    if let Some(schema) = &spec.parameters_schema {
        builder = builder.parameters(origin.schema(schema)?);
    }
    for option in parts::auth(origin, &functions, spec.auth, spec.options)? {
        builder = builder.auth(option);
    }
    for (key, operation) in spec.operations.0 {
        builder = builder.operation(parts::operation(origin, &functions, &key, operation)?);
    }
    for (key, collection) in spec.collections.0 {
        builder = builder.collection(collection::collection(origin, &functions, &key, collection)?);
    }
    let mut connector = builder.build().map_err(|error| origin.whole(error.message()))?;
    connector.api = parts::api(origin, spec.api)?;
    let mut builder = ConnectorBuilder::from(connector);
    let udm = unified::udm(origin, &builder.connector().collections, spec.udm)?;
    builder = builder.udm(udm);
    for (key, action) in spec.actions.0 {
        let action = action::action(origin, builder.connector(), &key, action)?;
        builder = builder.action(action);
    }
    builder.build().map_err(|error| origin.whole(error.message()))
}

/// `one of `a`, `b``, for messages.
fn one_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "nothing: there are none".to_owned(),
        1 => names.concat(),
        _ => format!("one of {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
