//! The connection, the settings, and how the client is.

use super::args::{Export, Nothing, SetSettings};
use super::destination::Destination;
use super::results::{Diagnostics, Exported, LinkFigures, StoreFigures};
use crate::account::OpenAccount;
use crate::actor::{now, stopped_connection};
use crate::client::Client;
use crate::events::Event;
use crate::fault;
use crate::session::net_options;
use crate::settings::{MachineSettings, Settings};
use condorito_model::ErrorCode;
use condorito_model::link::DownReason;
use condorito_model::view::{Connection, SyncReport};
use condorito_net::{Endpoints, LinkCounters, Rest};
use condorito_sync::{Answered, Command, Input};
use std::collections::{BTreeMap, HashMap};

impl Client {
    pub(crate) async fn connection_status(&self, _: Nothing) -> Result<Connection, ErrorCode> {
        self.restored().await;
        let open = self.current().open;
        Ok(open.map_or_else(stopped_connection, |open| open.engine.shown().connection))
    }

    pub(crate) async fn reconnect_now(&self, _: Nothing) -> Result<(), ErrorCode> {
        self.restored().await;
        // Where the last account could not be opened, this tries that again.
        if self.current().fault.is_some() {
            self.restore().await;
        }
        let open = self.account().await?;
        if self.current().expired {
            return Err(ErrorCode::SessionExpired);
        }
        open.reconnect_now().await;
        Ok(())
    }

    pub(crate) async fn sync_now(&self, _: Nothing) -> Result<SyncReport, ErrorCode> {
        let open = self.account().await?;
        match open.engine.ask(Command::SyncNow).await? {
            Answered::Synced { report } => Ok(report),
            _ => Err(ErrorCode::Internal),
        }
    }

    pub(crate) async fn get_settings(&self, _: Nothing) -> Result<Settings, ErrorCode> {
        self.restored().await;
        Ok(self.settings())
    }

    pub(crate) async fn set_settings(&self, args: SetSettings) -> Result<Settings, ErrorCode> {
        self.restored().await;
        let old = self.settings();
        let new = old.patched(&args.patch)?;
        let open = self.current().open;
        if (&new.machine.proxy, &new.machine.extra_ca)
            != (&old.machine.proxy, &old.machine.extra_ca)
        {
            take_way(open.as_deref(), &new.machine).await?;
        }
        self.change_app(|app| app.settings = new.machine.clone())?;
        if new.machine.locale != old.machine.locale {
            self.voice().set_locale(self.locale_of(&new.machine));
        }
        self.voice().set_settings(new.clone());
        if let Some(open) = open {
            open.engine.tell(Input::Notices { policy: self.voice().policy() });
        }
        self.events().tell(&Event::Settings(new.clone()));
        Ok(new)
    }

    pub(crate) async fn diagnostics(&self, _: Nothing) -> Result<Diagnostics, ErrorCode> {
        self.restored().await;
        let open = self.current().open;
        let mut diagnostics = Diagnostics {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.inner.started_at,
            at: now(),
            connection: stopped_connection(),
            states: Vec::new(),
            limited_until: None,
            clock_offset_ms: 0,
            budget: Default::default(),
            requests: BTreeMap::new(),
            link: None,
            store: None,
        };
        if let Some(open) = open {
            let shown = open.engine.shown();
            diagnostics.limited_until = shown.connection.limited_until;
            diagnostics.connection = shown.connection;
            diagnostics.states = shown.states.into();
            diagnostics.clock_offset_ms = shown.offset_ms;
            diagnostics.budget = shown.budget;
            diagnostics.requests =
                shown.requests.into_iter().map(|(kind, made)| (kind.to_owned(), made)).collect();
            diagnostics.link = open.link_counters().await.map(link_figures);
            diagnostics.store = open.store.sizes().await.ok().map(|sizes| StoreFigures {
                conversations: sizes.conversations,
                messages: sizes.messages,
                gaps: sizes.gaps,
                outbox: sizes.outbox,
                bytes: sizes.cache_bytes.saturating_add(sizes.outbox_bytes),
            });
        }
        Ok(diagnostics)
    }

    pub(crate) async fn export_diagnostics(&self, args: Export) -> Result<Exported, ErrorCode> {
        let diagnostics = self.diagnostics(Nothing {}).await?;
        let json = serde_json::to_vec_pretty(&diagnostics).map_err(|_| ErrorCode::Internal)?;
        Destination::new(&args.path)?.write(json).await?;
        Ok(Exported { path: args.path })
    }
}

/// Goes the way to the backend that the settings name, or says why that cannot be.
async fn take_way(open: Option<&OpenAccount>, machine: &MachineSettings) -> Result<(), ErrorCode> {
    let (proxy, ca) = (machine.proxy.clone(), machine.extra_ca.clone());
    match open {
        Some(open) => open.take_way(&net_options(open.endpoints.clone(), proxy, ca)).await,
        None => {
            // Whether they can be used at all does not depend on the backend.
            let anywhere =
                Endpoints::parse("https://localhost").map_err(|_| ErrorCode::Internal)?;
            let made = Rest::new(&net_options(anywhere, proxy, ca));
            made.map(drop).map_err(|error| fault::of_setup(&error))
        }
    }
}

fn link_figures(counters: LinkCounters) -> LinkFigures {
    LinkFigures {
        attempts: counters.attempts,
        connects: counters.connects,
        failures: by_word(counters.failures),
        disconnects: by_word(counters.disconnects),
        events: counters.events.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        malformed: counters.malformed,
        foreign: counters.foreign,
    }
}

fn by_word(counts: HashMap<DownReason, u64>) -> BTreeMap<String, u64> {
    counts
        .into_iter()
        .filter_map(|(reason, count)| {
            let word = serde_json::to_value(reason).ok()?;
            Some((word.as_str()?.to_owned(), count))
        })
        .collect()
}
