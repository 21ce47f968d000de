//! Plain schemas: what vendors take, whatever the schema was.

#![allow(clippy::panic, clippy::needless_pass_by_value, clippy::unwrap_used)]

use std::collections::HashSet;

use membrane_core::DataSchema;
use membrane_core::schema::{PlainSchema, Rule};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use serde_json::{Map, Value, json};

/// All a plain schema may say.
const KEYWORDS: [&str; 19] = [
    "anyOf",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
];

/// What a vendor would refuse; nothing when all is well.
fn refused(schema: &Value) -> Option<String> {
    if schema["type"] != "object" || !schema["properties"].is_object() {
        return Some("the top is no object with properties".to_owned());
    }
    let mut schemas = 0;
    let found = refused_at(schema, 0, &mut schemas);
    found.or_else(|| (schemas > 5_000).then(|| format!("{schemas} schemas")))
}

fn refused_at(schema: &Value, depth: usize, schemas: &mut usize) -> Option<String> {
    *schemas += usize::from(schema != &json!({}));
    let Value::Object(keywords) = schema else { return Some(format!("{schema} is no object")) };
    let wrong = |what: &str| Some(format!("{what} in {schema}"));
    if let Some(keyword) = keywords.keys().find(|keyword| !KEYWORDS.contains(&keyword.as_str())) {
        return wrong(keyword);
    }
    if depth > 10 && !keywords.is_empty() {
        return wrong("too deep");
    }
    if keywords.get("type").is_some_and(|kind| !kind.is_string()) {
        return wrong("no single type");
    }
    for text in ["title", "description"].iter().filter_map(|keyword| keywords.get(*keyword)) {
        if text.as_str().is_none_or(|text| text.is_empty() || text.chars().count() > 1_024) {
            return wrong("no text");
        }
    }
    if let Some(values) = keywords.get("enum").map(|values| values.as_array().unwrap()) {
        let texts: HashSet<&str> = values.iter().filter_map(Value::as_str).collect();
        if texts.len() != values.len() || texts.is_empty() || texts.contains("") || schema["type"] != "string"
        {
            return wrong("enum");
        }
    }
    if let Some(format) = keywords.get("format").filter(|format| *format != "date-time") {
        return wrong(&format.to_string());
    }
    let properties = keywords.get("properties").map(|properties| properties.as_object().unwrap());
    if let Some(required) = keywords.get("required").map(|names| names.as_array().unwrap()) {
        let names: HashSet<&str> = required.iter().map(|name| name.as_str().unwrap()).collect();
        let exist = names.iter().all(|name| properties.is_some_and(|all| all.contains_key(*name)));
        if names.len() != required.len() || names.is_empty() || !exist {
            return wrong("required");
        }
    }
    for (name, property) in properties.into_iter().flatten() {
        let is_short = (1..=64).contains(&name.len());
        if !is_short || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) {
            return wrong(name);
        }
        if property == &json!({}) {
            *schemas += 1;
        }
        if let Some(found) = refused_at(property, depth + 1, schemas) {
            return Some(found);
        }
    }
    match (schema["type"].as_str(), keywords.get("items"), keywords.get("properties")) {
        (Some("array"), None, _) => return wrong("no items"),
        (Some("array"), Some(items), None) => {
            if let Some(found) = refused_at(items, depth + 1, schemas) {
                return Some(found);
            }
        }
        (Some("object"), None, Some(_)) | (_, None, None) => {}
        _ => return wrong("keywords of other types"),
    }
    if let Some(options) = keywords.get("anyOf") {
        let options = options.as_array().unwrap();
        if keywords.len() > 1 || options.len() < 2 || depth == 0 {
            return wrong("anyOf");
        }
        let has_type = |option: &&Value| option.get("type").is_none();
        if let Some(option) = options.iter().find(has_type) {
            return wrong(&format!("untyped option {option}"));
        }
        return options.iter().find_map(|option| refused_at(option, depth + 1, schemas));
    }
    None
}

