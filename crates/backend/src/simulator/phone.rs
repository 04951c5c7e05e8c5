//! Messages that come from outside the API: a contact writes, the owner answers from the handset,
//! the bot answers.

use serde::{Deserialize, Serialize};

use crate::{
    clock::{now_ms, whole_second},
    core::Core,
    database::DatabaseError,
    events::{Emitted, TenantKey},
    history::{self, NewMessage, Sender, Telling},
    sending::{
        delivery::random_id,
        numbers::{user_of, whatsapp_id},
    },
};

/// A message that became part of a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// The message's row.
    pub id: i64,
    /// Its conversation.
    pub conversation_id: i64,
    /// WhatsApp's id.
    pub message_id: String,
}

/// What a message is besides text, with its file where that was saved already.
#[derive(Debug, Clone)]
pub(crate) struct Media {
    pub(crate) message_type: &'static str,
    pub(crate) path: Option<String>,
    pub(crate) file_name: Option<String>,
}

impl Media {
    /// A saved file under the name that its path ends with.
    pub(crate) fn named_by_path(message_type: &'static str, path: String) -> Self {
        let file_name = path.rsplit('/').next().map(str::to_owned);
        Self { message_type, path: Some(path), file_name }
    }

    /// A kind of which the server keeps no file (contract 4.15).
    pub(crate) const fn without_file(message_type: &'static str) -> Self {
        Self { message_type, path: None, file_name: None }
    }
}

/// A message as the phone reports it.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// A number or a WhatsApp id.
    pub(crate) from: String,
    pub(crate) name: Option<String>,
    pub(crate) sender: Sender,
    pub(crate) text: String,
    pub(crate) media: Option<Media>,
    /// WhatsApp's id when the same message is reported again; else one is made.
    pub(crate) message_id: Option<String>,
}

impl Report {
    pub(crate) fn text(from: &str, name: Option<&str>, sender: Sender, text: &str) -> Self {
        Self {
            from: from.to_owned(),
            name: name.map(str::to_owned),
            sender,
            text: text.to_owned(),
            media: None,
            message_id: None,
        }
    }
}

/// Stores and tells a reported message. `None`: it was dropped, as a known id or as a foreign
/// number's second message is (contract 5.6).
pub(crate) async fn report(
    core: &Core,
    tenant: &TenantKey,
    report: Report,
) -> Result<(Option<Stored>, Emitted), DatabaseError> {
    let url = core.url();
    let owner = tenant.clone();
    core.change(tenant, move |rows, happenings| {
        // Only a contact's number gets the suffix: groups and other ids arrive as they are.
        let id =
            if report.from.contains('@') { report.from.clone() } else { whatsapp_id(&report.from) };
        let found = history::find_or_create(rows, owner.id, user_of(&id), report.name.as_deref())?;
        let Ok(conversation) = found else {
            return Ok(None);
        };
        let direction = if report.sender == Sender::Contact { "false" } else { "true" };
        let message_id =
            report.message_id.unwrap_or_else(|| format!("{direction}_{id}_{}", random_id()));
        let message = NewMessage {
            message_type: report.media.as_ref().map_or("text", |media| media.message_type),
            media_path: report.media.as_ref().and_then(|media| media.path.clone()),
            file_name: report.media.as_ref().and_then(|media| media.file_name.clone()),
            sent_at: whole_second(now_ms()),
            ..NewMessage::text(message_id, report.sender, &report.text)
        };
        let telling =
            if report.sender == Sender::Bot { Telling::Alone } else { Telling::WithStats };
        let stored =
            history::store(rows, &owner, &conversation, &message, telling, &url, happenings)?;
        if report.sender == Sender::Bot && stored.is_some() {
            rows.execute("UPDATE tenants SET bot_usage = bot_usage + 1 WHERE id = ?1", [owner.id])?;
        }
        Ok(stored.map(|message| Stored {
            id: message.id,
            conversation_id: message.conversation_id,
            message_id: message.message_id,
        }))
    })
    .await
}
