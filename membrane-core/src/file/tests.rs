use http::Method;
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};
use serde_json::json;

use super::*;
use crate::connector::{ApiBody, BodyType, Function, Pagination, RestCall};
use crate::formula::Vars;
use crate::{ErrorKind, Locator, Operator};

const TASK_MANAGER: &str = include_str!("../../../membrane-testkit/connectors/task-manager.yml");

/// A file where `PART` stands for what a test is about.
const SMALL: &str = "\
key: x
name: X
auth: {type: client-credentials}
api: {baseUri: 'https://x.example'}
PART
";

fn small(part: &str) -> Result<Connector> {
    Connector::from_yaml(&SMALL.replace("PART", part), "x.yml")
}

fn rest(function: &Function) -> &RestCall {
    let Function::Rest(call) = function else { panic!("{function:?} is no REST call") };
    call
}

#[test]
fn a_whole_connector_fits_on_eighty_lines() {
    assert!(TASK_MANAGER.lines().count() <= 80);
    let connector = Connector::from_yaml(TASK_MANAGER, "task-manager.yml").unwrap();
    assert_eq!((connector.operations.len(), connector.collections.len(), connector.actions.len()), (7, 3, 5));
    assert!(connector.operations["get-me"].is_read_only);
    assert!(!connector.operations["create-task"].is_read_only);
    assert_eq!(connector.operations["create-task"].name, "Create task");

    let tasks = &connector.collections["tasks"];
    let list = tasks.list.as_ref().unwrap();
    let status = Locator::parse("status").unwrap();
    assert_eq!(list.filter.parameter(&status, Operator::Is), Some("status"));
    assert!(matches!(&list.pagination, Pagination::Cursor { parameter: Some(name), .. } if name == "cursor"));
    let search = tasks.search.as_ref().unwrap();
    assert_eq!(
        (search.list.pagination.clone(), search.list.page_size.clone()),
        (list.pagination.clone(), list.page_size.clone())
    );
    let fields = tasks.fields_schema.as_ref().unwrap().as_value();
    assert_eq!(fields["properties"]["due_at"]["format"], "date-time");

    let action = &connector.actions["create-task"];
    assert_eq!(action.implements.as_ref().map(AsRef::as_ref), Some("create-task"));
    assert_eq!((action.name.as_str(), action.description.is_some()), ("Create a task", true));
    let input = action.spec.input_schema.as_ref().unwrap().as_value();
    assert!(input["properties"]["assignee"].is_object());
    assert_eq!(action.spec.config.as_ref().unwrap()["operationKey"], "create-task");
    let own = connector.actions["complete-task"].spec.input_schema.as_ref().unwrap().as_value();
    assert_eq!(own["required"], json!(["id"]));
}

#[test]
fn an_update_may_replace_the_whole_record() {
    let collection = |update: &str| {
        small(&format!(
            "collections:
  rows:
    fieldsSchema: {{type: object, properties: {{id: {{type: string, readOnly: true}}, a: {{type: string}}}}}}
    findById: GET /rows/{{id}}
    {update}"
        ))
    };
    let connector = collection("update: {run: 'PUT /rows/{id}', replaces: true}").unwrap();
    let update = connector.collections["rows"].update.as_ref().unwrap();
    assert!(matches!(update.call, Function::Native(_)));
    let connector = collection("update: {run: 'PUT /rows/{id}', replaces: false}").unwrap();
    let update = connector.collections["rows"].update.as_ref().unwrap();
    assert_eq!(rest(&update.call).method, Method::PUT);

    let error = collection("create: {run: POST /rows, replaces: true}").unwrap_err();
    assert_eq!(error.message(), "x.yml:9:41: `replaces` belongs to `update`");
    let error = small("collections: {rows: {update: {run: 'PUT /rows/{id}', replaces: true}}}").unwrap_err();
    assert!(error.message().ends_with("`replaces` reads the record first: expected `findById`"), "{error}");
    let error = small(
        "collections: {rows: {findById: 'GET /rows/{id}', update: {run: 'PUT /rows/{id}', replaces: true}}}",
    );
    assert!(error.unwrap_err().message().contains("expected `fields` here, or `fieldsSchema`"));
}

