//! Words for the log.

use condorito_model::rest::{Failure, Request};

/// A word for the log, without what a request carries.
pub(super) const fn kind_of(request: &Request) -> &'static str {
    match request {
        Request::Conversations { .. } => "conversations",
        Request::Messages { .. } => "messages",
        Request::NewestMessages { .. } => "newest_messages",
        Request::MarkRead { .. } => "mark_read",
        Request::SetBot { .. } => "set_bot",
        Request::SetBotAll { .. } => "set_bot_all",
        Request::DeleteConversation { .. } => "delete_conversation",
        Request::SendText { .. } => "send_text",
        Request::SendFile { .. } => "send_file",
        Request::WhatsappStatus => "whatsapp_status",
        Request::WhatsappConnect => "whatsapp_connect",
        Request::WhatsappDisconnect => "whatsapp_disconnect",
        Request::Stats => "stats",
        Request::Quota => "quota",
        Request::BotStatus => "bot_status",
    }
}

/// A word for the log: the server's own sentence may name people.
pub(super) const fn failure_word(failure: &Failure) -> &'static str {
    match failure {
        Failure::NotSent => "not_sent",
        Failure::Unclear { .. } => "unclear",
        Failure::RateLimited { .. } => "rate_limited",
        Failure::SessionExpired => "session_expired",
        Failure::AccountInactive => "account_inactive",
        Failure::NotLinked => "not_linked",
        Failure::Refused { .. } => "refused",
        Failure::RefusedNumber => "refused_number",
        Failure::ServerFault { .. } => "server_fault",
        Failure::BadFile { .. } => "bad_file",
        Failure::Malformed => "malformed",
    }
}
