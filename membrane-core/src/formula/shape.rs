//! Formulas over a record: which parts only put variables into places, and what the others read.

use serde_json::Value;

use super::Formula;
use super::eval::{At, Evaluator, size_of};
use super::moving::{Read, reads_of};
use super::node::{Call, Node};
use super::scope::{Scope, Vars};
use crate::locator::{Locator, Step};

/// What a formula is made of.
#[derive(Debug)]
pub(crate) enum Shape<'f> {
    Absent,
    Constant(&'f Value),
    /// Something that does more: its source, and all it reads of the variables.
    Formula(&'f Value, Vec<&'f [Step]>),
    Object(Vec<(&'f str, Self)>),
    Var(&'f [Step]),
}

impl Formula {
    /// What it is made of; `None` when it cannot be told what it reads.
    pub(crate) fn shape(&self) -> Option<Shape<'_>> {
        if self.0.has_copy { None } else { of(self.node(), self.source()) }
    }

    /// The places of the variables it reads, in the order they stand in; `None` when that cannot be told, as of
    /// `$jsonata`.
    ///
    /// ```
    /// use membrane_core::Formula;
    /// use serde_json::json;
    ///
    /// let phone = Formula::parse(&json!({"$concat": ["+", {"$var": "$.tel"}]}))?;
    /// assert_eq!(phone.reads().map(|reads| reads[0].to_string()).as_deref(), Some("$.tel"));
    /// assert_eq!(Formula::parse(&json!({"$jsonata": "tel"}))?.reads(), None);
    /// # Ok::<(), membrane_core::Error>(())
    /// ```
    pub fn reads(&self) -> Option<Vec<Locator>> {
        let mut reads = Vec::new();
        let is_told = !self.0.has_copy
            && reads_of(self.node(), false, &mut |read| {
                let (Read::Filter(steps) | Read::Var(steps)) = read;
                reads.push(Locator::from_steps(steps.to_vec()));
                true
            });
        is_told.then_some(reads)
    }

    /// Builds with the work that is left, and takes off what it took. Nothing at all when it fails.
    pub(crate) fn build_within(&self, vars: &Value, work: &mut u64) -> Option<Option<Value>> {
        let evaluator = Evaluator::within(*work);
        let vars = Vars::from(vars);
        let at = At { scope: Scope::Vars(&vars), schema: None };
        let built = evaluator.owned(evaluator.eval(self.node(), at)).ok()?;
        *work = evaluator.left();
        Some(built)
    }
}

impl<'f> Shape<'f> {
    /// Collects what is read of the variables, in the order it stands in.
    pub(crate) fn reads(&self, reads: &mut Vec<&'f [Step]>) {
        match self {
            Self::Absent | Self::Constant(_) => {}
            Self::Formula(_, all) => reads.extend(all),
            Self::Object(fields) => fields.iter().for_each(|(_, field)| field.reads(reads)),
            Self::Var(steps) => reads.push(steps),
        }
    }

    /// At least the work of building it, without that of formulas and of copying what variables hold;
    /// nothing when that is out of bounds.
    pub(crate) fn work(&self) -> Option<u64> {
        match self {
            Self::Absent | Self::Var(_) => Some(1),
            Self::Constant(value) => size_of(value)?.checked_add(1),
            Self::Formula(..) => Some(0),
            Self::Object(fields) => {
                fields.iter().try_fold(1, |sum: u64, (_, field)| sum.checked_add(field.work()?))
            }
        }
    }
}

fn of<'f>(node: &'f Node, source: &'f Value) -> Option<Shape<'f>> {
    match node {
        Node::Absent => Some(Shape::Absent),
        Node::Constant(value) => Some(Shape::Constant(value)),
        Node::Object(fields) => {
            let field = |(name, node): (&'f str, &'f Node)| Some((name, of(node, source.get(name)?)?));
            fields.iter().map(field).collect::<Option<_>>().map(Shape::Object)
        }
        Node::Call(call) if let Call::Var(locator) = &**call => Some(Shape::Var(locator.steps())),
        Node::Call(_) | Node::Invalid(_) | Node::List(_) => {
            let mut reads = Vec::new();
            // Only what is read the `$var` way can be read ahead.
            let is_told = reads_of(node, false, &mut |read| match read {
                Read::Filter(_) => false,
                Read::Var(steps) => {
                    reads.push(steps);
                    true
                }
            });
            is_told.then_some(Shape::Formula(source, reads))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_in_their_places_and_what_formulas_read() {
        let shape = |formula: Value| {
            let formula = Formula::parse(&formula).unwrap();
            let shape = formula.shape()?;
            let mut reads = Vec::new();
            shape.reads(&mut reads);
            Some((reads.len(), shape.work().unwrap()))
        };
        let places = json!({"a": {"$var": "$.x"}, "b": {"c": {"$var": "$.y[0]"}, "d": [1, 2]}});
        assert_eq!(shape(places), Some((2, 8)));
        assert_eq!(shape(json!({"$var": "$"})), Some((1, 1)));
        assert_eq!(shape(json!({"$record": {}})), Some((0, 1)));
        assert_eq!(shape(json!({"a": {"$concat": [{"$var": "$.x"}, {"$var": "$.y"}]}})), Some((2, 1)));
        assert_eq!(shape(json!([{"$var": "$.x"}])), Some((1, 0)));
        assert_eq!(shape(json!([{"$var": "$"}])), None);
        assert_eq!(shape(json!({"$copy": {"from": "$.x", "to": "$.y"}})), None);
    }

    #[test]
    fn work_is_taken_off() {
        let formula = Formula::parse(&json!([{"$var": "$.a"}, "x"])).unwrap();
        let mut work = 100;
        assert_eq!(formula.build_within(&json!({"a": [1, 2]}), &mut work), Some(Some(json!([[1, 2], "x"]))));
        assert_eq!(work, 93);
        assert_eq!(formula.build_within(&json!({"a": [1, 2]}), &mut 6), None);
    }
}
