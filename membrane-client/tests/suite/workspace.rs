//! The workspace as a folder: imported, exported, compared.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use futures::future::join_all;
use membrane_client::{ErrorKind, WorkspaceFiles, WorkspaceImport};
use membrane_core::Selector;
use membrane_core::element::{
    Action, ActionSpec, ConnectionSpec, CustomerSpec, Element, ElementKind, Flow, FlowSpec, Integration,
    IntegrationSpec, State,
};
use membrane_core::op::{Export, ExportWorkspace, Get, ImportWorkspace, Replace};
use membrane_core::workspace::{Entries, EntryKey, diff};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use serde_json::{Map, Value, json};

use crate::on_both;
use crate::stage::Stage;

on_both!(
    a_folder_goes_in_and_comes_out,
    a_second_import_changes_nothing,
    uncustomized_children_follow_a_changed_parent,
    an_app_the_engine_does_not_know_is_imported,
    what_cannot_be_taken_is_named_and_stops_nothing_else,
    a_dry_run_changes_nothing,
    only_a_manager_may,
    secrets_of_an_integration_stay_where_they_are,
    what_a_file_says_survives_other_changes,
    actions_a_connector_brings_stay_its_own,
    one_element_is_given_as_its_file_has_it,
    of_imports_at_once_one_is_taken,
    what_shares_a_file_is_named,
    a_part_of_a_folder_is_taken_in_silence,
    the_real_workspace,
);

const FOLDER: &[(&str, &str)] = &[
    // Refers to a data source whose file comes later.
    (
        "membrane/actions/list-people/spec.yaml",
        "key: list-people\nname: List people\ntype: list-data-records\nisCustomized: true\nowner: sales\n\
         config:\n  dataSource:\n    key: people\n",
    ),
    ("membrane/data-sources/people/spec.yaml", "key: people\nname: People\nudm: contacts\n"),
    (
        "membrane/flows/sync/spec.yaml",
        "key: sync\nname: Sync\nnodes:\n  start:\n    type: data-record-created-trigger\n    name: Start\n    config:\n      dataSource:\n        key: people\n",
    ),
    ("membrane/integrations/elsewhere/spec.yaml", "key: elsewhere\nname: Elsewhere\nconnectorId: 64f1\n"),
    (
        "membrane/integrations/elsewhere/actions/list-people/spec.yaml",
        "key: list-people\nname: List people\nparentKey: list-people\nisCustomized: true\ntype: list-data-records\n\
         config:\n  dataSource:\n    key: people\n  mine: 1\n",
    ),
    (
        "membrane/integrations/elsewhere/flows/sync/spec.yaml",
        "key: sync\nname: Sync\nparentKey: sync\nisCustomized: false\nnodes:\n  start:\n    type: data-record-created-trigger\n    name: Start\n    config:\n      dataSource:\n        key: people\n      fieldMapping: {}\n",
    ),
    (
        "membrane/integrations/taskly/flows/sync/spec.yaml",
        "key: sync\nname: Sync\nparentKey: sync\nisCustomized: true\nnodes:\n  start:\n    type: data-record-created-trigger\n    name: My start\n    config:\n      dataSource:\n        key: people\n",
    ),
];

fn folder(files: &[(&str, &str)]) -> WorkspaceFiles {
    let mut folder = WorkspaceFiles::new();
    files.iter().for_each(|(path, text)| folder.insert(*path, *text).unwrap());
    folder
}

fn entries(files: &WorkspaceFiles) -> Entries {
    files.read().unwrap().entries
}

async fn import(stage: &Stage, files: &WorkspaceFiles) -> WorkspaceImport {
    stage.client.workspace().import(files.clone()).await.unwrap()
}

async fn export(stage: &Stage) -> Entries {
    let export = stage.client.workspace().export().await.unwrap();
    assert!(export.report.is_clean(), "{:?}", export.report);
    entries(&export.files)
}

