use async_trait::async_trait;
use membrane_core::connector::Records;
use membrane_core::op::{
    CollectionSpec, CollectionTarget, CreateRecord, DeleteRecord, Done, FindRecord, FoundRecord,
    GetCollection, ListRecords, MatchRecord, MatchedRecord, SearchRecords, UpdateRecord, WrittenRecord,
};
use membrane_core::schema::DataLocation;
use membrane_core::{Error, Result};
use serde_json::{Value, json};

use super::Execute;
use crate::connect::connected;
use crate::run::{Collections, Unified, logged, parameters};
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
        let filter = match self.filter {
            Some(filter) if !filter.is_null() => Some(filter),
            _ => native(engine, caller, &self.target, self.unified_filter.as_ref()).await?,
        };
        let input = json!({"filter": filter, "cursor": self.cursor});
        with_collection(engine, caller, self.target, ("list", input), async |collection| {
            let validate = self.validate == Some(true);
            collection.list(filter.as_ref(), self.cursor.as_deref(), validate).await
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
        let unified = match &self.udm {
            Some(udm) => Some(unified(engine, caller, &self.target, udm).await?),
            None => None,
        };
        let input = json!({"id": self.id});
        with_collection(engine, caller, self.target, ("find-by-id", input), async |collection| {
            let mut record = collection.find_by_id(&self.id).await?;
            if let Some(unified) = &unified {
                unified.add_to(&mut record)?;
            }
            Ok(FoundRecord { record })
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

/// A filter in terms of a unified model, in those of the collection: of the models that the connector maps onto it
/// the first counts that has all of its fields.
async fn native(
    engine: &Engine,
    caller: &Caller,
    target: &CollectionTarget,
    filter: Option<&Value>,
) -> Result<Option<Value>> {
    let says_nothing = |filter: &&Value| match filter {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    let Some(filter) = filter.filter(|filter| !says_nothing(filter)) else { return Ok(None) };
    let connected = connected(engine, caller, &target.connection_id).await?;
    let (connector, place) = (&connected.connector, place(target));
    connector.collection(&place.key.as_str().into())?;
    let mut refused = None;
    for (model, _) in connector.udm.iter() {
        let Some(fields) = connector.udm.fields(model, &place)? else { continue };
        match fields.native_filter(filter) {
            Ok(native) => return Ok(native),
            Err(error) => _ = refused.get_or_insert(error),
        }
    }
    Err(match refused {
        Some(error) => error.map_message(|why| format!("`unifiedFilter`: {why}")),
        None => Error::invalid_input(format!(
            "`unifiedFilter`: {} maps no unified model onto `{}`; say it with the collection's own fields in `filter`",
            connector.name, place.key
        ))
        .with("field", "unifiedFilter"),
    })
}

/// How a collection's records become those of a model.
async fn unified(engine: &Engine, caller: &Caller, target: &CollectionTarget, udm: &str) -> Result<Unified> {
    let connected = connected(engine, caller, &target.connection_id).await?;
    let wrong = |why: &str| Error::invalid_input(format!("`udm`: {why}")).with("field", "udm");
    let fields =
        connected.connector.udm.fields(udm, &place(target)).map_err(|error| wrong(error.message()))?;
    fields.as_ref().map(Unified::of).transpose()?.flatten().ok_or_else(|| {
        let name = &connected.connector.name;
        wrong(&format!("{name} does not say how records of `{}` become {udm}", target.collection_key))
    })
}

fn place(target: &CollectionTarget) -> DataLocation {
    DataLocation::new(target.collection_key.as_str(), target.parameters.clone().unwrap_or_default())
}
