//! What contacts and companies have in common: rows that are read, added, replaced and removed one way.

use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::{self, FieldError};
use super::state::Table;
use super::{Company, Contact, Contactly};

/// A row with an id and the times of its making and last change.
pub(super) trait Row: Serialize + Send + Sized + 'static {
    /// What one is called.
    const NAME: &'static str;

    /// All of them.
    fn table(data: &Contactly) -> &Table<Self>;

    /// All of them, to be changed.
    fn table_mut(data: &mut Contactly) -> &mut Table<Self>;

    /// Reads the fields of a body; id and times are not set.
    fn read(body: &Map<String, Value>, data: &Contactly) -> Result<Self, Vec<FieldError>>;

    /// Says which row other than `id` stands in the way of this one.
    fn conflict(&self, data: &Contactly, id: u64) -> Option<(&'static str, Vec<FieldError>)>;

    /// When it was made.
    fn created(&self) -> i64;

    /// The row with its id and times.
    fn stamped(self, id: u64, created: i64, modified: i64) -> Self;

    /// Removes one, and what hangs on it; says whether there was one.
    fn remove(data: &mut Contactly, id: u64) -> bool;
}

impl Row for Company {
    const NAME: &'static str = "Company";

    fn table(data: &Contactly) -> &Table<Self> {
        &data.companies
    }

    fn table_mut(data: &mut Contactly) -> &mut Table<Self> {
        &mut data.companies
    }

    fn read(body: &Map<String, Value>, _data: &Contactly) -> Result<Self, Vec<FieldError>> {
        fields::company(body)
    }

    fn conflict(&self, _data: &Contactly, _id: u64) -> Option<(&'static str, Vec<FieldError>)> {
        None
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn stamped(self, id: u64, created: i64, modified: i64) -> Self {
        Self { id, created, modified, ..self }
    }

    fn remove(data: &mut Contactly, id: u64) -> bool {
        data.remove_company(id)
    }
}

impl Row for Contact {
    const NAME: &'static str = "Contact";

    fn table(data: &Contactly) -> &Table<Self> {
        &data.contacts
    }

    fn table_mut(data: &mut Contactly) -> &mut Table<Self> {
        &mut data.contacts
    }

    fn read(body: &Map<String, Value>, data: &Contactly) -> Result<Self, Vec<FieldError>> {
        fields::contact(body, data)
    }

    fn conflict(&self, data: &Contactly, id: u64) -> Option<(&'static str, Vec<FieldError>)> {
        let is_taken = data.email_is_taken(&self.email, id);
        is_taken.then(|| ("There is a contact with this email", fields::taken()))
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn stamped(self, id: u64, created: i64, modified: i64) -> Self {
        Self { id, created, modified, ..self }
    }

    fn remove(data: &mut Contactly, id: u64) -> bool {
        data.remove_contact(id)
    }
}
