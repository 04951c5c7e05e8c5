//! Shared parts of the tests over the real parts.
