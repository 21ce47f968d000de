//! The vault: what it seals opens for its owner only, and rotation loses nothing.
#![allow(clippy::unwrap_used)]

mod store_support;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::ElementKind::{Connection, Integration};
use membrane_core::op::CreateConnection;
use membrane_core::{Error, ErrorKind, Result, Secret};
use membrane_engine::Engine;
use membrane_engine::store::{Row, Sealed, SqliteStore, Store, Write};
use membrane_engine::vault::{KeyProvider, Owner, Part, Vault, WrapKey};
use proptest::prelude::{
    ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_assume, prop_oneof, proptest,
};
use serde_json::{Map, Value, json};

use crate::store_support::{row, scope};

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn vault(byte: u8) -> Vault {
    Vault::new(KeyProvider::from_bytes([byte; 32]))
}

fn configuration(outcome: Result<Secret<Value>>) {
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Configuration);
}

fn owners() -> impl Strategy<Value = Owner> {
    // Few letters, so that parts run into one another often.
    ("[ab]{0,3}", prop::option::of("[ab]{0,3}"), "[ab]{0,3}").prop_map(|(w, c, e)| match c {
        Some(c) => Owner::new(w, c, e),
        None => Owner::of_workspace(w, e),
    })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        proptest::strategy::Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((".*", inner), 0..6)
                .prop_map(|pairs| Value::from(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens(owner in owners(), version in any::<u64>(), value in values()) {
        let sealed = wait(vault(1).seal(&owner, Part::Credentials, version, &Secret::new(value.clone()))).unwrap();
        let opened = wait(vault(1).open(&owner, Part::Credentials, &sealed)).unwrap();
        prop_assert_eq!(opened.expose(), &value);
    }

    #[test]
    fn no_other_owner_or_version_opens(one in owners(), other in owners(), v in 0..3_u64, w in 0..3_u64) {
        prop_assume!((&one, v) != (&other, w));
        let sealed = wait(vault(1).seal(&one, Part::Credentials, v, &Secret::new(json!("x")))).unwrap();
        configuration(wait(vault(1).open(&other, Part::Credentials, &Sealed { version: w, ..sealed })));
    }

    #[test]
    fn no_other_length_opens(cut in 0..60_usize, more in prop::collection::vec(any::<u8>(), 1..40)) {
        let owner = Owner::new("w", "c", "n");
        let sealed = wait(vault(1).seal(&owner, Part::Credentials, 1, &Secret::new(json!("x")))).unwrap();
        let mut short = sealed.clone();
        short.wrapped_key.truncate(cut.min(sealed.wrapped_key.len() - 1));
        configuration(wait(vault(1).open(&owner, Part::Credentials, &short)));
        let mut short = sealed.clone();
        short.ciphertext.truncate(cut.min(sealed.ciphertext.len() - 1));
        configuration(wait(vault(1).open(&owner, Part::Credentials, &short)));
        let mut long = sealed.clone();
        long.ciphertext.extend(&more);
        configuration(wait(vault(1).open(&owner, Part::Credentials, &long)));
        let mut long = sealed;
        long.wrapped_key.extend(&more);
        configuration(wait(vault(1).open(&owner, Part::Credentials, &long)));
    }
}

#[test]
fn no_other_part_opens() {
    let owner = Owner::of_workspace("w", "i");
    let secret = Secret::new(json!({"clientSecret": "hunter2"}));
    let sealed = wait(vault(1).seal(&owner, Part::Parameters, 1, &secret)).unwrap();
    configuration(wait(vault(1).open(&owner, Part::Credentials, &sealed)));
    assert_eq!(wait(vault(1).open(&owner, Part::Parameters, &sealed)).unwrap().expose(), secret.expose());
}

#[test]
fn no_flipped_bit_opens() {
    let (vault, owner) = (vault(1), Owner::new("w", "c", "n"));
    let sealed =
        wait(vault.seal(&owner, Part::Credentials, 3, &Secret::new(json!({"t": "hunter2"})))).unwrap();
    wait(async {
        let mut flips = 0;
        for bit in 0..sealed.ciphertext.len() * 8 {
            let mut flipped = sealed.clone();
            flipped.ciphertext[bit / 8] ^= 1 << (bit % 8);
            configuration(vault.open(&owner, Part::Credentials, &flipped).await);
            flips += 1;
        }
        for bit in 0..sealed.wrapped_key.len() * 8 {
            let mut flipped = sealed.clone();
            flipped.wrapped_key[bit / 8] ^= 1 << (bit % 8);
            configuration(vault.open(&owner, Part::Credentials, &flipped).await);
            flips += 1;
        }
        for bit in 0..64 {
            let flipped = Sealed { version: sealed.version ^ (1 << bit), ..sealed.clone() };
            configuration(vault.open(&owner, Part::Credentials, &flipped).await);
        }
        assert_eq!(flips, (12 + 15 + 16 + 12 + 32 + 16) * 8);
        vault.open(&owner, Part::Credentials, &sealed).await.unwrap();
    });
}

#[test]
fn nothing_that_is_shown_holds_a_secret() {
    let key = [0xA7; 32];
    let keys = KeyProvider::from_bytes(key);
    let base64 = keys.to_base64();
    let owner = Owner::new("w", "c", "n");
    let vault = Vault::new(keys.clone());
    let sealed =
        wait(vault.seal(&owner, Part::Credentials, 1, &Secret::new(json!({"t": "hunter2"})))).unwrap();
    let wrong = wait(self::vault(2).open(&owner, Part::Credentials, &sealed)).unwrap_err();
    let tampered = Sealed { ciphertext: vec![0; 60], ..sealed.clone() };
    let tampered = wait(vault.open(&owner, Part::Credentials, &tampered)).unwrap_err();
    for shown in [
        format!("{keys:?}"),
        format!("{vault:?}"),
        format!("{sealed:?}"),
        format!("{wrong:?}"),
        format!("{tampered:?}"),
    ] {
        assert!(!shown.contains("hunter2") && !shown.contains(base64.expose()), "{shown}");
        assert!(!shown.to_lowercase().contains("a7a7") && !shown.contains("167, 167"), "{shown}");
    }
    assert!(wrong.message().contains("previous key"), "{wrong}");
    assert_eq!(wrong.context_value("elementId"), Some("n"));
}

#[test]
fn two_seals_of_one_value_have_nothing_in_common() {
    let (vault, owner) = (vault(1), Owner::new("w", "c", "n"));
    let seal = || wait(vault.seal(&owner, Part::Credentials, 1, &Secret::new(json!("x")))).unwrap();
    let (one, two) = (seal(), seal());
    assert_ne!(one.wrapped_key, two.wrapped_key);
    assert_ne!(one.ciphertext, two.ciphertext);
    // The data key of one does not open the other.
    let mixed = Sealed { wrapped_key: two.wrapped_key, ..one };
    configuration(wait(vault.open(&owner, Part::Credentials, &mixed)));
}

// ===== rotation =====

async fn seal(store: &dyn Store, vault: &Vault, id: &str, version: u64) -> Result<()> {
    let owner = Owner::new("w", "ann", id);
    let sealed = vault
        .seal(&owner, Part::Credentials, version, &Secret::new(json!({"token": id, "version": version})))
        .await?;
    let seal = Write::Seal { element: id.into(), customer: Some("ann".into()), sealed };
    store.write(&scope(), vec![seal]).await
}

async fn filled(vault: &Vault, count: usize) -> SqliteStore {
    let store = SqliteStore::memory().await.unwrap();
    for n in 0..count {
        let id = format!("{n:04}");
        store.write(&scope(), vec![Write::Insert(row(Connection, &id))]).await.unwrap();
        seal(&store, vault, &id, 1).await.unwrap();
    }
    store
}

async fn opens(store: &dyn Store, vault: &Vault, id: &str) -> Result<Value> {
    let sealed = store.sealed(&scope(), &id.into()).await?;
    let sealed = sealed.ok_or_else(|| Error::not_found("no credentials"))?;
    Ok(vault.open(&Owner::new("w", "ann", id), Part::Credentials, &sealed).await?.expose().clone())
}

#[tokio::test]
async fn after_rotation_the_old_key_is_not_needed() {
    let old = KeyProvider::from_bytes([1; 32]);
    let new = KeyProvider::from_bytes([2; 32]);
    let store = filled(&Vault::new(old.clone()), 250).await;
    let before = store.sealed(&scope(), &"0007".into()).await.unwrap().unwrap();

    let both = Vault::new(new.clone().with_previous(old.clone()));
    assert_eq!(opens(&store, &both, "0007").await.unwrap()["token"], "0007");
    assert_eq!(both.rotate(&store).await.unwrap(), 250);
    assert_eq!(both.rotate(&store).await.unwrap(), 0);

    let (only_old, only_new) = (Vault::new(old), Vault::new(new));
    for n in 0..250 {
        let id = format!("{n:04}");
        assert_eq!(opens(&store, &only_new, &id).await.unwrap()["token"], id);
        assert_eq!(opens(&store, &only_old, &id).await.unwrap_err().kind(), ErrorKind::Configuration);
    }
    let after = store.sealed(&scope(), &"0007".into()).await.unwrap().unwrap();
    assert_eq!((before.version, before.ciphertext), (after.version, after.ciphertext));
    assert_ne!(before.wrapped_key, after.wrapped_key);
}

#[tokio::test]
async fn rotation_covers_what_is_the_workspaces_own() {
    let old = KeyProvider::from_bytes([1; 32]);
    let store = filled(&Vault::new(old.clone()), 1).await;
    let scope = scope();
    let owner = Owner::of_workspace("w", "app");
    let secret = Secret::new(json!({"clientSecret": "hunter2"}));
    let sealed = Vault::new(old.clone()).seal(&owner, Part::Parameters, 1, &secret).await.unwrap();
    let app = Row { customer: None, ..row(Integration, "app") };
    let seal = Write::Seal { element: "app".into(), customer: None, sealed };
    store.write(&scope, vec![Write::Insert(app), seal]).await.unwrap();
    let both = Vault::new(KeyProvider::from_bytes([2; 32]).with_previous(old));
    assert_eq!(both.rotate(&store).await.unwrap(), 2);
    let sealed = store.sealed(&scope, &"app".into()).await.unwrap().unwrap();
    let opened = vault(2).open(&owner, Part::Parameters, &sealed).await.unwrap();
    assert_eq!(opened.expose(), secret.expose());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_and_writers_do_not_harm_each_other() {
    let old = KeyProvider::from_bytes([1; 32]);
    let both = Vault::new(KeyProvider::from_bytes([2; 32]).with_previous(old.clone()));
    let store = Arc::new(filled(&Vault::new(old.clone()), 60).await);
    // Half of the writers do not know of the new key yet, as in a rolling deployment.
    let writers = (0..60_u8).map(|n| {
        let (store, both, old) = (store.clone(), both.clone(), Vault::new(old.clone()));
        tokio::spawn(async move {
            let vault = if n % 2 == 0 { &both } else { &old };
            for version in 2..=6 {
                seal(&*store, vault, &format!("{n:04}"), version).await.unwrap();
            }
        })
    });
    let writers = writers.collect::<Vec<_>>();
    let (one, two) = tokio::join!(both.rotate(&*store), both.rotate(&*store));
    for outcome in [one, two] {
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::Concurrency, "{error:?}");
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    both.rotate(&*store).await.unwrap();
    let only_new = vault(2);
    for n in 0..60 {
        let id = format!("{n:04}");
        assert_eq!(opens(&*store, &only_new, &id).await.unwrap(), json!({"token": id, "version": 6}));
    }
}

#[tokio::test]
async fn a_missing_key_stops_its_own_records_only() {
    let lost = vault(9);
    let old = KeyProvider::from_bytes([1; 32]);
    let both = Vault::new(KeyProvider::from_bytes([2; 32]).with_previous(old.clone()));
    let store = filled(&Vault::new(old), 5).await;
    store.write(&scope(), vec![Write::Insert(row(Connection, "lost"))]).await.unwrap();
    seal(&store, &lost, "lost", 1).await.unwrap();
    let error = both.rotate(&store).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.context_value("elementId"), Some("lost"));
    assert_eq!(error.context_value("rewrapped"), Some("5"));
    assert_eq!(opens(&store, &vault(2), "0000").await.unwrap()["token"], "0000");
    assert_eq!(opens(&store, &lost, "lost").await.unwrap()["token"], "lost");
}

// ===== a key service of the host =====

/// Stands for a cloud's key service: wraps elsewhere, counts its calls, may be away.
struct KeyService {
    keys: KeyProvider,
    calls: Arc<AtomicU64>,
    is_away: bool,
}

impl KeyService {
    fn reach(&self) -> Result<()> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.is_away {
            true => Err(Error::new(ErrorKind::Unavailable, "the key service does not answer")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl WrapKey for KeyService {
    fn key_id(&self) -> &str {
        "arn:key/1"
    }

    async fn wrap(&self, data_key: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
        self.reach()?;
        self.keys.wrap(data_key, associated).await
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], associated: &[u8]) -> Result<Secret<Vec<u8>>> {
        self.reach()?;
        assert_eq!(key_id, "arn:key/1");
        self.keys.unwrap(self.keys.key_id(), wrapped, associated).await
    }
}

#[tokio::test]
async fn a_host_can_bring_a_key_service() {
    let calls = Arc::new(AtomicU64::new(0));
    let service =
        |is_away| KeyService { keys: KeyProvider::from_bytes([1; 32]), calls: calls.clone(), is_away };
    let owner = Owner::new("w", "c", "n");
    let vault = Vault::from_shared(Arc::new(service(false)));
    let sealed = vault.seal(&owner, Part::Credentials, 1, &Secret::new(json!("x"))).await.unwrap();
    assert_eq!(sealed.key_id, "arn:key/1");
    assert_eq!(vault.open(&owner, Part::Credentials, &sealed).await.unwrap().expose(), "x");
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let away = Vault::new(service(true)).open(&owner, Part::Credentials, &sealed).await.unwrap_err();
    assert_eq!(away.kind(), ErrorKind::Unavailable);
}

/// A host's own way to its keys, which counts.
struct Audited {
    keys: KeyProvider,
    asked: Arc<AtomicU64>,
}

#[async_trait]
impl WrapKey for Audited {
    fn key_id(&self) -> &str {
        self.keys.key_id()
    }

    async fn wrap(&self, data_key: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.keys.wrap(data_key, associated).await
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], associated: &[u8]) -> Result<Secret<Vec<u8>>> {
        self.keys.unwrap(key_id, wrapped, associated).await
    }
}

#[tokio::test]
async fn an_engine_seals_under_the_hosts_own_key() {
    let asked = Arc::new(AtomicU64::new(0));
    let keys = Audited { keys: KeyProvider::from_bytes([7; 32]), asked: Arc::clone(&asked) };
    let file =
        "key: demo\nname: Demo\nauth: {type: client-credentials}\napi: {baseUri: 'https://demo.example'}";
    let engine = Engine::builder()
        .store(SqliteStore::memory().await.unwrap())
        .vault(keys)
        .connector(Connector::from_yaml(file, "demo.yml").unwrap())
        .build()
        .await
        .unwrap();
    let acme = engine.customer("acme").await.unwrap();
    engine.call(&acme, CreateConnection::new("demo", json!({"token": "t"}))).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    engine.shutdown().await;
}
