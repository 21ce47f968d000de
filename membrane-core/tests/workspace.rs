//! Workspace folders as data: a real one where there is one, a small one with mistakes, and any.

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use membrane_core::LayerName;
use membrane_core::element::ElementKind;
use membrane_core::workspace::{
    Change, Diff, Entries, Entry, EntryKey, Parent, Reading, Report, WorkspaceFiles, diff,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;
use serde_json::{Map, Value, json};

fn folder(files: &[(&str, &str)]) -> WorkspaceFiles {
    let mut folder = WorkspaceFiles::new();
    files.iter().for_each(|(path, text)| folder.insert(*path, *text).unwrap());
    folder
}

fn read(files: &[(&str, &str)]) -> Reading {
    folder(files).read().unwrap()
}

fn real() -> Option<WorkspaceFiles> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../../shared", "../../../shared"]
        .map(|place| here.join(place).join("workspaces/bidirectional-sync"));
    let root = places.into_iter().find(|place| place.exists()).unwrap_or_default();
    let (mut files, mut open) = (WorkspaceFiles::new(), vec![root.clone()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read_to_string(&path).unwrap()).unwrap();
            }
        }
    }
    if files.is_empty() {
        println!("skipped: no workspace beside the checkout");
    }
    (!files.is_empty()).then_some(files)
}

#[test]
fn a_real_workspace_is_read_and_written_again() {
    let Some(files) = real() else { return };
    let begin = Instant::now();
    let Reading { entries, report, .. } = files.read().unwrap();
    println!("{} files read in {:?}", files.len(), begin.elapsed());
    assert_eq!((files.len(), entries.len()), (494, 494));
    assert_eq!((&report.problems, &report.notices, &report.unknown), (&vec![], &vec![], &vec![]));

    // Every child finds its parent, which its file names by id.
    let children: Vec<&Entry> =
        entries.iter().filter(|entry| entry.key().layer() == Some(LayerName::Integration)).collect();
    assert_eq!(children.len(), 415);
    for child in children {
        let parent = entries.parent(child).unwrap_or_else(|| panic!("{} has no parent", child.key()));
        assert_eq!(
            (parent.key().key.as_str(), parent.key().integration.as_ref()),
            (child.key().key.as_str(), None)
        );
    }

    let begin = Instant::now();
    let written = entries.write().unwrap();
    println!("{} files written in {:?}", written.len(), begin.elapsed());
    let paths = |files: &WorkspaceFiles| files.iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>();
    assert_eq!(paths(&written), paths(&files));
    let again = written.read().unwrap();
    assert_eq!(again.report, Report::default());
    assert_eq!(again.entries, entries);
    assert_eq!(again.entries.write().unwrap(), written);
    assert!(diff(&entries, &again.entries).is_empty());
    what_is_dropped_is_read_only(&files, &written, &report);
}

/// Leaves out of each file what its report names, and finds the file that is written, to the letter.
fn what_is_dropped_is_read_only(files: &WorkspaceFiles, written: &WorkspaceFiles, report: &Report) {
    let known = [
        "authType",
        "baseUri",
        "createdAt",
        "dataCollectionsCount",
        "dataSourceId",
        "errors",
        "eventsCount",
        "globalWebhookUri",
        "hasData",
        "hasDocumentation",
        "hasEvents",
        "hasGlobalWebhooks",
        "hasMissingParameters",
        "hasOperations",
        "hasUdm",
        "id",
        "integration",
        "integrationId",
        "isDeactivated",
        "operationsCount",
        "parentRevision",
        "revision",
        "state",
        "universalDataSourceRevision",
        "universalFieldMappingRevision",
        "universalFlowRevision",
        "updatedAt",
    ];
    let dropped: BTreeMap<&str, &[String]> =
        report.read_only.iter().map(|of| (of.file.as_str(), of.fields.as_slice())).collect();
    let by_id = ["parentId:", "universalFlowId:", "universalDataSourceId:", "universalFieldMappingId:"];
    for (path, text) in files.iter() {
        let dropped = dropped.get(path).copied().unwrap_or_default();
        assert!(dropped.iter().all(|name| known.contains(&name.as_str())), "{path}: {dropped:?}");
        let mut is_kept = true;
        let mut expected = String::new();
        for line in text.lines() {
            if !line.starts_with(' ') {
                is_kept = !dropped.iter().any(|name| line.starts_with(&format!("{name}:")));
            }
            if is_kept && by_id.iter().any(|name| line.starts_with(name)) {
                let key = path.rsplit('/').nth(1).unwrap();
                expected.push_str(&format!("parentKey: {key}\n"));
            } else if is_kept {
                expected.push_str(line);
                expected.push('\n');
            }
        }
        assert_eq!(written.get(path).unwrap(), expected, "{path}");
    }
}

