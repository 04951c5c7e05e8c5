//! The key of an account's files: it can neither print nor serialise itself.

use zeroize::Zeroizing;

/// 32 random bytes, used as SQLCipher's raw key: opening takes milliseconds, where deriving one
/// from a passphrase takes half a second.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A key of these bytes; `None` unless there are exactly 32.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    /// The statement that unlocks a connection.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().map_or('0', char::from);
        // Reserved in full: growing would leave a copy of the key behind.
        let mut text = Zeroizing::new(String::with_capacity(96));
        text.push_str("PRAGMA key = \"x'");
        for byte in self.0.iter().copied() {
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        text.push_str("'\"");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn writes_every_byte_as_two_digits() {
        let mut bytes = [0; 32];
        bytes[0] = 0x0a;
        bytes[31] = 0xff;
        let text = Key::new(bytes).pragma().to_string();
        assert_eq!(text, format!("PRAGMA key = \"x'0a{}ff'\"", "0".repeat(60)));
        assert!(Key::from_slice(&bytes[1..]).is_none());
    }
}