/// The revision of every element of the workspace, as the store has it.
async fn revisions(stage: &Stage) -> BTreeMap<String, (Value, Value)> {
    let mut found = BTreeMap::new();
    for kind in [ElementKind::Action, ElementKind::Flow, ElementKind::DataSource, ElementKind::FieldMapping] {
        read(stage, kind, &mut found).await;
    }
    read(stage, ElementKind::Integration, &mut found).await;
    found
}

/// Reads a list as its JSON, page after page.
async fn read(stage: &Stage, kind: ElementKind, found: &mut BTreeMap<String, (Value, Value)>) {
    let entry = membrane_engine::op::catalogue()
        .iter()
        .find(|entry| entry.info().name == format!("{}.list", kind.plural()))
        .unwrap();
    let mut cursor = Value::Null;
    loop {
        let query = json!({"limit": 100, "cursor": cursor});
        let text = entry.call(&stage.engine, &stage.engine.manager(), query).await.unwrap();
        let page: Value = serde_json::from_slice(&text).unwrap();
        for item in page["items"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap().to_owned();
            found.insert(id, (item["revision"].clone(), item["updatedAt"].clone()));
        }
        cursor = page["cursor"].clone();
        if cursor.is_null() {
            return;
        }
    }
}

fn in_app(key: &str, app: &str) -> Selector {
    let mut selector = Selector::key(key);
    selector.integration_key = Some(app.to_owned());
    selector
}

