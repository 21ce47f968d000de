//! The data language against case files: our own, and recorded ones where they are at hand.

// The example and this test use different parts of the runner.
#![allow(dead_code, clippy::unwrap_used)]

#[path = "../examples/conformance/cases.rs"]
mod cases;
#[path = "../examples/conformance/functions.rs"]
mod functions;
#[path = "../examples/conformance/schemas.rs"]
mod schemas;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use membrane_core::Operator;
use membrane_core::formula::FormulaKind;
use serde_json::Value;

#[test]
fn our_cases() {
    let failed = failures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn recorded_cases() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../../shared/cases", "../../../shared/cases"].map(|place| here.join(place));
    let Some(place) = places.iter().find(|place| place.is_dir()) else {
        println!("skipped: no recorded cases");
        return;
    };
    let failed = failures(place);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn examples_of_the_formula_reference() {
    let page = include_str!("../src/formula/REFERENCE.md");
    let mut named = HashSet::new();
    for section in page.split("\n### ").skip(1) {
        let (heading, _) = section.split_once('\n').unwrap();
        let examples = examples(section);
        for name in heading.split('`').skip(1).step_by(2) {
            let is_shown = |example: &Value| example["formula"].to_string().contains(&format!("\"{name}\""));
            assert!(examples.iter().any(is_shown), "no example of {name}");
            named.insert(FormulaKind::from_key(name).unwrap());
        }
    }
    assert_eq!(named.len(), 25);

    let compared: HashSet<String> = examples(page)
        .iter()
        .filter_map(|example| example["formula"].as_object())
        .filter(|formula| formula.contains_key("$eval"))
        .filter_map(|formula| formula.keys().nth(1).cloned())
        .collect();
    assert_eq!(compared.len(), 12);
    hold(&examples(page));
}

#[test]
fn examples_of_the_filter_reference() {
    let examples = examples(include_str!("../src/filter/REFERENCE.md"));
    let operators: HashSet<_> = examples
        .iter()
        .flat_map(|example| example["filter"].as_array().unwrap())
        .map(|condition| Operator::from_name(condition["operator"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(operators.len(), 16);
    hold(&examples);
}

/// The cases in the JSON blocks of a page.
fn examples(page: &str) -> Vec<Value> {
    let blocks = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks
        .flat_map(|block| serde_json::Deserializer::from_str(block).into_iter().map(Result::unwrap))
        .collect()
}

fn hold(examples: &[Value]) {
    for line in examples.iter().map(Value::to_string) {
        assert_eq!(cases::run(&line), Ok(()), "{line}");
    }
}

fn failures(folder: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    assert!(!files.is_empty());
    let mut failed = Vec::new();
    for file in files {
        for (n, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            if let Err(difference) = cases::run(line) {
                failed.push(format!("{}:{}: {difference}", file.display(), n + 1));
            }
        }
    }
    failed
}
