//! What follows a parent, and what a change of the parent does to it.

use membrane_client::ErrorKind;
use membrane_core::element::{
    Action, ActionSpec, DataSourceSpec, Element, Flow, FlowSpec, IntegrationSpec, PackageSpec, Spec, State,
};
use membrane_core::op::{Archive, Create, Get, List, ListQuery, Reset, Restore};
use membrane_core::{LayerName, Selector};
use membrane_engine::op::Execute;
use serde_json::{Value, json};

use crate::on_both;
use crate::stage::{Stage, object};

on_both!(
    configs_say_what_they_mean_for_the_app,
    nodes_say_what_they_mean_for_the_app,
    names_follow_until_they_are_own,
    nodes_follow_where_only_the_schema_is_own,
    switches_follow_until_they_are_set,
    what_a_parent_breaks_is_shown_below_it,
    a_followers_revision_is_its_parents_too,
    one_uuid_is_one_element,
    places_are_named_by_uuid,
    what_is_for_all_apps_is_judged_by_itself,
    connections_have_what_is_for_all_apps,
    what_is_out_of_use_takes_along_what_is_below,
    fields_hold_what_they_say,
);

async fn get<S: Spec>(stage: &Stage, customer: Option<&str>, selector: impl Into<Selector>) -> Element<S>
where
    Get<S>: Execute<Output = Element<S>>,
{
    stage.call(customer, Get::<S>::new(selector)).await.unwrap()
}

/// The connection's copy of an element, made when there is none.
async fn copy<S: Spec>(stage: &Stage, key: &str) -> Element<S>
where
    Get<S>: Execute<Output = Element<S>>,
{
    let mut get = Get::<S>::new(on_taskly(key));
    get.auto_create = Some(true);
    stage.call(Some("acme"), get).await.unwrap()
}

fn on_taskly(key: &str) -> Selector {
    Selector::key(key).connection("taskly")
}

fn of_input(name: &str) -> Value {
    json!({"$var": format!("$.input.{name}")})
}

/// A universal element's child at an integration, which has nothing of its own.
async fn child<S: Spec>(stage: &Stage, key: &str, app: &str) -> Element<S>
where
    membrane_core::op::Create<S>: Execute + membrane_core::op::Op<Output = Element<S>>,
{
    stage.add(None, json!({"key": key, "integrationKey": app})).await.unwrap()
}

/// The app `keyed` keeps its users as people, with a mail and a name.
async fn users(stage: &Stage) {
    stage.add::<DataSourceSpec>(None, json!({"name": "Users", "udm": "users"})).await.unwrap();
}

