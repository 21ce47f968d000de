//! What holds for one value: its schema, what that refers to, and `allOf`.

use std::collections::VecDeque;

use serde_json::Value;

use super::Rule;
use super::convert::{Converter, Within};
use super::view::{Part, View};

/// Schemas that hold for one value; further ones are left out.
const MAX_PARTS: usize = 64;

impl<'s> Converter<'s, '_> {
    /// Adds a schema, and what it refers to, to what holds for a value.
    pub(super) fn gather(&mut self, schema: Within<'s>, view: &mut View<'s>) {
        let mut queue = VecDeque::from([schema]);
        while let Some((schema, root)) = queue.pop_front() {
            let keywords = match schema {
                Value::Bool(false) => {
                    view.is_never = true;
                    continue;
                }
                Value::Object(keywords) => keywords,
                _ => continue,
            };
            if view.parts.len() == MAX_PARTS {
                self.change(Rule::Size, None, "schemas beyond 64 left out");
                return;
            }
            view.parts.push(Part { keywords, root });
            if let Some(target) = keywords.get("$ref") {
                queue.extend(self.follow(target, root));
            }
            for schema in
                keywords.get("allOf").and_then(Value::as_array).into_iter().flatten().take(MAX_PARTS)
            {
                queue.push_back((schema, root));
            }
        }
    }

    /// What a reference leads to.
    pub(super) fn follow(&mut self, target: &'s Value, root: &'s Value) -> Option<Within<'s>> {
        let found = target.as_str().and_then(|target| match target.strip_prefix('#') {
            Some(pointer) => root.pointer(pointer).map(|found| (found, root)),
            None => {
                let schema = (self.schemas)(target.strip_prefix("schemas/")?)?.as_value();
                Some((schema, schema))
            }
        });
        let (found, what) = match found {
            None => (None, "leads nowhere, left open"),
            Some((schema, _)) if self.chain.iter().any(|known| std::ptr::eq(*known, schema)) => {
                (None, "leads back to itself, left open")
            }
            found => (found, "put in place"),
        };
        self.change(Rule::Reference, Some("$ref"), what);
        self.chain.extend(found.map(|(schema, _)| schema));
        found
    }
}
