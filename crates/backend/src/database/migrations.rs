//! Schema steps, forward only. Each runs in its own transaction; a newer file is refused.

use rusqlite::Connection;

use super::{DatabaseError, begin};

/// Steps in order; the schema version is the number of steps that were taken.
const STEPS: &[&str] = &[include_str!("schema_1.sql")];

/// Version a database has after every step.
const SCHEMA_VERSION: i64 = 1;

pub(super) fn migrate(connection: &mut Connection) -> Result<(), DatabaseError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > SCHEMA_VERSION {
        return Err(DatabaseError::Newer { found, known: SCHEMA_VERSION });
    }
    for (step, version) in STEPS.iter().zip(1_i64..) {
        if version <= found {
            continue;
        }
        let transaction = begin(connection)?;
        // Another instance on the same file may have taken the step meanwhile.
        let now: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if now < version {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn steps_are_taken_once_and_a_newer_file_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", SCHEMA_VERSION + 1).unwrap();
        assert!(matches!(
            migrate(&mut connection),
            Err(DatabaseError::Newer { found: 2, known: 1 })
        ));
    }

    #[test]
    fn the_version_is_the_number_of_steps() {
        assert_eq!(usize::try_from(SCHEMA_VERSION).unwrap(), STEPS.len());
    }
}