#[test]
fn requests_are_what_the_file_says() {
    let connector = Connector::from_yaml(TASK_MANAGER, "task-manager.yml").unwrap();
    let settings =
        json!({"credentials": {"token": "t"}, "connectorParameters": {"apiUri": "http://127.0.0.1:1"}});
    assert_eq!(connector.api.base_uri.build(&settings), Some(json!("http://127.0.0.1:1")));
    let headers = connector.api.headers.as_ref().unwrap().build(&settings);
    assert_eq!(headers, Some(json!({"authorization": "Bearer t"})));

    let args = json!({"input": {"id": "tsk_1"}});
    let call = rest(&connector.operations["complete-task"].run);
    let request = call.request(&Vars::from(&args), &args, &json!(null)).unwrap();
    assert_eq!((request.method, request.path.as_str()), (Method::PATCH, "/v1/tasks/tsk_1"));
    assert_eq!(request.body, ApiBody::Json(json!({"status": "done"})));
}

#[test]
fn forms_of_a_part_mean_the_same() {
    let connector = small(
        "options:
  token: {type: client-credentials, title: Token, test: {operation: me}}
  basic: {type: client-credentials, credentials: {user: {$var: $.connectionInput.u}}, test: not-supported}
operations:
  me: GET /me
  again: {isReadOnly: true, run: {operation: {operationKey: me, outputMapping: {$var: $.output.id}}}}
  gql: {run: {graphql: {document: 'query { a }', result: $.a}}}
  form: {run: {rest: {method: POST, path: /f, bodyType: form}}}
collections:
  rows:
    list: {run: GET /rows, pagination: link-header}
    search: {run: {rest: {method: GET, path: '/find/{query}'}}, records: $.hits, pagination: none}
    delete: not-supported
  plain: {list: GET /plain}",
    );
    // `options` beside `auth`.
    assert!(connector.unwrap_err().message().contains("either `auth` or `options`"));
    let text = SMALL.replace("auth: {type: client-credentials}\n", "").replace(
        "PART",
        "options:
  token: {type: client-credentials, title: Token, test: {operation: me}}
  basic: {type: client-credentials, credentials: {user: {$var: $.connectionInput.u}}, test: not-supported}
operations:
  me: GET /me
  gql: {run: {graphql: {document: 'query { a }', result: $.a}}}
  form: {run: {rest: {method: POST, path: /f, bodyType: form}}}
collections:
  rows:
    record: {id: $.number, name: {$concat: ['#', {$var: $.number}]}}
    list: {run: GET /rows, pagination: link-header}
    search: {run: {rest: {method: GET, path: '/find/{query}'}}, records: $.hits, pagination: none}
    delete: not-supported
  plain: {list: GET /plain}",
    );
    let connector = Connector::from_yaml(&text, "x.yml").unwrap();
    assert_eq!(
        connector.auth.iter().map(|option| option.key.as_str()).collect::<Vec<_>>(),
        ["token", "basic"]
    );
    assert!(matches!(connector.auth[1].test, Some(Function::NotSupported)));
    assert!(connector.operations["gql"].is_read_only);
    assert_eq!(rest(&connector.operations["form"].run).body_type, BodyType::Form);
    let rows = &connector.collections["rows"];
    assert_eq!(rows.list.as_ref().unwrap().pagination, Pagination::LinkHeader);
    assert_eq!(rows.search.as_ref().unwrap().list.pagination, Pagination::None);
    assert!(matches!(rows.delete, Some(Function::NotSupported)));
    let record = &rows.record;
    assert_eq!(record.id.as_ref().unwrap().build(&json!({"number": 5})), Some(json!(5)));
    assert_eq!(record.name.as_ref().unwrap().build(&json!({"number": 5})), Some(json!("#5")));
}

