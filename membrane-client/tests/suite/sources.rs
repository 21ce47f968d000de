//! Records through data sources and field mappings: one spelling of the product's fields for both apps.

use membrane_client::ErrorKind;
use membrane_core::element::{ActionSpec, DataSource, DataSourceSpec, FieldMapping, FieldMappingSpec, State};
use membrane_core::mapping::Direction;
use membrane_core::op::{
    CollectionTarget, CreateSourceRecord, FindRecord, Get, GetSourceCollection, List, ListQuery, ListRecords,
    ListSourceRecords, RunFieldMapping, SourceFields, SourceList, SourceTarget,
};
use membrane_core::{LayerName, Selector};
use serde_json::{Value, json};

use crate::on_both;
use crate::stage::{Stage, object};

on_both!(
    reads_the_same_fields_from_both_apps,
    writes_the_same_fields_to_both_apps,
    reads_and_writes_a_unified_model,
    keeps_raw_fields,
    asks_the_app_for_a_unified_filter,
    follows_one_customers_own_mapping,
    follows_one_customers_own_data_source,
    maps_with_an_inline_model,
    runs_a_field_mapping,
    shows_the_collection,
    refuses_what_is_not_there,
    refuses_what_does_not_fit,
    evaluates_jsonata,
    an_app_that_is_named_means_its_connection,
    gives_records_in_terms_of_the_model,
    collections_understand_unified_models,
    a_change_writes_only_what_is_given,
    fields_are_an_object,
);

/// What the product calls a person, whatever the app calls it.
async fn people(stage: &Stage) {
    let source = json!({"key": "people", "name": "People", "udm": "contacts"});
    stage.add::<DataSourceSpec>(None, source).await.unwrap();
    let mapping = json!({
        "key": "person", "name": "Person", "dataSourceKey": "people",
        "defaultImportValue": {"who": {"$var": "$.fullName"}, "mail": {"$var": "$.primaryEmail"}},
        "defaultExportValue": {"fullName": {"$var": "$.who"}, "primaryEmail": {"$var": "$.mail"}},
    });
    stage.add::<FieldMappingSpec>(None, mapping).await.unwrap();
    for (key, kind, more) in [
        ("people", "list-data-records", json!({"cursor": {"$var": "$.input.cursor"}})),
        ("person", "find-data-record-by-id", json!({"id": {"$var": "$.input.id"}})),
        ("search", "search-data-record", json!({"query": {"$var": "$.input.text"}})),
        (
            "lookup",
            "match-data-record",
            json!({"lookup": {"universalQuery": {"primaryEmail": {"$var": "$.input.mail"}}}}),
        ),
        ("add", "create-data-record", json!({})),
        (
            "change",
            "update-data-record",
            json!({"id": {"$var": "$.input.id"}, "fieldMapping": {"input": {"$var": "$.input.person"}}}),
        ),
    ] {
        let mut config = more;
        config["dataSource"] = json!({"key": "people"});
        config["fieldMapping"]["key"] = json!("person");
        let action = json!({"key": key, "name": key, "type": kind, "config": config});
        stage.add::<ActionSpec>(None, action).await.unwrap();
    }
}

/// What the product calls an entry: a task of the one, a company of the other.
async fn entries(stage: &Stage) {
    stage.add::<DataSourceSpec>(None, json!({"key": "entries", "name": "Entries"})).await.unwrap();
    let mapping = json!({"key": "entry", "name": "Entry", "dataSourceKey": "entries"});
    stage.add::<FieldMappingSpec>(None, mapping).await.unwrap();
    for (app, collection, title, about) in
        [("taskly", "tasks", "title", "description"), ("contactly", "companies", "name", "domain")]
    {
        let source = json!({
            "integrationKey": app, "key": "entries", "name": "Entries", "collectionKey": collection,
        });
        let source: DataSource = stage.add(None, source).await.unwrap();
        assert_eq!(source.place.is_customized, Some(true));
        let place = |name: &str| json!({"$var": format!("$.{name}")});
        let mapping = json!({
            "integrationKey": app, "key": "entry", "name": "Entry", "dataSourceKey": "entries",
            "importValue": {"label": place(title), "about": place(about)},
            "exportValue": {(title): place("label"), (about): place("about")},
        });
        let mapping: FieldMapping = stage.add(None, mapping).await.unwrap();
        assert_eq!(mapping.state, State::Ready);
    }
    for (key, kind) in [("add-entry", "create-data-record"), ("entries", "list-data-records")] {
        let config = json!({"dataSource": {"key": "entries"}, "fieldMapping": {"key": "entry"}});
        let action = json!({"key": key, "name": key, "type": kind, "config": config});
        stage.add::<ActionSpec>(None, action).await.unwrap();
    }
}

