//! The store on real files.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

mod crash;
mod disk;
mod joined;
mod keeping;
mod list;
mod media;
mod migration;
mod paging;
mod recovery;
mod searching;
mod support;
mod trials;
mod truth;
mod waiting;
mod writing;