#[test]
fn a_broken_file_is_named_and_stops_nothing_else() {
    let deep = format!("key: deep\nconfig: {}", "[".repeat(10_000));
    let deep_block: String = (0..10_000).map(|n| format!("{}a:\n", " ".repeat(n.min(200)))).collect();
    let large = format!("key: large\nname: {}", "x".repeat(3 << 20));
    let at = |name: &str| format!("membrane/actions/{name}/spec.yaml");
    let cases = [
        (at("yaml"), "key: yaml\nname: a\nconfig: {a: [1, 2\n", Some(3), Some("config"), ""),
        (at("tab"), "key: tab\nconfig:\n\tx: 1\n", Some(3), Some("config"), ""),
        (at("twice"), "key: twice\nname: a\nname: b\n", Some(3), Some("name"), "`name` stands twice"),
        (at("keyless"), "name: a\n", Some(1), Some("key"), "missing"),
        (at("number"), "name: a\nkey: 7\n", Some(2), Some("key"), "expected a text"),
        (at("slash"), "key: a/b\n", Some(1), Some("key"), "slash"),
        (at("list"), "- key: list\n", Some(1), None, "expected the fields"),
        (at("empty"), "", Some(1), None, "expected the fields"),
        (at("two"), "key: two\n---\nkey: three\n", Some(2), Some("key"), "one document"),
        (at("type"), "key: type\nname: a\ntype: 5\n", Some(3), Some("type"), ""),
        (at("schema"), "key: schema\ninputSchema: 7\n", Some(2), Some("inputSchema"), ""),
        (at("parent"), "key: parent\nparentKey: [a]\n", Some(2), Some("parentKey"), "expected a text"),
        (
            at("foreign"),
            "key: foreign\nintegrationKey: github\n",
            Some(2),
            Some("integrationKey"),
            "no integration",
        ),
        (at("customer"), "key: customer\nconnectionId: c1\n", Some(2), Some("connectionId"), "no part of"),
        (at("deep"), deep.as_str(), Some(2), Some("config"), "recursion limit"),
        (at("deep-block"), deep_block.as_str(), Some(65), Some("a"), "nests deeper than 64 levels"),
        (at("large"), large.as_str(), None, None, "more than 2 MB"),
        ("membrane/widgets/a/spec.yaml".to_owned(), "key: a\n", None, None, "`widgets` is no kind"),
        ("membrane/integrations/github/screens/a/spec.yaml".to_owned(), "key: a\n", None, None, "no kind"),
        (
            "membrane/integrations/github/app-event-types/a.yaml".to_owned(),
            "key: a\n",
            None,
            None,
            "belong to no integration",
        ),
    ];
    let mut files = folder(&[
        ("membrane/actions/good/spec.yaml", "key: good\nname: Good\n"),
        ("membrane/actions/one-more.yaml", "key: good\n"),
        ("membrane.config.yml", "workspaceKey: [not read\n"),
    ]);
    cases.iter().for_each(|(path, text, ..)| files.insert(path.clone(), *text).unwrap());

    let Reading { entries, report, .. } = files.read().unwrap();
    assert_eq!(entries.iter().map(|entry| entry.key().to_string()).collect::<Vec<_>>(), ["action:good"]);
    for (path, _, line, field, message) in &cases {
        let problems: Vec<_> = report.problems.iter().filter(|problem| problem.file == *path).collect();
        let [problem] = problems[..] else { panic!("{path}: {problems:?}") };
        assert_eq!(problem.line.is_some(), line.is_some(), "{problem:?}");
        if let (Some(found), Some(line)) = (problem.line, line) {
            // Where a broken text is found out may be a line later than where it began.
            assert!(found == *line || message.is_empty() && found >= *line, "{problem}");
        }
        if field.is_some() {
            assert_eq!(problem.field.as_deref(), *field, "{problem}");
        }
        assert!(problem.message.contains(message), "{problem}");
        assert!(problem.to_string().starts_with(path.as_str()), "{problem}");
    }
    report.problems.iter().for_each(|problem| println!("{problem}"));
    let last = report.problems.iter().find(|problem| problem.file.ends_with("one-more.yaml")).unwrap();
    assert!(last.message.contains("membrane/actions/good/spec.yaml is of the same element"), "{last}");
    assert_eq!(report.problems.len(), cases.len() + 1, "{:#?}", report.problems);
}