async fn configs_say_what_they_mean_for_the_app(stage: Stage) {
    users(&stage).await;
    let native = json!({"mail": of_input("who.primaryEmail"), "name": of_input("who.fullName")});
    for (key, kind, config, derived) in [
        ("bare", "create-data-record", Value::Null, json!({"fieldMapping": {}, "dataSource": {}})),
        (
            "add",
            "create-data-record",
            json!({"dataSource": {"key": "users"}, "fieldMapping": {"defaultUnifiedValue": of_input("who")}}),
            json!({
                "dataSource": {"key": "users"},
                "fieldMapping": {"defaultUnifiedValue": of_input("who"), "defaultValue": native},
            }),
        ),
        (
            "list",
            "list-data-records",
            json!({"dataSource": {"udm": "users"}, "unifiedFilter": {"primaryEmail": of_input("mail")}}),
            json!({
                "dataSource": {"udm": "users", "collectionKey": "people", "defaultPath": "/data/people"},
                "unifiedFilter": {"primaryEmail": of_input("mail")}, "fieldMapping": {},
                "filter": {"mail": of_input("mail")},
            }),
        ),
        (
            "find",
            "match-data-record",
            json!({"dataSource": {"key": "users"}, "lookup": {"universalQuery": {"fullName": of_input("name")}}}),
            json!({
                "dataSource": {"key": "users"}, "fieldMapping": {},
                "lookup": {"universalQuery": {"fullName": of_input("name")}, "query": {"name": of_input("name")}},
            }),
        ),
        ("code", "run-javascript", json!({"code": "1"}), json!({"code": "1"})),
    ] {
        let universal = json!({"key": key, "name": key, "type": kind, "config": config});
        let universal: Action = stage.add(None, universal).await.unwrap();
        assert_eq!(universal.spec.config.unwrap_or_default(), config, "{key}");
        let child: Action = child(&stage, key, "keyed").await;
        assert_eq!(child.spec.config, Some(derived.clone()), "{key}");
        let shown: Action = get(&stage, None, &child.id).await;
        assert_eq!((shown.spec.config, shown.place.is_customized), (Some(derived), Some(false)), "{key}");
    }
    // It goes on with the parent, and is left alone when it is customized.
    let list = Selector::key("list").integration("keyed");
    let config = json!({"dataSource": {"udm": "users"}, "unifiedFilter": {"fullName": "Ada"}});
    stage.change::<ActionSpec>(None, "list", json!({ "config": config })).await.unwrap();
    let followed: Action = get(&stage, None, list.clone()).await;
    assert_eq!(followed.spec.config.unwrap()["filter"], json!({"name": "Ada"}));
    let own = json!({"config": {"dataSource": {"udm": "users"}, "unifiedFilter": {"fullName": "Bob"}}});
    let own: Action = stage.change(None, list.clone(), own).await.unwrap();
    assert_eq!(own.spec.config.unwrap().get("filter"), None);
    let back = stage.call(None, Reset::<ActionSpec>::new(list)).await.unwrap();
    assert_eq!(back.spec.config.unwrap()["filter"], json!({"name": "Ada"}));
}

async fn nodes_say_what_they_mean_for_the_app(stage: Stage) {
    users(&stage).await;
    let create = |who: &str| {
        let mapping = json!({"defaultUnifiedValue": {"fullName": who}});
        json!({"type": "create-data-record", "config": {"dataSource": {"key": "users"}, "fieldMapping": mapping}})
    };
    let trigger = json!({
        "type": "data-record-created-trigger", "config": {"dataSource": {"key": "users"}}, "links": [{"key": "add"}],
    });
    let nodes = json!({"start": trigger, "add": create("Ada"), "more": create("Ada"), "code": {"type": "run-javascript", "config": {"code": "1"}}});
    let universal: Flow = stage.add(None, json!({"name": "Sync", "nodes": nodes})).await.unwrap();
    let of_app: Flow = child(&stage, "sync", "keyed").await;
    let config = |flow: &Flow, node: &str| flow.spec.nodes.as_ref().unwrap()[node].config.clone().unwrap();
    assert_eq!(config(&of_app, "start"), json!({"dataSource": {"key": "users"}, "fieldMapping": {}}));
    assert_eq!(config(&of_app, "add")["fieldMapping"]["defaultValue"], json!({"name": "Ada"}));
    assert_eq!(config(&of_app, "code"), json!({"code": "1"}));
    assert_eq!(config(&universal, "add")["fieldMapping"].get("defaultValue"), None);
    // A node of its own is as it was written, the others are derived anew.
    let mut nodes = serde_json::to_value(&of_app.spec.nodes).unwrap();
    nodes["more"] = create("Mine");
    let own: Flow = stage.change(None, &of_app.id, json!({ "nodes": nodes })).await.unwrap();
    assert_eq!(config(&own, "more")["fieldMapping"].get("defaultValue"), None);
    let changed = json!({"nodes": {"start": trigger, "add": create("Eve"), "more": create("Eve")}});
    stage.change::<FlowSpec>(None, &universal.id, changed).await.unwrap();
    let shown: Flow = get(&stage, None, &of_app.id).await;
    assert_eq!(config(&shown, "add")["fieldMapping"]["defaultValue"], json!({"name": "Eve"}));
    assert_eq!(config(&shown, "more"), create("Mine")["config"]);
}

