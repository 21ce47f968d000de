use async_trait::async_trait;
use membrane_core::element::{Action, ActionKind, ActionSpec, IntegrationSpec};
use membrane_core::{Error, Formula, Result};
use serde_json::Value;

use super::layered::LayeredKind;
use super::select::by_id;
use crate::{Caller, Engine};

#[async_trait]
impl LayeredKind for ActionSpec {
    async fn check(engine: &Engine, caller: &Caller, element: &mut Action) -> Result<()> {
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
        check_parts(engine, caller, element).await
    }
}

fn in_field(field: &'static str, error: &Error) -> Error {
    Error::invalid_input(format!("`{field}`: {}", error.message())).with("field", field)
}

/// The operation or collection an action of an integration names must be there.
async fn check_parts(engine: &Engine, caller: &Caller, element: &Action) -> Result<()> {
    let Some(id) = &element.place.integration_id else { return Ok(()) };
    let Some(config) = &element.spec.config else { return Ok(()) };
    let integration = by_id::<IntegrationSpec>(engine, caller, id.as_str(), true).await?;
    let Some(key) = integration.and_then(|integration| integration.spec.connector_key) else { return Ok(()) };
    let Ok(connector) = engine.connector(&key) else { return Ok(()) };
    let as_input = |error: Error| in_field("config", &error);
    if element.spec.r#type == Some(ActionKind::ConnectorOperation)
        && let Some(operation) = config.get("operationKey").and_then(Value::as_str)
    {
        connector.operation(&operation.into()).map_err(as_input)?;
    }
    if let Some(collection) = config.pointer("/dataSource/collectionKey").and_then(Value::as_str) {
        connector.collection(&collection.into()).map_err(as_input)?;
    }
    Ok(())
}
