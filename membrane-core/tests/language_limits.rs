//! Hostile input: deep, long and self-multiplying. Everything must end soon, with a value or an error.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use membrane_core::formula::{AnyFilter, transform_variables, variable_places};
use membrane_core::mapping::{ActionMapping, FieldMapping, rebase_config};
use membrane_core::unified::{UnifiedFields, UnifiedModel};
use membrane_core::{DataSchema, ErrorKind, Filter, Formula, Locator, Vars};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use serde_json::{Map, Value, json};

/// Twenty times what an optimised build on a free machine may take.
const SOON: Duration = Duration::from_secs(20);

fn soon<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
    result
}

fn nested(levels: usize, wrap: impl Fn(Value) -> Value) -> Value {
    (0..levels).fold(json!(1), |inner, _| wrap(inner))
}

// `json!` would copy what it wraps, level by level.
fn list(inner: Value) -> Value {
    Value::Array(vec![inner])
}

fn object(key: &str, inner: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), inner)]))
}

#[test]
fn deep_formulas_and_schemas_are_refused() {
    let wraps: [fn(Value) -> Value; 5] = [
        list,
        |inner| object("a", inner),
        |inner| object("$and", list(inner)),
        |inner| object("$plain", inner),
        |inner| object("$case", list(object("filter", inner))),
    ];
    for wrap in wraps {
        let deep = nested(10_000, wrap);
        let error = Formula::parse(&deep).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.message().contains("levels"), "{error}");
        assert!(AnyFilter::parse(&deep).is_err() || deep.is_array());
        let _ = (transform_variables(&deep, &json!({})), variable_places(&deep));
        let schema = DataSchema::from_value(&deep);
        assert!(schema.compile().is_err());
        // Values this deep cannot be dropped on a small stack.
        std::mem::forget((deep, schema));
    }
}

#[test]
fn deep_variables_are_refused() {
    let deep = nested(10_000, |inner| object("a", inner));
    for formula in
        [json!({"$var": "$"}), json!({"$concat": [{"$var": "a"}, "x"]}), json!([{"$var": "a.a.a"}])]
    {
        let _ = Formula::parse(&formula).unwrap().build(&deep);
    }
    let error = Formula::parse(&json!({"$var": "a"})).unwrap().try_build(&Vars::from(&deep)).unwrap_err();
    assert!(error.message().contains("deeper"), "{error}");
    let filter = Filter::parse(&json!([{"field": "a.a", "operator": "contains", "value": "x"}])).unwrap();
    assert!(!filter.matches(&deep));
    assert!(DataSchema::any().compile().unwrap().validate(&deep).is_err());
    std::mem::forget(deep);
}

/// Sixteen definitions, each of which tries the next four times, in the way it is told.
fn doubling(wrap: impl Fn(Value) -> Value, times: usize, last: usize) -> DataSchema {
    let mut definitions: Map<String, Value> = (0..last)
        .map(|n| (format!("d{n}"), wrap(json!(vec![json!({"$ref": format!("#/$defs/d{}", n + 1)}); times]))))
        .collect();
    definitions.insert(format!("d{last}"), json!({"type": "integer"}));
    DataSchema::new(json!({"$defs": definitions, "$ref": "#/$defs/d0"})).unwrap()
}

#[test]
fn references_of_a_schema_cannot_multiply() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let schema = doubling(|next| json!({keyword: next}), 4, 15);
        let error = soon(keyword, || schema.compile()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains("more than 5000 schemas on one value"), "{error}");
        assert!(error.context_value("place").unwrap().starts_with("$.$defs.d"), "{error}");
    }
    let wraps: [fn(Value) -> Value; 3] = [
        |next| json!({"allOf": next.as_array().unwrap().iter().map(|next| json!({"not": next})).collect::<Vec<_>>()}),
        |next| json!({"anyOf": next.as_array().unwrap().iter().map(|next| json!({"items": next})).collect::<Vec<_>>()}),
        |next| {
            let next = next.as_array().unwrap().iter().map(|next| json!({"properties": {"a": next}}));
            json!({"allOf": next.collect::<Vec<_>>()})
        },
    ];
    for wrap in wraps {
        assert!(soon("compile", || doubling(wrap, 4, 15).compile()).is_err());
    }
    // Few, or on places of their own: no harm.
    assert!(doubling(|next| json!({"allOf": next}), 4, 5).compile().unwrap().is_valid(&json!(1)));
    let apart = |next: Value| json!({"properties": {"a": next[0], "b": next[1], "c": next[2], "d": next[3]}});
    assert!(doubling(apart, 4, 15).compile().is_ok());
    assert!(doubling(|next| next[0].clone(), 1, 200).compile().unwrap().is_valid(&json!(1)));

    let error = doubling(|next| next[0].clone(), 1, 10_000).compile().unwrap_err();
    assert!(error.message().contains("on and on"), "{error}");
    let round = json!({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}});
    let error = DataSchema::new(round).unwrap().compile().unwrap_err();
    assert!(error.message().contains("refers to itself without going into the data"), "{error}");
    let hidden = json!({"const": {"allOf": [{"$ref": "#"}]}, "items": {"$ref": "#/const"}});
    assert!(DataSchema::new(hidden).unwrap().compile().unwrap_err().message().contains("leads to no schema"));
}

