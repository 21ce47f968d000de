//! How many instructions the data language takes, counted by Valgrind: unlike time, the same on a busy machine.
//!
//! Fails when a count is above its bound; see README.md.
#![allow(missing_docs, reason = "the macros make items without")]
#![allow(clippy::expect_used, reason = "what is measured is right")]

#[path = "../language/data.rs"]
mod data;

use std::hint::black_box;

use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use membrane_core::{Filter, Formula};
use serde_json::Value;

/// As many as a page holds.
const RECORDS: usize = 100;

fn records() -> Vec<Value> {
    (0..RECORDS).map(data::record).collect()
}

fn mapping() -> (Formula, Vec<Value>) {
    let mapping = serde_json::from_str(data::MAPPING).expect("JSON");
    (Formula::parse(&mapping).expect("a formula"), records())
}

fn filter() -> (Filter, Vec<Value>) {
    let filter = serde_json::from_str(data::FILTER).expect("JSON");
    (Filter::parse(&filter).expect("a filter"), records())
}

fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, instructions)]));
    config
}

// What is given back is dropped outside the count.

#[library_benchmark(config = at_most(4_650_000))]
#[bench::page(mapping())]
fn build((formula, records): (Formula, Vec<Value>)) -> (Vec<Option<Value>>, Vec<Value>) {
    (records.iter().map(|record| black_box(&formula).build(record)).collect(), records)
}

#[library_benchmark(config = at_most(6_300_000))]
#[bench::page(mapping())]
fn build_from((formula, records): (Formula, Vec<Value>)) -> Vec<Option<Value>> {
    records.into_iter().map(|record| black_box(&formula).build_from(record)).collect()
}

#[library_benchmark(config = at_most(57_000))]
#[bench::page(filter())]
fn matches((filter, records): (Filter, Vec<Value>)) -> (usize, Vec<Value>) {
    (records.iter().filter(|record| black_box(&filter).matches(record)).count(), records)
}

library_benchmark_group!(name = language; benchmarks = build, build_from, matches);

main!(library_benchmark_groups = language);
