//! Notices of the decisions as notifications in the operator's language. Plain text: escaping
//! belongs to whoever shows it.

use crate::locale::Locale;
use crate::settings::Privacy;
use condorito_model::view::{Notification, NotificationKind};
use condorito_sync::{Notice, Preview};

/// Longest body, in characters: notification servers cut anyway.
const BODY: usize = 300;

pub(crate) fn render(notice: &Notice, locale: Locale, privacy: Privacy) -> Notification {
    let words = &locale.words().notices;
    match notice {
        Notice::Message { conversation_id, message_id, name, preview, count } => {
            let shown = match preview {
                Preview::Text(text) => one_line(text),
                Preview::Kind(kind) => words.kinds.get(kind).cloned().unwrap_or_default(),
            };
            let unread = (*count > 1).then(|| words.unread.replace("{count}", &count.to_string()));
            let (title, body) = match privacy {
                Privacy::Full => (
                    name.clone(),
                    unread.map_or_else(|| shown.clone(), |unread| format!("{shown}\n{unread}")),
                ),
                Privacy::Name => {
                    (name.clone(), unread.unwrap_or_else(|| words.new_message.clone()))
                }
                Privacy::None => (words.new_message.clone(), unread.unwrap_or_default()),
            };
            Notification {
                conversation_id: Some(*conversation_id),
                message_id: Some(message_id.clone()),
                title,
                body,
                kind: NotificationKind::Message,
                count: notice.count(),
                silent: false,
            }
        }
        Notice::Digest { messages, conversations } => Notification {
            conversation_id: None,
            message_id: None,
            title: words.digest_title.clone(),
            body: words
                .digest_body
                .replace("{messages}", &messages.to_string())
                .replace("{conversations}", &conversations.to_string()),
            kind: NotificationKind::Digest,
            count: notice.count(),
            silent: false,
        },
        Notice::SendFailed { conversation_id, name, unconfirmed, .. } => {
            let name = if privacy == Privacy::None { &words.someone } else { name };
            let (title, body) = if *unconfirmed {
                (&words.send_unconfirmed_title, &words.send_unconfirmed_body)
            } else {
                (&words.send_failed_title, &words.send_failed_body)
            };
            Notification {
                conversation_id: Some(*conversation_id),
                message_id: None,
                title: title.clone(),
                body: body.replace("{name}", name),
                kind: NotificationKind::Failed,
                count: notice.count(),
                silent: false,
            }
        }
        Notice::WhatsappLost => Notification {
            conversation_id: None,
            message_id: None,
            title: words.whatsapp_lost_title.clone(),
            body: words.whatsapp_lost_body.clone(),
            kind: NotificationKind::Whatsapp,
            count: notice.count(),
            silent: false,
        },
    }
}

fn one_line(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(BODY) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::locale::Locale;
    use crate::settings::Privacy;
    use condorito_model::{ConversationId, MessageId};
    use condorito_sync::{Notice, Preview};

    fn notice(text: &str, count: u32) -> Notice {
        Notice::Message {
            conversation_id: ConversationId(7),
            message_id: MessageId("false_1".into()),
            name: "Ana <b>".into(),
            preview: Preview::Text(text.into()),
            count,
        }
    }

    #[test]
    fn says_as_much_as_the_operator_allows() {
        let cases = [
            (Privacy::Full, 1, "Ana <b>", "hola & chau"),
            (Privacy::Full, 3, "Ana <b>", "hola & chau\n3 mensajes sin leer"),
            (Privacy::Name, 1, "Ana <b>", "Mensaje nuevo"),
            (Privacy::Name, 3, "Ana <b>", "3 mensajes sin leer"),
            (Privacy::None, 1, "Mensaje nuevo", ""),
            (Privacy::None, 3, "Mensaje nuevo", "3 mensajes sin leer"),
        ];
        for (privacy, count, title, body) in cases {
            let shown = render(&notice("hola &\n chau", count), Locale::Es, privacy);
            assert_eq!((shown.title.as_str(), shown.body.as_str()), (title, body), "{privacy:?}");
            assert_eq!(shown.conversation_id, Some(ConversationId(7)));
        }
    }

    #[test]
    fn a_failed_send_names_nobody_when_nothing_may_be_shown() {
        let notice = Notice::SendFailed {
            conversation_id: ConversationId(7),
            name: "Ana".into(),
            unconfirmed: true,
            count: 1,
        };
        for locale in Locale::ALL {
            assert!(render(&notice, locale, Privacy::Name).body.contains("Ana"));
            assert!(!render(&notice, locale, Privacy::None).body.contains("Ana"));
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let shown = render(&notice(&"ñ".repeat(5000), 1), Locale::Es, Privacy::Full);
        assert_eq!(shown.body.chars().count(), 301);
    }
}
