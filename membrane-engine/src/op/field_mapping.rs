use async_trait::async_trait;
use membrane_core::element::FieldMappingSpec;
use membrane_core::mapping::Direction;
use membrane_core::op::{GetAppSchema, MappedFields, RunFieldMapping};
use membrane_core::{DataSchema, Error, Formula, Result, Vars};

use super::Execute;
use crate::connect::by_connection_id;
use crate::element::Kind;
use crate::element::field_mapping::on_connection;
use crate::run::{Links, Template, closest_on};
use crate::{Caller, Engine};

#[async_trait]
impl Execute for RunFieldMapping {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<MappedFields> {
        let (found, connection) =
            Box::pin(closest_on::<FieldMappingSpec>(engine, caller, &self.selector)).await?;
        let connected = by_connection_id(engine, caller, connection.id.into()).await?;
        let name = found.name.clone();
        let mapping = Box::pin(on_connection(engine, caller, &connected, found)).await?;
        let is_import = match self.direction {
            None | Some(Direction::Import) => true,
            Some(Direction::Export) => false,
            Some(_) => {
                return Err(
                    Error::invalid_input("`direction` is `import` or `export`").with("field", "direction")
                );
            }
        };
        let ways = mapping.direction.unwrap_or(Direction::Both);
        let (maps, field) = match is_import {
            true => (ways.imports(), "importValue"),
            false => (ways.exports(), "exportValue"),
        };
        if !maps {
            let message = format!("the field mapping `{name}` does not map this way");
            return Err(Error::invalid_input(message).with("field", "direction"));
        }
        let value = if is_import { mapping.import_value } else { mapping.export_value };
        let Some(value) = value else { return Ok(MappedFields { output: self.input }) };
        let links = Links { engine, caller, connected: &connected };
        let template = Template::new(Formula::parse(&value)?);
        let built = template.build(&Vars::from(&self.input).equipped(), &links).await;
        let built = built.map_err(|error| error.map_message(|why| format!("`{field}`: {why}")));
        Ok(MappedFields { output: built?.unwrap_or_default() })
    }
}

#[async_trait]
impl Execute for GetAppSchema {
    async fn execute(self, engine: &Engine, caller: &Caller) -> Result<DataSchema> {
        let mut found = FieldMappingSpec::select(engine, caller, &self.selector, false).await?;
        FieldMappingSpec::show(engine, caller, &mut found).await?;
        Ok(found.spec.mapping.app_schema.unwrap_or_else(DataSchema::any))
    }
}