async fn reads_the_same_fields_from_both_apps(stage: Stage) {
    stage.crm.seed(150);
    people(&stage).await;
    let acme = stage.connected("acme").await;
    for (app, count) in [("taskly", 3), ("contactly", 150)] {
        let connection = acme.connection(app);
        let source = connection.data_source("people").mapped("person");
        let all = source.list().all().await.unwrap();
        assert_eq!(all.len(), count);
        for person in &all {
            let names: Vec<&String> = person.fields.as_object().unwrap().keys().collect();
            assert_eq!(names, ["who", "mail"], "{app}: {}", person.fields);
            assert!(person.fields["mail"].as_str().unwrap().contains('@') && person.raw_fields.is_none());
        }
        // An action reads the same, page by page.
        let (mut seen, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let page = connection.action("people").run(json!({ "cursor": cursor })).await.unwrap().output;
            seen.extend(page["records"].as_array().unwrap().iter().map(|record| record["fields"].clone()));
            match page.get("cursor") {
                Some(next) => cursor = next.clone(),
                None => break,
            }
        }
        assert_eq!(seen, all.iter().map(|person| person.fields.clone()).collect::<Vec<_>>());
    }
    let contactly = acme.connection("contactly");
    let contact = stage.crm.contacts()[7].clone();
    let who = format!("{} {}", contact.first_name, contact.last_name);
    let expected = json!({"who": who, "mail": contact.email});
    let run = async |key: &str, input: Value| contactly.action(key).run(input).await.unwrap().output;
    assert_eq!(run("person", json!({"id": contact.id.to_string()})).await["record"]["fields"], expected);
    assert_eq!(run("search", json!({"text": contact.email})).await["records"][0]["fields"], expected);
    assert_eq!(run("lookup", json!({"mail": contact.email})).await["record"]["fields"], expected);
    assert_eq!(run("lookup", json!({"mail": "nobody@x.example"})).await["record"], json!(null));
    let source = contactly.data_source("people").mapped("person");
    assert_eq!(source.get(contact.id.to_string()).await.unwrap().fields, expected);
    assert_eq!(source.search(&contact.email).all().await.unwrap()[0].fields, expected);
    let found = source.find(json!({"email": contact.email})).await.unwrap().unwrap();
    assert_eq!(found.fields, expected);
    assert!(source.find(json!({"email": "nobody@x.example"})).await.unwrap().is_none());
}

async fn writes_the_same_fields_to_both_apps(stage: Stage) {
    people(&stage).await;
    entries(&stage).await;
    let acme = stage.connected("acme").await;
    for app in ["taskly", "contactly"] {
        let connection = acme.connection(app);
        let entry = json!({"label": "Acme Inc.", "about": "acme.example"});
        let made = connection.action("add-entry").run(entry.clone()).await.unwrap().output;
        let id = made["id"].as_str().unwrap().to_owned();
        let source = connection.data_source("entries").mapped("entry");
        assert_eq!(source.get(&id).await.unwrap().fields, entry, "{app}");
        source.update(&id, json!({"label": "Acme Ltd."})).await.unwrap();
        let second = source.create(json!({"label": "Second"})).await.unwrap();
        let listed = connection.action("entries").run(json!({})).await.unwrap().output;
        let labels: Vec<&Value> =
            listed["records"].as_array().unwrap().iter().map(|r| &r["fields"]["label"]).collect();
        assert_eq!(labels, ["Acme Ltd.", "Second"], "{app}");
        assert_eq!(source.get(&id).await.unwrap().fields["about"], "acme.example");
        source.delete(&second).await.unwrap();
        assert_eq!(source.list().all().await.unwrap().len(), 1);
    }
    assert_eq!(stage.tasks.tasks()[0].title, "Acme Ltd.");
    assert_eq!(stage.crm.companies()[0].domain.as_deref(), Some("acme.example"));
    // A unified full name becomes the two names the CRM has.
    let contactly = acme.connection("contactly");
    let person = json!({"who": "Grace Hopper", "mail": "grace@x.example"});
    let id = contactly.action("add").run(person).await.unwrap().output["id"].as_str().unwrap().to_owned();
    let stored = stage.crm.contacts()[0].clone();
    assert_eq!((stored.first_name.as_str(), stored.last_name.as_str()), ("Grace", "Hopper"));
    let change = json!({"id": id, "person": {"mail": "hopper@x.example"}, "note": "none of its fields"});
    contactly.action("change").run(change).await.unwrap();
    let stored = stage.crm.contacts()[0].clone();
    assert_eq!((stored.first_name.as_str(), stored.email.as_str()), ("Grace", "hopper@x.example"));
}