/// What aliases or levels of a small file come to is bounded as a file is: it could not be written again.
#[test]
fn what_a_small_file_comes_to_is_bounded() {
    let long = "x".repeat(300_000);
    let repeated = format!("key: repeated\nname: a\nmeta:\n  a: &a {long}\n  all: [{}]\n", "*a, ".repeat(99));
    let many = format!("key: many\nmeta:\n  a: &a {long}\n  all: [{}]\n", "*a, ".repeat(999));
    let flow = format!("key: flow\nconfig: {}{}{}\n", "[".repeat(50), "a,".repeat(60_000), "]".repeat(50));
    let fits = format!("key: fits\nmeta:\n  a: &a {long}\n  all: [{}]\n", "*a, ".repeat(4));
    let at = |name: &str| format!("membrane/actions/{name}/spec.yaml");
    let texts = [("repeated", &repeated), ("many", &many), ("flow", &flow), ("fits", &fits)];
    let mut files = WorkspaceFiles::new();
    texts.iter().for_each(|(name, text)| files.insert(at(name), text.as_str()).unwrap());
    let Reading { entries, report, .. } = files.read().unwrap();
    let problems: BTreeMap<&str, &str> =
        report.problems.iter().map(|problem| (problem.file.as_str(), problem.message.as_str())).collect();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[&*at("repeated")].contains("what aliases repeat"), "{problems:?}");
    assert!(problems[&*at("many")].contains("what aliases repeat"), "{problems:?}");
    assert_eq!(problems[&*at("flow")], "written out it has more than 2 MB");
    assert_eq!(entries.write().unwrap().read().unwrap().entries, entries);
}

#[test]
fn one_megabyte_of_code_is_read() {
    let code = "return `a: ${b}` // and so on\n".repeat(1 << 15);
    let key = EntryKey::new(ElementKind::AppDataSchema, "large").unwrap();
    let fields = Map::from_iter([("code".to_owned(), Value::from(code))]);
    let entries = Entries::from_iter([Entry::new(key, fields).unwrap()]);
    let files = entries.write().unwrap();
    assert!(files.iter().next().unwrap().1.len() > 900_000);
    assert_eq!(files.read().unwrap().entries, entries);

    let too_large = Map::from_iter([("code".to_owned(), Value::from("x".repeat(3 << 20)))]);
    let key = EntryKey::new(ElementKind::AppDataSchema, "large").unwrap();
    let error = Entries::from_iter([Entry::new(key, too_large).unwrap()]).write().unwrap_err();
    assert!(error.message().contains("more than 2 MB"), "{error}");
}

