//! Every kind with layers: made at each layer, following its parent, customized, reset, archived, and nobody
//! else's to change.

use membrane_client::{ErrorKind, Result};
use membrane_core::element::{
    ActionSpec, AppDataSchemaSpec, DataLinkTableSpec, DataSourceSpec, Element, FieldMappingSpec, FlowSpec,
    IntegrationSpec, Layered, PackageSpec, State,
};
use membrane_core::op::{
    Archive, Create, Explain, Get, GetConnection, List, ListQuery, Op, Reset, Restore, RunAction, Setup,
    Update,
};
use membrane_core::{LayerName, Page, Selector};
use membrane_engine::op::Execute;
use serde_json::{Value, json};

use crate::on_both;
use crate::stage::{Stage, object};

on_both!(
    actions_live_at_every_layer,
    data_sources_live_at_every_layer,
    field_mappings_live_at_every_layer,
    flows_live_at_every_layer,
    some_kinds_skip_a_layer,
    bad_content_is_refused,
    what_a_connector_knows_is_filled_in,
    faults_travel_down,
    a_connectors_action_is_reset_to_its_own,
    values_are_explained,
    parents_go_by_the_kinds_own_names,
    circles_are_shown,
    instances_go_by_customer_and_app,
    an_archived_parent_takes_its_children_along,
    what_does_not_fit_is_named,
);

