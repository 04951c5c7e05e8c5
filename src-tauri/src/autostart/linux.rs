//! A desktop entry in the session's autostart folder.

use std::path::{Path, PathBuf};

use super::{AutostartError, Start};

/// Name of the entry: the one of the packages' own, so that a desktop shows icon and name.
const FILE: &str = "condorito-desktop.desktop";

/// Writes or removes the entry.
///
/// # Errors
/// [`AutostartError`].
pub fn set(start: Option<&Start>) -> Result<(), AutostartError> {
    let folder = folder().ok_or(AutostartError::Homeless)?;
    let file = folder.join(FILE);
    match start {
        Some(start) => {
            std::fs::create_dir_all(&folder)?;
            Ok(std::fs::write(file, content(start))?)
        }
        None => match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        },
    }
}

fn folder() -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = named("XDG_CONFIG_HOME").or_else(|| Some(named("HOME")?.join(".config")))?;
    Some(config.join("autostart"))
}

fn content(start: &Start) -> String {
    let words = std::iter::once(start.program.as_path()).chain(start.args.iter().map(Path::new));
    let line: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    format!(
        "[Desktop Entry]\nType=Application\nName=CRM Condorito\nIcon=condorito-desktop\n\
         Exec={}\nTerminal=false\nX-GNOME-Autostart-enabled=true\n",
        line.join(" ")
    )
}

/// A word of the `Exec` line: quoted for the command, with `%` doubled, and then escaped as every
/// string of an entry is.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for letter in word.chars() {
        match letter {
            '"' | '`' | '$' | '\\' => text.extend(['\\', letter]),
            '%' => text.push_str("%%"),
            other => text.push(other),
        }
    }
    text.push('"');
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_whatever_a_path_can_hold() {
        let cases = [
            ("/usr/bin/condorito-desktop", r#""/usr/bin/condorito-desktop""#),
            ("/opt/My Apps/c", r#""/opt/My Apps/c""#),
            ("/opt/100%/c", r#""/opt/100%%/c""#),
            (r#"/opt/"$x`/c"#, r#""/opt/\\"\\$x\\`/c""#),
            (r"/opt/a\b", r#""/opt/a\\\\b""#),
            ("/opt/a\nExec=evil", r#""/opt/a\nExec=evil""#),
        ];
        for (word, expected) in cases {
            assert_eq!(quoted(word), expected, "{word:?}");
        }
    }
}