#[test]
fn recursion_of_a_schema_cannot_multiply() {
    let branch = json!({"properties": {"a": {"$ref": "#/$defs/t"}, "b": {"type": "integer"}}});
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let schema = json!({"$defs": {"t": {keyword: [branch, branch]}}, "$ref": "#/$defs/t"});
        let schema = DataSchema::new(schema).unwrap().compile().unwrap();
        let data = |last| nested_in(100, json!({ "b": last }));
        let _ = soon(keyword, || (schema.is_valid(&data(json!(1))), schema.validate(&data(json!(1)))));
        assert!(soon(keyword, || schema.validate(&data(json!("x")))).is_err());
    }
}

fn nested_in(levels: usize, last: Value) -> Value {
    (0..levels).fold(last, |inner, _| object("a", inner))
}

#[test]
fn formulas_cannot_multiply_their_input() {
    let rows = json!({"rows": vec![json!({"a": "x".repeat(100)}); 2000], "text": "y".repeat(500_000)});
    let inner = |item: Value| json!({"$iterate": {"source": {"$var": "parent.rows"}, "item": item}});
    let top = |item: Value| json!({"$iterate": {"source": {"$var": "rows"}, "item": item}});
    let doubling: Map<String, Value> = (0..40)
        .map(|n| {
            (
                format!("k{n}"),
                if n == 0 {
                    json!([1])
                } else {
                    json!([{"$copy": format!("k{}", n - 1)}, {"$copy": format!("k{}", n - 1)}])
                },
            )
        })
        .collect();
    let slots: Map<String, Value> =
        (0..40).map(|n| (format!("s{n}"), json!(format!("{{s{0}}}{{s{0}}}", n + 1)))).collect();
    for formula in [
        top(inner(json!(1))),
        top(json!({"$var": "$"})),
        top(json!({"$eval": {"$var": "item"}, "oneOf": {"$var": "parent.rows"}})),
        top(json!({"$concat": [{"$var": "parent.text"}]})),
        top(json!({"$tpl": {"template": "{a.}{a}", "values": {"a": {"$var": "parent.text"}, "a.": "x"}}})),
        json!({"$tpl": {"template": "{s0}", "values": slots}}),
        json!({"$tpl": {"template": format!("{{{}", "a".repeat(4_000)), "values": {"(a*)*(?=b)": 1}}}),
        json!({"$tpl": {"template": format!("{{{}", "a".repeat(500_000)), "values": {".*(?=b)\\1": 1}}}),
        json!({"$tpl": {"template": "{a}".repeat(1_500), "values": {"(?=a).*?": "{a}"}}}),
        json!({"$tpl": {"template": "{a}", "values": {"((?=a)a{1000}){1000}": 1, "(?:(?=a){9}){9}": 1}}}),
        Value::Object(doubling),
    ] {
        let formula = Formula::parse(&formula).unwrap();
        let _ = soon(&formula.source().to_string().chars().take(100).collect::<String>(), || {
            formula.try_build(&Vars::from(&rows))
        });
    }
}

#[test]
fn a_megabyte_is_read_soon() {
    let long = "a.".repeat(500_000);
    let names: Vec<String> = (0..50_000).map(|n| format!("n{n}")).collect();
    let properties: Map<String, Value> =
        names.iter().map(|name| (name.clone(), json!({"type": "string"}))).collect();
    let schema =
        DataSchema::new(json!({"type": "object", "properties": properties, "required": names})).unwrap();
    let samples: Vec<Value> = names.iter().map(|name| json!({name: 1})).collect();
    let values: Vec<u32> = (0..100_000).collect();
    soon("locator", || Locator::parse(&long)).unwrap_err();
    soon("compile", || schema.compile().unwrap().is_valid(&json!({})));
    soon("merge", || DataSchema::merge([&schema, &schema]));
    soon("missing", || schema.missing(&json!({})).len());
    soon("samples", || DataSchema::from_samples(&samples));
    soon("name", || Formula::parse(&json!({"$lastName": long})).unwrap().build(&json!({})));
    soon("name", || {
        Formula::parse(&json!({"$firstName": "a , ".repeat(250_000)})).unwrap().build(&json!({}))
    });
    soon("date", || {
        Formula::parse(&json!({"$extractDate": "(".repeat(1_000_000)})).unwrap().build(&json!({}))
    });
    let filter =
        Filter::parse(&json!([{"field": "rows", "operator": "is_not_one_of", "value": values}])).unwrap();
    soon("filter", || filter.matches(&json!({"rows": values})));
    let filter = Filter::parse(&json!([{"field": "r.k", "operator": "is_one_of", "value": values}])).unwrap();
    let rows = json!({"r": vec![json!({"k": "1"}); 50_000]});
    assert!(!soon("fan out", || filter.matches(&rows)));
}

