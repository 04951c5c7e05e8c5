//! What is done with files that another key wrote, that a newer version wrote, or that are damaged.

use crate::connection;
use crate::error::{Error, Result};
use crate::failpoint::{Failpoints, Step};
use crate::key::Key;
use crate::lock::sync_folder;
use crate::schema::FileKind;
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, params_from_iter};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a salvaged outbox is written before it takes its place.
const SALVAGE: &str = "outbox.salvage.db";

/// Orders skipped after a salvage: rows that could not be read may have had them.
const ORDER_SKIP: i64 = 1_000_000;

/// What is salvaged, first what matters most.
const TABLES: [&str; 7] = [
    "outbox",
    "drafts",
    "pending_reads",
    "local_conversations",
    "settings",
    "mutes",
    "outbox_files",
];

/// What a file turns out to be when it is first read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not there, or empty: to be made.
    Missing,
    /// Readable, as far as was looked.
    Sound,
    /// Not readable with this key: another key, or a damaged first page.
    Unreadable,
    /// Readable with this key, but damaged.
    Damaged,
}

/// How closely a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Whether it opens.
    Opens,
    /// Every page: by the structure they form in a file of up to so many bytes, else by the
    /// authentication of each, which is several times as fast and finds all but lost writes.
    Pages { structure_up_to: u64 },
    /// The structure, however long it takes.
    Structure,
}

/// Looks at a file without changing it.
pub(crate) fn examine(path: &Path, key: &Key, kind: FileKind, check: Check) -> Result<State> {
    let size = match fs::metadata(path) {
        Ok(meta) if meta.len() > 0 => meta.len(),
        Ok(_) => return Ok(State::Missing),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Missing),
        Err(error) => return Err(error.into()),
    };
    let verdict = connection::reader(path, key).and_then(|file| {
        let version: i64 = file.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if usize::try_from(version).is_ok_and(|version| version > kind.version()) {
            return Err(Error::Newer(kind.name().into()));
        }
        file.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        let sound = match check {
            Check::Opens => true,
            Check::Pages { structure_up_to } if size > structure_up_to => {
                !file.prepare("PRAGMA cipher_integrity_check")?.exists([])?
            }
            Check::Pages { .. } | Check::Structure => {
                let finding: String =
                    file.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
                finding == "ok"
            }
        };
        Ok(if sound { State::Sound } else { State::Damaged })
    });
    match verdict {
        Err(Error::Damaged) => {
            Ok(if readable_header(path, key) { State::Damaged } else { State::Unreadable })
        }
        other => other,
    }
}

/// How often a file in use is read through before a page counts as broken.
const PASSES: usize = 3;

/// Reads a large file through while it is in use, by the authentication of each page. A page that
/// is being written at that moment may look broken once, but not each time.
pub(crate) fn is_sound_in_use(path: &Path, key: &Key) -> Result<bool> {
    let mut broken: Option<BTreeSet<String>> = None;
    for _ in 0..PASSES {
        let found = match broken_pages(path, key) {
            Ok(found) => found,
            Err(Error::Damaged) => return Ok(false),
            Err(other) => return Err(other),
        };
        let left = match broken {
            Some(before) => before.intersection(&found).cloned().collect(),
            None => found,
        };
        if left.is_empty() {
            return Ok(true);
        }
        broken = Some(left);
    }
    Ok(false)
}

/// What the authentication of each page finds, in SQLCipher's words.
fn broken_pages(path: &Path, key: &Key) -> Result<BTreeSet<String>> {
    let file = connection::reader(path, key)?;
    file.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))?;
    let mut check = file.prepare("PRAGMA cipher_integrity_check")?;
    let findings = check.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(findings)
}

/// Whether the key opens the file's first page.
fn readable_header(path: &Path, key: &Key) -> bool {
    let Ok(file) = connection::reader(path, key) else {
        return false;
    };
    let version = file.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    !matches!(version, Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase))
}

