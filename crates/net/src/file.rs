//! Files to send: what the server would refuse is refused here, before anything leaves
//! (contract 4.5).

use condorito_model::rest::FileFault;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::path::Path;
use tokio::io::AsyncReadExt as _;

/// The upload filter's limit.
const MAX_BYTES: u64 = 10 * 1024 * 1024;
/// `attr-char` of RFC 5987 allows a few more; these are the ones that file names have.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

const DOC: &str = "application/msword";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
const OLE_MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// A file that the server will take.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    /// `image` or `document`: the route's ending and the field's name.
    pub(crate) field: &'static str,
    mime: &'static str,
    name: String,
    bytes: Vec<u8>,
}

impl CheckedFile {
    /// Reads and checks a file.
    pub(crate) async fn read(path: &str) -> Result<Self, FileFault> {
        let path = Path::new(path);
        let file = tokio::fs::File::open(path).await.map_err(|_| FileFault::Unreadable)?;
        let about = file.metadata().await.map_err(|_| FileFault::Unreadable)?;
        if !about.is_file() {
            return Err(FileFault::Unreadable);
        }
        if about.len() > MAX_BYTES {
            return Err(FileFault::TooBig);
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .await
            .map_err(|_| FileFault::Unreadable)?;
        Self::of(path, bytes)
    }

    /// Checks the bytes of a file with this path.
    pub(crate) fn of(path: impl AsRef<Path>, bytes: Vec<u8>) -> Result<Self, FileFault> {
        let path = path.as_ref();
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
            return Err(FileFault::TooBig);
        }
        let (field, mime) = kind(&bytes, path).ok_or(FileFault::WrongKind)?;
        let name = path
            .file_name()
            .map_or_else(|| field.to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self { field, mime, name, bytes })
    }

    /// Its bytes.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The multipart body, with text fields before the file: the name goes in the RFC 5987 form,
    /// which alone arrives intact, beside an ASCII one. (The HTTP client's own form writes only
    /// the other kind.)
    pub(crate) fn body(&self, fields: &[(&str, &str)], boundary: &str) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.bytes.len() + 1024);
        for (name, value) in fields {
            body.extend_from_slice(
                format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
                .as_bytes(),
            );
        }
        let encoded = utf8_percent_encode(&self.name, PLAIN);
        body.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"; \
                 filename*=UTF-8''{encoded}\r\nContent-Type: {}\r\n\r\n",
                self.field,
                ascii(&self.name),
                self.mime,
            )
            .as_bytes(),
        );
        body.extend_from_slice(&self.bytes);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        body
    }
}

/// The bytes of a file that a server would take.
///
/// # Errors
/// Why it would not.
pub async fn read_for_sending(path: &str) -> Result<Vec<u8>, FileFault> {
    CheckedFile::read(path).await.map(CheckedFile::into_bytes)
}

fn ascii(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            ' '..='~' => c,
            _ => '_',
        })
        .collect()
}

/// The field and the type by the first bytes; the ending only tells Word files from others of
/// their container, when their insides do not.
fn kind(bytes: &[u8], path: &Path) -> Option<(&'static str, &'static str)> {
    let found = infer::get(bytes).map(|kind| kind.mime_type());
    let ending = path.extension().and_then(|ending| ending.to_str());
    let ends = |with: &str| ending.is_some_and(|ending| ending.eq_ignore_ascii_case(with));
    match found {
        Some("image/jpeg") => Some(("image", "image/jpeg")),
        Some("image/png") => Some(("image", "image/png")),
        Some("image/gif") => Some(("image", "image/gif")),
        Some("image/webp") => Some(("image", "image/webp")),
        Some("application/pdf") => Some(("document", "application/pdf")),
        Some(DOC) => Some(("document", DOC)),
        Some(DOCX) => Some(("document", DOCX)),
        Some(mime) if mime.contains("spreadsheet") || mime.contains("presentation") => None,
        _ if bytes.starts_with(ZIP_MAGIC) && ends("docx") => Some(("document", DOCX)),
        _ if bytes.starts_with(OLE_MAGIC) && ends("doc") => Some(("document", DOC)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{CheckedFile, FileFault, MAX_BYTES};

    const PDF: &[u8] = b"%PDF-1.4\n%%EOF\n";
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    async fn check(name: &str, bytes: &[u8]) -> Result<CheckedFile, FileFault> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        CheckedFile::read(path.to_str().unwrap()).await
    }

    #[tokio::test]
    async fn the_first_bytes_decide_the_route() {
        let cases: [(&str, &[u8], Option<&str>); 9] = [
            ("foto.png", PNG, Some("image")),
            ("lista.pdf", PDF, Some("document")),
            ("engaño.pdf", PNG, Some("image")),
            ("foto.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image")),
            ("carta.docx", b"PK\x03\x04\x14\0\0\0", Some("document")),
            ("carta.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Some("document")),
            ("datos.zip", b"PK\x03\x04\x14\0\0\0", None),
            ("nota.txt", b"hola", None),
            ("vacio.pdf", b"", None),
        ];
        for (name, bytes, expected) in cases {
            let field = check(name, bytes).await.map(|file| file.field);
            assert_eq!(field, expected.ok_or(FileFault::WrongKind), "{name}");
        }
    }

    #[tokio::test]
    async fn what_is_too_big_or_no_file_is_refused() {
        let mut big = PDF.to_vec();
        big.resize(usize::try_from(MAX_BYTES).unwrap(), b' ');
        assert!(check("grande.pdf", &big).await.is_ok());
        big.push(b' ');
        assert_eq!(check("grande.pdf", &big).await.err(), Some(FileFault::TooBig));
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("nada.pdf"), folder.path().to_owned()] {
            let read = CheckedFile::read(path.to_str().unwrap()).await;
            assert_eq!(read.err(), Some(FileFault::Unreadable), "{path:?}");
        }
    }

    #[tokio::test]
    async fn the_name_goes_in_both_forms() {
        let file = check("presupuesto año \"2\".pdf", PDF).await.unwrap();
        let body = file.body(&[("to", "549"), ("caption", "aquí")], "límite");
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("filename=\"presupuesto a_o _2_.pdf\""), "{body}");
        assert!(
            body.contains("filename*=UTF-8''presupuesto%20a%C3%B1o%20%222%22.pdf\r\n"),
            "{body}"
        );
        assert!(body.find("name=\"to\"") < body.find("name=\"document\""), "{body}");
        assert!(body.contains("\r\n\r\naquí\r\n"), "{body}");
    }
}