#[test]
fn what_may_be_as_deep_as_a_file_is_read_and_no_deeper() {
    let nested = |levels: usize| (1..levels).fold(json!([]), |inner, _| json!([inner]));
    let entry = |levels| {
        let key = EntryKey::new(ElementKind::Action, "deep").unwrap();
        Entry::new(key, Map::from_iter([("config".to_owned(), nested(levels))]))
    };
    let entries = Entries::from_iter([entry(63).unwrap()]);
    assert_eq!(entries.write().unwrap().read().unwrap().entries, entries);
    assert_eq!(entry(64).unwrap_err().context_value("field"), Some("config"));
}

#[test]
fn unknown_fields_stay_and_read_only_ones_go() {
    let reading = read(&[(
        "membrane/integrations/github/actions/a/spec.yaml",
        "state: READY\nkey: a\nintegrationKey: github\ncolour: {a: 1}\nintegration: {key: github}\nname: A\n",
    )]);
    let entry = reading.entries.iter().next().unwrap();
    assert_eq!(entry.fields().keys().collect::<Vec<_>>(), ["key", "colour", "name"]);
    assert_eq!(reading.report.unknown[0].fields, ["colour"]);
    assert_eq!(reading.report.read_only[0].fields, ["state", "integrationKey", "integration"]);
    assert_eq!(reading.report.notices[0].message, "there is no file of the integration `github`");
    assert!(reading.report.is_clean());
}

#[test]
fn parents_and_data_sources_are_named_by_key() {
    let child = "membrane/integrations/github/field-mappings/m/spec.yaml";
    let reading = read(&[
        ("membrane/integrations/github/spec.yaml", "key: github\n"),
        ("membrane/field-mappings/general/spec.yaml", "id: m0\nkey: general\n"),
        ("membrane/integrations/github/data-sources/issues/spec.yaml", "id: d1\nkey: issues\nuuid: u-d1\n"),
        (child, "key: m\nuniversalFieldMappingId: m0\ndataSourceId: d1\nuniversalParentId: m0\n"),
        (
            "membrane/integrations/github/field-mappings/n/spec.yaml",
            "key: n\nparentUuid: u0\nfieldMappingId: m0\n",
        ),
        ("membrane/integrations/github/field-mappings/o/spec.yaml", "key: o\nparentId: gone\n"),
    ]);
    let fields = |key| {
        let key = EntryKey::of_integration(ElementKind::FieldMapping, key, "github").unwrap();
        Value::Object(reading.entries.get(&key).unwrap().fields().clone())
    };
    assert_eq!(fields("m"), json!({"key": "m", "parentKey": "general", "dataSourceKey": "issues"}));
    assert_eq!(fields("n"), json!({"key": "n", "parentUuid": "u0"}));
    let orphan = EntryKey::of_integration(ElementKind::FieldMapping, "o", "github").unwrap();
    assert_eq!(reading.entries.get(&orphan).unwrap().parent(), Some(Parent::Id("gone")));
    let notices: Vec<&str> = reading.report.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert_eq!(notices, ["there is no file of the parent `u0`", "there is no file of the parent `gone`"]);
}

#[test]
fn elements_of_the_engine_become_entries_without_secrets() {
    let object = |value: Value| value.as_object().cloned().unwrap();
    let reading = Entries::from_elements([
        (ElementKind::Action, object(json!({"id": "a0", "key": "a", "name": "A", "revision": "1"}))),
        (ElementKind::Integration, object(json!({"id": "i1", "key": "gh", "parameters": {"s": "hunter2"}}))),
        (
            ElementKind::Action,
            object(json!({"id": "a1", "key": "a", "parentId": "a0", "integrationId": "i1"})),
        ),
        (
            ElementKind::Action,
            object(json!({"id": "a2", "key": "a", "parentId": "a1", "connectionId": "c1"})),
        ),
        (ElementKind::Action, object(json!({"id": "a3", "key": "b", "archivedAt": "2025-01-01T00:00:00Z"}))),
        (ElementKind::Action, object(json!({"id": "a4", "key": "c", "integrationId": "i2"}))),
        (ElementKind::Customer, object(json!({"id": "c", "name": "C"}))),
    ]);
    let files = reading.entries.write().unwrap();
    assert_eq!(
        files.iter().collect::<Vec<_>>(),
        [
            ("membrane/actions/a/spec.yaml", "key: a\nname: A\n"),
            ("membrane/integrations/gh/actions/a/spec.yaml", "key: a\nparentKey: a\n"),
            ("membrane/integrations/gh/spec.yaml", "key: gh\n"),
        ]
    );
    assert_eq!(reading.report.problems.len(), 1);
    assert!(reading.report.problems[0].message.contains("not among the elements"));
}

