use async_trait::async_trait;
use membrane_core::connector::Records;
use membrane_core::op::{
    CollectionSpec, CollectionTarget, CreateRecord, DeleteRecord, Done, FindRecord, FoundRecord,
    GetCollection, ListRecords, MatchRecord, MatchedRecord, SearchRecords, UpdateRecord, WrittenRecord,
};
use membrane_core::{Error, Result};
use serde_json::{Value, json};

use super::Execute;
use crate::connect::connected;
use crate::run::{Collections, logged, parameters};
use crate::store::RunKind;
use crate::{Caller, Engine};

/// Opens the collection of a call and does one thing with it, which is logged. Errors name the connection
/// and hide its secrets.
async fn with_collection<T>(
    engine: &Engine,
    caller: &Caller,
    target: CollectionTarget,
    (method, input): (&'static str, Value),
    work: impl AsyncFnOnce(&Collections<'_>) -> Result<T>,
) -> Result<T> {
    let connected = connected(engine, caller, &target.connection_id).await?;
    let key = target.collection_key;
    let given = target.parameters.map_or(Value::Null, Value::Object);
    let parameters = parameters(&connected.connector, &key, given)?;
    let what = (RunKind::Collection, format!("{key}/{method}"));
    logged(engine, &connected, what, &input, async |client| {
        let cx = connected.cx(client);
        work(&Collections::open(&cx, &key, &parameters)?).await
    })
    .await
}

#[async_trait]
impl Execute for GetCollection {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<CollectionSpec> {
        let connected = connected(engine, caller, &self.target.connection_id).await?;
        connected.connector.collection(&self.target.collection_key.into()).map(Into::into)
    }
}

#[async_trait]
impl Execute for ListRecords {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Records> {
        refuse_unified(self.unified_filter.as_ref())?;
        let input = json!({"filter": self.filter, "cursor": self.cursor});
        with_collection(engine, caller, self.target, ("list", input), async |collection| {
            let validate = self.validate == Some(true);
            collection.list(self.filter.as_ref(), self.cursor.as_deref(), validate).await
        })
        .await
    }
}

#[async_trait]
impl Execute for SearchRecords {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Records> {
        let input = json!({"query": self.query, "cursor": self.cursor});
        with_collection(engine, caller, self.target, ("search", input), async |collection| {
            collection.search(&self.query, self.cursor.as_deref()).await
        })
        .await
    }
}

#[async_trait]
impl Execute for MatchRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<MatchedRecord> {
        let input = json!({"query": self.query});
        with_collection(engine, caller, self.target, ("match", input), async |collection| {
            Ok(MatchedRecord { record: collection.find_match(&self.query).await? })
        })
        .await
    }
}

#[async_trait]
impl Execute for FindRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<FoundRecord> {
        let input = json!({"id": self.id});
        with_collection(engine, caller, self.target, ("find-by-id", input), async |collection| {
            Ok(FoundRecord { record: collection.find_by_id(&self.id).await? })
        })
        .await
    }
}

#[async_trait]
impl Execute for CreateRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<WrittenRecord> {
        let input = json!({"fields": self.fields});
        with_collection(engine, caller, self.target, ("create", input), async |collection| {
            Ok(WrittenRecord { id: collection.create(&self.fields).await? })
        })
        .await
    }
}

#[async_trait]
impl Execute for UpdateRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<WrittenRecord> {
        let input = json!({"id": self.id, "fields": self.fields});
        with_collection(engine, caller, self.target, ("update", input), async |collection| {
            Ok(WrittenRecord { id: collection.update(&self.id, &self.fields).await? })
        })
        .await
    }
}

#[async_trait]
impl Execute for DeleteRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Done> {
        let input = json!({"id": self.id});
        with_collection(engine, caller, self.target, ("delete", input), async |collection| {
            collection.delete(&self.id).await.map(|()| Done {})
        })
        .await
    }
}

/// There are no unified models to translate such conditions by; without them more records would come.
fn refuse_unified(filter: Option<&Value>) -> Result<()> {
    let is_empty = match filter {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    if is_empty {
        return Ok(());
    }
    Err(Error::invalid_input(
        "`unifiedFilter` is not understood here: list a data source, or say the same with the collection's own fields in `filter`",
    )
    .with("field", "unifiedFilter"))
}
