use membrane_core::op::{Access, Body, Route};
use membrane_engine::op::Entry;
use serde_json::{Map, Value, json};

use super::is_open;

/// One route of an operation, about to be described.
pub(super) struct Described<'a> {
    pub(super) entry: &'a Entry,
    pub(super) route: &'a Route,
    /// Which of the operation's routes, from one.
    pub(super) number: usize,
    pub(super) input: &'a Value,
    pub(super) output: &'a Value,
}

impl Described<'_> {
    /// The operation object.
    pub(super) fn operation(&self) -> Value {
        let info = self.entry.info();
        let name = &info.name;
        let id = if self.number == 1 { name.clone() } else { format!("{name}.{}", self.number) };
        let mut operation = frame(&id, &info.summary, self.output);
        operation["x-membrane-operation"] = json!(name);
        operation["x-membrane-access"] = json!(match info.access {
            Access::Anyone => "anyone",
            Access::Customer => "customer",
            _ => "manager",
        });
        if is_open(info.access) {
            operation["security"] = json!([]);
        }
        let parameters = self.parameters();
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        if let Some((schema, is_required)) = self.body() {
            operation["requestBody"] =
                json!({"required": is_required, "content": {"application/json": {"schema": schema}}});
        }
        operation
    }

    fn parameters(&self) -> Vec<Value> {
        let in_path = self.route.slots().map(|name| {
            let schema = self.properties().and_then(|fields| fields.get(name));
            let mut parameter = parameter("path", name, schema);
            parameter["required"] = json!(true);
            parameter
        });
        let in_query = self.properties().into_iter().flatten().filter(|(name, _)| self.is_in_query(name));
        let in_query = in_query.map(|(name, schema)| {
            let mut parameter = parameter("query", name, Some(schema));
            if self.is_required(name) {
                parameter["required"] = json!(true);
            }
            parameter
        });
        let rest = self.route.query_rest.map(|name| {
            json!({
                "name": name,
                "in": "query",
                "description": "Every further query parameter is an entry of this object.",
                "style": "form",
                "explode": true,
                "schema": {"type": "object", "additionalProperties": true},
            })
        });
        let aliases = self.route.aliases.iter().filter_map(|(name, field)| {
            let schema = self.properties()?.get(*field).filter(|_| self.is_in_query(field))?;
            Some(parameter("query", name, Some(schema)))
        });
        in_path.chain(in_query).chain(aliases).chain(rest).collect()
    }

    /// The schema of the body, and whether there must be one.
    fn body(&self) -> Option<(Value, bool)> {
        let properties = self.properties()?;
        match self.route.body {
            Body::Field(field) => {
                let schema = properties.get(field).cloned().unwrap_or(Value::Bool(true));
                Some((without_null(schema), self.is_required(field)))
            }
            Body::Rest => {
                let fields: Map<String, Value> = properties
                    .iter()
                    .filter(|(name, _)| !self.travels_elsewhere(name))
                    .map(|(name, schema)| (name.clone(), schema.clone()))
                    .collect();
                let required: Vec<&String> = fields.keys().filter(|name| self.is_required(name)).collect();
                let mut schema = json!({"type": "object"});
                if !required.is_empty() {
                    schema["required"] = json!(required);
                }
                let is_required = !required.is_empty();
                schema["properties"] = Value::Object(fields);
                Some((schema, is_required))
            }
            _ => None,
        }
    }

    fn properties(&self) -> Option<&Map<String, Value>> {
        self.input.get("properties").and_then(Value::as_object)
    }

    fn is_required(&self, field: &str) -> bool {
        let required = self.input.get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|name| name == field))
    }

    fn is_in_query(&self, field: &str) -> bool {
        let may = self.route.body == Body::None || self.route.query.contains(&field);
        may && self.entry.takes(field) && !self.is_set(field) && self.route.query_rest != Some(field)
    }

    fn travels_elsewhere(&self, field: &str) -> bool {
        self.is_set(field) || self.route.query.contains(&field)
    }

    fn is_set(&self, field: &str) -> bool {
        self.route.slots().any(|slot| slot == field)
            || self.route.fixed.iter().any(|(name, _)| *name == field)
    }
}

/// The proxy, which is no operation of the catalogue: its input and output are the app's.
pub(super) fn proxy(method: &str) -> Value {
    let summary = "Sends a request to the app as the connection, and hands its answer through as it is.";
    let mut operation =
        frame(&format!("connections.proxy.{}", method.to_ascii_lowercase()), summary, &json!({}));
    let anything = json!({"*/*": {"schema": {}}});
    operation["responses"] = json!({
        "default": {
            "description": "The app's answer, with the header `membrane-origin: app`; without that header it \
                is an error of this API.",
            "headers": {"membrane-origin": {"schema": {"const": "app"}}},
            "content": anything.clone(),
        },
    });
    operation["parameters"] = json!([
        {
            "name": "connectionId",
            "in": "path",
            "required": true,
            "description": "The connection: id, key or integration key.",
            "schema": {"type": "string"},
        },
        {
            "name": "path",
            "in": "path",
            "required": true,
            "description": "The path below the app's base address; it may hold slashes. The query goes along.",
            "schema": {"type": "string"},
        },
    ]);
    if method != "GET" {
        operation["requestBody"] = json!({"content": anything});
    }
    operation
}

/// The document itself.
pub(super) fn document() -> Value {
    let mut operation = frame("openapi.get", "Reads this document.", &json!({"type": "object"}));
    operation["security"] = json!([]);
    operation
}

/// What every operation object has.
fn frame(id: &str, summary: &str, output: &Value) -> Value {
    let tag = id.split('.').next().unwrap_or(id);
    json!({
        "operationId": id,
        "summary": summary,
        "tags": [tag],
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": output}}},
            "4XX": {"$ref": "#/components/responses/Error"},
            "5XX": {"$ref": "#/components/responses/Error"},
        },
    })
}

fn parameter(place: &str, name: &str, schema: Option<&Value>) -> Value {
    let mut schema = without_null(schema.cloned().unwrap_or_else(|| json!({"type": "string"})));
    let description = match &mut schema {
        Value::Object(schema) => {
            schema.shift_remove("default");
            schema.shift_remove("description")
        }
        _ => None,
    };
    let mut parameter = json!({"name": name, "in": place, "schema": schema});
    if let Some(description) = description {
        parameter["description"] = description;
    }
    parameter
}

/// An absent value is never `null` in a path, a query or a whole body.
fn without_null(mut schema: Value) -> Value {
    let Value::Object(object) = &mut schema else { return schema };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = object.get_mut("anyOf") {
        options.retain(|option| option.get("type").and_then(Value::as_str) != Some("null"));
        if let [Value::Object(only)] = options.as_slice() {
            let only = only.clone();
            object.shift_remove("anyOf");
            object.extend(only);
        }
    }
    schema
}
