//! Bytes to JSON.

use super::DecodeError;
use serde_json::Value;
use std::borrow::Cow;

const REPLACEMENT_ESCAPE: &str = "\\ufffd";

/// Parses a body. Halves of a surrogate pair (a preview cut in the middle of an emoji) become
/// U+FFFD, so that one odd text does not cost a whole page. Bytes that are not UTF-8 were damaged on
/// the way, for the backend writes none: what is around them cannot be trusted either. (A send's
/// answer with such bytes in its `messageId` left a text that no echo and no page ever matched, and
/// so was shown twice.)
///
/// # Errors
/// When it is not JSON even so.
pub fn parse_body(bytes: &[u8]) -> Result<Value, DecodeError> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::NotJson)?;
    serde_json::from_str(&without_lone_surrogates(text)).map_err(|_| DecodeError::NotJson)
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
    use super::{DecodeError, parse_body};
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
    fn what_is_not_json_is_refused() {
        for bytes in [&b""[..], b"<html></html>", b"{", b"\"\\u12", b"\"\\", b"{\"a\":\"\\ud8"] {
            assert!(parse_body(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
