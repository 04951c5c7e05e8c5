//! The list, and what is done to one conversation.

use super::args::{
    BotOf, CheckPhone, DraftOf, ListConversations, MuteFor, Nothing, Of, Search, StartConversation,
};
use super::results::{BotSwitched, PhoneCheck, PhoneCountry};
use crate::account::OpenAccount;
use crate::actor::now;
use crate::client::Client;
use crate::events::Event;
use crate::fault;
use condorito_model::view::{Conversation, ConversationCounts, ConversationPage, Mute, SearchPage};
use condorito_model::{ConversationId, ErrorCode, Timestamp, phone};
use condorito_store::{ListQuery, SearchQuery};
use condorito_sync::{Answered, Command, Input};

/// The longest mute that ends, in minutes: a year.
const LONGEST_MUTE: u32 = 365 * 24 * 60;

/// Rows of a page where the caller does not say.
pub(super) const PAGE: u32 = 50;

/// A conversation by its id of now, or by the one it had.
pub(super) async fn find(
    open: &OpenAccount,
    id: ConversationId,
) -> Result<Conversation, ErrorCode> {
    for id in open.engine.ids_of(id) {
        let found = open.store.conversation(id).await;
        if let Some(mut found) = found.map_err(|error| fault::of_store(&error))? {
            let_lapse(&mut found);
            return Ok(found);
        }
    }
    Err(ErrorCode::NotFound)
}

/// A mute that is over is none.
fn let_lapse(conversation: &mut Conversation) {
    let over = |mute: &Mute| mute.until.is_some_and(|until| until <= now());
    if conversation.mute.as_ref().is_some_and(over) {
        conversation.mute = None;
    }
}

impl Client {
    pub(crate) async fn list_conversations(
        &self,
        args: ListConversations,
    ) -> Result<ConversationPage, ErrorCode> {
        let open = self.account().await?;
        let query = ListQuery {
            query: args.query,
            unread: args.unread,
            bot: args.bot,
            waiting: args.waiting,
            tag_ids: args.tag_ids,
            cursor: args.cursor,
            limit: args.limit.unwrap_or(PAGE),
        };
        let mut page = open.store.conversations(query).await.map_err(|error| bad_cursor(&error))?;
        page.items.iter_mut().for_each(let_lapse);
        Ok(page)
    }

    pub(crate) async fn get_conversation(&self, args: Of) -> Result<Conversation, ErrorCode> {
        let open = self.account().await?;
        find(&open, args.conversation_id).await
    }

    pub(crate) async fn start_conversation(
        &self,
        args: StartConversation,
    ) -> Result<Conversation, ErrorCode> {
        let open = self.account().await?;
        let phone = phone::normalise_typed(&args.phone).ok_or(ErrorCode::InvalidPhone)?;
        let id = start(&open, phone).await?;
        find(&open, id).await
    }

    pub(crate) async fn conversation_counts(
        &self,
        _: Nothing,
    ) -> Result<ConversationCounts, ErrorCode> {
        let open = self.account().await?;
        open.store.conversation_counts().await.map_err(|error| fault::of_store(&error))
    }

    pub(crate) async fn check_phone(&self, args: CheckPhone) -> Result<PhoneCheck, ErrorCode> {
        let open = self.account().await?;
        let digits = phone::normalise_typed(&args.phone).ok_or(ErrorCode::InvalidPhone)?;
        let found = open.store.conversation_by_phone(digits.clone()).await;
        let existing = found.map_err(|error| fault::of_store(&error))?.map(|found| found.id);
        let country =
            if digits.starts_with("54") { PhoneCountry::Argentina } else { PhoneCountry::Other };
        let answerable = phone::looks_argentine(&digits);
        Ok(PhoneCheck { digits, country, answerable, existing })
    }

    pub(crate) async fn mute(&self, args: MuteFor) -> Result<(), ErrorCode> {
        let until = match args.minutes {
            Some(minutes) if (1..=LONGEST_MUTE).contains(&minutes) => {
                Some(now().plus_millis(i64::from(minutes) * 60_000))
            }
            Some(_) => return Err(ErrorCode::InvalidInput),
            None => None,
        };
        self.set_mute(args.conversation_id, Some(until)).await
    }

    pub(crate) async fn unmute(&self, args: Of) -> Result<(), ErrorCode> {
        self.set_mute(args.conversation_id, None).await
    }

    async fn set_mute(
        &self,
        id: ConversationId,
        until: Option<Option<Timestamp>>,
    ) -> Result<(), ErrorCode> {
        let open = self.account().await?;
        let id = find(&open, id).await?.id;
        // Known before it is stored: should the id change meanwhile, both places hear of it.
        self.voice().set_mute(id, until);
        open.store.mute(id, until).await.map_err(fault::of_write)?;
        open.engine.tell(Input::Notices { policy: self.voice().policy() });
        Ok(())
    }

    pub(crate) async fn mark_read(&self, args: Of) -> Result<(), ErrorCode> {
        let open = self.account().await?;
        let conversation_id = args.conversation_id;
        open.engine.ask(Command::MarkRead { conversation_id }).await.map(drop)
    }

    pub(crate) async fn delete_conversation(&self, args: Of) -> Result<(), ErrorCode> {
        let open = self.account().await?;
        let conversation_id = args.conversation_id;
        open.engine.ask(Command::DeleteConversation { conversation_id }).await.map(drop)
    }

    pub(crate) async fn set_bot(&self, args: BotOf) -> Result<(), ErrorCode> {
        let open = self.account().await?;
        let BotOf { conversation_id, enabled } = args;
        open.engine.ask(Command::SetBot { conversation_id, enabled }).await?;
        let conversation_id = Some(open.engine.resolve(conversation_id));
        self.events().tell(&Event::Bot(BotSwitched { conversation_id, enabled }));
        Ok(())
    }

    pub(crate) async fn save_draft(&self, args: DraftOf) -> Result<(), ErrorCode> {
        let open = self.account().await?;
        let phone = find(&open, args.conversation_id).await?.phone;
        let text = if args.text.trim().is_empty() { String::new() } else { args.text };
        open.store.save_draft(phone, text).await.map_err(fault::of_write)
    }

    pub(crate) async fn search(&self, args: Search) -> Result<SearchPage, ErrorCode> {
        let open = self.account().await?;
        let query = SearchQuery {
            text: args.text,
            conversation: args.conversation_id.map(|id| open.engine.resolve(id)),
            cursor: args.cursor,
            limit: args.limit.unwrap_or(PAGE),
        };
        let mut page = open.store.search(query).await.map_err(|error| bad_cursor(&error))?;
        let locale = self.locale();
        for hit in &mut page.hits {
            super::messages::word(&mut hit.message, locale);
            let_lapse(&mut hit.conversation);
        }
        Ok(page)
    }
}

/// Finds or begins the conversation with a number.
pub(super) async fn start(open: &OpenAccount, phone: String) -> Result<ConversationId, ErrorCode> {
    match open.engine.ask(Command::StartConversation { phone }).await? {
        Answered::Conversation { id } => Ok(id),
        _ => Err(ErrorCode::Internal),
    }
}

fn bad_cursor(error: &condorito_store::Error) -> ErrorCode {
    match error {
        condorito_store::Error::NoPlace => ErrorCode::InvalidInput,
        error => fault::of_store(error),
    }
}
