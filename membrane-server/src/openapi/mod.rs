//! The OpenAPI document, made from the operation catalogue.

mod components;
mod operation;

use membrane_core::ErrorBody;
use membrane_core::op::Access;
use membrane_engine::op::catalogue;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use self::components::{Components, reference};
use self::operation::Described;
use crate::router::shape;

/// Writes the OpenAPI 3.1 document of the REST API, as `GET /openapi.json` serves it.
///
/// The `operationId` of an operation's first route is the operation's name; those of further routes have a
/// number behind it.
///
/// ```
/// let document = membrane_server::openapi();
/// let run = &document["paths"]["/actions/{selector}/run"]["post"];
/// assert_eq!(run["operationId"], "actions.run");
/// ```
pub fn document() -> Value {
    let mut components = Components::default();
    let error = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let error = components.absorb(error.into_root_schema_for::<ErrorBody>().as_value());
    let error = components.named(error);
    let mut paths = Paths::default();
    for entry in catalogue() {
        let info = entry.info();
        let input = components.absorb(entry.input_schema());
        let output = components.absorb(entry.output_schema());
        let output = components.named(output);
        for (n, route) in info.routes.iter().enumerate() {
            let described = Described { entry, route, number: n + 1, input: &input, output: &output };
            paths.add(&route.path, route.method.as_str(), described.operation());
        }
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        paths.add("/connections/{connectionId}/proxy/{path}", method, operation::proxy(method));
    }
    paths.add("/openapi.json", "GET", operation::document());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Membrane for Rust",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Membrane's REST API. The official JavaScript and React packages work against it.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        // Relative to where this document is served from, whatever prefix the host chose.
        "servers": [{"url": "."}],
        "security": [{"bearer": []}, {"query": []}],
        "tags": paths.tags(),
        "paths": paths.items,
        "components": {
            "schemas": with_names(components.into_value(), &error),
            "responses": {
                "Error": {
                    "description": "Membrane's error object; the status follows its kind.",
                    "content": {"application/json": {"schema": error}},
                },
            },
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "Signed with the workspace secret: HS256, HS384 or HS512. Claims: `iss` (the \
                        workspace key), `id` (the customer) or `isAdmin: true`, `exp`, and optionally `name` \
                        and `fields` of the customer.",
                },
                "query": {
                    "type": "apiKey",
                    "in": "query",
                    "name": "token",
                    "description": "The same token, for what cannot set headers.",
                },
            },
        },
    })
}

/// The paths, in the catalogue's order; a path that differs in the names of its slots only is one path.
#[derive(Default)]
struct Paths {
    items: Map<String, Value>,
}

impl Paths {
    fn add(&mut self, path: &str, method: &str, mut operation: Value) {
        let path = path.replace("{*", "{");
        let known = self.items.keys().find(|known| shape(known) == shape(&path)).cloned();
        if let Some(known) = &known {
            rename(&mut operation, &path, known);
        }
        let item = self.items.entry(known.unwrap_or(path)).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            item.entry(method.to_ascii_lowercase()).or_insert(operation);
        }
    }

    /// One tag an area: what stands before the dot of an operation's name.
    fn tags(&self) -> Vec<Value> {
        let mut names: Vec<&str> = Vec::new();
        let operations = self.items.values().filter_map(Value::as_object).flat_map(Map::values);
        for name in operations.filter_map(|operation| operation.pointer("/tags/0")?.as_str()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.into_iter().map(|name| json!({"name": name})).collect()
    }
}

/// Renames the path parameters of an operation to those of the path it is shown at.
fn rename(operation: &mut Value, from: &str, to: &str) {
    let names: Vec<(&str, &str)> = from.split('/').zip(to.split('/')).filter(|(a, b)| a != b).collect();
    let Some(Value::Array(parameters)) = operation.get_mut("parameters") else { return };
    for parameter in parameters.iter_mut().filter(|parameter| parameter["in"] == "path") {
        let name = parameter["name"].as_str().map(|name| format!("{{{name}}}"));
        if let Some((_, to)) = names.iter().find(|(from, _)| Some(*from) == name.as_deref()) {
            parameter["name"] = to.trim_matches(['{', '}']).into();
        }
    }
}

/// The error object goes by a name people look for.
fn with_names(mut schemas: Value, error: &Value) -> Value {
    if *error != reference("ErrorBody")
        && let Value::Object(schemas) = &mut schemas
    {
        schemas.entry("ErrorBody").or_insert_with(|| error.clone());
    }
    schemas
}

/// Whether a token takes part.
fn is_open(access: Access) -> bool {
    access == Access::Anyone
}
