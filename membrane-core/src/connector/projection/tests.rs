//! Both ways of reading give the same.

use http::{HeaderMap, Method, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::connector::{
    ApiClient, ApiRequest, ApiResponse, AuthOption, Collection, Connector, Cx, Function, ListMethod,
    Pagination, RecordMapping, RestCall, Settings,
};
use crate::error::{ErrorKind, Result};
use crate::formula::Formula;
use crate::locator::Locator;
use crate::schema::DataSchema;

struct Nobody;

#[async_trait::async_trait]
impl ApiClient for Nobody {
    async fn send(&self, _: ApiRequest) -> Result<ApiResponse> {
        Err(crate::Error::internal("nothing is sent here"))
    }
}

fn locator(place: &str) -> Locator {
    Locator::parse(place).unwrap()
}

fn mapping(id: Option<&Value>, name: Option<&Value>, fields: Option<&Value>) -> RecordMapping {
    let formula = |source: Option<&Value>| source.map(|source| Formula::parse(source).unwrap());
    RecordMapping {
        id: formula(id),
        name: formula(name),
        created_time: formula(name),
        fields: formula(fields),
        ..RecordMapping::default()
    }
}

fn list(records: &str, next: Option<&str>) -> ListMethod {
    let mut list = ListMethod::new(Function::Rest(RestCall::new(Method::GET, "/rows").unwrap().into()));
    list.records = locator(records);
    if let Some(next) = next {
        list.pagination = Pagination::Cursor { next: locator(next), more: None, parameter: None };
    }
    list
}

/// Reads a body both ways, compares, and says what came out: records and cursor as JSON, and whether they were
/// read straight from the text.
fn read(
    mapping: &RecordMapping,
    list: &ListMethod,
    body: &[u8],
) -> (Result<Value, (ErrorKind, String)>, bool) {
    let auth = AuthOption::client_credentials(DataSchema::any());
    let connector = Connector::builder("x", "X").auth(auth).build().unwrap();
    let settings = Settings::default();
    let cx = Cx::new(&connector, &Nobody, &settings);
    let mut collection = Collection::new("rows", "Rows");
    collection.record = mapping.clone();
    let response =
        ApiResponse::new(StatusCode::OK, HeaderMap::new(), body.to_vec(), "https://x.example/rows");
    let ordinary = list.read(&cx, &collection, &Method::GET, &response, &Value::Null, Some("c"));
    let ordinary = ordinary.map(|page| serde_json::to_string(&page).unwrap());
    let ordinary = ordinary.map_err(|error| (error.kind(), error.message().to_owned()));
    let projected = list.project(&connector, &collection, &response).map(|(records, body)| {
        let next = list.pagination.next(&response, &body, records.len(), Some("c"), None);
        next.map(|next| serde_json::to_string(&(records, next)).unwrap())
            .map_err(|error| (error.kind(), error.message().to_owned()))
    });
    let is_projected = projected.is_some();
    if let Some(projected) = projected {
        assert_eq!(projected, ordinary);
    }
    (ordinary.map(|page| serde_json::from_str(&page).unwrap()), is_projected)
}

/// The fields of the records at the root, which are read straight from the text.
fn fields(formula: &Value, body: &str) -> Vec<Value> {
    let (page, is_projected) = read(&mapping(None, None, Some(formula)), &list("$", None), body.as_bytes());
    assert!(is_projected, "{formula} over {body}");
    page.unwrap()[0].as_array().unwrap().iter().map(|record| record["fields"].clone()).collect()
}

#[test]
fn absent_is_not_null() {
    let formula = json!({"a": {"$var": "$.a"}, "in": {"b": {"$var": "$.o.b"}}, "c": 1, "r": {"$record": {}}});
    let body =
        r#"[{"id":1,"a":null,"o":{"b":null}}, {"id":2,"o":null}, {"id":3,"o":"text"}, {"id":4,"o":{}}]"#;
    let all =
        [json!({"a": null, "in": {"b": null}, "c": 1}), json!({"c": 1}), json!({"c": 1}), json!({"c": 1})];
    assert_eq!(fields(&formula, body), all);
    assert_eq!(fields(&json!({"a": {"b": {"$var": "$.o.b"}}}), body)[1], Value::Null);
    assert_eq!(fields(&json!({"$var": "$.a"}), r#"[{"id":1,"a":[2]},{"id":2}]"#), [json!([2]), Value::Null]);
}

#[test]
fn an_id_that_was_not_read_exactly_is_refused() {
    let mapping = mapping(None, None, Some(&json!({"a": {"$var": "$.id"}})));
    let rows = |id: &str| read(&mapping, &list("$", None), format!("[{{\"id\":{id}}}]").as_bytes());
    let (page, is_projected) = rows("18446744073709551615");
    assert!(is_projected);
    assert_eq!(page.unwrap()[0][0]["id"], "18446744073709551615");
    let (page, is_projected) = rows("123456789012345678901234567890");
    assert!(!is_projected);
    let (kind, message) = page.unwrap_err();
    assert_eq!(kind, ErrorKind::External);
    assert!(message.contains("of `rows` whose id is a number of more than 64 bits"), "{message}");
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let mapping = mapping(None, None, Some(&json!({"a": {"$var": "$.id"}})));
    let (page, is_projected) = read(&mapping, &list("$", None), b"\xEF\xBB\xBF[{\"id\":1}]");
    assert!(is_projected);
    assert_eq!(page.unwrap()[0][0]["id"], "1");
}

#[test]
fn the_last_of_equal_names_counts() {
    let formula = json!({"a": {"$var": "$.a"}, "b": {"$var": "$.o.b"}, "c": {"$var": "$.o.c"}});
    let body = r#"[{"id":1,"a":1,"o":{"b":1,"c":1},"a":2,"o":{"c":2}}, {"id":1,"o":{"b":1},"o":3,"id":2}]"#;
    assert_eq!(fields(&formula, body), [json!({"a": 2, "c": 2}), Value::Null]);
    let formula = mapping(None, None, Some(&formula));
    let body = br#"{"rows":[{"id":1}],"next":"a","rows":[{"id":2,"a":0},{"id":3}],"next":"b"}"#;
    let (page, is_projected) = read(&formula, &list("rows", Some("next")), body);
    assert!(is_projected);
    let ids: Vec<_> = page.as_ref().unwrap()[0].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!((ids, &page.as_ref().unwrap()[1]), (vec![&json!("2"), &json!("3")], &json!("b")));
    let body = br#"{"rows":[{"id":1}],"rows":null}"#;
    assert_eq!(read(&formula, &list("rows", None), body), (Ok(json!([[], null])), true));
    let body = br#"{"in":{"rows":[{"id":1}]},"in":{"next":"b"}}"#;
    assert_eq!(read(&formula, &list("in.rows", Some("in.next")), body), (Ok(json!([[], "b"])), true));
}

#[test]
fn a_list_in_place_of_an_object_is_read_as_ever() {
    let formula = json!({"n": {"$var": "$.o.length"}, "x": {"$var": "$.o.1.x"}, "i": {"$var": "$.o.0"}});
    let body = r#"[{"id":1,"o":[0,{"x":"y"}]}, {"id":2,"o":{"length":"l","0":5}}, {"id":3,"o":[[]]}]"#;
    assert_eq!(fields(&formula, body)[..2], [json!({"n": 2, "x": "y", "i": 0}), json!({"n": "l", "i": 5})]);
    let formula = mapping(Some(&json!({"$var": "$.0"})), None, Some(&json!({"b": {"$var": "$.1.b"}})));
    let (page, is_projected) = read(&formula, &list("$", None), br#"[["k", {"b": true}], {"0": 7}]"#);
    assert!(is_projected);
    let page = page.unwrap();
    assert_eq!((&page[0][0]["id"], &page[0][0]["fields"]), (&json!("k"), &json!({"b": true})));
}

#[test]
fn what_is_needed_twice_is_there_twice() {
    let formula = json!({
        "id": {"$var": "$.id"}, "a": {"$var": "$.a"}, "again": {"$var": "$.a"}, "in": {"$var": "$.a.b"},
        "first": {"$var": "$.l[0]"}, "l": {"$var": "$.l"}, "none": {"$var": "$.l[1]"},
        "t": {"$concat": [{"$var": "$.a.b"}, "-", {"$var": "$.id"}]},
        "n": {"$iterate": {"source": {"$var": "$.l"}, "item": {"$var": "$.item.n"}}},
    });
    let body = r#"[{"skipped":{"id":[1e3]},"id":5,"a":{"b":"x"},"l":[{"n":1},0]}]"#;
    let built = json!({
        "id": 5, "a": {"b": "x"}, "again": {"b": "x"}, "in": "x", "first": {"n": 1}, "l": [{"n": 1}, 0],
        "t": "x-5", "n": [1],
    });
    assert_eq!(fields(&formula, body), [built]);
}

#[test]
fn the_ordinary_way_is_gone_where_nothing_else_does() {
    let plain = json!({"a": {"$var": "$.a"}});
    let by = |formula: &Value, list: &ListMethod, body: &str| {
        read(&mapping(None, None, Some(formula)), list, body.as_bytes())
    };
    let body = r#"[{"id":1,"a":2}]"#;
    assert!(by(&plain, &list("$", None), body).1);
    // The whole record, what cannot be told, and no mapping at all.
    for formula in [json!({"w": {"$var": "$"}}), json!({"$copy": {}}), json!({"$formula": {}})] {
        assert!(!by(&formula, &list("$", None), body).1, "{formula}");
    }
    assert!(!read(&mapping(None, None, None), &list("$", None), body.as_bytes()).1);
    // A cursor within the records, records within a list, another shape.
    let rows = r#"{"rows":[{"id":1,"a":2}]}"#;
    assert!(by(&plain, &list("rows", Some("next")), rows).1);
    assert_eq!(by(&plain, &list("rows", Some("rows[0].a")), rows).0.unwrap()[1], "2");
    assert!(!by(&plain, &list("rows", Some("rows[0].a")), rows).1);
    assert!(!by(&plain, &list("$[0].rows", None), r#"[{"rows":[{"id":1}]}]"#).1);
    assert!(!by(&plain, &list("0", None), r#"[[{"id":1}]]"#).1);
    assert_eq!(by(&plain, &list("rows", None), r#"{"rows":5}"#).0.unwrap_err().0, ErrorKind::External);
    let without_id = by(&plain, &list("rows", None), r#"{"rows":[{"a":5}]}"#).0.unwrap_err();
    assert_eq!(without_id.1, "X answered a record of `rows` without id");
    assert_eq!(by(&plain, &list("rows", None), "").0.unwrap(), json!([[], null]));
}

#[test]
fn other_answers_are_read_the_ordinary_way() {
    let auth = || AuthOption::client_credentials(DataSchema::any());
    let mut connector = Connector::builder("x", "X").auth(auth()).build().unwrap();
    let mut collection = Collection::new("rows", "Rows");
    collection.record = mapping(None, None, Some(&json!({"a": {"$var": "$.a"}})));
    let answer = |status| ApiResponse::new(status, HeaderMap::new(), r#"[{"id":1}]"#, "https://x.example");
    let mut rows = list("$", None);
    assert!(rows.project(&connector, &collection, &answer(StatusCode::OK)).is_some());
    assert!(rows.project(&connector, &collection, &answer(StatusCode::NOT_FOUND)).is_none());
    let mut call = RestCall::new(Method::GET, "/rows").unwrap();
    call.response = Some(Formula::null());
    rows.call = Function::Rest(call.into());
    assert!(rows.project(&connector, &collection, &answer(StatusCode::OK)).is_none());
    rows = list("$", None);
    connector.api.responses.push(crate::connector::ResponseHandler::success(Formula::null(), None));
    assert!(rows.project(&connector, &collection, &answer(StatusCode::OK)).is_none());
}

#[test]
fn what_is_skipped_must_be_json_all_the_same() {
    let mapping = mapping(None, None, Some(&json!({"a": {"$var": "$.a"}})));
    let deep = |levels: usize| format!(r#"[{{"id":1,"x":{}{}}}]"#, "[".repeat(levels), "]".repeat(levels));
    for (body, is_projected) in [
        (deep(125), true),
        (deep(126), false),
        (deep(100_000), false),
        (r#"[{"id":1,"x":1e999}]"#.to_owned(), false),
        (r#"[{"id":1,"x":"\ud800"}]"#.to_owned(), false),
        (r#"[{"id":1,"x":{"\ud83d\ude00":"\ud83d\ude00"}}]"#.to_owned(), true),
        (r#"[{"id":1,"x":{"$serde_json::private::RawValue":"1"}}]"#.to_owned(), false),
        (r#"[{"id":1}] x"#.to_owned(), false),
        ("\u{feff}[]".to_owned(), true),
        ("\u{feff}\u{feff}[]".to_owned(), false),
    ] {
        assert_eq!(read(&mapping, &list("$", None), body.as_bytes()).1, is_projected, "{body:.80}");
    }
    assert!(!read(&mapping, &list("$", None), b"[{\"id\":1,\"x\":\"\xff\"}]").1);
}

#[test]
fn too_much_work_is_left_to_the_ordinary_way() {
    let twice = json!({"a": {"$var": "$.a"}, "again": {"$var": "$.a"}});
    let body = format!(r#"[{{"id":1,"a":[{}0]}}]"#, "0,".repeat(2_500_000));
    let (page, is_projected) = read(&mapping(None, None, Some(&twice)), &list("$", None), body.as_bytes());
    assert_eq!((&page.unwrap()[0][0]["fields"], is_projected), (&Value::Null, false));
}

#[test]
fn a_changed_mapping_is_another() {
    let mut mapping = mapping(None, None, Some(&json!({"a": {"$var": "$.a"}})));
    let first = mapping.projection().unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &mapping.clone().projection().unwrap()));
    mapping.fields = Some(Formula::parse(&json!({"b": {"$var": "$.b"}})).unwrap());
    let (page, _) = read(&mapping, &list("$", None), br#"[{"id":1,"a":2,"b":3}]"#);
    assert_eq!(page.unwrap()[0][0]["fields"], json!({"b": 3}));
    mapping.fields = None;
    assert!(mapping.projection().is_none());
}

fn place() -> impl Strategy<Value = String> {
    let name = prop_oneof![8 => "[abc]", 1 => Just("0".to_owned()), 1 => Just("length".to_owned())];
    let step = prop_oneof![6 => name.prop_map(|name| format!(".{name}")), 1 => Just("[0]".to_owned())];
    prop_oneof![
        60 => (prop_oneof!["[abc]", Just("id".to_owned())], prop::collection::vec(step, 0..3))
            .prop_map(|(first, steps)| format!("$.{first}{}", steps.concat())),
        1 => Just("$".to_owned()),
        1 => Just("$[0]".to_owned()),
    ]
}

fn var() -> impl Strategy<Value = Value> {
    place().prop_map(|place| json!({ "$var": place }))
}

fn formula() -> impl Strategy<Value = Value> {
    let constant = prop_oneof![Just(json!("x")), Just(json!(null)), Just(json!([1, {}])), Just(json!({}))];
    let leaf = prop_oneof![6 => var(), 1 => constant, 1 => Just(json!({"$record": {}}))];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            12 => prop::collection::vec(("[pqrs]", inner.clone()), 1..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            1 => several.clone().prop_map(|items| json!({ "$concat": items })),
            1 => several.clone().prop_map(Value::Array),
            1 => several.prop_map(|items| json!({ "$firstNotEmpty": items })),
            1 => inner.clone().prop_map(|value| json!({"$eval": value, "isNotEmpty": true})),
            1 => (var(), prop_oneof![2 => Just(json!({"$var": "$.item.a"})), 1 => inner])
                .prop_map(|(source, item)| json!({"$iterate": {"source": source, "item": item}})),
        ]
    })
}

fn json_text() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        Just("null"),
        Just("true"),
        Just("0"),
        Just("-1.50e1"),
        Just("12345678901234567890123"),
        Just(r#""""#),
        Just(r#""x""#),
        Just(r#" "\u00e9\n" "#),
        Just("{}"),
        Just("[]"),
    ];
    let odd = prop_oneof![Just("1e999"), Just(r#""\ud800""#), Just("nul"), Just("01"), Just("[1,]")];
    let leaf = prop_oneof![2000 => plain.prop_map(str::to_owned), 1 => odd.prop_map(str::to_owned)];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof![
            100 => "[abc]", 10 => Just("0".to_owned()), 5 => Just("length".to_owned()), 20 => Just(r"\u0061".to_owned()),
            1 => Just("$serde_json::private::RawValue".to_owned()),
        ];
        prop_oneof![
            3 => prop::collection::vec((name, inner.clone()), 0..6).prop_map(|fields| object(&fields)),
            1 => prop::collection::vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

fn object(fields: &[(String, String)]) -> String {
    let field = |(name, value): &(String, String)| format!("\"{name}\":{value}");
    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
}

fn record_text() -> impl Strategy<Value = String> {
    let fields = prop::collection::vec(("[abc]", json_text()), 0..6);
    prop_oneof![
        50 => (fields, 0_u8..9).prop_map(|(mut fields, id): (Vec<(String, String)>, u8)| {
            fields.insert(fields.len() / 2, ("id".to_owned(), id.to_string()));
            object(&fields)
        }),
        1 => json_text(),
    ]
}

/// Where the records are said to be, and a body that mostly has them there.
fn body() -> impl Strategy<Value = (String, Vec<u8>)> {
    let rows = prop::collection::vec(record_text(), 0..4).prop_map(|rows| format!("[{}]", rows.join(",")));
    let rows = prop_oneof![20 => rows, 1 => json_text()];
    let around = prop::collection::vec(
        ("[abcn]", prop_oneof![2 => Just(r#""next""#.to_owned()), 1 => json_text(), 1 => rows.clone()]),
        0..4,
    );
    let place = prop_oneof![4 => Just("$.a"), 4 => Just("$.a.b"), 2 => Just("$"), 1 => Just("$.b.0")];
    let cut = prop_oneof![20 => Just(None), 1 => any::<(prop::sample::Index, u8)>().prop_map(Some)];
    (place, rows, around, any::<prop::sample::Index>(), cut).prop_map(|(place, rows, around, at, cut)| {
        let mut body = rows;
        for name in locator(place).steps().iter().rev() {
            let crate::locator::Step::Property(name) = name else { continue };
            let mut fields = around.clone();
            fields.insert(at.index(fields.len() + 1), (name.clone(), body));
            body = object(&fields);
        }
        let mut bytes = body.into_bytes();
        match cut {
            Some((at, 0..128)) => bytes.truncate(at.index(bytes.len())),
            Some((at, byte)) => {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            None => {}
        }
        (place.to_owned(), bytes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn both_ways_give_the_same(
        (id, name, fields) in (prop::option::weighted(0.1, var()), prop::option::of(formula()), formula()),
        (records, body) in body(),
        next in prop::option::of(prop_oneof![Just("n"), Just("a.n"), Just("a[0].id"), Just("a.b.n")]),
    ) {
        let _ = read(&mapping(id.as_ref(), name.as_ref(), Some(&fields)), &list(&records, next), &body);
    }
}