/// Reads a text in which `§` stands before the mistake; answers what the message says at that place.
fn mistake(marked: &str) -> String {
    let before = marked.split('§').next().unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let error = Connector::from_yaml(&marked.replace('§', ""), "x.yml").expect_err(marked);
    assert_eq!(error.kind(), ErrorKind::Configuration, "{marked}");
    let place = format!("x.yml:{line}:{column}: ");
    match error.message().strip_prefix(&place) {
        Some(message) => {
            assert_eq!(error.context_value("line"), Some(line.to_string().as_str()));
            message.to_owned()
        }
        None => format!("not at {place}: {}", error.message()),
    }
}

fn check(cases: &[(&str, &str)], text: impl Fn(&str) -> String) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(part, expected)| {
            let said = mistake(&text(part));
            (!said.starts_with(expected)).then(|| format!("{part}\n  said   {said}\n  wanted {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_mistake_is_pointed_at() {
    let cases = [
        ("§opperations: {}", "unknown field `opperations`, expected one of `key`, `name`"),
        ("operations: {a: {§pathh: /x}}", "unknown field `pathh`, expected one of `name`"),
        ("operations:\n  a:\n    §name: A", "missing field `run`"),
        ("operations:\n  a: §GET\n", "`GET` is no function, expected a method and a path"),
        ("operations:\n  a: §FETCH /x\n", "unknown method `FETCH`, expected one of `GET`"),
        ("operations:\n  a: §GET x\n", "the path `x` must begin with `/`"),
        ("operations:\n  a: §GET /x/{id\n", "path `/x/{id`: a `{` without `}`"),
        ("operations:\n  §a/b: GET /x\n", "a key has no slash"),
        ("operations:\n  a: GET /x\n  §a: GET /y\n", "`a` stands twice"),
        (
            "operations:\n  a:\n    inputSchema: {properties: {id: {type: string}}}\n    run: §GET /x/{ib}\n",
            "nothing fills the slot `{ib}`, expected `id`",
        ),
        ("operations: {a: {run: {operation: §b}}}", "unknown operation `b`, expected `a`"),
        ("operations: {a: {run: §{rest: {method: GET, path: /x}, mapping: 1}}}", "a function is one of"),
        ("operations: {a: {run: {graphql: {document: §'query {'}}}}", "expected a GraphQL document"),
        (
            "operations:\n  a:\n    run:\n      mapping:\n        b:\n          - $var: §$.a[\n",
            "invalid locator `$.a[`",
        ),
        ("operations: {a: {run: {mapping: {b: §{$conact: [1]}}}}}", "unknown formula `$conact`"),
        ("operations: {a: {run: {mapping: §{$eval: 1, isnt: 2}}}}", "unknown comparison `isnt`"),
        ("operations: {a: {run: {mapping: §{$var: $.a, b: 2}}}}", "`b` cannot stand beside `$var`"),
        (
            "operations: {a: {run: {mapping: {$case: {cases: [{filter: [{field: a, operator: §iss}], value: 1}]}}}}}",
            "a condition needs an `operator`",
        ),
        (
            "operations: {a: {run: {mapping: {$case: [{filter: §{$evl: {$var: $.a}}, value: x}]}}}}",
            "unknown formula `$evl`",
        ),
        (
            "operations: {a: {run: {mapping: {$case: [{filter: §{$eval: {$var: $.a}, equals: 1}, value: x}]}}}}",
            "unknown comparison `equals`",
        ),
        (
            "operations: {a: {run: {mapping: {$case: [{filter: §'abc', value: x}]}}}}",
            "formula at $.$case[0].filter",
        ),
        (
            "operations: {a: {run: {mapping: {$case: [{filter: §{a: 1}, value: x}]}}}}",
            "formula at $.$case[0].filter",
        ),
        (
            "operations: {a: {run: {mapping: {$case: [{filter: [§junk], value: x}]}}}}",
            "a condition needs an `operator`",
        ),
        (
            "operations: {a: {run: {mapping: {$case: [{fliter: §[], value: x}]}}}}",
            "a case has no argument `fliter`, expected one of `filter`",
        ),
        ("operations: {a: {run: {mapping: {$case: [§5, null, 'x']}}}}", "formula at $.$case[0]: a case is"),
        ("operations: {a: {run: {mapping: {$case: {case: §[]}}}}}", "`$case` has no argument `case`"),
        ("operations: {a: {run: {mapping: {$case: §{}}}}}", "formula at $.$case: expected a list of cases"),
        ("operations: {a: {run: {mapping: {$copy: §'$.x['}}}}", "invalid locator `$.x[`"),
        ("operations: {a: {run: {mapping: {$formula: {b: §{$vra: $.x}}}}}}", "unknown formula `$vra`"),
        (
            "operations: {a: {run: {mapping: {$iterate: {source: [1], itme: §{$var: item}}}}}}",
            "`$iterate` has no argument `itme`, expected one of `source`, `item`",
        ),
        ("operations: {a: {run: {mapping: {$iterate: §{item: 1}}}}}", "`$iterate` needs `source`"),
        (
            "operations: {a: {run: {mapping: {$tpl: §'{a}'}}}}",
            "`$tpl` takes an object with one of `template`",
        ),
        ("operations: {a: {run: {mapping: {$concat: {vlaues: §[]}}}}}", "`$concat` has no argument `vlaues`"),
        (
            "operations: {a: {run: {mapping: {$map: {value: 1, mapping: [{form: §1, to: 2}]}}}}}",
            "an item of `$map` has no argument `form`",
        ),
        (
            "operations: {a: {inputSchema: {properties: {b: {type: §strng}}}, run: GET /}}",
            "unknown type \"strng\"",
        ),
        (
            "operations: {a: {inputSchema: {properties: {b: {}}, required: [§c]}, run: GET /}}",
            "`c` is required but",
        ),
        (
            "operations: {a: {inputSchema: {properties: {b: {pattern: §'('}}}, run: GET /}}",
            "the data schema is wrong",
        ),
        ("operations: {a: {inputSchema: §[], run: GET /}}", "expected a data schema"),
        ("collections: {a: {list: {run: GET /x, pagination: §links}}}", "unknown pagination `links`"),
        (
            "collections: {a: {list: {run: GET /x, pagination: {type: §cursor}}}}",
            "`cursor` pagination needs `next`",
        ),
        (
            "collections: {a: {list: {run: GET /x, pagination: {type: offset, next: §$.a}}}}",
            "`next` means nothing to `offset` pagination, expected one of `parameter`, `total`",
        ),
        ("collections: {a: {list: {run: GET /x, records: §'a['}}}", "invalid locator"),
        ("collections: {a: {list: {run: GET /x, filter: {§'b[': c}}}}", "invalid locator"),
        (
            "collections: {a: {list: {run: GET /x, filter: {b: {§equals: c}}}}}",
            "unknown operator `equals`, expected one of `array_does_not_include`",
        ),
        ("collections: {a: {list: {run: GET /x, pageSize: {size: §0}}}}", "a page holds"),
        ("collections: {a: {findById: §'GET /x/{idd}'}}", "nothing fills the slot `{idd}`, expected `id`"),
        (
            "collections: {a: {fieldsSchema: {properties: {b: {}}}, create: {run: POST /x, requiredFields: [§c]}}}",
            "unknown field `c`, expected `b`",
        ),
        (
            "collections: {a: {fieldsSchema: {properties: {status: {}, by: {properties: {id: {}}}}}, list: {run: GET /x, filter: {§stats: s}}}}",
            "unknown field `stats`, expected one of `status`, `by`; is it `status`?",
        ),
        (
            "collections: {a: {fieldsSchema: {properties: {by: {properties: {id: {}}}}}, list: {run: GET /x, filter: {by.id: b, §by.di: b}}}}",
            "unknown field `di`, expected `id`",
        ),
        (
            "collections: {a: {fieldsSchema: {properties: {title: {}}}, match: {fields: [title, §titel]}}}",
            "unknown field `titel`, expected `title`; is it `title`?",
        ),
        (
            "operations: {a: {inputSchema: {properties: {b: {enum: §open}}}, run: GET /}}",
            "`enum` must be a list of the values there are",
        ),
        ("operations: {a: {outputSchema: {items: {enum: §[]}}, run: GET /}}", "`enum` must be a list"),
        ("actions: {a: {operation: §b}}", "unknown operation `b`"),
        (
            "actions: {a: {type: list-data-records, config: {datasource: §{collectionKey: b}}}}",
            "unknown key of the config `datasource`, expected one of `dataSource`, `fieldMapping`, `filter`, `unifiedFilter`, `cursor`; is it `dataSource`?",
        ),
        (
            "collections: {b: {}}\nactions: {a: {type: list-data-records, config: {dataSource: {collectionKey: b}, fitler: §[]}}}",
            "unknown key of the config `fitler`",
        ),
        (
            "actions: {a: {type: list-data-records, config: §{filter: []}}}",
            "the config of `list-data-records` needs `dataSource`",
        ),
        (
            "actions: {a: {type: §create-data-record}}",
            "an action of type `create-data-record` needs a `config`",
        ),
        (
            "operations: {o: GET /}\nactions: {a: {implements: §creat-task, operation: o}}",
            "there is no universal action `creat-task`; is it `create-task`?",
        ),
        ("actions: {a: §{name: A}}", "an action needs `operation`, or `type`"),
        ("actions: {a: {type: §list-records}}", "unknown action type `list-records`, expected one of"),
        (
            "actions: {a: {type: list-data-records, config: {dataSource: {collectionKey: §b}}}}",
            "unknown data collection `b`",
        ),
        ("udm: {§task: {}}", "there is no unified model `task`; is it `tasks`?"),
        ("udm: {tasks: {defaultCollection: §a}}", "unknown data collection `a`"),
        ("udm: {tasks: {collectionMappings: [{key: §a}]}}", "unknown data collection `a`"),
        ("udm: {tasks: {collectionMappings: [§{}]}}", "missing field `key`"),
        ("udm: {tasks: {§collectionMapping: []}}", "unknown field `collectionMapping`"),
        (
            "collections: {a: {}}\nudm: {tasks: {collectionMappings: [{key: a, fieldsToCollection: {b: §{$vra: c}}}]}}",
            "unknown formula `$vra`",
        ),
        (
            "operations: {o: GET /}\nactions: {a: {operation: o, outputMapping: §1}}",
            "an action with `operation` has",
        ),
        ("version: §[1]", "expected string scalar"),
        ("categories: §{a: 1}", "expected"),
        ("§---\nkey: y", "a file is one document"),
        ("a: §&a [*a]", ""),
    ];
    check(&cases, |part| SMALL.replace("PART", part));
}

#[test]
fn variables_are_those_of_their_place() {
    let misspelt = "unknown variable `inptu`, expected one of `credentials`, `connectorParameters`, `user`, \
                    `connection`, `integration`, `parameters`, `input`; is it `input`?";
    let cases = [
        ("operations: {a: {run: {mapping: {$var: §$.inptu.title}}}}", misspelt),
        ("operations: {a: {run: {mapping: {b: [{$concat: [x, {$var: §inptu}]}]}}}}", misspelt),
        (
            "operations: {a: {run: {mapping: {$case: [{filter: [{field: §inptu.a, operator: is_empty}], value: 1}]}}}}",
            misspelt,
        ),
        ("operations: {a: {run: {mapping: {$iterate: {source: {$var: §$.inptu.a}, item: 1}}}}}", misspelt),
        (
            "operations: {a: {run: {mapping: {$iterate: {source: {$var: input}, item: {$var: §parent.inptu}}}}}}",
            misspelt,
        ),
        (
            "operations: {a: {run: {mapping: {$iterate: {source: {$var: input}, item: {$var: §input}}}}}}",
            "unknown variable `input`, expected one of `item`, `index`, `parent`",
        ),
        (
            "operations: {a: {run: {rest: {method: GET, path: /x, requestMapping: {query: {a: {$var: §$.inptu}}}}}}}",
            misspelt,
        ),
        (
            "operations: {a: {run: {rest: {method: GET, path: /x, requestMapping: {query: {a: {$var: §$.response}}}}}}}",
            "unknown variable `response`",
        ),
        (
            "operations: {a: {run: {rest: {method: GET, path: /x, responseMapping: {$var: §$.resposne.data}}}}}",
            "unknown variable `resposne`",
        ),
        (
            "operations: {a: {run: {graphql: {document: '{ a }', variables: {a: {$var: §$.inptu}}}}}}",
            misspelt,
        ),
        (
            "operations: {b: GET /, a: {run: {operation: {operationKey: b, outputMapping: {$var: §$.outptu}}}}}",
            "unknown variable `outptu`",
        ),
        (
            "collections: {a: {findById: {run: {mapping: {$var: §$.input}}}}}",
            "unknown variable `input`, expected one of `credentials`, `connectorParameters`, `user`, `connection`, `integration`, `parameters`, `id`",
        ),
        ("collections: {a: {create: {run: {mapping: {$var: §$.id}}}}}", "unknown variable `id`"),
        ("collections: {a: {list: {run: {mapping: {$var: §$.filters}}}}}", "unknown variable `filters`"),
        (
            "operations: {o: GET /}\nactions: {a: {operation: o, input: {t: {$var: §$.credentials.token}}}}",
            "unknown variable `credentials`, expected one of `user`, `connection`, `integration`, `input`, `actionInstance`",
        ),
        (
            "operations: {o: GET /}\nactions: {a: {operation: o, output: {t: {$var: §$.ouput}}}}",
            "unknown variable `ouput`",
        ),
        (
            "operations: {o: GET /}\nactions: {a: {type: connector-operation, config: {operationKey: o, input: {$var: §$.inptu}}}}",
            "unknown variable `inptu`",
        ),
    ];
    check(&cases, |part| SMALL.replace("PART", part));
    let cases = [
        (
            "auth: {type: client-credentials}\napi: {baseUri: 'https://x.example', headers: {a: {$var: §$.credential.key}}}",
            "unknown variable `credential`, expected one of `credentials`, `connectorParameters`, `user`, `connection`, `integration`; is it `credentials`?",
        ),
        (
            "auth: {type: client-credentials}\napi: {baseUri: {$var: §connectorParameter.uri}}",
            "unknown variable",
        ),
        (
            "auth: {type: client-credentials, credentials: {$var: §$.input}}\napi: {baseUri: 'https://x.example'}",
            "unknown variable `input`",
        ),
        (
            "auth: {type: client-credentials}\napi: {baseUri: 'https://x.example', responses: [{match: {$eval: {$var: §$.data.ok}, is: 1}, isSuccess: true}]}",
            "unknown variable `data`, expected `response`",
        ),
    ];
    check(&cases, |part| format!("key: x\nname: X\n{part}\n"));
    let fine = small(
        "
operations:
  a: {run: {mapping: {all: {$var: $}, $.x: 1, i: {$iterate: {source: {$var: input.rows}, item: {$iterate: {source: {$var: item}, item: [{$var: parent.parent.input.a}, {$var: index}]}}}}}}}
  b: {run: {mapping: {kept: {$formula: {$var: later}}, x: {$copy: kept}, y: {$plain: {$var: nothing}}}}}
  c: {run: {operation: {operationKey: a, inputMapping: {$var: $.user.id}, outputMapping: {a: {$var: $.output}, b: {$var: $.input}}}}}
collections:
  rows:
    fieldsSchema: {properties: {'a.b': {}, c: {additionalProperties: {}, properties: {}}}}
    record: {name: {$var: $.anything}, fields: {$var: $.other}}
    list: {run: {mapping: [{$var: filter}, {$var: filterValues}, {$var: cursor}, {$var: parameters.p}]}, filter: {c.d: e}}
    search: {run: {mapping: [{$var: query}, {$var: cursor}]}}
    match: {fields: [a.b, c.d], run: {mapping: {$var: query}}}
    create: {run: {mapping: {$var: fields}}}
    update: {run: {mapping: [{$var: id}, {$var: fields}]}}
    delete: {run: {mapping: {$var: id}}}
actions:
  a: {implements: create-tasks, operation: a, input: {$var: $.actionInstance.id}}
  l: {type: list-data-records, config: {dataSource: {collectionKey: rows}, fieldMapping: {importValue: {$var: $.title}}, cursor: {$var: $.input.cursor}}}
  j: {type: run-javascript, config: {code: x, input: {$var: $.input}}}
  m: {type: delete-data-record, config: {$mergeObjects: [{$var: $.input}]}}
",
    );
    fine.unwrap();
}

#[test]
fn every_connector_file_of_this_repository_is_read() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = ["membrane-testkit/connectors", "membrane-connectors", "examples", "fuzz/seeds/connector"];
    let (mut left, mut read) = (folders.map(|folder| root.join(folder)).to_vec(), 0);
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|kind| kind == "yml") {
                let text = std::fs::read_to_string(&path).unwrap();
                Connector::from_yaml(&text, &path.display().to_string()).unwrap();
                read += 1;
            }
        }
    }
    if read == 0 {
        println!("skipped: the repository is not here");
    }
}