async fn names_follow_until_they_are_own(stage: Stage) {
    stage.connected("acme").await;
    let universal = json!({
        "key": "who", "name": "Who", "description": "Says who", "type": "run-javascript", "config": {"code": "1"},
    });
    let universal: Action = stage.add(None, universal).await.unwrap();
    let of_app: Action = child(&stage, "who", "taskly").await;
    let own: Action = copy(&stage, "who").await;
    let renamed = json!({"name": "Who is it", "description": "Says who it is"});
    stage.change::<ActionSpec>(None, &universal.id, renamed).await.unwrap();
    for id in [&of_app.id, &own.id] {
        let shown: Action = get(&stage, Some("acme"), id).await;
        assert_eq!(
            (shown.name.as_str(), shown.description.as_deref()),
            ("Who is it", Some("Says who it is"))
        );
    }
    let mine: Action = stage.change(None, &of_app.id, json!({"name": "Taskly's"})).await.unwrap();
    assert_eq!(
        (mine.place.is_customized, mine.place.customized_fields),
        (Some(false), vec!["name".to_owned()])
    );
    stage
        .change::<ActionSpec>(None, &universal.id, json!({"name": "Who now", "description": "x"}))
        .await
        .unwrap();
    for id in [&of_app.id, &own.id] {
        let shown: Action = get(&stage, Some("acme"), id).await;
        assert_eq!((shown.name.as_str(), shown.description.as_deref()), ("Taskly's", Some("x")));
    }
    let back = stage.call(None, Reset::<ActionSpec>::new(&of_app.id)).await.unwrap();
    assert_eq!((back.name.as_str(), back.place.customized_fields.len()), ("Who now", 0));
    // What is customized is left alone; of a flow the name by itself.
    stage.change::<ActionSpec>(None, &of_app.id, json!({"config": {"code": "2"}})).await.unwrap();
    stage.change::<ActionSpec>(None, &universal.id, json!({"name": "Later"})).await.unwrap();
    assert_eq!(get::<ActionSpec>(&stage, None, &of_app.id).await.name, "Who now");

    let flow = json!({"name": "Sync", "nodes": {"a": {"type": "api-trigger"}}});
    let flow: Flow = stage.add(None, flow).await.unwrap();
    let below: Flow = child(&stage, "sync", "taskly").await;
    let named: Flow = stage.change(None, &below.id, json!({"name": "Mine"})).await.unwrap();
    let customized = named.spec.customized.unwrap();
    assert_eq!((customized.name, customized.nodes), (true, false));
    let part = Reset::<FlowSpec>::new(&below.id).parts(object(json!({"name": true})));
    stage.call(None, part).await.unwrap();
    stage.change::<FlowSpec>(None, &flow.id, json!({"name": "Sync all"})).await.unwrap();
    let shown: Flow = get(&stage, None, &below.id).await;
    assert_eq!((shown.name.as_str(), shown.spec.customized.unwrap().name), ("Sync all", false));
}

