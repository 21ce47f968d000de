//! The data of the CRM.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Company, Contact, Note};

/// The data of Contactly.
#[derive(Debug, Default)]
pub struct Contactly {
    pub(super) contacts: Table<Contact>,
    pub(super) companies: Table<Company>,
    pub(super) notes: Table<Note>,
}

impl Contactly {
    /// Says whether a contact other than `id` has this email, in any case.
    pub(super) fn email_is_taken(&self, email: &str, id: u64) -> bool {
        self.contacts.iter().any(|contact| contact.id != id && contact.email.eq_ignore_ascii_case(email))
    }

    /// Removes a contact and its notes; says whether there was one.
    pub(super) fn remove_contact(&mut self, id: u64) -> bool {
        self.notes.rows.retain(|_, note| note.contact_id != id);
        self.contacts.rows.remove(&id).is_some()
    }

    /// Removes a company and takes it off its contacts; says whether there was one.
    pub(super) fn remove_company(&mut self, id: u64) -> bool {
        for contact in self.contacts.rows.values_mut().filter(|contact| contact.company_id == Some(id)) {
            contact.company_id = None;
        }
        self.companies.rows.remove(&id).is_some()
    }

    /// Adds contacts and companies whose fields depend on their ids alone.
    pub(super) fn add_seeded(&mut self, contacts: usize) {
        // Monday 5 January 2026, 09:00 UTC, and then a contact every eleven minutes.
        let at = |n: u64| 1_767_603_600 + n.cast_signed() * 660;
        let mut company_id = 0;
        for n in 0..contacts {
            if n % 10 == 0 {
                company_id = self.companies.add(|id| seeded_company(id, at(id)));
            }
            self.contacts.add(|id| seeded_contact(id, company_id, at(id)));
        }
    }
}

/// Rows of one type, in order of creation.
#[derive(Debug)]
pub(super) struct Table<T> {
    rows: BTreeMap<u64, T>,
    // Never goes back, so that a deleted row's id is not given to another.
    last: u64,
}

impl<T> Table<T> {
    /// Adds the row that is made for the next id; answers the id.
    pub(super) fn add(&mut self, row: impl FnOnce(u64) -> T) -> u64 {
        self.last += 1;
        self.rows.insert(self.last, row(self.last));
        self.last
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    pub(super) fn row(&self, id: u64) -> Option<&T> {
        self.rows.get(&id)
    }

    pub(super) fn row_mut(&mut self, id: u64) -> Option<&mut T> {
        self.rows.get_mut(&id)
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), last: 0 }
    }
}

/// The time in Unix seconds.
pub(super) fn now() -> i64 {
    Timestamp::now().as_second()
}

fn seeded_company(id: u64, at: i64) -> Company {
    const NAMES: [&str; 5] = ["Northwind", "Fabrikam", "Globex", "Initech", "Umbra"];
    let name = NAMES[id as usize % NAMES.len()];
    Company {
        id,
        name: format!("{name} {id}"),
        domain: (!id.is_multiple_of(4)).then(|| format!("{}{id}.example", name.to_lowercase())),
        created: at,
        modified: at,
    }
}

fn seeded_contact(id: u64, company_id: u64, at: i64) -> Contact {
    const FIRST: [&str; 7] = ["Ada", "Ben", "Chloe", "Dmitri", "Elena", "Farid", "Grace"];
    const LAST: [&str; 5] = ["Moreau", "Okafor", "Lindqvist", "Tanaka", "Silva"];
    let (first, last) = (FIRST[id as usize % FIRST.len()], LAST[id as usize % LAST.len()]);
    Contact {
        id,
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        email: format!("{}.{}.{id}@example.com", first.to_lowercase(), last.to_lowercase()),
        phone: (!id.is_multiple_of(3)).then(|| format!("+1 555 {:07}", id % 10_000_000)),
        company_id: (!id.is_multiple_of(5)).then_some(company_id),
        created: at,
        modified: at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleting_takes_along_what_hangs_on_it() {
        let mut state = Contactly::default();
        state.add_seeded(12);
        state.notes.add(|id| Note { id, contact_id: 1, ..Note::default() });
        state.notes.add(|id| Note { id, contact_id: 2, ..Note::default() });

        assert!(state.remove_contact(1));
        assert!(!state.remove_contact(1));
        assert_eq!(state.notes.iter().map(|note| note.contact_id).collect::<Vec<_>>(), [2]);

        assert!(state.remove_company(1));
        assert!(state.contacts.iter().all(|contact| contact.company_id != Some(1)));
        assert!(state.contacts.iter().any(|contact| contact.company_id == Some(2)));
    }

    #[test]
    fn an_email_is_taken_in_any_case_but_not_by_its_own_contact() {
        let mut state = Contactly::default();
        state.contacts.add(|id| Contact { id, email: "Ada@example.com".to_owned(), ..Contact::default() });
        assert!(state.email_is_taken("ada@EXAMPLE.com", 0));
        assert!(!state.email_is_taken("ada@example.com", 1));
    }
}
