//! Bytes to JSON.

use super::DecodeError;
use serde_json::Value;
use std::borrow::Cow;

const REPLACEMENT_ESCAPE: &str = "\\ufffd";

/// Bytes that the values of a body may take in memory, estimated. A list of 100,000 conversations
/// takes some 250 MiB; 64 MiB of `{"a":0},` would take 6 GiB.
const MEMORY_CAP: usize = 320 << 20;

/// Parses a body. Halves of a surrogate pair (a preview cut in the middle of an emoji) become
/// U+FFFD, so that one odd text does not cost a whole page. Bytes that are not UTF-8 were damaged on
/// the way, for the backend writes none: what is around them cannot be trusted either. (A send's
/// answer with such bytes in its `messageId` left a text that no echo and no page ever matched, and
/// so was shown twice.)
///
/// # Errors
/// When it is not JSON even so, or when its values would take hundreds of megabytes.
pub fn parse_body(bytes: &[u8]) -> Result<Value, DecodeError> {
    if memory_of(bytes) > MEMORY_CAP {
        return Err(DecodeError::TooBig);
    }
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::NotJson)?;
    serde_json::from_str(&without_lone_surrogates(text)).map_err(|_| DecodeError::NotJson)
}

/// What the values written in `bytes` take in memory, about: marks inside of texts count as well.
fn memory_of(bytes: &[u8]) -> usize {
    // A value and its place; a key's own allocation; the first node of an object's tree.
    let of = |byte: &u8| match byte {
        b',' | b'[' => 33,
        b':' => 41,
        b'{' => 641,
        _ => 1_usize,
    };
    bytes.iter().map(of).fold(0, usize::saturating_add)
}

/// Replaces each `\uD8xx` that no `\uDCxx` follows, and each `\uDCxx` that follows none.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let taken = match surrogate(escape) {
            None => escape.chars().nth(1).map_or(1, |c| 1 + c.len_utf8()),
            Some(Half::Low) => {
                repaired.push_str(REPLACEMENT_ESCAPE);
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            Some(Half::High) => {
                if escape.get(6..).and_then(surrogate) == Some(Half::Low) {
                    12
                } else {
                    repaired.push_str(REPLACEMENT_ESCAPE);
                    rest = escape.get(6..).unwrap_or_default();
                    continue;
                }
            }
        };
        repaired.push_str(escape.get(..taken).unwrap_or(escape));
        rest = escape.get(taken..).unwrap_or_default();
    }
    repaired.push_str(rest);
    Cow::Owned(repaired)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    High,
    Low,
}

/// Which half the escape at the beginning of `text` is, if it is one.
fn surrogate(text: &str) -> Option<Half> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{DecodeError, MEMORY_CAP, memory_of, parse_body};
    use serde_json::json;

    #[test]
    fn half_an_emoji_does_not_cost_the_body() {
        let cases: [(&[u8], _); 5] = [
            (br#"{"a":"x\ud83d"}"#, json!({ "a": "x\u{fffd}" })),
            (br#"{"a":"\ude00x"}"#, json!({ "a": "\u{fffd}x" })),
            (br#"{"a":"\ud83d\ud83d\ude00"}"#, json!({ "a": "\u{fffd}😀" })),
            (br#"{"a":"\\ud83d","b":"\ud83d"}"#, json!({ "a": "\\ud83d", "b": "\u{fffd}" })),
            (br#"{"a":"\ud83d\n"}"#, json!({ "a": "\u{fffd}\n" })),
        ];
        for (bytes, expected) in cases {
            assert_eq!(parse_body(bytes), Ok(expected), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn bytes_damaged_on_the_way_are_not_taken_for_text() {
        let damaged = b"{\"success\":true,\"messageId\":\"true_549@c.us_3E\xff\xffA93\"}";
        assert_eq!(parse_body(damaged), Err(DecodeError::NotJson));
    }

    #[test]
    fn many_small_values_are_not_unpacked() {
        let bomb = [b"[".to_vec(), b"{\"a\":0},".repeat(4 << 20), b"0]".to_vec()].concat();
        assert_eq!(parse_body(&bomb), Err(DecodeError::TooBig));
        let row = br#"{"id":1,"client_id":4,"contact_phone":"5493875550114","contact_name":"Ana","last_message":"hola, gracias","last_message_at":"2025-03-04T13:20:05.000Z","unread_count":0,"bot_enabled":1,"created_at":"2025-03-04T13:20:05.000Z","updated_at":null,"total_messages":5},"#;
        let list = [b"[".to_vec(), row.repeat(100_000), b"0]".to_vec()].concat();
        assert!(memory_of(&list) <= MEMORY_CAP, "{}", memory_of(&list));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for bytes in [&b""[..], b"<html></html>", b"{", b"\"\\u12", b"\"\\", b"{\"a\":\"\\ud8"] {
            assert!(parse_body(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
