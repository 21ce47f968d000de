//! What a config over records gains where it is used with one app.

use serde_json::{Map, Value};

use super::action::{rebase_config, unified_parts};
use crate::error::Result;
use crate::formula::FormulaKind;
use crate::schema::DataLocation;
use crate::unified::{UnifiedFields, check_depth};

/// The config of an action or of a flow's node over records as an integration's copy of a universal one has it.
///
/// `fieldMapping` and `dataSource` are there, also empty. A data source that only names its model gains the
/// collection at `location`. With `unified`, how that collection maps onto the model, it also says in terms of the
/// collection what the universal config says in terms of the model, as [`rebase_config`]. A config that is a formula
/// stays as it is.
///
/// # Errors
/// As [`rebase_config`].
///
/// ```
/// use membrane_core::mapping::derived_config;
/// use membrane_core::schema::DataLocation;
/// use serde_json::json;
///
/// assert_eq!(derived_config(None, None, None)?, json!({"fieldMapping": {}, "dataSource": {}}));
/// let messages = DataLocation::parse("/data/messages")?;
/// let derived = derived_config(Some(&json!({"dataSource": {"udm": "emails"}})), Some(&messages), None)?;
/// assert_eq!(derived, json!({
///     "dataSource": {"udm": "emails", "collectionKey": "messages", "defaultPath": "/data/messages"},
///     "fieldMapping": {},
/// }));
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn derived_config(
    config: Option<&Value>,
    location: Option<&DataLocation>,
    unified: Option<&UnifiedFields>,
) -> Result<Value> {
    let nothing = Value::Object(Map::new());
    let config = config.filter(|config| !config.is_null()).unwrap_or(&nothing);
    check_depth(config)?;
    let Value::Object(fields) = config else { return Ok(config.clone()) };
    if FormulaKind::of(config).is_some() {
        return Ok(config.clone());
    }
    let mut fields = fields.clone();
    for part in ["fieldMapping", "dataSource"] {
        if fields.get(part).is_none_or(Value::is_null) {
            fields.insert(part.to_owned(), nothing.clone());
        }
    }
    if let (Some(location), true) = (location, names_model_only(config))
        && let Some(Value::Object(source)) = fields.get_mut("dataSource")
    {
        source.insert("collectionKey".to_owned(), location.key.as_str().into());
        source.insert("defaultPath".to_owned(), location.to_string().into());
        if !location.parameters.is_empty() {
            source.insert("collectionParameters".to_owned(), Value::Object(location.parameters.clone()));
        }
    }
    match unified {
        Some(unified) => rebase_config(&Value::Object(fields), unified),
        None => Ok(Value::Object(fields)),
    }
}

/// Whether a config says something that a connector's mappings complete: a model without a collection, or values,
/// a filter or a query in terms of a model.
///
/// ```
/// use membrane_core::mapping::is_completed_by_connector;
/// use serde_json::json;
///
/// assert!(is_completed_by_connector(&json!({"unifiedFilter": {"id": 1}, "dataSource": {"key": "people"}})));
/// assert!(!is_completed_by_connector(&json!({"filter": {"id": 1}, "dataSource": {"key": "people"}})));
/// ```
pub fn is_completed_by_connector(config: &Value) -> bool {
    names_model_only(config) || unified_parts(config).iter().any(|(_, part)| part.is_some())
}

fn names_model_only(config: &Value) -> bool {
    let Some(Value::Object(source)) = config.get("dataSource") else { return false };
    let is_set = |name: &str| source.get(name).is_some_and(|value| !value.is_null() && *value != "");
    source.get("udm").is_some_and(Value::is_string)
        && !["id", "key", "collectionKey", "path"].into_iter().any(is_set)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::unified::UnifiedModel;

    #[test]
    fn what_is_said_of_a_model_is_said_of_the_collection_too() {
        let to = json!({"gid": {"$var": "$.id"}, "mail": {"$var": "$.primaryEmail"}});
        let users = UnifiedFields::new(UnifiedModel::find("users").unwrap(), None, Some(to)).unwrap();
        let config = json!({
            "dataSource": {"key": "users"}, "id": {"$var": "$.input.id"},
            "fieldMapping": {"defaultUnifiedValue": {"$var": "$.input"}},
            "unifiedFilter": {"id": {"$var": "$.input.id"}}, "lookup": {"universalQuery": {"primaryEmail": "a@x.example"}},
        });
        let derived = derived_config(Some(&config), None, Some(&users)).unwrap();
        let mail = json!({"gid": {"$var": "$.input.id"}, "mail": {"$var": "$.input.primaryEmail"}});
        assert_eq!(derived["fieldMapping"]["defaultValue"], mail);
        assert_eq!(derived["filter"], json!({"gid": {"$var": "$.input.id"}}));
        assert_eq!(derived["lookup"]["query"], json!({"mail": "a@x.example"}));
        assert_eq!(derived_config(Some(&derived), None, Some(&users)).unwrap(), derived, "twice is as once");
    }

    #[test]
    fn what_is_there_stays() {
        let location = DataLocation::parse("/data/messages?box=in").unwrap();
        for source in
            [json!({"key": "emails"}), json!({"udm": "emails", "collectionKey": "mails"}), json!({})]
        {
            let config = json!({"dataSource": source, "fieldMapping": {"key": "emails"}});
            assert_eq!(derived_config(Some(&config), Some(&location), None).unwrap(), config);
        }
        let inline = json!({"dataSource": {"udm": "emails"}, "fieldMapping": null});
        let derived = derived_config(Some(&inline), Some(&location), None).unwrap();
        assert_eq!(derived["dataSource"]["collectionParameters"], json!({"box": "in"}));
        assert_eq!(derived["fieldMapping"], json!({}));
        let formula = json!({"$var": "$.input.config"});
        assert_eq!(derived_config(Some(&formula), Some(&location), None).unwrap(), formula);
    }
}
