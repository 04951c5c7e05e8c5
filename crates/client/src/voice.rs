//! What is said outside, and how: language, privacy, and the figures of the dashboard.

use crate::actor::Shown;
use crate::locale::Locale;
use crate::notices;
use crate::quiet::TimeOfDay;
use crate::settings::Settings;
use condorito_model::view::{BotShare, Dashboard, Notification, Quota};
use condorito_model::{ConversationId, Timestamp};
use condorito_sync::{Notice, NoticePolicy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Figures of which no event tells.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Figures {
    pub stats: Option<condorito_model::fact::Stats>,
    pub bot: Option<BotShare>,
    pub quota: Option<Quota>,
    pub as_of: Option<Timestamp>,
}

/// Shared by the task and the commands.
#[derive(Debug)]
pub(crate) struct Voice {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    locale: Locale,
    settings: Settings,
    mutes: Mutes,
    figures: Figures,
}

/// Muted conversations and until when; `None`: for good.
pub(crate) type Mutes = BTreeMap<ConversationId, Option<Timestamp>>;

impl Voice {
    pub(crate) fn new(locale: Locale, settings: Settings) -> Self {
        let (mutes, figures) = (Mutes::default(), Figures::default());
        Self { inner: Mutex::new(Inner { locale, settings, mutes, figures }) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn locale(&self) -> Locale {
        self.inner().locale
    }

    pub(crate) fn set_locale(&self, locale: Locale) {
        self.inner().locale = locale;
    }

    pub(crate) fn settings(&self) -> Settings {
        self.inner().settings.clone()
    }

    pub(crate) fn set_settings(&self, settings: Settings) {
        self.inner().settings = settings;
    }

    pub(crate) fn figures(&self) -> Figures {
        self.inner().figures.clone()
    }

    pub(crate) fn set_figures(&self, figures: Figures) {
        self.inner().figures = figures;
    }

    /// Forgets the account before.
    pub(crate) fn set_mutes(&self, mutes: Mutes) {
        self.inner().mutes = mutes;
    }

    /// Mutes a conversation, or with `None` no longer.
    pub(crate) fn set_mute(&self, id: ConversationId, until: Option<Option<Timestamp>>) {
        let mut inner = self.inner();
        match until {
            Some(until) => inner.mutes.insert(id, until),
            None => inner.mutes.remove(&id),
        };
    }

    /// A conversation begun here got its id of the server. Answers whether it was muted.
    pub(crate) fn rename(&self, local: ConversationId, server: ConversationId) -> bool {
        let mut inner = self.inner();
        let until = inner.mutes.remove(&local);
        if let Some(until) = until {
            inner.mutes.insert(server, until);
        }
        until.is_some()
    }

    /// What the decisions need to know. Hours of quiet are looked at when there is something to
    /// tell: see [`Self::notification`].
    pub(crate) fn policy(&self) -> NoticePolicy {
        let inner = self.inner();
        let machine = &inner.settings.machine;
        NoticePolicy {
            do_not_disturb: machine.do_not_disturb,
            muted: inner.mutes.clone(),
            notify_failed: machine.notify_failed,
            notify_whatsapp: machine.notify_whatsapp,
        }
    }

    /// A notice in words; `None` when it is quiet at this time of day.
    pub(crate) fn notification(&self, notice: &Notice, time: TimeOfDay) -> Option<Notification> {
        let (locale, machine) = {
            let inner = self.inner();
            (inner.locale, inner.settings.machine.clone())
        };
        if machine.quiet_hours.is_some_and(|hours| hours.cover(time)) {
            return None;
        }
        let mut shown = notices::render(notice, locale, machine.notification_privacy);
        shown.silent = !machine.sound;
        Some(shown)
    }

    /// The dashboard: the newest counters, whichever way they came.
    pub(crate) fn dashboard(&self, shown: &Shown) -> Dashboard {
        let figures = self.figures();
        let (stats, as_of) = match shown.stats {
            Some((stats, at)) if figures.as_of.is_none_or(|asked| asked <= at) => {
                (Some(stats), Some(at))
            }
            _ => (figures.stats, figures.as_of),
        };
        Dashboard {
            stats,
            bot: figures.bot,
            quota: figures.quota,
            whatsapp: shown.whatsapp.clone(),
            connection: shown.connection.clone(),
            as_of,
        }
    }
}
