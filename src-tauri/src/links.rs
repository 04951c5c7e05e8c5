//! Links that leave the app.

use tauri::Url;

/// Kinds of link the system may be asked to open: never a file, a script or another app's scheme.
const SCHEMES: [&str; 4] = ["https", "http", "mailto", "tel"];

/// Longer than any link a person writes; what exceeds it is not handed to the system.
const MAX_LENGTH: usize = 4096;

/// The link in normal form, if it is one the system may open.
pub fn checked(text: &str) -> Option<Url> {
    if text.len() > MAX_LENGTH || text.chars().any(char::is_control) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "https" | "http");
    // `https://bank.example@evil.example` shows one host and opens another.
    let disguised = !url.username().is_empty() || url.password().is_some();
    let allowed = SCHEMES.contains(&url.scheme()) && !(web && (!url.has_host() || disguised));
    allowed.then_some(url)
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
            assert_eq!(checked(text).is_some(), allowed, "link {text:?}");
        }
    }

    #[test]
    fn refuses_what_no_person_writes() {
        let text = format!("https://example.com/{}", "a".repeat(MAX_LENGTH));
        assert_eq!(checked(&text), None);
    }
}
