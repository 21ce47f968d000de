//! `membrane workspace` as a person at a terminal meets it.
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use membrane_core::element::{Integration, IntegrationSpec, State};
use membrane_core::op::{List, ListQuery};
use membrane_core::workspace::{Entries, WorkspaceFiles, diff};
use membrane_engine::Engine;
use membrane_engine::store::SqliteStore;
use membrane_engine::vault::KeyProvider;
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

const FLOW: &str = "key: sync\nnodes:\n  start:\n    type: data-record-created-trigger\n    config:\n      dataSource:\n        key: people\n    name: Start\nname: Sync\n";
const CHILD: &str = "key: sync\nname: Sync\nparentKey: sync\nisCustomized: false\nnodes:\n  start:\n    type: data-record-created-trigger\n    name: Start\n    config:\n      dataSource:\n        key: people\n      fieldMapping: {}\n";
const FILES: &[(&str, &str)] = &[
    ("membrane/data-sources/people/spec.yaml", "key: people\nname: People\nudm: contacts\ncolour: red\n"),
    ("membrane/flows/sync/spec.yaml", FLOW),
    ("membrane/integrations/elsewhere/spec.yaml", "key: elsewhere\nname: Elsewhere\nconnectorId: 64f1\n"),
    ("membrane/integrations/elsewhere/flows/sync/spec.yaml", CHILD),
];

fn membrane() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_membrane"));
    for name in ["MEMBRANE_WORKSPACE_SECRET", "MEMBRANE_KEY", "MEMBRANE_API_URI", "MEMBRANE_ACCESS_TOKEN"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// A database and folders beside it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.0.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A folder with the small workspace.
    fn workspace(&self) -> PathBuf {
        let folder = self.folder("workspace");
        FILES.iter().for_each(|(path, text)| write(&folder, path, text));
        folder
    }

    fn run(&self, verb: &str, folder: &Path, more: &[&str]) -> Ran {
        let mut command = membrane();
        command.args(["workspace", verb]).arg(folder).args(more).env("MEMBRANE_KEY", KEY);
        if !more.contains(&"--server") {
            command.arg("--database").arg(self.database());
        }
        Ran::of(command.output().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("membrane.db")
    }

    /// Makes the database, as the first push does.
    fn begin(&self) {
        let folder = self.folder("begin");
        fs::create_dir(folder.join("membrane")).unwrap();
        self.run("push", &folder, &[]).clean();
    }
}

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The output of a command that took everything.
    fn clean(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.err))
    }
}

fn write(folder: &Path, path: &str, text: impl AsRef<[u8]>) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn read(folder: &Path, path: &str) -> String {
    fs::read_to_string(folder.join(path)).unwrap()
}

/// Every file of a folder.
fn all(root: &Path) -> WorkspaceFiles {
    let (mut files, mut open) = (WorkspaceFiles::new(), vec![root.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                    files.insert(name, fs::read_to_string(&path).unwrap()).unwrap();
                }
            }
        }
    }
    files
}

fn entries(folder: &Path) -> Entries {
    all(folder).read().unwrap().entries
}

