//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use condorito_client as client;

/// CRM Condorito Desktop: WhatsApp conversations, live and offline.
#[derive(Debug, Clone, Parser)]
#[command(name = "condorito-desktop", version, about)]
pub struct Options {
    /// Backend to sign in to where the sign-in screen names none, or `demo` for the one built in.
    #[arg(long, value_name = "URL|demo")]
    pub backend: Option<String>,

    /// Folder for everything the app writes; without it, the user's data folder.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Where passwords and keys are kept; `file` is for machines that have no keyring.
    #[arg(long, value_enum, default_value_t = SecretStore::Os)]
    pub secret_store: SecretStore,

    /// Language of the app; without it, the one in its settings.
    #[arg(long, value_name = "es|en|pt", value_parser = locale)]
    pub locale: Option<client::Locale>,

    /// Start in the tray, without a window; where there is no tray, with the window minimised.
    #[arg(long)]
    pub minimised: bool,

    /// Link to a conversation or to a number, as the desktop passes it on:
    /// `condorito://conversation/ID` or `condorito://phone/DIGITS`. Any other is passed over.
    #[arg(value_name = "LINK")]
    pub link: Option<String>,
}

/// The option to start in the tray, as the session of the desktop has to write it.
pub const MINIMISED: &str = "--minimised";

/// Where secrets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SecretStore {
    /// The keyring of the operating system.
    Os,
    /// A file in the data folder that only its owner can read.
    File,
}

impl From<SecretStore> for client::SecretStore {
    fn from(store: SecretStore) -> Self {
        match store {
            SecretStore::Os => Self::Os,
            SecretStore::File => Self::File,
        }
    }
}

fn locale(text: &str) -> Result<client::Locale, &'static str> {
    client::Locale::from_tag(text).ok_or("the app speaks es, en and pt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["condorito-desktop"], args].concat())
    }

    #[test]
    fn reads_what_scripts_and_tests_ask_for() {
        let parsed = parse(&["--backend", "demo", "--locale", "pt", "--secret-store", "file"]);
        let read = parsed.map(|it| (it.backend, it.locale, it.secret_store));
        assert!(matches!(
            read,
            Ok((Some(backend), Some(client::Locale::Pt), SecretStore::File)) if backend == "demo"
        ));
    }

    #[test]
    fn takes_any_link_for_what_it_is_a_text() {
        for text in ["condorito://conversation/1", "https://example.com", "/etc/passwd", ""] {
            let parsed = parse(&[MINIMISED, text]).map(|it| (it.minimised, it.link));
            assert!(
                matches!(&parsed, Ok((true, Some(link))) if link == text),
                "{text:?}: {parsed:?}"
            );
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for args in [["--secret-store", "cloud"], ["--locale", "fr"], ["--data-dri", "/tmp"]] {
            assert!(parse(&args).is_err(), "{args:?}");
        }
    }
}
