//! What the guard refuses: addresses, names by what they resolve to, hops of redirects.

#![allow(clippy::unwrap_used)]

mod http_support;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use http::Method;
use http::header::AUTHORIZATION;
use membrane_core::connector::{ApiClient, ApiRequest, ApiResponse};
use membrane_core::{Error, ErrorKind};
use membrane_engine::http::{HttpStack, Recorder, Resolver, Target};
use proptest::prelude::{prop_assert, proptest};
use serde_json::json;
use url::Url;

use crate::http_support::{Names, Server, Tunnel, answer, open_stack};

/// Hosts of addresses that are not public, in every spelling.
const PRIVATE: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "0177.0x0.0.1",
    "127.0.0.1.",
    "１２７.０.０.１",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    "0",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.1",
    "167772161",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.257",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "4294967295",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:8.8.8.8]",
    "[::127.0.0.1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::1]",
    "[100::1]",
    "[2001::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[3fff::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[ff02::1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "app.localhost",
    "localhost.localdomain",
    "metadata",
    "metadata.google.internal",
    "Metadata.Google.Internal.",
    "instance-data.ec2.internal",
    "kubernetes.default.svc.cluster.local",
    "printer.local",
    "router.home.arpa",
    "db",
];

fn guarded() -> HttpStack {
    HttpStack::builder().build().unwrap()
}

async fn send(stack: &HttpStack, base: &str) -> Result<ApiResponse, Error> {
    let target = Target::builder(Url::parse(base).unwrap()).build()?;
    stack.client(Arc::new(target), None).send(ApiRequest::get("/")).await
}

/// A stack that believes in a public host, whose requests all arrive at the server.
fn tunnelled(server: &Server) -> HttpStack {
    HttpStack::builder().transport(Arc::new(Tunnel { server: server.address })).build().unwrap()
}

#[tokio::test]
async fn private_addresses_are_refused_in_every_spelling() {
    let stack = guarded();
    assert!(PRIVATE.len() > 70);
    for host in PRIVATE {
        for base in [format!("http://{host}/"), format!("https://{host}:8443/x")] {
            let error = send(&stack, &base).await.expect_err(host);
            assert_eq!(error.kind(), ErrorKind::Blocked, "{host}: {error}");
        }
    }
}

#[tokio::test]
async fn a_listening_server_is_not_reached() {
    let server = Server::fixed(answer(200, &[], "secret")).await;
    let error = send(&guarded(), server.url("/").as_str()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Blocked);
    assert!(server.seen().is_empty());
    send(&open_stack().build().unwrap(), server.url("/").as_str()).await.unwrap();
}

#[tokio::test]
async fn names_are_judged_by_what_they_resolve_to() {
    let server = Server::fixed(answer(200, &[], "secret")).await;
    let port = server.address.port();
    let ips =
        ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1", "64:ff9b::7f00:1"];
    for ip in ips {
        let names = Names(vec![("rebind.example.com", vec![ip.parse().unwrap()])]);
        let stack = HttpStack::builder().resolver(Arc::new(names)).build().unwrap();
        let error = send(&stack, &format!("http://rebind.example.com:{port}/")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Blocked, "{ip}: {error}");
        assert!(error.message().contains("rebind.example.com"), "{error}");
    }
    assert!(server.seen().is_empty());
}

/// Answers the local server the first time, and a dead address ever after.
struct Changing(AtomicUsize);

#[async_trait]
impl Resolver for Changing {
    async fn resolve(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        Ok(vec![if n == 0 { [127, 0, 0, 1].into() } else { [127, 0, 0, 99].into() }])
    }
}

#[tokio::test]
async fn the_judged_address_is_the_one_connected_to() {
    let server = Server::fixed(answer(200, &[], "")).await;
    let resolver = Arc::new(Changing(AtomicUsize::new(0)));
    let stack = open_stack().resolver(resolver.clone()).build().unwrap();
    let base = format!("http://changing.example.com:{}/", server.address.port());
    send(&stack, &base).await.unwrap();
    assert_eq!(resolver.0.load(Ordering::SeqCst), 1);
    assert!(server.only().header("host").starts_with("changing.example.com"));
}

