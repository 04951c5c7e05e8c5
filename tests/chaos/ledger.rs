//! What the operator of a run wrote and consented to: what must be found again at the end.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One text.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// Its name for ever; `None` when the client was killed before it could say.
    pub local_id: Option<String>,
    /// Times the operator asked for another try.
    pub consents: usize,
    /// Whether the operator asked to forget it; the answer may not have come.
    pub discarded: bool,
}

/// Every text by its content, which no two share.
#[derive(Debug, Default)]
pub struct Ledger {
    texts: Mutex<BTreeMap<String, Written>>,
    /// The last draft that was acknowledged, and those after it whose answers did not come.
    drafts: Mutex<(Option<String>, Vec<String>)>,
}

impl Ledger {
    fn texts(&self) -> MutexGuard<'_, BTreeMap<String, Written>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A text is about to be written.
    pub fn begin(&self, text: &str) {
        self.texts().insert(text.to_owned(), Written::default());
    }

    /// It is durable, the client says.
    pub fn durable(&self, text: &str, local_id: String) {
        if let Some(written) = self.texts().get_mut(text) {
            written.local_id = Some(local_id);
        }
    }

    /// The client refused it: nothing may come of it.
    pub fn refused(&self, text: &str) {
        self.texts().remove(text);
    }

    /// The operator is about to ask for another try.
    pub fn consent(&self, text: &str) {
        if let Some(written) = self.texts().get_mut(text) {
            written.consents += 1;
        }
    }

    /// The operator is about to ask to forget it.
    pub fn discard(&self, text: &str) {
        if let Some(written) = self.texts().get_mut(text) {
            written.discarded = true;
        }
    }

    /// A copy of all.
    pub fn all(&self) -> BTreeMap<String, Written> {
        self.texts().clone()
    }

    /// A draft is about to be saved.
    pub fn drafting(&self, text: &str) {
        self.drafts().1.push(text.to_owned());
    }

    /// It is saved, the client says.
    pub fn drafted(&self, text: &str) {
        *self.drafts() = (Some(text.to_owned()), Vec::new());
    }

    /// Whether the draft found may be there.
    pub fn explains_draft(&self, found: Option<&str>) -> bool {
        let drafts = self.drafts();
        found == drafts.0.as_deref() || drafts.1.iter().any(|draft| found == Some(draft))
    }

    fn drafts(&self) -> MutexGuard<'_, (Option<String>, Vec<String>)> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
