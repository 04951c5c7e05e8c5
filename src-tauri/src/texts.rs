//! The few texts the shell itself shows, outside the web view.

use condorito_client::Locale;

/// Texts of the tray menu and of notifications, in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts {
    /// Tray menu: bring the window back.
    pub open: &'static str,
    /// Tray menu: end the app.
    pub quit: &'static str,
    /// Tray tooltip, before the number of unread messages.
    pub unread: &'static str,
    /// Notification: open the conversation.
    pub view: &'static str,
}

/// The shell's texts in `locale`.
pub fn texts(locale: Locale) -> Texts {
    match locale {
        Locale::Es => {
            Texts { open: "Abrir CRM Condorito", quit: "Salir", unread: "Sin leer", view: "Ver" }
        }
        Locale::En => {
            Texts { open: "Open CRM Condorito", quit: "Quit", unread: "Unread", view: "View" }
        }
        Locale::Pt => {
            Texts { open: "Abrir o CRM Condorito", quit: "Sair", unread: "Não lidas", view: "Ver" }
        }
    }
}
