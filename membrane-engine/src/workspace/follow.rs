//! What an element of an integration is to its parent, when a folder says so.

use std::borrow::Cow;

use membrane_core::element::{Element, Layered};

/// The element one layer up as it will be.
pub(super) struct Above<S> {
    pub(super) parent: Element<S>,
    /// Whether it is new, or changes with this import.
    pub(super) is_fresh: bool,
}

/// What the workspace has of an element: as it is now, and whether its file says what is stored of it.
pub(super) struct Known<S> {
    pub(super) now: Element<S>,
    pub(super) stored: Element<S>,
    pub(super) is_as_stored: bool,
}

/// Ties an element to its parent, as its file says: with content of its own, or following. Says whether content was
/// passed over.
///
/// The content of a file that follows is what somebody derived from the parent. It is taken where the parent is taken
/// from the same folder, and stands until the parent changes. Where only the child's file was changed, its content can
/// neither be what follows from the parent nor its own.
pub(super) fn follow<S: Layered>(
    element: &mut Element<S>,
    known: Option<&Known<S>>,
    above: &Above<S>,
    said: Option<bool>,
    nothing: &S,
) -> bool {
    let parent = &above.parent;
    let is_empty = element.spec.is_same_content(nothing);
    let known = known.filter(|known| known.now.place.parent_id.as_ref() == Some(&parent.id));
    let was_own = known.is_some_and(|known| known.now.place.is_customized == Some(true));
    let is_as_now = known.is_some_and(|known| element.spec.is_same_content(&known.now.spec));
    let is_own = said.unwrap_or(was_own || !is_empty && !is_as_now);
    let place = &mut element.place;
    place.parent_id = Some(parent.id.clone());
    place.universal_parent_id = Some(parent.id.clone());
    place.is_customized = Some(is_own);
    follow_fields(element, known, parent);
    let followed =
        |element: &Element<S>, parent: &S| element.content_below(Cow::Borrowed(parent), false).into_owned();
    let place = &mut element.place;
    match known {
        Some(known) if is_own && was_own => {
            place.parent_revision.clone_from(&known.now.place.parent_revision)
        }
        _ if is_own => place.parent_revision = Some(parent.revision.clone()),
        Some(known) if !was_own => {
            let is_unchanged = is_as_now || is_empty || known.is_as_stored;
            if !is_unchanged && above.is_fresh {
                place.parent_revision = Some(parent.revision.clone());
                return false;
            }
            place.parent_revision.clone_from(&known.now.place.parent_revision);
            element.spec = followed(element, &known.now.spec);
            return !is_unchanged;
        }
        None if !is_empty => place.parent_revision = Some(parent.revision.clone()),
        // What it follows is looked up whenever it is shown.
        _ => {
            place.parent_revision = None;
            element.spec = followed(element, &parent.spec);
        }
    }
    false
}

