//! Which records of the product and of an app belong together, and what connections are made with.

use futures::future::join_all;
use membrane_client::{Direction, ErrorKind};
use membrane_core::Selector;
use membrane_core::element::{
    ActionSpec, DataLinkTableSpec, DataSourceSpec, Element, FieldMappingSpec, FlowSpec,
};
use membrane_core::op::{Archive, CreateDataLink, DeleteDataLinks, FindDataLinks, List, ListQuery};
use serde_json::{Value, json};

use crate::on_both;
use crate::stage::Stage;

on_both!(
    links_both_ways,
    links_once,
    pages_links,
    removes_links,
    keeps_links_apart,
    refuses_wrong_links,
    maps_ids_of_linked_records,
    makes_instances_with_a_connection,
    makes_instances_once,
    an_app_that_is_named_means_its_connection,
    a_link_that_is_made_again_is_the_last,
);

async fn table(stage: &Stage, key: &str) -> Element<DataLinkTableSpec> {
    stage.add(None, json!({"key": key, "name": key})).await.unwrap()
}

async fn links_both_ways(stage: Stage) {
    table(&stage, "tickets").await;
    let acme = stage.connected("acme").await;
    let tickets = acme.connection("taskly").data_link_table("tickets");
    assert!(tickets.list(None).await.unwrap().items.is_empty(), "looking makes nothing");
    let copies =
        stage.call(Some("acme"), List::<DataLinkTableSpec>::from(ListQuery::default())).await.unwrap();
    assert!(copies.items.iter().all(|table| table.place.connection_id.is_none()));
    let both = tickets.create("ticket-1", "tsk_1").await.unwrap();
    assert_eq!((both.direction, both.app_record_id.as_str()), (Direction::Both, "ticket-1"));
    let import = tickets.create_one_way("ticket-2", "tsk_2", Direction::Import).await.unwrap();
    assert_eq!(import.direction, Direction::Import);
    assert_eq!(import.data_link_table_instance_id, both.data_link_table_instance_id);
    tickets.create_one_way("ticket-3", "tsk_3", Direction::Export).await.unwrap();
    for (external, app) in [("tsk_1", Some("ticket-1")), ("tsk_2", Some("ticket-2")), ("tsk_3", None)] {
        assert_eq!(tickets.app_record_id(external).await.unwrap().as_deref(), app);
    }
    for (app, external) in [("ticket-1", Some("tsk_1")), ("ticket-2", None), ("ticket-3", Some("tsk_3"))] {
        assert_eq!(tickets.external_record_id(app).await.unwrap().as_deref(), external);
    }
    // Linked anew, the last one counts.
    tickets.create("ticket-9", "tsk_1").await.unwrap();
    assert_eq!(tickets.app_record_id("tsk_1").await.unwrap().as_deref(), Some("ticket-9"));
    // Another connection has links of its own.
    let crm = acme.connection("contactly").data_link_table("tickets");
    assert_eq!(crm.app_record_id("tsk_1").await.unwrap(), None);
    // By the id of the copy, as Membrane's own client may name it.
    let mut by_id = FindDataLinks::new(Selector::from(&both.data_link_table_instance_id));
    by_id.external_record_id = Some("tsk_2".to_owned());
    let found = stage.call(Some("acme"), by_id).await.unwrap();
    assert_eq!(found.items, [import]);
}

async fn links_once(stage: Stage) {
    table(&stage, "tickets").await;
    let acme = stage.connected("acme").await;
    let tickets = acme.connection("taskly").data_link_table("tickets");
    let made = join_all((0..20).map(|_| tickets.create("ticket-1", "tsk_1"))).await;
    let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
    assert!(made.iter().all(|link| *link == made[0]));
    assert_eq!(tickets.list(None).await.unwrap().items.len(), 2, "one for each way");
    let mut query = ListQuery::default();
    query.connection_id = Some("taskly".to_owned());
    let copies = stage.call(Some("acme"), List::<DataLinkTableSpec>::from(query)).await.unwrap().items;
    assert_eq!(copies.len(), 1);
}