/// The fields a file says and an export of them does not, and those it says otherwise.
fn lost(said: &Map<String, Value>, given: &Map<String, Value>) -> Vec<String> {
    said.iter()
        .filter(|(name, value)| given.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .collect()
}

async fn a_folder_goes_in_and_comes_out(stage: Stage) {
    let files = folder(FOLDER);
    let outcome = import(&stage, &files).await;
    assert_eq!(outcome.report.problems, []);
    assert_eq!((outcome.created.len(), outcome.changed.len(), outcome.unchanged), (7, 0, 0));
    assert_eq!(outcome.report.unknown[0].fields, ["owner"]);
    assert!(!outcome.dry_run && outcome.diff.is_none());

    let given = export(&stage).await;
    for entry in entries(&files).iter() {
        let of = given.get(entry.key()).unwrap_or_else(|| panic!("{} is missing", entry.key()));
        assert_eq!(lost(entry.fields(), of.fields()), [""; 0], "{}", entry.key());
        let parent = |entries: &Entries, entry| entries.parent(entry).map(|parent| parent.key().clone());
        assert_eq!(parent(&given, of), parent(&entries(&files), entry));
    }
    // What it refers to came later, and is found.
    let action: Action = stage.call(None, Get::<ActionSpec>::new("list-people")).await.unwrap();
    assert_eq!((action.state, action.spec.dependencies.len()), (State::Ready, 1));
    assert!(action.spec.dependencies[0].id.is_some());
}

async fn a_second_import_changes_nothing(stage: Stage) {
    let files = folder(FOLDER);
    import(&stage, &files).await;
    let before = revisions(&stage).await;
    let outcome = import(&stage, &files).await;
    assert_eq!((outcome.created, outcome.changed, outcome.unchanged), (vec![], vec![], 7));
    assert_eq!(revisions(&stage).await, before);
    assert!(stage.client.workspace().diff(files).await.unwrap().is_empty());

    // What was given out changes nothing either, here or where it came from.
    let given = stage.client.workspace().export().await.unwrap().files;
    let outcome = import(&stage, &given).await;
    assert_eq!((outcome.created, outcome.changed, outcome.untouched), (vec![], vec![], 0));
    assert_eq!(revisions(&stage).await, before);
    let other = Stage::in_process().await;
    assert_eq!(import(&other, &given).await.report.problems, []);
    assert_eq!(diff(&export(&other).await, &entries(&given)).to_string(), "");
}

async fn uncustomized_children_follow_a_changed_parent(stage: Stage) {
    let mut files = folder(FOLDER);
    import(&stage, &files).await;
    let path = "membrane/flows/sync/spec.yaml";
    let text = files.get(path).unwrap().replace("name: Start", "name: Begin");
    files.insert(path, text).unwrap();
    let outcome = import(&stage, &files).await;
    assert_eq!(outcome.changed, [EntryKey::new(ElementKind::Flow, "sync").unwrap()]);
    assert_eq!(outcome.report.problems, []);

    let name = async |app: &str| {
        let flow: Flow = stage.call(None, Get::<FlowSpec>::new(in_app("sync", app))).await.unwrap();
        flow.spec.nodes.unwrap()["start"].name.clone().unwrap()
    };
    assert_eq!((name("elsewhere").await.as_str(), name("taskly").await.as_str()), ("Begin", "My start"));
    let given = export(&stage).await;
    let child = |app| EntryKey::of_integration(ElementKind::Flow, "sync", app).unwrap();
    assert_eq!(given.get(&child("elsewhere")).unwrap().fields()["nodes"]["start"]["name"], "Begin");
    assert_eq!(given.get(&child("taskly")).unwrap().fields()["nodes"]["start"]["name"], "My start");
    // The child's file is older than its parent; that does not bring its content back.
    assert!(import(&stage, &files).await.changed.is_empty());

    // Content in the file of a child that follows is passed over, and told.
    let path = "membrane/integrations/elsewhere/flows/sync/spec.yaml";
    let edited = files.get(path).unwrap().replace("name: Start", "name: Edited");
    files.insert(path, edited.clone()).unwrap();
    let outcome = import(&stage, &files).await;
    assert!(outcome.changed.is_empty());
    let notices = outcome.report.notices.iter().filter(|notice| notice.file == path);
    assert_eq!(notices.count(), 1, "{:?}", outcome.report);
    assert_eq!(name("elsewhere").await, "Begin");
    files.insert(path, edited.replace("isCustomized: false", "isCustomized: true")).unwrap();
    assert_eq!(import(&stage, &files).await.changed, [child("elsewhere")]);
    assert_eq!(name("elsewhere").await, "Edited");
    files.insert(path, edited).unwrap();
    assert_eq!(import(&stage, &files).await.changed, [child("elsewhere")]);
    assert_eq!(name("elsewhere").await, "Begin");
}

async fn an_app_the_engine_does_not_know_is_imported(stage: Stage) {
    let mut files = folder(FOLDER);
    files.insert("membrane/connectors/c-1/c-1.yml", "key: taskly\nname: Taskly\nuuid: c-1\n").unwrap();
    files.insert("membrane/integrations/tasks/spec.yaml", "key: tasks\nconnectorUuid: c-1\n").unwrap();
    files.insert("membrane/integrations/contactly/spec.yaml", "key: contactly\nconnectorId: 77aa\n").unwrap();
    let outcome = import(&stage, &files).await;
    assert_eq!(outcome.report.problems, []);
    let app = async |key: &str| -> Integration {
        stage.call(None, Get::<IntegrationSpec>::new(key)).await.unwrap()
    };
    let elsewhere = app("elsewhere").await;
    assert_eq!(elsewhere.state, State::ConfigurationError);
    assert!(
        elsewhere.errors[0].message.contains("its connector `64f1` is not registered"),
        "{:?}",
        elsewhere.errors
    );
    // By the connector's uuid in the folder, and by the integration's own key.
    assert_eq!(app("tasks").await.spec.connector_key.as_deref(), Some("taskly"));
    assert_eq!(app("contactly").await.spec.connector_key.as_deref(), Some("contactly"));
    let brought = Get::<ActionSpec>::new(in_app("create-task", "tasks"));
    assert_eq!(stage.call(None, brought).await.unwrap().place.is_customized, Some(true));
    // Each is given out as its file names it.
    let given = export(&stage).await;
    let fields = |key| given.get(&EntryKey::new(ElementKind::Integration, key).unwrap()).unwrap().fields();
    assert_eq!(fields("tasks").get("connectorUuid"), Some(&json!("c-1")));
    assert_eq!(fields("contactly").get("connectorId"), Some(&json!("77aa")));
    assert!(!fields("contactly").contains_key("connectorKey"));
    assert!(import(&stage, &files).await.changed.is_empty());
}

async fn what_cannot_be_taken_is_named_and_stops_nothing_else(stage: Stage) {
    let bomb = "key: bomb\na: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
                c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
                e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
    let large = format!("key: large\nname: {}\n", "x".repeat(3 << 20));
    let cases: &[(&str, &str, Option<u64>, Option<&str>)] = &[
        ("membrane/actions/bomb/spec.yaml", bomb, None, None),
        ("membrane/actions/large/spec.yaml", &large, None, None),
        ("membrane/actions/twice.yaml", "key: twice\n", None, None),
        ("membrane/actions/twice/spec.yaml", "key: twice\n", Some(1), Some("key")),
        (
            "membrane/actions/wrong/spec.yaml",
            "key: wrong\nname: Wrong\nconfig:\n  a: {$var: 5}\n",
            Some(3),
            Some("config"),
        ),
        (
            "membrane/data-sources/model/spec.yaml",
            "key: model\nname: Model\nudm: unheard-of\n",
            Some(3),
            Some("udm"),
        ),
        ("membrane/integrations/gone/flows/x/spec.yaml", "key: x\n", None, Some("integrationKey")),
        ("membrane/packages/p/spec.yaml", "key: p\nelements:\n- type: action\n", Some(2), Some("elements")),
        ("membrane/actions/same-uuid/spec.yaml", "key: same-uuid\nuuid: u-1\n", Some(2), Some("uuid")),
        ("membrane/widgets/w/spec.yaml", "key: w\n", None, None),
    ];
    let mut files = folder(&[("membrane/actions/first/spec.yaml", "key: first\nuuid: u-1\n")]);
    import(&stage, &files).await;
    for (path, text, ..) in cases {
        files.insert(*path, *text).unwrap();
    }
    files.insert("membrane/actions/first/spec.yaml", "key: first\nname: First\n").unwrap();
    // Parents in a circle, where there are none: kept, and without effect.
    files.insert("membrane/flows/good/spec.yaml", "key: good\nparentKey: other\n").unwrap();
    files.insert("membrane/flows/other/spec.yaml", "key: other\nparentKey: good\n").unwrap();
    let outcome = import(&stage, &files).await;
    let key = |kind, key: &str| EntryKey::new(kind, key).unwrap();
    for name in ["good", "other"] {
        assert!(outcome.created.contains(&key(ElementKind::Flow, name)));
    }
    assert_eq!(outcome.changed, [key(ElementKind::Action, "first")]);
    for (path, _, line, field) in cases {
        if *path == "membrane/actions/twice.yaml" {
            continue;
        }
        let problem = outcome.report.problems.iter().find(|problem| problem.file == *path);
        let problem = problem.unwrap_or_else(|| panic!("{path} is taken"));
        if let Some(line) = line {
            assert_eq!(problem.line, Some(*line), "{problem}");
        }
        if let Some(field) = field {
            assert_eq!(problem.field.as_deref(), Some(*field), "{problem}");
        }
    }
    assert_eq!(outcome.report.problems.len(), 9, "{:#?}", outcome.report.problems);
}

async fn a_dry_run_changes_nothing(stage: Stage) {
    let before = stage.client.workspace().export().await.unwrap();
    let mut files = folder(FOLDER);
    files.insert("membrane/flows/broken/spec.yaml", "key: [").unwrap();
    let planned = stage.client.workspace().dry_run(files.clone()).await.unwrap();
    assert_eq!((planned.dry_run, planned.created.len(), planned.report.problems.len()), (true, 7, 1));
    let patch = planned.diff.as_ref().unwrap().to_string();
    assert!(
        patch.starts_with("--- /dev/null\n+++ b/membrane/actions/list-people/spec.yaml\n+key: list-people"),
        "{patch}"
    );
    assert!(!patch.contains("uuid"), "{patch}");
    assert_eq!(stage.client.workspace().dry_run(files.clone()).await.unwrap(), planned, "it is repeatable");
    assert_eq!(stage.client.workspace().export().await.unwrap(), before);
    let done = import(&stage, &files).await;
    assert_eq!((done.created, done.changed), (planned.created, planned.changed));

    files
        .insert("membrane/data-sources/people/spec.yaml", "key: people\nname: People\nudm: users\n")
        .unwrap();
    let patch = stage.client.workspace().diff(files).await.unwrap().to_string();
    assert_eq!(
        patch,
        "--- a/membrane/data-sources/people/spec.yaml\n+++ b/membrane/data-sources/people/spec.yaml\n\
         @@ udm @@\n-contacts\n+users\n"
    );
}

async fn only_a_manager_may(stage: Stage) {
    let denied = stage.call(Some("acme"), ExportWorkspace::default()).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::AccessDenied);
    let denied = stage.call(Some("acme"), ImportWorkspace::new(folder(FOLDER))).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::AccessDenied);
    let mut import = ImportWorkspace::new(folder(FOLDER));
    import.dry_run = true;
    assert_eq!(stage.call(Some("acme"), import).await.unwrap_err().kind(), ErrorKind::AccessDenied);
    assert!(export(&stage).await.get(&EntryKey::new(ElementKind::Flow, "sync").unwrap()).is_none());
}

