use http::Method;
use membrane_client::{CreateConnection, ErrorKind};
use membrane_core::element::{ActionSpec, ConnectionSpec, CustomerSpec};
use membrane_core::op::{Create, Update};
use serde_json::json;

use crate::on_both;
use crate::stage::Stage;

on_both!(
    connects_and_tests,
    connects_anew_instead_of_twice,
    keeps_customers_apart,
    archives_and_restores,
    refuses_credentials_the_app_refuses,
    passes_requests_through,
    keeps_a_proxied_path_below_its_base,
    keeps_whole_addresses_below_the_base,
    blames_the_base_url_and_not_the_credentials,
    says_which_connector_is_not_registered,
    nothing_is_called_like_a_dot_segment,
    keeps_the_name_of_a_customer,
    keeps_credentials_where_they_were_given_for,
    archives_the_live_connection,
    connects_once_however_many_ask,
    has_one_default,
);

async fn connects_and_tests(stage: Stage) {
    let acme = stage.connected("acme").await;
    let connection = acme.connection("taskly").get().await.unwrap();
    assert_eq!(connection.spec.connected, Some(true));
    assert_eq!(connection.spec.credentials, None);
    assert_eq!(connection.place.user_id.as_deref(), Some("acme"));
    assert!(acme.connection("taskly").test().await.unwrap());
    stage.tasks.rotate_api_key();
    assert!(!acme.connection("taskly").test().await.unwrap());
    assert_eq!(acme.connection("taskly").get().await.unwrap().spec.disconnected, Some(true));
    let all = acme.connections().await.unwrap();
    assert_eq!(all.len(), 2);
}

async fn connects_anew_instead_of_twice(stage: Stage) {
    let acme = stage.connected("acme").await;
    let first = acme.connection("taskly").get().await.unwrap();
    stage.tasks.rotate_api_key();
    let again = acme.connect_with(stage.to_tasks()).await.unwrap();
    assert_eq!(again.id, first.id);
    assert!(acme.connection("taskly").test().await.unwrap());
    let mut second = stage.to_tasks();
    second.key = Some("second".to_owned());
    let second = acme.connect_with(second).await.unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(acme.connection("second").get().await.unwrap().id, second.id);
    assert_eq!(acme.connection("taskly").get().await.unwrap().id, first.id, "the default stays");
}