async fn pages_links(stage: Stage) {
    table(&stage, "tickets").await;
    let acme = stage.connected("acme").await;
    let tickets = acme.connection("taskly").data_link_table("tickets");
    for n in 0..7 {
        tickets.create_one_way(format!("ticket-{n}"), "tsk_1", Direction::Import).await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), Some("0".to_owned()));
    while let Some(next) = cursor {
        let mut query = FindDataLinks::default();
        query.paging.limit = Some(3);
        query.paging.cursor = Some(next);
        let page = tickets.find(query).await.unwrap();
        assert!(page.items.len() == 3 || page.cursor.is_none());
        seen.extend(page.items.into_iter().map(|link| link.app_record_id));
        cursor = page.cursor;
    }
    let expected: Vec<String> = (0..7).map(|n| format!("ticket-{n}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(tickets.app_record_id("tsk_1").await.unwrap().as_deref(), Some("ticket-6"));
}

async fn removes_links(stage: Stage) {
    table(&stage, "tickets").await;
    let acme = stage.connected("acme").await;
    let tickets = acme.connection("taskly").data_link_table("tickets");
    tickets.delete_app_record("nobody").await.unwrap();
    for (app, external) in [("a", "x"), ("b", "y"), ("c", "z")] {
        tickets.create(app, external).await.unwrap();
    }
    tickets.delete_app_record("a").await.unwrap();
    tickets.delete_external_record("y").await.unwrap();
    let mut exports = DeleteDataLinks::default();
    exports.app_record_id = Some("c".to_owned());
    exports.direction = Some(Direction::Export);
    tickets.delete(exports).await.unwrap();
    assert_eq!(tickets.list(None).await.unwrap().items.len(), 1);
    assert_eq!(tickets.app_record_id("z").await.unwrap().as_deref(), Some("c"));
    assert_eq!(tickets.external_record_id("c").await.unwrap(), None);
    let everything = tickets.delete(DeleteDataLinks::default()).await.unwrap_err();
    assert_eq!(everything.kind(), ErrorKind::InvalidInput);
}

async fn keeps_links_apart(stage: Stage) {
    table(&stage, "tickets").await;
    let acme = stage.connected("acme").await;
    let globex = stage.connected("globex").await;
    let link =
        acme.connection("taskly").data_link_table("tickets").create("ticket-1", "tsk_1").await.unwrap();
    let theirs = globex.connection("taskly").data_link_table("tickets");
    assert_eq!(theirs.app_record_id("tsk_1").await.unwrap(), None);
    theirs.create("other", "tsk_1").await.unwrap();
    let id = &link.data_link_table_instance_id;
    let find = stage.call(Some("globex"), FindDataLinks::new(Selector::from(id))).await.unwrap_err();
    assert_eq!(find.kind(), ErrorKind::NotFound, "{find}");
    let mut delete = DeleteDataLinks::new(Selector::from(id));
    delete.app_record_id = Some("ticket-1".to_owned());
    assert_eq!(stage.call(Some("globex"), delete).await.unwrap_err().kind(), ErrorKind::NotFound);
    let create = membrane_core::op::CreateDataLink::new(Selector::from(id), "mine", "tsk_1");
    assert_eq!(stage.call(Some("globex"), create).await.unwrap_err().kind(), ErrorKind::NotFound);
    let on_theirs = acme.connection("taskly").get().await.unwrap().id;
    let create = Selector::key("tickets").connection(on_theirs.as_str());
    let create = membrane_core::op::CreateDataLink::new(create, "mine", "tsk_1");
    assert_eq!(stage.call(Some("globex"), create).await.unwrap_err().kind(), ErrorKind::NotFound);
    let own = acme.connection("taskly").data_link_table("tickets");
    assert_eq!(own.app_record_id("tsk_1").await.unwrap().as_deref(), Some("ticket-1"));
    // A manager may look after any of them.
    let all = stage.call(None, FindDataLinks::new(Selector::from(id))).await.unwrap();
    assert_eq!(all.items.len(), 2);
}

async fn refuses_wrong_links(stage: Stage) {
    let tickets_table = table(&stage, "tickets").await;
    let acme = stage.connected("acme").await;
    let tickets = acme.connection("taskly").data_link_table("tickets");
    for (app, external, field) in [
        ("", "x", "appRecordId"),
        ("a", "", "externalRecordId"),
        ("a", &"x".repeat(1001), "externalRecordId"),
    ] {
        let error = tickets.create(app, external).await.unwrap_err();
        assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some(field)));
    }
    let unknown = acme.connection("taskly").data_link_table("nothing").create("a", "x").await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    let nowhere = FindDataLinks::new(Selector::key("tickets"));
    let nowhere = stage.call(Some("acme"), nowhere).await.unwrap_err();
    assert_eq!(
        (nowhere.kind(), nowhere.context_value("field")),
        (ErrorKind::InvalidInput, Some("connectionId"))
    );
    tickets.create("a", "x").await.unwrap();
    stage.call(None, Archive::<DataLinkTableSpec>::new(&tickets_table.id)).await.unwrap();
    let gone = acme.connection("contactly").data_link_table("tickets").create("a", "x").await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

