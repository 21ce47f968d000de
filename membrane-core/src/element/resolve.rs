use std::borrow::Cow;

use super::layer::{Connection, Integration, Universal};
use super::{At, ElementKind, Layered};
use crate::id::{ElementId, LayerName};

/// The element a run uses, and where each part of it came from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Effective<'a, S: Clone> {
    /// The kind.
    pub kind: ElementKind,
    /// The content that counts.
    pub spec: Cow<'a, S>,
    /// The closest layer that has content of its own.
    pub layer: LayerName,
    /// The name that counts.
    pub name: &'a str,
    /// The description that counts.
    pub description: Option<&'a str>,
    /// The universal element.
    pub universal: Option<&'a ElementId>,
    /// The integration's element.
    pub integration: Option<&'a ElementId>,
    /// The connection's element.
    pub connection: Option<&'a ElementId>,
}

/// Finds the effective element: connection over integration over universal.
///
/// A child with content of its own counts; one that follows its parent (not customized) takes the
/// parent's content; of a flow each node by itself ([`Layered::inherit`]). Name and description follow until they are
/// its own. `None` when no layer has the element.
///
/// ```
/// use membrane_core::LayerName;
/// use membrane_core::element::{ActionSpec, At, Element, layer, resolve};
///
/// let named = |name: &str| Element::new(name, name, ActionSpec::default());
/// let universal = At::<layer::Universal, _>::new(named("u"))?;
///
/// let mut child = named("i");
/// child.place.integration_id = Some("github".into());
/// child.place.parent_id = Some("u".into());
/// let follows = At::<layer::Integration, _>::new(child.clone())?;
/// let effective = resolve(Some(&universal), Some(&follows), None).unwrap();
/// assert_eq!((effective.layer, effective.name), (LayerName::Universal, "u"));
///
/// child.place.is_customized = Some(true);
/// let own = At::<layer::Integration, _>::new(child)?;
/// assert_eq!(resolve(Some(&universal), Some(&own), None).unwrap().layer, LayerName::Integration);
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn resolve<'a, S: Layered>(
    universal: Option<&'a At<Universal, S>>,
    integration: Option<&'a At<Integration, S>>,
    connection: Option<&'a At<Connection, S>>,
) -> Option<Effective<'a, S>> {
    let chain = [
        universal.map(|at| (LayerName::Universal, &**at, at.is_own())),
        integration.map(|at| (LayerName::Integration, &**at, at.is_own())),
        connection.map(|at| (LayerName::Connection, &**at, at.is_own())),
    ];
    let mut found: Option<(Cow<'a, S>, LayerName)> = None;
    let (mut name, mut description) = ("", None);
    for (layer, element, is_own) in chain.into_iter().flatten() {
        let is_first = found.is_none();
        if is_first || !element.follows_in("name", is_own) {
            name = &element.name;
        }
        if is_first || !element.follows_in("description", is_own) {
            description = element.description.as_deref();
        }
        found = Some(match found {
            Some((above, from)) if element.place.parent_id.is_some() => {
                (element.content_below(above, is_own), if is_own { layer } else { from })
            }
            // An uncustomized child whose parent is gone keeps the content it was derived with.
            _ => (Cow::Borrowed(&element.spec), layer),
        });
    }
    let (spec, layer) = found?;
    Some(Effective {
        kind: S::KIND,
        spec,
        layer,
        name,
        description,
        universal: universal.map(|e| &e.id),
        integration: integration.map(|e| &e.id),
        connection: connection.map(|e| &e.id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{ActionSpec, Element};

    fn action(id: &str, edit: impl FnOnce(&mut Element<ActionSpec>)) -> Element<ActionSpec> {
        let mut element = Element::new(id, id, ActionSpec::default());
        edit(&mut element);
        element
    }

    fn connection(customized: bool) -> At<Connection, ActionSpec> {
        At::new(action("c", |e| {
            e.place.integration_id = Some("i".into());
            e.place.connection_id = Some("k".into());
            e.place.parent_id = Some("i".into());
            e.place.is_customized = Some(customized);
        }))
        .unwrap()
    }

    fn integration() -> At<Integration, ActionSpec> {
        At::new(action("i", |e| e.place.integration_id = Some("i".into()))).unwrap()
    }

    #[test]
    fn a_customized_connection_counts_and_a_plain_one_follows() {
        let layer = |customized| {
            let (connection, integration) = (connection(customized), integration());
            resolve(None, Some(&integration), Some(&connection)).unwrap().layer
        };
        assert_eq!(layer(true), LayerName::Connection);
        assert_eq!(layer(false), LayerName::Integration);
    }

    #[test]
    fn an_orphan_keeps_its_content() {
        let orphan = connection(false);
        assert_eq!(resolve(None, None, Some(&orphan)).unwrap().layer, LayerName::Connection);
        assert!(resolve::<ActionSpec>(None, None, None).is_none());
    }

    #[test]
    fn an_element_of_another_layer_is_refused() {
        let wrong = At::<Universal, _>::new(integration().into_inner());
        assert_eq!(wrong.unwrap_err().kind(), crate::ErrorKind::Internal);
    }
}
