//! From the body of a request into a row, or a list of what is wrong with it.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Company, Contact, Contactly};

/// One thing that is wrong with a body.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldError {
    field: &'static str,
    reason: &'static str,
}

/// Reads the fields of a body one by one and notes what is wrong with each.
struct Reader<'a> {
    body: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    fn new(body: &'a Map<String, Value>) -> Self {
        Self { body, errors: Vec::new() }
    }

    fn wrong(&mut self, field: &'static str, reason: &'static str) {
        self.errors.push(FieldError { field, reason });
    }

    /// A text; `null` and absence are the same here.
    fn text(&mut self, field: &'static str) -> Option<String> {
        match self.body.get(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.trim().to_owned()),
            Some(_) => {
                self.wrong(field, "is not a string");
                None
            }
        }
    }

    /// A text that must be there and not be blank.
    fn required(&mut self, field: &'static str) -> String {
        let before = self.errors.len();
        let text = self.text(field).unwrap_or_default();
        if text.is_empty() && self.errors.len() == before {
            self.wrong(field, "is missing");
        }
        text
    }

    fn end<T>(self, row: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(row) } else { Err(self.errors) }
    }
}

/// A contact with the fields of the body; without id and times.
pub(super) fn contact(body: &Map<String, Value>, state: &Contactly) -> Result<Contact, Vec<FieldError>> {
    let mut reader = Reader::new(body);
    let email = reader.required("email");
    if !email.is_empty() && !is_email(&email) {
        reader.wrong("email", "is not an email address");
    }
    let company_id = match body.get("company_id") {
        None | Some(Value::Null) => None,
        Some(id) => {
            let known = id.as_u64().filter(|id| state.companies.row(*id).is_some());
            if known.is_none() {
                reader.wrong("company_id", "is not the id of a company");
            }
            known
        }
    };
    let contact = Contact {
        first_name: reader.text("first_name").unwrap_or_default(),
        last_name: reader.text("last_name").unwrap_or_default(),
        email,
        phone: reader.text("phone"),
        company_id,
        ..Contact::default()
    };
    reader.end(contact)
}

/// A company with the fields of the body; without id and times.
pub(super) fn company(body: &Map<String, Value>) -> Result<Company, Vec<FieldError>> {
    let mut reader = Reader::new(body);
    let company =
        Company { name: reader.required("name"), domain: reader.text("domain"), ..Company::default() };
    reader.end(company)
}

/// The text of a note.
pub(super) fn note(body: &Map<String, Value>) -> Result<String, Vec<FieldError>> {
    let mut reader = Reader::new(body);
    let text = reader.required("text");
    reader.end(text)
}

/// The error of an email that another contact has.
pub(super) fn taken() -> Vec<FieldError> {
    vec![FieldError { field: "email", reason: "belongs to another contact" }]
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_every_wrong_field_once() {
        let body = json!({"email": "ada", "phone": 5, "company_id": 7, "first_name": null});
        let errors = contact(body.as_object().unwrap(), &Contactly::default()).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["email", "company_id", "phone"]);

        let errors = company(json!({"name": 5}).as_object().unwrap()).unwrap_err();
        assert_eq!(errors, [FieldError { field: "name", reason: "is not a string" }]);
        let errors = note(json!({"text": "  "}).as_object().unwrap()).unwrap_err();
        assert_eq!(errors, [FieldError { field: "text", reason: "is missing" }]);
    }
}
