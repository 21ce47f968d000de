//! What an import has to say.

use std::collections::HashMap;

use membrane_core::element::ElementKind;
use membrane_core::workspace::{Entry, EntryKey, Parent, Problem};
use membrane_core::{Error, ErrorKind};

use super::Import;

impl Import<'_> {
    /// Takes back what was told of the folder alone: an integration or a parent without a file may be there.
    pub(super) fn forget_what_is_there(&mut self) {
        let mut notices = std::mem::take(&mut self.outcome.report.notices);
        let of_file: HashMap<&str, &EntryKey> =
            self.files.iter().map(|(key, file)| (file.as_str(), key)).collect();
        notices.retain(|notice| {
            let entry = of_file.get(notice.file.as_str()).and_then(|key| self.folder.get(key));
            !entry.is_some_and(|entry| self.is_there(entry, notice.field.as_deref()))
        });
        self.outcome.report.notices = notices;
    }

    /// Whether the workspace has what a field of an entry names above it.
    fn is_there(&self, entry: &Entry, field: Option<&str>) -> bool {
        match field {
            Some("integrationKey") => {
                let key = entry.key().integration.as_ref();
                let key = key.and_then(|key| EntryKey::new(ElementKind::Integration, key.as_str()).ok());
                key.is_some_and(|key| self.stock.held.contains_key(&key))
            }
            Some("parentKey" | "parentUuid") if !matches!(entry.parent(), Some(Parent::Id(_))) => {
                self.parent_key(entry).is_some()
            }
            _ => false,
        }
    }

    /// The error of a write that somebody else was faster than.
    pub(super) fn overtaken(&self, error: Error) -> Error {
        if !matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::Concurrency) {
            return error;
        }
        let key = error.context_value("id").and_then(|id| self.stock.with_id(id));
        let (what, file) = match key {
            Some(key) => (key.to_string(), self.files.get(key)),
            None => ("an element".to_owned(), None),
        };
        let message = format!(
            "{what} was made or changed by somebody else meanwhile, and nothing was written; import the folder again"
        );
        let overtaken = Error::new(ErrorKind::Concurrency, message);
        match file {
            Some(file) => overtaken.with("file", file),
            None => overtaken,
        }
    }

    pub(super) fn notice(&mut self, key: &EntryKey, message: &str) {
        let problem = self.about(key, message, None);
        self.outcome.report.notices.push(problem);
    }

    pub(super) fn problem(&mut self, key: &EntryKey, error: &Error) {
        let problem = self.about(key, error.message(), error.context_value("field"));
        self.outcome.report.problems.push(problem);
    }

    /// Something about the file of an element. A field is looked for at the beginning of a line.
    fn about(&self, key: &EntryKey, message: &str, field: Option<&str>) -> Problem {
        let file = self.files.get(key).map_or("", String::as_str);
        let mut problem = Problem::new(file, message);
        if let Some(field) = field.and_then(|field| field.split(['.', '[', ',', '/']).next()) {
            let lines = self.texts.get(file).unwrap_or_default().lines();
            let names = |line: &str| line.strip_prefix(field).is_some_and(|rest| rest.starts_with(':'));
            let line = lines.zip(1_u64..).find(|(line, _)| names(line)).map(|(_, line)| line);
            (problem.line, problem.column) = (line, line.map(|_| 1));
            problem = problem.in_field(field);
        }
        problem
    }
}
