//! Data collections and their methods.

use serde_json::Value;

use super::function::{Functions, Given};
use super::located::{Located, Spot, Text, TextOr};
use super::origin::Origin;
use super::pagination::{page_size, pagination};
use super::parts::{name_of, property_names};
use super::roots::{and, unknown};
use super::spec::{
    CollectionSpec, DeleteSpec, FindSpec, FunctionSpec, ListSpec, MatchSpec, RecordSpec, SearchSpec,
    WriteSpec,
};
use crate::connector::{
    Collection, FindMethod, Function, ListMethod, MatchMethod, Pagination, RecordMapping, Replace,
    SearchMethod, WriteMethod,
};
use crate::error::Result;
use crate::filter::Operator;
use crate::locator::{Locator, Step};
use crate::schema::DataSchema;

/// What a list is handed.
const LIST: &[&str] = &["filter", "filterValues", "cursor"];

/// Reads one collection.
struct Reader<'a> {
    origin: Origin<'a>,
    functions: &'a Functions<'a>,
    /// What fills slots: the names of the collection's parameters.
    parameters: Vec<String>,
    fields_schema: Option<DataSchema>,
}

pub(super) fn collection(
    origin: Origin<'_>,
    functions: &Functions<'_>,
    key: &Text,
    spec: CollectionSpec,
) -> Result<Collection> {
    let name = spec.name.unwrap_or_else(|| name_of(&key.value));
    let mut collection = Collection::new(origin.key(key)?, name);
    collection.parameters_schema = origin.optional_schema(spec.parameters_schema.as_ref())?;
    collection.fields_schema = origin.optional_schema(spec.fields_schema.as_ref())?;
    let parameters = collection.parameters_schema.as_ref().and_then(property_names).unwrap_or_default();
    let reader = Reader {
        origin,
        functions,
        parameters: parameters.into_iter().map(str::to_owned).collect(),
        fields_schema: collection.fields_schema.clone(),
    };
    if let Some(record) = spec.record {
        collection.record = reader.record(&record)?;
    }
    collection.list = spec.list.map(|list| reader.list(list)).transpose()?;
    collection.search =
        spec.search.map(|search| reader.search(search, collection.list.as_ref())).transpose()?;
    collection.r#match = spec.r#match.map(|spec| reader.r#match(spec)).transpose()?;
    collection.find_by_id = spec.find_by_id.map(|spec| reader.find(spec)).transpose()?;
    collection.create = spec.create.map(|spec| reader.write(spec, &[])).transpose()?;
    collection.update = spec.update.map(|spec| reader.update(spec, &collection)).transpose()?;
    collection.delete = spec.delete.map(|spec| reader.delete(&spec)).transpose()?;
    Ok(collection)
}

