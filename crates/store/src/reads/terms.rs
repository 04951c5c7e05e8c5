//! What a person types, as a full-text query that cannot fail or reach other columns.

/// Characters that a search needs at least.
pub(crate) const SHORTEST: usize = 2;

/// An FTS5 expression that asks for every word of `text`, each as the beginning of a word when it
/// has two characters or more. `None` when there is nothing to look for.
///
/// Every word is a quoted string, so operators, parentheses and quotes are text. Words without a
/// letter or digit are left out, as the tokenizer knows no token in them.
pub(crate) fn expression(text: &str) -> Option<String> {
    let mut expression = String::new();
    for word in text.split_whitespace() {
        if !word.chars().any(char::is_alphanumeric) {
            continue;
        }
        if !expression.is_empty() {
            expression.push_str(" AND ");
        }
        expression.push('"');
        // A NUL would end the query; it is in no word.
        for c in word.chars().filter(|c| *c != '\0') {
            if c == '"' {
                expression.push('"');
            }
            expression.push(c);
        }
        expression.push('"');
        // One letter as a beginning would match a large part of all messages.
        if word.chars().nth(1).is_some() {
            expression.push('*');
        }
    }
    (!expression.is_empty()).then_some(expression)
}

/// The digits of a text that can be part of a phone number; `None` when it has other characters
/// or fewer than three digits, which the trigram index cannot find.
pub(crate) fn digits(text: &str) -> Option<String> {
    let mut digits = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' | '-' | '.' | '(' | ')' | '/' => {}
            _ if c.is_whitespace() => {}
            _ => return None,
        }
    }
    (digits.len() >= 3).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::{digits, expression};

    #[test]
    fn every_word_is_quoted() {
        for (text, expected) in [
            ("hola", Some(r#""hola"*"#)),
            ("  buen día ", Some(r#""buen"* AND "día"*"#)),
            ("y a", Some(r#""y" AND "a""#)),
            (r#"a"b OR *"#, Some(r#""a""b"* AND "OR"*"#)),
            ("content:x NEAR(", Some(r#""content:x"* AND "NEAR("*"#)),
            ("😀 !!", None),
            ("ok 😀", Some(r#""ok"*"#)),
            ("a\0b", Some(r#""ab"*"#)),
            ("", None),
        ] {
            assert_eq!(expression(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        for (text, expected) in [
            ("555", Some("555")),
            ("+54 9 (11) 5-5", Some("5491155")),
            ("55", None),
            ("555a", None),
            ("", None),
        ] {
            assert_eq!(digits(text).as_deref(), expected, "{text:?}");
        }
    }
}
