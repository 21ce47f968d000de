//! Paths of elements in a folder.

use percent_encoding::percent_decode_str;

use super::entry::EntryKey;
use crate::element::ElementKind;
use crate::id::LayerName;

/// The kinds a folder holds.
const KINDS: &[ElementKind] = &[
    ElementKind::Action,
    ElementKind::App,
    ElementKind::AppDataSchema,
    ElementKind::AppEventType,
    ElementKind::Connector,
    ElementKind::DataLinkTable,
    ElementKind::DataSource,
    ElementKind::FieldMapping,
    ElementKind::Flow,
    ElementKind::Integration,
    ElementKind::Package,
];

/// What file systems do not take in a name, besides control characters, and dots at its ends.
const UNFIT: &[char] = &['%', '/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// Names that are devices on some systems, whatever follows a dot in them.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// What a path says about its file.
#[derive(Debug, PartialEq)]
pub(super) enum Location {
    /// An element: its kind, the key of its integration, the name of its folder.
    Element(ElementKind, Option<String>, String),
    /// Not of the workspace.
    Outside,
    /// Of the workspace and no element.
    PassedOver,
    /// An element where none can be.
    Wrong(String),
}

/// Whether elements of this kind are part of a folder.
pub(super) fn is_exported(kind: ElementKind) -> bool {
    KINDS.contains(&kind)
}

/// Whether elements of this kind can be in the folder of an integration.
pub(super) fn is_of_integration(kind: ElementKind) -> bool {
    kind.layers().contains(&LayerName::Integration)
}

/// Reads a path.
pub(super) fn locate(path: &str) -> Location {
    let Some(path) = path.strip_prefix("membrane/") else { return Location::Outside };
    let parts: Vec<&str> = path.split('/').collect();
    let (file, folders) = parts.split_last().map_or(("", &[][..]), |(file, folders)| (*file, folders));
    let Some(stem) = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml")) else {
        return Location::PassedOver;
    };
    let integrations = ElementKind::Integration.plural();
    match folders {
        [] => Location::Wrong("a file of an element lies in the folder of its kind".to_owned()),
        [first, integration, plural, rest @ ..] if *first == integrations => match kind(plural) {
            Some(kind) if is_of_integration(kind) => element(kind, Some(integration), rest, stem),
            Some(kind) => Location::Wrong(format!("elements of the kind `{kind}` belong to no integration")),
            None => Location::Wrong(unknown(plural)),
        },
        [plural, rest @ ..] => match kind(plural) {
            Some(kind) => element(kind, None, rest, stem),
            None => Location::Wrong(unknown(plural)),
        },
    }
}

fn kind(plural: &str) -> Option<ElementKind> {
    KINDS.iter().copied().find(|kind| kind.plural() == plural)
}

fn unknown(plural: &str) -> String {
    format!("`{plural}` is no kind of element a folder holds")
}

fn element(kind: ElementKind, integration: Option<&str>, rest: &[&str], stem: &str) -> Location {
    let name = match rest {
        // `actions/create-task.yaml`, as the documentation has it.
        [] => stem,
        [name] if stem == "spec" || (kind == ElementKind::Connector && stem == *name) => name,
        _ => return Location::PassedOver,
    };
    Location::Element(kind, integration.map(unescape), unescape(name))
}

/// The path of an element; a connector lies under its uuid.
pub(super) fn path(key: &EntryKey, uuid: Option<&str>) -> String {
    let plural = key.kind.plural();
    let name = escape(key.key.as_str());
    match (&key.integration, uuid) {
        (Some(integration), _) => {
            let integrations = ElementKind::Integration.plural();
            format!("membrane/{integrations}/{}/{plural}/{name}/spec.yaml", escape(integration.as_str()))
        }
        (None, uuid) if key.kind == ElementKind::Connector => {
            let name = uuid.map_or(name, escape);
            format!("membrane/{plural}/{name}/{name}.yml")
        }
        (None, _) => format!("membrane/{plural}/{name}/spec.yaml"),
    }
}