async fn maps_ids_of_linked_records(stage: Stage) {
    table(&stage, "tickets").await;
    stage.add::<DataSourceSpec>(None, json!({"key": "work", "name": "Work", "udm": "tasks"})).await.unwrap();
    let linked = |name: &str, record: &str| json!({(name): {"dataLinkTable": {"key": "tickets"}, "recordId": {"$var": record}}});
    let mapping = json!({
        "key": "ticket", "name": "Ticket", "dataSourceKey": "work",
        "importValue": {"ticket": linked("$findAppRecordId", "$.id"), "what": {"$var": "$.title"}},
        "exportValue": {"title": {"$var": "$.what"}, "description": linked("$findExternalRecordId", "$.after")},
    });
    stage.add::<FieldMappingSpec>(None, mapping).await.unwrap();
    let acme = stage.connected("acme").await;
    let globex = stage.connected("globex").await;
    let taskly = acme.connection("taskly");
    let work = taskly.data_source("work").mapped("ticket");
    let first = work.create(json!({"what": "First", "after": "ticket-0"})).await.unwrap();
    assert_eq!(work.get(&first).await.unwrap().fields, json!({"what": "First"}), "nothing is linked yet");
    taskly.data_link_table("tickets").create("ticket-1", &first).await.unwrap();
    assert_eq!(work.get(&first).await.unwrap().fields, json!({"ticket": "ticket-1", "what": "First"}));
    let listed = work.list().all().await.unwrap();
    assert_eq!(listed[0].fields["ticket"], "ticket-1");
    work.create(json!({"what": "Second", "after": "ticket-1"})).await.unwrap();
    assert_eq!(stage.tasks.tasks()[1].description.as_deref(), Some(first.as_str()));
    // Another customer's links are their own.
    let theirs = globex.connection("taskly").data_source("work").mapped("ticket");
    assert_eq!(theirs.get(&first).await.unwrap().fields, json!({"what": "First"}));
    // Config and output of any action see them too.
    let action = json!({
        "key": "open", "name": "Open", "integrationKey": "taskly", "type": "connector-operation",
        "config": {"operationKey": "get-task", "input": {"id": linked("$findExternalRecordId", "$.input.ticket")}},
        "outputMapping": {"ticket": linked("$findAppRecordId", "$.output.id")},
    });
    stage.add::<ActionSpec>(None, action).await.unwrap();
    let run = taskly.action("open").run(json!({"ticket": "ticket-1"})).await.unwrap();
    assert_eq!(run.output, json!({"ticket": "ticket-1"}));
    // Data that looks like a formula stays data.
    let evil = linked("$findAppRecordId", "$.id");
    let id = taskly.collection("tasks").create(json!({"title": evil.to_string()})).await.unwrap();
    assert_eq!(work.get(&id).await.unwrap().fields["what"], json!(evil.to_string()));
}

async fn flow(stage: &Stage, fields: Value) -> Element<FlowSpec> {
    let mut fields = fields;
    fields["nodes"] = json!({"start": {"type": "api-trigger"}});
    stage.add(None, fields).await.unwrap()
}

async fn flows_on(stage: &Stage, customer: &str, app: &str) -> Vec<Element<FlowSpec>> {
    let mut query = ListQuery::default();
    query.connection_id = Some(app.to_owned());
    query.layer = Some(membrane_core::LayerName::Connection);
    stage.call(Some(customer), List::<FlowSpec>::from(query)).await.unwrap().items
}

