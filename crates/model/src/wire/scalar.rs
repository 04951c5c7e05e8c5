//! The scalars: one lenient reading for each (contract 1.5).

use crate::Timestamp;
use serde_json::{Map, Value};

/// The greatest id taken: what JavaScript, and so the UI, can hold exactly. The server's are
/// 32-bit.
const MAX_ID: i64 = (1 << 53) - 1;

/// Why something could not be decoded. Names the field, never its value: values are customers'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, even after repairs.
    #[error("not JSON")]
    NotJson,
    /// Its values would take more memory than any answer of a backend does.
    #[error("too big")]
    TooBig,
    /// A field that is needed is absent or null.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field holds something that cannot be read as what it is.
    #[error("`{0}` makes no sense")]
    Nonsense(&'static str),
    /// The answer says itself that it is not a success.
    #[error("the answer is not a success")]
    NotSuccess,
}

/// The fields of an object; of anything else, no fields.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    /// The fields of `value`.
    #[must_use]
    pub fn of(value: &'a Value) -> Self {
        Self(value.as_object())
    }

    /// A field that is neither absent nor null.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a Value> {
        self.0?.get(name).filter(|value| !value.is_null())
    }

    /// The object in a field; without fields when there is none.
    #[must_use]
    pub fn object(self, name: &str) -> Self {
        Self(self.get(name).and_then(Value::as_object))
    }

    /// Whether there is an object at all.
    #[must_use]
    pub const fn exists(self) -> bool {
        self.0.is_some()
    }

    /// A yes or no; absent is no.
    ///
    /// # Errors
    /// When it is neither.
    pub fn flag(self, name: &'static str) -> Result<bool, DecodeError> {
        Ok(self.optional_flag(name)?.unwrap_or(false))
    }

    /// A yes or no that may be absent.
    ///
    /// # Errors
    /// When it is neither.
    pub fn optional_flag(self, name: &'static str) -> Result<Option<bool>, DecodeError> {
        read(self.get(name), name, flag)
    }

    /// A counter; absent is 0.
    ///
    /// # Errors
    /// When it is no number.
    pub fn count(self, name: &'static str) -> Result<u32, DecodeError> {
        Ok(self.optional_count(name)?.unwrap_or(0))
    }

    /// A counter that may be absent.
    ///
    /// # Errors
    /// When it is no number.
    pub fn optional_count(self, name: &'static str) -> Result<Option<u32>, DecodeError> {
        read(self.get(name), name, count)
    }

    /// A row id.
    ///
    /// # Errors
    /// When it is absent, or no whole number above 0.
    pub fn id(self, name: &'static str) -> Result<i64, DecodeError> {
        self.optional_id(name)?.ok_or(DecodeError::Missing(name))
    }

    /// A row id that may be absent.
    ///
    /// # Errors
    /// When it is no whole number above 0.
    pub fn optional_id(self, name: &'static str) -> Result<Option<i64>, DecodeError> {
        read(self.get(name), name, id)
    }

    /// A text; absent and empty are `None`. Its characters are kept as they are.
    ///
    /// # Errors
    /// When it is neither text nor number.
    pub fn text(self, name: &'static str) -> Result<Option<String>, DecodeError> {
        Ok(read(self.get(name), name, text)?.filter(|text| !text.is_empty()))
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// When it is absent, empty, or no text.
    pub fn needed_text(self, name: &'static str) -> Result<String, DecodeError> {
        self.text(name)?.ok_or(DecodeError::Missing(name))
    }

    /// A time that may be absent.
    ///
    /// # Errors
    /// When it is no time.
    pub fn time(self, name: &'static str) -> Result<Option<Timestamp>, DecodeError> {
        read(self.get(name), name, time)
    }
}

fn read<T>(
    value: Option<&Value>,
    name: &'static str,
    how: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, DecodeError> {
    match value {
        None => Ok(None),
        Some(value) => how(value).map(Some).ok_or(DecodeError::Nonsense(name)),
    }
}

/// `true`, `false`, `0`, `1`, their texts, or an object, which means yes (`connected` of 4.13).
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) => match text.trim() {
            "1" | "true" => Some(true),
            "0" | "false" | "" => Some(false),
            _ => None,
        },
        Value::Object(_) => Some(true),
        Value::Null | Value::Array(_) => None,
    }
}