/// The name of a folder for a key: what every file system takes as it is stays.
fn escape(name: &str) -> String {
    let inner = name.trim_start_matches('.');
    let ends = inner.trim_end_matches(['.', ' ']).len();
    let mut escaped = "%2E".repeat(name.len() - inner.len());
    for (at, c) in inner.char_indices() {
        if c.is_control() || UNFIT.contains(&c) || at >= ends || at == 0 && is_device(inner) {
            escape_one(c, &mut escaped);
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn escape_one(c: char, escaped: &mut String) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        escaped.push_str(&format!("%{byte:02X}"));
    }
}

/// `com1` to `com9`, `lpt1` to `lpt9` and [`DEVICES`].
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_lowercase();
    let is_port = |port: &str| matches!(stem.strip_prefix(port).map(str::as_bytes), Some([b'1'..=b'9']));
    DEVICES.contains(&stem.as_str()) || is_port("com") || is_port("lpt")
}

fn unescape(name: &str) -> String {
    percent_decode_str(name).decode_utf8().map_or_else(|_| name.to_owned(), |name| name.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::workspace::WorkspaceFiles;

    fn at(kind: ElementKind, integration: Option<&str>, name: &str) -> Location {
        Location::Element(kind, integration.map(str::to_owned), name.to_owned())
    }

    #[test]
    fn paths_say_kind_integration_and_key() {
        let cases = [
            ("membrane/actions/a/spec.yaml", at(ElementKind::Action, None, "a")),
            ("membrane/flows/a b.yaml", at(ElementKind::Flow, None, "a b")),
            ("membrane/external-apps/a/spec.yaml", at(ElementKind::App, None, "a")),
            ("membrane/integrations/hubspot/spec.yaml", at(ElementKind::Integration, None, "hubspot")),
            (
                "membrane/integrations/hubspot/data-sources/a/spec.yml",
                at(ElementKind::DataSource, Some("hubspot"), "a"),
            ),
            ("membrane/connectors/u/u.yml", at(ElementKind::Connector, None, "u")),
            ("membrane.config.yml", Location::Outside),
            ("src/membrane/actions/a/spec.yaml", Location::Outside),
            ("membrane/README.md", Location::PassedOver),
            ("membrane/actions/a/test.yaml", Location::PassedOver),
            ("membrane/actions/a/b/spec.yaml", Location::PassedOver),
        ];
        for (path, expected) in cases {
            assert_eq!(locate(path), expected, "{path}");
        }
        for path in [
            "membrane/spec.yaml",
            "membrane/widgets/a/spec.yaml",
            "membrane/connections/a/spec.yaml",
            "membrane/integrations/hubspot/app-event-types/a/spec.yaml",
            "membrane/integrations/hubspot/widgets/a/spec.yaml",
        ] {
            assert!(matches!(locate(path), Location::Wrong(_)), "{path}");
        }
    }

    #[test]
    fn what_file_systems_take_stays_and_the_rest_is_escaped() {
        for (name, expected) in [
            ("任务 é", "任务 é"),
            ("create Job", "create Job"),
            ("a:b%c", "a%3Ab%25c"),
            (".hidden. ", "%2Ehidden%2E%20"),
            ("a\u{85}b", "a%C2%85b"),
            ("con", "%63on"),
            ("Com1.txt", "%43om1.txt"),
            ("lpt0", "lpt0"),
            ("console", "console"),
        ] {
            assert_eq!(escape(name), expected, "{name}");
        }
        assert_eq!(escape(&"任".repeat(33)).len(), 99);
    }

    proptest! {
        #[test]
        fn names_come_back_and_fit_a_path(name in "\\PC{1,20}|[.]{1,3}[a ]{0,2}[. ]{0,3}") {
            prop_assert_eq!(unescape(&escape(&name)), name.clone());
            let path = format!("membrane/actions/{}/spec.yaml", escape(&name));
            prop_assert!(WorkspaceFiles::new().insert(path, "").is_ok());
        }
    }
}
