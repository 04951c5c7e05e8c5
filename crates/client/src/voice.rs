//! What is said outside, and how: language, privacy, and the figures of the dashboard.

use crate::actor::Shown;
use crate::locale::Locale;
use crate::notices;
use crate::settings::{Privacy, Settings};
use condorito_model::Timestamp;
use condorito_model::view::{BotShare, Dashboard, Notification, Quota};
use condorito_sync::Notice;
use serde::{Deserialize, Serialize};
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
    figures: Figures,
}

impl Voice {
    pub(crate) fn new(locale: Locale, settings: Settings) -> Self {
        Self { inner: Mutex::new(Inner { locale, settings, figures: Figures::default() }) }
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

    pub(crate) fn notification(&self, notice: &Notice) -> Notification {
        let (locale, privacy): (Locale, Privacy) = {
            let inner = self.inner();
            (inner.locale, inner.settings.machine.notification_privacy)
        };
        notices::render(notice, locale, privacy)
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
