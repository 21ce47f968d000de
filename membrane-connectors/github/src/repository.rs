use async_trait::async_trait;
use membrane_core::connector::{ApiRequest, Cx, Handler, PathTemplate};
use membrane_core::{Error, Result};
use serde_json::{Map, Value};

/// A repository as people write it: `owner/repo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository<'a> {
    owner: &'a str,
    name: &'a str,
}

impl<'a> Repository<'a> {
    /// Splits a text; `field` names where it came from.
    pub(crate) fn parse(field: &'static str, text: &'a str) -> Result<Self> {
        match text.split_once('/') {
            Some((owner, name)) if !owner.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self { owner, name })
            }
            _ => {
                let message = format!("`{field}` must be a repository such as `octocat/hello-world`");
                Err(Error::invalid_input(message).with("field", field))
            }
        }
    }

    /// The values of `{owner}` and `{repo}`.
    pub(crate) fn slots(&self) -> Map<String, Value> {
        let slots = [("owner", self.owner), ("repo", self.name)];
        slots.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect()
    }
}

/// Reads a repository by the id its record has. A path template would escape the slash.
pub(crate) struct FindRepository;

#[async_trait]
impl Handler for FindRepository {
    async fn call(&self, cx: &Cx<'_>, args: &Value) -> Result<Value> {
        let repository = Repository::parse("id", args["id"].as_str().unwrap_or_default())?;
        let slots = repository.slots();
        let path = PathTemplate::parse("/repos/{owner}/{repo}")?.fill(|name| slots.get(name))?;
        cx.call(ApiRequest::get(path)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_owner_and_name_only() {
        assert_eq!(Repository::parse("id", "a/b").unwrap(), Repository { owner: "a", name: "b" });
        for text in ["", "a", "a/", "/b", "a/b/c"] {
            assert_eq!(
                Repository::parse("id", text).unwrap_err().context_value("field"),
                Some("id"),
                "{text}"
            );
        }
    }
}
