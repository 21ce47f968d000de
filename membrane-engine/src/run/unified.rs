use membrane_core::connector::Record;
use membrane_core::unified::UnifiedFields;
use membrane_core::{Formula, Result, Vars};
use serde_json::{Value, json};

/// How an app's records become those of a unified model.
pub(crate) struct Unified {
    udm: &'static str,
    formula: Formula,
}

impl Unified {
    /// Takes the way from a collection; nothing where the connector does not say it.
    pub(crate) fn of(fields: &UnifiedFields) -> Result<Option<Self>> {
        let udm = fields.model().key;
        let formula = fields.import_value().map(Formula::parse).transpose()?;
        Ok(formula.map(|formula| Self { udm, formula }))
    }

    /// Whether a formula builds the same.
    pub(super) fn is(&self, formula: &Value) -> bool {
        self.formula.source() == formula
    }

    /// Adds the model's fields to a record that has its own fields still.
    pub(crate) fn add_to(&self, record: &mut Record) -> Result<()> {
        let fields = self.formula.try_build(&Vars::from(&record.fields).equipped()).map_err(|error| {
            error
                .map_message(|why| format!("record `{}` as one of {}: {why}", record.id, self.udm))
                .with("recordId", &record.id)
        })?;
        self.put(record, fields.unwrap_or_else(|| json!({})));
        Ok(())
    }

    /// Puts the model's fields into a record.
    pub(super) fn put(&self, record: &mut Record, fields: Value) {
        record.udm = Some(self.udm.to_owned());
        record.unified_fields = Some(fields);
    }
}
