use indexmap::IndexMap;
use serde_json::{Map, Value, json};

/// A model whose records can stand for those of another one.
///
/// `import` and `export` are exact inverses of each other: a field goes where the other model has it, under
/// its name there; what only one of them has is left out.
///
/// ```
/// use membrane_core::formula::transform_variables;
/// use membrane_core::unified::UnifiedModel;
/// use serde_json::json;
///
/// let tasks = &UnifiedModel::find("activities")?.fallback_models[0];
/// assert_eq!(tasks.key, "tasks");
/// let task = json!({"subject": "Call Ann", "status": "open", "priority": "high"});
/// let activity = transform_variables(&tasks.import, &task)?.unwrap();
/// assert_eq!(activity, json!({"title": "Call Ann", "status": "open"}));
/// assert_eq!(transform_variables(&tasks.export, &activity)?, Some(json!({"subject": "Call Ann", "status": "open"})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FallbackModel {
    /// The key of the model that stands in.
    pub key: &'static str,
    /// A formula over a record of that model; builds the fields of the model it stands in for.
    pub import: Value,
    /// The other way round.
    pub export: Value,
}

impl FallbackModel {
    /// `renamed` says how fields of ours are called there, `is_theirs` whether the model has a field. Without
    /// other names all fields are the same.
    pub(super) fn new<'a>(
        key: &'static str,
        renamed: &IndexMap<String, String>,
        ours: impl Iterator<Item = &'a String>,
        is_theirs: impl Fn(&str) -> bool,
    ) -> Self {
        if renamed.is_empty() {
            let all = json!({"$var": "$"});
            return Self { key, import: all.clone(), export: all };
        }
        let there = |name: &'a String| renamed.get(name).unwrap_or(name);
        let shared: Vec<(&String, &String)> =
            ours.map(|name| (name, there(name))).filter(|(_, there)| is_theirs(there)).collect();
        let formula = |pairs: &mut dyn Iterator<Item = (&String, &String)>| {
            let fields = pairs.map(|(to, from)| (to.clone(), json!({ "$var": from })));
            Value::Object(fields.collect::<Map<_, _>>())
        };
        Self {
            key,
            import: formula(&mut shared.iter().copied()),
            export: formula(&mut shared.iter().map(|(ours, theirs)| (*theirs, *ours))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::formula::transform_variables;
    use crate::unified::UnifiedModel;

    #[test]
    fn names_change_as_membrane_changes_them() {
        for (model, other, ours, theirs) in [
            ("activities", "tasks", "title", "subject"),
            ("activities", "tasks", "description", "content"),
            ("activities", "meetings", "title", "title"),
            ("activities", "notes", "description", "content"),
            ("activities", "emails", "title", "subject"),
            ("activities", "emails", "description", "body"),
            ("tasks", "activities", "content", "description"),
            ("emails", "activities", "body", "description"),
            ("notes", "activities", "content", "description"),
            ("meetings", "activities", "location", "location"),
            ("employees", "users", "workEmail", "primaryEmail"),
            ("employees", "users", "mobileNumber", "primaryPhone"),
            ("employees", "users", "workAddress", "primaryAddress"),
            ("contact-lists", "campaigns", "name", "name"),
            ("customers", "companies", "name", "name"),
            ("suppliers", "companies", "name", "name"),
            ("leads", "contacts", "fullName", "fullName"),
        ] {
            let model = UnifiedModel::find(model).unwrap();
            let found = model.fallback_models.iter().find(|fallback| fallback.key == other).unwrap();
            let (own, foreign) = (json!({ours: 1, "ownerId": "u"}), json!({theirs: 1, "ownerId": "u"}));
            let imported = transform_variables(&found.import, &foreign).unwrap().unwrap();
            assert_eq!(imported[ours], 1, "{model:?} of {other}");
            let exported = transform_variables(&found.export, &own).unwrap().unwrap();
            assert_eq!(exported[theirs], 1, "{model:?} to {other}");
        }
    }

    #[test]
    fn there_and_back_is_the_same() {
        for model in UnifiedModel::all() {
            for fallback in &model.fallback_models {
                let names: Vec<&String> = match fallback.import.as_object() {
                    Some(fields) if !fields.contains_key("$var") => fields.keys().collect(),
                    _ => model.schema.as_value()["properties"].as_object().unwrap().keys().collect(),
                };
                let record = names.iter().map(|name| ((*name).clone(), json!(format!("a {name}")))).collect();
                let there = transform_variables(&fallback.export, &record).unwrap().unwrap();
                assert_eq!(
                    transform_variables(&fallback.import, &there).unwrap(),
                    Some(record),
                    "{}",
                    model.key
                );
            }
        }
    }
}
