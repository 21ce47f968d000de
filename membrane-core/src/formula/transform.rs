//! Formulas turned into other formulas, without building them.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::eval::{At, BUDGET, Evaluator, Oversize, size_within, too_deep, too_much, units};
use super::kind::FormulaKind;
use super::parse::MAX_DEPTH;
use super::scope::Scope;
use super::{Formula, Vars};
use crate::error::Result;
use crate::locator::{Locator, Step, loose, peek_steps};
use crate::schema::DataSchema;

/// Names of an object that are looked through for the work of one value.
const NAMES_UNIT: usize = 32;

/// A formula with its variables replaced by what `vars` has at their places.
///
/// Where `vars` has a `$var`, the rest of the path is appended to it: over `{"x": {"$var": "q"}}`,
/// `x.y` becomes `q.y`. A variable that `vars` does not have is absent, and so is what then is empty. A
/// `$case` loses the cases that have no filter, or none any more; without cases its default stands for it. Both
/// sides of an `$eval` are built over `vars`. `$formula` gives way to its argument. This is how a
/// mapping onto a unified model becomes a mapping onto a collection.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) when it takes out-of-bounds work, such as the
/// same long list put in place of many variables, and when what is put in place nests deeper than 512 levels.
///
/// ```
/// use membrane_core::formula::transform_variables;
/// use serde_json::json;
///
/// let mapping = json!({"title": {"$var": "issue.name"}, "body": {"$var": "text"}});
/// let fields = json!({"issue": {"$var": "input.task"}});
/// assert_eq!(transform_variables(&mapping, &fields)?, Some(json!({"title": {"$var": "input.task.name"}})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn transform_variables(value: &Value, vars: &Value) -> Result<Option<Value>> {
    Rewriter { vars, work: Cell::new(BUDGET) }.rewrite(value, 0)
}

/// A formula without the variables a schema does not have; the others are written in full.
///
/// A variable counts as known as soon as the schema has its first field. Pruned as in [`transform_variables`].
///
/// # Errors
/// As [`transform_variables`].
///
/// ```
/// use membrane_core::DataSchema;
/// use membrane_core::formula::retain_variables;
/// use serde_json::json;
///
/// let mapping = json!({"title": {"$var": "name"}, "body": {"$var": "text"}});
/// let known = DataSchema::from_value(&json!({"name": "Bug"}));
/// assert_eq!(retain_variables(&mapping, &known)?, Some(json!({"title": {"$var": "$.name"}})));
/// # Ok::<(), membrane_core::Error>(())
/// ```
pub fn retain_variables(value: &Value, schema: &DataSchema) -> Result<Option<Value>> {
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
    /// The work left for what is put in place of variables, and for comparisons, whose values are built.
    work: Cell<u64>,
}

