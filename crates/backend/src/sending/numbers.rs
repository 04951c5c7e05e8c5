//! How the existing backend turns what was typed into WhatsApp ids and contact numbers
//! (contract 4.4, 4.6, 5.6).

const USER_SUFFIX: &str = "@c.us";

/// The WhatsApp id a text goes to. Without `@` only digits count; anything with `@` is kept, and
/// gets the suffix when it has another one, which is why groups cannot be reached.
pub(crate) fn whatsapp_id(to: &str) -> String {
    let user: String = if to.contains('@') {
        to.trim().to_owned()
    } else {
        to.chars().filter(char::is_ascii_digit).collect()
    };
    if user.ends_with(USER_SUFFIX) { user } else { format!("{user}{USER_SUFFIX}") }
}

/// What conversations are looked up by: the id without the suffix of persons.
pub(crate) fn user_of(whatsapp_id: &str) -> &str {
    whatsapp_id.strip_suffix(USER_SUFFIX).unwrap_or(whatsapp_id)
}

/// The number a contact is stored under: Argentine unless it says so already.
pub(crate) fn contact_number(user: &str) -> String {
    let digits: String = user.chars().filter(char::is_ascii_digit).collect();
    if digits.starts_with("54") {
        digits
    } else if digits.starts_with('9') {
        format!("54{digits}")
    } else {
        format!("549{digits}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_recorded() {
        for (to, id) in [
            ("5491155550001", "5491155550001@c.us"),
            ("+54 9 11 5555-0001", "5491155550001@c.us"),
            ("5491155550001@c.us", "5491155550001@c.us"),
            ("120363000000000001@g.us", "120363000000000001@g.us@c.us"),
        ] {
            assert_eq!(whatsapp_id(to), id);
        }
        for (user, number) in [
            ("5491155550001", "5491155550001"),
            ("98765432100000@lid", "5498765432100000"),
            ("12025550123", "54912025550123"),
            ("59899123456", "54959899123456"),
            ("91155550001", "5491155550001"),
        ] {
            assert_eq!(contact_number(user), number, "{user}");
        }
    }
}
