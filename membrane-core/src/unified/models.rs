//! The models, read from their files.

use std::sync::LazyLock;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::fill::Fallback;
use super::{FallbackModel, UnifiedModel};
use crate::error::{Error, Result};
use crate::schema::{DataSchema, header_case};

macro_rules! files {
    ($($key:literal)*) => { &[$(($key, include_str!(concat!("models/", $key, ".yml")))),*] };
}

const COMMON: &str = include_str!("models/common.yml");

/// The file of each model.
const FILES: &[(&str, &str)] = files!(
    "activities" "bills" "campaign-members" "campaigns" "companies" "contacts" "contact-lists" "credit-notes"
    "customers" "deal-products" "deals" "deal-stages" "documents" "drives" "drive-items" "eeocs" "emails"
    "employees" "files" "folders" "invoices" "job-applications" "job-candidates" "job-interviews" "job-offers"
    "jobs" "journal-entries" "leads" "ledger-accounts" "meetings" "messages" "notes" "orders" "payments"
    "payrolls" "products" "projects" "suppliers" "tasks" "tax-rates" "users" "timeoff-balances"
    "timeoff-requests"
);

type Models = IndexMap<&'static str, UnifiedModel>;

/// The models by key; read the first time somebody asks.
pub(super) fn all() -> Result<&'static Models> {
    static MODELS: LazyLock<Result<Models>> = LazyLock::new(|| read(COMMON, FILES));
    MODELS.as_ref().map_err(|error| Error::internal(error.message()))
}

/// What many models have: schemas and formulas by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    schemas: IndexMap<String, Value>,
    fallbacks: IndexMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    /// A schema, or the name of a common one; so are the schemas inside a schema.
    fields: IndexMap<String, Value>,
    /// By place: formulas, or names of common ones.
    #[serde(default)]
    fallbacks: IndexMap<String, Vec<Value>>,
    /// By model: the fields that have another name there.
    #[serde(default)]
    fallback_models: IndexMap<String, IndexMap<String, String>>,
    /// By field: those it takes its value from, one field after another.
    #[serde(default)]
    populate: IndexMap<String, Vec<String>>,
    #[serde(default)]
    filter_fields: Vec<String>,
    #[serde(default)]
    match_fields: Vec<String>,
    #[serde(default)]
    query_fields: Vec<String>,
    #[serde(default)]
    create_fields: Vec<String>,
    #[serde(default)]
    update_fields: Vec<String>,
    #[serde(default)]
    categories: Vec<String>,
}