#[cfg(feature = "jsonata")]
#[test]
fn expressions_are_read() {
    let text = |part: &str| {
        SMALL.replace("PART", &format!("operations: {{a: {{run: {{mapping: {{$jsonata: {part}}}}}}}}}"))
    };
    check(&[("§'(((('", "the expression is wrong"), ("§{$vra: a}", "unknown formula")], text);
    assert!(Connector::from_yaml(&text("'a.b[0]'"), "x.yml").is_ok());
}

#[test]
fn unified_models_are_read() {
    let text = "
collections: {issues: {list: GET /issues}, notes: {}}
udm:
  tasks:
    defaultCollection: notes
    collectionMappings:
      - key: issues
        parameters: {state: open}
        fieldsFromCollection: {subject: {$var: $.title}}
        fieldsToCollection: {title: {$var: $.subject}}
";
    let connector = Connector::from_yaml(&SMALL.replace("PART", text), "connector.yml").unwrap();
    let place = connector.udm.default_collection("tasks").unwrap().unwrap();
    assert_eq!(place.to_string(), "/data/notes");
    let open = crate::schema::DataLocation::parse("/data/issues?state=open").unwrap();
    let fields = connector.udm.fields("tasks", &open).unwrap().unwrap();
    assert_eq!(
        fields.native(serde_json::json!({"subject": "Bug"})).unwrap(),
        serde_json::json!({"title": "Bug"})
    );
    assert!(connector.udm.fields("tasks", &place).unwrap().is_none());
}