async fn secrets_of_an_integration_stay_where_they_are(stage: Stage) {
    let parameters = json!({"apiUri": "https://keyed.example", "clientSecret": "hunter2"});
    stage.change::<IntegrationSpec>(None, "keyed", json!({"parameters": parameters})).await.unwrap();
    let given = stage.client.workspace().export().await.unwrap().files;
    assert!(!serde_json::to_string(&given).unwrap().contains("hunter2"));

    let path = "membrane/integrations/keyed/spec.yaml";
    let mut files = folder(&[(path, "key: keyed\nname: Renamed\nconnectorKey: keyed\n")]);
    assert_eq!(import(&stage, &files).await.changed.len(), 1);
    let keyed =
        async || -> Integration { stage.call(None, Get::<IntegrationSpec>::new("keyed")).await.unwrap() };
    let found = keyed().await;
    assert_eq!(
        (found.name.as_str(), found.state, found.spec.parameters),
        ("Renamed", State::Ready, Some(parameters))
    );

    // A file may say them; then they are sealed, and given to nobody.
    let text = "key: keyed\nname: Renamed\nconnectorKey: keyed\nparameters:\n  apiUri: https://keyed.example\n  clientSecret: hunter3\n";
    files.insert(path, text).unwrap();
    let patch = stage.client.workspace().diff(files.clone()).await.unwrap().to_string();
    assert!(patch.contains("@@ parameters @@\n-***\n+***") && !patch.contains("hunter"), "{patch}");
    assert_eq!(import(&stage, &files).await.changed.len(), 1);
    assert_eq!(keyed().await.spec.parameters.unwrap()["clientSecret"], "hunter3");
    assert!(import(&stage, &files).await.changed.is_empty());
    let given = stage.client.workspace().export().await.unwrap().files;
    assert!(!serde_json::to_string(&given).unwrap().contains("hunter"));
}