async fn reads_and_writes_a_unified_model(stage: Stage) {
    let acme = stage.connected("acme").await;
    let contacts = acme.connection("contactly").unified("contacts");
    let id =
        contacts.create(json!({"fullName": "Ada Moreau", "primaryEmail": "ada@x.example"})).await.unwrap();
    let read = contacts.get(&id).await.unwrap().fields;
    assert_eq!((&read["fullName"], &read["firstName"]), (&json!("Ada Moreau"), &json!("Ada")));
    assert_eq!(read["emails"], json!([{"value": "ada@x.example"}]));
    assert!(acme.connection("taskly").unified("contacts").list().all().await.unwrap().len() == 3);
    let read_only = acme.connection("taskly").unified("contacts").create(json!({"fullName": "x"})).await;
    assert_eq!(read_only.unwrap_err().kind(), ErrorKind::Unsupported);
    let none = acme.connection("taskly").unified("invoices").list().all().await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Dependency, "{none}");
    assert!(none.message().contains("Taskly keeps no invoices"), "{none}");
}

async fn keeps_raw_fields(stage: Stage) {
    stage.crm.seed(2);
    people(&stage).await;
    let acme = stage.connected("acme").await;
    let contactly = acme.connection("contactly");
    let raw = contactly.data_source("people").mapped("person").with_raw_fields();
    let plain = contactly.collection("contacts").list().all().await.unwrap();
    for (record, plain) in raw.list().all().await.unwrap().iter().zip(&plain) {
        assert_eq!(record.raw_fields.as_ref(), Some(&plain.fields));
        assert_eq!(record.fields["mail"], plain.fields["email"]);
        assert_eq!(record.id, plain.id);
    }
    assert!(raw.get("1").await.unwrap().raw_fields.is_some());
    let config = json!({
        "dataSource": {"key": "people"}, "fieldMapping": {"key": "person", "includeRawFields": true},
        "id": {"$var": "$.input.id"},
    });
    let action = json!({"key": "raw", "name": "Raw", "type": "find-data-record-by-id", "config": config});
    stage.add::<ActionSpec>(None, action).await.unwrap();
    let record = contactly.action("raw").run(json!({"id": "1"})).await.unwrap().output["record"].clone();
    assert_eq!((&record["rawFields"], record["fields"].get("email")), (&plain[0].fields, None));
}

async fn asks_the_app_for_a_unified_filter(stage: Stage) {
    stage.tasks.seed(60);
    let source = json!({"key": "work", "name": "Work", "udm": "tasks"});
    stage.add::<DataSourceSpec>(None, source).await.unwrap();
    let config = json!({
        "dataSource": {"key": "work"},
        "unifiedFilter": {"status": {"$var": "$.input.status"}, "projectId": {"$var": "$.input.project"}},
    });
    let action = json!({"key": "work", "name": "Work", "type": "list-data-records", "config": config});
    stage.add::<ActionSpec>(None, action).await.unwrap();
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let done = stage.tasks.tasks().iter().filter(|task| task.project_id.as_deref() == Some("prj_2")).count();
    let run = taskly.action("work").run(json!({"project": "prj_2"})).await.unwrap();
    assert_eq!(run.output["records"].as_array().unwrap().len(), done.min(50));
    stage.engine.flush().await;
    let sent = taskly.run(run.action_run_id.as_str()).await.unwrap().external_api_logs.unwrap();
    let url = sent[0]["request"]["url"].as_str().unwrap_or_default().to_owned();
    assert!(url.contains("project_id=prj_2") && !url.contains("status"), "{url}");
    let open = taskly.data_source("work").list().unified_filter(json!({"status": "open"}));
    let open = open.all().await.unwrap();
    assert!(!open.is_empty() && open.iter().all(|task| task.fields["status"] == "open"));
    // A filter in the collection's own terms stands for both.
    let both = taskly.data_source("work").list().unified_filter(json!({"status": "open"}));
    let both = both.filter(json!({"status": "done"})).all().await.unwrap();
    assert!(both.iter().all(|task| task.fields["status"] == "done"));
    let unknown = taskly.data_source("work").list().unified_filter(json!({"dealId": "7"})).all().await;
    let unknown = unknown.unwrap_err();
    assert_eq!((unknown.kind(), unknown.context_value("field")), (ErrorKind::Unsupported, Some("$.dealId")));
    let without =
        json!({"integrationKey": "taskly", "key": "bare", "name": "Bare", "collectionKey": "tasks"});
    stage.add::<DataSourceSpec>(None, without).await.unwrap();
    let without = taskly.data_source("bare").list().unified_filter(json!({"status": "open"})).all().await;
    assert_eq!(without.unwrap_err().kind(), ErrorKind::Configuration);
}