#[test]
fn the_api_is_checked_too() {
    let cases = [
        ("auth: {type: §api-key}", "unknown auth type `api-key`, expected `client-credentials`"),
        ("auth: {type: client-credentials, test: §'GET /{x}'}", "nothing fills the slot `{x}`"),
        ("auth: {type: client-credentials, §tset: GET /}", "unknown field `tset`"),
        (
            "auth: {type: client-credentials, connectorParametersSchema: §{properties: {pin: {isSensitive: true}}}}",
            "`connectorParametersSchema` declares the sensitive field `pin`",
        ),
        ("auth: §{type: client-credentials}\noptions: {}", "expected either `auth` or `options`, not both"),
        ("options: §{}", "expected at least one way to connect"),
    ];
    check(&cases, |part| format!("key: x\nname: X\napi: {{baseUri: 'https://a'}}\n{part}\n"));
    let lonely = "key: x\nname: X\nauth: {type: client-credentials}\napi: {baseUri: 'https://a'}\nactions:\n  send: {operation: §send}";
    assert_eq!(mistake(lonely), "unknown operation `send`, expected nothing: there are none");
    let cases = [
        ("api: §{}", "missing field `baseUri`"),
        ("api: {baseUri: §{$vra: $.a}}", "unknown formula `$vra`"),
        ("api: {baseUri: §not a url}", "`not a url` is no base address: relative URL without a base"),
        ("api:\n  baseUri: §ftp://x.example", "`ftp://x.example` is no base address: it begins with http://"),
        ("api: {baseUri: §''}", "`` is no base address"),
        (
            "api: {baseUri: 'https://a', bodyType: §xml}",
            "unknown body type `xml`, expected one of `form`, `json`",
        ),
        ("api: {baseUri: 'https://a', headers: {'a b': §c}}", "`a b` cannot be the name of an HTTP header"),
        ("api: {baseUri: 'https://a', query: {$top: 1, x: §{$vra: $.a}}}", "unknown formula `$vra`"),
        (
            "api: {baseUri: 'https://a', rateLimit: §{requests: 0, perSeconds: 1}}",
            "a rate limit lets through",
        ),
        ("api: {baseUri: 'https://a', responses: [§{match: true}]}", "expected either `isSuccess: true`"),
        (
            "api: {baseUri: 'https://a', responses: [{match: true, error: {key: §gone}}]}",
            "unknown error key `gone`, expected one of `access_denied`",
        ),
    ];
    check(&cases, |part| format!("key: x\nname: X\nauth: {{type: client-credentials}}\n{part}\n"));
    let error = Connector::from_yaml("key: x\nname: X\napi: {baseUri: 'https://a'}\n", "x.yml").unwrap_err();
    assert!(error.message().starts_with("x.yml: missing field `auth`"));
    assert_eq!(
        mistake("key: §''\nname: X\nauth: {type: client-credentials}\napi: {baseUri: 'https://a'}"),
        "a key has 1 to 100 bytes, this one has 0"
    );
}

