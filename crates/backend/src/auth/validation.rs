//! Strict checking of the five auth bodies (contract 2.1): members are checked in the order of
//! their definition, then unknown ones are refused, and only the first fault is told.

use serde_json::{Map, Value};

/// A test of a text and what to say when it fails.
type Form = (fn(&str) -> bool, &'static str);

/// What one member of a body must be.
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) required: bool,
    /// Fewest and most characters.
    pub(super) length: (usize, usize),
    /// A further test and what to say when it fails.
    pub(super) form: Option<Form>,
}

impl Member {
    pub(super) const fn required(name: &'static str, length: (usize, usize)) -> Self {
        Self { name, required: true, length, form: None }
    }

    pub(super) const fn optional(name: &'static str, length: (usize, usize)) -> Self {
        Self { name, required: false, length, form: None }
    }

    pub(super) const fn of_form(mut self, test: fn(&str) -> bool, message: &'static str) -> Self {
        self.form = Some((test, message));
        self
    }

    fn check(&self, body: &Map<String, Value>) -> Result<(), String> {
        let name = self.name;
        let text = match body.get(name) {
            None if self.required => return Err(format!("Falta «{name}»")),
            None => return Ok(()),
            Some(Value::String(text)) => text,
            Some(_) => return Err(format!("«{name}» tiene que ser un texto")),
        };
        if text.is_empty() {
            return Err(format!("«{name}» no puede quedar vacío"));
        }
        let (fewest, most) = self.length;
        let length = text.chars().count();
        if length < fewest {
            return Err(format!("«{name}» necesita al menos {fewest} caracteres"));
        }
        if length > most {
            return Err(format!("«{name}» admite hasta {most} caracteres"));
        }
        match self.form {
            Some((test, message)) if !test(text) => Err(message.to_owned()),
            _ => Ok(()),
        }
    }
}

/// The checked body, or the first fault found.
pub(super) fn check<'a>(
    body: &'a Value,
    members: &[Member],
) -> Result<&'a Map<String, Value>, String> {
    let Value::Object(body) = body else {
        return Err("El cuerpo tiene que ser un objeto".to_owned());
    };
    for member in members {
        member.check(body)?;
    }
    match body.keys().find(|key| !members.iter().any(|member| member.name == key.as_str())) {
        Some(unknown) => Err(format!("«{unknown}» no se admite")),
        None => Ok(body),
    }
}

/// A checked member's text.
pub(super) fn text<'a>(body: &'a Map<String, Value>, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Something, an at sign, a domain with a dot.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let labels: Vec<&str> = domain.split('.').collect();
    !local.is_empty()
        && labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty())
        && !text.chars().any(|letter| letter.is_whitespace() || letter == ',')
        && !domain.contains('@')
}

/// `^\+?[1-9]\d{1,14}$`
pub(super) fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (2..=15).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with('0')
}

/// `^[A-Za-z0-9_-]+$`
pub(super) fn is_code(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    const LOGIN: [Member; 2] =
        [Member::required("client_code", (3, 50)), Member::required("password", (6, 200))];

    #[test]
    fn the_first_fault_is_told_and_no_other() {
        for (body, fault) in [
            (json!({}), Some("client_code")),
            (json!({"client_code": "", "password": ""}), Some("client_code")),
            (json!({"client_code": "AB", "password": "1"}), Some("client_code")),
            (json!({"client_code": "ABC", "password": 7}), Some("password")),
            (json!({"client_code": "ABC", "password": "12345"}), Some("password")),
            (json!({"client_code": "ABC", "password": "123456", "x": 1}), Some("x")),
            (json!([]), Some("objeto")),
            (json!({"client_code": "ABC", "password": "123456"}), None),
        ] {
            let outcome = check(&body, &LOGIN).err();
            assert_eq!(outcome.is_some(), fault.is_some(), "{body}");
            if let (Some(told), Some(fault)) = (outcome, fault) {
                assert!(told.contains(fault), "{body}: {told}");
            }
        }
    }

    #[test]
    fn forms() {
        assert!(is_email("ana@ejemplo.test") && !is_email("ana") && !is_email("a@b"));
        assert!(
            is_phone("+5491155550001") && is_phone("54") && !is_phone("0549") && !is_phone("x")
        );
        assert!(is_code("CLI_0-1") && !is_code("CLI 1"));
    }
}
