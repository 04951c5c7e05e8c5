//! What the operator can set. What is needed before sign-in lies in `app.json`; what names
//! conversations lies encrypted with the account.

use crate::locale::Locale;
use condorito_model::{ConversationId, ErrorCode};
use condorito_sync::NoticePolicy;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// How much of a message a notification shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Privacy {
    /// Name and text.
    #[default]
    Full,
    /// The name only.
    Name,
    /// Neither.
    None,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How close rows lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Density {
    /// With room.
    #[default]
    Comfortable,
    /// Close.
    Compact,
}

/// `get_settings`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Of this machine.
    #[serde(flatten)]
    pub machine: MachineSettings,
    /// Of the account that is signed in.
    #[serde(flatten)]
    pub account: AccountSettings,
}

/// Settings that hold without an account; kept in `app.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct MachineSettings {
    /// The language; `None`: the system's.
    pub locale: Option<Locale>,
    /// Light or dark.
    pub theme: Theme,
    /// How close rows lie.
    pub density: Density,
    /// Size of texts, 1 for the usual one, from 0.8 to 1.5.
    pub text_scale: f64,
    /// How much of a message a notification shows.
    pub notification_privacy: Privacy,
    /// No notifications at all.
    pub do_not_disturb: bool,
    /// Whether a notification makes a sound.
    pub sound: bool,
    /// Whether closing the window leaves the app in the tray.
    pub close_to_tray: bool,
    /// Whether the app starts with the session.
    pub start_at_login: bool,
    /// How long a text can be taken back after sending, in seconds, from 0 to 30.
    pub undo_send_seconds: u32,
    /// A PEM file of certificates to trust beside the system's.
    pub extra_ca: Option<String>,
    /// The HTTP proxy of REST; `None`: the system's, `direct`: none.
    pub proxy: Option<String>,
}

impl Default for MachineSettings {
    fn default() -> Self {
        Self {
            locale: None,
            theme: Theme::default(),
            density: Density::default(),
            text_scale: 1.0,
            notification_privacy: Privacy::default(),
            do_not_disturb: false,
            sound: true,
            close_to_tray: true,
            start_at_login: false,
            undo_send_seconds: 0,
            extra_ca: None,
            proxy: None,
        }
    }
}

/// Settings of one account; kept with what exists nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountSettings {
    /// Conversations that are never notified of.
    pub muted_conversations: Vec<ConversationId>,
}

impl Settings {
    /// These settings with the members of `patch` in place of the old ones; null brings back the
    /// usual value, unknown members are ignored.
    ///
    /// # Errors
    /// `invalid_input` when the patch is no object or a value is out of range.
    pub fn patched(&self, patch: &Value) -> Result<Self, ErrorCode> {
        let patch = patch.as_object().ok_or(ErrorCode::InvalidInput)?;
        let mut merged = serde_json::to_value(self).map_err(|_| ErrorCode::Internal)?;
        let members = merged.as_object_mut().ok_or(ErrorCode::Internal)?;
        for (name, value) in patch {
            if value.is_null() {
                members.remove(name);
            } else if members.contains_key(name) {
                members.insert(name.clone(), value.clone());
            }
        }
        let new: Self = serde_json::from_value(merged).map_err(|_| ErrorCode::InvalidInput)?;
        let good =
            (0.8..=1.5).contains(&new.machine.text_scale) && new.machine.undo_send_seconds <= 30;
        good.then_some(new).ok_or(ErrorCode::InvalidInput)
    }

    /// What the decisions need to know of them.
    pub(crate) fn notice_policy(&self) -> NoticePolicy {
        NoticePolicy {
            do_not_disturb: self.machine.do_not_disturb,
            muted: self.account.muted_conversations.iter().map(|id| (*id, None)).collect(),
            ..NoticePolicy::default()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Privacy, Settings};
    use condorito_model::ErrorCode;
    use serde_json::json;

    #[test]
    fn a_patch_changes_what_it_names() {
        let old = Settings::default();
        let new = old
            .patched(&json!({"notificationPrivacy": "name", "mutedConversations": [3], "x": 1}))
            .unwrap();
        assert_eq!(new.machine.notification_privacy, Privacy::Name);
        assert_eq!(new.account.muted_conversations.len(), 1);
        assert_eq!(new.machine.text_scale, old.machine.text_scale);
        let back = new.patched(&json!({"notificationPrivacy": null})).unwrap();
        assert_eq!(back.machine.notification_privacy, Privacy::Full);
        assert_eq!(back.account, new.account);
    }

    #[test]
    fn nonsense_changes_nothing() {
        for patch in [
            json!(null),
            json!([1]),
            json!({"theme": "pink"}),
            json!({"textScale": 9}),
            json!({"undoSendSeconds": 31}),
            json!({"undoSendSeconds": -1}),
            json!({"mutedConversations": "all"}),
        ] {
            let result = Settings::default().patched(&patch);
            assert_eq!(result, Err(ErrorCode::InvalidInput), "{patch}");
        }
    }
}