#[tokio::test]
async fn every_hop_is_judged() {
    for host in PRIVATE {
        let location = format!("http://{host}/latest/meta-data/");
        let server = Server::fixed(answer(302, &[("location", &location)], "")).await;
        if location.is_ascii() {
            let error = send(&tunnelled(&server), "http://api.example.com/").await.expect_err(host);
            assert_eq!(error.kind(), ErrorKind::Blocked, "{host}: {error}");
            assert_eq!(server.seen().len(), 1, "{host}");
        }
    }
}

#[tokio::test]
async fn hops_of_other_schemes_and_downgrades_are_refused() {
    for (base, location) in [
        ("https://api.example.com/", "http://api.example.com/"),
        ("https://api.example.com/", "http://other.example.com/"),
        ("http://api.example.com/", "file:///etc/passwd"),
        ("http://api.example.com/", "ftp://other.example.com/"),
        ("http://api.example.com/", "gopher://other.example.com:70/_x"),
        ("http://api.example.com/", "http://user:pass@other.example.com/"),
        ("http://api.example.com/", "http://user@api.example.com/"),
    ] {
        let server = Server::fixed(answer(307, &[("location", location)], "")).await;
        let error = send(&tunnelled(&server), base).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Blocked, "{location}: {error}");
        assert_eq!(server.seen().len(), 1);
        assert!(!error.to_string().contains("pass@"), "{error}");

        let open = HttpStack::builder().transport(Arc::new(Tunnel { server: server.address }));
        let open = open.dangerous().allow_private_networks().build().unwrap();
        assert_eq!(send(&open, base).await.unwrap_err().kind(), ErrorKind::Blocked);
    }
}

#[tokio::test]
async fn schemes_and_user_info_of_a_base_are_refused() {
    for base in ["ftp://a.example.com", "file:///etc/passwd", "http://u:p@a.example.com", "data:,x"] {
        let error = Target::builder(Url::parse(base).unwrap()).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{base}");
    }
}

fn with_credentials(server: &Server) -> Target {
    Target::builder(server.url("/v1"))
        .secret_header(AUTHORIZATION, "Bearer s3cr3t-token")
        .unwrap()
        .secret_header("x-app".parse().unwrap(), "s3cr3t-header")
        .unwrap()
        .secret_query("api_key", "s3cr3t-query")
        .build()
        .unwrap()
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let other = Server::fixed(answer(200, &[], "there")).await;
    let location = other.url("/there?api_key=s3cr3t-query&n=1");
    let server = Server::fixed(answer(302, &[("location", location.as_str())], "")).await;
    let recorder = Arc::new(Recorder::new());
    let stack = open_stack().build().unwrap();
    let client = stack.client(Arc::new(with_credentials(&server)), Some(recorder.clone()));
    let request = ApiRequest::get("/here").header("cookie", "c=s3cr3t").unwrap();
    let response = client.send(request.header("x-own", "own").unwrap()).await.unwrap();
    assert_eq!((&response.body[..], response.url.as_str()), (&b"there"[..], other.url("/there").as_str()));
    assert_eq!(server.only().header("authorization"), "Bearer s3cr3t-token");

    let seen = other.only();
    assert_eq!(seen.line, "GET /there?n=1 HTTP/1.1");
    let mut names: Vec<_> = seen.headers.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
    assert_eq!(recorder.take().exchanges().count(), 2);
}

#[tokio::test]
async fn credentials_go_along_within_the_origin() {
    let server =
        Server::script(vec![answer(301, &[("location", "/v1/there")], ""), answer(200, &[], "")]).await;
    let client = open_stack().build().unwrap().client(Arc::new(with_credentials(&server)), None);
    client.send(ApiRequest::get("/here")).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[1].line, "GET /v1/there?api_key=s3cr3t-query HTTP/1.1");
    assert_eq!(seen[1].header("authorization"), "Bearer s3cr3t-token");
    assert_eq!(seen[1].header("x-app"), "s3cr3t-header");
}

