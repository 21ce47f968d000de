use std::sync::Arc;

use membrane_core::element::{DataSource, DataSourceSpec, Element, ElementKind, Place, Reference};
use membrane_core::op::SourceTarget;
use membrane_core::{Error, ErrorKind, Formula, Result, Selector};
use serde_json::{Map, Value, json};

use super::collection::parameters;
use super::links::{Links, place_of};
use super::plan::{below, closest_on, connection_for};
use super::record_map::RecordMap;
use crate::connect::{Connected, by_connection_id};
use crate::element::Kind;
use crate::element::layered::at_place;
use crate::{Caller, Engine};

/// A data source on a connection, ready to be used.
pub(crate) struct Source {
    pub(crate) connected: Arc<Connected>,
    /// The key of the collection it leads to.
    pub(crate) key: String,
    /// The parameters of that.
    pub(crate) parameters: Value,
    pub(crate) map: RecordMap,
}

impl Source {
    pub(crate) fn links<'a>(&'a self, engine: &'a Engine, caller: &'a Caller) -> Links<'a> {
        Links { engine, caller, connected: &self.connected }
    }
}

/// Bytes of a field mapping that is kept together with its data source; a longer one is made anew for each call.
const MAX_KEPT: usize = 4096;

/// Finds a data source on a connection, to be read and written through a field mapping.
pub(crate) async fn source(
    engine: &Engine,
    caller: &Caller,
    target: &SourceTarget,
    field_mapping: Option<&Value>,
) -> Result<Arc<Source>> {
    let mut target = target.clone();
    if target.auto_create.take() == Some(true) {
        Box::pin(own(engine, caller, &target.selector)).await?;
    }
    let cache = &engine.parts().cache;
    let text = field_mapping.map(Value::to_string).unwrap_or_default();
    let key = cache.key(caller, (target, text)).await;
    if let Some(found) = cache.sources.get(&key).await.filter(|found| found.connected.is_fresh()) {
        return Ok(found);
    }
    let made = async {
        let source = Arc::new(make(engine, caller, &key.2.0, field_mapping).await?);
        if key.2.1.len() <= MAX_KEPT {
            cache.sources.insert(key, Arc::clone(&source)).await;
        }
        Ok(source)
    };
    Box::pin(made).await
}

/// Makes the connection's own copy where it has none.
async fn own(engine: &Engine, caller: &Caller, selector: &Selector) -> Result<()> {
    let (found, connection) = closest_on::<DataSourceSpec>(engine, caller, selector).await?;
    if found.place.connection_id.is_none() {
        DataSourceSpec::own(engine, caller, &below(selector, &connection)).await?;
    }
    Ok(())
}

async fn make(
    engine: &Engine,
    caller: &Caller,
    target: &SourceTarget,
    field_mapping: Option<&Value>,
) -> Result<Source> {
    let selector = &target.selector;
    let is_named =
        [&selector.id, &selector.selector, &selector.key, &selector.parent_id, &selector.parent_key]
            .into_iter()
            .any(Option::is_some);
    let (found, connection): (DataSource, _) = match &target.udm {
        Some(udm) if !is_named => {
            let mut spec = DataSourceSpec::default();
            spec.udm = Some(udm.clone());
            let connection = connection_for(engine, caller, selector, &Place::default()).await?;
            (Element::new("", udm.as_str(), spec), connection)
        }
        _ => Box::pin(closest_on(engine, caller, selector)).await?,
    };
    let connected = by_connection_id(engine, caller, connection.id.into()).await?;
    let reference = match &found.key {
        Some(key) => Reference::key(ElementKind::DataSource, key.as_str()),
        None => Reference::key(ElementKind::DataSource, found.name.as_str()),
    };
    let found = Box::pin(at_place(engine, caller, found, &place_of(&connected))).await?;
    let config = json!({"fieldMapping": inline(field_mapping)?});
    let named = Some((found.spec, reference));
    let map = Box::pin(RecordMap::new(engine, caller, &connected, &config, named)).await;
    let map = map.map_err(|error| match error.kind() {
        // What is wrong with it came with the request.
        ErrorKind::Configuration if field_mapping.is_some() => {
            Error::invalid_input(error.message().to_owned()).with("field", "fieldMapping")
        }
        _ => error,
    })?;
    let place = &map.config()["dataSource"];
    let key = place["collectionKey"].as_str().unwrap_or_default().to_owned();
    let given =
        Formula::parse(&place["collectionParameters"])?.try_build(&connected.settings.action_vars())?;
    let parameters = parameters(&connected.connector, &key, given.unwrap_or_default())?;
    Ok(Source { key, parameters, map, connected })
}

/// The field mapping of a request as the config of an action would have it: whatever is written goes through it.
fn inline(field_mapping: Option<&Value>) -> Result<Value> {
    let wrong = |why: String| Error::invalid_input(why).with("field", "fieldMapping");
    let mut inline = match field_mapping {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(inline)) => inline.clone(),
        Some(_) => return Err(wrong("`fieldMapping` is an object".to_owned())),
    };
    if let Some(name) =
        ["input", "defaultValue", "defaultUnifiedValue"].into_iter().find(|name| inline.contains_key(*name))
    {
        return Err(wrong(format!("`fieldMapping.{name}` is for actions: say the fields in `fields`")));
    }
    inline.insert("input".to_owned(), json!({}));
    Ok(Value::Object(inline))
}