async fn nodes_follow_where_only_the_schema_is_own(stage: Stage) {
    let code = |code: &str| json!({"type": "run-javascript", "config": {"code": code}});
    let flow: Flow = stage.add(None, json!({"name": "Sync", "nodes": {"a": code("1")}})).await.unwrap();
    let below: Flow = child(&stage, "sync", "taskly").await;
    let schema = json!({"parametersSchema": {"type": "object"}, "autoCreateInstances": true});
    let own: Flow = stage.change(None, &below.id, schema).await.unwrap();
    assert_eq!((own.place.is_customized, own.spec.customized.unwrap().nodes), (Some(true), false));
    let changed = json!({"nodes": {"a": code("2"), "b": code("3")}});
    stage.change::<FlowSpec>(None, &flow.id, changed).await.unwrap();
    let shown: Flow = get(&stage, None, &below.id).await;
    let nodes = shown.spec.nodes.unwrap();
    assert_eq!(nodes.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(nodes["a"].config, Some(json!({"code": "2"})));
    assert!(shown.spec.parameters_schema.is_some() && shown.spec.auto_create_instances == Some(true));
}

async fn switches_follow_until_they_are_set(stage: Stage) {
    stage.connected("acme").await;
    let fields = json!({"name": "Sync", "integrationKey": "taskly", "nodes": {"a": {"type": "api-trigger"}}});
    let parent: Flow = stage.add(None, fields).await.unwrap();
    let instance: Flow = copy(&stage, "sync").await;
    assert_eq!((instance.spec.enabled, &instance.spec.parameters), (None, &None));
    let on = json!({"enabled": true, "parameters": {"folder": 1}});
    stage.change::<FlowSpec>(None, &parent.id, on).await.unwrap();
    let shown: Flow = get(&stage, Some("acme"), &instance.id).await;
    assert_eq!((shown.spec.enabled, shown.spec.parameters), (Some(true), Some(json!({"folder": 1}))));
    let off: Flow = stage.change(Some("acme"), &instance.id, json!({"enabled": false})).await.unwrap();
    assert_eq!((off.place.is_customized, off.spec.enabled), (Some(false), Some(false)));
    stage.change::<FlowSpec>(None, &parent.id, json!({"parameters": {"folder": 2}})).await.unwrap();
    let reset = stage.call(Some("acme"), Reset::<FlowSpec>::new(&instance.id)).await.unwrap();
    assert_eq!((reset.spec.enabled, reset.spec.parameters), (Some(false), Some(json!({"folder": 2}))));
}

async fn what_a_parent_breaks_is_shown_below_it(stage: Stage) {
    let leads = |to: &[&str]| {
        let links: Vec<Value> = to.iter().map(|key| json!({ "key": key })).collect();
        json!({"type": "transform-data", "config": {"output": 1}, "links": links})
    };
    let nodes = json!({"a": leads(&[]), "b": leads(&[])});
    let flow: Flow = stage.add(None, json!({"name": "Sync", "nodes": nodes})).await.unwrap();
    let below: Flow = child(&stage, "sync", "taskly").await;
    let own = json!({"nodes": {"a": leads(&[]), "b": leads(&["a"])}});
    stage.change::<FlowSpec>(None, &below.id, own).await.unwrap();
    let turned = json!({"nodes": {"a": leads(&["b"]), "b": leads(&[])}});
    let flow: Flow = stage.change(None, &flow.id, turned).await.unwrap();
    assert_eq!(flow.state, State::Ready);
    let broken: Flow = get(&stage, None, &below.id).await;
    assert_eq!(broken.state, State::ConfigurationError);
    assert!(broken.errors[0].message.contains("leads back to itself"), "{:?}", broken.errors);
    let meta = json!({"enabled": true, "name": "Other", "meta": {"a": 1}, "description": "x"});
    let changed: Flow = stage.change(None, &below.id, meta).await.unwrap();
    assert_eq!((changed.spec.enabled, changed.name.as_str()), (Some(true), "Other"));
    assert_eq!(changed.state, State::ConfigurationError);
    let worse = json!({"nodes": {"a": leads(&["a"])}});
    let worse = stage.change::<FlowSpec>(None, &below.id, worse).await.unwrap_err();
    assert_eq!(worse.kind(), ErrorKind::InvalidInput);

    let fly = |key: &str| json!({"type": "connector-operation", "config": {"operationKey": key}});
    let mut fields = fly("get-me");
    fields["name"] = json!("Who");
    let universal: Action = stage.add(None, fields).await.unwrap();
    let action: Action = child(&stage, "who", "taskly").await;
    assert_eq!((action.state, action.errors.len()), (State::Ready, 0));
    let user = json!({
        "name": "User", "integrationKey": "taskly", "type": "run-javascript", "config": {"code": "1", "action": {"key": "who"}},
    });
    let user: Action = stage.add(None, user).await.unwrap();
    stage.change::<ActionSpec>(None, &universal.id, fly("fly")).await.unwrap();
    let action: Action = get(&stage, None, &action.id).await;
    assert_eq!(action.state, State::ConfigurationError);
    assert!(action.errors[0].message.contains("fly"), "{:?}", action.errors);
    let user: Action = get(&stage, None, &user.id).await;
    assert_eq!(user.errors[0].message, "Action dependency has errors");
    let renamed: Action = stage.change(None, &action.id, json!({"name": "Me"})).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.state), ("Me", State::ConfigurationError));
    // A flow's node that wants what the app has not.
    let node = json!({"a": {"type": "integration-specific-operation", "config": {"operationKey": "fly"}}});
    let flow: Flow = stage.add(None, json!({"name": "Fly", "nodes": node})).await.unwrap();
    assert_eq!(flow.state, State::Ready);
    let below: Flow = child(&stage, "fly", "taskly").await;
    assert_eq!((below.state, below.errors.len()), (State::ConfigurationError, 1));
    assert_eq!(below.spec.nodes.unwrap()["a"].errors.as_ref().unwrap().len(), 1);
}