impl Rewriter<'_> {
    /// Rewrites each variable, and leaves out what is absent then.
    fn rewrite(&self, value: &Value, depth: usize) -> Result<Option<Value>> {
        if depth > MAX_DEPTH || (depth == 0 && super::size_of(value).is_none()) {
            return Ok(None);
        }
        let inner = |value: &Value| self.rewrite(value, depth + 1);
        let Some((kind, argument)) = FormulaKind::of(value) else {
            return match value {
                Value::Array(items) if !items.is_empty() => {
                    let items = each(items, inner)?;
                    Ok((!items.is_empty()).then_some(Value::Array(items)))
                }
                Value::Object(fields) if !fields.is_empty() => {
                    let field = |(name, field): (&String, &Value)| {
                        inner(field).map(|field| Some((name.clone(), field?))).transpose()
                    };
                    let fields: Map<String, Value> =
                        fields.iter().filter_map(field).collect::<Result<_>>()?;
                    Ok((!fields.is_empty()).then_some(Value::Object(fields)))
                }
                value => Ok(Some(value.clone())),
            };
        };
        let argument = match kind {
            FormulaKind::Var => return self.replacement(argument),
            FormulaKind::Formula => return inner(argument),
            FormulaKind::Eval => {
                let Some(built) = self.built(argument)? else { return Ok(None) };
                let mut out = Map::from_iter([("$eval".to_owned(), built)]);
                if let Some((name, operand)) = value.as_object().and_then(|fields| fields.iter().nth(1)) {
                    out.extend(self.built(operand)?.map(|operand| (name.clone(), operand)));
                }
                return Ok(Some(Value::Object(out)));
            }
            FormulaKind::Iterate => {
                let Some((fields, source)) = argument.as_object().zip(argument.get("source")) else {
                    return Ok(None);
                };
                inner(source)?.map(|source| {
                    let mut out = fields.clone();
                    out.insert("source".to_owned(), source);
                    Value::Object(out)
                })
            }
            FormulaKind::Case => return cases(argument, &inner),
            _ => inner(argument)?,
        };
        let key = || format!("${}", kind.as_str());
        Ok(argument.map(|argument| Value::Object(Map::from_iter([(key(), argument)]))))
    }

    /// What a side of a comparison comes to over the replacements.
    fn built(&self, value: &Value) -> Result<Option<Value>> {
        let Ok(formula) = Formula::parse(value) else { return Ok(None) };
        let (evaluator, vars) = (Evaluator::within(self.work.get()), Vars::from(self.vars));
        let at = At { scope: Scope::Vars(&vars), schema: None };
        let built = evaluator.owned(evaluator.eval(formula.node(), at));
        self.work.set(evaluator.left());
        match built {
            Ok(built) => Ok(built),
            // The next one would begin with nothing.
            Err(_) if self.work.get() == 0 => Err(too_much()),
            Err(_) => Ok(None),
        }
    }

    /// What stands for a variable.
    fn replacement(&self, text: &Value) -> Result<Option<Value>> {
        let locator = Locator::from_value(text).ok().filter(|_| loose::truthy(self.vars));
        let Some(locator) = locator else { return Ok(None) };
        let mut rest = locator.steps();
        let mut found = Cow::Borrowed(self.vars);
        loop {
            // Whether something is a formula is seen from all its names.
            self.spend(1 + found.as_object().map_or(0, |fields| fields.len() / NAMES_UNIT) as u64)?;
            if let Some((kind, argument)) = FormulaKind::of(&found) {
                if kind != FormulaKind::Var {
                    return Ok(None);
                }
                let (base, tail) = (loose::text(Some(argument)), tail(rest));
                self.spend(units(&base) + units(&tail))?;
                return Ok(Some(variable(format!("{base}{tail}"))));
            }
            let Some((step, after)) = rest.split_first() else { return self.copy(&found).map(Some) };
            found = match found {
                Cow::Borrowed(value) => match peek_steps(std::slice::from_ref(step), value) {
                    Some(found) => found,
                    None => return Ok(None),
                },
                Cow::Owned(_) => return Ok(None),
            };
            if after.is_empty() {
                return self.copy(&found).map(Some);
            }
            rest = after;
        }
    }

    fn copy(&self, value: &Value) -> Result<Value> {
        let size = size_within(value, self.work.get()).map_err(|oversize| match oversize {
            Oversize::Deep => too_deep(),
            Oversize::Large => too_much(),
        })?;
        self.spend(size)?;
        Ok(value.clone())
    }

    fn spend(&self, units: u64) -> Result<()> {
        self.work.set(self.work.get().checked_sub(units).ok_or_else(too_much)?);
        Ok(())
    }
}

fn each(items: &[Value], rewrite: impl Fn(&Value) -> Result<Option<Value>>) -> Result<Vec<Value>> {
    items.iter().filter_map(|item| rewrite(item).transpose()).collect()
}

/// The cases that have a filter then, and the default; the default alone when there is no such case.
fn cases(argument: &Value, inner: &dyn Fn(&Value) -> Result<Option<Value>>) -> Result<Option<Value>> {
    let cases = argument.as_array().or_else(|| argument.get("cases")?.as_array());
    let Some(cases) = cases else { return Ok(None) };
    let mut kept = each(cases, inner)?;
    kept.retain(|case| case.get("filter").is_some());
    let default = argument.get("default").map(inner).transpose()?.flatten();
    if kept.is_empty() {
        return Ok(default);
    }
    let mut out = Map::from_iter([("cases".to_owned(), Value::Array(kept))]);
    out.extend(default.map(|default| ("default".to_owned(), default)));
    Ok(Some(json!({ "$case": out })))
}

fn variable(text: String) -> Value {
    Value::Object(Map::from_iter([("$var".to_owned(), Value::from(text))]))
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
        assert_eq!(transform_variables(&value, &vars).unwrap(), Some(expected));
        let no_case = json!({"$case": {"cases": [{"value": 3}], "default": {"$var": "x"}}});
        assert_eq!(transform_variables(&no_case, &vars).unwrap(), Some(json!({"$var": "q"})));
    }

    #[test]
    fn other_formulas_have_no_inside() {
        let vars = json!({"x": {"$concat": ["a"]}});
        assert_eq!(
            transform_variables(&json!({"$var": "x"}), &vars).unwrap(),
            Some(json!({"$concat": ["a"]}))
        );
        assert_eq!(transform_variables(&json!({"$var": "x.y"}), &vars).unwrap(), None);
    }
}
