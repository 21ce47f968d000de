use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::layer::{Connection, Integration, Universal};
use super::{At, Element, Layered};
use crate::error::{Error, Result};
use crate::id::{ElementId, LayerName};

/// Why an element's values are what they are: for each field the layer it came from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// The fields of the kind that have a value, in their order.
    #[schemars(with = "std::collections::BTreeMap<String, Origin>")]
    pub fields: IndexMap<String, Origin>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Origin {
    /// The layer.
    pub layer: LayerName,
    /// The element at that layer.
    pub element_id: ElementId,
    /// The engine made it of what the connector says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_derived: bool,
    /// Where its parts came from, when they did not all come from there: nodes of a flow, by key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, Origin>")]
    pub parts: IndexMap<String, Origin>,
}

impl Explanation {
    /// Notes which values the engine made of what the connector says: those that `shown` has and `plain`, the
    /// content of its layers, has not. Where the parts of a value came from several layers it is noted of each part.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when content cannot be written as JSON.
    pub fn note_derived<S: Layered>(&mut self, plain: &S, shown: &Element<S>) -> Result<()> {
        let plain = written(plain)?;
        for (name, value) in written(&shown.spec)? {
            let before = plain.get(&name);
            if before == Some(&value) {
                continue;
            }
            let here = Origin::new(shown.place.layer(), shown.id.clone());
            let derived = Origin { is_derived: true, ..here };
            match (before, &value, self.fields.get_mut(&name)) {
                (Some(Value::Object(before)), Value::Object(entries), Some(origin))
                    if !origin.parts.is_empty() =>
                {
                    let changed = entries.iter().filter(|(key, entry)| before.get(*key) != Some(*entry));
                    origin.parts.extend(changed.map(|(key, _)| (key.clone(), derived.clone())));
                }
                _ => _ = self.fields.insert(name, derived),
            }
        }
        Ok(())
    }
}

impl Origin {
    /// A value of an element itself.
    pub fn new(layer: LayerName, element_id: ElementId) -> Self {
        Self { layer, element_id, is_derived: false, parts: IndexMap::new() }
    }
}

/// Says for each field of the effective content which element it came from: the farthest one from which on down
/// to the connection the value stays the same.
///
/// # Errors
/// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when content cannot be written as JSON.
///
/// ```
/// use membrane_core::LayerName;
/// use membrane_core::element::{ActionSpec, At, Element, explain};
///
/// let who = At::new(Element::new("u", "Who", ActionSpec::of_operation("get-me")))?;
/// let explained = explain(Some(&who), None, None)?;
/// assert_eq!(explained.fields["config"].layer, LayerName::Universal);
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn explain<S: Layered>(
    universal: Option<&At<Universal, S>>,
    integration: Option<&At<Integration, S>>,
    connection: Option<&At<Connection, S>>,
) -> Result<Explanation> {
    let chain = [
        universal.map(|at| (LayerName::Universal, &**at, at.is_own())),
        integration.map(|at| (LayerName::Integration, &**at, at.is_own())),
        connection.map(|at| (LayerName::Connection, &**at, at.is_own())),
    ];
    let mut content: Option<Cow<'_, S>> = None;
    let mut fields: IndexMap<String, (Value, Origin)> = IndexMap::new();
    for (layer, element, is_own) in chain.into_iter().flatten() {
        let has_parent = element.place.parent_id.is_some();
        let next = match content {
            Some(above) if has_parent => element.content_below(above, is_own),
            _ => Cow::Borrowed(&element.spec),
        };
        let here = Origin::new(layer, element.id.clone());
        let mut before = std::mem::take(&mut fields);
        for (name, value) in written(&*next)? {
            let origin = match before.shift_remove(&name) {
                Some((same, origin)) if same == value => origin,
                Some((other, origin)) => parts(&other, &value, &origin, &here),
                None => here.clone(),
            };
            fields.insert(name, (value, origin));
        }
        content = Some(next);
    }
    Ok(Explanation { fields: fields.into_iter().map(|(name, (_, origin))| (name, origin)).collect() })
}

/// The origin of a value that differs from the one above: of its entries some may be as they were.
fn parts(above: &Value, value: &Value, origin: &Origin, here: &Origin) -> Origin {
    let (Value::Object(above), Value::Object(entries)) = (above, value) else { return here.clone() };
    let of = |(key, entry): (&String, &Value)| {
        let from = match above.get(key) {
            Some(same) if same == entry => origin
                .parts
                .get(key)
                .cloned()
                .unwrap_or_else(|| Origin { parts: IndexMap::new(), ..origin.clone() }),
            _ => here.clone(),
        };
        (key.clone(), from)
    };
    let parts: IndexMap<String, Origin> = entries.iter().map(of).collect();
    let is_mixed = parts.values().any(|part| part.layer != here.layer);
    Origin { parts: if is_mixed { parts } else { IndexMap::new() }, ..here.clone() }
}

/// The fields of the kind, without those that follow from the rest. Whether a part is customized is what is explained,
/// and nothing of the part.
fn written<S: Layered>(spec: &S) -> Result<serde_json::Map<String, Value>> {
    match serde_json::to_value(spec) {
        Ok(Value::Object(mut fields)) => {
            fields.retain(|name, _| !S::DERIVED.contains(&name.as_str()));
            let parts =
                fields.values_mut().filter_map(Value::as_object_mut).flat_map(|parts| parts.values_mut());
            for part in parts.filter_map(Value::as_object_mut) {
                part.shift_remove("isCustomized");
            }
            Ok(fields)
        }
        _ => Err(Error::internal(format!("a {} cannot be written as JSON", S::KIND))),
    }
}
