//! Which tenants are linked to WhatsApp in this process, and how far a pairing is.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// How long a QR is good for, in milliseconds.
pub(crate) const QR_LIFE_MS: i64 = 5 * 60 * 1000;

/// The phone that is linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phone {
    pub(crate) number: String,
    pub(crate) name: String,
}

/// A tenant's link.
#[derive(Debug, Clone)]
pub(crate) enum Link {
    /// The number of the attempt; a later one ends it.
    Starting(u64),
    Waiting {
        attempt: u64,
        png: Arc<Vec<u8>>,
        shown_at: i64,
    },
    Connected(Phone),
}

impl Link {
    pub(crate) fn attempt(&self) -> Option<u64> {
        match self {
            Self::Starting(attempt) | Self::Waiting { attempt, .. } => Some(*attempt),
            Self::Connected(_) => None,
        }
    }
}

/// All links of this process.
#[derive(Debug, Default)]
pub(crate) struct Links {
    by_tenant: Mutex<HashMap<i64, Link>>,
    attempts: AtomicU64,
}

impl Links {
    pub(crate) fn get(&self, tenant: i64) -> Option<Link> {
        self.by_tenant.lock().ok()?.get(&tenant).cloned()
    }

    pub(crate) fn is_connected(&self, tenant: i64) -> bool {
        matches!(self.get(tenant), Some(Link::Connected(_)))
    }

    pub(crate) fn set(&self, tenant: i64, link: Link) {
        if let Ok(mut links) = self.by_tenant.lock() {
            links.insert(tenant, link);
        }
    }

    /// Returns the link that was there.
    pub(crate) fn remove(&self, tenant: i64) -> Option<Link> {
        self.by_tenant.lock().ok()?.remove(&tenant)
    }

    /// Forgets every link, as a restart of the existing backend does.
    pub(crate) fn clear(&self) {
        if let Ok(mut links) = self.by_tenant.lock() {
            links.clear();
        }
    }

    /// Begins a pairing; one under way is ended by it (contract 4.13).
    pub(crate) fn begin(&self, tenant: i64) -> u64 {
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        self.set(tenant, Link::Starting(attempt));
        attempt
    }

    /// Shows a QR of `attempt`; false when that attempt is over.
    pub(crate) fn show(&self, tenant: i64, attempt: u64, png: Arc<Vec<u8>>, now: i64) -> bool {
        self.replace(tenant, attempt, Link::Waiting { attempt, png, shown_at: now })
    }

    /// Links the phone that scanned the QR of `attempt`; false when that attempt is over.
    pub(crate) fn complete(&self, tenant: i64, attempt: u64, phone: Phone) -> bool {
        self.replace(tenant, attempt, Link::Connected(phone))
    }

    fn replace(&self, tenant: i64, attempt: u64, next: Link) -> bool {
        let Ok(mut links) = self.by_tenant.lock() else {
            return false;
        };
        match links.get_mut(&tenant) {
            Some(link) if link.attempt() == Some(attempt) => {
                *link = next;
                true
            }
            _ => false,
        }
    }

    /// Totals of all tenants: all, connected, waiting.
    pub(crate) fn totals(&self) -> (usize, usize, usize) {
        let Ok(links) = self.by_tenant.lock() else {
            return (0, 0, 0);
        };
        let count = |test: fn(&Link) -> bool| links.values().filter(|link| test(link)).count();
        (
            links.len(),
            count(|link| matches!(link, Link::Connected(_))),
            count(|link| matches!(link, Link::Waiting { .. })),
        )
    }
}