/// Settles in which of name, description and switches an element follows its parent: in those its file does not say,
/// says as they are, or as they were when it was last given out.
fn follow_fields<S: Layered>(element: &mut Element<S>, known: Option<&Known<S>>, parent: &Element<S>) {
    let Some(Known { now, stored, .. }) = known else {
        element.fill_fields(parent);
        return;
    };
    element.place.customized_fields.clone_from(&now.place.customized_fields);
    for name in Element::<S>::single_fields() {
        let said = element.single_field(name);
        let is_own = element.place.has_own(name);
        if said.is_none() && !is_own || said == now.single_field(name) || said == stored.single_field(name) {
            element.set_single_field(name, now.single_field(name));
            continue;
        }
        element.place.customized_fields.retain(|own| own != name);
        if said.is_none() {
            element.set_single_field(name, parent.single_field(name));
        } else if said != parent.single_field(name) {
            element.place.customized_fields.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use membrane_core::element::DataSourceSpec;

    use super::*;

    fn source(id: &str, udm: &str) -> Element<DataSourceSpec> {
        let mut spec = DataSourceSpec::default();
        spec.udm = Some(udm.to_owned()).filter(|udm| !udm.is_empty());
        Element::new(id, "Source", spec)
    }

    fn above(udm: &str, is_fresh: bool) -> Above<DataSourceSpec> {
        let mut parent = source("parent", udm);
        parent.revision = "new".to_owned();
        Above { parent, is_fresh }
    }

    fn known(udm: &str, is_own: bool, is_as_stored: bool) -> Known<DataSourceSpec> {
        let mut now = source("child", udm);
        now.place.parent_id = Some("parent".into());
        now.place.parent_revision = Some("old".to_owned());
        now.place.is_customized = Some(is_own);
        Known { stored: now.clone(), now, is_as_stored }
    }

    /// The content, what is followed, whether it is own, and whether content was passed over.
    fn outcome(
        file: &str,
        known: Option<&Known<DataSourceSpec>>,
        above: &Above<DataSourceSpec>,
        said: Option<bool>,
    ) -> (String, Option<String>, bool, bool) {
        let mut element = source("child", file);
        let is_passed_over = follow(&mut element, known, above, said, &DataSourceSpec::default());
        let place = element.place;
        let is_own = place.is_customized == Some(true);
        (element.spec.udm.unwrap_or_default(), place.parent_revision, is_own, is_passed_over)
    }

    #[test]
    fn a_new_child_has_what_its_file_says_until_its_parent_changes() {
        let new = Some("new".to_owned());
        for said in [Some(false), Some(true)] {
            let own = said == Some(true);
            assert_eq!(outcome("a", None, &above("p", true), said), ("a".into(), new.clone(), own, false));
        }
        assert_eq!(outcome("a", None, &above("p", true), None), ("a".into(), new, true, false));
        assert_eq!(outcome("", None, &above("p", true), None), ("p".into(), None, false, false));
    }

    #[test]
    fn a_name_follows_until_the_file_says_another() {
        let named = |file: &str, known: Option<&Known<DataSourceSpec>>, parent: &str| {
            let mut element = source("child", "a");
            element.name = file.to_owned();
            let mut above = above("a", true);
            above.parent.name = parent.to_owned();
            follow(&mut element, known, &above, Some(false), &DataSourceSpec::default());
            (element.name.clone(), element.place.has_own("name"))
        };
        assert_eq!(named("", None, "Parent"), ("Parent".to_owned(), false));
        assert_eq!(named("Parent", None, "Parent"), ("Parent".to_owned(), false));
        assert_eq!(named("Mine", None, "Parent"), ("Mine".to_owned(), true));
        let mut follows = known("a", false, true);
        follows.now.name = "Parent".to_owned();
        // As it was when it was given out, or as it is.
        assert_eq!(named("Source", Some(&follows), "Renamed"), ("Parent".to_owned(), false));
        assert_eq!(named("Parent", Some(&follows), "Renamed"), ("Parent".to_owned(), false));
        assert_eq!(named("Mine", Some(&follows), "Renamed"), ("Mine".to_owned(), true));
        follows.now.place.customized_fields = vec!["name".to_owned()];
        assert_eq!(named("Renamed", Some(&follows), "Renamed"), ("Renamed".to_owned(), false));
        assert_eq!(named("", Some(&follows), "Renamed"), ("Renamed".to_owned(), false));
    }

    #[test]
    fn a_file_that_was_not_changed_leaves_the_child_following() {
        let old = Some("old".to_owned());
        let stale = outcome("stored", Some(&known("now", false, true)), &above("p", true), Some(false));
        assert_eq!(stale, ("now".into(), old.clone(), false, false));
        let same = outcome("now", Some(&known("now", false, false)), &above("p", false), Some(false));
        assert_eq!(same, ("now".into(), old, false, false));
    }

    #[test]
    fn changed_content_is_taken_with_its_parent_and_passed_over_without() {
        let with = outcome("derived", Some(&known("now", false, false)), &above("p", true), Some(false));
        assert_eq!(with, ("derived".into(), Some("new".to_owned()), false, false));
        let without = outcome("edited", Some(&known("now", false, false)), &above("p", false), Some(false));
        assert_eq!(without, ("now".into(), Some("old".to_owned()), false, true));
        let own = outcome("edited", Some(&known("now", false, false)), &above("p", false), Some(true));
        assert_eq!(own, ("edited".into(), Some("new".to_owned()), true, false));
        let unsaid = outcome("edited", Some(&known("now", false, false)), &above("p", false), None);
        assert_eq!(unsaid, ("edited".into(), Some("new".to_owned()), true, false));
    }

    #[test]
    fn a_customized_child_stays_until_its_file_says_that_it_follows() {
        let stays = outcome("own", Some(&known("own", true, true)), &above("p", true), Some(true));
        assert_eq!(stays, ("own".into(), Some("old".to_owned()), true, false));
        let back = outcome("own", Some(&known("own", true, true)), &above("p", false), Some(false));
        assert_eq!(back, ("p".into(), None, false, false));
    }
}
