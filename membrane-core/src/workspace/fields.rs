//! Which fields of a kind a file may say, which only the engine says, and which refer to other elements.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::entry::EntryKey;
use crate::element::{
    ActionSpec, AppDataSchemaSpec, AppEventTypeSpec, AppSpec, COMMON_EDITABLE, DataLinkTableSpec,
    DataSourceSpec, Element, ElementKind, FieldMappingSpec, FlowSpec, IntegrationSpec, PackageSpec, Spec,
};
use crate::file::yaml::MAX_DEPTH;
use crate::id::Key;

/// Fields that say where an element belongs. Two elements that belong to the same place say it the same or not.
pub(super) const PLACE: &[&str] = &["integrationUuid", "isUniversal"];

/// Fields every layered kind takes.
const LAYERED: &[&str] = &[
    "integrationUuid",
    "parentUuid",
    "parentKey",
    "externalAppUuid",
    "externalAppKey",
    "isCustomized",
    "isUniversal",
    "instanceKey",
];

/// Fields of any kind that only the engine says.
const READ_ONLY: &[&str] = &[
    "agentSessionId",
    "appUri",
    "appliedToIntegrations",
    "archivedAt",
    "connection",
    "createdAt",
    "customizedFields",
    "dependencies",
    "error",
    "errors",
    "externalAppId",
    "id",
    "integration",
    "integrationId",
    "isDeactivated",
    "isReadOnly",
    "isTest",
    "parent",
    "parentId",
    "parentRevision",
    "revision",
    "state",
    "tenantId",
    "universalParentId",
    "universalParentRevision",
    "updatedAt",
    "user",
    "userId",
];

/// The fields of one kind.
pub(super) struct Rules {
    editable: &'static [&'static str],
    exported: &'static [&'static str],
    derived: &'static [&'static str],
    read_only: &'static [&'static str],
    parents: &'static [(&'static str, &'static str)],
    pub(super) sealed: &'static [&'static str],
    check: fn(&str, &Value) -> Option<String>,
}

const fn of<S: Spec>(exported: &'static [&'static str], read_only: &'static [&'static str]) -> Rules {
    Rules {
        editable: S::EDITABLE,
        exported,
        derived: S::DERIVED,
        read_only,
        parents: S::PARENT_ALIASES,
        sealed: S::SEALED,
        check: check::<S>,
    }
}

/// The rules of a kind; of one that is no part of a folder, those all kinds share.
pub(super) const fn rules(kind: ElementKind) -> Rules {
    match kind {
        ElementKind::Action => of::<ActionSpec>(
            &[],
            &["defaultOutputSchema", "isPublic", "outputSchema", "transformedOutputSchema"],
        ),
        ElementKind::App => of::<AppSpec>(&[], &[]),
        ElementKind::AppDataSchema => of::<AppDataSchemaSpec>(&["instanceKey"], &["isCustomized"]),
        ElementKind::AppEventType => of::<AppEventTypeSpec>(&[], &["globalWebhookUri", "webhookKey"]),
        ElementKind::DataLinkTable => of::<DataLinkTableSpec>(&["instanceKey"], &[]),
        ElementKind::DataSource => of::<DataSourceSpec>(&[], &["collectionSpec", "dataSource"]),
        ElementKind::FieldMapping => of::<FieldMappingSpec>(&[], &["fieldMapping"]),
        ElementKind::Flow => of::<FlowSpec>(&[], &["flow"]),
        ElementKind::Integration => of::<IntegrationSpec>(
            &["appUuid", "connectorUuid", "externalAppKey", "externalAppUuid", "logoBase64"],
            &[
                "authOptions",
                "authType",
                "baseUri",
                "dataCollectionsCount",
                "eventsCount",
                "hasData",
                "hasDocumentation",
                "hasEvents",
                "hasGlobalWebhooks",
                "hasMissingParameters",
                "hasOperations",
                "hasUdm",
                "operationsCount",
                "spec",
            ],
        ),
        ElementKind::Package => of::<PackageSpec>(&[], &["changelog", "parentPackageVersion", "version"]),
        _ => CONNECTOR,
    }
}

/// A connector as a platform exports it: its parts are functions in the words of a connector's own files.
const CONNECTOR: Rules = Rules {
    editable: &[
        "appUuid",
        "categories",
        "credentialsSchema",
        "customCredentialsSchema",
        "disconnect",
        "externalAppKey",
        "externalAppUuid",
        "getCredentialsFromAccessTokenResponse",
        "getCredentialsFromConnectionParameters",
        "getCredentialsFromRefreshTokenResponse",
        "getOAuthConfig",
        "getTokenData",
        "inputSchema",
        "logoUri",
        "makeApiClient",
        "options",
        "parametersSchema",
        "proxyKey",
        "refreshCredentials",
        "test",
        "type",
        "ui",
    ],
    exported: &[],
    derived: &[],
    read_only: &[
        "baseUri",
        "changelog",
        "connectorId",
        "dataCollectionsCount",
        "eventsCount",
        "hasAuthTest",
        "hasData",
        "hasOperations",
        "hasTest",
        "isPublic",
        "operationsCount",
        "popularity",
        "udms",
        "version",
    ],
    parents: &[],
    sealed: &[],
    check: check::<Map<String, Value>>,
};

fn check<S: DeserializeOwned>(name: &str, value: &Value) -> Option<String> {
    // Only the names a file takes come here: none of them is `id`, none belongs to a neighbour.
    let alone = [("id".to_owned(), Value::from("")), (name.to_owned(), value.clone())];
    serde_json::from_value::<Element<S>>(alone.into_iter().collect()).err().map(|error| error.to_string())
}