/// A number or its text; below 0 is 0, a fraction is cut off, and too many is as many as fit.
fn count(value: &Value) -> Option<u32> {
    let number = number(value)?;
    let whole = number.trunc().clamp(0.0, f64::from(u32::MAX));
    // The clamp above makes every finite number fit.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = whole as u32;
    Some(count)
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn id(value: &Value) -> Option<i64> {
    let id = match value {
        Value::Number(number) => match number.as_i64() {
            Some(id) => id,
            None => whole(number.as_f64()?)?,
        },
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (1..=MAX_ID).contains(&id).then_some(id)
}

fn whole(number: f64) -> Option<i64> {
    #[allow(clippy::cast_precision_loss)]
    let limit = MAX_ID as f64;
    if number.fract() != 0.0 || !(1.0..=limit).contains(&number) {
        return None;
    }
    // Whole and within the limit: exact.
    #[allow(clippy::cast_possible_truncation)]
    let whole = number as i64;
    Some(whole)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::parse(value.as_str()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{DecodeError, Fields, MAX_ID};
    use serde_json::{Value, json};

    fn field(value: &Value) -> Value {
        json!({ "it": value })
    }

    #[test]
    fn a_flag_has_many_spellings() {
        let yes = [json!(true), json!(1), json!("1"), json!("true"), json!({ "user": "x" })];
        let no = [json!(false), json!(0), json!("0"), json!("false"), json!(""), Value::Null];
        for value in yes {
            assert_eq!(Fields::of(&field(&value)).flag("it"), Ok(true), "{value}");
        }
        for value in no {
            assert_eq!(Fields::of(&field(&value)).flag("it"), Ok(false), "{value}");
        }
        for value in [json!("quizás"), json!([1])] {
            let holder = field(&value);
            let read = Fields::of(&holder).flag("it");
            assert_eq!(read, Err(DecodeError::Nonsense("it")), "{value}");
        }
    }

    #[test]
    fn a_count_is_a_number_or_its_text() {
        let cases = [
            (json!(12), 12),
            (json!("12"), 12),
            (json!("85.71"), 85),
            (json!(" 7 "), 7),
            (json!(-3), 0),
            (json!(1e300), u32::MAX),
            (Value::Null, 0),
        ];
        for (value, expected) in cases {
            assert_eq!(Fields::of(&field(&value)).count("it"), Ok(expected), "{value}");
        }
        for value in [json!("doce"), json!("NaN"), json!("inf"), json!({}), json!(true)] {
            assert!(Fields::of(&field(&value)).count("it").is_err(), "{value}");
        }
    }

    #[test]
    fn an_id_out_of_range_is_refused() {
        for (value, expected) in [(json!(964), 964), (json!("964"), 964), (json!(3.0), 3)] {
            assert_eq!(Fields::of(&field(&value)).id("it"), Ok(expected), "{value}");
        }
        assert_eq!(Fields::of(&field(&json!(MAX_ID))).id("it"), Ok(MAX_ID));
        let refused = [
            json!(0),
            json!(-1),
            json!(1.5),
            json!(MAX_ID + 1),
            json!(u64::MAX),
            json!(1e20),
            json!("1x"),
            json!(true),
        ];
        for value in refused {
            assert!(Fields::of(&field(&value)).id("it").is_err(), "{value}");
        }
        assert_eq!(Fields::of(&json!({})).id("it"), Err(DecodeError::Missing("it")));
    }

    #[test]
    fn text_keeps_its_control_characters_and_empty_is_none() {
        let odd = "a\u{0}b\u{1e}\r\n\u{202e}c";
        assert_eq!(Fields::of(&field(&json!(odd))).text("it").unwrap().as_deref(), Some(odd));
        assert_eq!(Fields::of(&field(&json!(""))).text("it"), Ok(None));
        assert_eq!(Fields::of(&field(&json!(549))).text("it").unwrap().as_deref(), Some("549"));
        assert!(Fields::of(&field(&json!(["x"]))).text("it").is_err());
    }
}
