//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use condorito_client as client;
use std::path::PathBuf;

/// CRM Condorito without a window: JSON lines over stdin and stdout.
#[derive(Debug, Parser)]
#[command(name = "condorito-headless", version, about, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) task: Option<Task>,

    /// Backend to sign in to, or `demo` for the one built in.
    #[arg(long, value_name = "URL|demo")]
    pub(crate) backend: Option<String>,

    /// Folder for everything that is written.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Where secrets are kept; `file` is for machines that have no keyring.
    #[arg(long, value_enum, default_value_t = SecretStore::Os)]
    pub(crate) secret_store: SecretStore,

    /// Language of the sentences.
    #[arg(long, value_enum)]
    pub(crate) locale: Option<Locale>,

    /// Write the run of the decisions to this file. It will hold texts and names.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Feed a recording to the decisions again and compare the effects.
    Replay {
        /// A file written by `--record`.
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SecretStore {
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

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Locale {
    Es,
    En,
    Pt,
}

impl From<Locale> for client::Locale {
    fn from(locale: Locale) -> Self {
        match locale {
            Locale::Es => Self::Es,
            Locale::En => Self::En,
            Locale::Pt => Self::Pt,
        }
    }
}
