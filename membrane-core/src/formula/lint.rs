//! What a formula gets wrong without failing: it merely builds less than its author meant.

use serde_json::{Map, Value};

use super::kind::{FormulaKind, NAMES};
use super::node::Comparison;
use super::parse::{MAX_DEPTH, kind_key, property};
use super::problem::Problem;
use crate::filter::{Filter, lost_condition};
use crate::locator::{Locator, Step, loose};

/// As many as anybody reads.
const MAX_LINTS: usize = 1000;

/// Bytes of a name that are told.
const MAX_NAME: usize = 100;

/// Names that other languages have and that look like a formula's.
const FOREIGN: &[&str] = &["add", "any", "max"];

/// All of a formula that was parsed, in the order it stands in.
pub(super) fn lints(formula: &Value) -> Vec<Problem> {
    let mut linter = Linter::default();
    linter.value(formula);
    linter.found
}

/// Knows the place it is at.
#[derive(Default)]
struct Linter {
    place: Vec<Step>,
    found: Vec<Problem>,
}

impl Linter {
    fn value(&mut self, value: &Value) {
        // What was parsed is not deeper, but for what formulas do not look at.
        if self.place.len() > MAX_DEPTH || self.found.len() >= MAX_LINTS {
            return;
        }
        if let Some((kind, argument)) = FormulaKind::of(value) {
            self.beside(kind, value);
            return self.within([kind_key(kind)], |linter| linter.call(kind, argument, value));
        }
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.within([Step::Index(index)], |linter| linter.value(item));
                }
            }
            Value::Object(fields) => {
                self.misspelt(fields);
                for (name, field) in loose::in_order(fields) {
                    self.within([property(name)], |linter| linter.value(field));
                }
            }
            _ => {}
        }
    }

    /// A single name that is nearly a formula's.
    fn misspelt(&mut self, fields: &Map<String, Value>) {
        let mut names = fields.keys();
        let (Some(key), None) = (names.next(), names.next()) else { return };
        if let Some(meant) = key.strip_prefix('$').and_then(nearly) {
            self.lint(&format!("there is no formula `{key}`; is it `${meant}`?"));
        }
    }

    /// What stands after the first name, which counts for nothing but beside `$eval`.
    fn beside(&mut self, kind: FormulaKind, whole: &Value) {
        let mut others = whole.as_object().into_iter().flat_map(Map::keys).skip(1);
        let name = format!("${}", kind.as_str());
        if kind == FormulaKind::Eval
            && let Some(comparison) = others.next()
            && Comparison::from_name(comparison).is_none()
        {
            return self.lint(&format!("unknown comparison `{}`; use for example `is`", shown(comparison)));
        }
        let counts = |other: &&String| {
            FormulaKind::from_key(other).is_some()
                || kind == FormulaKind::Eval && Comparison::from_name(other).is_some()
        };
        if let Some(other) = others.find(counts) {
            self.lint(&format!("`{other}` counts for nothing in a `{name}`"));
        }
    }

    fn call(&mut self, kind: FormulaKind, argument: &Value, whole: &Value) {
        match kind {
            FormulaKind::Case => self.case(argument),
            FormulaKind::Copy if argument.is_string() => self.locator(argument),
            FormulaKind::Eval => {
                self.value(argument);
                let second = whole.as_object().and_then(|fields| fields.iter().nth(1));
                if let Some((_, operand)) = second.filter(|(name, _)| Comparison::from_name(name).is_some()) {
                    self.value(operand);
                }
            }
            // Its steps were looked at by the parser.
            FormulaKind::Var if argument.is_array() => {}
            FormulaKind::Var => self.locator(argument),
            FormulaKind::Plain | FormulaKind::Record => {}
            FormulaKind::Tpl => self.key(argument, "values"),
            _ => self.value(argument),
        }
    }

    fn locator(&mut self, argument: &Value) {
        if let Err(error) = Locator::from_value(argument) {
            self.lint(error.message());
        }
    }

    fn case(&mut self, argument: &Value) {
        let listed = argument.as_array();
        let Some(cases) = listed.or_else(|| argument.get("cases")?.as_array()) else {
            return self.lint("expected a list of cases, or an object with `cases`");
        };
        for (n, case) in cases.iter().enumerate() {
            let place = listed.is_none().then(|| property("cases")).into_iter().chain([Step::Index(n)]);
            self.within(place, |linter| {
                if !case.is_object() {
                    return linter.lint("a case is an object with `filter` and `value`");
                }
                if let Some(filter) = case.get("filter") {
                    linter.within([property("filter")], |linter| linter.filter(filter));
                }
                linter.key(case, "value");
            });
        }
        self.key(argument, "default");
    }

    fn filter(&mut self, filter: &Value) {
        match filter {
            // What is wrong otherwise, the parser has told.
            Value::Array(conditions) if Filter::parse(filter).is_ok() => {
                if let Some((n, reason)) = lost_condition(conditions) {
                    let place = [Step::Index(n), property("operator")];
                    let steps = if conditions.get(n).is_some_and(Value::is_object) { 2 } else { 1 };
                    self.within(place.into_iter().take(steps), |linter| linter.lint(&reason));
                }
            }
            Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) if text.is_empty() => {}
            Value::Object(fields) if FormulaKind::of(filter).is_some() || fields.is_empty() => {
                self.value(filter);
            }
            Value::Object(_) | Value::String(_) => {
                let before = self.found.len();
                self.value(filter);
                if self.found.len() == before {
                    self.lint("a filter is a list of conditions, or a formula: this one always matches");
                }
            }
        }
    }

    fn key(&mut self, argument: &Value, name: &str) {
        if let Some(value) = argument.get(name) {
            self.within([property(name)], |linter| linter.value(value));
        }
    }

    fn within(&mut self, steps: impl IntoIterator<Item = Step>, then: impl FnOnce(&mut Self)) {
        let depth = self.place.len();
        self.place.extend(steps);
        then(self);
        self.place.truncate(depth);
    }

    fn lint(&mut self, reason: &str) {
        if self.found.len() < MAX_LINTS {
            self.found.push(Problem::new(&self.place, reason));
        }
    }
}

fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// The formula a name is nearly that of.
fn nearly(name: &str) -> Option<&'static str> {
    if FOREIGN.contains(&name) {
        return None;
    }
    nearest(name, NAMES.iter().map(|(_, known)| *known))
}

/// The name another one nearly is. The shorter a name, the less of it may be wrong.
pub(crate) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if name.len() > MAX_NAME {
        return None;
    }
    let allowed = |known: &str| (known.len() / 3).min(2);
    let near = known.map(|known| (distance(name, known), known));
    near.filter(|(distance, known)| *distance <= allowed(known)).min().map(|(_, known)| known)
}

/// How many letters must be put in, left out, replaced or changed with the next one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i];
        for j in 1..=b.len() {
            let replaced = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(above[j - 2] + 1);
            }
            next.push(best);
        }
        above = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::formula::{AnyFilter, Formula};

    /// The place and reason of each problem; the formula builds all the same.
    fn told(formula: &Value) -> Vec<(String, String)> {
        let formula = Formula::parse(formula).unwrap();
        let of = |error: crate::Error| {
            (error.context_value("place").unwrap().to_owned(), error.message().to_owned())
        };
        formula.problems().into_iter().map(of).collect()
    }

    #[test]
    fn what_comes_to_nothing_is_told() {
        let condition = json!({"field": "a", "operator": "equals", "value": 1});
        let case = |filter: Value| json!({"$case": [{"filter": filter, "value": "x"}]});
        for (formula, place, reason) in [
            (case(json!([condition])), "$.$case[0].filter[0].operator", "unknown operator `equals`"),
            (case(json!([{"field": "a"}])), "$.$case[0].filter[0].operator", "has no operator"),
            (case(json!(["junk"])), "$.$case[0].filter[0]", "has no operator"),
            (case(json!([5])), "$.$case[0].filter[0]", "has no operator"),
            (case(json!("abc")), "$.$case[0].filter", "always matches"),
            (case(json!({"a": 1})), "$.$case[0].filter", "always matches"),
            (case(json!({"$evl": 1})), "$.$case[0].filter", "is it `$eval`?"),
            (json!({"$case": {"cases": [5]}}), "$.$case.cases[0]", "a case is an object"),
            (json!({"$case": {"case": []}}), "$.$case", "with `cases`"),
            (json!({"$var": "$.a["}), "$.$var", "invalid locator `$.a[`"),
            (json!({"$var": 5}), "$.$var", "a locator must be a text"),
            (json!({"$formula": {"a": [{"$var": "$.a["}]}}), "$.$formula.a[0].$var", "invalid locator"),
            (json!({"$copy": "$.a["}), "$.$copy", "invalid locator"),
            (json!({"$eval": 1, "equals": 2}), "$", "unknown comparison `equals`"),
            (json!({"$eval": 1, "is": 2, "isNot": 3}), "$", "`isNot` counts for nothing"),
            (json!({"$eval": 1, "is": {"$vra": "a"}}), "$.$eval", "is it `$var`?"),
            (json!({"a": {"$vra": "$.x"}}), "$.a", "is it `$var`?"),
            (json!({"$var": "$.x", "$concat": []}), "$", "`$concat` counts for nothing in a `$var`"),
            (
                json!({"$tpl": {"template": "{a}", "values": {"a": {"$conact": []}}}}),
                "$.$tpl.values.a",
                "$concat",
            ),
            (json!({"$iterate": {"source": [], "item": {"$Var": "item"}}}), "$.$iterate.item", "`$var`"),
        ] {
            let found = told(&formula);
            assert_eq!(found.len(), 1, "{formula} {found:?}");
            assert_eq!(found[0].0, place, "{formula}");
            assert!(found[0].1.contains(reason), "{formula} {found:?}");
            assert!(Formula::parse_strict(&formula).is_err());
            assert!(Formula::parse(&formula).unwrap().try_build(&crate::Vars::new()).is_ok(), "{formula}");
            assert!(AnyFilter::parse(&formula).is_ok());
            assert!(AnyFilter::parse_strict(&formula).is_err(), "{formula}");
        }
        assert!(AnyFilter::parse_strict(&json!([condition])).is_err());
        assert!(AnyFilter::parse_strict(&json!(["junk"])).is_err());
    }

    #[test]
    fn data_is_left_alone() {
        for formula in [
            json!({"$plain": {"$vra": "$.a["}}),
            json!({"$record": {"$vra": 1}}),
            json!({"$ref": "#/$defs/a"}),
            json!({"$defs": {"a": {"$id": "b"}}}),
            json!({"$vra": 1, "other": 2}),
            json!({"$top": 10}),
            json!([{"$or": [{"$gt": 1}, {"$in": []}, {"$not": 1}]}, {"$set": {"a": 1}}, {"$max": 1}, {"$add": []}]),
            json!({"$var": "$.a", "note": "why"}),
            json!({"$eval": {"$var": "a"}}),
            json!({"$var": "$.a", "1": {"$var": "$.b"}}),
            json!({"$case": [{"filter": {}, "value": 1}, {"filter": true}, {"filter": ""}, {}]}),
            json!({"$tpl": {"template": "{\"$vra\": 1}"}}),
            json!({"$copy": {"$var": "$.place"}}),
        ] {
            assert_eq!(told(&formula), [], "{formula}");
            Formula::parse_strict(&formula).unwrap();
        }
    }

    #[test]
    fn near_names() {
        for (a, b, expected) in
            [("var", "var", 0), ("vra", "var", 1), ("", "or", 2), ("evl", "eval", 1), ("conact", "concat", 1)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
        assert_eq!(nearly("fristNotEmtpy"), Some("firstNotEmpty"));
        assert_eq!(nearly("os"), None);
        assert_eq!(nearly(&"a".repeat(100_000)), None);
        let many = Value::Array(vec![json!({"$vra": 1}); 5000]);
        assert_eq!(lints(&many).len(), MAX_LINTS);
    }
}
