use async_trait::async_trait;
use membrane_core::connector::{Collection, Connector};
use membrane_core::element::{DataSource, DataSourceSpec, ElementKind, Place, Reference, references};
use membrane_core::mapping::{derived_config, is_completed_by_connector};
use membrane_core::op::CollectionSpec;
use membrane_core::schema::DataLocation;
use membrane_core::unified::{UnifiedFields, UnifiedModel};
use membrane_core::{Error, Formula, Result};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::in_field;
use super::layered::{LayeredKind, connector_of, referred};
use crate::{Caller, Engine};

#[async_trait]
impl LayeredKind for DataSourceSpec {
    fn check(element: &mut DataSource, connector: Option<&Connector>) -> Result<()> {
        let spec = &mut element.spec;
        if let Some(udm) = &spec.udm {
            UnifiedModel::find(udm).map_err(|error| in_field("udm", &error))?;
        }
        if let Some(parameters) = &spec.collection_parameters {
            Formula::parse_strict(parameters).map_err(|error| in_field("collectionParameters", &error))?;
        }
        for (field, path) in [("path", &spec.path), ("defaultPath", &spec.default_path)] {
            if let Some(path) = path.as_deref().filter(|path| !path.is_empty()) {
                DataLocation::parse(path).map_err(|error| in_field(field, &error))?;
            }
        }
        for (field, seconds) in [
            ("pullUpdatesIntervalSeconds", &spec.pull_updates_interval_seconds),
            ("fullSyncIntervalSeconds", &spec.full_sync_interval_seconds),
        ] {
            if let Some(seconds) =
                seconds.as_ref().filter(|seconds| seconds.as_f64().is_none_or(|n| n <= 0.0))
            {
                let message = format!("{seconds} is no number of seconds between two looks");
                return Err(in_field(field, &Error::invalid_input(message)));
            }
        }
        if let (Some(key), Some(connector)) = (&spec.collection_key, connector) {
            connector.collection(&key.as_str().into()).map_err(|error| in_field("collectionKey", &error))?;
        }
        Ok(())
    }

    async fn problems(
        engine: &Engine,
        caller: &Caller,
        element: &mut DataSource,
        _references: &[Reference],
    ) -> Result<Vec<Error>> {
        let Some(connector) = connector_of(engine, caller, &element.place).await? else {
            return Ok(Vec::new());
        };
        let spec = &mut element.spec;
        let default = default_location(connector, spec)?;
        spec.default_collection_key = default.as_ref().map(|location| location.key.clone());
        spec.default_collection_parameters =
            default.map(|location| location.parameters).filter(|parameters| !parameters.is_empty());
        let problem = match (location(connector, spec)?, &spec.udm) {
            (Some(location), _) => connector.collection(&location.key.as_str().into()).err(),
            (None, Some(udm)) => {
                Some(Error::configuration(format!("{} keeps no {udm}", connector.name)).with("udm", udm))
            }
            (None, None) => Some(Error::configuration("the data source names no collection")),
        };
        Ok(problem.map(|error| Error::configuration(error.message().to_owned())).into_iter().collect())
    }

    fn is_for(&self, connector: Option<&Connector>) -> bool {
        connector.is_some_and(|connector| matches!(location(connector, self), Ok(Some(_))))
    }

    async fn describe(engine: &Engine, caller: &Caller, element: &mut DataSource) -> Result<()> {
        let Some(connector) = connector_of(engine, caller, &element.place).await? else { return Ok(()) };
        if let Some((collection, _)) = collection(connector, &element.spec)? {
            let spec = serde_json::to_value(CollectionSpec::from(collection)).map_err(|error| {
                Error::internal("a collection cannot be written as JSON").with_source(error)
            })?;
            element.spec.collection_spec = Some(spec);
        }
        Ok(())
    }

    async fn adapt(engine: &Engine, caller: &Caller, element: &mut DataSource) -> Result<()> {
        let Some(connector) = connector_of(engine, caller, &element.place).await? else { return Ok(()) };
        let spec = &mut element.spec;
        if let (None, Some(default)) = (&spec.collection_key, default_location(connector, spec)?) {
            spec.default_path = Some(default.to_string());
            spec.collection_key = Some(default.key);
            let has_parameters = !default.parameters.is_empty();
            spec.collection_parameters = has_parameters.then_some(Value::Object(default.parameters));
        }
        Ok(())
    }
}

/// Gives the config of an action or of a node over records what it has for the app of a place: in terms of the
/// collection what it says in terms of a unified model.
pub(super) async fn adapt_config(
    engine: &Engine,
    caller: &Caller,
    place: &Place,
    config: &mut Option<Value>,
) -> Result<()> {
    let mut found = (None, None);
    if let Some(config) = config.as_ref().filter(|config| is_completed_by_connector(config))
        && let Some(connector) = connector_of(engine, caller, place).await?
    {
        let named = references(config).into_iter().find(|named| named.r#type == ElementKind::DataSource);
        let source = match named {
            Some(named) => {
                let source = Box::pin(referred::<DataSourceSpec>(engine, caller, place, &named)).await?;
                source.map(|source| source.spec)
            }
            None => config.get("dataSource").and_then(|inline| DataSourceSpec::deserialize(inline).ok()),
        };
        if let Some(source) = source
            && let Ok(Some(location)) = location(connector, &source)
        {
            let unified = source.udm.as_ref().map(|udm| connector.udm.fields(udm, &location)).transpose();
            found = (Some(location), unified.unwrap_or_default().flatten());
        }
    }
    // What cannot be said in terms of the collection stays as it is; its run says why.
    if let Ok(derived) = derived_config(config.as_ref(), found.0.as_ref(), found.1.as_ref()) {
        *config = Some(derived);
    }
    Ok(())
}

/// The connector's collection for the model of a data source.
fn default_location(connector: &Connector, spec: &DataSourceSpec) -> Result<Option<DataLocation>> {
    match &spec.udm {
        Some(udm) => connector.udm.default_collection(udm),
        None => Ok(None),
    }
}

/// The collection a data source leads to: the one it names, else the connector's for its model.
pub(crate) fn location(connector: &Connector, spec: &DataSourceSpec) -> Result<Option<DataLocation>> {
    let parameters = || match &spec.collection_parameters {
        Some(Value::Object(parameters)) => parameters.clone(),
        _ => Map::new(),
    };
    if let Some(key) = &spec.collection_key {
        return Ok(Some(DataLocation::new(key.as_str(), parameters())));
    }
    match spec.path.as_deref().filter(|path| !path.is_empty()) {
        Some(path) => DataLocation::parse(path).map(Some),
        None => default_location(connector, spec),
    }
}

/// What a data source leads to, and how its fields map onto the unified model.
pub(crate) fn collection<'c>(
    connector: &'c Connector,
    spec: &DataSourceSpec,
) -> Result<Option<(&'c Collection, Option<UnifiedFields>)>> {
    let Some(location) = location(connector, spec)? else { return Ok(None) };
    let Ok(collection) = connector.collection(&location.key.as_str().into()) else { return Ok(None) };
    let fields = match &spec.udm {
        Some(udm) => connector.udm.fields(udm, &location)?,
        None => None,
    };
    Ok(Some((collection, fields)))
}
