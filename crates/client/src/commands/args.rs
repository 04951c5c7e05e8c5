//! Arguments of the commands. What may be left out may be null.

use condorito_model::ConversationId;
use secrecy::SecretString;
use serde::Deserialize;
use ts_rs::TS;

/// No arguments.
#[derive(Debug, Deserialize, TS)]
#[ts(type = "Record<string, never>")]
pub struct Nothing {}

/// Of `login`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct Login {
    /// The company's code, in any case.
    pub client_code: String,
    /// Its password.
    #[ts(type = "string")]
    pub password: SecretString,
    /// Address of the backend, or `demo`; the last one where it is left out.
    pub backend: Option<String>,
    /// Whether the session survives the end of the app; true where it is left out.
    pub remember: Option<bool>,
    /// When the key of the old files is lost: keep them under another name and begin anew.
    pub set_aside: Option<bool>,
}

/// Of `logout`.
#[derive(Debug, Deserialize, TS)]
#[ts(optional_fields = nullable)]
pub struct Logout {
    /// Whether to remove everything of the account from this machine.
    pub wipe: Option<bool>,
}

/// A conversation.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Of {
    /// Which.
    pub conversation_id: ConversationId,
}

/// Of `list_conversations`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ListConversations {
    /// Words of the name, or digits of the number.
    pub query: Option<String>,
    /// Only those with, or without, unread messages.
    pub unread: Option<bool>,
    /// Only those in which the bot answers, or does not.
    pub bot: Option<bool>,
    /// Only those whose contact waits for a first answer, longest first; or only the others.
    pub waiting: Option<bool>,
    /// Only those whose contact has one of these tags.
    pub tag_ids: Option<Vec<i64>>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
    /// Rows, 50 where it is left out, up to 500.
    pub limit: Option<u32>,
}

/// Of `start_conversation`.
#[derive(Debug, Deserialize, TS)]
pub struct StartConversation {
    /// The number as typed.
    pub phone: String,
}

/// Of `set_bot`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BotOf {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// On or off.
    pub enabled: bool,
}

/// Of `set_bot_all`.
#[derive(Debug, Deserialize, TS)]
pub struct BotAll {
    /// On or off.
    pub enabled: bool,
}

/// A place in a conversation: a `cursor` or an `id`.
#[derive(Debug, Deserialize, TS)]
#[serde(untagged)]
pub enum PlaceArg {
    /// The id of a message.
    Id(#[ts(type = "number")] i64),
    /// The cursor of a message.
    Cursor(String),
}

/// Of `list_messages`. At most one of the places.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ListMessages {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Right before this message.
    pub before: Option<PlaceArg>,
    /// Right after this message.
    pub after: Option<PlaceArg>,
    /// Around the message with this id.
    pub around: Option<i64>,
    /// Messages, 50 where it is left out, up to 200.
    pub limit: Option<u32>,
}

/// Of `search`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct Search {
    /// Words, at least two characters.
    pub text: String,
    /// Only in this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Hits, 50 where it is left out, up to 200.
    pub limit: Option<u32>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
}

/// Of `send_text`: a conversation or a number.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct SendText {
    /// In this conversation.
    pub conversation_id: Option<ConversationId>,
    /// To this number, as typed.
    pub phone: Option<String>,
    /// The text.
    pub text: String,
}

/// Of `send_file`: a conversation or a number.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct SendFile {
    /// In this conversation.
    pub conversation_id: Option<ConversationId>,
    /// To this number, as typed.
    pub phone: Option<String>,
    /// The file on this machine.
    pub path: String,
    /// Its caption.
    pub caption: Option<String>,
}

/// Something written here.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WrittenOf {
    /// Which.
    pub local_id: String,
}

/// Of `save_draft`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DraftOf {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// The text; empty forgets the draft.
    pub text: String,
}

/// Of `set_settings`.
#[derive(Debug, Deserialize, TS)]
pub struct SetSettings {
    /// The settings to change, by name.
    #[ts(type = "{ [K in keyof Settings]?: Settings[K] | null }")]
    pub patch: serde_json::Value,
}

/// Of `mute`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct MuteFor {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// For so long, from 1 to 525,600; for good where it is null.
    pub minutes: Option<u32>,
}

/// Of `check_phone`.
#[derive(Debug, Deserialize, TS)]
pub struct CheckPhone {
    /// The number as typed.
    pub phone: String,
}

/// Of `test_backend`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct TestBackend {
    /// Its address.
    pub backend: String,
    /// The HTTP proxy, as in the settings; the system's where it is left out.
    pub proxy: Option<String>,
    /// A PEM file of certificates to trust beside the system's.
    pub extra_ca: Option<String>,
}

/// A message's file.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct MediaOf {
    /// The row id of the message.
    #[ts(type = "number")]
    pub message_id: i64,
    /// Whether to ask the server for one that is not kept; so where it is left out.
    pub fetch: Option<bool>,
}

/// Of `save_media`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SaveMedia {
    /// The row id of the message.
    #[ts(type = "number")]
    pub message_id: i64,
    /// The file to write.
    pub path: String,
}

/// Of `export_diagnostics` and `export_data`.
#[derive(Debug, Deserialize, TS)]
pub struct Export {
    /// The file to write.
    pub path: String,
}
