//! Links that leave the app.

use tauri::Url;

use crate::failure::Failure;

/// Kinds of link the system may be asked to open: never a file, a script or another app's scheme.
const SCHEMES: [&str; 4] = ["https", "http", "mailto", "tel"];

/// Longer than any link a person writes; what exceeds it is not handed to the system.
const MAX_LENGTH: usize = 4096;

/// Checks that `text` is a link the system may open, and gives it back in normal form.
///
/// # Errors
/// [`Failure`] with the code `invalid_link`.
pub fn check(text: &str) -> Result<Url, Failure> {
    let refused = || {
        Failure::input(
            "invalid_link",
            "only web, mail and phone links can be opened",
        )
    };
    if text.len() > MAX_LENGTH || text.chars().any(char::is_control) {
        return Err(refused());
    }
    let url = Url::parse(text).map_err(|_| refused())?;
    let web = matches!(url.scheme(), "https" | "http");
    // `https://bank.example@evil.example` shows one host and opens another.
    let disguised = !url.username().is_empty() || url.password().is_some();
    if !SCHEMES.contains(&url.scheme()) || (web && (!url.has_host() || disguised)) {
        return Err(refused());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_through_web_mail_and_phone_only() {
        let cases = [
            ("https://example.com/a?b=c#d", true),
            ("http://example.com", true),
            ("HTTPS://EXAMPLE.COM", true),
            ("mailto:ana@example.com", true),
            ("tel:+5491150239962", true),
            ("javascript:alert(1)", false),
            ("file:///etc/passwd", false),
            ("smb://host/share", false),
            ("tauri://localhost", false),
            ("data:text/html,hi", false),
            ("https://", false),
            ("https://bank.example@evil.example/", false),
            ("https://example.com/\nfile:///etc/passwd", false),
            ("/etc/passwd", false),
            ("-flag", false),
            ("", false),
        ];
        for (text, allowed) in cases {
            assert_eq!(check(text).is_ok(), allowed, "link {text:?}");
        }
    }

    #[test]
    fn refuses_what_no_person_writes() {
        let text = format!("https://example.com/{}", "a".repeat(MAX_LENGTH));
        assert!(check(&text).is_err());
    }
}
