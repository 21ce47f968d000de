//! Benchmarks of Membrane for Rust beside their bare counterparts.