async fn keeps_customers_apart(stage: Stage) {
    let acme = stage.connected("acme").await;
    let theirs = acme.connection("taskly").get().await.unwrap();
    let mallory = stage.client.customer("mallory");
    assert!(mallory.connections().await.unwrap().is_empty());
    let handle = mallory.connection(theirs.id.as_str());
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(handle.test().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(handle.archive().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(handle.actions().await.unwrap_err().kind(), ErrorKind::NotFound);
    let run = handle.action("create-task").run(json!({"title": "stolen"})).await;
    assert_eq!(run.unwrap_err().kind(), ErrorKind::NotFound);
    let list = handle.collection("tasks").list().page(None).await;
    assert_eq!(list.unwrap_err().kind(), ErrorKind::NotFound);
    let proxied = handle.proxy(Method::GET, "v1/me", None).await;
    assert_eq!(proxied.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!stage.tasks.tasks().iter().any(|task| task.title == "stolen"));
}

async fn archives_and_restores(stage: Stage) {
    let acme = stage.connected("acme").await;
    let id = acme.connection("taskly").get().await.unwrap().id;
    let archived = acme.connection(id.as_str()).archive().await.unwrap();
    assert!(archived.archived_at.is_some());
    let error = acme.connection("taskly").action("create-task").run(json!({"title": "x"})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(acme.connections().await.unwrap().len(), 1);
    acme.connection(id.as_str()).restore().await.unwrap();
    acme.connection("taskly").action("create-task").run(json!({"title": "x"})).await.unwrap();
}

async fn refuses_credentials_the_app_refuses(stage: Stage) {
    let acme = stage.client.customer("acme");
    let mut wrong = CreateConnection::new("taskly", json!({"token": "not the key at all"}));
    wrong.connector_parameters = Some(json!({"apiUri": stage.tasks.url()}));
    let error = acme.connect_with(wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessTokenExpired, "{error}");
    assert!(!format!("{error:?}").contains("not the key at all"));
    assert!(acme.connections().await.unwrap().is_empty(), "nothing is half done");
    let error = acme.connect("taskly", json!({"tokn": "x"})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.message().contains("token"), "{error}");
    let error = acme.connect("no-such-app", json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

async fn passes_requests_through(stage: Stage) {
    let acme = stage.connected("acme").await;
    let taskly = acme.connection("taskly");
    let me = taskly.proxy(Method::GET, "v1/me", None).await.unwrap();
    assert_eq!(me.status, 200);
    assert!(me.json().unwrap().is_object());
    let made =
        taskly.proxy(Method::POST, "/v1/tasks?source=proxy", Some(&json!({"title": "raw"}))).await.unwrap();
    assert!((200..300).contains(&made.status));
    assert!(stage.tasks.tasks().iter().any(|task| task.title == "raw"));
    let missing = taskly.proxy(Method::GET, "v1/tasks/none", None).await.unwrap();
    assert_eq!(missing.status, 404, "an error status of the app is an answer");
    let elsewhere = taskly.proxy(Method::GET, "https://example.com/", None).await.unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::Blocked, "{elsewhere}");
}

async fn keeps_a_proxied_path_below_its_base(stage: Stage) {
    let acme = stage.connected("acme").await;
    let mut connect = CreateConnection::new("faulty", json!({}));
    connect.connector_parameters = Some(json!({"apiUri": format!("{}/base", stage.faults.url())}));
    acme.connect_with(connect).await.unwrap();
    let faulty = acme.connection("faulty");
    for path in [
        "/../../../self",
        "..",
        "../../actions",
        "%2e%2e/%2E%2E/%2e./self",
        "v1/.%2E/../../self",
        "..\\..\\..\\self",
        ".\t./.\n./self",
        "./../..?a=b",
        "..%2Fself",
        "v1/..%2f..%5Cself",
        "/..;x/self",
        "%252e%252e%252Fself",
    ] {
        let error = faulty.proxy(Method::PATCH, path, Some(&json!({"name": "Taken"}))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Blocked, "{path}: {error}");
        let message = "the request's address is refused: its path climbs above the API's base address";
        assert_eq!((error.message(), error.operation()), (message, Some("connections.proxy")), "{path}");
    }
    assert_eq!(acme.get().await.unwrap().name, "acme");
    let me = acme.connection("taskly").proxy(Method::GET, "v1/tasks/../me", None).await.unwrap();
    assert_eq!(me.status, 200, "what stays below is read as any address is");
}

async fn keeps_whole_addresses_below_the_base(stage: Stage) {
    let acme = stage.client.customer("acme");
    let mut connect = CreateConnection::new("faulty", json!({}));
    let url = stage.faults.url().to_owned();
    connect.connector_parameters = Some(json!({"apiUri": format!("{url}/status")}));
    acme.connect_with(connect).await.unwrap();
    let faulty = acme.connection("faulty");
    let message = "the request's address is refused: it is outside of the API's base address";
    for (n, path) in ["/ok", "/statusx", "/status/../ok", "/status/%2E%2e/ok"].into_iter().enumerate() {
        let path = format!("{url}{path}");
        let error = faulty.proxy(Method::GET, &path, None).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Blocked, message), "{path}");
        let key = format!("raw-{n}");
        let config = json!({"request": {"method": "GET", "path": path}});
        let action = json!({
            "connectionId": faulty.get().await.unwrap().id, "key": key, "name": "Raw",
            "type": "api-request-to-external-app", "config": config,
        });
        stage.add::<ActionSpec>(Some("acme"), action).await.unwrap();
        let error = faulty.action(&key).run(json!({})).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Blocked, message), "{path}");
    }
    assert_eq!(stage.faults.requests(), 0);
    let within = faulty.proxy(Method::GET, format!("{url}/status/201"), None).await.unwrap();
    assert_eq!(within.status, 201);
}