#[test]
fn what_grows_or_nests_too_far_is_refused() {
    let mut bomb = "x0: &x0 [a, a, a, a, a, a, a, a, a]\n".to_owned();
    for n in 1..12 {
        let before = format!("*x{}, ", n - 1).repeat(9);
        bomb.push_str(&format!("x{n}: &x{n} [{before}]\n"));
    }
    let bomb = format!("parametersSchema:\n  {}", bomb.trim_end().replace('\n', "\n  "));
    assert!(small(&bomb).is_err());
    let large = format!("description: '{}'", "a".repeat(10 * 1024 * 1024));
    assert!(small(&large).unwrap_err().message().contains("the file has more than 2 MB"));
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let deep = format!("parametersSchema: {}1{}", open.repeat(5_000), close.repeat(5_000));
        assert!(small(&deep).is_err());
        let deep = format!("parametersSchema: {}1{}", open.repeat(60), close.repeat(60));
        assert!(small(&deep).is_err() || open != "[");
    }
    assert!(Connector::from_yaml("", "x.yml").unwrap_err().message().contains("the file ends"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = Connector::from_yaml(&text, "x.yml");
    }

    #[test]
    fn no_change_to_a_file_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, r"[-:{}\[\]$.&*<!|>'#, \na0]{0,4}"), 1..4),
    ) {
        let mut chars: Vec<char> = TASK_MANAGER.chars().collect();
        for (at, cut, put) in changes {
            let at = at.index(chars.len());
            let end = chars.len().min(at + cut);
            chars.splice(at..end, put.chars());
        }
        let text: String = chars.into_iter().collect();
        if let Err(error) = Connector::from_yaml(&text, "x.yml") {
            prop_assert!(error.kind() == ErrorKind::Configuration, "{}", error);
            prop_assert!(error.message().starts_with("x.yml:"));
        }
    }
}

#[test]
fn an_app_may_take_several_operators_of_a_field() {
    let text = "
key: x
name: X
auth: {type: client-credentials}
api: {baseUri: 'https://x.example'}
collections:
  a:
    list:
      run: GET /a
      filter: {state: {is: state, is_one_of: states}, 'by.id': by}
";
    let connector = crate::connector::Connector::from_yaml(text, "connector.yml").unwrap();
    let list = connector.collections["a"].list.as_ref().unwrap();
    let fields = list.filter.fields().map(|(field, taken)| (field.to_string(), taken.collect::<Vec<_>>()));
    let expected = [
        ("$.state".to_owned(), vec![(Operator::Is, "state"), (Operator::IsOneOf, "states")]),
        ("$.by.id".to_owned(), vec![(Operator::Is, "by")]),
    ];
    assert_eq!(fields.collect::<Vec<_>>(), expected);
}