/// Converts, and checks all that holds of every plain schema.
fn plain(schema: &Value) -> PlainSchema {
    let plain = DataSchema::new(schema.clone()).unwrap().to_plain();
    let value = plain.schema().as_value();
    assert!(jsonschema::draft202012::meta::is_valid(value), "{schema} gives {value}");
    if let Some(reason) = refused(value) {
        panic!("{reason}\n of {schema}\n gives {value}");
    }
    let again = plain.schema().to_plain();
    assert_eq!(again.schema().as_value(), value, "of {schema}");
    assert_eq!(again.changes(), [], "of {value}");
    assert!(!plain.changes().is_empty() || value == schema, "{schema} silently became {value}");
    plain
}

fn made(schema: Value) -> Value {
    plain(&schema).schema().as_value().clone()
}

#[test]
fn the_top_is_an_object() {
    let nothing = json!({"type": "object", "properties": {}});
    for schema in [json!({}), json!(true), json!(false), json!({"type": "object"}), json!({"$ref": "#"})] {
        assert_eq!(made(schema), nothing);
    }
    let text = json!({"type": "string", "title": "Name"});
    let wrapped = json!({"type": "object", "properties": {"value": text}, "required": ["value"]});
    assert_eq!(made(text), wrapped);
    let found = plain(&json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}));
    assert_eq!(
        found.schema().as_value()["properties"]["value"],
        json!({"anyOf": [{"type": "string"}, {"type": "integer"}]})
    );
    assert_eq!(found.from_arguments(json!({"value": 5})), json!(5));
    assert_eq!(found.from_arguments(found.to_arguments(json!("x"))), json!("x"));
    let choice = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}]});
    let a_and_b = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
    assert_eq!(made(choice), a_and_b);
}

#[test]
fn required_names_exist_once() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": false, "c": "x"},
        "required": ["a", "gone", "a", 5, "b", "c"]});
    let plain = plain(&schema);
    assert_eq!(plain.schema().as_value()["required"], json!(["a"]));
    assert!(plain.changes().iter().any(|change| change.rule == Rule::Required));
}

#[test]
fn references_are_put_in_place() {
    let schema = json!({"type": "object", "$defs": {
        "person": {"type": "object", "properties": {"name": {"type": "string"}, "boss": {"$ref": "#/$defs/person"}}},
    }, "properties": {
        "by": {"$ref": "#/$defs/person", "description": "Who."}, "gone": {"$ref": "#/$defs/gone"},
        "key": {"$ref": "schemas/person"}, "all": {"$ref": "#"},
    }});
    let person = json!({"type": "object", "description": "Who.", "properties": {"name": {"type": "string"}, "boss": {}}});
    let expected = json!({"by": person, "gone": {}, "key": {}, "all": {}});
    assert_eq!(made(schema)["properties"], expected);
}

#[test]
fn schemas_by_key_have_their_own_definitions() {
    let person = DataSchema::new(json!({"$defs": {"n": {"type": "integer"}}, "$ref": "#/$defs/n"})).unwrap();
    let task = DataSchema::new(json!({"type": "object", "$defs": {"n": {"type": "string"}}, "properties": {
        "a": {"$ref": "schemas/person"}, "b": {"$ref": "#/$defs/n"}, "c": {"$ref": "schemas/none"},
    }}))
    .unwrap();
    let plain = task.to_plain_with(&|key| (key == "person").then_some(&person));
    let expected = json!({"a": {"type": "integer"}, "b": {"type": "string"}, "c": {}});
    assert_eq!(plain.schema().as_value()["properties"], expected);
    let lines: Vec<String> = plain.changes().iter().map(ToString::to_string).collect();
    let why = "references are not followed by every vendor";
    assert!(lines.contains(&format!("$.properties.a.$ref: put in place, {why}")), "{lines:?}");
    assert!(lines.contains(&format!("$.properties.c.$ref: leads nowhere, left open, {why}")), "{lines:?}");
}

