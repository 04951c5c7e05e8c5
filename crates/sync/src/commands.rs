//! What the operator asks for, one by one.

use crate::budget::Priority;
use crate::engine::{After, Engine, Gate, LinkState};
use crate::input::{Answered, Command, Token};
use crate::requests::Purpose;
use condorito_model::record::StoreOp;
use condorito_model::rest::Request;
use condorito_model::{ConversationId, ErrorCode};

impl Engine {
    pub(crate) fn run_command(&mut self, token: Token, command: Command) {
        match command {
            Command::Written { row } => {
                self.on_written(*row);
                self.answer(token, Ok(Answered::Done));
            }
            Command::Retry { local_id } => self.retry(&local_id, token),
            Command::Discard { local_id } => self.discard(&local_id, token),
            Command::MarkRead { conversation_id } => match self.known(conversation_id) {
                Some(id) => {
                    self.mark_read(id, After::Answer { token, answered: Answered::Done });
                }
                None => self.answer(token, Err(ErrorCode::NotFound)),
            },
            Command::SetBot { conversation_id, enabled } => {
                if let Some(id) = self.of_server(conversation_id, token) {
                    self.request(
                        Purpose::Bot { conversation_id: id, token },
                        Request::SetBot { conversation_id: id, enabled },
                        Priority::Interactive,
                    );
                }
            }
            Command::SetBotAll { enabled } => {
                if self.can_ask(token) {
                    self.request(
                        Purpose::BotAll { enabled, token },
                        Request::SetBotAll { enabled },
                        Priority::Interactive,
                    );
                }
            }
            Command::DeleteConversation { conversation_id } => self.delete(conversation_id, token),
            Command::StartConversation { phone } => self.start_conversation(&phone, token),
            Command::LoadMessages { conversation_id, older } => {
                let id = self.convs.resolve(conversation_id);
                self.load_messages(id, older, token);
            }
            Command::SyncNow => self.sync_now(token),
            Command::Ask { request } => {
                if self.can_ask(token) {
                    if request == Request::WhatsappDisconnect {
                        self.begin_unlinking();
                    }
                    self.request(Purpose::Ask { token }, request, Priority::Interactive);
                }
            }
        }
    }

    fn known(&self, id: ConversationId) -> Option<ConversationId> {
        let id = self.convs.resolve(id);
        self.convs.get(id).map(|conv| conv.row.id)
    }

    /// A conversation that the server knows, when it can be asked; else the command is answered.
    fn of_server(&mut self, id: ConversationId, token: Token) -> Option<ConversationId> {
        match self.known(id).filter(|id| !id.is_local()) {
            None => {
                self.answer(token, Err(ErrorCode::NotFound));
                None
            }
            Some(id) => self.can_ask(token).then_some(id),
        }
    }

    /// Whether a request has a chance; if not, the command is answered with the reason.
    fn can_ask(&mut self, token: Token) -> bool {
        let code = match self.gate {
            Gate::SignedOut => ErrorCode::SignedOut,
            Gate::Expired => ErrorCode::SessionExpired,
            Gate::SignedIn if self.budget.blocked_until().is_some() => ErrorCode::RateLimited,
            Gate::SignedIn => match self.link {
                LinkState::Waiting { blocked: false, .. } => ErrorCode::Offline,
                _ => return true,
            },
        };
        self.answer(token, Err(code));
        false
    }

    fn delete(&mut self, id: ConversationId, token: Token) {
        match self.known(id) {
            None => self.answer(token, Err(ErrorCode::NotFound)),
            Some(id) if id.is_local() => {
                if self.has_unsent(id) {
                    self.answer(token, Err(ErrorCode::InFlight));
                    return;
                }
                self.convs.remove(id);
                self.store(
                    vec![StoreOp::RemoveConversations { ids: vec![id] }],
                    After::Answer { token, answered: Answered::Done },
                );
            }
            Some(id) => {
                if self.can_ask(token) {
                    self.request(
                        Purpose::Delete { conversation_id: id, token },
                        Request::DeleteConversation { conversation_id: id },
                        Priority::Interactive,
                    );
                }
            }
        }
    }

    fn sync_now(&mut self, token: Token) {
        let code = match (self.gate, self.link) {
            (Gate::SignedOut, _) => ErrorCode::SignedOut,
            (Gate::Expired, _) => ErrorCode::SessionExpired,
            (_, LinkState::Waiting { blocked: false, .. }) => ErrorCode::Offline,
            _ => {
                // A pass that is under way began before the call: another one follows it.
                self.sync_waiters.push(token);
                return;
            }
        };
        self.answer(token, Err(code));
    }

    pub(crate) fn on_bot_set(&mut self, id: ConversationId, token: Token, enabled: bool) {
        self.apply_bot(id, enabled);
        self.answer(token, Ok(Answered::Done));
    }

    pub(crate) fn on_bot_all(&mut self, token: Token, enabled: bool) {
        self.apply_bot_all(enabled);
        self.answer(token, Ok(Answered::Done));
    }

    pub(crate) fn apply_bot(&mut self, id: ConversationId, enabled: bool) {
        self.touch(id);
        if let Some(conv) = self.convs.get_mut(id)
            && conv.row.bot_enabled != enabled
        {
            conv.row.bot_enabled = enabled;
            self.put(id);
        }
    }

    pub(crate) fn apply_bot_all(&mut self, enabled: bool) {
        let mut rows = Vec::new();
        for conv in self.convs.iter_mut() {
            if !conv.row.id.is_local() && conv.row.bot_enabled != enabled {
                conv.row.bot_enabled = enabled;
                rows.push(conv.row.clone());
            }
        }
        if !rows.is_empty() {
            self.store(vec![StoreOp::PutConversations { rows }], After::Nothing);
        }
    }
}
