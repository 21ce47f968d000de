//! The file a connector is read from: errors that say where, and the small parts every object has.

use serde_json::Value;

use super::located::{Node, Part, Spot, Text};
use super::roots::Roots;
use super::{formula, schema};
use crate::error::{Error, Result};
use crate::formula::Formula;
use crate::id::Key;
use crate::locator::Locator;
use crate::schema::DataSchema;

/// What the file is called, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a>(&'a str);

impl<'a> Origin<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self(name)
    }

    /// An error of the file as a whole.
    pub(super) fn whole(self, message: impl AsRef<str>) -> Error {
        self.error(Spot::default(), message)
    }

    /// An error at a place.
    pub(super) fn error(self, at: Spot, message: impl AsRef<str>) -> Error {
        let (name, message) = (self.0, shown(message.as_ref()));
        if at == Spot::default() {
            return Error::configuration(format!("{name}: {message}")).with("file", name);
        }
        let Spot { line, column } = at;
        Error::configuration(format!("{name}:{line}:{column}: {message}"))
            .with("file", name)
            .with("line", line)
            .with("column", column)
    }

    /// A key.
    pub(super) fn key(self, text: &Text) -> Result<Key> {
        Key::parse(&text.value).map_err(|error| self.error(text.at, error.message()))
    }

    /// A locator.
    pub(super) fn locator(self, text: &Text) -> Result<Locator> {
        Locator::parse(&text.value).map_err(|error| self.error(text.at, error.message()))
    }

    /// A locator that is the whole value when it is not written.
    pub(super) fn locator_or_root(self, text: Option<&Text>) -> Result<Locator> {
        text.map_or_else(|| Ok(Locator::root()), |text| self.locator(text))
    }

    /// A formula over these variables.
    pub(super) fn formula(self, node: &Node, roots: Roots<'_>) -> Result<Formula> {
        formula::check(self, node.part(), roots)?;
        self.parse_formula(node)
    }

    /// Checks a part of a formula.
    pub(super) fn check(self, part: Part<'_>, roots: Roots<'_>) -> Result<()> {
        formula::check(self, part, roots)
    }

    /// A formula whose outermost names are the app's own and may begin with `$`.
    pub(super) fn query(self, node: &Node, roots: Roots<'_>) -> Result<Formula> {
        formula::check_query(self, node.part(), roots)?;
        self.parse_formula(node)
    }

    /// Formulas that may be missing.
    pub(super) fn optional_formula(self, node: Option<&Node>, roots: Roots<'_>) -> Result<Option<Formula>> {
        node.map(|node| self.formula(node, roots)).transpose()
    }

    fn parse_formula(self, node: &Node) -> Result<Formula> {
        Formula::parse_strict(&node.value).map_err(|error| self.inside(node, &error))
    }

    /// A formula over what an app answers, where a text such as `$.number` is a place, as nobody wants the text
    /// itself there.
    pub(super) fn place_or_formula(self, node: &Node) -> Result<Formula> {
        match &node.value {
            Value::String(text) if text.starts_with('$') => {
                Locator::parse(text).map_err(|error| self.error(node.at(), error.message()))?;
                Formula::parse(&serde_json::json!({ "$var": text }))
                    .map_err(|error| self.inside(node, &error))
            }
            _ => self.formula(node, Roots::Any),
        }
    }

    /// A data schema that can be compiled.
    pub(super) fn schema(self, node: &Node) -> Result<DataSchema> {
        schema::check(self, node.part())?;
        let schema = DataSchema::new(node.value.clone()).map_err(|error| self.inside(node, &error))?;
        schema.compile().map_err(|error| self.inside(node, &error))?;
        Ok(schema)
    }

    /// A data schema that may be missing.
    pub(super) fn optional_schema(self, node: Option<&Node>) -> Result<Option<DataSchema>> {
        node.map(|node| self.schema(node)).transpose()
    }

    /// Points at the part of a value an error names by its `place`.
    fn inside(self, node: &Node, error: &Error) -> Error {
        let place = error.context_value("place").and_then(|place| Locator::parse(place).ok());
        let at = place.map_or(node.at(), |place| node.find(&place));
        self.error(at, error.message())
    }
}

/// A message without control characters: what a file says may be part of it, and must not reach a terminal so.
pub(crate) fn shown(message: &str) -> String {
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
