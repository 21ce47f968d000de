//! A schema and data: validated, fitted, merged, made plain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_core::DataSchema;
use membrane_core::schema::{DataForm, Fit, PatchOptions};

fuzz_target!(|data: &[u8]| {
    let (schema, value) = membrane_fuzz::two(data);
    let Ok(schema) = DataSchema::new(schema) else { return };
    let other = DataSchema::from_value(&value);
    let validator = schema.compile();
    let _ = validator.as_ref().map(|validator| validator.validate(&value));
    for (normalizes, adds) in [(false, false), (true, true)] {
        let fit = Fit::new().normalize_values(normalizes).skip_unknown_fields(adds).add_defaults(adds);
        let _ = schema.fit(value.clone(), &fit);
    }
    let merged = DataSchema::merge([&schema, &other]);
    let _ = (merged, schema.patched(&other, PatchOptions::default()), schema.compressed(), schema.example());
    let _ = (schema.places(), schema.required(), schema.missing(&value), schema.clone().with_titles());
    let _ = (schema.clone().without_read_only(), schema.sensitive_values(&value).len());
    let form = DataForm::new(schema.clone(), Some(value.clone()), other);
    form.fields().iter().for_each(|field| drop(form.options(field)));

    let plain = schema.to_plain();
    let again = plain.schema().to_plain();
    assert_eq!(again.schema(), plain.schema());
    assert_eq!(again.changes(), []);
    assert!(validator.is_err() || plain.schema().compile().is_ok());
    let _ = (plain.from_arguments(value.clone()), plain.to_arguments(value));
});
