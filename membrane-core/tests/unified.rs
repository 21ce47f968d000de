//! Unified models against Membrane's own, and mappings against those real workspaces have.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use membrane_core::Locator;
use membrane_core::formula::FormulaKind;
use membrane_core::unified::{UnifiedFields, UnifiedModel};
use serde_json::{Map, Value, json};

/// What lies beside the checkout, where it is at hand.
fn shared(path: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../../shared", "../../../shared"].map(|place| here.join(place).join(path));
    let found = places.into_iter().find(|place| place.exists());
    if found.is_none() {
        println!("skipped: no {path}");
    }
    found
}

#[test]
fn models_have_membrane_s_fields() {
    let Some(path) = shared("reference/connectors.md") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("\n## 8.").nth(1).unwrap().split("\n## 9.").next().unwrap();
    let (mut models, mut fields) = (0, 0);
    let mut all = UnifiedModel::all();
    for section in text.split("\n#### `").skip(1) {
        let (key, rest) = section.split_once('`').unwrap();
        let count: usize = rest.split("— ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        let model = UnifiedModel::find(key).unwrap();
        assert_eq!(all.next().unwrap().key, key, "the order");
        let ours = model.schema.as_value()["properties"].as_object().unwrap();
        assert_eq!(ours.len(), count, "{key}");
        let mut ours = ours.iter();
        for line in rest.lines().filter_map(|line| line.strip_prefix("- `")) {
            let (name, wanted) = line.split_once("`: ").unwrap();
            let (our_name, schema) = ours.next().unwrap();
            assert_eq!(our_name, name, "{key}");
            same_schema(schema, wanted, &format!("{key}.{name}"));
            fields += 1;
        }
        let list = |name: &str| -> Vec<String> {
            let line = rest.lines().find_map(|line| line.strip_prefix(&format!("- *{name}*: ")));
            line.into_iter().flat_map(|line| line.split(", ")).map(str::to_owned).collect()
        };
        assert_eq!(model.filter_fields, list("list.filterFields"), "{key}");
        assert_eq!(model.match_fields, list("match.fields"), "{key}");
        assert_eq!(model.query_fields, list("find.queryFields"), "{key}");
        assert_eq!(model.create_fields, list("create.fields"), "{key}");
        assert_eq!(model.update_fields, list("update.fields"), "{key}");
        assert_eq!(model.categories, list("connector categories"), "{key}");
        let others: Vec<String> =
            model.fallback_models.iter().map(|fallback| fallback.key.to_owned()).collect();
        assert_eq!(others, list("falls back to models"), "{key}");
        let derived = rest.lines().find_map(|line| line.strip_prefix("- *derivable fields*: "));
        let derived = derived.into_iter().flat_map(|line| line.split("; `"));
        let derived = derived.filter(|one| !one.contains("upstream slip"));
        let derived: Vec<String> = derived
            .map(|one| format!("$.{}", one.trim_start_matches('`').split('`').next().unwrap()))
            .collect();
        let ours: Vec<String> = model.derivable_fields().collect();
        let times = ["$.dueTime", "$.startTime", "$.endTime"].map(str::to_owned).to_vec();
        assert_eq!(ours, if rest.contains("code hook") { times } else { derived }, "{key}");
        models += 1;
    }
    assert_eq!((models, all.next().is_none()), (43, true));
    println!("{models} models, {fields} fields");
    assert_eq!(fields, 696);
}

/// Holds a schema against its short notation: `string(date-time) enum[a, b] →model [read-only]`.
fn same_schema(schema: &Value, wanted: &str, what: &str) {
    let (wanted, is_read_only) = match wanted.strip_suffix(" [read-only]") {
        Some(rest) => (rest, true),
        None => (wanted, false),
    };
    assert_eq!(schema.get("readOnly") == Some(&json!(true)), is_read_only, "{what}");
    if let Some(inner) = wanted.strip_prefix("array<").and_then(|rest| rest.strip_suffix('>')) {
        assert_eq!(schema["type"], "array", "{what}");
        if inner == "any" {
            assert_eq!(schema.get("items"), None, "{what}");
        } else {
            same_schema(&schema["items"], inner, what);
        }
        return;
    }
    if let Some(inner) = wanted.strip_prefix("object{").and_then(|rest| rest.strip_suffix('}')) {
        let properties = schema["properties"].as_object().unwrap();
        let mut depth = 0;
        let wanted: Vec<&str> = inner
            .split(|c| {
                depth += i32::from(matches!(c, '[' | '{' | '<')) - i32::from(matches!(c, ']' | '}' | '>'));
                c == ',' && depth == 0
            })
            .collect();
        assert_eq!(properties.len(), wanted.len(), "{what}");
        for ((name, schema), wanted) in properties.iter().zip(wanted) {
            let (wanted_name, wanted) = wanted.trim().split_once(": ").unwrap();
            assert_eq!(name, wanted_name, "{what}");
            same_schema(schema, wanted, &format!("{what}.{name}"));
        }
        return;
    }
    let (wanted, reference) = match wanted.split_once(" →") {
        Some((rest, reference)) => (rest, Some(reference)),
        None => (wanted, None),
    };
    assert_eq!(schema.get("referenceUdm").and_then(Value::as_str), reference, "{what}");
    let (wanted, values) = match wanted.split_once(" enum[") {
        Some((rest, values)) => (rest, Some(values.trim_end_matches(']').split(", ").collect::<Vec<_>>())),
        None => (wanted, None),
    };
    assert_eq!(schema.get("enum"), values.map(|values| json!(values)).as_ref(), "{what}");
    let (kind, format) = match wanted.split_once('(') {
        Some((kind, format)) => (kind, Some(format.trim_end_matches(')'))),
        None => (wanted, None),
    };
    assert_eq!(
        schema.get("type").and_then(Value::as_str),
        Some(kind).filter(|kind| *kind != "any"),
        "{what}"
    );
    assert_eq!(schema.get("format").and_then(Value::as_str), format, "{what}");
}

/// Field mappings and actions of a real workspace, by integration.
fn workspace(folder: &str) -> Option<BTreeMap<String, BTreeMap<String, Value>>> {
    let root = shared("workspaces/bidirectional-sync/membrane/integrations")?;
    let mut found = BTreeMap::new();
    for integration in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let mut elements = BTreeMap::new();
        for element in std::fs::read_dir(integration.join(folder)).into_iter().flatten() {
            let path = element.unwrap().path();
            let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(path.join("spec.yaml")).unwrap();
            elements.insert(name(&path), serde_saphyr::from_str(&text).unwrap());
        }
        found.insert(integration.file_name().unwrap().to_string_lossy().into_owned(), elements);
    }
    Some(found)
}

