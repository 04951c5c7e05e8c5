//! What the operator can set; kept in `app.json`, for it is needed before sign-in. Mutes name
//! conversations and lie encrypted with the account.

use crate::locale::Locale;
use crate::quiet::QuietHours;
use condorito_model::ErrorCode;
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
    /// Size of texts, 1 for the usual one, from 0.8 to 2.
    pub text_scale: f64,
    /// How much of a message a notification shows.
    pub notification_privacy: Privacy,
    /// No notifications at all, until it is switched off again.
    pub do_not_disturb: bool,
    /// No notifications at these times of day, by the clock on the wall.
    pub quiet_hours: Option<QuietHours>,
    /// Whether texts that could not be sent are told of.
    pub notify_failed: bool,
    /// Whether it is told when WhatsApp is unlinked.
    pub notify_whatsapp: bool,
    /// Whether a notification makes a sound.
    pub sound: bool,
    /// Whether closing the window leaves the app in the tray.
    pub close_to_tray: bool,
    /// Whether the app starts with the session.
    pub start_at_login: bool,
    /// Whether the app then starts in the tray.
    pub start_minimised: bool,
    /// Whether nothing moves in the window.
    pub reduce_motion: bool,
    /// After how many minutes of waiting a contact is marked, and marked more; ascending, from 1
    /// to 10,080.
    pub wait_marks: [u32; 2],
    /// Whether the list shows the contacts' tags.
    pub show_tags: bool,
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
            quiet_hours: None,
            notify_failed: true,
            notify_whatsapp: true,
            sound: true,
            close_to_tray: true,
            start_at_login: false,
            start_minimised: false,
            reduce_motion: false,
            wait_marks: [5, 60],
            show_tags: true,
            undo_send_seconds: 0,
            extra_ca: None,
            proxy: None,
        }
    }
}

/// The longest wait that can be marked: a week.
const LONGEST_WAIT: u32 = 7 * 24 * 60;

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
        new.is_sound().then_some(new).ok_or(ErrorCode::InvalidInput)
    }

    fn is_sound(&self) -> bool {
        let MachineSettings { text_scale, undo_send_seconds, wait_marks: [first, second], .. } =
            self.machine;
        (0.8..=2.0).contains(&text_scale)
            && undo_send_seconds <= 30
            && 1 <= first
            && first < second
            && second <= LONGEST_WAIT
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
        let quiet = json!({"from": "22:00", "to": "07:30"});
        let patch = json!({"notificationPrivacy": "name", "quietHours": quiet, "textScale": 2,
            "waitMarks": [1, 10_080], "x": 1});
        let new = old.patched(&patch).unwrap();
        assert_eq!(new.machine.notification_privacy, Privacy::Name);
        assert_eq!(serde_json::to_value(new.machine.quiet_hours).unwrap(), quiet);
        assert_eq!(new.machine.wait_marks, [1, 10_080]);
        assert!(new.machine.notify_failed && new.machine.notify_whatsapp && new.machine.show_tags);
        let back = new.patched(&json!({"notificationPrivacy": null, "quietHours": null})).unwrap();
        assert_eq!(back.machine.notification_privacy, Privacy::Full);
        assert_eq!(back.machine.quiet_hours, None);
        assert_eq!(back.machine.wait_marks, new.machine.wait_marks);
    }

    #[test]
    fn nonsense_changes_nothing() {
        for patch in [
            json!(null),
            json!([1]),
            json!({"theme": "pink"}),
            json!({"textScale": 9}),
            json!({"textScale": 2.1}),
            json!({"undoSendSeconds": 31}),
            json!({"undoSendSeconds": -1}),
            json!({"quietHours": {"from": "22:00"}}),
            json!({"quietHours": {"from": "22:00", "to": "24:00"}}),
            json!({"quietHours": "22-7"}),
            json!({"waitMarks": [60, 5]}),
            json!({"waitMarks": [5, 5]}),
            json!({"waitMarks": [0, 5]}),
            json!({"waitMarks": [5, 10_081]}),
            json!({"waitMarks": [5]}),
            json!({"notifyFailed": "no"}),
        ] {
            let result = Settings::default().patched(&patch);
            assert_eq!(result, Err(ErrorCode::InvalidInput), "{patch}");
        }
    }
}
