//! A formula and variables: built, resolved, its schema, moved into other variables.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_core::formula::{AnyFilter, JsonataCore, formula_places, transform_variables, variable_places};
use membrane_core::formula::{FormulaKind, implied_schema, merge_formulas, retain_variables};
use membrane_core::{DataSchema, Formula, Vars};

fuzz_target!(|data: &[u8]| {
    let (source, variables) = membrane_fuzz::two(data);
    let schema = DataSchema::from_value(&variables);
    let engine = JsonataCore::new();
    if let Ok(formula) = Formula::parse(&source) {
        assert_eq!(*formula.source(), source);
        let vars = Vars::from(&variables).with_jsonata(&engine);
        let _ = formula.try_build(&vars);
        let _ = membrane_fuzz::block_on(formula.resolve(&vars, None, Some(schema.as_value())));
        // Moved or copied, it is the same.
        assert_eq!(formula.build_from(variables.clone()), formula.build(&variables));
        let _ = (formula.schema(&schema), formula.schema_with(&schema, &engine));
    }
    let _ = AnyFilter::parse(&source).map(|filter| filter.result(&Vars::from(&variables)));
    let _ = (transform_variables(&source, &variables), retain_variables(&source, &schema));
    let _ = (variable_places(&source), formula_places(&source, FormulaKind::Concat));
    let _ = (merge_formulas(Some(&source), Some(&variables)), implied_schema(Some(&schema), &source, &schema));
});