async fn follows_one_customers_own_mapping(stage: Stage) {
    stage.crm.seed(3);
    people(&stage).await;
    let acme = stage.connected("acme").await;
    let globex = stage.connected("globex").await;
    let read = async |customer: &membrane_client::CustomerHandle| {
        let run = customer.connection("contactly").action("person").run(json!({"id": "1"})).await.unwrap();
        run.output["record"]["fields"].clone()
    };
    let before = read(&acme).await;
    assert_eq!(read(&globex).await, before);
    let change = json!({"importValue": {"who": {"$var": "$.last_name"}}});
    let selector = Selector::key("person").connection("contactly");
    let own: FieldMapping = stage.change(Some("acme"), selector.clone(), change).await.unwrap();
    assert_eq!(own.place.is_customized, Some(true));
    let after = read(&acme).await;
    assert_eq!(after["who"], json!(stage.crm.contacts()[0].last_name));
    assert_eq!(after["mail"], before["mail"], "what it does not say stays");
    assert_eq!(read(&globex).await, before);
    // The product changes its mapping: who has none of its own follows.
    let product = json!({"defaultImportValue": {"mail": {"$var": "$.primaryEmail"}}});
    stage.change::<FieldMappingSpec>(None, Selector::key("person"), product).await.unwrap();
    assert_eq!(read(&globex).await, json!({"mail": before["mail"]}));
    assert_eq!(read(&acme).await["who"], after["who"]);
    // Reset, it follows again.
    let reset = membrane_core::op::Reset::<FieldMappingSpec>::new(selector);
    stage.call(Some("acme"), reset).await.unwrap();
    assert_eq!(read(&acme).await, json!({"mail": before["mail"]}));
}

async fn follows_one_customers_own_data_source(stage: Stage) {
    entries(&stage).await;
    stage.crm.seed(3);
    let acme = stage.connected("acme").await;
    let globex = stage.connected("globex").await;
    let own = json!({"collectionKey": "contacts"});
    let selector = Selector::key("entries").connection("contactly");
    stage.change::<DataSourceSpec>(Some("acme"), selector, own).await.unwrap();
    let list = async |customer: &membrane_client::CustomerHandle| {
        let source = customer.connection("contactly").data_source("entries");
        source.collection().await.unwrap().key
    };
    assert_eq!((list(&acme).await.as_str(), list(&globex).await.as_str()), ("contacts", "companies"));
    let run = acme.connection("contactly").action("entries").run(json!({})).await.unwrap().output;
    assert_eq!(run["records"].as_array().unwrap().len(), 3);
}

async fn maps_with_an_inline_model(stage: Stage) {
    let config = json!({
        "dataSource": {"udm": "tasks"},
        "fieldMapping": {"defaultUnifiedValue": {"subject": {"$var": "$.input.what"}, "status": "done"}},
    });
    let action = json!({"key": "note", "name": "Note", "type": "create-data-record", "config": config});
    stage.add::<ActionSpec>(None, action).await.unwrap();
    let acme = stage.connected("acme").await;
    acme.connection("taskly").action("note").run(json!({"what": "Call back"})).await.unwrap();
    let task = stage.tasks.tasks()[0].clone();
    assert_eq!(task.title, "Call back");
    let refused = acme.connection("contactly").action("note").run(json!({"what": "x"})).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.context_value("field")),
        (ErrorKind::Configuration, Some("dataSource"))
    );
    assert!(refused.message().contains("Contactly keeps no tasks"), "{refused}");
}

