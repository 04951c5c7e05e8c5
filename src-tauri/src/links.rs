//! Links that leave the app, and links that lead into it.

use condorito_model::ConversationId;
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

/// Scheme of the links into the app, which any page of the web can make a browser follow.
pub const OWN: &str = "condorito";

/// Greatest whole number that JavaScript counts exactly: no id of a server is beyond it.
const MAX_ID: i64 = (1 << 53) - 1;

/// Where a link into the app leads. There is nothing else a link can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `condorito://conversation/<id>`: a conversation of the server, by its id.
    Conversation(ConversationId),
    /// `condorito://phone/<digits>`: the conversation with a number, in international form.
    Phone(String),
}

/// Where `text` leads; `None` for all that is not exactly such a link.
pub fn place(text: &str) -> Option<Place> {
    let (scheme, rest) = text.split_once("://")?;
    if !scheme.eq_ignore_ascii_case(OWN) {
        return None;
    }
    // Browsers add the slash to what they take for a host's page.
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (kind, number) = rest.split_once('/')?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match kind {
        "conversation" => {
            let id = number.parse().ok().filter(|id| (1..=MAX_ID).contains(id))?;
            Some(Place::Conversation(ConversationId(id)))
        }
        // As long as the numbers of the E.164 plan are.
        "phone" => (8..=15).contains(&number.len()).then(|| Place::Phone(number.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

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
            ("condorito://conversation/1", false),
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

    #[test]
    fn the_packages_register_the_scheme() {
        let config: serde_json::Value =
            serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
        let schemes = config.pointer("/plugins/deep-link/desktop/schemes");
        assert_eq!(schemes, Some(&serde_json::json!([OWN])));
    }

    #[test]
    fn leads_to_a_conversation_or_a_number_and_nowhere_else() {
        let conversation = |id| Some(Place::Conversation(ConversationId(id)));
        let phone = |digits: &str| Some(Place::Phone(digits.to_owned()));
        let cases = [
            ("condorito://conversation/12", conversation(12)),
            ("CONDORITO://conversation/12/", conversation(12)),
            ("condorito://conversation/9007199254740991", conversation(MAX_ID)),
            ("condorito://phone/5491150239962", phone("5491150239962")),
            ("condorito://phone/59899123456/", phone("59899123456")),
            ("condorito://conversation/0", None),
            ("condorito://conversation/-3", None),
            ("condorito://conversation/9007199254740992", None),
            ("condorito://conversation/99999999999999999999", None),
            ("condorito://conversation/12/delete", None),
            ("condorito://conversation/12?send=hola", None),
            ("condorito://conversation/12#x", None),
            ("condorito://conversation/../settings", None),
            ("condorito://conversation/%31", None),
            ("condorito://conversation/١٢", None),
            ("condorito://conversation/", None),
            ("condorito://conversation", None),
            ("condorito://user@conversation/12", None),
            ("condorito://phone/+5491150239962", None),
            ("condorito://phone/123", None),
            ("condorito://phone/1234567890123456", None),
            ("condorito://phone/<script>alert(1)</script>", None),
            ("condorito://phone/5491150239962 --data-dir=/tmp", None),
            ("condorito://logout", None),
            ("condorito:conversation/12", None),
            ("https://conversation/12", None),
            ("file:///conversation/12", None),
            ("--version", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(place(text), expected, "link {text:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_any_text_without_harm(text in "(condorito://)?(conversation|phone|\\PC*)/?\\PC*") {
            match place(&text) {
                Some(Place::Conversation(id)) => prop_assert!((1..=MAX_ID).contains(&id.0)),
                Some(Place::Phone(digits)) => prop_assert!(digits.bytes().all(|b| b.is_ascii_digit())),
                None => {}
            }
        }

        #[test]
        fn every_id_leads_to_itself(id in 1..=MAX_ID) {
            let expected = Place::Conversation(ConversationId(id));
            prop_assert_eq!(place(&format!("condorito://conversation/{id}")), Some(expected));
        }
    }
}
