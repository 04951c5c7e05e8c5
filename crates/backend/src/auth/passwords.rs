//! Password hashes and the rules for new passwords (contract 2.2).

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::SaltString,
};

use crate::error::Error;

/// OWASP's smallest memory setting in release; a fraction in development builds, where the
/// unoptimised hash of every test's tenant would take a second each.
const MEMORY_KIB: u32 = if cfg!(debug_assertions) { 64 } else { 19 * 1024 };
const PASSES: u32 = if cfg!(debug_assertions) { 1 } else { 2 };

/// A salted hash in PHC form; slow on purpose, so not for the async threads.
pub(crate) fn hash(password: &str) -> Result<String, Error> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(|error| Error::Secrets(error.to_string()))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| Error::Secrets(error.to_string()))?;
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)
        .map_err(|error| Error::Secrets(error.to_string()))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Secrets(error.to_string()))
}

/// Whether `password` is the one that was hashed. The costs are read from the hash.
pub(crate) fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// What a new password lacks, in words; empty when it will do.
pub(super) fn shortcomings(password: &str) -> Vec<&'static str> {
    let mut lacks = Vec::new();
    if !password.chars().any(char::is_lowercase) {
        lacks.push("Hace falta al menos una minúscula");
    }
    if !password.chars().any(char::is_uppercase) {
        lacks.push("Hace falta al menos una mayúscula");
    }
    if !password.chars().any(|letter| letter.is_ascii_digit()) {
        lacks.push("Hace falta al menos un número");
    }
    if password.chars().count() > 128 {
        lacks.push("No puede pasar de 128 caracteres");
    }
    lacks
}

/// One of the four words of the contract.
pub(super) fn strength(password: &str) -> &'static str {
    let kinds = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(|letter| letter.is_ascii_digit()),
        password.chars().any(|letter| !letter.is_alphanumeric()),
        password.chars().count() >= 8,
        password.chars().count() >= 12,
    ];
    match kinds.iter().filter(|kind| **kind).count() {
        0..=1 => "weak",
        2..=4 => "medium",
        5 => "strong",
        _ => "very-strong",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_hash_fits_its_password_only() {
        let hashed = hash("secreto1").unwrap();
        assert!(hashed.starts_with("$argon2id$"));
        assert!(matches("secreto1", &hashed));
        assert!(!matches("Secreto1", &hashed));
        assert!(!matches("secreto1", "no es un hash"));
    }

    #[test]
    fn a_new_password_needs_three_kinds_of_letters() {
        assert_eq!(shortcomings("Abcdefg1").len(), 0);
        assert_eq!(shortcomings("todominus").len(), 2);
        assert_eq!(strength("todominus"), "medium");
        assert_eq!(strength("Abcdefghijk1!"), "very-strong");
    }
}
