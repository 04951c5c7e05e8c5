//! The whole HTTP side in one place: paths, the order of the layers, static media, 404.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts as _, Request, State},
    http::{HeaderName, HeaderValue},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use tower_http::services::ServeDir;

use crate::{
    auth::{self, Caller},
    bot, catalog,
    clock::{iso, now_ms},
    config::Dialect,
    control, conversations,
    core::Core,
    events, limiter, messages,
    replies::{BODY_LIMIT, Refusal, Reply},
    sending, stats, whatsapp,
};

/// Below these an unknown route asks for a token before it is a 404 (contract 1.4).
const GUARDED: [&str; 7] = [
    "/api/messages",
    "/api/contacts",
    "/api/whatsapp",
    "/api/files",
    "/api/ai",
    "/api/scheduled-messages",
    "/api/backoffice",
];

pub(crate) fn router(core: &Arc<Core>) -> Router {
    let messages = Router::new()
        .route("/conversations", get(conversations::list))
        .route("/conversation/{id}", get(messages::page).delete(conversations::delete))
        .route("/conversation/{id}/read", post(conversations::mark_read))
        .route("/conversation/{id}/bot/enable", post(bot::enable))
        .route("/conversation/{id}/bot/disable", post(bot::disable))
        .route("/conversation/{id}/bot/status", get(bot::conversation_status))
        .route("/search", get(messages::search))
        .route("/stats", get(stats::get))
        .route("/send", post(sending::use_the_other_route))
        .route("/send-bulk", post(sending::use_the_other_route))
        .route("/templates", get(catalog::templates))
        .nest("/bot", bot::routes());
    let mut api = Router::new()
        .nest("/auth", auth::routes())
        .nest("/messages", messages)
        .nest("/contacts", catalog::contact_routes())
        .nest("/whatsapp", whatsapp::routes());
    if core.config.dialect == Dialect::Embedded {
        api = api.nest("/events", events::routes());
    }
    let media = middleware::from_fn_with_state(Arc::clone(core), media_or_404);
    let mut site = Router::new()
        .nest("/api", api)
        .route("/health", get(health))
        .nest_service("/uploads", ServeDir::new(core.uploads()))
        .layer(media);
    if core.config.control {
        site = site.route("/__control", post(control::handle));
    }
    let site = if core.config.base_path.is_empty() {
        site
    } else {
        Router::new().nest(&core.config.base_path, site)
    };
    site.fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::clone(core), limiter::limit))
        .layer(middleware::from_fn_with_state(Arc::clone(core), wait_if_ordered))
        .layer(middleware::map_response(own_origin_only))
        .with_state(Arc::clone(core))
}

async fn health(State(core): State<Arc<Core>>) -> Reply {
    Ok(Json(json!({
        "status": "OK",
        "timestamp": iso(now_ms()),
        "uptime": core.started.elapsed().as_secs_f64(),
        "environment": "production",
    })))
}

async fn unknown(State(core): State<Arc<Core>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let path = parts.uri.path();
    let below = path.strip_prefix(core.config.base_path.as_str()).unwrap_or(path);
    let guarded = GUARDED.iter().any(|prefix| {
        below.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if guarded && let Err(refusal) = Caller::from_request_parts(&mut parts, &core).await {
        return refusal.into_response();
    }
    Refusal::unknown(&parts.method, &parts.uri).into_response()
}

/// A missing file is E8 like any other unknown path; a found one may be cached for a day.
async fn media_or_404(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    // Inside the nest the base path is stripped; the whole path is what the client asked for.
    let asked = request
        .extensions()
        .get::<axum::extract::OriginalUri>()
        .map_or_else(|| uri.clone(), |original| original.0.clone());
    let mut response = next.run(request).await;
    if !uri.path().starts_with("/uploads/")
        && !asked.path().starts_with(&format!("{}/uploads/", core.config.base_path))
    {
        return response;
    }
    if !response.status().is_success() && response.status().as_u16() != 304 {
        return Refusal::unknown(&method, &asked).into_response();
    }
    response.headers_mut().insert(
        HeaderName::from_static("cache-control"),
        HeaderValue::from_static("public, max-age=86400"),
    );
    response
}

async fn wait_if_ordered(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    let delay = core.faults.request_delay();
    if !delay.is_zero() && !request.uri().path().ends_with("/__control") {
        tokio::time::sleep(delay).await;
    }
    next.run(request).await
}

/// The one security header a web view notices (contract 1.2).
async fn own_origin_only(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    response
}
