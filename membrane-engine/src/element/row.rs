//! Elements and rows: the one place where one becomes the other.

use membrane_core::element::{Element, Place, Related, Spec};
use membrane_core::{Error, Key, Result};
use serde_json::{Map, Value};

use crate::store::Row;

/// Fields of an element that a row keeps in columns.
const COLUMNS: &[&str] = &[
    "id",
    "key",
    "name",
    "revision",
    "createdAt",
    "updatedAt",
    "archivedAt",
    "integrationId",
    "connectionId",
    "tenantId",
    "instanceKey",
    "parentId",
];

/// Fields that are never stored.
const NOT_STORED: &[&str] = &[
    "user",
    "integration",
    "connection",
    "appliedToIntegrations",
    "credentials",
    "workspaceKey",
    "isDefault",
];

pub(crate) fn to_row<S: Spec>(element: &Element<S>) -> Result<Row> {
    let place = &element.place;
    let mut doc = document(element)?;
    for name in COLUMNS.iter().chain(NOT_STORED) {
        doc.shift_remove(*name);
    }
    Ok(Row {
        kind: S::KIND,
        id: element.id.clone(),
        customer: place.tenant_id.clone(),
        key: element.key.as_ref().map(ToString::to_string),
        integration: place.integration_id.clone(),
        connection: place.connection_id.clone(),
        instance_key: place.instance_key.clone(),
        parent: place.parent_id.clone(),
        name: element.name.clone(),
        revision: element.revision.clone(),
        created_at: element.created_at.clone(),
        updated_at: element.updated_at.clone(),
        archived_at: element.archived_at.clone(),
        doc,
    })
}

pub(crate) fn from_row<S: Spec>(row: Row) -> Result<Element<S>> {
    let Row { id, customer, key, integration, connection, instance_key, parent, name, revision, .. } = row;
    let mut doc = row.doc;
    doc.insert("id".to_owned(), id.as_str().into());
    let mut element: Element<S> = serde_json::from_value(Value::Object(doc)).map_err(|error| {
        Error::internal(format!("{} {id} is stored in a form this version does not read", S::KIND))
            .with_source(error)
    })?;
    element.key = key.map(Key::from);
    element.name = name;
    element.revision = revision;
    element.created_at = row.created_at;
    element.updated_at = row.updated_at;
    element.archived_at = row.archived_at;
    element.related = Related::default();
    let Place { user_id, universal_parent_id, parent_revision, is_customized, .. } =
        std::mem::take(&mut element.place);
    element.place.tenant_id = customer;
    element.place.integration_id = integration;
    element.place.connection_id = connection;
    element.place.instance_key = instance_key;
    element.place.parent_id = parent;
    element.place.user_id = user_id;
    element.place.universal_parent_id = universal_parent_id;
    element.place.parent_revision = parent_revision;
    element.place.is_customized = is_customized;
    Ok(element)
}

/// The element as a JSON object.
pub(crate) fn document<S: Spec>(element: &Element<S>) -> Result<Map<String, Value>> {
    match serde_json::to_value(element) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Error::internal(format!("{} {} is no JSON object", S::KIND, element.id))),
        Err(error) => Err(Error::internal(format!("{} {} cannot be written as JSON", S::KIND, element.id))
            .with_source(error)),
    }
}