#[test]
fn pushes_compares_and_pulls() {
    let place = Place::new();
    let folder = place.workspace();
    // Looking at what is not there makes nothing.
    for (verb, more) in [("push", &["--dry-run"][..]), ("diff", &[]), ("pull", &[])] {
        let ran = place.run(verb, &folder, more);
        assert!(ran.code == 2 && ran.err.contains("there is no database"), "{verb}: {}", ran.err);
        assert!(!place.database().exists(), "{verb}");
    }
    place.begin();
    let planned = place.run("push", &folder, &["--dry-run"]).clean();
    assert!(planned.starts_with("Would push: 4 created, 0 changed, 0 unchanged, 0 not taken;"), "{planned}");
    let pushed = place.run("push", &folder, &[]);
    assert!(pushed.err.contains("note: membrane/data-sources/people/spec.yaml: unknown, and kept: colour"));
    assert!(pushed.clean().starts_with("Pushed: 4 created, 0 changed, 0 unchanged, 0 not taken;"));
    assert!(
        place.run("push", &folder, &[]).clean().starts_with("Pushed: 0 created, 0 changed, 4 unchanged,")
    );
    assert_eq!(place.run("diff", &folder, &[]).clean(), "");

    // The parent changes in the folder, and its child follows.
    write(&folder, "membrane/flows/sync/spec.yaml", FLOW.replace("Start", "Begin"));
    let patch = place.run("diff", &folder, &[]).clean();
    assert_eq!(
        patch,
        "--- a/membrane/flows/sync/spec.yaml\n+++ b/membrane/flows/sync/spec.yaml\n\
         @@ nodes.start.name @@\n-Start\n+Begin\n"
    );
    let pushed = place.run("push", &folder, &["--json"]);
    assert_eq!(pushed.json()["changed"], json!([{"type": "flow", "key": "sync"}]));
    let child = "membrane/integrations/elsewhere/flows/sync/spec.yaml";
    let planned = place.run("pull", &folder, &["--dry-run", "--json"]).json();
    assert_eq!(planned["changed"], json!([child]), "{planned}");
    assert_eq!(read(&folder, child), CHILD);
    let pulled = place.run("pull", &folder, &[]).clean();
    assert!(pulled.contains(" 1 changed, 3 unchanged; 0 are of elements"), "{pulled}");
    let text = read(&folder, child);
    assert!(
        text.starts_with("key: sync\nname: Sync\nparentKey: sync\nisCustomized: false\nnodes:\n"),
        "{text}"
    );
    assert!(text.contains("name: Begin"), "{text}");
    // A file that says what the workspace says stays as it is, to the letter.
    assert_eq!(read(&folder, "membrane/flows/sync/spec.yaml"), FLOW.replace("Start", "Begin"));
    let again = place.run("pull", &folder, &["--json"]).json();
    assert_eq!((&again["created"], &again["changed"]), (&json!([]), &json!([])));

    // An empty folder gets everything, and that is nothing new where it came from.
    let copy = place.folder("copy");
    place.run("pull", &copy, &[]).clean();
    assert!(diff(&entries(&copy), &entries(&folder)).is_empty());
    assert_eq!(place.run("diff", &copy, &[]).clean(), "");
    write(&copy, "membrane/flows/mine.yaml", "key: mine\n");
    let pulled = place.run("pull", &copy, &["--json"]).json();
    assert_eq!(pulled["onlyHere"], json!(["membrane/flows/mine.yaml"]));
    assert_eq!(read(&copy, "membrane/flows/mine.yaml"), "key: mine\n");
}

#[test]
fn a_file_that_cannot_be_taken_is_named_and_the_others_are_taken() {
    let place = Place::new();
    let folder = place.workspace();
    write(&folder, "membrane/actions/broken/spec.yaml", "key: broken\nconfig: {a: [1\n");
    write(&folder, "membrane/actions/bytes/spec.yaml", b"key: bytes\nname: \xff\n");
    write(&folder, "membrane/actions/model/spec.yaml", "key: model\nname: Model\ninputSchema: 7\n");
    write(&folder, "membrane/integrations/gone/flows/x/spec.yaml", "key: x\n");
    write(&folder, "membrane/actions/large/spec.yaml", vec![b'#'; 10 << 20]);
    fs::create_dir_all(folder.join("membrane/actions/folder/spec.yaml")).unwrap();
    write(&folder, "membrane/notes.md", b"\xff no element");
    let ran = place.run("push", &folder, &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("Pushed: 4 created, 0 changed, 0 unchanged, 6 not taken;"), "{}", ran.out);
    for said in [
        "error: membrane/actions/broken/spec.yaml:2:13: `config`: ",
        "error: membrane/actions/bytes/spec.yaml:2:1: is not UTF-8",
        "error: membrane/actions/folder/spec.yaml: is a folder, and a file is expected",
        "error: membrane/actions/large/spec.yaml: has 10485760 bytes",
        "error: membrane/actions/model/spec.yaml:3:",
        "error: membrane/integrations/gone/flows/x/spec.yaml: `integrationKey`: there is no integration `gone`",
    ] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
    let ran = place.run("diff", &folder, &["--json"]);
    assert_eq!((ran.code, ran.json()["diff"].clone()), (1, json!([])));
    assert_eq!(ran.json()["report"]["problems"].as_array().unwrap().len(), 6);
    assert_eq!(place.run("pull", &folder, &[]).code, 1);

    // A pull leaves them alone, although the workspace has elements of these keys.
    let other = place.folder("other");
    for name in ["broken", "bytes", "large", "model"] {
        write(&other, &format!("membrane/actions/{name}.yaml"), format!("key: {name}\nname: {name}\n"));
    }
    place.run("push", &other, &[]).clean();
    write(&folder, "membrane/actions/large.yaml", b"\xff beside the other spelling");
    for more in [&["--dry-run", "--json"][..], &["--json"]] {
        let ran = place.run("pull", &folder, more);
        assert_eq!((ran.code, &ran.json()["created"]), (1, &json!([])), "{}", ran.out);
        let problems = ran.json()["report"]["problems"].to_string();
        for name in ["broken", "bytes", "large", "model"] {
            assert!(problems.contains(&format!("membrane/actions/{name}/spec.yaml")), "{problems}");
        }
    }
    assert_eq!(read(&folder, "membrane/actions/broken/spec.yaml"), "key: broken\nconfig: {a: [1\n");
    assert_eq!(
        fs::read(folder.join("membrane/actions/bytes/spec.yaml")).unwrap(),
        b"key: bytes\nname: \xff\n"
    );
    assert!(read(&folder, "membrane/actions/model/spec.yaml").contains("inputSchema: 7"));
}