async fn a_followers_revision_is_its_parents_too(stage: Stage) {
    stage.connected("acme").await;
    let flow = json!({"name": "Sync", "nodes": {"a": {"type": "api-trigger"}}});
    let flow: Flow = stage.add(None, flow).await.unwrap();
    let of_app: Flow = child(&stage, "sync", "taskly").await;
    let instance: Flow = copy(&stage, "sync").await;
    let before =
        [get::<FlowSpec>(&stage, None, &of_app.id).await, get(&stage, Some("acme"), &instance.id).await];
    let again =
        [get::<FlowSpec>(&stage, None, &of_app.id).await, get(&stage, Some("acme"), &instance.id).await];
    assert_eq!(before, again);
    let changed = json!({"nodes": {"a": {"type": "api-trigger", "name": "Begin"}}});
    let flow: Flow = stage.change(None, &flow.id, changed).await.unwrap();
    let after =
        [get::<FlowSpec>(&stage, None, &of_app.id).await, get(&stage, Some("acme"), &instance.id).await];
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before.revision, after.revision);
        assert!(after.updated_at >= flow.updated_at && after.created_at == before.created_at);
        let spec = &after.spec;
        assert_eq!(spec.universal_flow_id.as_deref(), Some(flow.id.as_str()));
        assert_eq!(spec.universal_flow_revision.as_deref(), Some(flow.revision.as_str()));
    }
    assert_eq!(after[0].place.parent_revision.as_deref(), Some(flow.revision.as_str()));
    assert_eq!(after[1].spec.flow_revision.as_deref(), Some(after[0].revision.as_str()));
    let listed = stage.call(None, List::<FlowSpec>::from(ListQuery::default())).await.unwrap().items;
    for one in &after {
        let listed = listed.iter().find(|listed| listed.id == one.id).unwrap();
        assert_eq!((&listed.revision, &listed.updated_at), (&one.revision, &one.updated_at));
    }
    // Written, it has a revision of its own again, and changes of the parent are still no conflict.
    let written: Flow = stage.change(Some("acme"), &instance.id, json!({"meta": {"a": 1}})).await.unwrap();
    assert_eq!(get::<FlowSpec>(&stage, Some("acme"), &instance.id).await.revision, written.revision);
    assert_ne!(written.revision, after[1].revision);
    // What is customized as a whole does not change with its parent.
    let own = json!({"nodes": {}});
    stage.change::<FlowSpec>(None, &of_app.id, own).await.unwrap();
    let own: Flow = get(&stage, None, &of_app.id).await;
    stage.change::<FlowSpec>(None, &flow.id, json!({"description": "x"})).await.unwrap();
    assert_eq!(get::<FlowSpec>(&stage, None, &of_app.id).await, own);
}