/// All that can be asked of a layered kind.
macro_rules! lives {
    ($spec:ty, $stage:expr, $content:expr, $changes:expr) => {{
        let (stage, [first, second, own]): (&Stage, [Value; 3]) = ($stage, $changes);
        let with = |mut fields: Value, more: &Value| {
            more.as_object().unwrap().iter().for_each(|(name, value)| fields[name] = value.clone());
            fields
        };
        let has = |element: &Element<$spec>, content: &Value| {
            let shown = serde_json::to_value(element).unwrap();
            content.as_object().unwrap().iter().all(|(name, value)| shown[name] == *value)
        };
        let get = async |customer: Option<&str>, selector: Selector, auto_create: bool| {
            let mut get = Get::<$spec>::new(selector);
            get.auto_create = Some(auto_create);
            stage.call(customer, get).await
        };
        stage.connected("acme").await;
        stage.connected("mallory").await;
        let universal: Element<$spec> =
            stage.add(None, with($content, &json!({"name": "Thing"}))).await.unwrap();
        let universal: Element<$spec> = stage.change(None, &universal.id, first.clone()).await.unwrap();
        assert_eq!(universal.place.layer(), LayerName::Universal);
        assert_eq!(universal.key.as_ref().unwrap().as_str(), "thing", "the key follows from the name");

        let child = json!({"key": "thing", "integrationKey": "taskly"});
        let child: Element<$spec> = stage.add(None, child).await.unwrap();
        assert_eq!((child.place.layer(), child.place.is_customized), (LayerName::Integration, Some(false)));
        assert_eq!(child.place.parent_id.as_ref(), Some(&universal.id));
        assert!(has(&child, &first), "{child:?}");
        let twice = json!({"key": "thing", "integrationKey": "taskly"});
        let twice = stage.add::<$spec>(None, twice).await.unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::AlreadyExists);

        let on_taskly = || Selector::key("thing").connection("taskly");
        let copy = get(Some("acme"), on_taskly(), true).await.unwrap();
        assert_eq!((copy.place.layer(), copy.place.is_customized), (LayerName::Connection, Some(false)));
        let changed: Element<$spec> = stage.change(None, &universal.id, second.clone()).await.unwrap();
        for id in [&child.id, &copy.id] {
            let shown = get(Some("acme"), id.into(), false).await.unwrap();
            assert!(has(&shown, &second), "{shown:?}");
            let setup = Setup::<$spec>::new(id);
            let setup = stage.call(if id == &child.id { None } else { Some("acme") }, setup).await.unwrap();
            assert!(has(&setup, &second));
        }
        let applied = get(None, (&universal.id).into(), false).await.unwrap().applied_to_integrations;
        assert_eq!(applied.len(), 1);
        assert_eq!((&applied[0].element.id, applied[0].integration.name.as_str()), (&child.id, "Taskly"));
        assert_ne!(changed.revision, universal.revision);

        let mine: Element<$spec> = stage.change(Some("acme"), on_taskly(), own.clone()).await.unwrap();
        assert_eq!((&mine.id, mine.place.is_customized), (&copy.id, Some(true)));
        let back = stage.call(Some("acme"), Reset::<$spec>::new(on_taskly())).await.unwrap();
        assert_eq!(back.place.is_customized, Some(false));
        assert!(has(&back, &second), "{back:?}");
        stage.change::<$spec>(None, &child.id, own.clone()).await.unwrap();
        assert!(has(&get(Some("acme"), (&copy.id).into(), false).await.unwrap(), &own));
        stage.change::<$spec>(None, &universal.id, first.clone()).await.unwrap();
        assert!(has(&get(None, (&child.id).into(), false).await.unwrap(), &own), "customized is left alone");
        stage.change::<$spec>(None, &child.id, json!({"isCustomized": false})).await.unwrap();
        assert!(has(&get(None, (&child.id).into(), false).await.unwrap(), &first));
        let orphan = stage.call(None, Reset::<$spec>::new(&universal.id)).await.unwrap_err();
        assert_eq!(
            orphan.message(),
            format!("the {} `thing` has no parent it could follow again", <$spec as membrane_core::element::Spec>::KIND)
        );

        for id in [&universal.id, &child.id] {
            let error = stage.change::<$spec>(Some("acme"), id, own.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
            let error = stage.call(Some("acme"), Reset::<$spec>::new(id)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AccessDenied, "{error}");
        }
        for error in [
            get(Some("mallory"), (&copy.id).into(), false).await.unwrap_err(),
            stage.change::<$spec>(Some("mallory"), &copy.id, own.clone()).await.unwrap_err(),
            stage.call(Some("mallory"), Reset::<$spec>::new(&copy.id)).await.unwrap_err(),
            stage.call(Some("mallory"), Setup::<$spec>::new(&copy.id)).await.unwrap_err(),
            stage.call(Some("mallory"), Explain::<$spec>::new(&copy.id)).await.unwrap_err(),
            stage.call(Some("mallory"), Archive::<$spec>::new(&copy.id)).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        }
        stage.call(Some("acme"), Archive::<$spec>::new(&copy.id)).await.unwrap();
        let gone = get(Some("acme"), (&copy.id).into(), false).await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound);
        let back = stage.call(Some("acme"), Restore::<$spec>::new(&copy.id)).await.unwrap();
        assert_eq!((back.archived_at, back.is_deactivated), (None, Some(false)));
        assert_eq!(listed::<$spec>(stage, LayerName::Connection).await.unwrap(), ["thing"]);
    }};
}

async fn listed<S: Layered>(stage: &Stage, layer: LayerName) -> Result<Vec<String>>
where
    List<S>: Execute + Op<Output = Page<Element<S>>>,
{
    let mut query = ListQuery::default();
    query.layer = Some(layer);
    let page = stage.call(None, List::<S>::from(query)).await?;
    Ok(page.items.into_iter().map(|element| element.key.unwrap().to_string()).collect())
}

async fn actions_live_at_every_layer(stage: Stage) {
    let of = |n: u64| json!({"outputMapping": {"n": n}});
    lives!(ActionSpec, &stage, json!({"type": "run-javascript"}), [of(1), of(2), of(3)]);
}

async fn data_sources_live_at_every_layer(stage: Stage) {
    let every = |n: u64| json!({"fullSyncIntervalSeconds": n});
    lives!(DataSourceSpec, &stage, json!({"udm": "tasks"}), [every(60), every(120), every(180)]);
}

async fn field_mappings_live_at_every_layer(stage: Stage) {
    let of = |name: &str| json!({"defaultImportValue": {"title": {"$var": name}}});
    lives!(FieldMappingSpec, &stage, json!({"direction": "both"}), [of("$.a"), of("$.b"), of("$.c")]);
}