async fn blames_the_base_url_and_not_the_credentials(stage: Stage) {
    let acme = stage.client.customer("acme");
    for (address, why) in [
        ("not a url", "the base URL of Taskly (`baseUri`) comes to no URL for this connection"),
        ("", "the base URL of Taskly (`baseUri`) comes to nothing for this connection"),
        ("ftp://files.example", "the API's base address is refused: only http and https are spoken"),
    ] {
        let mut connect = stage.to_tasks();
        connect.connector_parameters = Some(json!({"apiUri": address}));
        let error = acme.connect_with(connect).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.message().starts_with(why), "{error}");
        assert!(!error.message().contains("credentials"), "{error}");
    }
    assert!(acme.connections().await.unwrap().is_empty());
}

async fn says_which_connector_is_not_registered(stage: Stage) {
    let before = stage.connected("acme").await.connection("taskly");
    before.get().await.unwrap();
    let stage = stage.anew(None, "taskly").await;
    let acme = stage.client.customer("acme");
    let taskly = acme.connection("taskly");
    let message = "the integration `taskly` cannot be used: its connector `taskly` is not registered in this engine; \
                   give it to `Engine::builder()` with `connectors(…)`, or its file to `membrane serve --connectors`";
    for error in [
        acme.connect_with(stage.to_tasks()).await.unwrap_err(),
        taskly.test().await.unwrap_err(),
        taskly.operation("get-me", json!({})).await.unwrap_err(),
        taskly.collection("tasks").list().page(None).await.unwrap_err(),
        taskly.proxy(Method::GET, "v1/me", None).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.message()), (ErrorKind::Configuration, message));
        assert_eq!(error.context_value("connector"), Some("taskly"));
    }
}

async fn nothing_is_called_like_a_dot_segment(stage: Stage) {
    let acme = stage.connected("acme").await;
    for name in [".", "..", "%2e%2e", ".%2E"] {
        let connection = acme.connection(name);
        for error in [
            connection.get().await.unwrap_err(),
            connection.archive().await.unwrap_err(),
            connection.proxy(Method::GET, "v1/me", None).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            assert_eq!(error.message(), format!("there is no connection `{name}`"));
            assert_eq!(error.context_value("selector"), Some(name));
        }
        let error = acme.connection("taskly").action(name).run(json!({})).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert_eq!(error.message(), format!("there is no action `{name}` on connection `taskly`"));
    }
}

async fn keeps_credentials_where_they_were_given_for(stage: Stage) {
    let acme = stage.connected("acme").await;
    let id = acme.connection("taskly").get().await.unwrap().id;
    let caller = stage.engine.customer("acme").await.unwrap();
    // An address alone is no new connection: what was sealed must not go there.
    let fields = json!({"connectorParameters": {"apiUri": stage.faults.url()}});
    let update = Update::<ConnectionSpec>::new(id.as_str()).fields(fields.as_object().cloned().unwrap());
    stage.engine.call(&caller, update).await.unwrap();
    acme.connection("taskly").action("create-task").run(json!({"title": "still there"})).await.unwrap();
    assert_eq!(stage.faults.requests(), 0);
    let mut undeclared = stage.to_tasks();
    undeclared.connector_parameters = Some(json!({"apiUri": stage.tasks.url(), "clientSecret": "mine"}));
    let error = acme.connect_with(undeclared).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.context_value("field")),
        (ErrorKind::InvalidInput, Some("connectorParameters"))
    );
    // An action a customer writes sees no credentials.
    let nosy = json!({
        "connectionId": id, "key": "nosy", "name": "Nosy", "type": "connector-operation",
        "config": {"operationKey": "get-me"},
        "outputMapping": {"c": {"$var": "$.credentials"}, "p": {"$var": "$.connectorParameters"}, "ok": true},
    });
    let create = Create::<ActionSpec>::new(nosy.as_object().cloned().unwrap());
    stage.engine.call(&caller, create).await.unwrap();
    let run = acme.connection("taskly").action("nosy").run(json!({})).await.unwrap();
    assert_eq!(run.output, json!({"ok": true}));
}