impl Reader<'_> {
    /// A function that reads. `slots` of the arguments may fill a path.
    fn reading(&self, spec: &FunctionSpec, slots: &[&str], arguments: &[&str]) -> Result<Function> {
        self.function(spec, slots, arguments, true)
    }

    fn function(
        &self,
        spec: &FunctionSpec,
        slots: &[&str],
        arguments: &[&str],
        is_read_only: bool,
    ) -> Result<Function> {
        let slots: Vec<&str> =
            self.parameters.iter().map(String::as_str).chain(slots.iter().copied()).collect();
        self.functions.read(spec, Given { slots: Some(&slots), arguments }, is_read_only)
    }

    fn record(&self, spec: &RecordSpec) -> Result<RecordMapping> {
        let read =
            |node: &Option<_>| node.as_ref().map(|node| self.origin.place_or_formula(node)).transpose();
        Ok(RecordMapping {
            id: read(&spec.id)?,
            name: read(&spec.name)?,
            uri: read(&spec.uri)?,
            created_time: read(&spec.created_time)?,
            updated_time: read(&spec.updated_time)?,
            fields: read(&spec.fields)?,
            ..RecordMapping::default()
        })
    }

    fn list(&self, spec: Located<TextOr<ListSpec>>) -> Result<ListMethod> {
        let spec = match spec.value {
            TextOr::Other(spec) => spec,
            TextOr::Text(text) => return self.reading(&short(spec.at, text), &[], LIST).map(ListMethod::new),
        };
        let mut list = ListMethod::new(self.reading(&spec.run, &[], LIST)?);
        list.records = self.origin.locator_or_root(spec.records.as_ref())?;
        if let Some(spec) = &spec.pagination {
            list.pagination = pagination(self.origin, spec)?;
        }
        list.page_size = spec.page_size.map(|size| page_size(self.origin, size)).transpose()?;
        for (field, taken) in spec.filter.0 {
            let at = field.at;
            let field = self.origin.locator(&field)?;
            self.check_field(at, field.steps())?;
            let operators = match taken.value {
                TextOr::Text(parameter) => vec![(Operator::Is, parameter)],
                TextOr::Other(operators) => operators
                    .0
                    .into_iter()
                    .map(|(name, parameter)| Ok((self.operator(&name)?, parameter.value)))
                    .collect::<Result<_>>()?,
            };
            for (operator, parameter) in operators {
                list.filter = list.filter.take(field.clone(), operator, parameter);
            }
        }
        Ok(list)
    }

    fn operator(&self, name: &Text) -> Result<Operator> {
        Operator::from_name(&name.value).ok_or_else(|| {
            let known: Vec<&str> = Operator::ALL.iter().map(|operator| operator.as_str()).collect();
            let message = format!("unknown operator `{}`, expected {}", name.value, super::one_of(&known));
            self.origin.error(name.at, message)
        })
    }

    fn search(&self, spec: SearchSpec, list: Option<&ListMethod>) -> Result<SearchMethod> {
        let mut search = ListMethod::new(self.reading(&spec.run, &["query"], &["query", "cursor"])?);
        search.records = match (&spec.records, list) {
            (None, Some(list)) => list.records.clone(),
            (records, _) => self.origin.locator_or_root(records.as_ref())?,
        };
        search.pagination = match (&spec.pagination, list) {
            (Some(spec), _) => pagination(self.origin, spec)?,
            (None, Some(list)) => list.pagination.clone(),
            (None, None) => Pagination::None,
        };
        search.page_size = match (spec.page_size, list) {
            (Some(size), _) => Some(page_size(self.origin, size)?),
            (None, Some(list)) => list.page_size.clone(),
            (None, None) => None,
        };
        Ok(SearchMethod { list: search, parameter: spec.parameter })
    }

    fn r#match(&self, spec: MatchSpec) -> Result<MatchMethod> {
        for name in &spec.fields {
            // A dot may be part of a name.
            let whole = [Step::Property(name.value.clone())];
            let as_place =
                Locator::parse(&name.value).ok().map(|place| self.check_field(name.at, place.steps()));
            self.check_field(name.at, &whole).or_else(|error| as_place.unwrap_or(Err(error)))?;
        }
        Ok(MatchMethod {
            fields: spec.fields.into_iter().map(|name| name.value).collect(),
            call: spec.run.as_ref().map(|run| self.reading(run, &[], &["query"])).transpose()?,
            record: self.origin.locator_or_root(spec.record.as_ref())?,
        })
    }

    fn find(&self, spec: Located<TextOr<FindSpec>>) -> Result<FindMethod> {
        let (run, record) = match spec.value {
            TextOr::Other(spec) => (spec.run, spec.record),
            TextOr::Text(text) => (short(spec.at, text), None),
        };
        Ok(FindMethod {
            call: self.reading(&run, &["id"], &["id"])?,
            record: self.origin.locator_or_root(record.as_ref())?,
        })
    }

    fn write(&self, spec: Located<TextOr<WriteSpec>>, slots: &[&str]) -> Result<WriteMethod> {
        let arguments = and(slots, &["fields"]);
        let spec = match spec.value {
            TextOr::Other(spec) => spec,
            TextOr::Text(text) => {
                let run = self.function(&short(spec.at, text), slots, &arguments, false)?;
                return Ok(WriteMethod::new(run));
            }
        };
        if let Some(replaces) = spec.replaces.as_ref().filter(|_| slots.is_empty()) {
            return Err(self.origin.error(replaces.at, "`replaces` belongs to `update`"));
        }
        let mut method = WriteMethod::new(self.function(&spec.run, slots, &arguments, false)?);
        method.id = spec.id.as_ref().map(|text| self.origin.locator(text)).transpose()?;
        method.fields = self.field_names(spec.fields)?;
        method.required_fields = self.field_names(spec.required_fields)?;
        method.excluded_fields = self.field_names(spec.excluded_fields)?;
        Ok(method)
    }

    fn update(&self, spec: Located<TextOr<WriteSpec>>, collection: &Collection) -> Result<WriteMethod> {
        let replaces = match &spec.value {
            TextOr::Other(spec) => spec.replaces.as_ref().filter(|replaces| replaces.value).map(|it| it.at),
            TextOr::Text(_) => None,
        };
        let mut method = self.write(spec, &["id"])?;
        let Some(at) = replaces else { return Ok(method) };
        let Some(find) = collection.find_by_id.clone() else {
            return Err(self.origin.error(at, "`replaces` reads the record first: expected `findById`"));
        };
        let fields = self.sent(&method);
        if fields.is_empty() {
            let message =
                "`replaces` sends every field: expected `fields` here, or `fieldsSchema` with properties";
            return Err(self.origin.error(at, message));
        }
        let mapping = collection.record.fields.clone();
        method.call = Function::native(Replace { find, mapping, fields, call: method.call });
        Ok(method)
    }

    /// Every field a method can send: those it names, or those of the schema that can be written.
    fn sent(&self, method: &WriteMethod) -> Vec<String> {
        let schema = self.fields_schema.as_ref().map(DataSchema::as_value);
        let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
        let writable = |(name, field): (&String, &Value)| (field["readOnly"] != true).then(|| name.clone());
        let mut fields = method.fields.clone();
        if fields.is_empty() {
            fields = properties.into_iter().flatten().filter_map(writable).collect();
        }
        fields.retain(|name| !method.excluded_fields.contains(name));
        fields
    }

    fn delete(&self, spec: &Located<TextOr<DeleteSpec>>) -> Result<Function> {
        match &spec.value {
            TextOr::Other(spec) => self.function(&spec.run, &["id"], &["id"], false),
            TextOr::Text(text) => self.function(&short(spec.at, text.clone()), &["id"], &["id"], false),
        }
    }

    /// Refuses a place in a record that the schema of its fields has not, as far as that says what there is.
    fn check_field(&self, at: Spot, steps: &[Step]) -> Result<()> {
        let schema = self.fields_schema.as_ref();
        if let Some((name, known)) = schema.and_then(|schema| schema.undeclared_at(steps)) {
            return Err(self.origin.error(at, unknown("field", name, &known)));
        }
        Ok(())
    }

    /// Names that must be among the fields, where these are known.
    fn field_names(&self, names: Vec<Text>) -> Result<Vec<String>> {
        let known = self.fields_schema.as_ref().and_then(property_names);
        for name in &names {
            if let Some(known) = known.as_ref().filter(|known| !known.contains(&name.value.as_str())) {
                return Err(self.origin.error(name.at, unknown("field", &name.value, known)));
            }
        }
        Ok(names.into_iter().map(|name| name.value).collect())
    }
}

fn short(at: Spot, text: String) -> FunctionSpec {
    Located { at, value: TextOr::Text(text) }
}
