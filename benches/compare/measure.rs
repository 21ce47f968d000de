//! CPU and wall time of this process around a piece of work, and medians of pairs.

use std::future::Future;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

/// What one piece of work took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
}

/// Runs a piece of work and says what it took, threads of this process included.
pub(crate) async fn cost<T>(work: impl Future<Output = T>) -> (Cost, T) {
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    let value = work.await;
    (Cost { cpu: cpu.elapsed(), wall: wall.elapsed() }, value)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One figure of a cost.
type Part = fn(&Cost) -> Duration;

/// Prints both sides of a comparison, per unit of work.
pub(crate) fn report(what: &str, unit: &str, units: usize, ours: &[Cost], bare: &[Cost]) {
    let of = |costs: &[Cost], part: Part| median(costs.iter().map(|cost| part(cost).as_secs_f64()).collect());
    let ratio = |part: Part| {
        median(ours.iter().zip(bare).map(|(a, b)| part(a).as_secs_f64() / part(b).as_secs_f64()).collect())
    };
    let each = |seconds: f64| seconds * 1e6 / units as f64;
    let (cpu, wall): (Part, Part) = (|cost| cost.cpu, |cost| cost.wall);
    println!("{what}");
    println!("  ours  {:9.2} µs CPU  {:9.2} µs wall  a {unit}", each(of(ours, cpu)), each(of(ours, wall)));
    println!("  bare  {:9.2} µs CPU  {:9.2} µs wall  a {unit}", each(of(bare, cpu)), each(of(bare, wall)));
    println!("  ours/bare  CPU {:.2}  wall {:.2}", ratio(cpu), ratio(wall));
    println!(
        "  {unit}s a CPU second  ours {:.0}  bare {:.0}",
        units as f64 / of(ours, cpu),
        units as f64 / of(bare, cpu)
    );
}
