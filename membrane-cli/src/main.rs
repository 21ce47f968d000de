//! The `membrane` command.
fn main() {}
