//! The whole client without a window: composes `net`, `sync` and `store`, owns the tasks, and
//! declares the commands that every host serves.
//!
//! * [`Client`]: started with a data folder; answers [`Client::command`] and tells [`Event`]s.
//! * [`commands`]: the list of commands with their types, from which [`bindings`] are made.
//! * [`replay`]: a recorded run of the decisions, again.
//!
//! Invariants: the engine is never waited for by anything that waits for it; a text is durable
//! before its command answers; no secret, text, name or number is logged; nothing here knows Tauri.

mod account;
mod actor;
pub mod bindings;
mod client;
pub mod commands;
mod crash;
mod events;
mod fault;
mod folder;
mod locale;
mod media;
mod notices;
mod quiet;
mod recording;
mod secrets;
mod session;
mod settings;
mod voice;

pub use client::{Client, ClientOptions, DemoStarter, StartFault};
pub use condorito_model::{CommandError, ErrorCode};
pub use crash::leave_no_traces;
pub use events::{Event, EventStream};
pub use locale::Locale;
pub use media::{MediaPart, Picture};
pub use quiet::{QuietHours, TimeOfDay};
pub use recording::{Difference, ReplayFault, ReplayReport, replay};
pub use secrets::SecretStore;
pub use settings::{Density, MachineSettings, Privacy, Settings, Theme};
