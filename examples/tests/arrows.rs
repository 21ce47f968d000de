//! The arrows of ARCHITECTURE.md, held: which crate may see which, and within the core which module.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// What each crate may depend on (not counting tests), besides what comes from outside.
fn allowed(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "membrane-core" => &[],
        "membrane-engine" => &["membrane-core"],
        "membrane-client" => &["membrane-core", "membrane-engine"],
        "membrane-server" => &["membrane-core", "membrane-engine"],
        "membrane-cli" => {
            &["membrane-client", "membrane-connectors", "membrane-core", "membrane-engine", "membrane-server"]
        }
        "membrane-testkit" => &["membrane-core", "membrane-engine"],
        "membrane-examples" | "membrane-benches" => return None,
        app if app.starts_with("membrane-connector-") => &["membrane-core"],
        "membrane-connectors" => return None,
        other => panic!("`{other}` is new: say here what it may depend on"),
    })
}

fn packages() -> Vec<Package> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata runs");
    metadata.packages
}

fn dependencies(package: &Package) -> BTreeSet<String> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.clone())
        .collect()
}

#[test]
fn crates_point_down_only() {
    for package in packages() {
        let ours = dependencies(&package).into_iter().filter(|name| name.starts_with("membrane-"));
        let name = package.name.to_string();
        match allowed(&name) {
            Some(allowed) => {
                for dependency in ours {
                    assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
                }
            }
            None if name == "membrane-connectors" => {
                for dependency in ours {
                    let is_app = dependency.starts_with("membrane-connector-");
                    assert!(
                        is_app || dependency == "membrane-core",
                        "{name} must not depend on {dependency}"
                    );
                }
            }
            None => {}
        }
    }
}

#[test]
fn the_core_does_nothing_by_itself() {
    let core =
        packages().into_iter().find(|package| package.name.as_str() == "membrane-core").expect("the core");
    let known = dependencies(&core);
    for forbidden in ["tokio", "reqwest", "sqlx", "hyper", "axum", "tower", "rustls", "uuid"] {
        assert!(!known.contains(forbidden), "membrane-core must not depend on {forbidden}");
    }
}

/// The number of each module of the core; it imports smaller numbers only.
const LEVELS: &[(&str, u8)] = &[
    ("error", 0),
    ("escape", 0),
    ("id", 0),
    ("page", 0),
    ("secret", 0),
    ("locator", 1),
    ("schema", 2),
    ("filter", 3),
    ("formula", 4),
    ("unified", 5),
    ("mapping", 6),
    ("element", 7),
    ("connector", 8),
    ("universal", 9),
    ("file", 10),
    ("workspace", 11),
    ("op", 12),
];

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn modules_of_the_core_import_smaller_numbers_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../membrane-core/src");
    let levels: BTreeMap<&str, u8> = LEVELS.iter().copied().collect();
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 20, "the core is not where this test looks for it");
    for file in files {
        let relative = file.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
        let module = relative.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let level = *levels.get(module.as_str()).unwrap_or_else(|| panic!("module `{module}` has no number"));
        let text = std::fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                let used: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                let Some(&other) = levels.get(used.as_str()) else { continue };
                let fits = other < level || used == module || (other == 0 && level == 0);
                assert!(fits, "{relative}: `{module}` ({level}) must not import `{used}` ({other})");
            }
        }
    }
}

#[test]
fn files_stay_readable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for package in packages() {
        let folder = Path::new(package.manifest_path.as_str()).parent().expect("a folder").to_owned();
        let mut files = Vec::new();
        for part in ["src", "tests", "examples", "benches"] {
            if folder.join(part).is_dir() {
                sources(&folder.join(part), &mut files);
            }
        }
        for file in files {
            let lines = std::fs::read_to_string(&file).expect("a source file").lines().count();
            let shown = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
            assert!(lines <= 800, "{shown} has {lines} lines: find the two things inside and part them");
        }
    }
}
