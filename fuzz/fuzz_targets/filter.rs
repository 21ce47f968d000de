//! A filter and data: both parts of a filter mean the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_core::filter::Pushdown;
use membrane_core::{Filter, Operator};

fuzz_target!(|data: &[u8]| {
    let (form, record) = membrane_fuzz::two(data);
    let _ = Filter::from_fields(&form).map(|filter| filter.matches(&record));
    let Ok(filter) = Filter::parse(&form) else { return };
    let is_strict = Filter::parse_strict(&form).is_ok();
    let is_whole = form.as_array().is_some_and(|all| all.len() == filter.conditions().len());
    assert_eq!(is_strict, is_whole);
    assert_eq!(Filter::parse(&filter.to_value()).ok().as_ref(), Some(&filter));
    let taken = [Operator::Is, Operator::IsOneOf, Operator::Contains, Operator::IsTrue, Operator::LessThan];
    let app = filter
        .conditions()
        .iter()
        .filter(|condition| taken.contains(&condition.operator))
        .fold(Pushdown::new(), |app, condition| {
            app.take(condition.field.clone(), condition.operator, condition.field.to_string())
        });
    let split = app.split(&filter);
    assert_eq!(split.taken.matches(&record) && split.rest.matches(&record), filter.matches(&record));
});
