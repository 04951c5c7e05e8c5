//! What the tray shows, in words and as a picture.

use tauri::image::Image;

use super::{Shown, TrayError};
use crate::badge;
use crate::texts::{Texts, texts};

/// Name of the app, as every desktop shows it.
pub const NAME: &str = "CRM Condorito";

/// Picture, tooltip and menu of the icon.
#[derive(Clone)]
pub struct Look {
    /// The icon with the unread count drawn into it.
    pub picture: Image<'static>,
    /// State and unread count in a line.
    pub status: String,
    /// Whether notifications are off.
    pub do_not_disturb: bool,
    /// Labels of the menu.
    pub texts: &'static Texts,
}

impl Look {
    /// The look of what is to be shown.
    ///
    /// # Errors
    /// When the icon of the program cannot be read.
    pub(super) fn of(shown: Shown) -> Result<Self, TrayError> {
        let icon = Image::from_bytes(include_bytes!("../../../icons/tray.png"))?;
        let texts = texts(shown.locale);
        let unread = match shown.unread {
            0 => texts.all_read.to_owned(),
            unread => format!("{}: {unread}", texts.unread),
        };
        let mut status = format!("{} · {unread}", texts.connection(shown.connection));
        if shown.do_not_disturb {
            status = format!("{status} · {}", texts.do_not_disturb);
        }
        Ok(Self {
            picture: badge::draw(&icon, shown.unread),
            status,
            do_not_disturb: shown.do_not_disturb,
            texts,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use condorito_client::Locale;
    use condorito_model::view::ConnectionState;

    #[test]
    fn says_state_and_unread_in_every_language() {
        use ConnectionState::{Offline, Online, Polling, Stopped, Syncing};
        let cases = [
            (Locale::Es, Online, 0, false, "En línea · Todo leído"),
            (Locale::Es, Syncing, 3, false, "Poniendo al día · Sin leer: 3"),
            (Locale::Es, Online, 1, true, "En línea · Sin leer: 1 · No molestar"),
            (Locale::En, Offline, 12, false, "Offline · Unread: 12"),
            (Locale::En, Stopped, 0, false, "Signed out · All read"),
            (Locale::Pt, Polling, 2, true, "Consultando · Não lidas: 2 · Não perturbe"),
        ];
        for (locale, connection, unread, do_not_disturb, expected) in cases {
            let look = Look::of(Shown { locale, unread, connection, do_not_disturb }).unwrap();
            assert_eq!(look.status, expected);
        }
    }
}