async fn what_a_file_says_survives_other_changes(stage: Stage) {
    let files = folder(FOLDER);
    import(&stage, &files).await;
    stage.change::<ActionSpec>(None, "list-people", json!({"name": "List all people"})).await.unwrap();
    let given = export(&stage).await;
    let action = given.get(&EntryKey::new(ElementKind::Action, "list-people").unwrap()).unwrap();
    assert_eq!(
        (&action.fields()["owner"], &action.fields()["name"]),
        (&json!("sales"), &json!("List all people"))
    );
    // The folder counts again when it is imported again.
    assert_eq!(import(&stage, &files).await.changed.len(), 1);
    let action: Element<ActionSpec> = stage.call(None, Get::<ActionSpec>::new("list-people")).await.unwrap();
    assert_eq!(action.name, "List people");
}

async fn actions_a_connector_brings_stay_its_own(stage: Stage) {
    let files = folder(&[
        ("membrane/integrations/second/spec.yaml", "key: second\nname: Second\nconnectorKey: taskly\n"),
        (
            "membrane/integrations/second/actions/create-task/spec.yaml",
            "key: create-task\nname: My own\nisCustomized: true\nparentKey: create-task\ntype: connector-operation\n\
             config:\n  operationKey: get-me\n",
        ),
        (
            "membrane/integrations/second/actions/odd/spec.yaml",
            "key: odd\nname: Odd\ntype: connector-operation\nconfig:\n  operationKey: no-such\n",
        ),
    ]);
    let planned = stage.client.workspace().dry_run(files.clone()).await.unwrap();
    let outcome = import(&stage, &files).await;
    let connector = stage.engine.connectors().find(|connector| connector.key.as_str() == "taskly").unwrap();
    let brought: Vec<EntryKey> = connector
        .actions
        .keys()
        .filter(|key| key.as_str() != "create-task")
        .map(|key| EntryKey::of_integration(ElementKind::Action, key.as_str(), "second").unwrap())
        .collect();
    assert!(!brought.is_empty());
    assert_eq!((outcome.created.len(), &outcome.report.problems), (3 + brought.len(), &vec![]));
    assert_eq!((&outcome.brought, &outcome.created), (&brought, &planned.created));
    let planned: Vec<_> =
        planned.diff.unwrap().changes.iter().map(|change| change.element().clone()).collect();
    let mut created = outcome.created.clone();
    created.sort();
    assert_eq!(planned, created);
    assert!(outcome.report.notices.iter().any(|notice| notice.message.contains("no-such")));
    let own: Action =
        stage.call(None, Get::<ActionSpec>::new(in_app("create-task", "second"))).await.unwrap();
    assert_eq!(own.name, "My own");
    assert!(import(&stage, &files).await.changed.is_empty());
}

