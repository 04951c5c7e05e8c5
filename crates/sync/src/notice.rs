//! What the operator wants to be told of, and what is told.

use condorito_model::fact::MessageKind;
use condorito_model::{ConversationId, MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the operator wants to be told of. Hours of quiet are evaluated outside: here they are
/// [`Self::do_not_disturb`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticePolicy {
    /// Nothing at all.
    pub do_not_disturb: bool,
    /// No messages of these until then, by the machine's own wall clock; `None`: for good.
    #[serde(with = "pairs")]
    pub muted: BTreeMap<ConversationId, Option<Timestamp>>,
    /// Whether texts that could not be sent are told of.
    pub notify_failed: bool,
    /// Whether it is told when WhatsApp is unlinked.
    pub notify_whatsapp: bool,
}

impl Default for NoticePolicy {
    fn default() -> Self {
        Self {
            do_not_disturb: false,
            muted: BTreeMap::new(),
            notify_failed: true,
            notify_whatsapp: true,
        }
    }
}

impl NoticePolicy {
    /// Whether messages of this conversation are told of at this time of the machine's wall clock.
    #[must_use]
    pub fn is_muted(&self, id: ConversationId, wall: Timestamp) -> bool {
        self.muted.get(&id).is_some_and(|until| until.is_none_or(|until| until > wall))
    }
}

/// A list of pairs: number keys of a map do not come back from inside a tagged input.
mod pairs {
    use super::{BTreeMap, ConversationId, Timestamp};
    use serde::{Deserialize, Deserializer, Serializer};

    type Muted = BTreeMap<ConversationId, Option<Timestamp>>;

    pub(super) fn serialize<S: Serializer>(muted: &Muted, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(muted)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Muted, D::Error> {
        let pairs = Vec::<(ConversationId, Option<Timestamp>)>::deserialize(from)?;
        Ok(pairs.into_iter().collect())
    }
}

/// What to show of a message outside the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preview {
    /// Its text.
    Text(String),
    /// Its kind, where it has none.
    Kind(MessageKind),
}

/// Something worth a notification; words are chosen outside, in the operator's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// Messages of one contact, replacing what was shown of it before.
    Message {
        /// The conversation.
        conversation_id: ConversationId,
        /// The newest of them.
        message_id: MessageId,
        /// The contact's name or number.
        name: String,
        /// The newest of them.
        preview: Preview,
        /// How many are unread.
        count: u32,
    },
    /// After a gap or in a burst: one instead of a storm, replacing the digest shown before.
    Digest {
        /// New messages.
        messages: u32,
        /// In so many conversations.
        conversations: u32,
    },
    /// A text could not be sent, or nobody knows; replaces what was told so of its conversation.
    SendFailed {
        /// The conversation.
        conversation_id: ConversationId,
        /// The contact's name or number.
        name: String,
        /// Whether it may have gone out all the same.
        unconfirmed: bool,
        /// How many texts of the conversation wait for the operator's decision.
        count: u32,
    },
    /// WhatsApp was unlinked, and not from here: someone must act.
    WhatsappLost,
}

impl Notice {
    /// How many things it stands for: messages, or texts that wait for a decision.
    #[must_use]
    pub const fn count(&self) -> u32 {
        match self {
            Self::Message { count, .. } | Self::SendFailed { count, .. } => *count,
            Self::Digest { messages, .. } => *messages,
            Self::WhatsappLost => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::NoticePolicy;
    use crate::Input;
    use condorito_model::{ConversationId, Timestamp};

    fn policy() -> NoticePolicy {
        let until = Some(Timestamp::from_millis(1000));
        NoticePolicy {
            muted: [(ConversationId(1), None), (ConversationId(2), until)].into(),
            ..NoticePolicy::default()
        }
    }

    #[test]
    fn a_mute_ends_when_its_time_comes() {
        let cases =
            [(1, 0, true), (1, 9999, true), (2, 999, true), (2, 1000, false), (3, 0, false)];
        for (id, wall, muted) in cases {
            let is = policy().is_muted(ConversationId(id), Timestamp::from_millis(wall));
            assert_eq!(is, muted, "conversation {id} at {wall}");
        }
    }

    #[test]
    fn a_recorded_policy_comes_back() {
        let input = Input::Notices { policy: policy() };
        let line = serde_json::to_string(&input).unwrap();
        assert_eq!(serde_json::from_str::<Input>(&line).unwrap(), input, "{line}");
    }
}