async fn flows_live_at_every_layer(stage: Stage) {
    let of = |n: u64| json!({ "parametersSchema": {"type": "object", "title": n.to_string()} });
    let nodes = json!({"nodes": {"start": {"type": "api-trigger"}}});
    lives!(FlowSpec, &stage, nodes, [of(1), of(2), of(3)]);
}

async fn some_kinds_skip_a_layer(stage: Stage) {
    stage.connected("acme").await;
    let package = json!({"name": "Sync", "elements": [{"type": "flow", "id": "f1"}]});
    let package: Element<PackageSpec> = stage.add(None, package).await.unwrap();
    let child = json!({"key": "sync", "integrationKey": "taskly"});
    let child: Element<PackageSpec> = stage.add(None, child).await.unwrap();
    assert_eq!(child.place.parent_id.as_ref(), Some(&package.id));
    assert_eq!(child.spec.elements, package.spec.elements);
    let below = json!({"key": "sync", "connectionId": "taskly"});
    let below = stage.add::<PackageSpec>(Some("acme"), below).await.unwrap_err();
    assert_eq!(below.kind(), ErrorKind::AccessDenied, "packages are a manager's: {below}");

    let table: Element<DataLinkTableSpec> = stage.add(None, json!({"name": "Links"})).await.unwrap();
    let of_app = json!({"name": "Links", "integrationKey": "taskly"});
    let of_app = stage.add::<DataLinkTableSpec>(None, of_app).await.unwrap_err();
    assert_eq!(
        of_app.message(),
        "a data-link-table exists at these layers: connection, universal; this one would be at the integration \
         layer"
    );
    let mut get = Get::<DataLinkTableSpec>::new(Selector::key("links").connection("taskly"));
    get.auto_create = Some(true);
    let copy = stage.call(Some("acme"), get).await.unwrap();
    assert_eq!(copy.spec.data_link_table_id.as_deref(), Some(table.id.as_str()));
    let mut query = ListQuery::default();
    query.connection_id = Some("taskly".to_owned());
    let shown = stage.call(Some("acme"), List::<DataLinkTableSpec>::from(query)).await.unwrap().items;
    assert_eq!(shown.iter().map(|table| &table.id).collect::<Vec<_>>(), [&copy.id]);
}

async fn bad_content_is_refused(stage: Stage) {
    let bad = json!({"$tpl": {"template": "", "values": {"(": 1}}});
    let refused = async |error: Result<()>, field: &str, why: &str| {
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some(field)));
        assert!(error.message().contains(why), "{error}");
    };
    let source = async |fields: Value| stage.add::<DataSourceSpec>(None, fields).await.map(|_| ());
    let why = "`udm`: there is no unified model `task`; is it `tasks`?";
    refused(source(json!({"name": "x", "udm": "task"})).await, "udm", why).await;
    refused(source(json!({"name": "x", "path": "tasks"})).await, "path", "it must start with `data/`").await;
    let nowhere = json!({"name": "x", "integrationKey": "taskly", "collectionKey": "nope"});
    refused(source(nowhere).await, "collectionKey", "no data collection `nope`").await;
    let mapping = async |fields: Value| stage.add::<FieldMappingSpec>(None, fields).await.map(|_| ());
    refused(mapping(json!({"name": "x", "importValue": bad})).await, "importValue", "importValue").await;
    refused(mapping(json!({"name": "x", "direction": "up"})).await, "direction", "up").await;
    let flow = async |nodes: Value| {
        stage.add::<FlowSpec>(None, json!({"name": "x", "nodes": nodes})).await.map(|_| ())
    };
    let cycle = json!({"a": {"links": [{"key": "b"}]}, "b": {"links": [{"key": "a"}]}});
    refused(flow(cycle).await, "nodes.a.links", "the node `a` leads back to itself").await;
    refused(flow(json!({"a": {"config": {"x": bad}}})).await, "nodes.a.config", "`nodes.a.config`").await;
    let package = json!({"name": "x", "elements": [{"type": "screen", "id": "1"}]});
    let package = stage.add::<PackageSpec>(None, package).await.map(|_| ());
    refused(package, "elements[0]", "a package holds no screen").await;
}

