//! What a file is, by its bytes: its name and the server's word are a stranger's.

/// A type and the ending that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// As in `Content-Type`.
    pub mime: String,
    /// Without a dot; empty where the name's own is as good as any.
    pub extension: String,
}

/// Letters of a file's name, at most.
const LONGEST: usize = 80;

/// Types that another program may be handed without asking more: none of them is a program, and
/// the ending is the type's own, not the sender's.
const DOCUMENTS: [&str; 8] = [
    "application/pdf",
    "text/plain",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
];

impl Kind {
    pub(crate) fn unknown() -> Self {
        Self { mime: "application/octet-stream".into(), extension: String::new() }
    }

    pub(crate) fn of(bytes: &[u8], name: Option<&str>) -> Self {
        if let Some(found) = infer::get(bytes) {
            // Many formats are archives within; what the name says of them is kept.
            let extension = if found.extension() == "zip" { "" } else { found.extension() };
            return Self { mime: found.mime_type().into(), extension: extension.into() };
        }
        let ending = name.and_then(ending).unwrap_or_default();
        let is_text = std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'));
        if is_text && matches!(ending.as_str(), "txt" | "csv") {
            return Self { mime: "text/plain".into(), extension: ending };
        }
        Self::unknown()
    }
}

/// Whether the page may show it as a picture.
pub(crate) fn is_raster(mime: &str) -> bool {
    matches!(mime, "image/jpeg" | "image/png" | "image/webp" | "image/gif")
}

/// Whether another program may be handed it.
pub(crate) fn is_openable(mime: &str) -> bool {
    is_raster(mime)
        || mime.starts_with("audio/")
        || mime.starts_with("video/")
        || DOCUMENTS.contains(&mime)
}

/// A name that is safe on every system, with the ending of the type.
pub(crate) fn file_name(given: Option<&str>, extension: &str, otherwise: &str) -> String {
    let given = given.unwrap_or_default();
    let own = ending(given);
    let stem = match &own {
        Some(own) => given.get(..given.len() - own.len() - 1).unwrap_or(given),
        None => given,
    };
    let cleaned: String = stem
        .chars()
        .map(|letter| if is_plain(letter) { letter } else { '_' })
        .take(LONGEST)
        .collect();
    let cleaned = cleaned.trim_matches([' ', '.', '_']);
    let stem = if cleaned.is_empty() { otherwise } else { cleaned };
    let extension = if extension.is_empty() { own.unwrap_or_default() } else { extension.into() };
    if extension.is_empty() { stem.to_owned() } else { format!("{stem}.{extension}") }
}

/// No separators, no marks with a meaning to a shell or a system, nothing that turns the direction
/// of writing: `cv\u{202e}fdp.exe` reads like a PDF.
fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_' | '(' | ')' | ',' | '+' | '.')
}

/// The ending of a name in small letters, where it looks like one.
fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let fits = !stem.is_empty()
        && (1..=5).contains(&ending.len())
        && ending.chars().all(|letter| letter.is_ascii_alphanumeric());
    fits.then(|| ending.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{Kind, file_name, is_openable};

    #[test]
    fn the_bytes_decide_not_the_name() {
        let ogg = Kind::of(b"OggS\0\x02\0\0", Some("nota.mp3"));
        assert_eq!((ogg.mime.as_str(), ogg.extension.as_str()), ("audio/ogg", "ogg"));
        let program = Kind::of(b"MZ\x90\0\x03\0\0\0", Some("factura.pdf"));
        assert!(!is_openable(&program.mime), "{program:?}");
        let page = Kind::of(b"<!DOCTYPE html><script>", Some("hola.txt"));
        assert!(!is_openable(&page.mime), "{page:?}");
        let script = Kind::of(b"#!/bin/sh\nrm -r /", Some("hola.txt"));
        assert!(!is_openable(&script.mime), "{script:?}");
        assert!(is_openable(&Kind::of(b"a,b\n1,2\n", Some("lista.CSV")).mime));
        assert!(!is_openable(&Kind::of(b"echo hola", Some("hola.bat")).mime));
        assert!(is_openable(&Kind::of(b"%PDF-1.7", None).mime));
    }

    #[test]
    fn names_lead_nowhere_else() {
        for (given, extension, expected) in [
            (Some("Presupuesto año 2.pdf"), "pdf", "Presupuesto año 2.pdf"),
            (Some("../../etc/passwd"), "", "etc_passwd"),
            (Some("nota.mp3"), "ogg", "nota.ogg"),
            (Some("cv\u{202e}fdp.exe"), "pdf", "cv_fdp.pdf"),
            (Some("a:b|c?.txt"), "txt", "a_b_c.txt"),
            (Some("..."), "png", "archivo.png"),
            (None, "png", "archivo.png"),
            (Some("plano.dwg"), "", "plano.dwg"),
        ] {
            assert_eq!(file_name(given, extension, "archivo"), expected);
        }
    }
}
