//! Elements and rows: the one place where one becomes the other.

use membrane_core::element::{Element, ElementKind, Related, Spec};
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
    "isDeactivated",
    "credentials",
    "workspaceKey",
];

/// Fields of a stored document that no element has: what the engine notes for itself.
pub(crate) mod mark {
    /// The connector's or seed's action this one was made of, by the key it has there. It stays when a caller
    /// changes the action, so that a renamed one is not made again.
    pub(crate) const ORIGIN: &str = "connectorAction";

    /// What the content was made of, while it is still the connector's own.
    pub(crate) const SOURCE: &str = "connectorSource";

    /// What a folder the element was imported from says and no element has, and how it names the connector.
    pub(crate) const FOLDER: &str = "folder";

    /// What of that are fields.
    pub(crate) const FOLDER_FIELDS: &str = "fields";

    /// Of each secret field the revision that changed it last: the history tells of the change, and not of the value.
    pub(crate) const SEALED: &str = "sealedRevisions";

    pub(crate) const ALL: &[&str] = &[ORIGIN, SOURCE, FOLDER, SEALED];

    /// What stays when a caller changes an element.
    pub(crate) const OWN: &[&str] = &[ORIGIN, FOLDER, SEALED];
}

/// Takes these marks over from what a row was.
pub(crate) fn keep_marks(old: &Row, new: &mut Row, marks: &[&str]) {
    for &name in marks {
        if let Some(value) = old.doc.get(name) {
            new.doc.insert(name.to_owned(), value.clone());
        }
    }
}

/// Notes in a row that these secret fields change with it.
pub(crate) fn note_sealed<'n>(row: &mut Row, names: impl IntoIterator<Item = &'n str>) {
    for name in names {
        let noted = row.doc.entry(mark::SEALED).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(noted) = noted {
            noted.insert(name.to_owned(), row.revision.as_str().into());
        }
    }
}

/// The seat an element has: a connection that is its customer's default of an app, and the copy of an element
/// on a connection or for a customer. Two of either cannot be, however many callers make them at once.
fn slot<S: Spec>(element: &Element<S>, doc: &Map<String, Value>) -> Option<String> {
    let place = &element.place;
    if S::KIND == ElementKind::Connection {
        let is_default = doc.get("isDefault") == Some(&Value::Bool(true));
        return place.integration_id.as_ref().filter(|_| is_default).map(|id| format!("default/{id}"));
    }
    let parent = place.parent_id.as_ref()?;
    let instance_key = place.instance_key.as_deref().unwrap_or_default();
    if S::KIND.is_of_customer() {
        return place.tenant_id.as_ref().map(|_| format!("instance/{parent}/{instance_key}"));
    }
    let connection = place.connection_id.as_ref()?;
    Some(format!("copy/{connection}/{parent}/{instance_key}"))
}

pub(crate) fn to_row<S: Spec>(element: &Element<S>) -> Result<Row> {
    let place = &element.place;
    let mut doc = document(element)?;
    for name in COLUMNS.iter().chain(NOT_STORED).chain(S::SEALED).chain(S::DERIVED) {
        doc.shift_remove(*name);
    }
    Ok(Row {
        kind: S::KIND,
        id: element.id.clone(),
        customer: place.tenant_id.clone(),
        key: element.key.as_ref().map(ToString::to_string),
        slot: slot(element, &doc),
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
    let stored = std::mem::take(&mut element.place);
    element.place.tenant_id = customer;
    element.place.integration_id = integration;
    element.place.connection_id = connection;
    element.place.instance_key = instance_key;
    element.place.parent_id = parent;
    element.place.user_id = stored.user_id;
    element.place.universal_parent_id = stored.universal_parent_id;
    element.place.parent_revision = stored.parent_revision;
    element.place.universal_parent_revision = stored.universal_parent_revision;
    element.place.is_customized = stored.is_customized;
    element.place.customized_fields = stored.customized_fields;
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