/// The mapping of the unified model that the app `keyed` has.
async fn what_a_connector_knows_is_filled_in(stage: Stage) {
    let source = json!({"name": "Users", "udm": "users"});
    stage.add::<DataSourceSpec>(None, source).await.unwrap();
    let all = json!({"$var": "$"});
    let mapping = json!({
        "name": "Users", "dataSourceKey": "users", "defaultImportValue": all, "defaultExportValue": all,
    });
    let universal: Element<FieldMappingSpec> = stage.add(None, mapping).await.unwrap();
    assert_eq!(universal.spec.mapping.import_value, None);
    let below = json!({"key": "users", "integrationKey": "keyed"});
    let child: Element<FieldMappingSpec> = stage.add(None, below.clone()).await.unwrap();
    let derived = |child: &Element<FieldMappingSpec>| {
        let mapping = &child.spec.mapping;
        assert_eq!(mapping.import_value.as_ref().unwrap()["fullName"], json!({"$var": "$.name"}));
        let export = json!({"mail": {"$var": "$.primaryEmail"}, "name": {"$var": "$.fullName"}});
        assert_eq!(mapping.export_value, Some(export));
        assert_eq!(child.place.is_customized, Some(false));
    };
    derived(&child);
    let source: Element<DataSourceSpec> = stage.add(None, below).await.unwrap();
    assert_eq!(source.spec.collection_key.as_deref(), Some("people"));
    assert_eq!(source.spec.default_path.as_deref(), Some("/data/people"));
    assert_eq!(source.spec.default_collection_key.as_deref(), Some("people"));
    let child = stage.call(None, Get::<FieldMappingSpec>::new(&child.id)).await.unwrap();
    derived(&child);
    assert!(child.spec.data_source_schema.is_some());
    // What is customized is left alone.
    let own = json!({"importValue": {"who": {"$var": "$.name"}}});
    let own: Element<FieldMappingSpec> = stage.change(None, &child.id, own).await.unwrap();
    assert_eq!(own.spec.mapping.import_value, Some(json!({"who": {"$var": "$.name"}})));
    derived(&stage.call(None, Reset::<FieldMappingSpec>::new(&child.id)).await.unwrap());
    // An app without such records says so.
    let none = json!({"key": "users", "integrationKey": "taskly"});
    let none: Element<DataSourceSpec> = stage.add(None, none).await.unwrap();
    assert_eq!(
        (none.state, none.errors[0].message.as_str()),
        (State::ConfigurationError, "Taskly keeps no users")
    );
}