/// Each of these took seconds to minutes before its work was counted.
#[test]
fn work_is_counted_before_it_is_done() {
    let too_much = "too much work";
    let fields: Map<String, Value> = (0..100_000).map(|n| (format!("f{n}"), json!(n))).collect();
    let comparisons = Value::Array(vec![json!({"$eval": {"$var": "$"}, "is": 1}); 30_000]);
    let fields = Value::Object(fields);
    let error = soon("comparisons", || transform_variables(&comparisons, &fields)).unwrap_err();
    assert!(error.message().contains(too_much), "{error}");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    let variables = Value::Array(vec![json!({"$var": "x"}); 20_000]);
    for long in [json!("x".repeat(100_000)), json!({"$var": "x".repeat(100_000)}), fields] {
        let error = soon("variables", || transform_variables(&variables, &json!({"x": long}))).unwrap_err();
        assert!(error.message().contains(too_much), "{error}");
    }

    let absent = json!({"$var": "$.zz"});
    let names: Map<String, Value> = (0..70_000).map(|n| (format!("f{n}"), absent.clone())).collect();
    for kept in [Value::Array(vec![absent.clone(); 70_000]), Value::Object(names)] {
        let formula = Formula::parse(&json!({"$formula": kept})).unwrap();
        let error = soon("kept", || formula.try_build(&Vars::new())).unwrap_err();
        assert!(error.message().contains(too_much), "{error}");
    }
    let kept = Formula::parse(&json!({"$formula": {"a": vec![absent; 2_001], "b": 1}})).unwrap();
    assert_eq!(kept.build(&json!({})).unwrap()["b"], 1, "what is short is built as ever");

    let copies = Formula::parse(&Value::Array(vec![json!({"$copy": "$.zz"}); 70_000])).unwrap();
    let error = soon("copies", || copies.try_build(&Vars::new())).unwrap_err();
    assert!(error.message().contains("too much data"), "{error}");
}