async fn one_element_is_given_as_its_file_has_it(stage: Stage) {
    import(&stage, &folder(FOLDER)).await;
    let whole = export(&stage).await;
    let of = |kind, key: &str, app: Option<&str>| match app {
        Some(app) => EntryKey::of_integration(kind, key, app).unwrap(),
        None => EntryKey::new(kind, key).unwrap(),
    };
    let expected = |kind, key, app| whole.get(&of(kind, key, app)).unwrap().fields().clone();
    let action = async |selector| stage.call(None, Export::<ActionSpec>::new(selector)).await.unwrap();
    assert_eq!(
        action(Selector::key("list-people")).await,
        expected(ElementKind::Action, "list-people", None)
    );
    let own = action(in_app("list-people", "elsewhere")).await;
    assert_eq!(own, expected(ElementKind::Action, "list-people", Some("elsewhere")));
    let flow = stage.call(None, Export::<FlowSpec>::new(in_app("sync", "elsewhere"))).await.unwrap();
    assert_eq!(flow, expected(ElementKind::Flow, "sync", Some("elsewhere")));
    let app = stage.call(None, Export::<IntegrationSpec>::new("elsewhere")).await.unwrap();
    assert_eq!(app, expected(ElementKind::Integration, "elsewhere", None));
    // What is given is taken back, and changes nothing.
    let before = revisions(&stage).await.len();
    let fields = action(Selector::key("list-people")).await;
    stage.call(None, Replace::<ActionSpec>::new("list-people").fields(fields.clone())).await.unwrap();
    assert_eq!((action(Selector::key("list-people")).await, revisions(&stage).await.len()), (fields, before));

    // Kinds that no folder holds: what a caller may write of them, and nothing secret.
    stage.connected("acme").await;
    let mut get = Get::<ActionSpec>::new(Selector::key("create-task").connection("taskly"));
    get.auto_create = Some(true);
    let copy = stage.call(Some("acme"), get).await.unwrap();
    let given = action(Selector::from(&copy.id)).await;
    assert_eq!((&given["key"], &given["parentKey"]), (&json!("create-task"), &json!("create-task")));
    let connection = copy.place.connection_id.clone().unwrap();
    let given = stage.call(None, Export::<ConnectionSpec>::new(connection.as_str())).await.unwrap();
    assert!(given.contains_key("name") && !given.contains_key("id"), "{given:?}");
    assert!(!serde_json::to_string(&given).unwrap().contains(&stage.tasks.api_key()), "{given:?}");
    let customer = copy.place.tenant_id.clone().unwrap();
    let given = stage.call(None, Export::<CustomerSpec>::new(customer.as_str())).await.unwrap();
    assert!(given.contains_key("name"), "{given:?}");
    let denied = stage.call(Some("acme"), Export::<ActionSpec>::new(&copy.id)).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::AccessDenied);
}

