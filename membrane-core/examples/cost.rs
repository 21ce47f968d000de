//! What the data language costs, by size of the data: microseconds, and nanoseconds a byte.
//!
//! `cargo run --release -p membrane-core --example cost`. Cost is linear: a thousand times the data takes about a
//! thousand times as long, two to three times that once the data is larger than the processor's caches.
//!
//! `in parts` maps as much data in values of the smallest size: what these take longer than one of them alone is
//! memory, and what one large value takes longer than they is the algorithm.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use membrane_core::schema::Fit;
use membrane_core::{DataSchema, Filter, Formula, Result, Vars};
use serde_json::{Value, json};

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

fn main() -> Result<()> {
    let mapping = Formula::parse(&json!({"tasks": {"$iterate": {"source": {"$var": "rows"}, "item": {
        "title": {"$concat": {"values": [{"$var": "item.code"}, {"$var": "item.name"}], "delimiter": ": "}},
        "state": {"$map": {"value": {"$var": "item.open"}, "mapping": [{"from": true, "to": "open"}], "default": "closed"}},
        "text": {"$firstNotEmpty": [{"$var": "item.missing"}, {"$var": "item.text"}]},
        "due": {"$extractDate": {"$var": "item.due"}},
        "by": {"$tpl": {"template": "{n} <{m}>", "values": {"n": {"$var": "item.by.name"}, "m": {"$var": "item.by.mail"}}}},
    }}}}))?;
    let filter = Filter::parse_strict(&json!([
        {"field": "rows.by.name", "operator": "is", "value": "nobody"},
        {"field": "rows.text", "operator": "contains", "value": "nowhere"},
    ]))?;
    println!("{:>9}  {:<10} {:>10}  {:>8}", "bytes", "", "µs", "ns/byte");
    let small = data(SIZES[0]);
    for size in SIZES {
        let data = data(size);
        let bytes = data.to_string().len();
        let schema = DataSchema::from_value(&data);
        let validator = schema.compile()?;
        let fit = Fit::new().normalize_values(true).skip_unknown_fields(true);
        let vars = Vars::from(&data);
        report(bytes, "mapping", || mapping.build_with(&vars));
        // As much data as values of the smallest size, all results kept as those of one value are.
        let parts = vec![small.clone(); size / SIZES[0]];
        report(bytes, "in parts", || parts.iter().map(|part| mapping.build(part)).collect::<Vec<_>>());
        report(bytes, "filter", || filter.matches(&data));
        report(bytes, "validation", || validator.is_valid(&data));
        report(bytes, "fit", || schema.fit(data.clone(), &fit));
        report(bytes, "schema of", || DataSchema::from_value(&data));
    }
    Ok(())
}

/// Rows that fill about as many bytes.
fn data(size: usize) -> Value {
    let row = |n: usize| {
        json!({
            "code": format!("A-{n}"), "name": "Numbers do not add up", "open": n.is_multiple_of(2), "due": "2026-02-03T10:00:00Z",
            "text": "The sum at the foot of the page is not that of its rows.", "by": {"name": "Ann", "mail": "ann@acme.example"},
        })
    };
    let count = (size / row(0).to_string().len()).max(1);
    json!({"rows": (0..count).map(row).collect::<Vec<_>>()})
}

/// The shortest of some runs: what the work takes when nothing else does.
fn report<T>(bytes: usize, what: &str, run: impl Fn() -> T) {
    let mut shortest = Duration::MAX;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(200) {
        let start = Instant::now();
        black_box(run());
        shortest = shortest.min(start.elapsed());
    }
    let nanoseconds = shortest.as_secs_f64() * 1e9;
    #[allow(clippy::cast_precision_loss)]
    let each = nanoseconds / bytes as f64;
    println!("{bytes:>9}  {what:<10} {:>10.1}  {each:>8.2}", nanoseconds / 1e3);
}
