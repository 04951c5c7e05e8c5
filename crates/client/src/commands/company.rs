//! What concerns the whole company: figures, the WhatsApp link, the bot of all conversations.

use super::args::{BotAll, Nothing};
use super::results::BotSwitched;
use crate::account::{FIGURES, OpenAccount};
use crate::actor::now;
use crate::client::Client;
use crate::events::Event;
use crate::voice::Figures;
use condorito_model::ErrorCode;
use condorito_model::fact::WhatsappState;
use condorito_model::rest::{Reply, Request};
use condorito_model::view::{BotShare, ConnectionState, Dashboard, Quota, Whatsapp};
use condorito_sync::{Answered, Command};
use std::time::Duration;

/// Figures younger than this are not asked for again: each time costs three requests of the 500.
const FRESH_MS: i64 = 15_000;
/// How long the dashboard waits for figures.
const PATIENCE: Duration = Duration::from_secs(10);

async fn ask(open: &OpenAccount, request: Request) -> Result<Reply, ErrorCode> {
    match open.engine.ask(Command::Ask { request }).await? {
        Answered::Reply { reply } => Ok(*reply),
        _ => Err(ErrorCode::Internal),
    }
}

fn is_online(open: &OpenAccount) -> bool {
    matches!(
        open.engine.shown().connection.state,
        ConnectionState::Syncing | ConnectionState::Online | ConnectionState::Polling
    )
}

impl Client {
    pub(crate) async fn dashboard(&self, _: Nothing) -> Result<Dashboard, ErrorCode> {
        let open = self.account().await?;
        let old = self.voice().figures();
        let age = old.as_of.map(|at| now().as_millis().saturating_sub(at.as_millis()));
        if is_online(&open) && age.is_none_or(|age| !(0..FRESH_MS).contains(&age)) {
            let asked = async {
                tokio::join!(
                    ask(&open, Request::Stats),
                    ask(&open, Request::BotStatus),
                    ask(&open, Request::Quota),
                )
            };
            if let Ok((stats, bot, quota)) = tokio::time::timeout(PATIENCE, asked).await {
                self.keep_figures(&open, old, [stats, bot, quota]).await;
            }
        }
        Ok(self.voice().dashboard(&open.engine.shown()))
    }

    async fn keep_figures(
        &self,
        open: &OpenAccount,
        mut figures: Figures,
        replies: [Result<Reply, ErrorCode>; 3],
    ) {
        for reply in replies.into_iter().flatten() {
            match reply {
                Reply::Stats { stats } => figures.stats = Some(stats),
                Reply::BotStatus { enabled, total } => {
                    figures.bot = Some(BotShare { enabled, total });
                }
                Reply::Quota { messages, tokens, reset_date } => {
                    figures.quota = Some(Quota {
                        messages_used: messages.0,
                        messages_limit: messages.1,
                        tokens_used: tokens.0,
                        tokens_limit: tokens.1,
                        reset_date,
                    });
                }
                _ => continue,
            }
            figures.as_of = Some(now());
        }
        if let Ok(json) = serde_json::to_string(&figures)
            && open.store.put_setting(FIGURES, Some(json)).await.is_err()
        {
            tracing::warn!("figures could not be kept");
        }
        self.voice().set_figures(figures);
    }

    pub(crate) async fn whatsapp_status(&self, _: Nothing) -> Result<Whatsapp, ErrorCode> {
        let open = self.account().await?;
        if is_online(&open) {
            // What is known already is better than an error.
            let asked = ask(&open, Request::WhatsappStatus);
            let _ = tokio::time::timeout(PATIENCE, asked).await;
        }
        Ok(open.engine.shown().whatsapp)
    }

    pub(crate) async fn whatsapp_connect(&self, _: Nothing) -> Result<Whatsapp, ErrorCode> {
        let open = self.account().await?;
        let state = open.engine.shown().whatsapp.state;
        let waits = matches!(
            state,
            WhatsappState::Initializing | WhatsappState::WaitingQr | WhatsappState::Authenticated
        );
        let Ok(_pairing) = open.pairing.try_lock() else {
            return Ok(open.engine.shown().whatsapp);
        };
        if !waits {
            ask(&open, Request::WhatsappConnect).await?;
        }
        Ok(open.engine.shown().whatsapp)
    }

    pub(crate) async fn whatsapp_disconnect(&self, _: Nothing) -> Result<Whatsapp, ErrorCode> {
        let open = self.account().await?;
        ask(&open, Request::WhatsappDisconnect).await?;
        Ok(open.engine.shown().whatsapp)
    }

    pub(crate) async fn set_bot_all(&self, args: BotAll) -> Result<(), ErrorCode> {
        let open = self.account().await?;
        let enabled = args.enabled;
        open.engine.ask(Command::SetBotAll { enabled }).await?;
        self.events().tell(&Event::Bot(BotSwitched { conversation_id: None, enabled }));
        Ok(())
    }
}