#[test]
fn real_imports_are_filled_as_membrane_fills_them() {
    let Some(mappings) = workspace("field-mappings") else { return };
    let (mut mapped, mut added) = (0, 0);
    for (integration, mappings) in mappings {
        for (model, mapping) in mappings {
            let Some(import) = mapping.get("importValue").and_then(Value::as_object) else { continue };
            let what = format!("{model} of {integration}");
            let model = UnifiedModel::find(&model).unwrap();
            let fill = |fields: &Map<String, Value>| model.fill(Value::Object(fields.clone())).unwrap();
            assert_eq!(&fill(import), &mapping["importValue"], "nothing is added to {what}");
            // Takes away what Membrane added at the end; it must come back in the same order.
            let mut author = import.clone();
            while let Some((name, value)) = author.iter().next_back().map(|(n, v)| (n.clone(), v.clone())) {
                let mut rest = author.clone();
                rest.shift_remove(&name);
                let is_reference = FormulaKind::of(&value).is_some_and(|(kind, _)| kind == FormulaKind::Var);
                if is_reference || fill(&rest).get(&name) != Some(&value) {
                    break;
                }
                author = rest;
                added += 1;
            }
            assert_eq!(fill(&author).to_string(), mapping["importValue"].to_string(), "{what}");
            mapped += 1;
        }
    }
    println!("{mapped} mappings, {added} fields added");
    assert!(mapped > 40 && added > 60);
}

#[test]
fn real_exports_are_rebased_as_membrane_rebases_them() {
    let (Some(mappings), Some(actions)) = (workspace("field-mappings"), workspace("actions")) else { return };
    let (mut same, mut different) = (0, Vec::new());
    for (integration, actions) in actions {
        for action in actions.values() {
            let Some(unified) = action.pointer("/config/fieldMapping/defaultUnifiedValue") else { continue };
            let Some(derived) = action.pointer("/config/fieldMapping/defaultValue") else { continue };
            let key = action.pointer("/config/dataSource/key").and_then(Value::as_str).unwrap();
            let Some(export) = mappings[&integration].get(key).and_then(|mapping| mapping.get("exportValue"))
            else {
                continue;
            };
            let model = UnifiedModel::find(key).unwrap();
            let fields = UnifiedFields::new(model, None, Some(export.clone())).unwrap();
            let rebased = fields.rebase(unified).unwrap().unwrap();
            // The mapping shows what can be written only, so fields are compared one by one.
            for (name, value) in rebased.as_object().unwrap() {
                let place = Locator::root().property(name);
                if place.at(derived) == Some(value) {
                    same += 1;
                } else {
                    different.push(format!("{integration}.{name}: {value}, not {:?}", place.at(derived)));
                }
            }
        }
    }
    println!("{same} fields the same, {} not:\n{}", different.len(), different.join("\n"));
    assert!(same > 200);
    assert!(different.len() <= 3);
}