async fn runs_a_field_mapping(stage: Stage) {
    people(&stage).await;
    let acme = stage.connected("acme").await;
    let person = acme.connection("contactly").field_mapping("person");
    let own =
        person.import(json!({"first_name": "Ada", "last_name": "Moreau", "email": "a@x.example"})).await;
    assert_eq!(own.unwrap(), json!({"who": "Ada Moreau", "mail": "a@x.example"}));
    let native = person.export(json!({"who": "Ada Moreau", "mail": "a@x.example"})).await.unwrap();
    assert_eq!(native, json!({"first_name": "Ada", "last_name": "Moreau", "email": "a@x.example"}));
    let import_only =
        json!({"key": "in", "name": "In", "direction": "import", "importValue": {"a": {"$var": "$.b"}}});
    stage.add::<FieldMappingSpec>(None, import_only).await.unwrap();
    let mapping = acme.connection("taskly").field_mapping("in");
    assert_eq!(mapping.import(json!({"b": 1})).await.unwrap(), json!({"a": 1}));
    assert_eq!(mapping.export(json!({"a": 1})).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    let written = acme.connection("contactly").data_source("people");
    stage.add::<DataSourceSpec>(None, json!({"key": "w", "name": "W", "udm": "tasks"})).await.unwrap();
    let one_way = acme.connection("taskly").data_source("w").mapped("in").create(json!({"a": "x"})).await;
    assert_eq!(one_way.unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!(
        written.native(json!({"primaryEmail": "a@x.example"})).await.unwrap(),
        json!({"email": "a@x.example"})
    );
}

async fn shows_the_collection(stage: Stage) {
    people(&stage).await;
    stage.connected("acme").await;
    let mut get = Get::<DataSourceSpec>::new(Selector::key("people").connection("contactly"));
    get.auto_create = Some(true);
    let copy = stage.call(Some("acme"), get).await.unwrap();
    assert!(copy.place.connection_id.is_some());
    let spec = copy.spec.collection_spec.unwrap();
    assert_eq!((&spec["key"], spec["create"].is_object()), (&json!("contacts"), true));
    // By the id of the copy nothing else is needed.
    let target = SourceTarget::new(Selector::from(&copy.id));
    let page = stage.call(Some("acme"), ListSourceRecords::new(target, SourceList::new())).await.unwrap();
    assert!(page.records.is_empty());
    let mut by_parent = SourceTarget::default();
    by_parent.selector.parent_key = Some("people".to_owned());
    by_parent.selector.connection_id = Some("taskly".to_owned());
    by_parent.auto_create = Some(true);
    let page = stage.call(Some("acme"), ListSourceRecords::new(by_parent, SourceList::new())).await.unwrap();
    assert_eq!(page.records.len(), 3);
}

async fn refuses_what_is_not_there(stage: Stage) {
    people(&stage).await;
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    for source in
        [json!({"key": "bills", "name": "Bills", "udm": "bills"}), json!({"key": "empty", "name": "Empty"})]
    {
        stage.add::<DataSourceSpec>(None, source).await.unwrap();
    }
    for (config, kind, why) in [
        (
            json!({"dataSource": {"key": "nothing"}}),
            ErrorKind::Dependency,
            "there is no Data Source `nothing`",
        ),
        (
            json!({"dataSource": {"key": "people"}, "fieldMapping": {"key": "nothing"}}),
            ErrorKind::Dependency,
            "there is no Field Mapping `nothing`",
        ),
        (json!({"dataSource": {"key": "bills"}}), ErrorKind::Dependency, "Taskly keeps no bills"),
        (json!({"dataSource": {"key": "empty"}}), ErrorKind::Dependency, "names no collection"),
        (
            json!({"dataSource": {"key": {"$var": "$.input.key"}}}),
            ErrorKind::Configuration,
            "`dataSource.key` must be a text",
        ),
        (json!({}), ErrorKind::Configuration, "dataSource.collectionKey"),
    ] {
        let action = json!({"name": config.to_string(), "key": format!("k{}", why.len()), "type": "list-data-records", "config": config});
        let action = stage.add::<ActionSpec>(None, action).await.unwrap();
        let error = taskly.action(action.id.as_str()).run(json!({})).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(why), "{error}");
        if kind == ErrorKind::Dependency {
            let data = error.data().unwrap();
            assert!(data.pointer("/workspaceElementReference/type").is_some(), "{data}");
        }
    }
    let none = taskly.data_source("nothing").list().all().await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound, "{none}");
    let none = taskly.data_source("people").mapped("nothing").list().all().await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Dependency, "{none}");
}

