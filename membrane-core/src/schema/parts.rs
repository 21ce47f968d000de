//! What lies inside a schema, and schemas with more or less of it.

use serde_json::Value;

use super::{DataSchema, compress, fields, titles};
use crate::locator::{Locator, Step, loose};

/// Parts of a schema.
impl DataSchema {
    /// The schema of a place inside the data. Only what has the type `object` has properties, and only what has
    /// the type `array` items.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Locator};
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"author": {"name": "Ada"}}));
    /// let name = schema.at(&Locator::parse("$.author.name")?);
    /// assert_eq!(name, Some(DataSchema::new(json!({"type": "string"}))?));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn at(&self, place: &Locator) -> Option<DataSchema> {
        fields::at(&self.0, place.steps()).cloned().and_then(|schema| Self::new(schema).ok())
    }

    /// The first name on the way to a place that the schema does not declare, and those it declares instead; nothing
    /// where it leaves open what there is.
    ///
    /// What has `properties` has no others, unless `additionalProperties` allows them or a keyword beside it says
    /// more (`$ref`, `allOf`, `anyOf`, `oneOf`, `patternProperties`).
    ///
    /// ```
    /// use membrane_core::{DataSchema, Locator};
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"properties": {"state": {"type": "string"}, "author": {"type": "object"}}}))?;
    /// assert_eq!(schema.undeclared(&Locator::parse("stat")?), Some(("stat", vec!["state", "author"])));
    /// assert_eq!(schema.undeclared(&Locator::parse("author.name")?), None);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn undeclared<'s>(&'s self, place: &'s Locator) -> Option<(&'s str, Vec<&'s str>)> {
        self.undeclared_at(place.steps())
    }

    /// As [`DataSchema::undeclared`].
    pub(crate) fn undeclared_at<'s>(&'s self, steps: &'s [Step]) -> Option<(&'s str, Vec<&'s str>)> {
        const OPENING: &[&str] = &["$ref", "allOf", "anyOf", "oneOf", "patternProperties"];
        let mut schema = &self.0;
        for step in steps {
            let (Value::Object(keywords), Step::Property(name)) = (schema, step) else { return None };
            let properties = keywords.get("properties").and_then(Value::as_object)?;
            let Some(inner) = properties.get(name) else {
                let is_open = keywords.get("additionalProperties").is_some_and(|more| *more != false)
                    || OPENING.iter().any(|keyword| keywords.contains_key(*keyword));
                return (!is_open).then(|| (name.as_str(), properties.keys().map(String::as_str).collect()));
            };
            schema = inner;
        }
        None
    }

    /// Puts the schema of a place, and declares the objects and lists on the way; what had another type
    /// there is one of them afterwards.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Locator};
    /// use serde_json::json;
    ///
    /// let mut schema = DataSchema::any();
    /// schema.put(&Locator::parse("author.name")?, DataSchema::from_value(&json!("Ada")));
    /// assert_eq!(schema, DataSchema::from_value(&json!({"author": {"name": "Ada"}})));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn put(&mut self, place: &Locator, schema: DataSchema) {
        fields::put(&mut self.0, place.steps(), schema.0);
    }

    /// As [`DataSchema::put`], and leaves new names where they are put until [`DataSchema::in_order`].
    pub(crate) fn put_unsorted(&mut self, place: &Locator, schema: DataSchema) {
        fields::put_unsorted(&mut self.0, place.steps(), schema.0);
    }

    /// With names that are numbers in the order of JavaScript.
    pub(crate) fn in_order(mut self) -> Self {
        loose::sort_all(&mut self.0);
        self
    }

    /// The places of all fields, each before those inside it. Lists are not entered.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Locator};
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug", "author": {"name": "Ada"}}));
    /// let places = ["title", "author", "author.name"].map(Locator::parse);
    /// assert_eq!(schema.places(), places.into_iter().collect::<Result<Vec<_>, _>>()?);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn places(&self) -> Vec<Locator> {
        fields::places(&self.0)
    }

    /// Visits the schema and every schema inside, from the outside in, each with the place of its data: of
    /// properties, of items (at index 0) and of the options of a union. Ends at 128 levels.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"type": "object", "properties": {
    ///     "labels": {"type": "array", "items": {"type": "string", "referenceCollection": {"key": "labels"}}},
    /// }}))?;
    /// let mut references = Vec::new();
    /// schema.walk(|place, schema| {
    ///     if schema.get("referenceCollection").is_some() {
    ///         references.push(place.to_string());
    ///     }
    /// });
    /// assert_eq!(references, ["$.labels[0]"]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn walk<'s>(&'s self, mut visit: impl FnMut(&Locator, &'s Value)) {
        fields::walk(&self.0, &Locator::root(), 0, &mut visit);
    }

    /// The places of required fields, outermost first. Only what has the type `object` is entered.
    pub fn required(&self) -> Vec<Locator> {
        fields::required(&self.0)
    }

    /// The required places at which a value has nothing; `null` and `""` are something.
    ///
    /// What is required inside an optional object is not missed when the whole object is absent.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let mut author = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    /// author["required"] = json!(["name"]);
    /// let schema = DataSchema::new(json!({"type": "object", "properties": {"author": author}}))?;
    /// assert!(schema.missing(&json!({})).is_empty());
    /// assert_eq!(schema.missing(&json!({"author": {}}))[0].to_string(), "$.author.name");
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn missing(&self, value: &Value) -> Vec<Locator> {
        fields::missing(&self.0, value)
    }

    /// Requires fields; those inside something the schema does not have are left out. A field that is required
    /// already is named twice then.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Locator};
    /// use serde_json::json;
    ///
    /// let title = [Locator::parse("title")?, Locator::parse("gone.title")?];
    /// let schema = DataSchema::from_value(&json!({"title": "Bug"})).with_required(&title);
    /// assert_eq!(schema.required(), title[..1]);
    /// assert!(schema.without_required().required().is_empty());
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_required(mut self, places: &[Locator]) -> Self {
        fields::add_required(&mut self.0, places);
        self
    }

    /// Requires nothing any more, in objects at any depth.
    #[must_use]
    pub fn without_required(mut self) -> Self {
        fields::remove_required(&mut self.0, 0);
        self
    }

    /// The schema of these fields only.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Locator};
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"title": "Bug", "votes": 3}));
    /// let title = [Locator::parse("$.title")?];
    /// assert_eq!(schema.pick(&title).places(), title);
    /// assert_eq!(schema.exclude(&title).places(), [Locator::parse("$.votes")?]);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn pick(&self, places: &[Locator]) -> Self {
        Self::of_keywords(fields::pick(&self.0, places))
    }

    /// The schema without these fields, with the objects around them declared.
    #[must_use]
    pub fn exclude(mut self, places: &[Locator]) -> Self {
        fields::exclude(&mut self.0, places);
        self
    }

    /// The schema without fields that are `readOnly`, at any depth.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"type": "object", "properties": {
    ///     "id": {"type": "string", "readOnly": true}, "pin": {"type": "string", "writeOnly": true},
    /// }}))?;
    /// assert_eq!(schema.clone().without_read_only().places()[0].to_string(), "$.pin"); // what is written
    /// assert_eq!(schema.without_write_only().places()[0].to_string(), "$.id"); // what is read
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn without_read_only(mut self) -> Self {
        fields::exclude_marked(&mut self.0, "readOnly", 0);
        self
    }

    /// The schema without fields that are `writeOnly`, at any depth.
    #[must_use]
    pub fn without_write_only(mut self) -> Self {
        fields::exclude_marked(&mut self.0, "writeOnly", 0);
        self
    }

    /// The schema with a title for each field of an object that had none, and for the fields inside those.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"dueDate": "2026-02-03"})).with_titles();
    /// assert_eq!(schema.as_value()["properties"]["dueDate"]["title"], "Due Date");
    /// ```
    #[must_use]
    pub fn with_titles(mut self) -> Self {
        titles::populate(&mut self.0, 0);
        self
    }

    /// The least of the schema, for a glance: types, and of scalars title and description, cut after 300
    /// characters. An object keeps its properties, a list its items.
    ///
    /// ```
    /// use membrane_core::DataSchema;
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::new(json!({"type": "object", "required": ["at"], "properties": {
    ///     "at": {"type": "string", "format": "date", "title": "When"},
    /// }}))?;
    /// let small = json!({"type": "object", "properties": {"at": {"type": "string", "title": "When"}}});
    /// assert_eq!(schema.compressed().into_value(), small);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    #[must_use]
    pub fn compressed(&self) -> Self {
        Self::of_keywords(compress::compress(&self.0, 0))
    }

    /// The title of a place, or a name made from its key or index. One whose title is empty has the name of what
    /// is around it.
    pub fn name_of(&self, place: &Locator) -> Option<String> {
        titles::name(&self.0, place.steps())
    }

    /// The names of a place and of all around it, `Root > Address > ZIP`.
    ///
    /// ```
    /// use membrane_core::{DataSchema, Locator};
    /// use serde_json::json;
    ///
    /// let schema = DataSchema::from_value(&json!({"author": {"firstName": "Ada"}}));
    /// let place = Locator::parse("author.firstName")?;
    /// assert_eq!(schema.name_of(&place).as_deref(), Some("First Name"));
    /// assert_eq!(schema.full_name_of(&place).as_deref(), Some("Author > First Name"));
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn full_name_of(&self, place: &Locator) -> Option<String> {
        titles::full_name(&self.0, place.steps())
    }
}