/// Renames a file and its log to `<name>.damaged-<n>`, under which they still open together.
pub(crate) fn set_aside(folder: &Path, kind: FileKind) -> Result<PathBuf> {
    let stem = kind.name().trim_end_matches(".db");
    let mut number = 1;
    let target = loop {
        let target = folder.join(format!("{stem}.damaged-{number}"));
        if !target.exists() {
            break target;
        }
        number += 1;
    };
    let source = folder.join(kind.name());
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(with_suffix(&source, suffix), with_suffix(&target, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    sync_folder(folder)?;
    Ok(target)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Finishes or forgets a salvage during which the process ended.
pub(crate) fn resume_salvage(folder: &Path) -> Result<()> {
    let salvage = folder.join(SALVAGE);
    if !salvage.exists() {
        return Ok(());
    }
    let outbox = folder.join(FileKind::Outbox.name());
    if outbox.exists() {
        // The damaged file is still in its place: it is read anew.
        fs::remove_file(&salvage)?;
    } else {
        fs::rename(&salvage, &outbox)?;
        sync_folder(folder)?;
    }
    Ok(())
}

/// Copies what can be read of a damaged outbox into a new one and sets the old one aside.
pub(crate) fn salvage_outbox(folder: &Path, key: &Key, failpoints: &Failpoints) -> Result<PathBuf> {
    let kind = FileKind::Outbox;
    let path = folder.join(SALVAGE);
    let mut target = connection::writer(&path, key, kind)?;
    kind.migrate(&mut target)?;
    for table in TABLES {
        let mut copied = 0;
        for direction in ["ASC", "DESC"] {
            // SQLCipher refuses every read of a connection after the first damaged page.
            if let Ok(source) = connection::reader(&folder.join(kind.name()), key) {
                copied += copy_table(&source, &target, table, direction)?;
            }
        }
        tracing::warn!(table, copied, "salvaged");
    }
    target.execute_batch(&format!(
        "DELETE FROM sqlite_sequence WHERE name = 'outbox';
         INSERT INTO sqlite_sequence (name, seq)
           SELECT 'outbox', ifnull(max(order_no), 0) + {ORDER_SKIP} FROM outbox;"
    ))?;
    // Closing copies the log into the file; without one the rename below moves all there is.
    target.close().map_err(|(_, error)| error)?;
    failpoints.pass(Step::SalvageWritten);
    let aside = set_aside(folder, kind)?;
    failpoints.pass(Step::SalvageSetAside);
    fs::rename(&path, folder.join(kind.name()))?;
    sync_folder(folder)?;
    Ok(aside)
}

/// Copies the rows of a table from one end up to the damage; answers how many.
fn copy_table(
    source: &Connection,
    target: &Connection,
    table: &str,
    direction: &str,
) -> Result<usize> {
    let columns: Vec<String> = target
        .prepare(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"))?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let Some(key) = columns.first() else {
        return Ok(0);
    };
    let names = columns.join(", ");
    let marks = vec!["?"; columns.len()].join(", ");
    // The first column is the key: reading in its order needs no other page.
    let sql = format!("SELECT {names} FROM {table} ORDER BY {key} {direction}");
    let Ok(mut select) = source.prepare(&sql) else {
        return Ok(0);
    };
    let Ok(mut rows) = select.query([]) else {
        return Ok(0);
    };
    let transaction = target.unchecked_transaction()?;
    let mut copied = 0;
    {
        let mut insert = transaction.prepare(&format!(
            "INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"
        ))?;
        while let Ok(Some(row)) = rows.next() {
            let values: rusqlite::Result<Vec<Value>> =
                (0..columns.len()).map(|index| row.get(index)).collect();
            let Ok(values) = values else { continue };
            // A row that does not fit its table is left to the file set aside.
            copied += insert.execute(params_from_iter(values)).unwrap_or(0);
        }
    }
    transaction.commit()?;
    Ok(copied)
}
