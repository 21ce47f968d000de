use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Error, Result};
use crate::file::yaml::MAX_BYTES;

/// Files of a workspace folder by their path below it, as texts.
///
/// Paths use `/` on every system. What does not lie in `membrane/` is kept and not read.
///
/// ```
/// use membrane_core::workspace::WorkspaceFiles;
///
/// let mut files = WorkspaceFiles::new();
/// files.insert("membrane/actions/create-task/spec.yaml", "key: create-task\nname: Create Task\n")?;
/// let reading = files.read()?;
/// assert!(reading.report.problems.is_empty());
/// assert_eq!(reading.entries.write()?, files);
///
/// assert!(files.insert("membrane/../../etc/passwd", "").is_err());
/// # Ok::<(), membrane_core::Error>(())
/// ```
///
/// As JSON it is an object of texts by path; one with a path that cannot be is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(with = "BTreeMap<String, String>")]
pub struct WorkspaceFiles(BTreeMap<String, String>);

impl WorkspaceFiles {
    /// How many bytes a file may have.
    pub const MAX_FILE_BYTES: usize = MAX_BYTES;

    /// Makes a folder without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file in; one with this path is replaced.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when the path leads out of the folder (`..`, a
    /// leading `/`), or has an empty part, a backslash or a control character.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) -> Result<()> {
        let path = path.into();
        if let Some(why) = refusal(&path) {
            return Err(Error::invalid_input(format!("the path {path:?} {why}")).with("field", "path"));
        }
        self.0.insert(path, text.into());
        Ok(())
    }

    /// The text of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Paths and texts, by path.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for WorkspaceFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut files = Self::new();
        for (path, text) in BTreeMap::<String, String>::deserialize(deserializer)? {
            files.insert(path, text).map_err(|error| D::Error::custom(error.message()))?;
        }
        Ok(files)
    }
}

fn refusal(path: &str) -> Option<&'static str> {
    if path.chars().any(|c| c.is_control() || c == '\\') {
        return Some("has a backslash or a control character");
    }
    path.split('/').find_map(|part| match part {
        "" => Some("has an empty part"),
        "." | ".." => Some("does not stay in the folder"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_folder() {
        let mut files = WorkspaceFiles::new();
        for path in ["..", "../a", "membrane/../a", "/a", "a//b", "a/", "", "./a", "a\\..\\b", "a\0b", "a\nb"]
        {
            assert!(files.insert(path, "").is_err(), "{path:?}");
        }
        files.insert("membrane/actions/a..b/spec.yaml", "x").unwrap();
        assert_eq!(files.get("membrane/actions/a..b/spec.yaml"), Some("x"));
        assert_eq!(files.len(), 1);
    }

    #[test]
    fn json_is_held_to_the_same() {
        let files: WorkspaceFiles = serde_json::from_str(r#"{"membrane/a": "x"}"#).unwrap();
        assert_eq!(serde_json::to_string(&files).unwrap(), r#"{"membrane/a":"x"}"#);
        let error = serde_json::from_str::<WorkspaceFiles>(r#"{"../a": "x"}"#).unwrap_err();
        assert!(error.to_string().contains("does not stay in the folder"), "{error}");
    }
}
