//! Throughput and latency of the store.

fn main() {}