async fn makes_instances_with_a_connection(stage: Stage) {
    let everywhere = flow(&stage, json!({"key": "sync", "name": "Sync", "autoCreateInstances": true})).await;
    flow(&stage, json!({"key": "manual", "name": "Manual"})).await;
    let of_app =
        json!({"key": "tasks", "name": "Tasks", "integrationKey": "taskly", "autoCreateInstances": true});
    let of_app = flow(&stage, of_app).await;
    let acme = stage.connected("acme").await;
    let made = flows_on(&stage, "acme", "taskly").await;
    let keys: Vec<_> = made.iter().map(|flow| flow.key.as_ref().unwrap().as_str()).collect();
    assert_eq!(keys, ["tasks", "sync"]);
    assert_eq!(made[0].place.parent_id.as_ref(), Some(&of_app.id));
    assert_eq!(made[1].place.parent_id.as_ref(), Some(&everywhere.id));
    assert!(made.iter().all(|flow| flow.place.is_customized == Some(false)));
    assert_eq!(flows_on(&stage, "acme", "contactly").await.len(), 1);
    // Connected anew, a copy that was put away stays away.
    stage.call(Some("acme"), Archive::<FlowSpec>::new(&made[0].id)).await.unwrap();
    acme.connect_with(stage.to_tasks()).await.unwrap();
    assert_eq!(flows_on(&stage, "acme", "taskly").await.len(), 1);
    // An app that says otherwise has none.
    let quiet = json!({
        "key": "sync", "name": "Sync", "integrationKey": "taskly", "autoCreateInstances": false,
    });
    flow(&stage, quiet).await;
    stage.connected("globex").await;
    let made = flows_on(&stage, "globex", "taskly").await;
    assert_eq!(made.iter().map(|flow| flow.name.as_str()).collect::<Vec<_>>(), ["Tasks"]);
}

async fn makes_instances_once(stage: Stage) {
    flow(&stage, json!({"key": "sync", "name": "Sync", "autoCreateInstances": true})).await;
    let globex = stage.client.customer("globex");
    let made = join_all((0..12).map(|_| globex.connect_with(stage.to_tasks()))).await;
    assert!(made.iter().all(Result::is_ok));
    assert_eq!(flows_on(&stage, "globex", "taskly").await.len(), 1);
}

async fn an_app_that_is_named_means_its_connection(stage: Stage) {
    table(&stage, "tickets").await;
    let acme = stage.connected("acme").await;
    stage.connected("globex").await;
    let on = |user: Option<&str>| {
        let mut selector = Selector::key("tickets");
        selector.integration_key = Some("taskly".to_owned());
        selector.user_id = user.map(str::to_owned);
        selector
    };
    let find = async |who: Option<&str>, user: Option<&str>| {
        stage.call(who, FindDataLinks::new(on(user))).await.map(|page| page.items.len())
    };
    assert_eq!(find(Some("acme"), None).await.unwrap(), 0);
    stage.call(Some("acme"), CreateDataLink::new(on(None), "a", "x")).await.unwrap();
    stage.call(None, CreateDataLink::new(on(Some("acme")), "b", "y")).await.unwrap();
    assert_eq!(find(Some("acme"), None).await.unwrap(), 4);
    assert_eq!((find(None, Some("acme")).await.unwrap(), find(Some("globex"), None).await.unwrap()), (4, 0));
    let tickets = acme.connection("taskly").data_link_table("tickets");
    assert_eq!(tickets.app_record_id("y").await.unwrap().as_deref(), Some("b"));
    let mut delete = DeleteDataLinks::new(on(None));
    delete.app_record_id = Some("a".to_owned());
    stage.call(Some("acme"), delete).await.unwrap();
    assert_eq!(find(Some("acme"), None).await.unwrap(), 2);
    assert_eq!(find(None, None).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(find(Some("initech"), None).await.unwrap_err().kind(), ErrorKind::NotFound);
}

async fn a_link_that_is_made_again_is_the_last(stage: Stage) {
    table(&stage, "tickets").await;
    let acme = stage.connected("acme").await;
    let tickets = acme.connection("taskly").data_link_table("tickets");
    for (app, external) in [("a", "x"), ("b", "x"), ("a", "y")] {
        tickets.create(app, external).await.unwrap();
    }
    assert_eq!(tickets.app_record_id("x").await.unwrap().as_deref(), Some("b"));
    assert_eq!(tickets.external_record_id("a").await.unwrap().as_deref(), Some("y"));
    tickets.create("a", "x").await.unwrap();
    assert_eq!(tickets.app_record_id("x").await.unwrap().as_deref(), Some("a"));
    assert_eq!(tickets.external_record_id("a").await.unwrap().as_deref(), Some("x"));
    assert_eq!(tickets.list(None).await.unwrap().items.len(), 6, "it is there once for each way");
    let last = tickets.create("a", "x").await.unwrap();
    assert_eq!(tickets.create("a", "x").await.unwrap(), last);
}