async fn of_imports_at_once_one_is_taken(stage: Stage) {
    let files = folder(FOLDER);
    let workspace = stage.client.workspace();
    let outcomes = join_all((0..8).map(|_| workspace.import(files.clone()))).await;
    let (mut done, mut overtaken) = (0, 0);
    for outcome in outcomes {
        match outcome {
            Ok(outcome) => done += usize::from(outcome.created.len() == 7),
            Err(error) => {
                overtaken += 1;
                assert_eq!(error.kind(), ErrorKind::Concurrency, "{error}");
                let file = error.context_value("file").unwrap_or_default().to_owned();
                assert!(files.get(&file).is_some(), "{error} names {file}");
            }
        }
    }
    println!("{overtaken} of 8 were overtaken");
    assert_eq!(done, 1);
}

async fn what_shares_a_file_is_named(stage: Stage) {
    for instance in ["one", "two"] {
        let action = json!({"key": "twin", "name": instance, "instanceKey": instance});
        stage.add::<ActionSpec>(None, action).await.unwrap();
    }
    let export = stage.client.workspace().export().await.unwrap();
    let text = export.files.get("membrane/actions/twin/spec.yaml").unwrap();
    assert!(text.contains("name: one"), "{text}");
    let [problem] = &export.report.problems[..] else { panic!("{:?}", export.report) };
    assert!(
        problem.message.contains("action:twin is ") && problem.message.contains("instanceKey"),
        "{problem}"
    );
}

async fn a_part_of_a_folder_is_taken_in_silence(stage: Stage) {
    let part = folder(&FOLDER[5..6]);
    let alone = stage.client.workspace().dry_run(part.clone()).await.unwrap();
    assert_eq!(alone.report.notices.len(), 2, "{:?}", alone.report);
    import(&stage, &folder(FOLDER)).await;
    let outcome = import(&stage, &part).await;
    assert_eq!((outcome.unchanged, outcome.report.notices), (1, vec![]));
}

