use serde_json::Value;

/// A type of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Array,
    Boolean,
    Integer,
    Null,
    Number,
    Object,
    String,
}

impl Kind {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "array" => Self::Array,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "null" => Self::Null,
            "number" => Self::Number,
            "object" => Self::Object,
            "string" => Self::String,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Null => "null",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }

    /// The type of a value; a whole number is an integer.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Array(_) => Self::Array,
            Value::Bool(_) => Self::Boolean,
            Value::Null => Self::Null,
            Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => {
                Self::Integer
            }
            Value::Number(_) => Self::Number,
            Value::Object(_) => Self::Object,
            Value::String(_) => Self::String,
        }
    }

    /// What a keyword says something about.
    pub(super) fn of_keyword(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "contains" | "items" | "maxItems" | "minItems" | "prefixItems" | "uniqueItems" => Self::Array,
            "exclusiveMaximum" | "exclusiveMinimum" | "maximum" | "minimum" | "multipleOf" => Self::Number,
            "additionalProperties"
            | "maxProperties"
            | "minProperties"
            | "patternProperties"
            | "properties"
            | "propertyNames"
            | "required" => Self::Object,
            "format" | "maxLength" | "minLength" | "pattern" => Self::String,
            _ => return None,
        })
    }

    pub(super) fn is_scalar(self) -> bool {
        !matches!(self, Self::Array | Self::Object)
    }

    /// Whether a value is of this type.
    pub(super) fn has(self, value: &Value) -> bool {
        Self::of(value) == self || (self == Self::Number && value.is_number())
    }
}

/// The types a `type` keyword names; nothing when one of them is unknown.
pub(super) fn declared(value: &Value) -> Option<Vec<Kind>> {
    let kind = |name: &Value| name.as_str().and_then(Kind::from_name);
    match value {
        Value::Array(names) if !names.is_empty() => {
            names.iter().map(kind).collect::<Option<Vec<_>>>().map(distinct)
        }
        name => kind(name).map(|kind| vec![kind]),
    }
}

/// Each type once; integers are numbers.
pub(super) fn distinct(kinds: impl IntoIterator<Item = Kind>) -> Vec<Kind> {
    let mut out: Vec<Kind> = Vec::new();
    for kind in kinds {
        if kind == Kind::Number
            && let Some(integer) = out.iter_mut().find(|kind| **kind == Kind::Integer)
        {
            *integer = Kind::Number;
        }
        let is_known = out.contains(&kind) || (kind == Kind::Integer && out.contains(&Kind::Number));
        if !is_known {
            out.push(kind);
        }
    }
    out
}