/// Integrations as they are stored: key, revision and state.
fn integrations(place: &Place) -> Vec<(String, String, State)> {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = SqliteStore::open(place.database()).await.unwrap();
        let builder = Engine::builder().store(store).vault(KeyProvider::from_base64(KEY).unwrap());
        let engine = builder.without_sync().build().await.unwrap();
        let list = List::<IntegrationSpec>::from(ListQuery::default());
        let found = engine.call(&engine.manager(), list).await.unwrap().items;
        engine.shutdown().await;
        let of = |one: Integration| (one.key.unwrap().to_string(), one.revision, one.state);
        found.into_iter().map(of).collect()
    })
}

/// The connectors a workspace is served with need not be there to look at it.
#[test]
fn looking_changes_nothing() {
    let place = Place::new();
    let folder = place.workspace();
    let connectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../membrane-testkit/connectors");
    place.run("push", &folder, &["--connectors", connectors]).clean();
    let before = integrations(&place);
    assert!(before.iter().any(|(key, _, state)| key == "taskly" && *state == State::Ready), "{before:?}");
    let copy = place.folder("copy");
    place.run("diff", &folder, &[]).clean();
    place.run("push", &folder, &["--dry-run"]).clean();
    place.run("pull", &copy, &[]).clean();
    assert_eq!(integrations(&place), before);
}

#[test]
fn a_database_that_is_named_counts_more_than_the_environment() {
    let place = Place::new();
    place.begin();
    let folder = place.workspace();
    let ran = |server: &str, more: &[&str]| {
        let mut command = membrane();
        command.args(["workspace", "diff"]).arg(&folder).args(more).current_dir(place.0.path());
        command.env("MEMBRANE_KEY", KEY).env("MEMBRANE_API_URI", server).env("MEMBRANE_ACCESS_TOKEN", "t");
        Ran::of(command.output().unwrap())
    };
    let nobody = "http://127.0.0.1:9";
    assert!(ran(nobody, &["--database", "membrane.db"]).clean().contains("+++ b/membrane/flows/sync"));
    // `membrane.db` is the default.
    assert!(ran(" ", &[]).clean().contains("+++ b/membrane/flows/sync"));
    assert!(ran(nobody, &[]).err.contains("the server cannot be reached"));
    let both = ran("", &["--database", "membrane.db", "--server", nobody]);
    assert!(both.code == 2 && both.err.contains("cannot be used with"), "{}", both.err);
}

/// What is written in another script, what file systems refuse, and what they take for one.
#[test]
fn every_key_finds_its_file() {
    let place = Place::new();
    let folder = place.folder("workspace");
    let keys = ["任".repeat(33), "con".to_owned(), "a:b".to_owned(), ":".repeat(100)];
    for (n, key) in keys.iter().enumerate() {
        write(&folder, &format!("membrane/flows/{n}.yaml"), format!("key: \"{key}\"\n"));
    }
    place.run("push", &folder, &[]).clean();
    let copy = place.folder("copy");
    for more in [&["--dry-run", "--json"][..], &["--json"]] {
        let ran = place.run("pull", &copy, more);
        assert_eq!(ran.code, 1);
        let problems = ran.json()["report"]["problems"].clone();
        assert_eq!(problems.as_array().unwrap().len(), 1, "{problems}");
        assert!(problems[0]["message"].as_str().unwrap().contains("too long"), "{problems}");
    }
    for name in ["任".repeat(33).as_str(), "%63on", "a%3Ab"] {
        assert!(copy.join("membrane/flows").join(name).join("spec.yaml").is_file(), "{name}");
    }
    assert_eq!(place.run("diff", &copy, &[]).clean(), "");
}