async fn one_uuid_is_one_element(stage: Stage) {
    let code = |name: &str, uuid: &str| json!({"name": name, "uuid": uuid, "type": "run-javascript", "config": {"code": "1"}});
    let first: Action = stage.add(None, code("First", "u-1")).await.unwrap();
    let taken = stage.add::<ActionSpec>(None, code("Second", "u-1")).await.unwrap_err();
    assert_eq!(
        (taken.kind(), taken.context_value("field")),
        (ErrorKind::AlreadyExists, Some("uuid")),
        "{taken}"
    );
    let second: Action = stage.add(None, code("Second", "u-2")).await.unwrap();
    let taken = stage.change::<ActionSpec>(None, &second.id, json!({"uuid": "u-1"})).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists, "{taken}");
    let same: Action = stage.change(None, &first.id, json!({"uuid": "u-1", "name": "Same"})).await.unwrap();
    assert_eq!(same.uuid.as_deref(), Some("u-1"));
    // Another kind may have it; so may who comes after one that was archived, which then does not come back.
    stage.add::<FlowSpec>(None, json!({"name": "Flow", "uuid": "u-1"})).await.unwrap();
    stage.call(None, Archive::<ActionSpec>::new(&first.id)).await.unwrap();
    stage.change::<ActionSpec>(None, &second.id, json!({"uuid": "u-1"})).await.unwrap();
    let taken = stage.call(None, Restore::<ActionSpec>::new(&first.id)).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists, "{taken}");
    // A customer who takes it stands in nobody else's way, and has it once.
    let own = json!({"name": "Own", "uuid": "u-9", "integrationKey": "taskly", "type": "run-javascript", "config": {"code": "1"}});
    let of = |user: &str| {
        let mut fields = own.clone();
        fields["userId"] = json!(user);
        let mut create = Create::<ActionSpec>::new(object(fields));
        create.layer = Some(LayerName::Connection);
        create
    };
    let manager = stage.engine.manager();
    for user in ["acme", "bob"] {
        stage.connected(user).await;
        let made = stage.engine.call(&manager, of(user)).await.unwrap();
        assert_eq!(made.place.user_id.as_deref(), Some(user));
        let taken = stage.engine.call(&manager, of(user)).await.unwrap_err();
        assert_eq!((taken.kind(), taken.context_value("field")), (ErrorKind::AlreadyExists, Some("uuid")));
    }
    stage.add::<ActionSpec>(None, code("Ninth", "u-9")).await.unwrap();
    // In a folder it is a problem of the file.
    let mut files = membrane_client::WorkspaceFiles::new();
    files.insert("membrane/actions/third/spec.yaml", "key: third\nname: Third\nuuid: u-1\n").unwrap();
    let outcome = stage.client.workspace().import(files).await.unwrap();
    assert_eq!((outcome.created.len(), outcome.report.problems.len()), (0, 1));
    assert_eq!(outcome.report.problems[0].field.as_deref(), Some("uuid"));
}

async fn places_are_named_by_uuid(stage: Stage) {
    let app: Element<IntegrationSpec> = get(&stage, None, "taskly").await;
    let app_uuid = app.uuid.clone().unwrap();
    let parent = json!({"name": "Who", "uuid": "u-who", "type": "run-javascript", "config": {"code": "1"}});
    let parent: Action = stage.add(None, parent).await.unwrap();
    let below = json!({"name": "Me", "integrationUuid": app_uuid, "parentUuid": "u-who"});
    let below: Action = stage.add(None, below).await.unwrap();
    assert_eq!(below.place.parent_id.as_ref(), Some(&parent.id));
    assert_eq!(below.place.integration_id.as_ref().map(|id| id.as_str()), Some(app.id.as_str()));
    for name in ["integrationUuid", "parentUuid"] {
        let unknown =
            stage.add::<ActionSpec>(None, json!({"name": "x", (name): "nothing"})).await.unwrap_err();
        assert_eq!((unknown.kind(), unknown.context_value("field")), (ErrorKind::NotFound, Some(name)));
    }
    let mut files = membrane_client::WorkspaceFiles::new();
    let flat = |uuid: &str| {
        format!("key: flat\nname: Flat\nintegrationUuid: {uuid}\nparentUuid: u-who\nisCustomized: false\n")
    };
    files.insert("membrane/actions/flat/spec.yaml", flat(&app_uuid)).unwrap();
    files.insert("membrane/actions/lost/spec.yaml", flat("nothing").replace("flat", "lost")).unwrap();
    let outcome = stage.client.workspace().import(files).await.unwrap();
    assert_eq!(outcome.created.iter().map(ToString::to_string).collect::<Vec<_>>(), ["action:flat:taskly"]);
    assert_eq!(outcome.report.problems.len(), 1, "{:?}", outcome.report.problems);
    assert_eq!(outcome.report.problems[0].field.as_deref(), Some("integrationUuid"));
    let flat: Action = get(&stage, None, Selector::key("flat").integration("taskly")).await;
    assert_eq!((flat.place.parent_id, flat.spec.config), (Some(parent.id), Some(json!({"code": "1"}))));
}

