//! `POST /__control`.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::json;

use crate::{core::Core, replies::Reply};

pub(crate) async fn handle(State(_core): State<Arc<Core>>) -> Reply {
    Ok(Json(json!({})))
}
