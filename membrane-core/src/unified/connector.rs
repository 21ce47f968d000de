//! What a connector says about unified models: which collections hold their records.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{UnifiedFields, UnifiedModel};
use crate::error::{Error, Result};
use crate::formula::transform_variables;
use crate::schema::DataLocation;

/// The unified models of a connector, its `udm.yml`: for each, the collections whose records are such records.
///
/// ```
/// use membrane_core::schema::DataLocation;
/// use membrane_core::unified::UnifiedMappings;
/// use serde_json::json;
///
/// let udm: UnifiedMappings = serde_json::from_value(json!({"contacts": {"collectionMappings": [{
///     "key": "people",
///     "fieldsFromCollection": {"id": {"$var": "$.id"}, "primaryEmail": {"$var": "$.email"}},
///     "fieldsToCollection": {"email": {"$var": "$.primaryEmail"}},
/// }]}})).unwrap();
/// let people = udm.default_collection("contacts")?.unwrap();
/// assert_eq!(people.to_string(), "/data/people");
/// // Leads can be read as contacts.
/// assert_eq!(udm.default_collection("leads")?.as_ref(), Some(&people));
/// assert!(udm.fields("leads", &people)?.is_some());
/// assert!(udm.fields("tasks", &people)?.is_none());
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct UnifiedMappings(IndexMap<String, ModelMapping>);

/// The collections of one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelMapping {
    /// The key of the collection that is taken when nobody says which; the first of the mappings when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_collection: Option<String>,
    /// The directory older connectors begin to look for collections in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_directory: Option<String>,
    /// How the fields of each collection map.
    #[serde(default)]
    pub collection_mappings: Vec<CollectionMapping>,
}

/// How the fields of one collection map onto a model and back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct CollectionMapping {
    /// The key of the collection.
    pub key: String,
    /// The parameters it must have; others do not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    /// A formula over the collection's fields; builds the model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields_from_collection: Option<Value>,
    /// A formula over the model's fields; builds the collection's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields_to_collection: Option<Value>,
}

impl UnifiedMappings {
    /// Takes the mappings of each model.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a name that is no model's and for a
    /// mapping that is no formula; names the model and the collection.
    pub fn new(models: IndexMap<String, ModelMapping>) -> Result<Self> {
        for (key, mapping) in &models {
            let model = UnifiedModel::find(key)?;
            for collection in &mapping.collection_mappings {
                collection.fields(model).map_err(|error| {
                    error.map_message(|why| format!("`{key}` of collection `{}`: {why}", collection.key))
                })?;
            }
        }
        Ok(Self(models))
    }

    /// The collections of a model, if the connector itself has any.
    pub fn get(&self, model: &str) -> Option<&ModelMapping> {
        self.0.get(model)
    }

    /// The models the connector itself has, with their collections.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ModelMapping)> {
        self.0.iter().map(|(key, mapping)| (key.as_str(), mapping))
    }

    /// Adds the models of another connector's part; gives those it had already, which stay.
    pub(crate) fn add(&mut self, other: Self) -> Vec<String> {
        let mut twice = Vec::new();
        for (model, mapping) in other.0 {
            if self.0.contains_key(&model) {
                twice.push(model);
            } else {
                self.0.insert(model, mapping);
            }
        }
        twice
    }

    /// Whether the connector has no models.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The collection that holds the records of a model when nobody says which: the connector's choice, else
    /// the first it maps, else that of a model that can stand in. Stand-ins of stand-ins are not asked.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a name that is no model's.
    pub fn default_collection(&self, model: &str) -> Result<Option<DataLocation>> {
        let fallbacks = UnifiedModel::find(model)?.fallback_models.iter().map(|fallback| fallback.key);
        let mut mappings = std::iter::once(model).chain(fallbacks).filter_map(|key| self.0.get(key));
        Ok(mappings.find_map(ModelMapping::default_location))
    }

    /// How the fields of a collection map onto a model; `None` when the connector does not say.
    ///
    /// The first mapping counts whose key and parameters are the collection's; those of models that can stand
    /// in come after the model's own.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a name that is no model's, and for a
    /// mapping that is no formula; as [`transform_variables`] for one onto a model that this one falls back to.
    pub fn fields(&self, model: &str, collection: &DataLocation) -> Result<Option<UnifiedFields>> {
        let model = UnifiedModel::find(model)?;
        let mapping = |key: &str| self.0.get(key)?.at(collection);
        if let Some(mapping) = mapping(model.key) {
            return mapping.fields(model).map(Some);
        }
        for fallback in &model.fallback_models {
            let Some(mapping) = mapping(fallback.key) else { continue };
            let theirs = mapping.fields(UnifiedModel::find(fallback.key)?)?;
            let from = match theirs.import_value() {
                Some(from) => transform_variables(&fallback.import, from)?,
                None => None,
            };
            let to = mapping.fields_to_collection.as_ref();
            let to = to.map(|to| transform_variables(to, &fallback.export)).transpose()?.flatten();
            return UnifiedFields::new(model, from, to).map(Some);
        }
        Ok(None)
    }
}