#[test]
fn keywords_become_words() {
    for (schema, expected) in [
        (
            json!({"type": "string", "format": "date"}),
            json!({"type": "string", "description": "Format: date."}),
        ),
        (
            json!({"type": "string", "description": "Who", "referenceCollection": {"key": "users"}}),
            json!({"type": "string", "description": "Who. The id of a record of the data collection `users`."}),
        ),
        (
            json!({"type": "string", "referenceRecords": [{"id": "1", "name": "Ann"}, {"id": 2}], "isSensitive": true}),
            json!({"type": "string", "description": "One of 1 (Ann), 2."}),
        ),
        (
            json!({"type": "string", "enum": ["a", "b"], "allowCustom": true}),
            json!({"type": "string", "description": "For example a, b."}),
        ),
        (
            json!({"type": "integer", "enum": ["1", 2, 2]}),
            json!({"type": "integer", "description": "One of 1, 2."}),
        ),
        (json!({"type": "string", "enum": ["a", "a", 1]}), json!({"type": "string", "enum": ["a", "1"]})),
        (
            json!({"type": "integer", "exclusiveMinimum": 0}),
            json!({"type": "integer", "minimum": 0, "description": "More than 0."}),
        ),
        (json!({"type": "string", "enum": {"$var": "$.x"}}), json!({"type": "string"})),
        (json!({"$var": "$.x"}), json!({})),
        (json!({"enum": ["a", "b"]}), json!({"enum": ["a", "b"], "type": "string"})),
        (json!({"const": "a"}), json!({"type": "string", "enum": ["a"]})),
        (json!({"type": "array"}), json!({"type": "array", "items": {}})),
        (
            json!({"type": "string", "pattern": "^(?=a)b"}),
            json!({"type": "string", "description": "Pattern: ^(?=a)b"}),
        ),
        (
            json!({"type": ["string", "null"], "description": "Who.", "maxLength": 5}),
            json!({"anyOf": [{"type": "string", "maxLength": 5, "description": "Who."}, {"type": "null"}]}),
        ),
        (
            json!({"oneOf": [{"type": "string"}, {"anyOf": [{"type": "string"}, {"type": "number"}]}]}),
            json!({"anyOf": [{"type": "string"}, {"type": "number"}]}),
        ),
        (
            json!({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"required": ["a"]}]}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        ),
    ] {
        let top = json!({"type": "object", "properties": {"x": schema}});
        assert_eq!(made(top.clone())["properties"]["x"], expected, "{top}");
    }
}

#[test]
fn names_are_short_and_led_back() {
    let long = "x".repeat(100);
    let item = json!({"type": "object", "properties": {"@type": {"type": "string"}}});
    let schema = json!({"type": "object", "properties": {
        "filter[id]": {"type": "string"}, "filter_id_": {"type": "string"}, "": {"type": "string"},
        "größe": {"type": "integer"}, (long.clone()): {"type": "string"},
        "rows": {"type": "array", "items": item},
    }, "required": ["filter[id]"]});
    let plain = plain(&schema);
    let made = plain.schema().as_value();
    assert_eq!(made["required"], json!(["filter_id__2"]));
    assert_eq!(made["properties"]["filter_id__2"]["description"], "Stands for `filter[id]`.");
    let own = json!({"filter[id]": "1", "filter_id_": "2", "": "3", "größe": 4, (long): "5", "rows": [{"@type": "6"}]});
    let arguments = plain.to_arguments(own.clone());
    assert!(plain.schema().compile().unwrap().is_valid(&arguments));
    assert_eq!(arguments["rows"][0], json!({"_type": "6"}));
    assert_eq!(plain.from_arguments(arguments), own);
}

