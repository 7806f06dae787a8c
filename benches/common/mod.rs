//! What the benchmarks share: two works measured side by side, the bare works that a reference is made of, vaults and
//! records to measure with.

#![allow(dead_code, reason = "each benchmark needs some of it")]

pub(crate) mod measure;
pub(crate) mod plain;
pub(crate) mod primitives;
pub(crate) mod samples;
