//! People's names.

pub(super) struct Name;
impl Name {
    pub(super) fn parse(_: &str) -> Self {
        Self
    }
    pub(super) fn first_if_last(&self) -> Option<String> {
        None
    }
    pub(super) fn last_or_only(&self) -> Option<String> {
        None
    }
}