#[test]
fn size_is_bounded() {
    let mut deep = json!({"type": "string"});
    for _ in 0..10_000 {
        deep = Value::Object(Map::from_iter([(
            "properties".to_owned(),
            Value::Object(Map::from_iter([("a".to_owned(), deep)])),
        )]));
    }
    let schema = DataSchema::new(deep).unwrap();
    let found = schema.to_plain();
    assert_eq!(refused(found.schema().as_value()), None);
    assert!(found.changes().iter().any(|change| change.rule == Rule::Size));
    // Values this deep cannot be dropped on a small stack.
    std::mem::forget(schema);
    let many: Map<String, Value> =
        (0..20_000).map(|n| (format!("p{n}"), json!({"type": "string"}))).collect();
    assert_eq!(
        made(json!({"type": "object", "properties": many}))["properties"].as_object().unwrap().len(),
        4_999
    );
    let doubling: Map<String, Value> = (0..40)
        .map(|n| {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            (format!("d{n}"), json!({"type": "object", "properties": {"a": next, "b": next}}))
        })
        .collect();
    plain(&json!({"$ref": "#/$defs/d0", "$defs": doubling}));
    let unions: Map<String, Value> = (0..40)
        .map(|n| {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            (
                format!("d{n}"),
                json!({"anyOf": [next, {"items": next}], "oneOf": [{"type": "array", "items": next}, next]}),
            )
        })
        .collect();
    plain(&json!({"$ref": "#/$defs/d0", "$defs": unions}));
}

#[test]
fn what_many_options_share_is_not_read_without_end() {
    let options: Vec<Value> =
        (0..5_000).map(|n| json!({"type": "object", "title": format!("T{n}")})).collect();
    let names = |n: usize| (0..n).map(|n| format!("n{n}"));
    for shared in [
        json!({"properties": names(50_000).map(|name| (name, json!("x"))).collect::<Map<_, _>>()}),
        json!({"required": names(50_000).collect::<Vec<_>>()}),
        json!({"enum": names(50_000).map(|name| json!({"name": name})).collect::<Vec<_>>()}),
        Value::Object(names(50_000).map(|name| (name, json!(1))).collect()),
        json!({"properties": {"p": {"type": "string", "pattern": "\\w{9}".repeat(150)}}}),
    ] {
        let mut schema = shared;
        schema["anyOf"] = json!(options);
        plain(&schema);
    }
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        "",
        "a",
        "b",
        "date-time",
        "#",
        "#/\\$defs/a",
        "#/\\$defs/b",
        "schemas/a",
        "string",
        "\\PC{0,70}"
    ]
    .prop_map(Value::from)
}

/// Names of which no two look alike.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["a", "b", "value", "a b", "ö", "[a-z]{60,70}"]
}

