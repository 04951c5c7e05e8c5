//! Successful answers to the requests of [`crate::rest`].

use super::event::whatsapp_state;
use super::row;
use super::scalar::{DecodeError, Fields};
use crate::MessageId;
use crate::fact::WhatsappState;
use crate::rest::{Reply, Request};
use serde_json::Value;

/// What a 2xx answer to `request` says.
///
/// # Errors
/// When it says no success, or not what was asked.
pub fn decode_reply(request: &Request, body: &Value) -> Result<Reply, DecodeError> {
    let body = Fields::of(body);
    if body.optional_flag("success")? != Some(true) {
        return Err(DecodeError::NotSuccess);
    }
    match request {
        Request::Conversations { .. } => {
            let (rows, raw_rows) = row::rows(body, "conversations", row::conversation)?;
            Ok(Reply::Conversations { rows, raw_rows })
        }
        Request::Messages { .. } | Request::NewestMessages { .. } => {
            let (rows, raw_rows) = row::rows(body, "messages", row::message)?;
            Ok(Reply::Messages { rows, raw_rows })
        }
        Request::SendText { .. } | Request::SendFile { .. } => {
            Ok(Reply::Sent { message_id: body.text("messageId")?.map(MessageId) })
        }
        Request::SetBot { .. } => Ok(Reply::BotSet {
            enabled: body
                .object("conversation")
                .optional_flag("bot_enabled")?
                .ok_or(DecodeError::Missing("bot_enabled"))?,
        }),
        // Its answer only counts conversations; that it is a success says what was asked is so.
        Request::SetBotAll { enabled } => Ok(Reply::BotSet { enabled: *enabled }),
        Request::WhatsappStatus | Request::WhatsappConnect | Request::WhatsappDisconnect => {
            whatsapp(body)
        }
        Request::Stats => Ok(Reply::Stats { stats: row::stats(body.object("stats"))? }),
        Request::Quota => quota(body.object("quota")),
        Request::BotStatus => {
            let status = body.object("bot_status");
            if !status.exists() {
                return Err(DecodeError::Missing("bot_status"));
            }
            Ok(Reply::BotStatus {
                enabled: status.count("bot_enabled_conversations")?,
                total: status.count("total_conversations")?,
            })
        }
        Request::MarkRead { .. } | Request::DeleteConversation { .. } => Ok(Reply::Done),
    }
}

/// `status` alone decides: `connected` is absent, `false` or an object, and `session.status` can
/// lie after a restart of the server (4.13).
fn whatsapp(body: Fields<'_>) -> Result<Reply, DecodeError> {
    let state = whatsapp_state(&body.needed_text("status")?);
    let phone = body.text("phoneNumber")?;
    Ok(Reply::Whatsapp { state, phone: phone.filter(|_| state == WhatsappState::Connected) })
}

/// From `limits.*`: at the top level an exhausted quota shows its full limit (4.11).
fn quota(quota: Fields<'_>) -> Result<Reply, DecodeError> {
    let limits = quota.object("limits");
    if !limits.exists() {
        return Err(DecodeError::Missing("limits"));
    }
    let used_of = |name| -> Result<(u32, u32), DecodeError> {
        let part = limits.object(name);
        let limit = part.count("limit")?;
        let used = match part.optional_count("current")? {
            Some(used) => used,
            None => limit.saturating_sub(part.count("remaining")?),
        };
        Ok((used, limit))
    };
    Ok(Reply::Quota {
        messages: used_of("messages")?,
        tokens: used_of("tokens")?,
        // A bare date or a full time, depending on the column (1.5).
        reset_date: quota.text("resetDate")?.and_then(|date| date.get(..10).map(str::to_owned)),
    })
}
