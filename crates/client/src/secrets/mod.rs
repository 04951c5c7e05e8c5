//! Where secrets are kept: the keyring of the system, or one file that only its owner can read.
//!
//! Two secrets per account: the key of its files, and its tokens. Nothing here logs a secret, and
//! none of the types can print one.

mod file;
#[cfg(test)]
pub(crate) use file::begin as begin_file;
pub(crate) use file::{UNFINISHED, replace as replace_file};
mod keyring;

use condorito_model::ErrorCode;
use condorito_net::Tokens;
use condorito_store::Key;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Which of them to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretStore {
    /// The keyring of the system.
    #[default]
    Os,
    /// `secrets.json` in the data folder, for machines that have no keyring.
    File,
}

/// Why a secret cannot be had or kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretFault {
    /// There is no keyring on this machine.
    #[error("there is no keyring")]
    Missing,
    /// The keyring is locked, or the operator did not unlock it.
    #[error("the keyring is locked")]
    Locked,
    /// The file of secrets cannot be read or written.
    #[error("the file of secrets cannot be used")]
    File,
}

impl SecretFault {
    /// Its code at the boundary.
    pub(crate) const fn code(self) -> ErrorCode {
        match self {
            Self::Missing => ErrorCode::KeyringMissing,
            Self::Locked => ErrorCode::KeyringLocked,
            Self::File => ErrorCode::StoreReadOnly,
        }
    }
}

/// One place of secrets by name. Calls may wait for the operator to unlock the keyring.
trait Place: Send + Sync {
    /// `None`: no such secret, or, with a locked keyring, perhaps one.
    fn get(&self, name: &str) -> Result<Option<SecretSlice<u8>>, SecretFault>;
    fn set(&self, name: &str, secret: &[u8]) -> Result<(), SecretFault>;
    fn delete(&self, name: &str) -> Result<(), SecretFault>;
}

/// What there is for the key of an account.
pub(crate) enum KeyFound {
    /// This one.
    Key(Key),
    /// None, and the place was seen to be readable.
    Absent,
}

/// The secrets of all accounts. Clones share the place.
#[derive(Clone)]
pub(crate) struct Secrets {
    place: Arc<dyn Place>,
}

impl Secrets {
    pub(crate) fn new(kind: SecretStore, data_dir: &Path) -> Self {
        let place: Arc<dyn Place> = match kind {
            SecretStore::Os => Arc::new(keyring::Keyring),
            SecretStore::File => {
                tracing::warn!("secrets are kept in a file: whoever can read it can sign in");
                Arc::new(file::SecretsFile::new(data_dir))
            }
        };
        Self { place }
    }