/// Anything under names that mean something.
fn hostile() -> impl Strategy<Value = Value> {
    let keywords: Vec<&'static str> = KEYWORDS
        .iter()
        .copied()
        .chain([
            "$ref",
            "$defs",
            "$var",
            "allOf",
            "oneOf",
            "not",
            "const",
            "additionalProperties",
            "allowCustom",
            "referenceRecords",
            "referenceCollection",
            "isSensitive",
            "readOnly",
            "prefixItems",
            "uniqueItems",
            "examples",
            "exclusiveMinimum",
            "multipleOf",
            "if",
            "id",
            "name",
            "key",
        ])
        .collect();
    let kind = prop_oneof!["object", "array", "string", "number", "integer", "boolean", "null", "file"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..300_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text(),
        kind.prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 128, 6, move |inner| {
        let keyword =
            prop_oneof![prop::sample::select(keywords.clone()).prop_map(str::to_owned), name(), "\\PC{0,3}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((keyword, inner), 0..6)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

/// A schema of the dialect.
fn schema() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(json!({"type": "string"})),
        Just(json!({"type": "string", "format": "date", "isSensitive": true})),
        (0..4_u64, 2..6_u64).prop_map(|(a, b)| json!({"type": "string", "minLength": a, "maxLength": a + b})),
        Just(json!({"type": "string", "pattern": "^[ab]*$"})),
        prop::collection::vec(text(), 0..4).prop_map(|all| json!({"type": "string", "enum": all})),
        prop::collection::vec(text(), 0..4).prop_map(|all| json!({"enum": all, "allowCustom": true})),
        prop::collection::vec(value(), 1..4).prop_map(|all| json!({"enum": all})),
        value().prop_map(|value| json!({"const": value})),
        Just(json!({"type": "integer", "exclusiveMinimum": 0, "multipleOf": 2})),
        Just(json!({"type": "number", "maximum": 2})),
        Just(json!({"type": "integer", "enum": [1, 2, 2]})),
        Just(json!({"type": "boolean", "default": true})),
        Just(json!({"type": ["string", "null"], "minLength": 1})),
        Just(json!({"type": ["integer", "number", "array", "object"], "items": {"type": "string"}})),
        Just(json!({"type": "null"})),
        Just(json!({})),
        Just(json!(true)),
    ];
    scalar.prop_recursive(5, 40, 4, |inner| {
        let object =
            (prop::collection::vec((name(), inner.clone()), 0..4), prop::collection::vec(name(), 0..3))
                .prop_map(|(properties, required)| {
                    let properties: Map<String, Value> = properties.into_iter().collect();
                    json!({"type": "object", "properties": properties, "required": required})
                })
                .boxed();
        prop_oneof![
            object.clone(),
            object,
            inner.clone().prop_map(|items| json!({"type": "array", "items": items, "maxItems": 3})),
            prop::collection::vec(inner.clone(), 1..3)
                .prop_map(|all| json!({"type": "array", "prefixItems": all})),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|all| json!({"anyOf": all, "title": "T"})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"oneOf": all})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
            (inner.clone(), inner)
                .prop_map(|(a, b)| json!({"$ref": "#/$defs/a", "$defs": {"a": a}, "not": b})),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1..5_i64).prop_map(Value::from),
        Just(json!(0.5)),
        "[ab]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

/// Data made for a schema, so that it often fits.
fn sample(schema: &Value, seed: &Value) -> Value {
    match (schema["type"].as_str(), seed) {
        (Some("object"), Value::Object(fields)) => {
            let properties = schema["properties"].as_object().unwrap();
            let named = properties.iter().zip(fields.values().cycle());
            let made = named.map(|((name, property), seed)| (name.clone(), sample(property, seed)));
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let rest = required.map(|name| (name.to_owned(), json!("a")));
            Value::Object(rest.chain(made).collect())
        }
        (Some("array"), Value::Array(items)) => {
            items.iter().take(3).map(|item| sample(&schema["items"], item)).collect()
        }
        (Some("integer"), _) => json!(2),
        (Some("number"), _) => json!(0.5),
        (Some("boolean"), _) => json!(true),
        (Some("null"), _) => Value::Null,
        (Some("string"), _) => schema["enum"].get(0).cloned().unwrap_or_else(|| json!("aa")),
        _ => match ["anyOf", "oneOf", "allOf"].iter().find_map(|keyword| schema[*keyword].as_array()) {
            Some(options) => sample(&options[options.len() - 1], seed),
            None => schema["const"].as_str().map_or_else(|| seed.clone(), Value::from),
        },
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_schema_becomes_plain(schema in hostile().prop_filter("a schema", |value| value.is_object() || value.is_boolean())) {
        plain(&schema);
    }

    #[test]
    fn what_fitted_still_fits(schema in schema(), seed in value()) {
        let plain = plain(&schema);
        let Ok(own) = DataSchema::new(schema.clone()).unwrap().compile() else { return Ok(()) };
        let validator = plain.schema().compile().unwrap();
        let strict = jsonschema::draft202012::new(plain.schema().as_value()).unwrap();
        for value in [sample(&schema, &seed), seed] {
            let arguments = plain.to_arguments(value.clone());
            let is_object = arguments.is_object();
            if own.is_valid(&value) && is_object {
                assert!(validator.is_valid(&arguments), "{value} of {schema}\nin {}", plain.schema().as_value());
                assert!(has_null(&value) || strict.is_valid(&arguments), "{value} of {schema}\nin {}", plain.schema().as_value());
            }
            assert_eq!(plain.from_arguments(arguments), value);
        }
    }
}