#[test]
fn a_diff_says_what_was_added_changed_and_removed() {
    let old = read(&[
        ("membrane/integrations/gh/spec.yaml", "key: gh\nuuid: u1\nparameters:\n  clientSecret: hunter2\n"),
        ("membrane/flows/gone/spec.yaml", "key: gone\n"),
        ("membrane/actions/a/spec.yaml", "key: a\nname: A\nconfig:\n  list: [1, 2, 3, 4, 5]\n  a.b/c: x\n"),
    ]);
    let new = read(&[
        ("membrane/integrations/gh/spec.yaml", "key: gh\nuuid: u2\nparameters:\n  clientSecret: other\n"),
        ("membrane/flows/new/spec.yaml", "key: new\nname: New\n"),
        ("membrane/actions/a/spec.yaml", "name: A\nkey: a\nconfig:\n  list: [1, 2, 3, 9, 5]\n  extra: {}\n"),
    ]);
    let changes = diff(&old.entries, &new.entries);
    let shown = changes.to_string();
    assert_eq!(
        shown,
        "\
--- a/membrane/actions/a/spec.yaml
+++ b/membrane/actions/a/spec.yaml
@@ config.a.b/c @@
-x
@@ config.extra @@
+{}
@@ config.list @@
 - 2
 - 3
-- 4
+- 9
 - 5
--- a/membrane/flows/gone/spec.yaml
+++ /dev/null
-key: gone
--- /dev/null
+++ b/membrane/flows/new/spec.yaml
+key: new
+name: New
--- a/membrane/integrations/gh/spec.yaml
+++ b/membrane/integrations/gh/spec.yaml
@@ parameters.clientSecret @@
-***
+***
"
    );
    assert_eq!(
        serde_json::to_value(&changes.changes[0]).unwrap(),
        json!({
            "change": "changed", "type": "action", "key": "a",
            "patch": [
                {"op": "remove", "path": "/config/a.b~1c", "oldValue": "x"},
                {"op": "add", "path": "/config/extra", "value": {}},
                {"op": "replace", "path": "/config/list", "oldValue": [1, 2, 3, 4, 5], "value": [1, 2, 3, 9, 5]},
            ],
        })
    );
    let mut patched = old.entries.clone();
    patched.apply(&changes).unwrap();
    assert!(diff(&patched, &new.entries).is_empty());

    // A second time nothing is as the changes found it, and nothing is half done.
    let before = patched.clone();
    let error = patched.apply(&changes).unwrap_err();
    assert_eq!(error.kind(), membrane_core::ErrorKind::Concurrency);
    assert_eq!(patched, before);
}

#[test]
fn neither_uuids_nor_the_way_a_parent_is_named_are_a_difference() {
    let set = |uuid: &str, named: &str| {
        let package = format!("key: p\nelements:\n  - type: action\n    uuid: {uuid}\n");
        let child = format!("key: a\n{named}\n");
        let parent = format!("id: a0\nkey: a\nuuid: {uuid}\n");
        read(&[
            ("membrane/integrations/gh/spec.yaml", "key: gh\n"),
            ("membrane/actions/a/spec.yaml", &parent),
            ("membrane/actions/b/spec.yaml", "key: b\n"),
            ("membrane/packages/p/spec.yaml", &package),
            ("membrane/integrations/gh/actions/a/spec.yaml", &child),
        ])
        .entries
    };
    let named =
        [("u1", "parentUuid: u1"), ("u2", "parentUuid: u2"), ("u3", "parentKey: a"), ("u4", "parentId: a0")];
    for (uuid, name) in named {
        for (other_uuid, other) in named {
            assert_eq!(diff(&set(uuid, name), &set(other_uuid, other)), Diff::default(), "{name}, {other}");
        }
    }
    let moved = diff(&set("u1", "parentUuid: u1"), &set("u2", "parentKey: b"));
    assert!(matches!(&moved.changes[..], [Change::Changed { patch, .. }] if patch.len() == 2), "{moved}");
}