#[tokio::test]
async fn writes_are_redirected_only_where_that_is_safe() {
    let other = Server::fixed(answer(200, &[], "")).await;
    let elsewhere = other.url("/x");
    for (status, location, followed) in [
        (301, "/x", false),
        (302, "/x", false),
        (307, "/x", true),
        (308, "/x", true),
        (307, elsewhere.as_str(), false),
    ] {
        let server =
            Server::script(vec![answer(status, &[("location", location)], ""), answer(200, &[], "")]).await;
        let client = open_stack().build().unwrap().client(server.target().into(), None);
        let response = client.send(ApiRequest::post("/").json(json!({"a": 1}))).await.unwrap();
        assert_eq!(response.status.as_u16(), if followed { 200 } else { status }, "{status} {location}");
        let seen = server.seen();
        assert_eq!(seen.len(), 1 + usize::from(followed));
        assert!(seen.iter().all(|seen| seen.body == b"{\"a\":1}" && seen.line.starts_with("POST ")));
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn what_came_of_a_write_is_read_elsewhere() {
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let server =
            Server::script(vec![answer(303, &[("location", "/v1/made")], ""), answer(200, &[], "made")])
                .await;
        let client = open_stack().build().unwrap().client(Arc::new(with_credentials(&server)), None);
        let request = ApiRequest::new(method.clone(), "/").json(json!({"a": 1}));
        let response = client.send(request.header("if-match", "1").unwrap()).await.unwrap();
        assert_eq!((response.status.as_u16(), &response.body[..]), (200, &b"made"[..]), "{method}");
        let seen = &server.seen()[1];
        assert_eq!(seen.line, "GET /v1/made?api_key=s3cr3t-query HTTP/1.1");
        assert_eq!(seen.header("authorization"), "Bearer s3cr3t-token");
        assert!(seen.body.is_empty() && !seen.headers.contains_key("content-type"), "{seen:?}");
        assert!(!seen.headers.contains_key("if-match"), "{seen:?}");
    }
    let server = Server::script(vec![answer(303, &[("location", "/x")], ""), answer(200, &[], "")]).await;
    let client = open_stack().build().unwrap().client(server.target().into(), None);
    client.send(ApiRequest::new(Method::HEAD, "/")).await.unwrap();
    assert!(server.seen()[1].line.starts_with("HEAD /x "));
}

#[tokio::test]
async fn what_came_of_a_write_is_read_at_another_origin_without_credentials() {
    let other = Server::fixed(answer(200, &[], "there")).await;
    let location = other.url("/made?api_key=s3cr3t-query");
    let server = Server::fixed(answer(303, &[("location", location.as_str())], "")).await;
    let client = open_stack().build().unwrap().client(Arc::new(with_credentials(&server)), None);
    let response = client.send(ApiRequest::post("/").json(json!({"secret": "s3cr3t"}))).await.unwrap();
    assert_eq!(&response.body[..], b"there");
    let seen = other.only();
    assert_eq!(seen.line, "GET /made HTTP/1.1");
    let mut names: Vec<_> = seen.headers.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
    assert!(seen.body.is_empty());
}

#[tokio::test]
async fn a_circle_ends() {
    let server = Server::fixed(answer(302, &[("location", "/again")], "")).await;
    let error = send(&open_stack().build().unwrap(), server.url("/").as_str()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::External);
    assert_eq!(server.seen().len(), 6);
}

proptest! {
    /// Whatever a path says, the request arrives at the origin of the base, or nowhere.
    #[test]
    fn no_path_leaves_the_base(path in "([a-z./\\\\%@:?#&= \t]|\\.\\.|%2e|%2f|%5c|//|https?:|evil\\.test|\\PC){0,24}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let base = Url::parse("https://api.example.com/v2/x").unwrap();
        let seen = runtime.block_on(async {
            let recorder = Arc::new(Recorder::new());
            let target = Target::builder(base.clone()).build().unwrap();
            let stack = HttpStack::builder().transport(Arc::new(Nowhere)).build().unwrap();
            let _ = stack.client(target.into(), Some(recorder.clone())).send(ApiRequest::post(path)).await;
            recorder.take()
        });
        for exchange in seen.exchanges() {
            let url = Url::parse(&exchange.request.url).unwrap();
            prop_assert!(url.origin() == base.origin() && url.username().is_empty(), "{url}");
            prop_assert!(url.path() == "/v2/x" || url.path().starts_with("/v2/x/"), "{url}");
        }
    }
}

struct Nowhere;

#[async_trait]
impl membrane_engine::http::Transport for Nowhere {
    async fn send(
        &self,
        _: &membrane_engine::http::TransportRequest,
    ) -> Result<membrane_engine::http::TransportResponse, membrane_engine::http::TransportError> {
        Ok(membrane_engine::http::TransportResponse::new(http::StatusCode::OK, http::HeaderMap::new(), ""))
    }
}
