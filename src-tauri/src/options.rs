//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// CRM Condorito Desktop: WhatsApp conversations, live and offline.
#[derive(Debug, Clone, Parser)]
#[command(name = "condorito-desktop", version, about)]
pub struct Options {
    /// Backend to offer on the sign-in screen, or `demo` for the one built in.
    #[arg(long, value_name = "URL|demo")]
    pub backend: Option<String>,

    /// Folder for everything the app writes; without it, the user's data folder.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Where passwords and keys are kept; `file` is for machines that have no keyring.
    #[arg(long, value_enum, default_value_t = SecretStore::Os)]
    pub secret_store: SecretStore,

    /// Language of the app; without it, the system's.
    #[arg(long, value_enum)]
    pub locale: Option<Locale>,
}

/// Where secrets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SecretStore {
    /// The keyring of the operating system.
    Os,
    /// A file in the data folder that only its owner can read.
    File,
}

/// A language the app speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Locale {
    /// Spanish, the language of most operators.
    #[default]
    Es,
    /// English.
    En,
    /// Portuguese.
    Pt,
}

impl Locale {
    /// The language of a tag such as `pt-BR` or `es_AR.UTF-8`; `None` for one the app lacks.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "es" => Some(Self::Es),
            "en" => Some(Self::En),
            "pt" => Some(Self::Pt),
            _ => None,
        }
    }

    /// The two-letter tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
            Self::Pt => "pt",
        }
    }
}

impl Options {
    /// The language to start in: the one asked for, else the system's, else Spanish.
    pub fn starting_locale(&self) -> Locale {
        self.locale
            .or_else(|| sys_locale::get_locale().and_then(|tag| Locale::from_tag(&tag)))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_language_tags() {
        let cases = [
            ("es", Some(Locale::Es)),
            ("es_AR.UTF-8", Some(Locale::Es)),
            ("pt-BR", Some(Locale::Pt)),
            ("EN-us", Some(Locale::En)),
            ("fr-FR", None),
            ("C", None),
            ("ñ", None),
            ("", None),
        ];
        for (tag, expected) in cases {
            assert_eq!(Locale::from_tag(tag), expected, "tag {tag:?}");
        }
    }

    #[test]
    fn refuses_an_unknown_secret_store() {
        let parsed = Options::try_parse_from(["condorito-desktop", "--secret-store", "cloud"]);
        assert!(parsed.is_err());
    }
}
