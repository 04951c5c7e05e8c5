//! Phone numbers as the server treats them (contract 4.6 and 5.6).

/// The ASCII digits of a text.
#[must_use]
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A typed number as the digits to write to, or `None` when it cannot be a number.
///
/// A local Argentine mobile becomes `549…`: the server would otherwise keep `54…` and `549…` of
/// one person apart as two conversations. A number with another country's code stays as it is.
#[must_use]
pub fn normalise_typed(text: &str) -> Option<String> {
    let trimmed = text.trim();
    if !trimmed.chars().all(|c| c.is_ascii_digit() || " +-().\u{a0}/".contains(c)) {
        return None;
    }
    let all = digits(trimmed);
    let international = trimmed.starts_with('+') || all.starts_with("00");
    let bare = all.strip_prefix("00").unwrap_or(&all);
    let result = if let Some(rest) = bare.strip_prefix("549").filter(|rest| rest.len() == 10) {
        format!("549{rest}")
    } else if let Some(rest) = bare.strip_prefix("54").filter(|rest| rest.len() == 10) {
        format!("549{rest}")
    } else if international {
        bare.to_owned()
    } else if bare.len() == 11 && bare.starts_with('9') {
        format!("54{bare}")
    } else {
        let national = bare.strip_prefix('0').unwrap_or(bare);
        if national.len() == 10 { format!("549{national}") } else { national.to_owned() }
    };
    (8..=15).contains(&result.len()).then_some(result)
}

/// Whether the server can hold a conversation with this number without mangling it:
/// `549` and ten digits. Others get their later messages dropped (contract 5.6).
#[must_use]
pub fn looks_argentine(phone: &str) -> bool {
    phone.len() == 13 && phone.starts_with("549") && phone.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{looks_argentine, normalise_typed};

    #[test]
    fn typed_numbers_become_what_the_server_keeps() {
        let cases = [
            ("+54 9 387 555-0193", Some("5493875550193")),
            ("54 387 555-0193", Some("5493875550193")),
            ("0387 555 0193", Some("5493875550193")),
            ("387 555 0193", Some("5493875550193")),
            ("9 387 555 0193", Some("5493875550193")),
            ("0054 9 387 5550193", Some("5493875550193")),
            ("+598 99 123 456", Some("59899123456")),
            ("12", None),
            ("", None),
            ("Ana", None),
            ("1234567890123456", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(normalise_typed(typed).as_deref(), expected, "{typed:?}");
        }
    }

    #[test]
    fn only_549_and_ten_digits_look_argentine() {
        assert!(looks_argentine("5493875550193"));
        for other in ["59899123456", "543875550193", "5493875550193@g.us", ""] {
            assert!(!looks_argentine(other), "{other:?}");
        }
    }
}