async fn what_is_for_all_apps_is_judged_by_itself(stage: Stage) {
    let list =
        json!({"name": "List", "type": "list-data-records", "config": {"dataSource": {"key": "tasks"}}});
    let list: Action = stage.add(None, list).await.unwrap();
    let errors = async |stage: &Stage| -> Vec<String> {
        let shown: Action = get(stage, None, &list.id).await;
        shown.errors.into_iter().map(|error| error.message).collect()
    };
    assert_eq!(errors(&stage).await, ["there is no Data Source `tasks`"]);
    for app in ["taskly", "keyed"] {
        // Of the second its app has errors.
        let source = json!({"key": "tasks", "name": "Tasks", "integrationKey": app});
        stage.add::<DataSourceSpec>(None, source).await.unwrap();
        assert_eq!(errors(&stage).await, ["there is no Data Source `tasks`"], "{app}");
    }
    stage
        .add::<DataSourceSpec>(None, json!({"key": "tasks", "name": "Tasks", "udm": "tasks"}))
        .await
        .unwrap();
    assert!(errors(&stage).await.is_empty());
}

async fn connections_have_what_is_for_all_apps(stage: Stage) {
    stage.connected("acme").await;
    let code =
        |key: &str| json!({"key": key, "name": key, "type": "run-javascript", "config": {"code": "1"}});
    for key in ["one", "two", "three", "four"] {
        stage.add::<ActionSpec>(None, code(key)).await.unwrap();
    }
    let of_app: Action = child(&stage, "two", "taskly").await;
    let own: Action = copy(&stage, "three").await;
    stage.add::<ActionSpec>(None, json!({"key": "idea", "name": "Idea"})).await.unwrap();
    let list = async |limit: u32, edit: &dyn Fn(&mut ListQuery)| {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let mut query = ListQuery::default();
            query.connection_id = Some("taskly".to_owned());
            (query.paging.limit, query.paging.cursor) = (Some(limit), cursor);
            edit(&mut query);
            let page = stage.call(Some("acme"), List::<ActionSpec>::from(query)).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            assert!(page.items.len() == limit as usize || page.cursor.is_none());
            found.extend(page.items);
            cursor = page.cursor;
            if cursor.is_none() {
                return found;
            }
        }
    };
    let all = list(100, &|_| {}).await;
    let with_key = |key: &str| -> Vec<&Action> {
        all.iter().filter(|action| action.key.as_ref().is_some_and(|own| own.as_str() == key)).collect()
    };
    for key in ["one", "two", "three", "four"] {
        assert_eq!(with_key(key).len(), 1, "{key}");
    }
    assert_eq!((&with_key("two")[0].id, &with_key("three")[0].id), (&of_app.id, &own.id));
    assert!(with_key("idea").is_empty(), "no app can do it yet");
    for limit in [1, 2, 3] {
        let paged = list(limit, &|_| {}).await;
        let ids = |actions: &[Action]| actions.iter().map(|action| action.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&paged), ids(&all), "{limit} a page");
    }
    let searched = list(100, &|query| query.search = Some("four".to_owned())).await;
    assert_eq!(searched.len(), 1);
    // Records of a model the app does not keep are of no use there.
    for (key, udm) in [("people", "users"), ("work", "tasks")] {
        stage.add::<DataSourceSpec>(None, json!({"key": key, "name": key, "udm": udm})).await.unwrap();
    }
    let mut query = ListQuery::default();
    query.connection_id = Some("taskly".to_owned());
    let sources = stage.call(Some("acme"), List::<DataSourceSpec>::from(query)).await.unwrap().items;
    let keys: Vec<&str> = sources.iter().map(|source| source.key.as_ref().unwrap().as_str()).collect();
    assert_eq!(keys, ["work"]);
}

