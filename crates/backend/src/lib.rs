//! Embedded backend: the contract on axum, socketioxide and SQLite