async fn refuses_what_does_not_fit(stage: Stage) {
    entries(&stage).await;
    let acme = stage.connected("acme").await;
    let source = acme.connection("taskly").data_source("entries").mapped("entry");
    let wrong_type = source.create(json!({"label": 5})).await.unwrap_err();
    assert_eq!(wrong_type.kind(), ErrorKind::InvalidInput);
    assert!(wrong_type.message().contains("title"), "{wrong_type}");
    let missing = source.create(json!({"about": "no label"})).await.unwrap_err();
    assert_eq!((missing.kind(), missing.context_value("field")), (ErrorKind::InvalidInput, Some("title")));
    let nothing = source.update("tsk_000001", json!({"unknown": 1})).await.unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::InvalidInput, "{nothing}");
    assert!(stage.tasks.tasks().is_empty());
    // A field the app has not is no field of the product either.
    let lost =
        json!({"importValue": {"label": {"$var": "$.title"}, "lost": {"$var": "$.no_such_field.deep"}}});
    stage
        .change::<FieldMappingSpec>(Some("acme"), Selector::key("entry").connection("taskly"), lost)
        .await
        .unwrap();
    let id = source.create(json!({"label": "A"})).await.unwrap();
    assert_eq!(source.get(&id).await.unwrap().fields, json!({"label": "A"}));
    // A formula that cannot be built names the record and the place.
    let wrong = json!({"importValue": {"label": {"$extractDate": 5, "$var": "$.title"}}});
    let refused =
        stage.change::<FieldMappingSpec>(Some("acme"), Selector::key("entry").connection("taskly"), wrong);
    let refused = refused.await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.context_value("field")),
        (ErrorKind::InvalidInput, Some("importValue"))
    );
}

async fn evaluates_jsonata(stage: Stage) {
    entries(&stage).await;
    let acme = stage.connected("acme").await;
    let id = acme.connection("taskly").collection("tasks").create(json!({"title": "loud"})).await.unwrap();
    let shout = json!({
        "key": "shout", "name": "Shout", "importValue": {"label": {"$jsonata": "$uppercase(title)"}},
        "exportValue": {"title": {"$jsonata": "$lowercase(label)"}},
    });
    stage.add::<FieldMappingSpec>(None, shout).await.unwrap();
    let source = acme.connection("taskly").data_source("entries").mapped("shout");
    let label = source.get(&id).await.unwrap().fields.get("label").cloned();
    assert_eq!(label, Some(json!("LOUD")));
    source.update(&id, json!({"label": "QUIET"})).await.unwrap();
    assert_eq!(stage.tasks.tasks()[0].title, "quiet");
}

