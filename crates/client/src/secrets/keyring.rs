//! The keyring of the system: Secret Service, Keychain or Credential Manager.

use super::{Place, SecretFault};
use keyring::{Entry, Error};
use secrecy::SecretSlice;

/// Under this name the operator finds the entries in the keyring's own program.
const SERVICE: &str = "CRM Condorito Desktop";

pub(super) struct Keyring;

impl Place for Keyring {
    fn get(&self, name: &str) -> Result<Option<SecretSlice<u8>>, SecretFault> {
        match entry(name)?.get_secret() {
            Ok(bytes) => Ok(Some(SecretSlice::from(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(fault(&error)),
        }
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), SecretFault> {
        entry(name)?.set_secret(secret).map_err(|error| fault(&error))
    }

    fn delete(&self, name: &str) -> Result<(), SecretFault> {
        match entry(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(fault(&error)),
        }
    }
}

fn entry(name: &str) -> Result<Entry, SecretFault> {
    Entry::new(SERVICE, name).map_err(|error| fault(&error))
}

fn fault(error: &Error) -> SecretFault {
    // The error itself may carry bytes of a secret: only its kind is logged.
    let (kind, fault) = match error {
        Error::NoDefaultStore => ("no keyring", SecretFault::Missing),
        Error::NoStorageAccess(_) => ("no access", SecretFault::Locked),
        Error::PlatformFailure(_) => ("platform failure", SecretFault::Locked),
        Error::Ambiguous(_) => ("ambiguous", SecretFault::Locked),
        _ => ("unusable", SecretFault::Locked),
    };
    tracing::warn!(kind, "the keyring did not answer");
    fault
}
