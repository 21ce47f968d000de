//! The unified models a connector maps.

use indexmap::IndexMap;

use super::located::{Entries, Text};
use super::one_of;
use super::origin::Origin;
use super::roots::Roots;
use super::spec::{CollectionMappingSpec, ModelMappingSpec};
use crate::connector::Collection;
use crate::error::Result;
use crate::id::Key;
use crate::unified::{CollectionMapping, ModelMapping, UnifiedMappings, UnifiedModel};

/// Reads which collections hold the records of which models. All must be in the file.
pub(super) fn udm(
    origin: Origin<'_>,
    collections: &IndexMap<Key, Collection>,
    models: Entries<ModelMappingSpec>,
) -> Result<UnifiedMappings> {
    let mut mappings = IndexMap::with_capacity(models.0.len());
    for (model, spec) in models.0 {
        UnifiedModel::find(&model.value).map_err(|error| origin.error(model.at, error.message()))?;
        let default_collection = spec.default_collection.as_ref();
        default_collection.map(|key| known(origin, collections, key)).transpose()?;
        let of_collections = spec.collection_mappings.into_iter();
        let mapping = ModelMapping {
            default_collection: spec.default_collection.map(|key| key.value),
            root_directory: spec.root_directory,
            collection_mappings: of_collections
                .map(|mapping| collection_mapping(origin, collections, mapping))
                .collect::<Result<_>>()?,
        };
        mappings.insert(model.value, mapping);
    }
    UnifiedMappings::new(mappings).map_err(|error| origin.whole(error.message()))
}

fn collection_mapping(
    origin: Origin<'_>,
    collections: &IndexMap<Key, Collection>,
    spec: CollectionMappingSpec,
) -> Result<CollectionMapping> {
    known(origin, collections, &spec.key)?;
    origin.optional_formula(spec.fields_from_collection.as_ref(), Roots::Any)?;
    origin.optional_formula(spec.fields_to_collection.as_ref(), Roots::Any)?;
    Ok(CollectionMapping {
        key: spec.key.value,
        parameters: spec.parameters,
        fields_from_collection: spec.fields_from_collection.map(|node| node.value),
        fields_to_collection: spec.fields_to_collection.map(|node| node.value),
    })
}

/// Refuses a collection that is not in the file.
pub(super) fn known(origin: Origin<'_>, collections: &IndexMap<Key, Collection>, key: &Text) -> Result<()> {
    if collections.contains_key(key.value.as_str()) {
        return Ok(());
    }
    let known: Vec<&str> = collections.keys().map(AsRef::as_ref).collect();
    let message = format!("unknown data collection `{}`, expected {}", key.value, one_of(&known));
    Err(origin.error(key.at, message))
}
