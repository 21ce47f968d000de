//! The data language against case files: our own, and recorded ones where they are at hand.

// The example and this test use different parts of the runner.
#![allow(dead_code, clippy::unwrap_used)]

#[path = "../examples/conformance/cases.rs"]
mod cases;
#[path = "../examples/conformance/functions.rs"]
mod functions;
#[path = "../examples/conformance/schemas.rs"]
mod schemas;

use std::path::{Path, PathBuf};

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

fn failures(folder: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    assert!(!files.is_empty());
    let mut failed = Vec::new();
    for file in files {
        for (n, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let is_evaluated = cfg!(feature = "jsonata") || !line.contains("$jsonata");
            if let (true, Err(difference)) = (is_evaluated, cases::run(line)) {
                failed.push(format!("{}:{}: {difference}", file.display(), n + 1));
            }
        }
    }
    failed
}
