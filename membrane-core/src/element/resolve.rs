use super::layer::{Connection, Integration, Universal};
use super::{At, ElementKind, Layered};
use crate::id::{ElementId, LayerName};

/// The element a run uses, and where each part of it came from.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Effective<'a, S> {
    /// The kind.
    pub kind: ElementKind,
    /// The content that counts.
    pub spec: &'a S,
    /// The layer the content comes from.
    pub layer: LayerName,
    /// The name of the most specific element.
    pub name: &'a str,
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
/// parent's content. `None` when no layer has the element.
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
/// assert_eq!((effective.layer, effective.name), (LayerName::Universal, "i"));
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
    let name = connection.map(|e| &e.name).or(integration.map(|e| &e.name)).or(universal.map(|e| &e.name))?;
    // An uncustomized child whose parent is gone keeps the content it was derived with.
    let own = |is_own: bool, has_parent: bool| is_own || !has_parent;
    let (spec, layer) = match (connection, integration, universal) {
        (Some(c), i, u) if own(c.is_own(), i.is_some() || u.is_some()) => (&c.spec, LayerName::Connection),
        (_, Some(i), u) if own(i.is_own(), u.is_some()) => (&i.spec, LayerName::Integration),
        (_, _, Some(u)) => (&u.spec, LayerName::Universal),
        (Some(c), _, None) => (&c.spec, LayerName::Connection),
        (None, Some(i), None) => (&i.spec, LayerName::Integration),
        (None, None, None) => return None,
    };
    Some(Effective {
        kind: S::KIND,
        spec,
        layer,
        name,
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