impl ModelMapping {
    fn default_location(&self) -> Option<DataLocation> {
        let first = || self.collection_mappings.first().map(|mapping| &mapping.key);
        let key = self.default_collection.as_ref().or_else(first)?;
        let mapping = self.collection_mappings.iter().find(|mapping| mapping.key == *key);
        let parameters = mapping.and_then(|mapping| mapping.parameters.clone());
        Some(DataLocation::new(key, parameters.unwrap_or_default()))
    }

    fn at(&self, collection: &DataLocation) -> Option<&CollectionMapping> {
        self.collection_mappings.iter().find(|mapping| {
            mapping.key == collection.key
                && mapping.parameters.as_ref().is_none_or(|wanted| collection.has_parameters(wanted))
        })
    }
}

impl CollectionMapping {
    fn fields(&self, model: &'static UnifiedModel) -> Result<UnifiedFields> {
        UnifiedFields::new(model, self.fields_from_collection.clone(), self.fields_to_collection.clone())
    }
}

impl<'de> Deserialize<'de> for UnifiedMappings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let models = IndexMap::deserialize(deserializer)?;
        Self::new(models).map_err(|error: Error| serde::de::Error::custom(error.message()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn udm(value: Value) -> UnifiedMappings {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_default_collection_is_chosen() {
        let udm = udm(json!({
            "tasks": {"collectionMappings": [
                {"key": "todos", "parameters": {"list": "L1"}}, {"key": "issues"},
            ]},
            "notes": {"defaultCollection": "pages", "collectionMappings": [{"key": "memos"}]},
            "users": {"collectionMappings": []},
        }));
        for (model, expected) in [
            ("tasks", Some("/data/todos?list=L1")),
            ("notes", Some("/data/pages")),
            ("users", None),
            // The first model that can stand in.
            ("activities", Some("/data/todos?list=L1")),
            // Through activities only, which the connector does not have.
            ("emails", None),
            ("employees", None),
            ("leads", None),
        ] {
            let found = udm.default_collection(model).unwrap().map(|place| place.to_string());
            assert_eq!(found.as_deref(), expected, "{model}");
        }
        assert!(udm.default_collection("nope").is_err());
    }

    #[test]
    fn a_mapping_is_for_its_parameters() {
        let udm = udm(json!({"tasks": {"collectionMappings": [
            {"key": "todos", "parameters": {"list": 1}, "fieldsFromCollection": {"id": "one"}},
            {"key": "todos", "parameters": {"list": "1"}, "fieldsFromCollection": {"id": "text"}},
            {"key": "todos", "fieldsFromCollection": {"id": "any"}},
        ]}}));
        let id = |parameters: Value| {
            let place = DataLocation::new("todos", parameters.as_object().cloned().unwrap());
            let fields = udm.fields("tasks", &place).unwrap().unwrap();
            fields.import_value().unwrap()["id"].clone()
        };
        assert_eq!(id(json!({"list": 1, "more": true})), "one");
        assert_eq!(id(json!({"list": "1"})), "text");
        assert_eq!(id(json!({"list": "2"})), "any");
        assert_eq!(id(json!({})), "any");
        assert!(udm.fields("tasks", &DataLocation::new("notes", Map::new())).unwrap().is_none());
    }

    #[test]
    fn another_model_stands_in_both_ways() {
        let udm = udm(json!({"tasks": {"collectionMappings": [{
            "key": "issues",
            "fieldsFromCollection": {
                "subject": {"$var": "$.title"}, "content": {"$var": "$.body"},
                "status": {"$map": {"value": {"$var": "$.state"}, "mapping": [{"from": "OPEN", "to": "open"}]}},
                "priority": {"$var": "$.rank"},
            },
            "fieldsToCollection": {
                "title": {"$var": "$.subject"}, "body": {"$var": "$.content"},
                "rank": {"$var": "$.priority"}, "state": {"$var": "status"},
            },
        }]}}));
        let issues = DataLocation::new("issues", Map::new());
        let activity = udm.fields("activities", &issues).unwrap().unwrap();
        assert_eq!(
            activity.import_value(),
            Some(&json!({
                "title": {"$var": "$.title"}, "description": {"$var": "$.body"},
                "status": {"$map": {"value": {"$var": "$.state"}, "mapping": [{"from": "OPEN", "to": "open"}]}},
            }))
        );
        assert_eq!(
            activity.rebase(&json!({"$var": "$.input"})).unwrap(),
            Some(json!({
                "title": {"$var": "$.input.title"}, "body": {"$var": "$.input.description"},
                "state": {"$var": "$.input.status"},
            }))
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (value, why) in [
            (json!({"task": {}}), "there is no unified model `task`; is it `tasks`?"),
            (json!({"tasks": {"collectionMapping": []}}), "unknown field `collectionMapping`"),
            (
                json!({"tasks": {"collectionMappings": [{"key": "a", "fieldsToCollection": {"$tpl": {"template": "", "values": {"(": 1}}}}]}}),
                "`tasks` of collection `a`",
            ),
        ] {
            let error = serde_json::from_value::<UnifiedMappings>(value).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