#[test]
fn patterns_of_templates_are_counted_together() {
    let template = |count: usize, size: usize| {
        let values: Map<String, Value> =
            (0..count).map(|n| (format!("{n:04}.{}", "a".repeat(size)), json!(n))).collect();
        Formula::parse(&json!({"mail": {"$tpl": {"template": "{0000.a}", "values": values}}}))
    };
    let error = soon("patterns", || template(990, 4_000)).unwrap_err();
    assert_eq!(
        error.message(),
        "formula at $.mail.$tpl: has more than 65536 bytes of slots that are regular expressions"
    );
    assert_eq!(error.context_value("place"), Some("$.mail.$tpl"));
    assert!(template(16, 4_000).is_ok() && template(17, 4_000).is_err());
    let words: Map<String, Value> =
        (0..990).map(|n| (format!("{n}{}", "a".repeat(4_000)), json!(n))).collect();
    assert!(Formula::parse(&json!({"$tpl": {"template": "", "values": words}})).is_ok());
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("$var"),
        Just("$concat"),
        Just("$case"),
        Just("$map"),
        Just("$iterate"),
        Just("$tpl"),
        Just("$eval"),
        Just("$copy"),
        Just("$formula"),
        Just("$mergeObjects"),
        Just("$lookup"),
        Just("$extractDate"),
        Just("$firstName"),
        Just("source"),
        Just("item"),
        Just("values"),
        Just("template"),
        Just("cases"),
        Just("filter"),
        Just("value"),
        Just("mapping"),
        Just("from"),
        Just("to"),
        Just("is"),
        Just("field"),
        Just("operator"),
        Just("type"),
        Just("a"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof!["a", "\\$", "item\\.a", "a\\[0\\]", "is", "\\{a\\}", "\\PC{0,8}"].prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_json_is_a_formula_or_an_error(value in any_json(), vars in any_json()) {
        if let Ok(formula) = Formula::parse(&value) {
            let _ = formula.build(&vars);
            assert_eq!(serde_json::to_value(&formula).unwrap(), value);
            assert_eq!(serde_json::from_value::<Formula>(value.clone()).unwrap(), formula);
            let _ = formula.schema(&DataSchema::from_value(&vars));
        }
        let _ = transform_variables(&value, &vars);
    }

    #[test]
    fn any_json_is_a_filter_or_an_error(value in any_json(), data in any_json()) {
        if let Ok(filter) = Filter::parse(&value) {
            let _ = filter.matches(&data);
            assert_eq!(Filter::parse(&filter.to_value()).unwrap(), filter);
        }
        let _ = Filter::from_fields(&value).map(|filter| filter.matches(&data));
    }

    #[test]
    fn any_json_is_a_schema_or_an_error(value in any_json(), data in any_json()) {
        let schema = DataSchema::from_value(&data);
        // Not always valid: a merged schema forgets samples without a type, as the rules have it.
        let _ = schema.compile().unwrap().is_valid(&data);
        if let Ok(other) = DataSchema::new(value) {
            let _ = (DataSchema::merge([&schema, &other]), other.clone().with_titles(), other.missing(&data));
            let _ = other.compile().map(|validator| validator.validate(&data));
        }
    }

    #[test]
    fn what_was_written_is_read(value in any_json(), path in "[a-c](\\.[a-c]|\\[[0-3]\\]){0,4}") {
        let locator = Locator::parse(&path).unwrap();
        let mut target = Value::Null;
        locator.write(&mut target, Some(value.clone()));
        assert_eq!(locator.at(&target), Some(&value));
        assert_eq!(locator.take(&mut target), Some(value));
        assert_eq!(locator.at(&target), Some(&Value::Null));
    }
}

#[test]
fn deep_mappings_are_refused() {
    for depth in [600, 10_000] {
        let deep = nested(depth, |inner| object("fullName", inner));
        let users = UnifiedModel::find("users").unwrap();
        let fields = UnifiedFields::new(users, None, Some(json!({"name": {"$var": "fullName"}}))).unwrap();
        for error in [
            fields.rebase(&deep).unwrap_err(),
            fields.native_filter(&deep).unwrap_err(),
            fields.rebase_filter(&deep).unwrap_err(),
            FieldMapping::parse(&deep).unwrap_err(),
            ActionMapping::new(&deep, None, None).unwrap_err(),
            rebase_config(&deep, &fields).unwrap_err(),
        ] {
            assert!(error.message().contains("levels"), "{error}");
        }
        std::mem::forget(deep);
    }
}

#[test]
fn long_records_map_in_no_time() {
    let to: Map<String, Value> =
        (0..2_000).map(|n| (format!("field{n}"), json!({"$var": format!("custom{n}")}))).collect();
    let record: Map<String, Value> = (0..2_000).map(|n| (format!("custom{n}"), json!(n))).collect();
    let record = Value::Object(record);
    let users = UnifiedModel::find("users").unwrap();
    let fields = UnifiedFields::new(users, None, Some(Value::Object(to))).unwrap();
    let native = soon("mapping", || fields.native(record.clone())).unwrap();
    assert_eq!(native["field1999"], 1999);
    assert_eq!(soon("filtering", || fields.native_filter(&record)).unwrap(), Some(native));
}

/// Fields of people and activities, and a few others.
fn any_record() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "fullName",
        "firstName",
        "lastName",
        "primaryEmail",
        "emails",
        "phones",
        "addresses",
        "primaryAddress",
        "dueTime",
        "startTime",
        "endTime",
        "\\$var",
    ];
    prop::collection::vec((name, any_json()), 0..6)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_record_is_mapped_or_an_error(record in any_record(), other in any_record(), to in any_json()) {
        for model in ["contacts", "activities"].map(|key| UnifiedModel::find(key).unwrap()) {
            let filled = model.fill(record.clone()).unwrap();
            for (name, value) in record.as_object().unwrap() {
                let may_grow = name == "primaryAddress" || name.ends_with("Time");
                assert!(may_grow || filled.get(name) == Some(value), "{record} {filled}");
            }
            let _ = model.fill_record(record.clone());
            for to in [&to, &other] {
                let Ok(fields) = UnifiedFields::new(model, Some(to.clone()), Some(to.clone())) else { continue };
                let _ = (fields.native(record.clone()), fields.rebase(&record));
                let _ = (fields.native_filter(&record), fields.rebase_filter(&record));
                let config = json!({"fieldMapping": other, "unifiedFilter": record});
                if let Ok(mapping) = ActionMapping::new(&config, None, Some(fields)) {
                    let _ = (mapping.import(record.clone()), mapping.export(&config), mapping.filter(&config));
                }
            }
        }
        let config = json!({"fieldMapping": {"importValue": to, "exportValue": other, "input": record}});
        if let Ok(mapping) = ActionMapping::new(&config, None, None) {
            let _ = (mapping.import(record.clone()), mapping.export(&config));
        }
    }
}
