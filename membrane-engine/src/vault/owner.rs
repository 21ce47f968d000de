use membrane_core::{CustomerId, ElementId, WorkspaceId};

/// Whose secrets a record holds. It opens for this owner only.
///
/// ```
/// use membrane_engine::vault::Owner;
///
/// assert_ne!(Owner::new("w", "acme", "github"), Owner::new("w", "acme", "slack"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The customer; `None` for an element of the workspace's own.
    pub customer: Option<CustomerId>,
    /// The element.
    pub element: ElementId,
}

impl Owner {
    /// Names an element of a customer, a connection for example.
    pub fn new(
        workspace: impl Into<WorkspaceId>,
        customer: impl Into<CustomerId>,
        element: impl Into<ElementId>,
    ) -> Self {
        Self { workspace: workspace.into(), customer: Some(customer.into()), element: element.into() }
    }

    /// Names an element of the workspace's own, an integration for example.
    pub fn of_workspace(workspace: impl Into<WorkspaceId>, element: impl Into<ElementId>) -> Self {
        Self { workspace: workspace.into(), customer: None, element: element.into() }
    }

    /// What a record is bound to. Each text goes behind its length, so that no two owners come out alike; what
    /// is absent has a length no text has.
    pub(super) fn associated(&self, bound: Bound, version: u64) -> Vec<u8> {
        let customer = self.customer.as_ref().map(AsRef::<str>::as_ref);
        let texts =
            [Some(bound.label()), Some(self.workspace.as_str()), customer, Some(self.element.as_str())];
        let len = |text: &Option<&str>| text.map_or(0, str::len) + 8;
        let mut bytes = Vec::with_capacity(texts.iter().map(len).sum::<usize>() + 8);
        for text in texts {
            match text {
                Some(text) => {
                    bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
                None => bytes.extend_from_slice(&u64::MAX.to_be_bytes()),
            }
        }
        bytes.extend_from_slice(&version.to_be_bytes());
        bytes
    }
}

/// What of an element a record holds; one does not open as the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// What a customer connected with.
    Credentials,
    /// What the product set on an integration.
    Parameters,
}

/// Which half of a record is bound. Data keys of all parts are bound alike, so that rotation need not know what
/// they seal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bound {
    DataKey,
    Part(Part),
}

impl Bound {
    fn label(self) -> &'static str {
        match self {
            Self::DataKey => "membrane.data-key.1",
            Self::Part(Part::Credentials) => "membrane.credentials.1",
            Self::Part(Part::Parameters) => "membrane.parameters.1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_with_the_same_letters_differ() {
        let associated = |w: &str, c: &str, e: &str| Owner::new(w, c, e).associated(Bound::DataKey, 1);
        assert_ne!(associated("ab", "c", "d"), associated("a", "bc", "d"));
        assert_ne!(associated("a", "", "b"), associated("a", "b", ""));
        let of_workspace = Owner::of_workspace("a", "b").associated(Bound::DataKey, 1);
        assert_ne!(of_workspace, associated("a", "", "b"));
        assert_ne!(of_workspace, associated("a", "b", ""));
        let owner = Owner::new("a", "b", "c");
        assert_ne!(owner.associated(Bound::DataKey, 1), owner.associated(Bound::DataKey, 2));
    }

    #[test]
    fn the_halves_and_parts_of_a_record_differ() {
        let owner = Owner::new("a", "b", "c");
        let bounds = [Bound::DataKey, Bound::Part(Part::Credentials), Bound::Part(Part::Parameters)];
        let bound = bounds.map(|bound| owner.associated(bound, 1));
        assert!(bound[0] != bound[1] && bound[1] != bound[2] && bound[0] != bound[2]);
    }
}
