//! The client as JSON lines over stdin and stdout.
fn main() {}
