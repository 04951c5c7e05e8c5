//! Encrypted SQLite store: migrations, one writer, readers, search