/// What is named by the integration is what its customer's connection has of it, as for actions.
async fn an_app_that_is_named_means_its_connection(stage: Stage) {
    entries(&stage).await;
    stage.connected("acme").await;
    stage.connected("globex").await;
    let on = |key: &str, user: Option<&str>| {
        let mut selector = Selector::key(key);
        selector.integration_key = Some("contactly".to_owned());
        selector.user_id = user.map(str::to_owned);
        SourceTarget::new(selector)
    };
    let collection = async |who: Option<&str>, target: SourceTarget| {
        stage.call(who, GetSourceCollection::new(target)).await.map(|found| found.key)
    };
    assert_eq!(collection(Some("acme"), on("entries", None)).await.unwrap(), "companies");
    let mut made = on("entries", None);
    made.auto_create = Some(true);
    assert_eq!(collection(Some("acme"), made).await.unwrap(), "companies");
    let mut query = ListQuery::default();
    query.layer = Some(LayerName::Connection);
    let copies = stage.call(Some("acme"), List::<DataSourceSpec>::from(query)).await.unwrap().items;
    assert_eq!(copies.len(), 1, "it was made when it was asked for");
    let own = json!({"collectionKey": "contacts"});
    stage.change::<DataSourceSpec>(Some("acme"), &copies[0].id, own).await.unwrap();
    // A manager says whose.
    for (who, user, expected) in [
        (Some("acme"), None, "contacts"),
        (Some("globex"), None, "companies"),
        (None, Some("acme"), "contacts"),
        (None, Some("globex"), "companies"),
    ] {
        assert_eq!(collection(who, on("entries", user)).await.unwrap(), expected, "{who:?} {user:?}");
    }
    let nobodys = collection(None, on("entries", None)).await.unwrap_err();
    assert_eq!(nobodys.kind(), ErrorKind::InvalidInput, "{nobodys}");
    let anothers = collection(Some("globex"), on("entries", Some("acme"))).await.unwrap_err();
    assert_eq!(anothers.kind(), ErrorKind::NotFound, "{anothers}");
    let unconnected = collection(Some("initech"), on("entries", None)).await.unwrap_err();
    assert!(unconnected.message().contains("connect first"), "{unconnected}");
    let person = json!({"first_name": "Ada", "last_name": "Moreau", "email": "ada@x.example"});
    let create = CreateSourceRecord::new(on("entries", None), SourceFields::new(object(person)));
    stage.call(Some("acme"), create).await.unwrap();
    assert_eq!((stage.crm.contacts().len(), stage.crm.companies().len()), (1, 0));
    // The integration's own id means the same place.
    let of_app = Get::<DataSourceSpec>::new({
        let mut selector = on("entries", None).selector;
        selector.layer = Some(LayerName::Integration);
        selector
    });
    let of_app = stage.call(None, of_app).await.unwrap().id;
    let by_id = SourceTarget::new(Selector::from(&of_app));
    assert_eq!(collection(Some("acme"), by_id.clone()).await.unwrap(), "contacts");
    assert_eq!(collection(Some("globex"), by_id).await.unwrap(), "companies");
    // One of the connection's own that nothing above it has.
    let mine =
        json!({"key": "mine", "name": "Mine", "connectionId": "contactly", "collectionKey": "contacts"});
    stage.add::<DataSourceSpec>(Some("acme"), mine).await.unwrap();
    assert_eq!(collection(Some("acme"), on("mine", None)).await.unwrap(), "contacts");
    assert_eq!(collection(Some("globex"), on("mine", None)).await.unwrap_err().kind(), ErrorKind::NotFound);
    // Field mappings alike.
    let change = json!({"importValue": {"label": {"$var": "$.mine"}}});
    let copy = Selector::key("entry").connection("contactly");
    stage.change::<FieldMappingSpec>(Some("acme"), copy, change).await.unwrap();
    let run = RunFieldMapping::new(on("entry", None).selector, Direction::Import, json!({"mine": "x"}));
    assert_eq!(stage.call(Some("acme"), run.clone()).await.unwrap().output["label"], "x");
    assert!(stage.call(Some("globex"), run).await.unwrap().output.get("label").is_none());
}

async fn gives_records_in_terms_of_the_model(stage: Stage) {
    stage.tasks.seed(2);
    stage.add::<DataSourceSpec>(None, json!({"key": "work", "name": "Work", "udm": "tasks"})).await.unwrap();
    let mapping = json!({
        "key": "item", "name": "Item", "dataSourceKey": "work", "importValue": {"what": {"$var": "$.title"}},
    });
    stage.add::<FieldMappingSpec>(None, mapping).await.unwrap();
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let work = taskly.data_source("work");
    let mapped = work.clone().mapped("item");
    for record in [
        work.list().all().await.unwrap()[0].clone(),
        mapped.list().all().await.unwrap()[1].clone(),
        mapped.get("tsk_000001").await.unwrap(),
    ] {
        assert_eq!(record.udm.as_deref(), Some("tasks"));
        let task = stage.tasks.tasks().into_iter().find(|task| task.id == record.id).unwrap();
        let unified = record.unified_fields.as_ref().unwrap();
        assert_eq!((&unified["subject"], unified.get("title")), (&json!(task.title), None));
        assert!(record.fields.get("subject").is_none(), "{}", record.fields);
    }
    let unified = taskly.unified("tasks").get("tsk_000001").await.unwrap();
    assert_eq!(unified.unified_fields.as_ref(), Some(&unified.fields));
    let plain = taskly.collection("tasks").get("tsk_000001").await.unwrap();
    assert_eq!((plain.udm, plain.unified_fields), (None, None));
}

