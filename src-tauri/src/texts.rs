//! The few texts the shell itself shows, outside the web view.

use condorito_client::Locale;
use condorito_model::view::ConnectionState;

/// Texts of the tray and of notifications, in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts {
    /// Tray menu: bring the window back.
    pub open: &'static str,
    /// Tray menu: no notifications until it is switched off again.
    pub do_not_disturb: &'static str,
    /// Tray menu: end the app.
    pub quit: &'static str,
    /// Tray: how many conversations have something unread, before the number.
    pub unread: &'static str,
    /// Tray: nothing is unread.
    pub all_read: &'static str,
    /// Notification: open what it is about.
    pub view: &'static str,
    /// Notification: mark the conversation as read.
    pub mark_read: &'static str,
    /// Notification: answer right there.
    pub reply: &'static str,
    /// States of the connection, in the order of [`Texts::connection`].
    connection: [&'static str; 6],
}

impl Texts {
    /// A state of the connection, in the words the window has for it.
    pub fn connection(&self, state: ConnectionState) -> &'static str {
        let [offline, connecting, syncing, online, polling, stopped] = self.connection;
        match state {
            ConnectionState::Offline => offline,
            ConnectionState::Connecting => connecting,
            ConnectionState::Syncing => syncing,
            ConnectionState::Online => online,
            ConnectionState::Polling => polling,
            ConnectionState::Stopped => stopped,
        }
    }
}

const ES: Texts = Texts {
    open: "Abrir CRM Condorito",
    do_not_disturb: "No molestar",
    quit: "Salir",
    unread: "Sin leer",
    all_read: "Todo leído",
    view: "Ver",
    mark_read: "Marcar como leído",
    reply: "Responder",
    connection: [
        "Sin conexión",
        "Conectando",
        "Poniendo al día",
        "En línea",
        "Consultando",
        "Sesión cerrada",
    ],
};

const EN: Texts = Texts {
    open: "Open CRM Condorito",
    do_not_disturb: "Do not disturb",
    quit: "Quit",
    unread: "Unread",
    all_read: "All read",
    view: "View",
    mark_read: "Mark as read",
    reply: "Reply",
    connection: ["Offline", "Connecting", "Catching up", "Online", "Polling", "Signed out"],
};

const PT: Texts = Texts {
    open: "Abrir o CRM Condorito",
    do_not_disturb: "Não perturbe",
    quit: "Sair",
    unread: "Não lidas",
    all_read: "Tudo lido",
    view: "Ver",
    mark_read: "Marcar como lida",
    reply: "Responder",
    connection: [
        "Sem conexão",
        "Conectando",
        "Atualizando",
        "On-line",
        "Consultando",
        "Sessão encerrada",
    ],
};

/// The shell's texts in `locale`.
pub fn texts(locale: Locale) -> &'static Texts {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}