fn keys() -> impl Strategy<Value = EntryKey> {
    let kinds = select(vec![
        ElementKind::Action,
        ElementKind::App,
        ElementKind::Connector,
        ElementKind::Flow,
        ElementKind::Integration,
        ElementKind::Package,
    ]);
    let key = || prop_oneof!["[ab]", "[A-Za-z0-9 .%:_-]{1,6}", "\\PC{1,4}"];
    (kinds, key(), proptest::option::of(key())).prop_filter_map("a key", |(kind, key, integration)| {
        match integration {
            Some(integration) => EntryKey::of_integration(kind, &key, &integration).ok(),
            None => EntryKey::new(kind, &key).ok(),
        }
    })
}

fn fields() -> impl Strategy<Value = Map<String, Value>> {
    let text = prop_oneof!["[ab]", "\\PC{0,12}", "[ \n:#a-c-]{0,12}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        text.clone().prop_map(Value::from)
    ];
    let value = leaf.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::Array),
            vec((text.clone(), inner), 0..3).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    let names = select(vec![
        "name",
        "config",
        "meta",
        "uuid",
        "parentKey",
        "parentUuid",
        "colour",
        "a/b~",
        "id",
        "isUniversal",
    ]);
    vec((names, value), 0..5)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Any entries; a uuid is no other element's.
fn entries() -> impl Strategy<Value = Entries> {
    vec((keys(), fields()), 0..8).prop_map(|elements| {
        let numbered = elements.into_iter().enumerate();
        let entry = |(n, (key, mut fields)): (usize, (EntryKey, Map<String, Value>))| {
            if fields.contains_key("uuid") {
                fields.insert("uuid".to_owned(), json!(format!("uuid-{n}-long")));
            }
            Entry::new(key, fields).ok()
        };
        numbered.filter_map(entry).collect()
    })
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(
        path in prop_oneof![
            "\\PC{0,30}",
            "membrane/(actions|flows|integrations/a|integrations/a/actions|connectors)/[a.%2]{1,4}(/spec)?\\.ya?ml",
        ],
        text in prop_oneof!["\\PC{0,60}", "(key|name|config|nodes|parentId): ?[\\[{a-c1&*!|>'\"-]{0,6}\n( |- |a: ){0,4}"],
    ) {
        let mut files = WorkspaceFiles::new();
        if files.insert(path, text).is_ok() {
            let reading = files.read().unwrap();
            prop_assert!(reading.entries.len() + reading.report.problems.len() <= 1);
            reading.entries.write().unwrap();
        }
    }

    #[test]
    fn what_is_written_is_read_again(entries in entries()) {
        let files = entries.write().unwrap();
        let reading = files.read().unwrap();
        prop_assert!(reading.report.problems.is_empty(), "{:?}", reading.report);
        prop_assert_eq!(&reading.entries, &entries);
        prop_assert_eq!(reading.entries.write().unwrap(), files);
    }

    #[test]
    fn a_diff_is_empty_for_equals_and_leads_to_the_other(a in entries(), b in entries()) {
        prop_assert!(diff(&a, &a).is_empty());
        let changes = diff(&a, &b);
        prop_assert_eq!(changes.is_empty(), diff(&b, &a).is_empty());
        let text = serde_json::to_string(&changes).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Diff>(&text).unwrap(), &changes);
        prop_assert_eq!(changes.to_string().is_empty(), changes.is_empty());
        let mut patched = a.clone();
        patched.apply(&changes).unwrap();
        prop_assert_eq!(diff(&patched, &b), Diff::default(), "{}", changes);
    }
}