fn read(common: &str, files: &[(&'static str, &str)]) -> Result<Models> {
    let common: Common = parse("common", common)?;
    let files = files.iter().map(|(key, text)| Ok((*key, parse::<File>(key, text)?)));
    let files: IndexMap<&'static str, File> = files.collect::<Result<_>>()?;
    files.iter().map(|(key, file)| Ok((*key, model(key, file, &files, &common)?))).collect()
}

fn parse<T: for<'de> Deserialize<'de>>(key: &str, text: &str) -> Result<T> {
    serde_saphyr::from_str(text)
        .map_err(|error| Error::internal(format!("the unified model `{key}` cannot be read: {error}")))
}

fn model(
    key: &'static str,
    file: &File,
    files: &IndexMap<&'static str, File>,
    common: &Common,
) -> Result<UnifiedModel> {
    let unknown = |what: &str, name: &str| {
        Error::internal(format!("the unified model `{key}` names {what} `{name}`, which does not exist"))
    };
    let fields = file.fields.iter();
    let fields = fields.map(|(name, schema)| Ok((name.clone(), expand(schema, common)?)));
    let fields: serde_json::Map<String, Value> = fields.collect::<Result<_>>()?;
    let formula = |formula: &Value| match formula {
        Value::String(name) => common.fallbacks.get(name).cloned().ok_or_else(|| unknown("a fallback", name)),
        formula => Ok(formula.clone()),
    };
    let fallbacks = file.fallbacks.iter().map(|(place, formulas)| {
        Fallback::new(place, &formulas.iter().map(formula).collect::<Result<Vec<_>>>()?)
    });
    let fallback_models = file.fallback_models.iter().map(|(other, renamed)| {
        let (other, theirs) =
            files.get_key_value(other.as_str()).ok_or_else(|| unknown("the model", other))?;
        Ok(FallbackModel::new(other, renamed, file.fields.keys(), |name| theirs.fields.contains_key(name)))
    });
    Ok(UnifiedModel {
        key,
        name: header_case(key),
        schema: DataSchema::new(serde_json::json!({"type": "object", "properties": fields}))?,
        filter_fields: file.filter_fields.clone(),
        match_fields: file.match_fields.clone(),
        query_fields: file.query_fields.clone(),
        create_fields: file.create_fields.clone(),
        update_fields: file.update_fields.clone(),
        categories: file.categories.clone(),
        fallback_models: fallback_models.collect::<Result<_>>()?,
        fallbacks: fallbacks.collect::<Result<_>>()?,
        populate: file.populate.clone(),
    })
}

/// Puts common schemas where their names stand. The depth is that of our own files.
fn expand(schema: &Value, common: &Common) -> Result<Value> {
    let Value::Object(keywords) = schema else {
        let name = schema.as_str().unwrap_or_default();
        let common_schema = common.schemas.get(name).filter(|found| found.is_object());
        let found = common_schema.ok_or_else(|| {
            Error::internal(format!("there is no common schema `{name}` of unified models"))
        })?;
        return expand(found, common);
    };
    let keywords = keywords.iter().map(|(keyword, value)| {
        let value = match (keyword.as_str(), value) {
            ("items", schema) => expand(schema, common)?,
            ("properties", Value::Object(properties)) => {
                let properties = properties.iter();
                properties
                    .map(|(name, schema)| Ok((name.clone(), expand(schema, common)?)))
                    .collect::<Result<_>>()?
            }
            (_, value) => value.clone(),
        };
        Ok((keyword.clone(), value))
    });
    Ok(Value::Object(keywords.collect::<Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::locator::Locator;

    #[test]
    fn files_say_what_is_wrong_with_them() {
        let common =
            "schemas: {string: {type: string}, address: {properties: {city: string}}}\nfallbacks: {}";
        let models = read(common, &[("a", "fields: {x: {type: array, items: address}}")]).unwrap();
        let expected = json!({"type": "array", "items": {"properties": {"city": {"type": "string"}}}});
        assert_eq!(models["a"].schema.as_value()["properties"]["x"], expected);
        for (text, why) in [
            ("fields: {x: text}", "no common schema `text`"),
            ("fields: {}\nfallbacks: {x: [name]}", "names a fallback `name`"),
            ("fields: {}\nfallbackModels: {b: {}}", "names the model `b`"),
            ("fields: {}\nmatchField: []", "cannot be read"),
            ("fields: {}\nfallbacks: {'a[': [{$var: x}]}", "locator"),
        ] {
            let error = read(common, &[("a", text)]).unwrap_err();
            assert!(error.message().contains(why), "{error}");
        }
    }

    #[test]
    fn every_name_in_a_model_is_one_of_its_fields() {
        for model in all().unwrap().values() {
            let has = |name: &str| model.schema.at(&Locator::parse(name).unwrap()).is_some();
            let written = model.create_fields.iter().chain(&model.update_fields);
            let named = model.match_fields.iter().chain(&model.filter_fields).chain(&model.query_fields);
            for name in written.chain(named) {
                // Membrane lists the fields of requests for balances.
                assert!(has(name) || model.key == "timeoff-balances", "{}: {name}", model.key);
            }
            assert!(model.derivable_fields().all(|place| has(&place)), "{}", model.key);
            for other in &model.fallback_models {
                assert!(all().unwrap().contains_key(other.key));
            }
        }
    }

    #[test]
    fn references_lead_to_models() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                Value::Object(fields) => {
                    found.extend(fields.get("referenceUdm").and_then(Value::as_str).map(str::to_owned));
                    fields.values().for_each(|field| references(field, found));
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        all().unwrap().values().for_each(|model| references(model.schema.as_value(), &mut found));
        assert!(found.len() > 100);
        // Two are spelled this way by Membrane itself.
        found.retain(|key| !all().unwrap().contains_key(key.as_str()));
        found.sort();
        found.dedup();
        assert_eq!(found, ["jobApplications", "jobCandidates"]);
    }
}
