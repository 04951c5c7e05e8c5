//! From a request of the decisions to method, path, body and limits (contract 4).

use crate::call::{Call, Content, Exchange, LIST_CAP, SMALL_CAP};
use crate::file::CheckedFile;
use condorito_model::rest::{Failure, Request};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;

/// A request ready to go, and to go again.
pub(crate) struct Prepared {
    method: Method,
    path: String,
    content: OwnContent,
    timeout: Duration,
    cap: usize,
}

enum OwnContent {
    None,
    Json(Value),
    Multipart { boundary: String, body: Vec<u8> },
}

impl Prepared {
    /// Reads and checks a file, if there is one; nothing leaves yet.
    pub(crate) async fn new(
        exchange: &Exchange,
        request: &Request,
        file: Option<Vec<u8>>,
    ) -> Result<Self, Failure> {
        let timeouts = exchange.timeouts;
        let mut prepared = Self {
            method: Method::POST,
            path: String::new(),
            content: OwnContent::None,
            timeout: timeouts.request,
            cap: SMALL_CAP,
        };
        if request.is_send() {
            prepared.timeout = timeouts.send;
        }
        prepared.path = match request {
            Request::Conversations { limit, offset } => {
                prepared.list();
                format!("/api/messages/conversations?limit={limit}&offset={offset}")
            }
            Request::Messages { conversation_id, limit, offset } => {
                prepared.list();
                format!(
                    "/api/messages/conversation/{conversation_id}?limit={limit}&offset={offset}"
                )
            }
            Request::NewestMessages { limit, offset } => {
                prepared.list();
                format!("/api/messages/search?q=%25&limit={limit}&offset={offset}")
            }
            Request::MarkRead { conversation_id } => {
                format!("/api/messages/conversation/{conversation_id}/read")
            }
            Request::SetBot { conversation_id, enabled } => {
                let verb = if *enabled { "enable" } else { "disable" };
                format!("/api/messages/conversation/{conversation_id}/bot/{verb}")
            }
            Request::SetBotAll { enabled } => {
                let verb = if *enabled { "enable" } else { "disable" };
                format!("/api/messages/bot/{verb}-all")
            }
            Request::DeleteConversation { conversation_id } => {
                prepared.method = Method::DELETE;
                format!("/api/messages/conversation/{conversation_id}")
            }
            Request::SendText { to, text, local_id } => {
                prepared.content = OwnContent::Json(json!({
                    "to": to,
                    "message": text,
                    "isBot": false,
                    "clientMessageId": local_id.as_str(),
                }));
                "/api/whatsapp/send-message".to_owned()
            }
            Request::SendFile { to, path, caption, local_id } => {
                let file = match file {
                    Some(bytes) => CheckedFile::of(path, bytes),
                    None => CheckedFile::read(path).await,
                };
                let file = file.map_err(|reason| Failure::BadFile { reason })?;
                let mut fields = vec![("to", to.as_str()), ("clientMessageId", local_id.as_str())];
                fields.extend(caption.as_deref().map(|caption| ("caption", caption)));
                let boundary = format!("condorito-{:032x}", rand::random::<u128>());
                prepared.content =
                    OwnContent::Multipart { body: file.body(&fields, &boundary), boundary };
                format!("/api/whatsapp/send-{}", file.field)
            }
            Request::WhatsappConnect => {
                prepared.timeout = timeouts.whatsapp_connect;
                "/api/whatsapp/connect".to_owned()
            }
            Request::WhatsappDisconnect => "/api/whatsapp/disconnect".to_owned(),
            Request::WhatsappStatus => prepared.read("/api/whatsapp/status"),
            Request::Stats => prepared.read("/api/messages/stats?hours=24"),
            Request::Quota => prepared.read("/api/messages/bot/quota"),
            Request::BotStatus => prepared.read("/api/messages/bot/status"),
        };
        Ok(prepared)
    }

    fn list(&mut self) {
        self.method = Method::GET;
        self.cap = LIST_CAP;
    }

    fn read(&mut self, path: &str) -> String {
        self.method = Method::GET;
        path.to_owned()
    }

    /// The exchange itself.
    pub(crate) fn call<'a>(&'a self, exchange: &Exchange, token: &'a SecretString) -> Call<'a> {
        Call {
            method: self.method.clone(),
            url: exchange.endpoints.rest(&self.path),
            token: Some(token),
            content: match &self.content {
                OwnContent::None => Content::None,
                OwnContent::Json(value) => Content::Json(value),
                OwnContent::Multipart { boundary, body } => Content::Multipart { boundary, body },
            },
            timeout: self.timeout,
            cap: self.cap,
        }
    }
}
