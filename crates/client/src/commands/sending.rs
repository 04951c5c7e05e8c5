//! What is written here: durable first, then on its way when the decisions say so.

use super::args::{Nothing, SendFile, SendText, WrittenOf};
use super::conversations::{find, start};
use super::results::{OutboxItem, OutboxPage, Written};
use crate::account::OpenAccount;
use crate::actor::now;
use crate::client::Client;
use crate::fault;
use crate::locale::Locale;
use condorito_model::record::{OutboxRow, OutboxState};
use condorito_model::rest::FileFault;
use condorito_model::view::{MessageError, MessageState};
use condorito_model::{ConversationId, ErrorCode, LocalId, phone};
use condorito_sync::Command;
use std::path::Path;

/// Whom something is for.
struct Receiver {
    conversation_id: ConversationId,
    phone: String,
}

impl Client {
    pub(crate) async fn send_text(&self, args: SendText) -> Result<Written, ErrorCode> {
        let open = self.account().await?;
        let _turn = open.writing.lock().await;
        if args.text.trim().is_empty() {
            return Err(ErrorCode::InvalidInput);
        }
        let receiver = receiver(&open, args.conversation_id, args.phone).await?;
        write(&open, receiver, args.text, None).await
    }

    pub(crate) async fn send_file(&self, args: SendFile) -> Result<Written, ErrorCode> {
        let open = self.account().await?;
        let _turn = open.writing.lock().await;
        let (path, bytes) = sendable(&args.path).await?;
        let receiver = receiver(&open, args.conversation_id, args.phone).await?;
        write(&open, receiver, args.caption.unwrap_or_default(), Some((path, bytes))).await
    }

    pub(crate) async fn retry(&self, args: WrittenOf) -> Result<(), ErrorCode> {
        let open = self.account().await?;
        open.engine.ask(Command::Retry { local_id: LocalId(args.local_id) }).await.map(drop)
    }

    pub(crate) async fn discard(&self, args: WrittenOf) -> Result<(), ErrorCode> {
        let open = self.account().await?;
        open.engine.ask(Command::Discard { local_id: LocalId(args.local_id) }).await.map(drop)
    }

    pub(crate) async fn list_outbox(&self, _: Nothing) -> Result<OutboxPage, ErrorCode> {
        let open = self.account().await?;
        let rows = open.store.outbox().await.map_err(|error| fault::of_store(&error))?;
        let locale = self.locale();
        let items = rows
            .into_iter()
            .filter(|row| row.state != OutboxState::Sent)
            .map(|row| {
                let conversation_id = open.engine.resolve(row.conversation_id);
                item(row, conversation_id, locale)
            })
            .collect();
        Ok(OutboxPage { items })
    }
}

fn item(row: OutboxRow, conversation_id: ConversationId, locale: Locale) -> OutboxItem {
    let state = match row.state {
        OutboxState::Queued => MessageState::Queued,
        OutboxState::Sending | OutboxState::Reconciling => MessageState::Sending,
        OutboxState::Unconfirmed => MessageState::Unconfirmed,
        OutboxState::Failed => MessageState::Failed,
        OutboxState::Sent => MessageState::Sent,
    };
    OutboxItem {
        local_id: row.local_id,
        conversation_id,
        phone: row.phone,
        content: (!row.text.is_empty()).then_some(row.text),
        file: row.file,
        written_at: row.written_at,
        state,
        hold: row.hold.filter(|_| state == MessageState::Queued),
        error: row
            .error
            .filter(|_| matches!(state, MessageState::Failed | MessageState::Unconfirmed))
            .map(|code| MessageError { code, message: locale.sentence(code).to_owned() }),
        attempts: row.attempts,
    }
}

/// The conversation or the number that something is for; a number gets a conversation.
async fn receiver(
    open: &OpenAccount,
    conversation: Option<ConversationId>,
    typed: Option<String>,
) -> Result<Receiver, ErrorCode> {
    match (conversation, typed) {
        (Some(id), _) => {
            let found = find(open, id).await?;
            Ok(Receiver { conversation_id: found.id, phone: found.phone })
        }
        (None, Some(typed)) => {
            let phone = phone::normalise_typed(&typed).ok_or(ErrorCode::InvalidPhone)?;
            let conversation_id = start(open, phone.clone()).await?;
            Ok(Receiver { conversation_id, phone })
        }
        (None, None) => Err(ErrorCode::InvalidInput),
    }
}

async fn write(
    open: &OpenAccount,
    receiver: Receiver,
    text: String,
    file: Option<(String, Vec<u8>)>,
) -> Result<Written, ErrorCode> {
    let local_id = LocalId(uuid::Uuid::new_v4().to_string());
    let (file, bytes) = file.unzip();
    let mut row = OutboxRow {
        local_id: local_id.clone(),
        order: 0,
        conversation_id: receiver.conversation_id,
        phone: receiver.phone,
        text,
        file,
        written_at: now().plus_millis(open.engine.shown().offset_ms),
        state: OutboxState::Queued,
        hold: None,
        attempts: 0,
        consents: 1,
        baseline: None,
        message_id: None,
        error: None,
    };
    let enqueued = match bytes {
        Some(bytes) => open.store.enqueue_file(row.clone(), bytes).await,
        None => open.store.enqueue(row.clone()).await,
    };
    row.order = enqueued.map_err(fault::of_write)?;
    // Nobody waits for the engine: the row is durable, and would be taken up at the next start.
    drop(open.engine.ask(Command::Written { row: Box::new(row) }));
    Ok(Written { local_id })
}

/// The whole path of a file that the server would take, and its bytes: they are kept with the row,
/// for the file may be gone before there is a network.
async fn sendable(path: &str) -> Result<(String, Vec<u8>), ErrorCode> {
    let path = std::path::absolute(Path::new(path)).map_err(|_| ErrorCode::FileUnreadable)?;
    let path = path.into_os_string().into_string().map_err(|_| ErrorCode::FileUnreadable)?;
    match condorito_net::read_for_sending(&path).await {
        Ok(bytes) => Ok((path, bytes)),
        Err(FileFault::Unreadable) => Err(ErrorCode::FileUnreadable),
        Err(FileFault::TooBig) => Err(ErrorCode::FileTooBig),
        Err(FileFault::WrongKind) => Err(ErrorCode::FileKind),
    }
}