async fn collections_understand_unified_models(stage: Stage) {
    stage.tasks.seed(20);
    stage.connected("acme").await;
    let tasks = || CollectionTarget::new("taskly", "tasks");
    let list = async |filter: Option<Value>, unified: Value| {
        stage.call(Some("acme"), ListRecords::new(tasks(), filter, Some(unified), None, None)).await
    };
    let found = list(None, json!({"subject": stage.tasks.tasks()[3].title})).await.unwrap().records;
    assert!(
        !found.is_empty() && found.iter().all(|task| task.fields["title"] == stage.tasks.tasks()[3].title)
    );
    assert_eq!(list(None, json!({})).await.unwrap().records.len(), 20);
    // The collection's own terms stand for both.
    let both = list(Some(json!({"status": "done"})), json!({"status": "open"})).await.unwrap().records;
    assert!(both.iter().all(|task| task.fields["status"] == "done"));
    let unknown = list(None, json!({"dealId": "7"})).await.unwrap_err();
    assert_eq!((unknown.kind(), unknown.context_value("field")), (ErrorKind::Unsupported, Some("$.dealId")));
    let find = async |udm: &str| {
        let find = FindRecord::new(tasks(), "tsk_000001".to_owned(), Some(udm.to_owned()));
        stage.call(Some("acme"), find).await.map(|found| found.record)
    };
    let record = find("tasks").await.unwrap();
    assert_eq!(record.udm.as_deref(), Some("tasks"));
    assert_eq!(record.unified_fields.unwrap()["subject"], record.fields["title"]);
    for udm in ["contacts", "no-such-model"] {
        let wrong = find(udm).await.unwrap_err();
        assert_eq!(
            (wrong.kind(), wrong.context_value("field")),
            (ErrorKind::InvalidInput, Some("udm")),
            "{wrong}"
        );
    }
}

/// What a formula comes to without its inputs overwrites nothing.
async fn a_change_writes_only_what_is_given(stage: Stage) {
    entries(&stage).await;
    let mapping = json!({
        "key": "careful", "name": "Careful", "dataSourceKey": "entries", "exportValue": {
            "title": {"$case": {
                "cases": [{"filter": [{"field": "$.label", "operator": "is_not_empty"}], "value": {"$var": "$.label"}}],
                "default": "untitled",
            }},
            "description": {"$concat": ["+", {"$var": "$.tel"}]},
        },
    });
    stage.add::<FieldMappingSpec>(None, mapping).await.unwrap();
    let config = json!({
        "dataSource": {"key": "entries"}, "id": {"$var": "$.input.id"},
        "fieldMapping": {"key": "careful", "input": {"$var": "$.input.fields"}},
    });
    let action = json!({"key": "alter", "name": "Alter", "type": "update-data-record", "config": config});
    stage.add::<ActionSpec>(None, action).await.unwrap();
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let source = taskly.data_source("entries").mapped("careful");
    let task = || {
        let task = stage.tasks.tasks()[0].clone();
        (task.title, task.description.unwrap_or_default())
    };
    // A new record has all of it.
    let id = source.create(json!({"other": 1})).await.unwrap();
    assert_eq!(task(), ("untitled".to_owned(), "+".to_owned()));
    source.update(&id, json!({"label": "A", "tel": "555"})).await.unwrap();
    assert_eq!(task(), ("A".to_owned(), "+555".to_owned()));
    source.update(&id, json!({"label": "B"})).await.unwrap();
    assert_eq!(task(), ("B".to_owned(), "+555".to_owned()));
    taskly.action("alter").run(json!({"id": id, "fields": {"tel": "7"}})).await.unwrap();
    assert_eq!(task(), ("B".to_owned(), "+7".to_owned()));
    let nothing = source.update(&id, json!({"other": 1})).await.unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::InvalidInput, "{nothing}");
}

async fn fields_are_an_object(stage: Stage) {
    stage.tasks.seed(1);
    entries(&stage).await;
    let mapping = json!({"key": "flat", "name": "Flat", "importValue": {"$var": "$.title"}});
    stage.add::<FieldMappingSpec>(None, mapping).await.unwrap();
    let acme = stage.connected("acme").await;
    let flat = acme.connection("taskly").data_source("entries").mapped("flat").get("tsk_000001").await;
    let flat = flat.unwrap_err();
    assert_eq!(
        (flat.kind(), flat.context_value("field")),
        (ErrorKind::Configuration, Some("fieldMapping.importValue"))
    );
    assert!(flat.message().contains("builds a text"), "{flat}");
}
