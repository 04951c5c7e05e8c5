//! The command surface, declared once: name, arguments, result and errors. From this list come the
//! dispatcher that both hosts use and the TypeScript bindings; a command without an implementation
//! does not compile.

pub mod args;
mod company;
mod conversations;
mod destination;
mod maintenance;
mod media;
mod messages;
pub mod results;
mod sending;
mod storage;

use crate::client::Client;
use crate::settings::Settings;
use args::{
    BotAll, BotOf, CheckPhone, DraftOf, Export, ListConversations, ListMessages, Login, Logout,
    MediaOf, MuteFor, Nothing, Of, SaveMedia, Search, SendFile, SendText, SetSettings,
    StartConversation, TestBackend, WrittenOf,
};
use condorito_model::CommandError;
use condorito_model::ErrorCode::{
    self, AccountInactive, ConversationDeleted, DiskFull, FileKind, FileTooBig, FileUnreadable,
    FileUnwritable, InFlight, Internal, InvalidBackend, InvalidInput, InvalidPhone, KeyMissing,
    KeyringLocked, KeyringMissing, NotCondorito, NotFound, Offline, RateLimited, Refused,
    ServerFault, SessionExpired, SignedOut, StoreBusy, StoreDamaged, StoreFault, StoreNewer,
    StoreReadOnly, Timeout, Unreachable, Untrusted, WrongCredentials,
};
use condorito_model::view::{
    Account, Connection, Conversation, ConversationCounts, ConversationPage, Dashboard,
    MessagePage, SearchPage, SessionStatus, SyncReport, Whatsapp,
};
use results::{
    BackendAnswer, DataExported, Diagnostics, Exported, MediaInfo, OpenedFile, OutboxPage,
    PhoneCheck, StorageUsage, Written,
};
use serde_json::Value;

/// What any command may answer.
const ANY: &[ErrorCode] = &[InvalidInput, Internal];
/// Opening an account's files, or none being open.
const ACCOUNT: &[ErrorCode] = &[
    SignedOut,
    KeyMissing,
    KeyringMissing,
    KeyringLocked,
    StoreBusy,
    StoreNewer,
    StoreReadOnly,
    StoreDamaged,
    StoreFault,
    DiskFull,
];
/// Asking the server.
const SERVER: &[ErrorCode] = &[
    Offline,
    Timeout,
    RateLimited,
    SessionExpired,
    AccountInactive,
    Refused,
    ServerFault,
    NotCondorito,
];
/// Signing in.
const SIGN_IN: &[ErrorCode] = &[
    InvalidBackend,
    WrongCredentials,
    AccountInactive,
    RateLimited,
    Unreachable,
    Untrusted,
    Timeout,
    ServerFault,
    NotCondorito,
];
/// Reaching a backend.
const BACKEND: &[ErrorCode] =
    &[InvalidBackend, Unreachable, Untrusted, Timeout, RateLimited, ServerFault, NotCondorito];
/// Reading a file to send.
const FILE: &[ErrorCode] = &[FileUnreadable, FileTooBig, FileKind];

