//! Embedded backend of CRM Condorito: the existing backend's routes and events on axum,
//! socketioxide and SQLite, with a simulated WhatsApp and faults that can be ordered.
//!
//! [`Backend::start`] runs an instance inside the calling tokio runtime and returns a
//! [`BackendHandle`]: its address, its rows, its faults. The binary `condorito-backend` is the same
//! with flags, and [`control`] the same over HTTP for tests in another process.
//!
//! Section numbers in comments are those of the wire contract.

mod auth;
mod backend;
mod bot;
mod catalog;
mod clock;
mod config;
pub mod control;
mod conversations;
mod core;
mod database;
pub mod demo;
mod error;
mod events;
mod faults;
mod history;
mod instance;
mod limiter;
mod listener;
mod messages;
mod replies;
mod routes;
mod sending;
mod serving;
mod simulator;
mod sockets;
mod stats;
mod tenants;
mod views;
mod whatsapp;

pub use crate::{
    backend::{Backend, BackendHandle},
    config::{
        Config, DatabaseLocation, Demo, Dialect, EchoKind, Heartbeat, Limiter, TokenLifetimes,
        Whatsapp,
    },
    database::DatabaseError,
    error::Error,
    faults::{BadAnswer, Faults, Garbage, SendStage},
    instance::Instance,
    sending::delivery::Delivery,
    simulator::phone::Stored,
    tenants::NewTenant,
    views::{ConversationView, MessageView},
};
