use membrane_core::{ConnectionId, CustomerId, WorkspaceId};

/// Whose credentials a record holds. It opens for this owner only.
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
    /// The customer.
    pub customer: CustomerId,
    /// The connection.
    pub connection: ConnectionId,
}

impl Owner {
    /// Names an owner.
    pub fn new(
        workspace: impl Into<WorkspaceId>,
        customer: impl Into<CustomerId>,
        connection: impl Into<ConnectionId>,
    ) -> Self {
        Self { workspace: workspace.into(), customer: customer.into(), connection: connection.into() }
    }

    /// What a record is bound to. Each part goes behind its length, so that no two owners come out alike.
    pub(super) fn associated(&self, part: Part, version: u64) -> Vec<u8> {
        let parts = [part.label(), self.workspace.as_str(), self.customer.as_str(), self.connection.as_str()];
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum::<usize>() + 8);
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(&version.to_be_bytes());
        bytes
    }
}

/// Which half of a record is bound; one does not open in place of the other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Credentials,
    DataKey,
}

impl Part {
    fn label(self) -> &'static str {
        match self {
            Self::Credentials => "membrane.credentials.1",
            Self::DataKey => "membrane.data-key.1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_with_the_same_letters_differ() {
        let associated = |w: &str, c: &str, n: &str| Owner::new(w, c, n).associated(Part::DataKey, 1);
        assert_ne!(associated("ab", "c", "d"), associated("a", "bc", "d"));
        assert_ne!(associated("a", "", "b"), associated("a", "b", ""));
        let owner = Owner::new("a", "b", "c");
        assert_ne!(owner.associated(Part::DataKey, 1), owner.associated(Part::DataKey, 2));
        assert_ne!(owner.associated(Part::DataKey, 1), owner.associated(Part::Credentials, 1));
    }
}
