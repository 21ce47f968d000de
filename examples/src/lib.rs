#![doc = include_str!("../README.md")]

/// The README of the repository, so that its example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
