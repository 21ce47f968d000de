//! The data language beside the official JavaScript package; see README.md.
#![allow(clippy::print_stdout, reason = "a report is what this program is for")]

mod data;
#[allow(dead_code, reason = "the other bench uses the rest of it")]
#[path = "../compare/measure.rs"]
mod measure;
mod package;

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use cpu_time::ProcessTime;
use membrane_core::{Filter, Formula};
use serde_json::Value;

use crate::measure::median;
use crate::package::Package;

/// As in the other benches.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What one side took, a figure a round.
#[derive(Default)]
struct Costs {
    map: Vec<Duration>,
    map_from: Vec<Duration>,
    filter: Vec<Duration>,
}

/// What both sides do, and how much of it.
struct Task {
    formula: Formula,
    filter: Filter,
    records: Vec<Value>,
    /// Records at hand at a time.
    page: usize,
    /// How often a page is filtered, which is too quick to be measured once.
    passes: usize,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test` builds and starts benches too; they measure only when asked to.
    if !arguments.iter().any(|a| a == "--bench") {
        return Ok(());
    }
    let number = |name: &str, default: usize| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default).max(1)
    };
    let (count, rounds) = (number("--records", 100_000), number("--rounds", 3));
    let (page, passes) = (number("--page", 1000), number("--passes", 10));

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("records.jsonl");
    write_lines(&file, (0..count).map(data::record))?;
    let task = Task {
        formula: Formula::parse(&serde_json::from_str(data::MAPPING)?)?,
        filter: Filter::parse(&serde_json::from_str(data::FILTER)?)?,
        // Read back, so that both sides hold what a parser made of the same text.
        records: read_lines(&file)?
            .map(|line| Ok(serde_json::from_str(&line?)?))
            .collect::<Result<_, Failure>>()?,
        page,
        passes,
    };
    let mut package = Package::start(&file, page, passes)?;
    match &mut package {
        Some(package) => same(package, folder.path(), &task)?,
        None => println!("the package is not measured: `npm ci` in interop/sdk, with Node.js, installs it"),
    }

    let (mut ours, mut theirs) = (Costs::default(), Costs::default());
    for round in 0..=rounds {
        let own = task.costs();
        let other = package.as_mut().map(Package::costs).transpose()?;
        // The first round warms both sides up.
        if round > 0 {
            ours.map.push(own.0);
            ours.map_from.push(own.1);
            ours.filter.push(own.2);
            theirs.map.extend(other.map(|other| other.0));
            theirs.map_from.extend(other.map(|other| other.0));
            theirs.filter.extend(other.map(|other| other.1));
        }
    }
    println!(
        "{count} records of 25 fields, in pages of {page}; CPU time, medians of {rounds} rounds in turn"
    );
    report("mapping, Formula::build", count, &ours.map, &theirs.map);
    report("mapping, Formula::build_from", count, &ours.map_from, &theirs.map_from);
    report("filter of two conditions, Filter::matches", count * passes, &ours.filter, &theirs.filter);
    Ok(())
}

impl Task {
    /// What building, building from what is not needed any more, and filtering take.
    fn costs(&self) -> (Duration, Duration, Duration) {
        let (mut map, mut map_from, mut filter) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        for page in self.records.chunks(self.page) {
            // Outside the measure, and for all parts alike: a page that just came in.
            let (page, own) = (page.to_vec(), page.to_vec());
            map += cost(|| page.iter().for_each(|record| drop(black_box(self.formula.build(record)))));
            map_from +=
                cost(|| own.into_iter().for_each(|record| drop(black_box(self.formula.build_from(record)))));
            filter += cost(|| {
                for _ in 0..self.passes {
                    black_box(page.iter().filter(|record| self.filter.matches(record)).count());
                }
            });
        }
        (map, map_from, filter)
    }
}

fn cost(work: impl FnOnce()) -> Duration {
    let before = ProcessTime::now();
    work();
    before.elapsed()
}

/// Fails unless both sides make the same of every record, to the order of keys.
fn same(package: &mut Package, folder: &Path, task: &Task) -> Result<(), Failure> {
    let file = folder.join("results.jsonl");
    let mut check = |result: &str, ours: &dyn Fn(&Value) -> Option<Value>| {
        package.write(result, &file)?;
        let mut lines = read_lines(&file)?;
        for record in &task.records {
            let theirs = lines.next().ok_or("the package wrote too few results")??;
            let ours = ours(record).unwrap_or_default().to_string();
            if ours != theirs {
                return Err(Failure::from(format!("{result}: ours {ours}, theirs {theirs}, of {record}")));
            }
        }
        Ok(())
    };
    check("mapped", &|record| task.formula.build(record))?;
    check("mapped", &|record| task.formula.build_from(record.clone()))?;
    check("kept", &|record| Some(Value::Bool(task.filter.matches(record))))?;
    println!("both sides agree on every record");
    Ok(())
}

fn report(what: &str, units: usize, ours: &[Duration], theirs: &[Duration]) {
    let seconds = |costs: &[Duration]| median(costs.iter().map(Duration::as_secs_f64).collect());
    let line = |side: &str, seconds: f64| {
        let (each, a_second) = (seconds * 1e6 / units as f64, units as f64 / seconds);
        println!("  {side:8} {each:8.3} µs CPU a record  {a_second:10.0} records a CPU second");
    };
    println!("{what}");
    line("ours", seconds(ours));
    if !theirs.is_empty() {
        line("package", seconds(theirs));
        let pairs = theirs.iter().zip(ours);
        let ratio = median(pairs.map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect());
        println!("  ours does {ratio:.1} times the records a CPU second");
    }
}

fn write_lines(file: &Path, values: impl Iterator<Item = Value>) -> Result<(), Failure> {
    let mut out = BufWriter::new(File::create(file)?);
    for value in values {
        writeln!(out, "{value}")?;
    }
    Ok(out.flush()?)
}

fn read_lines(file: &Path) -> Result<impl Iterator<Item = std::io::Result<String>>, Failure> {
    Ok(BufReader::new(File::open(file)?).lines())
}
