//! The command as a person at a terminal meets it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

fn membrane() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_membrane"));
    command.env_remove("MEMBRANE_WORKSPACE_SECRET").env_remove("MEMBRANE_KEY").stdin(Stdio::null());
    command
}

fn run(args: &[&str], secret: Option<&str>) -> Output {
    let mut command = membrane();
    if let Some(secret) = secret {
        command.env("MEMBRANE_WORKSPACE_SECRET", secret);
    }
    command.args(args).output().unwrap()
}

#[test]
fn serve_says_what_is_missing_and_how_to_make_it() {
    let output = run(&["serve"], None);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    for hint in ["MEMBRANE_WORKSPACE_SECRET", "MEMBRANE_KEY", "openssl rand"] {
        assert!(text.contains(hint), "{text}");
    }
}

#[test]
fn help_shows_no_secret() {
    let output = run(&["serve", "--help"], Some(SECRET));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("MEMBRANE_WORKSPACE_SECRET") && !text.contains(SECRET), "{text}");
}

#[test]
fn token_prints_a_token_or_what_is_wrong() {
    let output = run(&["token", "--customer", "acme", "--expires-in", "30m", "--json"], Some(SECRET));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["token"].as_str().unwrap().split('.').count(), 3);
    assert!(answer["expiresAt"].is_u64());
    for (args, secret) in [
        (vec!["token", "--customer", "acme"], None),
        (vec!["token", "--customer", "acme"], Some("short")),
        (vec!["token", "--customer", "acme", "--fields", "{"], Some(SECRET)),
        (vec!["token", "--customer", "acme", "--fields", "[]"], Some(SECRET)),
        (vec!["token", "--customer", " "], Some(SECRET)),
        (vec!["token"], Some(SECRET)),
    ] {
        let output = run(&args, secret);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[test]
#[cfg(unix)]
fn serve_loads_connectors_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let connector = "key: demo\nname: Demo\nauth:\n  type: client-credentials\n  inputSchema: {type: object}\n\
                     api: {baseUri: 'https://demo.example'}\noperations: {get-me: GET /me}\n";
    std::fs::write(folder.path().join("demo.yml"), connector).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a connector").unwrap();
    let mut server = membrane()
        .args(["serve", "--listen", "127.0.0.1:0", "--json"])
        .arg("--database")
        .arg(folder.path().join("membrane.db"))
        .arg("--connectors")
        .arg(folder.path())
        .env("MEMBRANE_WORKSPACE_SECRET", SECRET)
        .env("MEMBRANE_KEY", KEY)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert!(ready["connectors"].as_array().unwrap().contains(&"demo".into()), "{ready}");
    assert!(ready["url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    let id = server.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(server.wait().unwrap().success());
}

/// What `serve` says about a folder of connectors it cannot take.
fn refused(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let output = membrane()
        .args(["serve", "--listen", "127.0.0.1:0"])
        .arg("--database")
        .arg(folder.path().join("membrane.db"))
        .arg("--connectors")
        .arg(folder.path())
        .env("MEMBRANE_WORKSPACE_SECRET", SECRET)
        .env("MEMBRANE_KEY", KEY)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_broken_connector_is_named_with_line_and_what_was_expected() {
    for (name, text, expected) in [
        ("broken.yml", "key: demo\nname: [\n", "broken.yml:2:"),
        (
            "typo.yml",
            "key: demo\nnaame: Demo\n",
            "typo.yml:2:1: unknown field `naame`, expected one of `key`",
        ),
        (
            "demo/connector.yml",
            "key: demo\nname: Demo\nauth: {type: password}\napi: {baseUri: 'https://demo.example'}\n",
            "demo/connector.yml:3:14: unknown auth type `password`, expected `client-credentials`",
        ),
    ] {
        let said = refused(&[(name, text)]);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn two_connectors_with_one_key_are_named() {
    let text =
        "key: demo\nname: Demo\nauth: {type: client-credentials}\napi: {baseUri: 'https://demo.example'}\n";
    let said = refused(&[("a.yml", text), ("b.yml", text)]);
    assert!(said.contains("b.yml: `key: demo` is that of") && said.contains("a.yml already"), "{said}");
}

#[test]
fn rotate_puts_records_under_the_new_key() {
    use membrane_core::connector::Connector;
    use membrane_core::op::CreateConnection;
    use membrane_engine::Engine;
    use membrane_engine::store::SqliteStore;
    use membrane_engine::vault::KeyProvider;
    use serde_json::json;

    const NEW: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("membrane.db");
    let demo =
        "key: demo\nname: Demo\nauth: {type: client-credentials}\napi: {baseUri: 'https://demo.example'}";
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let engine = Engine::builder()
            .store(SqliteStore::open(&database).await.unwrap())
            .vault(KeyProvider::from_base64(KEY).unwrap())
            .connector(Connector::from_yaml(demo, "demo.yml").unwrap());
        let engine = engine.build().await.unwrap();
        let acme = engine.customer("acme").await.unwrap();
        engine.call(&acme, CreateConnection::new("demo", json!({"token": "t"}))).await.unwrap();
        engine.shutdown().await;
    });
    let rotate = |key: &str| {
        let mut command = membrane();
        command.args(["rotate", "--database"]).arg(&database).env("MEMBRANE_KEY", key);
        let output = command.output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!text.contains(NEW) && !text.contains(KEY), "{text}");
        (output.status.code(), text)
    };
    assert!(matches!(rotate(""), (Some(2), text) if text.contains("MEMBRANE_KEY is missing")));
    assert_eq!(rotate(NEW).0, Some(2), "the old key is still needed");
    for records in [1, 0] {
        let (code, text) = rotate(&format!("{NEW},{KEY}"));
        assert_eq!(
            (code, text),
            (Some(0), format!("{records} records put under the new key; none needs an older one\n"))
        );
    }
    assert_eq!(rotate(NEW).0, Some(0), "and no longer is");
}
