//! Writes the files of the current version into a folder, for the test that opens the files of
//! every released version: `cargo run -p condorito-store --example store_fixture -- DIR`, where
//! DIR is `crates/store/tests/fixtures/v<version>`. To be run once for each version, before its
//! release; the files are never written again.

use condorito_model::fact::{Media, MessageFact, MessageKind, Sender};
use condorito_model::record::{
    ConversationRow, LocalConversation, OutboxRow, OutboxState, PendingRead, Run, StoreOp,
};
use condorito_model::view::Tag;
use condorito_model::{ConversationId, LocalId, MessageId, RowId, Timestamp};
use condorito_store::{Key, Options, Store};
use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("a folder is needed")?;
    let (store, _, _) = Store::open(folder, Key::new([7; 32]), Options::default()).await?;
    let chat = ConversationId(1);
    let at = |second: i64| Timestamp::from_millis(1_760_000_000_000 + second * 1000);
    let message = |id: i64, from, kind, content: &str| MessageFact {
        id: RowId(id),
        conversation_id: chat,
        message_id: MessageId(format!("false_{id}")),
        from,
        kind,
        content: Some(content.into()),
        sent_at: at(id),
        media: (kind == MessageKind::Image).then(|| Media {
            url: Some("/uploads/foto.jpg".into()),
            file_name: Some("foto.jpg".into()),
        }),
        phone: None,
    };
    let text = OutboxRow {
        local_id: LocalId("texto-1".into()),
        order: 0,
        conversation_id: chat,
        phone: "5491100000001".into(),
        text: "Sin enviar todavía".into(),
        file: None,
        written_at: at(50),
        state: OutboxState::Queued,
        hold: None,
        attempts: 1,
        consents: 1,
        baseline: Some(RowId(3)),
        message_id: None,
        error: None,
    };
    let conversation = ConversationRow {
        id: chat,
        phone: "5491100000001".into(),
        name: Some("José Núñez".into()),
        last_message: Some("¿Hay café?".into()),
        last_message_at: Some(at(3)),
        unread: 2,
        bot_enabled: true,
        total: Some(9),
        older_unknown: Some(6),
        stale: false,
        local_at: Some(at(50)),
        local_preview: Some("Sin enviar todavía".into()),
    };
    store
        .apply(vec![
            StoreOp::PutConversations { rows: vec![conversation] },
            StoreOp::ApplyMessages {
                conversation_id: chat,
                messages: vec![
                    message(1, Sender::Contact, MessageKind::Image, "Foto"),
                    message(2, Sender::Client, MessageKind::Text, "Gracias"),
                    message(3, Sender::Contact, MessageKind::Text, "¿Hay café?"),
                ],
                run: Run::Window { from_start: false },
                local_ids: vec![(MessageId("false_2".into()), LocalId("texto-0".into()))],
            },
            StoreOp::PutMeta { key: "walked".into(), value: "2025-10-09".into() },
            StoreOp::PutPendingRead {
                read: PendingRead { conversation_id: chat, up_to: Some(RowId(3)) },
            },
            StoreOp::PutLocalConversation {
                row: LocalConversation {
                    id: ConversationId(-1),
                    phone: "5491100000009".into(),
                    server_id: None,
                },
            },
        ])
        .await
        .map_err(|fault| format!("{fault:?}"))?;
    store.enqueue(text).await.map_err(|fault| format!("{fault:?}"))?;
    store.save_draft("5491100000001", "borrador").await.map_err(|fault| format!("{fault:?}"))?;
    store.put_setting("theme", Some("dark".into())).await.map_err(|fault| format!("{fault:?}"))?;
    let tag = Tag { id: 3, name: "VIP".into(), color: "#28a745".into() };
    store
        .put_contact_tags(vec![("5491100000001".into(), vec![tag])])
        .await
        .map_err(|fault| format!("{fault:?}"))?;
    store.close().await;
    Ok(())
}