/// What was imported of an unknown app is the same after a restart, and works once the app is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_comes_later_is_found() {
    let store = SqliteStore::memory().await.unwrap();
    let keys = KeyProvider::generate().unwrap();
    let start = || Engine::builder().store(store.clone()).vault(keys.clone());
    let app = async |engine: &Engine| -> Integration {
        engine.call(&engine.manager(), Get::<IntegrationSpec>::new("taskly")).await.unwrap()
    };
    let files = folder(&[(
        "membrane/integrations/taskly/spec.yaml",
        "key: taskly\nconnectorId: 77aa\ncolour: red\n",
    )]);
    let engine = start().build().await.unwrap();
    engine.call(&engine.manager(), ImportWorkspace::new(files)).await.unwrap();
    let first = app(&engine).await;
    let again = start().build().await.unwrap();
    assert_eq!(app(&again).await, first);
    let connector = membrane_testkit::demo::TaskManager::connector().unwrap();
    let engine = start().connector(connector).build().await.unwrap();
    let found = app(&engine).await;
    assert_eq!((found.id, found.spec.connector_key.as_deref()), (first.id, Some("taskly")));
    let given = engine.call(&engine.manager(), ExportWorkspace::default()).await.unwrap().files;
    assert!(given.get("membrane/integrations/taskly/spec.yaml").unwrap().contains("colour: red"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_has_a_size() {
    let stage = Stage::in_process().await;
    let mut files = WorkspaceFiles::new();
    for n in 0..65 {
        files.insert(format!("notes/{n}.txt"), "x".repeat(1 << 20)).unwrap();
    }
    let error = stage.client.workspace().import(files).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("files")));
    assert!(error.message().contains("may have 67108864"), "{error}");
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

async fn the_real_workspace(stage: Stage) {
    let Some(files) = real() else { return };
    let begin = Instant::now();
    let outcome = import(&stage, &files).await;
    println!("{} files imported in {:?}", files.len(), begin.elapsed());
    assert_eq!((&outcome.report.problems, &outcome.report.notices), (&vec![], &vec![]));
    assert_eq!((outcome.created.len(), outcome.changed.len()), (494, 0));

    let folder = entries(&files);
    let given = export(&stage).await;
    for entry in folder.iter() {
        let of = given.get(entry.key()).unwrap_or_else(|| panic!("{} is missing", entry.key()));
        assert_eq!(lost(entry.fields(), of.fields()), [""; 0], "{}", entry.key());
    }
    let before = revisions(&stage).await;
    let begin = Instant::now();
    let outcome = import(&stage, &files).await;
    println!("imported again in {:?}", begin.elapsed());
    assert_eq!((outcome.created, outcome.changed, outcome.unchanged), (vec![], vec![], 494));
    assert_eq!(revisions(&stage).await, before);
    assert!(stage.client.workspace().diff(files.clone()).await.unwrap().is_empty());

    // Its flows are sound: nothing is wrong with them but what they depend on.
    for entry in folder.iter().filter(|entry| entry.key().kind == ElementKind::Flow) {
        let flow: FlowSpec = serde_json::from_value(Value::Object(entry.fields().clone())).unwrap();
        flow.check().unwrap();
        assert_eq!(flow.problems().into_values().flatten().count(), 0, "{}", entry.key());
    }

    // Customized children stay; the others follow a changed parent.
    let mut files = files;
    for (kind, field) in [("data-sources", "udm: emails"), ("field-mappings", "direction: both")] {
        let path = format!("membrane/{kind}/emails/spec.yaml");
        let to = if kind == "data-sources" { "udm: messages" } else { "direction: import" };
        let text = files.get(&path).unwrap().replace(field, to);
        files.insert(path, text).unwrap();
    }
    assert_eq!(import(&stage, &files).await.changed.len(), 2);
    let given = export(&stage).await;
    let said = |kind, app: &str, field: &str| {
        let key = EntryKey::of_integration(kind, "emails", app).unwrap();
        given.get(&key).unwrap().fields()[field].clone()
    };
    assert_eq!(said(ElementKind::DataSource, "gmail", "udm"), "emails");
    assert_eq!(said(ElementKind::FieldMapping, "gmail", "direction"), "both");
    let mut followed = 0;
    for entry in folder.iter().filter(|entry| entry.key().key.as_str() == "emails") {
        let Some(app) = &entry.key().integration else { continue };
        if app.as_str() != "gmail" && entry.key().kind == ElementKind::DataSource {
            assert_eq!(said(ElementKind::DataSource, app.as_str(), "udm"), "messages", "{app}");
            followed += 1;
        }
    }
    println!("{followed} data sources follow");
    assert!(followed > 0);
}
