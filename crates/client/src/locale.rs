//! The words: a sentence for every error code, and those of notifications.

use condorito_model::fact::MessageKind;
use condorito_model::{CommandError, ErrorCode};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::LazyLock;
use ts_rs::TS;

/// A language of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// Spanish as spoken where most operators are.
    #[default]
    Es,
    /// English.
    En,
    /// Portuguese.
    Pt,
}

impl Locale {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Es, Self::En, Self::Pt];

    /// The language of a tag such as `pt-BR` or `es_AR.UTF-8`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "es" => Some(Self::Es),
            "en" => Some(Self::En),
            "pt" => Some(Self::Pt),
            _ => None,
        }
    }

    /// Its words.
    pub(crate) fn words(self) -> &'static Words {
        let [es, en, pt] = &*CATALOGUE;
        match self {
            Self::Es => es,
            Self::En => en,
            Self::Pt => pt,
        }
    }

    /// The sentence for a code: what happened, and what to do.
    #[must_use]
    pub fn sentence(self, code: ErrorCode) -> &'static str {
        // The tests hold the catalogue complete.
        self.words().errors.get(&code).map_or("?", String::as_str)
    }

    /// An error as it leaves a command.
    #[must_use]
    pub fn error(self, code: ErrorCode) -> CommandError {
        CommandError::new(code, self.sentence(code))
    }
}

/// One language's catalogue.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    errors: HashMap<ErrorCode, String>,
    pub(crate) notices: NoticeWords,
}

/// Words of notifications; `{…}` are replaced.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NoticeWords {
    pub(crate) new_message: String,
    pub(crate) unread: String,
    pub(crate) digest_title: String,
    pub(crate) digest_body: String,
    pub(crate) send_failed_title: String,
    pub(crate) send_failed_body: String,
    pub(crate) send_unconfirmed_title: String,
    pub(crate) send_unconfirmed_body: String,
    pub(crate) someone: String,
    pub(crate) whatsapp_lost_title: String,
    pub(crate) whatsapp_lost_body: String,
    pub(crate) kinds: HashMap<MessageKind, String>,
}

static CATALOGUE: LazyLock<[Words; 3]> = LazyLock::new(|| {
    [
        include_str!("../locales/es.json"),
        include_str!("../locales/en.json"),
        include_str!("../locales/pt.json"),
    ]
    .map(|text| serde_json::from_str(text).unwrap_or_default())
});

#[cfg(test)]
mod tests {
    use super::Locale;
    use condorito_model::ErrorCode;
    use condorito_model::fact::MessageKind;

    #[test]
    fn every_code_has_a_sentence_in_every_language() {
        for locale in Locale::ALL {
            for code in ErrorCode::ALL {
                let sentence = locale.sentence(*code);
                assert!(sentence.len() > 10, "{locale:?} {code:?}: {sentence:?}");
                assert!(sentence.ends_with('.'), "{locale:?} {code:?}: {sentence:?}");
            }
            assert_eq!(locale.words().errors.len(), ErrorCode::ALL.len(), "{locale:?}");
        }
    }

    #[test]
    fn notices_have_their_words_and_places() {
        for locale in Locale::ALL {
            let words = &locale.words().notices;
            for (text, place) in [
                (&words.unread, "{count}"),
                (&words.digest_body, "{messages}"),
                (&words.digest_body, "{conversations}"),
                (&words.send_failed_body, "{name}"),
                (&words.send_unconfirmed_body, "{name}"),
            ] {
                assert!(text.contains(place), "{locale:?} {text:?} lacks {place}");
            }
            for text in [
                &words.new_message,
                &words.digest_title,
                &words.send_failed_title,
                &words.send_unconfirmed_title,
                &words.someone,
                &words.whatsapp_lost_title,
                &words.whatsapp_lost_body,
            ] {
                assert!(!text.trim().is_empty(), "{locale:?}");
            }
            for kind in [
                MessageKind::Text,
                MessageKind::Image,
                MessageKind::Document,
                MessageKind::Audio,
                MessageKind::Video,
                MessageKind::Sticker,
                MessageKind::Location,
                MessageKind::ContactCard,
            ] {
                assert!(words.kinds.contains_key(&kind), "{locale:?} {kind:?}");
            }
        }
    }

    #[test]
    fn reads_language_tags() {
        for (tag, expected) in [
            ("es_AR.UTF-8", Some(Locale::Es)),
            ("pt-BR", Some(Locale::Pt)),
            ("EN", Some(Locale::En)),
            ("fr", None),
            ("ñ", None),
        ] {
            assert_eq!(Locale::from_tag(tag), expected, "{tag:?}");
        }
    }
}