async fn faults_travel_down(stage: Stage) {
    let source = json!({"name": "Users", "udm": "users", "integrationKey": "keyed"});
    let source: Element<DataSourceSpec> = stage.add(None, source).await.unwrap();
    let mapping = json!({"name": "Users", "dataSourceKey": "users", "integrationKey": "keyed"});
    let mapping: Element<FieldMappingSpec> = stage.add(None, mapping).await.unwrap();
    let action = json!({
        "name": "List", "type": "list-data-records", "integrationKey": "keyed",
        "config": {"dataSource": {"key": "users"}, "fieldMapping": {"key": "users"}},
    });
    let action: Element<ActionSpec> = stage.add(None, action).await.unwrap();
    let messages = |errors: &[membrane_core::ErrorBody]| -> Vec<String> {
        errors
            .iter()
            .inspect(|error| assert_eq!(error.r#type, "dependency_error"))
            .map(|error| error.message.clone())
            .collect()
    };
    assert_eq!(messages(&source.errors), ["Integration dependency has errors"]);
    assert_eq!(
        messages(&mapping.errors),
        ["Integration dependency has errors", "Data Source dependency has errors"]
    );
    assert_eq!(
        messages(&action.errors),
        [
            "Integration dependency has errors",
            "Data Source dependency has errors",
            "Field Mapping dependency has errors",
        ]
    );
    let named = json!({"workspaceElementReference": {"type": "data-source", "id": source.id}});
    assert_eq!((action.state, &action.errors[1].data), (State::ConfigurationError, &Some(named)));
    assert_eq!(action.spec.dependencies.len(), 2);

    let parameters = json!({"parameters": {"apiUri": stage.faults.url(), "clientSecret": "s"}});
    stage.change::<IntegrationSpec>(None, "keyed", parameters).await.unwrap();
    let action = stage.call(None, Get::<ActionSpec>::new(&action.id)).await.unwrap();
    assert_eq!((action.state, action.errors.len()), (State::Ready, 0));

    stage.call(None, Archive::<DataSourceSpec>::new(&source.id)).await.unwrap();
    let action = stage.call(None, Setup::<ActionSpec>::new(&action.id)).await.unwrap();
    assert_eq!((action.state, action.is_deactivated), (State::Ready, Some(true)), "{:?}", action.errors);
    let app = stage.call(None, Archive::<IntegrationSpec>::new("keyed")).await.unwrap();
    let action = stage.call(None, Get::<ActionSpec>::new(&action.id)).await.unwrap();
    assert_eq!(action.is_deactivated, Some(true));
    stage.call(None, Restore::<IntegrationSpec>::new(&app.id)).await.unwrap();
    let app = stage.call(None, Setup::<IntegrationSpec>::new("keyed")).await.unwrap();
    assert_eq!(app.state, State::Ready);
}

async fn a_connectors_action_is_reset_to_its_own(stage: Stage) {
    let selector = || Selector::key("create-task").integration("taskly");
    let before = stage.call(None, Get::<ActionSpec>::new(selector())).await.unwrap();
    stage.change::<ActionSpec>(None, &before.id, json!({"outputMapping": 1})).await.unwrap();
    let back = stage.call(None, Reset::<ActionSpec>::new(selector())).await.unwrap();
    assert_eq!((&back.id, &back.spec), (&before.id, &before.spec));
}

async fn values_are_explained(stage: Stage) {
    stage.connected("acme").await;
    let universal = json!({"name": "Who", "type": "run-javascript", "config": {"code": "1"}});
    let universal: Element<ActionSpec> = stage.add(None, universal).await.unwrap();
    let child: Element<ActionSpec> =
        stage.add(None, json!({"key": "who", "integrationKey": "taskly"})).await.unwrap();
    stage.change::<ActionSpec>(None, &child.id, json!({"outputMapping": {"n": 1}})).await.unwrap();
    let on_taskly = Selector::key("who").connection("taskly");
    let explained = stage.call(Some("acme"), Explain::<ActionSpec>::new(on_taskly)).await.unwrap();
    let origin = |field: &str| (explained.fields[field].layer, explained.fields[field].element_id.clone());
    assert_eq!(origin("config"), (LayerName::Universal, universal.id));
    assert_eq!(origin("outputMapping"), (LayerName::Integration, child.id));
    assert!(!explained.fields.contains_key("inputSchema"));

    let source = json!({"name": "Users", "udm": "users"});
    stage.add::<DataSourceSpec>(None, source).await.unwrap();
    stage.add::<DataSourceSpec>(None, json!({"key": "users", "integrationKey": "keyed"})).await.unwrap();
    let of_app = Selector::key("users").integration("keyed");
    let explained = stage.call(None, Explain::<DataSourceSpec>::new(of_app)).await.unwrap();
    assert!(explained.fields["collectionKey"].is_derived && !explained.fields["udm"].is_derived);
}

async fn parents_go_by_the_kinds_own_names(stage: Stage) {
    stage.connected("acme").await;
    let flow: Element<FlowSpec> = stage.add(None, json!({"name": "Sync", "nodes": {}})).await.unwrap();
    let below = json!({"name": "Taskly's", "integrationKey": "taskly", "universalFlowId": flow.id});
    let below: Element<FlowSpec> = stage.add(None, below).await.unwrap();
    assert_eq!(below.spec.universal_flow_id.as_deref(), Some(flow.id.as_str()));
    assert_eq!(below.spec.universal_flow_revision.as_deref(), Some(flow.revision.as_str()));
    assert_eq!(below.spec.flow_id, None);
    let mut create = Create::<FlowSpec>::new(object(json!({"flowId": below.id, "enabled": true})));
    create.connection_id = Some("taskly".to_owned());
    let own = stage.call(Some("acme"), create).await.unwrap();
    assert_eq!((own.spec.flow_id.as_deref(), own.spec.enabled), (Some(below.id.as_str()), Some(true)));
    assert_eq!(own.place.is_customized, Some(false), "a switch is no content");
    let off = Update::<FlowSpec>::new(&own.id).fields(object(json!({"enabled": false})));
    let off = stage.call(Some("acme"), off).await.unwrap();
    assert_eq!((off.spec.enabled, off.place.is_customized), (Some(false), Some(false)));
    let mut query = ListQuery::default();
    query.enabled = Some(false);
    assert_eq!(stage.call(Some("acme"), List::<FlowSpec>::from(query)).await.unwrap().items.len(), 1);
}

async fn circles_are_shown(stage: Stage) {
    stage.connected("acme").await;
    let refers = |key: &str, to: &str| {
        json!({
            "key": key, "name": key, "connectionId": "taskly", "type": "run-javascript",
            "config": {"code": "1", "action": {"key": to}},
        })
    };
    stage.add::<ActionSpec>(Some("acme"), refers("self", "self")).await.unwrap();
    for n in 0..60 {
        stage
            .add::<ActionSpec>(Some("acme"), refers(&format!("a{}", n + 1), &format!("a{n}")))
            .await
            .unwrap();
    }
    stage.add::<ActionSpec>(Some("acme"), refers("a0", "a60")).await.unwrap();
    let get = |key: &str| Get::<ActionSpec>::new(Selector::key(key).connection("taskly"));
    for key in ["self", "a0", "a60"] {
        let shown = stage.call(Some("acme"), get(key)).await.unwrap();
        assert_eq!((shown.state, shown.is_deactivated), (State::Ready, Some(false)), "{key}");
    }
    let broken = json!({"config": {"code": "1", "dataSource": {"key": "nothing"}, "action": {"key": "a60"}}});
    let a0 = Selector::key("a0").connection("taskly");
    stage.change::<ActionSpec>(Some("acme"), a0, broken).await.unwrap();
    for key in ["a1", "a60"] {
        let shown = stage.call(Some("acme"), get(key)).await.unwrap();
        assert_eq!(shown.state, State::ConfigurationError, "{key}");
        assert_eq!(shown.errors[0].message, "Action dependency has errors");
    }
}

async fn instances_go_by_customer_and_app(stage: Stage) {
    stage.connected("acme").await;
    stage.connected("bob").await;
    stage.add::<AppDataSchemaSpec>(None, json!({"key": "people", "name": "People"})).await.unwrap();
    let of = |user: &str, auto_create: bool| {
        let mut selector = Selector::default().layer(LayerName::Connection);
        (selector.parent_key, selector.user_id) = (Some("people".to_owned()), Some(user.to_owned()));
        let mut get = Get::<AppDataSchemaSpec>::new(selector);
        get.auto_create = Some(auto_create);
        get
    };
    let acmes = stage.call(None, of("acme", true)).await.unwrap();
    assert_eq!(acmes.place.user_id.as_deref(), Some("acme"));
    assert_eq!(stage.call(None, of("bob", false)).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(stage.call(Some("bob"), of("acme", false)).await.unwrap_err().kind(), ErrorKind::NotFound);
    let bobs = stage.call(None, of("bob", true)).await.unwrap();
    assert_ne!(bobs.id, acmes.id);
    assert_eq!(stage.call(None, of("acme", false)).await.unwrap().id, acmes.id);

    // An app means the customer's default connection there.
    let mut own = Selector::default().layer(LayerName::Connection).integration("taskly");
    own.parent_key = Some("create-task".to_owned());
    let mut get = Get::<ActionSpec>::new(own);
    get.auto_create = Some(true);
    let copy = stage.call(Some("acme"), get).await.unwrap();
    assert_eq!((copy.place.layer(), copy.place.user_id.as_deref()), (LayerName::Connection, Some("acme")));
    // An id and a customer that do not belong together are refused: nothing is done for the wrong one.
    let of_bob = |id: &str| {
        let mut selector = Selector::from(id);
        selector.user_id = Some("bob".to_owned());
        selector
    };
    let refused = stage.call(None, Get::<ActionSpec>::new(of_bob(copy.id.as_str()))).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{refused}");
    let run = RunAction::new(of_bob(copy.id.as_str()), json!({"title": "For bob"}));
    assert_eq!(stage.call(None, run).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    let connection = copy.place.connection_id.as_ref().unwrap();
    let get = GetConnection::new(of_bob(connection.as_str()));
    assert_eq!(stage.call(None, get).await.unwrap_err().kind(), ErrorKind::NotFound);
    let mut made = Create::<ActionSpec>::new(object(json!({
        "name": "Of bob", "integrationKey": "taskly", "userId": "bob", "type": "run-javascript",
        "config": {"code": "1"},
    })));
    made.layer = Some(LayerName::Connection);
    let of_bob = stage.engine.call(&stage.engine.manager(), made).await.unwrap();
    assert_eq!((of_bob.place.layer(), of_bob.place.user_id.as_deref()), (LayerName::Connection, Some("bob")));
    let mut nowhere = Create::<ActionSpec>::new(object(json!({"name": "Nowhere", "type": "run-javascript"})));
    nowhere.layer = Some(LayerName::Connection);
    let error = stage.engine.call(&stage.engine.manager(), nowhere).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("connectionId")));

    let mut query = ListQuery::default();
    (query.layer, query.parent_key) = (Some(LayerName::Connection), Some("nothing".to_owned()));
    assert!(stage.call(None, List::<ActionSpec>::from(query)).await.unwrap().items.is_empty());
}

async fn an_archived_parent_takes_its_children_along(stage: Stage) {
    let code = |code: &str| json!({"type": "run-javascript", "config": {"code": code}});
    let mut fields = code("1");
    fields["key"] = json!("job");
    let parent = stage.add::<ActionSpec>(None, fields).await.unwrap();
    let child = json!({"key": "job", "integrationKey": "taskly"});
    let child = stage.add::<ActionSpec>(None, child).await.unwrap();
    let user = json!({
        "key": "user", "integrationKey": "taskly", "type": "run-javascript",
        "config": {"code": "1", "action": {"key": "job"}},
    });
    let user = stage.add::<ActionSpec>(None, user).await.unwrap();
    stage.change::<ActionSpec>(None, &parent.id, code("2")).await.unwrap();
    stage.call(None, Archive::<ActionSpec>::new(&parent.id)).await.unwrap();
    let shown = stage.call(None, Get::<ActionSpec>::new(&child.id)).await.unwrap();
    assert_eq!(shown.spec.config.as_ref().unwrap()["code"], "2", "its parent's content of last");
    assert_eq!(shown.is_deactivated, Some(true));
    let shown = stage.call(None, Get::<ActionSpec>::new(&user.id)).await.unwrap();
    assert_eq!((shown.is_deactivated, shown.state), (Some(true), State::Ready));
    stage.call(None, Restore::<ActionSpec>::new(&parent.id)).await.unwrap();
    let shown = stage.call(None, Get::<ActionSpec>::new(&user.id)).await.unwrap();
    assert_eq!(shown.is_deactivated, Some(false));
}

async fn what_does_not_fit_is_named(stage: Stage) {
    let wrong = json!({"name": "Job", "type": "run-javascript", "inputSchema": 5});
    let error = stage.add::<ActionSpec>(None, wrong).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("inputSchema")));
    let rocket = json!({"name": "🚀", "type": "run-javascript"});
    let made = stage.add::<ActionSpec>(None, rocket).await.unwrap();
    assert!(made.key.unwrap().as_str().starts_with("action-"));
    let kept = stage.change::<ActionSpec>(None, &made.id, json!({"uuid": null})).await.unwrap();
    assert_eq!(kept.uuid, made.uuid);
}
