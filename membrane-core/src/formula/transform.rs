//! Formulas turned into other formulas, without building them.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::eval::{At, BUDGET, Evaluator};
use super::kind::FormulaKind;
use super::parse::MAX_DEPTH;
use super::scope::Scope;
use super::{Formula, Vars};
use crate::locator::{Locator, Step, loose, peek_steps};
use crate::schema::DataSchema;

/// A formula with its variables replaced by what `vars` has at their places.
///
/// Where `vars` has a `$var`, the rest of the path is appended to it: over `{"x": {"$var": "q"}}`,
/// `x.y` becomes `q.y`. A variable that `vars` does not have is absent, and so is what then is empty. A
/// `$case` loses the cases that have no filter, or none any more; without cases its default stands for it. Both
/// sides of an `$eval` are built over `vars`. `$formula` gives way to its argument. This is how a
/// mapping onto a unified model becomes a mapping onto a collection.
///
/// ```
/// use membrane_core::formula::transform_variables;
/// use serde_json::json;
///
/// let mapping = json!({"title": {"$var": "issue.name"}, "body": {"$var": "text"}});
/// let fields = json!({"issue": {"$var": "input.task"}});
/// assert_eq!(transform_variables(&mapping, &fields), Some(json!({"title": {"$var": "input.task.name"}})));
/// ```
pub fn transform_variables(value: &Value, vars: &Value) -> Option<Value> {
    Rewriter { vars, work: Cell::new(BUDGET) }.rewrite(value, 0)
}

/// A formula without the variables a schema does not have; the others are written in full.
///
/// A variable counts as known as soon as the schema has its first field. Pruned as in [`transform_variables`].
///
/// ```
/// use membrane_core::DataSchema;
/// use membrane_core::formula::retain_variables;
/// use serde_json::json;
///
/// let mapping = json!({"title": {"$var": "name"}, "body": {"$var": "text"}});
/// let known = DataSchema::from_value(&json!({"name": "Bug"}));
/// assert_eq!(retain_variables(&mapping, &known), Some(json!({"title": {"$var": "$.name"}})));
/// ```
pub fn retain_variables(value: &Value, schema: &DataSchema) -> Option<Value> {
    let known = variables_of(schema.as_value(), &Locator::root());
    Rewriter { vars: &known, work: Cell::new(BUDGET) }.rewrite(value, 0)
}

/// The fields of a schema as variables: each object has its own variable and those of its fields.
fn variables_of(schema: &Value, place: &Locator) -> Value {
    let mut out = Map::new();
    if !place.is_root() {
        out.insert("$var".to_owned(), Value::from(place.to_string()));
    }
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    if is_object && place.steps().len() < MAX_DEPTH {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            out.insert(name.clone(), variables_of(property, &place.property(name)));
        }
    }
    loose::sort_positions(&mut out);
    Value::Object(out)
}

/// A child's value laid over its parent's, as for field mappings.
///
/// Objects are merged key by key and lists item by item; where either is a formula, and for everything
/// else, the child's value stands, even when it is `null`.
///
/// ```
/// use membrane_core::formula::merge_formulas;
/// use serde_json::json;
///
/// let parent = json!({"title": {"$var": "name"}, "labels": [1, 2]});
/// let child = json!({"title": {"$var": "summary"}, "labels": [9]});
/// let merged = merge_formulas(Some(&parent), Some(&child));
/// assert_eq!(merged, Some(json!({"title": {"$var": "summary"}, "labels": [9, 2]})));
/// ```
pub fn merge_formulas(parent: Option<&Value>, child: Option<&Value>) -> Option<Value> {
    merge(parent, child, 0)
}

fn merge(parent: Option<&Value>, child: Option<&Value>, depth: usize) -> Option<Value> {
    let (Some(a), Some(b)) = (parent, child) else { return child.or(parent).cloned() };
    match (a, b) {
        _ if depth > MAX_DEPTH => {}
        (Value::Array(a), Value::Array(b)) => {
            let items = (0..a.len().max(b.len())).filter_map(|n| merge(a.get(n), b.get(n), depth + 1));
            return Some(Value::Array(items.collect()));
        }
        (Value::Object(old), Value::Object(new)) if FormulaKind::of(a).or(FormulaKind::of(b)).is_none() => {
            let mut out = Map::new();
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                out.extend(merge(old.get(name), new.get(name), depth + 1).map(|value| (name.clone(), value)));
            }
            loose::sort_positions(&mut out);
            return Some(Value::Object(out));
        }
        _ => {}
    }
    Some(b.clone())
}

/// Puts what variables stand for in their places.
struct Rewriter<'v> {
    vars: &'v Value,
    /// The work left for comparisons, whose values are built.
    work: Cell<u64>,
}