macro_rules! commands {
    ($($(#[doc = $doc:literal])+ $name:ident($args:ty) -> $result:ty, fails $($group:expr),*;)+) => {
        /// A command's name and the codes it may fail with, beside those any command may.
        #[derive(Debug, Clone, Copy)]
        pub struct Declared {
            /// Its name.
            pub name: &'static str,
            /// What it does.
            pub doc: &'static str,
            /// Groups of codes.
            pub fails: &'static [&'static [ErrorCode]],
        }

        impl Declared {
            /// Whether it says that it may fail with this code.
            #[must_use]
            pub fn may_fail_with(&self, code: ErrorCode) -> bool {
                self.fails.iter().chain([&ANY]).any(|group| group.contains(&code))
            }
        }

        /// Every command.
        pub const COMMANDS: &[Declared] = &[
            $(Declared {
                name: stringify!($name),
                doc: concat!($($doc),+),
                fails: &[$($group),*],
            },)+
        ];

        /// The types of every command, for the bindings.
        pub(crate) fn declared(
            declare: &mut impl FnMut(&Declared, crate::bindings::Shape, crate::bindings::Shape),
        ) {
            let mut all = COMMANDS.iter();
            $(if let Some(command) = all.next() {
                declare(
                    command,
                    crate::bindings::Shape::of::<$args>(),
                    crate::bindings::Shape::of::<$result>(),
                );
            })+
        }

        impl Client {
            async fn run(&self, name: &str, args: Value) -> Result<Value, ErrorCode> {
                match name {
                    $(stringify!($name) => {
                        let args: $args = read(args)?;
                        let result: $result = Self::$name(self, args).await?;
                        serde_json::to_value(result).map_err(|_| Internal)
                    })+
                    _ => Err(ErrorCode::UnknownCommand),
                }
            }
        }
    };
}

commands! {
    /// Whether somebody is signed in, and who.
    session_status(Nothing) -> SessionStatus, fails;
    /// Signs in; answers when the tokens are kept, not when the cache is filled.
    login(Login) -> Account, fails SIGN_IN, ACCOUNT;
    /// Signs out; with `wipe` nothing of the account is left on this machine.
    logout(Logout) -> (), fails ACCOUNT;
    /// The live connection.
    connection_status(Nothing) -> Connection, fails;
    /// Ends a wait for the next attempt; does nothing while connecting or connected.
    reconnect_now(Nothing) -> (), fails ACCOUNT, &[SessionExpired];
    /// Compares everything with the server and answers when the store mirrors it.
    sync_now(Nothing) -> SyncReport, fails ACCOUNT, SERVER;
    /// A page of the list, newest first; those who wait, longest first.
    list_conversations(ListConversations) -> ConversationPage, fails ACCOUNT;
    /// How many conversations there are of each kind.
    conversation_counts(Nothing) -> ConversationCounts, fails ACCOUNT;
    /// One conversation.
    get_conversation(Of) -> Conversation, fails ACCOUNT, &[NotFound];
    /// What writing to a number would mean, and whether it has a conversation.
    check_phone(CheckPhone) -> PhoneCheck, fails ACCOUNT, &[InvalidPhone];
    /// Finds or begins the conversation with a number.
    start_conversation(StartConversation) -> Conversation, fails ACCOUNT, &[InvalidPhone, NotFound];
    /// Marks it read here at once, on the server when it can be reached.
    mark_read(Of) -> (), fails ACCOUNT, &[NotFound];
    /// Deletes it on the server, for good.
    delete_conversation(Of) -> (), fails ACCOUNT, SERVER, &[NotFound, InFlight];
    /// Switches the bot of one conversation.
    set_bot(BotOf) -> (), fails ACCOUNT, SERVER, &[NotFound, ConversationDeleted];
    /// Tells nothing of it outside the window, for a while or for good.
    mute(MuteFor) -> (), fails ACCOUNT, &[NotFound];
    /// Ends that.
    unmute(Of) -> (), fails ACCOUNT, &[NotFound];
    /// A page of messages, oldest first; asks the server for what the cache lacks.
    list_messages(ListMessages) -> MessagePage, fails ACCOUNT, &[NotFound];
    /// Messages with these words, newest first.
    search(Search) -> SearchPage, fails ACCOUNT;
    /// Queues a text; answers once it would survive a power cut.
    send_text(SendText) -> Written, fails ACCOUNT, &[NotFound, InvalidPhone];
    /// Queues a file; answers once that would survive a power cut.
    send_file(SendFile) -> Written, fails ACCOUNT, FILE, &[NotFound, InvalidPhone];
    /// Sends a failed or unconfirmed text again: the operator's consent.
    retry(WrittenOf) -> (), fails ACCOUNT, &[NotFound, InFlight];
    /// Forgets a text that is not on its way.
    discard(WrittenOf) -> (), fails ACCOUNT, &[NotFound, InFlight];
    /// What was written here and is not known to be sent, oldest first.
    list_outbox(Nothing) -> OutboxPage, fails ACCOUNT;
    /// Keeps a text begun in a conversation; empty text forgets it.
    save_draft(DraftOf) -> (), fails ACCOUNT, &[NotFound];
    /// The figures, newly asked for where they can be.
    dashboard(Nothing) -> Dashboard, fails ACCOUNT;
    /// The WhatsApp link, newly asked for where it can be.
    whatsapp_status(Nothing) -> Whatsapp, fails ACCOUNT;
    /// Begins to link WhatsApp; a QR code comes by the event `whatsapp`.
    whatsapp_connect(Nothing) -> Whatsapp, fails ACCOUNT, SERVER;
    /// Unlinks WhatsApp.
    whatsapp_disconnect(Nothing) -> Whatsapp, fails ACCOUNT, SERVER;
    /// Switches the bot of all conversations.
    set_bot_all(BotAll) -> (), fails ACCOUNT, SERVER;
    /// The settings.
    get_settings(Nothing) -> Settings, fails;
    /// Changes the settings that the patch names; null brings back the usual value.
    set_settings(SetSettings) -> Settings, fails ACCOUNT, &[Untrusted];
    /// Counters: no text, name, number or address.
    diagnostics(Nothing) -> Diagnostics, fails;
    /// The same as a file.
    export_diagnostics(Export) -> Exported, fails &[FileUnwritable, DiskFull];
    /// How much room everything takes.
    storage_usage(Nothing) -> StorageUsage, fails ACCOUNT;
    /// Everything of the account as one JSON file: what is cached, written here, and set.
    export_data(Export) -> DataExported, fails ACCOUNT, &[FileUnwritable];
    /// Throws away what the server has and fetches it anew; what exists only here stays.
    clear_cache(Nothing) -> (), fails ACCOUNT, &[Offline, SessionExpired];
    /// What is known of a message's file, fetched first where it was not before.
    media_info(MediaOf) -> MediaInfo, fails ACCOUNT, SERVER, &[NotFound];
    /// Writes a message's file to where the operator wants it.
    save_media(SaveMedia) -> Exported, fails ACCOUNT, SERVER, &[NotFound, FileUnwritable];
    /// A copy of a message's file for another program.
    media_file(MediaOf) -> OpenedFile, fails ACCOUNT, SERVER, &[NotFound, FileKind];
    /// Throws the kept files of messages away; those the server still has come again when seen.
    clear_media(Nothing) -> (), fails ACCOUNT;
    /// Whether a backend answers at an address; changes nothing.
    test_backend(TestBackend) -> BackendAnswer, fails BACKEND;
}

/// Absent arguments are the same as none; unknown ones are ignored.
fn read<T: serde::de::DeserializeOwned>(args: Value) -> Result<T, ErrorCode> {
    let args = if args.is_null() { Value::Object(serde_json::Map::new()) } else { args };
    serde_json::from_value(args).map_err(|_| InvalidInput)
}

impl Client {
    /// Runs a command by name. Commands may run at the same time; the texts of one caller leave in
    /// the order in which the returned futures are first polled.
    ///
    /// # Errors
    /// A stable code with a sentence in the operator's language.
    pub async fn command(&self, name: &str, args: Value) -> Result<Value, CommandError> {
        let result = self.run(name, args).await;
        if let Err(code) = &result {
            let declared = COMMANDS.iter().find(|command| command.name == name);
            if declared.is_some_and(|command| !command.may_fail_with(*code)) {
                tracing::error!(
                    command = name,
                    ?code,
                    "a command failed in a way it does not declare"
                );
            }
            tracing::debug!(command = declared.map(|command| command.name), ?code, "refused");
        }
        result.map_err(|code| self.locale().error(code))
    }
}
