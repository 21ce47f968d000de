use async_trait::async_trait;
use membrane_core::connector::Connector;
use membrane_core::element::{Action, ActionKind, ActionSpec, Reference, references};
use membrane_core::{Error, Formula, Result};
use serde_json::Value;

use super::data_source::adapt_config;
use super::in_field;
use super::layered::LayeredKind;
use crate::store::Write;
use crate::{Caller, Engine, sync};

#[async_trait]
impl LayeredKind for ActionSpec {
    fn check(element: &mut Action, connector: Option<&Connector>) -> Result<()> {
        let spec = &element.spec;
        for (field, schema) in
            [("inputSchema", &spec.input_schema), ("customOutputSchema", &spec.custom_output_schema)]
        {
            if let Some(schema) = schema {
                schema.compile().map_err(|error| in_field(field, &error))?;
            }
        }
        for (field, formula) in [("config", &spec.config), ("outputMapping", &spec.output_mapping)] {
            if let Some(formula) = formula {
                Formula::parse_strict(formula).map_err(|error| in_field(field, &error))?;
            }
        }
        if element.spec.custom_output_schema.is_some() {
            element.spec.output_schema.clone_from(&element.spec.custom_output_schema);
        }
        let (spec, config) = (&element.spec, element.spec.config.as_ref());
        match connector {
            Some(connector) => {
                check_parts(connector, spec.r#type == Some(ActionKind::ConnectorOperation), config)
            }
            None => Ok(()),
        }
    }

    fn is_for(&self, _connector: Option<&Connector>) -> bool {
        // One without a type only states the use case; apps that can do it have an action of their own.
        self.r#type.is_some()
    }

    async fn adapt(engine: &Engine, caller: &Caller, element: &mut Action) -> Result<()> {
        let is_over_records =
            |kind: ActionKind| kind.is_over_records() || kind == ActionKind::FindOrCreateDataRecord;
        if element.spec.r#type.is_some_and(is_over_records) {
            adapt_config(engine, caller, &element.place, &mut element.spec.config).await?;
        }
        Ok(())
    }

    fn references(&self) -> Vec<Reference> {
        self.config.as_ref().map(references).unwrap_or_default()
    }

    async fn problems(
        _engine: &Engine,
        _caller: &Caller,
        element: &mut Action,
        references: &[Reference],
    ) -> Result<Vec<Error>> {
        element.spec.dependencies = references.to_vec();
        Ok(Vec::new())
    }

    async fn brought(engine: &Engine, element: &Action) -> Result<Option<Write>> {
        sync::again(engine, element).await
    }
}

/// The operation or collection that a config names must be there.
pub(super) fn check_parts(connector: &Connector, is_operation: bool, config: Option<&Value>) -> Result<()> {
    let Some(config) = config else { return Ok(()) };
    let as_input = |error: Error| in_field("config", &error);
    if is_operation && let Some(operation) = config.get("operationKey").and_then(Value::as_str) {
        connector.operation(&operation.into()).map_err(as_input)?;
    }
    if let Some(collection) = config.pointer("/dataSource/collectionKey").and_then(Value::as_str) {
        connector.collection(&collection.into()).map_err(as_input)?;
    }
    Ok(())
}