/// A field that names another element: by id where that is all there is, by uuid or key in a folder.
pub(super) struct Reference {
    /// What says it by id, the nearest first.
    pub(super) ids: Vec<&'static str>,
    pub(super) uuid: &'static str,
    pub(super) key: &'static str,
    /// The kind of the other.
    pub(super) kind: ElementKind,
}

/// What names the parent of an element.
pub(super) fn parent(kind: ElementKind) -> Reference {
    let aliases = rules(kind).parents;
    let called = |wanted: &'static str| {
        let known = aliases.iter().filter(move |(_, name)| *name == wanted).map(|(alias, _)| *alias);
        std::iter::once(wanted).chain(known)
    };
    let ids = called("parentId").chain(called("universalParentId")).collect();
    Reference { ids, uuid: "parentUuid", key: "parentKey", kind }
}

/// What an element names others by.
pub(super) fn references(key: &EntryKey) -> Vec<Reference> {
    let mut references = Vec::new();
    if key.integration.is_some() {
        references.push(parent(key.kind));
    }
    let named = |id, uuid, key, kind| Reference { ids: vec![id], uuid, key, kind };
    match key.kind {
        ElementKind::FieldMapping => {
            references.push(named("dataSourceId", "dataSourceUuid", "dataSourceKey", ElementKind::DataSource))
        }
        ElementKind::Integration => {
            references.push(named("connectorId", "connectorUuid", "connectorKey", ElementKind::Connector))
        }
        _ => {}
    }
    references
}

/// The fields of an element as a folder has them.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) fields: Map<String, Value>,
    pub(super) unknown: Vec<String>,
    pub(super) read_only: Vec<String>,
    /// Fields that cannot be so, and why.
    pub(super) wrong: Vec<(String, String)>,
}

/// Parts what a file may say from what it may not. The key stands where it stood, or first.
pub(super) fn settle(key: &EntryKey, fields: Map<String, Value>) -> Settled {
    let rules = rules(key.kind);
    let references = references(key);
    let surplus = surplus(&references, &fields);
    let mut settled = Settled::default();
    if !fields.contains_key("key") {
        settled.fields.insert("key".to_owned(), key.key.as_str().into());
    }
    for (name, value) in fields {
        if name == "key" {
            settled.fields.insert(name, key.key.as_str().into());
            continue;
        }
        if let Some(why) = misplaced(key, &name, &value) {
            settled.wrong.push((name, why));
            continue;
        }
        let is_reference = references.iter().any(|reference| reference.ids.contains(&name.as_str()));
        let is_taken = if is_reference { !surplus.contains(&name) } else { rules.takes(key.kind, &name) };
        let is_dropped = is_reference || name == "integrationKey" || rules.is_read_only(&name);
        if !is_taken && is_dropped {
            settled.read_only.push(name);
        } else if !fits(&value, MAX_DEPTH - 1) {
            settled.wrong.push((name, format!("nests deeper than {MAX_DEPTH} levels")));
        } else if is_taken {
            match rules.why_not(&name, &value) {
                Some(why) => settled.wrong.push((name, why)),
                None => _ = settled.fields.insert(name, value),
            }
        } else {
            settled.unknown.push(name.clone());
            settled.fields.insert(name, value);
        }
    }
    settled
}

/// Ids that say what a uuid, a key or a nearer id says already.
fn surplus(references: &[Reference], fields: &Map<String, Value>) -> Vec<String> {
    let is_there = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let mut surplus = Vec::new();
    for reference in references {
        let mut is_said = is_there(reference.uuid) || is_there(reference.key);
        for id in &reference.ids {
            if is_said || !is_there(id) {
                surplus.push((*id).to_owned());
            }
            is_said |= is_there(id);
        }
    }
    surplus
}

/// Why an element that says this is not where it belongs.
fn misplaced(key: &EntryKey, name: &str, value: &Value) -> Option<String> {
    match name {
        _ if value.is_null() => None,
        "connectionId" | "connectionKey" => {
            Some("an element of a connection is no part of a workspace folder".to_owned())
        }
        "integrationKey" => {
            let here = key.integration.as_ref().map(Key::as_str);
            let named = value.as_str();
            let shown = |key: Option<&str>| key.map_or("no integration".to_owned(), |key| format!("`{key}`"));
            let message = || format!("the file lies in the folder of {}, not of {value}", shown(here));
            (named != here).then(message)
        }
        _ => None,
    }
}

impl Rules {
    fn takes(&self, kind: ElementKind, name: &str) -> bool {
        [COMMON_EDITABLE, self.editable, self.exported].iter().any(|names| names.contains(&name))
            || kind.is_layered() && LAYERED.contains(&name)
    }

    fn is_read_only(&self, name: &str) -> bool {
        [READ_ONLY, self.derived, self.read_only].iter().any(|names| names.contains(&name))
            || self.parents.iter().any(|(alias, _)| *alias == name)
    }

    fn why_not(&self, name: &str, value: &Value) -> Option<String> {
        let names_something = ["Id", "Key", "Uuid"].iter().any(|end| name.ends_with(end));
        if names_something && !value.is_string() && !value.is_null() {
            return Some("expected a text".to_owned());
        }
        (self.check)(name, value)
    }
}

/// Whether a value has no more than so many levels.
fn fits(value: &Value, levels: usize) -> bool {
    let inside = |value: &Value| levels > 0 && fits(value, levels - 1);
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(inside),
        Value::Object(fields) => levels > 0 && fields.values().all(inside),
        _ => true,
    }
}
