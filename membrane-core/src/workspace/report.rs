use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::{Spot, shown};

/// What reading a folder met besides the elements.
///
/// ```
/// use membrane_core::workspace::WorkspaceFiles;
///
/// let mut files = WorkspaceFiles::new();
/// files.insert("membrane/flows/a/spec.yaml", "key: a\nid: 5f1\ncolour: red\n")?;
/// files.insert("membrane/flows/b/spec.yaml", "key: b\nnodes: 7\n")?;
/// let report = files.read()?.report;
/// assert_eq!(report.read_only[0].fields, ["id"]);
/// assert_eq!(report.unknown[0].fields, ["colour"]);
/// assert!(report.problems[0].to_string().starts_with("membrane/flows/b/spec.yaml:2:8: `nodes`: "));
/// # Ok::<(), membrane_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// Why a file could not be taken. The other files are not touched by it.
    pub problems: Vec<Problem>,
    /// What is odd and does not keep anything from being taken.
    pub notices: Vec<Problem>,
    /// Fields nobody knows. They are kept.
    pub unknown: Vec<FieldsOf>,
    /// Fields that are not for a caller to write: ids, states, what follows from the rest. They are dropped.
    pub read_only: Vec<FieldsOf>,
}

impl Report {
    /// Whether every file was taken.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Something about a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Problem {
    /// The path of the file.
    pub file: String,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// The outermost field it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is the matter.
    pub message: String,
}

impl Problem {
    /// Says something about a file. Control characters are shown escaped.
    ///
    /// ```
    /// use membrane_core::workspace::Problem;
    ///
    /// let problem = Problem::new("membrane/flows/a/spec.yaml", "is not UTF-8").in_field("name");
    /// assert_eq!(problem.to_string(), "membrane/flows/a/spec.yaml: `name`: is not UTF-8");
    /// ```
    pub fn new(file: &str, message: impl AsRef<str>) -> Self {
        let message = shown(message.as_ref());
        Self { file: file.to_owned(), line: None, column: None, field: None, message }
    }

    pub(super) fn at(mut self, spot: Spot) -> Self {
        if spot != Spot::default() {
            (self.line, self.column) = (Some(spot.line), Some(spot.column));
        }
        self
    }

    /// Names the outermost field it is in.
    #[must_use]
    pub fn in_field(mut self, field: impl AsRef<str>) -> Self {
        self.field = Some(shown(field.as_ref()));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        match &self.field {
            Some(field) => write!(f, ": `{field}`: {}", self.message),
            None => write!(f, ": {}", self.message),
        }
    }
}

/// Fields of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct FieldsOf {
    /// The path of the file.
    pub file: String,
    /// The names, in the order of the file.
    pub fields: Vec<String>,
}

impl FieldsOf {
    /// Notes the fields of a file, if there are any.
    pub(super) fn note(list: &mut Vec<Self>, file: &str, fields: Vec<String>) {
        if !fields.is_empty() {
            list.push(Self { file: file.to_owned(), fields });
        }
    }
}
