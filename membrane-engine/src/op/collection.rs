use std::sync::Arc;

use async_trait::async_trait;
use membrane_core::connector::Records;
use membrane_core::op::{
    CollectionSpec, CollectionTarget, CreateRecord, DeleteRecord, Done, FindRecord, FoundRecord,
    GetCollection, ListRecords, MatchRecord, MatchedRecord, SearchRecords, UpdateRecord, WrittenRecord,
};
use membrane_core::{Error, Result};
use serde_json::Value;

use super::Execute;
use crate::connect::{Connected, connected};
use crate::run::{Collections, parameters};
use crate::{Caller, Engine};

/// Opens the collection of a call and does one thing with it; errors name the connection and hide its
/// secrets.
macro_rules! with_collection {
    ($engine:ident, $caller:ident, $target:expr, |$collection:ident| $body:expr) => {{
        let target: CollectionTarget = $target;
        let connected = connected($engine, $caller, &target.connection_id).await?;
        let given = target.parameters.map_or(Value::Null, Value::Object);
        let parameters = parameters(&connected.connector, &target.collection_key, given)?;
        let client = connected.client($engine, None);
        let cx = connected.cx(&client);
        let outcome = async {
            let $collection = Collections::open(&cx, &target.collection_key, &parameters)?;
            $body
        }
        .await;
        outcome.map_err(|error| named(error, &connected))
    }};
}

fn named(error: Error, connected: &Arc<Connected>) -> Error {
    error.with("connectionId", &connected.connection.id).masked(|text| connected.target.mask().text(text))
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
        with_collection!(engine, caller, self.target, |collection| {
            let validate = self.validate == Some(true);
            collection.list(self.filter.as_ref(), start(self.cursor.as_deref()), validate).await
        })
    }
}

#[async_trait]
impl Execute for SearchRecords {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Records> {
        with_collection!(engine, caller, self.target, |collection| {
            collection.search(&self.query, start(self.cursor.as_deref())).await
        })
    }
}

#[async_trait]
impl Execute for MatchRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<MatchedRecord> {
        with_collection!(engine, caller, self.target, |collection| {
            Ok(MatchedRecord { record: collection.find_match(&self.query).await? })
        })
    }
}

#[async_trait]
impl Execute for FindRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<FoundRecord> {
        with_collection!(engine, caller, self.target, |collection| {
            Ok(FoundRecord { record: collection.find_by_id(&self.id).await? })
        })
    }
}

#[async_trait]
impl Execute for CreateRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<WrittenRecord> {
        with_collection!(engine, caller, self.target, |collection| {
            Ok(WrittenRecord { id: collection.create(&self.fields).await? })
        })
    }
}

#[async_trait]
impl Execute for UpdateRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<WrittenRecord> {
        with_collection!(engine, caller, self.target, |collection| {
            Ok(WrittenRecord { id: collection.update(&self.id, &self.fields).await? })
        })
    }
}

#[async_trait]
impl Execute for DeleteRecord {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<Done> {
        with_collection!(engine, caller, self.target, |collection| {
            collection.delete(&self.id).await.map(|()| Done {})
        })
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
        "`unifiedFilter` is not understood here: say the same with the collection's own fields in `filter`",
    )
    .with("field", "unifiedFilter"))
}

/// The beginning has three spellings: no cursor, an empty one, and Membrane's `0`. An app whose own first
/// cursor is `0` starts there anyway.
fn start(cursor: Option<&str>) -> Option<&str> {
    cursor.filter(|cursor| !matches!(*cursor, "" | "0"))
}
