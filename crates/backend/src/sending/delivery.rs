//! What WhatsApp accepted. One row per message that reached it: the proof that nothing was sent
//! twice, and the memory behind the idempotency key.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use crate::{
    clock::now_ms,
    core::Core,
    database::DatabaseError,
    events::{Emitted, TenantKey},
    history::{self, NewMessage, Sender, Telling},
    sending::numbers::user_of,
};

/// Something WhatsApp accepted for sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Grows with each delivery.
    pub id: i64,
    /// WhatsApp's id of the message, also `messageId` of the reply and of the echo.
    pub message_id: String,
    /// The WhatsApp id it went to, such as `5491155550001@c.us`.
    pub to: String,
    /// `text`, `image` or `document`.
    pub kind: String,
    /// Text or caption.
    pub text: Option<String>,
    /// Name of the file, for files.
    pub file_name: Option<String>,
    /// The sender's idempotency key, when it gave one.
    pub client_message_id: Option<String>,
    /// When it was accepted, in milliseconds since the Unix epoch.
    pub accepted_at: i64,
    /// Where the file lies, below the instance's address.
    pub media_path: Option<String>,
}

const COLUMNS: &str = "id, message_id, recipient, kind, text, file_name, client_message_id, \
     accepted_at, media_path";

impl Delivery {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            id: row.get(0)?,
            message_id: row.get(1)?,
            to: row.get(2)?,
            kind: row.get(3)?,
            text: row.get(4)?,
            file_name: row.get(5)?,
            client_message_id: row.get(6)?,
            accepted_at: row.get(7)?,
            media_path: row.get(8)?,
        })
    }

    pub(crate) fn by_key(
        rows: &Connection,
        tenant: i64,
        key: &str,
    ) -> Result<Option<Self>, DatabaseError> {
        Ok(rows
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM deliveries
                 WHERE tenant_id = ?1 AND client_message_id = ?2"
            ))?
            .query_row(params![tenant, key], Self::read)
            .optional()?)
    }

    pub(crate) fn all(rows: &Connection, tenant: i64) -> Result<Vec<Self>, DatabaseError> {
        Ok(rows
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM deliveries WHERE tenant_id = ?1 ORDER BY id"
            ))?
            .query_map([tenant], Self::read)?
            .collect::<Result<_, _>>()?)
    }
}

/// What is to be handed to WhatsApp.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) to: String,
    pub(crate) kind: &'static str,
    pub(crate) text: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) media_path: Option<String>,
    pub(crate) key: Option<String>,
}

/// Hands a parcel to WhatsApp. With a key that was used before nothing is sent, and the earlier
/// delivery is returned.
pub(crate) async fn deliver(
    core: &Core,
    tenant: i64,
    parcel: Parcel,
) -> Result<Delivery, DatabaseError> {
    let message_id = format!("true_{}_{}", parcel.to, random_id());
    core.database
        .change(move |rows| {
            if let Some(key) = &parcel.key
                && let Some(earlier) = Delivery::by_key(rows, tenant, key)?
            {
                return Ok(earlier);
            }
            rows.prepare_cached(
                "INSERT INTO deliveries
                     (tenant_id, message_id, recipient, kind, text, file_name, media_path,
                      client_message_id, accepted_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                tenant,
                message_id,
                parcel.to,
                parcel.kind,
                parcel.text,
                parcel.file_name,
                parcel.media_path,
                parcel.key,
                now_ms(),
            ])?;
            Ok(rows
                .prepare_cached(&format!("SELECT {COLUMNS} FROM deliveries WHERE id = ?1"))?
                .query_row([rows.last_insert_rowid()], Delivery::read)?)
        })
        .await
}

/// Makes a delivery part of the history and tells the tenant, unless it is there already.
pub(crate) async fn settle(
    core: &Core,
    tenant: &TenantKey,
    delivery: &Delivery,
    telling: Telling,
) -> Result<Emitted, DatabaseError> {
    let url = core.url();
    let owner = tenant.clone();
    let delivery = delivery.clone();
    let (collided, emitted) = core
        .change(tenant, move |rows, happenings| {
            let user = user_of(&delivery.to);
            let conversation = match history::find_or_create(rows, owner.id, user, None)? {
                Ok(conversation) => conversation,
                Err(collision) => return Ok(Some(collision)),
            };
            let is_document = delivery.kind == "document";
            let message = NewMessage {
                // A document without caption has its file name as content (contract 4.1).
                content: delivery
                    .text
                    .clone()
                    .filter(|text| !text.is_empty())
                    .or_else(|| delivery.file_name.clone().filter(|_| is_document)),
                message_type: match delivery.kind.as_str() {
                    "image" => "image",
                    "document" => "document",
                    _ => "text",
                },
                media_path: delivery.media_path.clone(),
                file_name: delivery.file_name.clone(),
                sent_at: crate::clock::whole_second(delivery.accepted_at),
                ..NewMessage::text(delivery.message_id.clone(), Sender::Client, "")
            };
            history::store(rows, &owner, &conversation, &message, telling, &url, happenings)?;
            Ok(None)
        })
        .await?;
    if let Some(collision) = collided {
        tracing::warn!(told = collision.told, "a delivered message found no conversation");
    }
    Ok(emitted)
}

/// `3EB0` and 18 hexadecimal digits, as WhatsApp's own ids look.
pub(crate) fn random_id() -> String {
    let bytes: [u8; 9] = rand::random();
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("3EB0{digits}")
}