impl Rewriter<'_> {
    /// Rewrites each variable, and leaves out what is absent then.
    fn rewrite(&self, value: &Value, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH || (depth == 0 && super::size_of(value).is_none()) {
            return None;
        }
        let inner = |value: &Value| self.rewrite(value, depth + 1);
        let Some((kind, argument)) = FormulaKind::of(value) else {
            return match value {
                Value::Array(items) if !items.is_empty() => {
                    let items: Vec<Value> = items.iter().filter_map(inner).collect();
                    (!items.is_empty()).then_some(Value::Array(items))
                }
                Value::Object(fields) if !fields.is_empty() => {
                    let fields =
                        fields.iter().filter_map(|(name, field)| Some((name.clone(), inner(field)?)));
                    let fields: Map<String, Value> = fields.collect();
                    (!fields.is_empty()).then_some(Value::Object(fields))
                }
                value => Some(value.clone()),
            };
        };
        let argument = match kind {
            FormulaKind::Var => return replacement(argument, self.vars),
            FormulaKind::Formula => return inner(argument),
            FormulaKind::Eval => {
                let mut out = Map::from_iter([("$eval".to_owned(), self.built(argument)?)]);
                if let Some((name, operand)) = value.as_object().and_then(|fields| fields.iter().nth(1)) {
                    out.extend(self.built(operand).map(|operand| (name.clone(), operand)));
                }
                return Some(Value::Object(out));
            }
            FormulaKind::Iterate => {
                let mut out = argument.as_object()?.clone();
                out.insert("source".to_owned(), inner(argument.get("source")?)?);
                Value::Object(out)
            }
            FormulaKind::Case => return cases(argument, &inner),
            _ => inner(argument)?,
        };
        Some(Value::Object(Map::from_iter([(format!("${}", kind.as_str()), argument)])))
    }

    /// What a side of a comparison comes to over the replacements.
    fn built(&self, value: &Value) -> Option<Value> {
        let formula = Formula::parse(value).ok()?;
        let (evaluator, vars) = (Evaluator::within(self.work.get()), Vars::from(self.vars));
        let at = At { scope: Scope::Vars(&vars), schema: None };
        let built = evaluator.owned(evaluator.eval(formula.node(), at)).ok().flatten();
        self.work.set(evaluator.left());
        built
    }
}

/// The cases that have a filter then, and the default; the default alone when there is no such case.
fn cases(argument: &Value, inner: &dyn Fn(&Value) -> Option<Value>) -> Option<Value> {
    let cases = argument.as_array().or_else(|| argument.get("cases")?.as_array())?;
    let kept: Vec<Value> =
        cases.iter().filter_map(inner).filter(|case| case.get("filter").is_some()).collect();
    let default = argument.get("default").and_then(inner);
    if kept.is_empty() {
        return default;
    }
    let mut out = Map::from_iter([("cases".to_owned(), Value::Array(kept))]);
    out.extend(default.map(|default| ("default".to_owned(), default)));
    Some(json!({ "$case": out }))
}

fn variable(text: String) -> Value {
    Value::Object(Map::from_iter([("$var".to_owned(), Value::from(text))]))
}

/// What stands for a variable.
fn replacement(text: &Value, vars: &Value) -> Option<Value> {
    let locator = Locator::from_value(text).ok().filter(|_| loose::truthy(vars))?;
    let mut rest = locator.steps();
    let mut found = Cow::Borrowed(vars);
    loop {
        if let Some((kind, argument)) = FormulaKind::of(&found) {
            let base = (kind == FormulaKind::Var).then(|| loose::text(Some(argument)))?;
            return Some(variable(format!("{base}{}", tail(rest))));
        }
        let Some((step, after)) = rest.split_first() else { return Some(found.into_owned()) };
        found = match found {
            Cow::Borrowed(value) => peek_steps(std::slice::from_ref(step), value)?,
            Cow::Owned(_) => return None,
        };
        if after.is_empty() {
            return Some(found.into_owned());
        }
        rest = after;
    }
}

/// The steps as text, without the `$`.
fn tail(steps: &[Step]) -> String {
    Locator::from_steps(steps.to_vec()).to_string().split_off(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cases_without_filter_are_gone() {
        let value = json!({"$case": {"cases": [
            {"filter": {"$eval": {"$var": "gone"}, "is": 1}, "value": 1},
            {"filter": {"$eval": {"$var": "x"}, "is": {"$concat": ["a", "b"]}, "more": 1}, "value": 2},
            {"value": 3},
        ], "default": {"$var": "x"}}});
        let vars = json!({"x": {"$var": "q"}});
        let expected = json!({"$case": {"cases": [
            {"filter": {"$eval": {"$var": "q"}, "is": "ab"}, "value": 2},
        ], "default": {"$var": "q"}}});
        assert_eq!(transform_variables(&value, &vars), Some(expected));
        let no_case = json!({"$case": {"cases": [{"value": 3}], "default": {"$var": "x"}}});
        assert_eq!(transform_variables(&no_case, &vars), Some(json!({"$var": "q"})));
    }

    #[test]
    fn other_formulas_have_no_inside() {
        let vars = json!({"x": {"$concat": ["a"]}});
        assert_eq!(transform_variables(&json!({"$var": "x"}), &vars), Some(json!({"$concat": ["a"]})));
        assert_eq!(transform_variables(&json!({"$var": "x.y"}), &vars), None);
    }
}