async fn what_is_out_of_use_takes_along_what_is_below(stage: Stage) {
    let acme = stage.connected("acme").await;
    let app: Element<IntegrationSpec> = get(&stage, None, "taskly").await;
    let connection = acme.connection("taskly").get().await.unwrap();
    assert_eq!((app.is_deactivated, connection.is_deactivated), (Some(false), Some(false)));
    assert_eq!(connection.related.integration.unwrap().is_deactivated, Some(false));
    let action: Action = get(&stage, Some("acme"), on_taskly("create-task")).await;
    assert_eq!(action.is_deactivated, Some(false));
    let archived = stage.call(None, Archive::<IntegrationSpec>::new("taskly")).await.unwrap();
    assert_eq!(archived.is_deactivated, Some(true));
    let connection = acme.connection(connection.id.as_str()).get().await.unwrap();
    assert_eq!((connection.is_deactivated, connection.archived_at), (Some(true), None));
    let action: Action = get(&stage, Some("acme"), &action.id).await;
    assert_eq!((action.is_deactivated, action.archived_at), (Some(true), None));
    let restored = stage.call(None, Restore::<IntegrationSpec>::new(&app.id)).await.unwrap();
    assert_eq!(restored.is_deactivated, Some(false));
    assert_eq!(get::<ActionSpec>(&stage, Some("acme"), &action.id).await.is_deactivated, Some(false));
}

async fn fields_hold_what_they_say(stage: Stage) {
    let refused = async |error: membrane_client::Error, field: &str| {
        assert_eq!(
            (error.kind(), error.context_value("field")),
            (ErrorKind::InvalidInput, Some(field)),
            "{error}"
        );
    };
    for seconds in [json!(0), json!(-5)] {
        let source = json!({"name": "x", "pullUpdatesIntervalSeconds": seconds});
        let error = stage.add::<DataSourceSpec>(None, source).await.unwrap_err();
        refused(error, "pullUpdatesIntervalSeconds").await;
    }
    for address in ["not an address", "ftp://x.example/cb"] {
        let fields = json!({ "oAuthCallbackUri": address });
        refused(
            stage.change::<IntegrationSpec>(None, "taskly", fields).await.unwrap_err(),
            "oAuthCallbackUri",
        )
        .await;
    }
    for address in ["https://product.example/cb", ""] {
        let fields = json!({ "oAuthCallbackUri": address });
        stage.change::<IntegrationSpec>(None, "taskly", fields).await.unwrap();
    }
    let flow: Flow = stage.add(None, json!({"name": "Sync", "uuid": "u-sync"})).await.unwrap();
    let other: Flow = stage.add(None, json!({"name": "Other"})).await.unwrap();
    let elements = json!([
        {"type": "flow", "id": flow.id}, {"type": "flow", "uuid": "u-sync"}, {"type": "flow", "id": "gone"},
    ]);
    let package: Element<PackageSpec> =
        stage.add(None, json!({"name": "All", "elements": elements})).await.unwrap();
    let messages: Vec<&str> = package.errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(messages, ["there is no Flow `gone`"]);
    let mut both = Selector::key("other");
    both.id = Some(flow.id.to_string());
    refused(stage.call(None, Get::<FlowSpec>::new(both.clone())).await.unwrap_err(), "key").await;
    both.id = Some(other.id.to_string());
    assert_eq!(get::<FlowSpec>(&stage, None, both).await.id, other.id);
}
