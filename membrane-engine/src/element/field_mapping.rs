use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::{
    DataSource, DataSourceSpec, ElementKind, FieldMapping, FieldMappingSpec, Reference,
};
use membrane_core::{Error, LayerName, Result, mapping};

use super::data_source::collection;
use super::in_field;
use super::layered::{LayeredKind, connector_of, content, missing, reference, referred};
use crate::connect::Connected;
use crate::run::place_of;
use crate::{Caller, Engine};

#[async_trait]
impl LayeredKind for FieldMappingSpec {
    fn check(element: &mut FieldMapping, _connector: Option<&Connector>) -> Result<()> {
        let mapping = &element.spec.mapping;
        if let Some(schema) = &mapping.app_schema {
            schema.compile().map_err(|error| in_field("appSchema", &error))?;
        }
        let written = serde_json::to_value(mapping).map_err(|error| {
            Error::internal("a field mapping cannot be written as JSON").with_source(error)
        })?;
        mapping::FieldMapping::parse(&written).map(|_| ()).map_err(|error| {
            let field = error.context_value("field").unwrap_or("fieldMapping").to_owned();
            Error::invalid_input(error.message().to_owned()).with("field", field)
        })
    }

    fn references(&self) -> Vec<Reference> {
        source_of(self).into_iter().collect()
    }

    async fn problems(
        engine: &Engine,
        caller: &Caller,
        element: &mut FieldMapping,
        _references: &[Reference],
    ) -> Result<Vec<Error>> {
        let Some(connector) = connector_of(engine, caller, &element.place).await? else {
            return Ok(Vec::new());
        };
        let Some(source) = source(engine, caller, element).await? else { return Ok(Vec::new()) };
        if source.place.layer() == LayerName::Connection {
            element.spec.data_source_instance_id = Some(source.id.to_string());
        }
        if let Some((collection, _)) = collection(connector, &source.spec)? {
            element.spec.data_source_schema.clone_from(&collection.fields_schema);
        }
        Ok(Vec::new())
    }

    async fn adapt(engine: &Engine, caller: &Caller, element: &mut FieldMapping) -> Result<()> {
        let Some(connector) = connector_of(engine, caller, &element.place).await? else { return Ok(()) };
        let Some(source) = source(engine, caller, element).await? else { return Ok(()) };
        if let Some((collection, fields)) = collection(connector, &source.spec)? {
            let derived = element.spec.mapping.derived(fields.as_ref(), collection.fields_schema.as_ref())?;
            element.spec.mapping = derived;
        }
        Ok(())
    }
}

/// A field mapping as it maps on a connection: in terms of the collection whose records it is for, with nothing left
/// to be derived. One that is for no data source of its own stays in terms of whatever it is used with.
///
/// # Errors
/// `Dependency` when its data source is not there.
pub(crate) async fn on_connection(
    engine: &Engine,
    caller: &Caller,
    connected: &Connected,
    found: FieldMapping,
) -> Result<mapping::FieldMapping> {
    let spec = content(engine, caller, found).await?;
    let Some(reference) = source_of(&spec) else { return Ok(spec.mapping) };
    let source = referred::<DataSourceSpec>(engine, caller, &place_of(connected), &reference).await?;
    let source = source.ok_or_else(|| missing(&reference))?;
    let Some((collection, fields)) = collection(&connected.connector, &source.spec)? else {
        return Ok(spec.mapping);
    };
    let mut mapping = spec.mapping.derived(fields.as_ref(), collection.fields_schema.as_ref())?;
    mapping.default_import_value = None;
    mapping.default_export_value = None;
    mapping.unified_import_value = None;
    mapping.unified_export_value = None;
    Ok(mapping)
}

/// The data source whose records a field mapping is for, where it is.
async fn source(engine: &Engine, caller: &Caller, element: &FieldMapping) -> Result<Option<DataSource>> {
    match source_of(&element.spec) {
        Some(reference) => referred::<DataSourceSpec>(engine, caller, &element.place, &reference).await,
        None => Ok(None),
    }
}

fn source_of(spec: &FieldMappingSpec) -> Option<Reference> {
    let (id, key) = (spec.data_source_id.as_ref(), spec.data_source_key.as_ref());
    reference(ElementKind::DataSource, id, key)
}