async fn archives_the_live_connection(stage: Stage) {
    let acme = stage.connected("acme").await;
    acme.connection("taskly").archive().await.unwrap();
    let live = acme.connect_with(stage.to_tasks()).await.unwrap();
    let archived = acme.connection("taskly").archive().await.unwrap();
    assert_eq!(archived.id, live.id);
    assert_eq!(acme.connection("taskly").get().await.unwrap_err().kind(), ErrorKind::NotFound);
}

async fn connects_once_however_many_ask(stage: Stage) {
    let acme = stage.client.customer("acme");
    let connect = || acme.connect_with(stage.to_tasks());
    let made = futures::future::join_all((0..20).map(|_| connect())).await;
    let ids: Vec<_> = made.into_iter().map(|made| made.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let all = acme.connections().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].spec.is_default, Some(true));
    assert!(acme.connection("taskly").test().await.unwrap(), "the credentials are whole");
    // Those that are to be further ones are, and one is the default still.
    let further = futures::future::join_all((0..5).map(|_| {
        let mut further = stage.to_tasks();
        further.allow_multiple_connections = Some(true);
        acme.connect_with(further)
    }));
    assert!(further.await.into_iter().all(|made| made.unwrap().spec.is_default == Some(false)));
    let all = acme.connections().await.unwrap();
    assert_eq!(all.len(), 6);
    let defaults: Vec<_> = all.iter().filter(|e| e.spec.is_default == Some(true)).map(|e| &e.id).collect();
    assert_eq!(defaults, [&ids[0]]);
}

async fn has_one_default(stage: Stage) {
    let acme = stage.client.customer("acme");
    let keyed = |key: &str| {
        let mut connect = stage.to_tasks();
        connect.key = Some(key.to_owned());
        connect
    };
    let one = acme.connect_with(keyed("one")).await.unwrap();
    let two = acme.connect_with(keyed("two")).await.unwrap();
    assert_eq!((one.spec.is_default, two.spec.is_default), (Some(true), Some(false)));
    let again = acme.connect_with(stage.to_tasks()).await.unwrap();
    assert_eq!(again.id, one.id, "the default is connected anew");
    acme.connection("one").archive().await.unwrap();
    let default = acme.connection("taskly").get().await.unwrap();
    assert_eq!((&default.id, default.spec.is_default), (&two.id, Some(true)));
    let again = acme.connect_with(stage.to_tasks()).await.unwrap();
    assert_eq!(again.id, two.id);
    let back = acme.connection(one.id.as_str()).restore().await.unwrap();
    assert_eq!(back.spec.is_default, Some(false));
    assert_eq!(acme.connection("taskly").get().await.unwrap().id, two.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_nobody_waited_for_is_seen_too() {
    let stage = Stage::in_process().await;
    let taskly = stage.connected("acme").await.connection("taskly");
    taskly.action("create-task").run(json!({"title": "x"})).await.unwrap();
    // Dropped a little later each time, until the store has the change.
    for wait in 0.. {
        let _ = tokio::time::timeout(std::time::Duration::from_micros(50 * wait), taskly.archive()).await;
        if taskly.get().await.is_err() {
            break;
        }
    }
    let error = taskly.action("create-task").run(json!({"title": "x"})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

async fn keeps_the_name_of_a_customer(stage: Stage) {
    let named = async |name: &str| stage.engine.customer_with("ada", Some(name), None).await;
    named("Ada").await.unwrap();
    named(" ").await.unwrap();
    let ada = stage.client.customer("ada");
    assert_eq!(ada.get().await.unwrap().name, "Ada");
    let error = named(&"x".repeat(501)).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("name")));
    let error =
        stage.change::<CustomerSpec>(None, "ada", json!({"name": "x".repeat(501)})).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("field")), (ErrorKind::InvalidInput, Some("name")));
}