#[test]
fn says_what_is_missing() {
    let place = Place::new();
    let folder = place.folder("empty");
    let ran = place.run("push", &folder, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there is no folder `membrane`"), "{}", ran.err);
    let mut without = membrane();
    without.args(["workspace", "pull"]).arg(&folder).current_dir(&folder);
    let ran = Ran::of(without.output().unwrap());
    assert!(ran.code == 2 && ran.err.contains("MEMBRANE_KEY"), "{}", ran.err);
    let ran = place.run("pull", &folder, &["--server", "http://127.0.0.1:9"]);
    assert!(ran.code == 2 && ran.err.contains("MEMBRANE_ACCESS_TOKEN"), "{}", ran.err);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

struct Serving {
    process: Child,
    url: String,
}

impl Serving {
    fn start(place: &Place) -> Self {
        let mut process = membrane()
            .args(["serve", "--listen", "127.0.0.1:0", "--json"])
            .arg("--database")
            .arg(place.0.path().join("server.db"))
            .env("MEMBRANE_WORKSPACE_SECRET", SECRET)
            .env("MEMBRANE_KEY", KEY)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { process, url: ready["url"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn token(who: &[&str]) -> String {
    let mut command = membrane();
    command.arg("token").args(who).env("MEMBRANE_WORKSPACE_SECRET", SECRET);
    Ran::of(command.output().unwrap()).clean().trim().to_owned()
}

#[test]
fn a_server_is_pushed_to_and_pulled_from() {
    let place = Place::new();
    let (folder, copy) = (place.workspace(), place.folder("copy"));
    let server = Serving::start(&place);
    let admin = token(&["--admin"]);
    let to = ["--server", &server.url, "--token", &admin];
    assert!(place.run("push", &folder, &to).clean().starts_with("Pushed: 4 created"));
    assert_eq!(place.run("diff", &folder, &to).clean(), "");
    place.run("pull", &copy, &to).clean();
    let (ours, theirs) = (entries(&folder), entries(&copy));
    for entry in ours.iter() {
        for (name, value) in entry.fields() {
            assert_eq!(theirs.get(entry.key()).unwrap().fields().get(name), Some(value), "{}", entry.key());
        }
    }
    let customer = token(&["--customer", "acme"]);
    for verb in ["push", "pull", "diff"] {
        let ran = place.run(verb, &folder, &["--server", &server.url, "--token", &customer]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    }
}

/// Answers every request with this body, as a server that means harm could.
fn hostile(answer: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let body = answer.to_string();
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
            let _ = write!(stream, "{head} {}\r\n\r\n{body}", body.len());
        }
    });
    url
}

#[test]
fn a_hostile_server_writes_nothing_beside_the_elements() {
    let report = json!({"problems": [], "notices": [], "unknown": [], "readOnly": []});
    for path in ["../evil.yaml", "membrane/../../evil.yaml", "/tmp/evil.yaml", "membrane\\..\\evil.yaml"] {
        let place = Place::new();
        let folder = place.folder("workspace");
        let url = hostile(json!({"files": {path: "key: evil\n"}, "report": report}));
        let ran = place.run("pull", &folder, &["--server", &url, "--token", "t"]);
        assert_ne!(ran.code, 0, "{path}");
        assert_eq!(all(place.0.path()).len(), 0, "{path}");
    }
    let place = Place::new();
    let folder = place.folder("workspace");
    let files = json!({
        ".git/hooks/pre-commit": "#!/bin/sh\n",
        "membrane/.env": "A=1\n",
        "membrane/actions/one/spec.yaml": "key: ../../../../evil\nname: a\n",
        "membrane/actions/two/spec.yaml": "key: ..\nname: a\n",
        "membrane/connectors/c/c.yml": "key: c\nname: C\nuuid: ../../../evil\n",
        "membrane/flows/good/spec.yaml": "key: good\nname: \"\\e[2J\"\n",
    });
    let url = hostile(json!({"files": files, "report": report}));
    place.run("pull", &folder, &["--server", &url, "--token", "t"]);
    let written: Vec<String> = all(place.0.path()).iter().map(|(path, _)| path.to_owned()).collect();
    assert!(written.contains(&"workspace/membrane/flows/good/spec.yaml".to_owned()), "{written:?}");
    for path in &written {
        let is_element = ["actions", "connectors", "flows"]
            .iter()
            .any(|kind| path.starts_with(&format!("workspace/membrane/{kind}/")));
        assert!(is_element, "{path}");
    }
}

#[test]
fn an_error_is_one_document_too() {
    let place = Place::new();
    let folder = place.workspace();
    let url = hostile(json!(["no", "answer", "of", "ours"]));
    let ran = place.run("diff", &folder, &["--json", "--server", &url, "--token", "t"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let message = ran.json()["error"]["message"].clone();
    assert!(message.as_str().unwrap().contains("something else than agreed"), "{message}");
    assert!(ran.err.contains("something else than agreed"));
    let ran = place.run("diff", &folder, &["--json"]);
    assert_eq!((ran.code, ran.json()["error"]["type"].is_string()), (2, true));
    assert!(ran.json()["error"]["message"].as_str().unwrap().contains("there is no database"));
}

/// An answer that breaks off says nothing of what was done.
#[test]
fn a_push_without_an_answer_may_have_been_taken() {
    let place = Place::new();
    let folder = place.workspace();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 65536]);
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{{\"dryRun\"");
        }
    });
    let ran = place.run("push", &folder, &["--server", &url, "--token", "t"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("may be done all the same; `membrane workspace diff` tells"), "{}", ran.err);
    let ran = place.run("diff", &folder, &["--server", &url, "--token", "t"]);
    assert!(ran.code == 2 && !ran.err.contains("tells whether"), "{}", ran.err);
}

#[test]
#[cfg(unix)]
fn a_link_leads_nothing_out_of_the_folder() {
    let place = Place::new();
    let (folder, outside) = (place.workspace(), place.folder("outside"));
    place.run("push", &folder, &[]).clean();
    let copy = place.folder("copy");
    fs::create_dir(copy.join("membrane")).unwrap();
    std::os::unix::fs::symlink(&outside, copy.join("membrane/flows")).unwrap();
    let ran = place.run("pull", &copy, &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("membrane/flows: is a link"), "{}", ran.err);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(copy.join("membrane/data-sources/people/spec.yaml").is_file());
}

#[test]
fn the_real_workspace() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../../shared", "../../../shared"];
    let found = places.map(|place| here.join(place).join("workspaces/bidirectional-sync"));
    let Some(folder) = found.into_iter().find(|folder| folder.exists()) else {
        println!("skipped: no workspace beside the checkout");
        return;
    };
    let place = Place::new();
    let begin = Instant::now();
    let pushed = place.run("push", &folder, &["--json"]);
    println!("{} files pushed in {:?}", entries(&folder).len(), begin.elapsed());
    assert_eq!((pushed.code, pushed.json()["report"]["problems"].clone()), (0, json!([])));
    let of = |name: &str| pushed.json()[name].clone();
    let (created, changed, brought) = (of("created"), of("changed"), of("brought"));
    let count = |list: &Value| list.as_array().map_or(0, Vec::len);
    // The apps that come along have their integrations already.
    assert_eq!(count(&created) + count(&changed) - count(&brought), 494);
    assert!(changed.as_array().unwrap().iter().all(|element| element["type"] == "integration"), "{changed}");
    let again = place.run("push", &folder, &["--json"]).json();
    assert_eq!(
        (&again["created"], &again["changed"], &again["unchanged"]),
        (&json!([]), &json!([]), &json!(494))
    );
    assert_eq!(place.run("diff", &folder, &[]).clean(), "");

    let copy = place.folder("copy");
    place.run("pull", &copy, &[]).clean();
    let (ours, theirs) = (entries(&folder), entries(&copy));
    for entry in ours.iter() {
        // An integration that was there keeps its uuid.
        for (name, value) in entry.fields().iter().filter(|(name, _)| *name != "uuid") {
            assert_eq!(theirs.get(entry.key()).unwrap().fields().get(name), Some(value), "{}", entry.key());
        }
    }
    assert_eq!(place.run("diff", &copy, &[]).clean(), "");
}