    /// Runs on a thread where waiting is allowed: a keyring may ask the operator.
    async fn on_thread<T: Send + 'static>(
        &self,
        run: impl FnOnce(&dyn Place) -> Result<T, SecretFault> + Send + 'static,
    ) -> Result<T, SecretFault> {
        let place = Arc::clone(&self.place);
        tokio::task::spawn_blocking(move || run(&*place)).await.unwrap_or(Err(SecretFault::Locked))
    }

    /// The key of an account's files. A locked keyring answers *no entry* too, so that answer is
    /// believed only after a write went through.
    pub(crate) async fn key(&self, account: &str) -> Result<KeyFound, SecretFault> {
        let name = key_name(account);
        self.on_thread(move |place| {
            if let Some(secret) = place.get(&name)? {
                return Ok(match Key::from_slice(secret.expose_secret()) {
                    Some(key) => KeyFound::Key(key),
                    None => KeyFound::Absent,
                });
            }
            let probe = format!("probe:{name}");
            place.set(&probe, b"probe")?;
            place.delete(&probe)?;
            // The write may have made the operator unlock it.
            Ok(match place.get(&name)? {
                Some(secret) => {
                    Key::from_slice(secret.expose_secret()).map_or(KeyFound::Absent, KeyFound::Key)
                }
                None => KeyFound::Absent,
            })
        })
        .await
    }

    /// Makes a key for files that do not exist yet, and keeps it before it is used.
    pub(crate) async fn make_key(&self, account: &str) -> Result<Key, SecretFault> {
        let name = key_name(account);
        self.on_thread(move |place| {
            let mut bytes = Zeroizing::new([0_u8; 32]);
            getrandom::fill(&mut *bytes).map_err(|_| SecretFault::File)?;
            place.set(&name, &*bytes)?;
            Ok(Key::new(*bytes))
        })
        .await
    }

    pub(crate) async fn tokens(&self, account: &str) -> Result<Option<Tokens>, SecretFault> {
        let name = tokens_name(account);
        self.on_thread(move |place| {
            Ok(place.get(&name)?.and_then(|secret| {
                let kept: KeptTokens = serde_json::from_slice(secret.expose_secret()).ok()?;
                Some(Tokens::new(kept.access, kept.refresh))
            }))
        })
        .await
    }

    pub(crate) async fn keep_tokens(
        &self,
        account: &str,
        tokens: &Tokens,
    ) -> Result<(), SecretFault> {
        let name = tokens_name(account);
        let kept = KeptTokensOut {
            access: tokens.access().expose_secret(),
            refresh: tokens.refresh().expose_secret(),
        };
        let json = Zeroizing::new(serde_json::to_vec(&kept).map_err(|_| SecretFault::File)?);
        self.on_thread(move |place| place.set(&name, &json)).await
    }

    pub(crate) async fn forget_tokens(&self, account: &str) -> Result<(), SecretFault> {
        let name = tokens_name(account);
        self.on_thread(move |place| place.delete(&name)).await
    }

    pub(crate) async fn forget_key(&self, account: &str) -> Result<(), SecretFault> {
        let name = key_name(account);
        self.on_thread(move |place| place.delete(&name)).await
    }
}

#[derive(Deserialize)]
struct KeptTokens {
    access: SecretString,
    refresh: SecretString,
}

#[derive(Serialize)]
struct KeptTokensOut<'a> {
    access: &'a str,
    refresh: &'a str,
}

fn key_name(account: &str) -> String {
    format!("key:{account}")
}

fn tokens_name(account: &str) -> String {
    format!("tokens:{account}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::Place;
    use super::{KeyFound, SecretFault, SecretStore, Secrets};
    use condorito_net::Tokens;
    use secrecy::{ExposeSecret, SecretSlice};
    use std::sync::Arc;

    /// A keyring as it behaves while it is locked.
    struct Locked;

    impl Place for Locked {
        fn get(&self, _: &str) -> Result<Option<SecretSlice<u8>>, SecretFault> {
            Ok(None)
        }
        fn set(&self, _: &str, _: &[u8]) -> Result<(), SecretFault> {
            Err(SecretFault::Locked)
        }
        fn delete(&self, _: &str) -> Result<(), SecretFault> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_locked_keyring_is_told_from_an_absent_key() {
        let locked = Secrets { place: Arc::new(Locked) };
        assert!(matches!(locked.key("a").await, Err(SecretFault::Locked)));
        let folder = tempfile::tempdir().unwrap();
        let open = Secrets::new(SecretStore::File, folder.path());
        assert!(matches!(open.key("a").await, Ok(KeyFound::Absent)));
    }

    #[tokio::test]
    async fn secrets_come_back_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(SecretStore::File, folder.path());
        let tokens = Tokens::new("uno".to_owned().into(), "dos".to_owned().into());
        secrets.keep_tokens("a", &tokens).await.unwrap();
        secrets.make_key("a").await.unwrap();

        let again = Secrets::new(SecretStore::File, folder.path());
        let kept = again.tokens("a").await.unwrap().unwrap();
        assert_eq!(kept.refresh().expose_secret(), "dos");
        assert!(matches!(again.key("a").await, Ok(KeyFound::Key(_))));
        assert!(again.tokens("b").await.unwrap().is_none());

        again.forget_tokens("a").await.unwrap();
        again.forget_key("a").await.unwrap();
        again.forget_key("a").await.unwrap();
        assert!(again.tokens("a").await.unwrap().is_none());
        assert!(!folder.path().join("secrets.json").exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nobody_else_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(SecretStore::File, folder.path());
        secrets.make_key("a").await.unwrap();
        let file = folder.path().join("secrets.json");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&file, "{").unwrap();
        assert!(matches!(secrets.key("a").await, Err(SecretFault::File)));
    }
}
