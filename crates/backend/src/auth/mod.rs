//! `/api/auth` (contract 2).

mod guard;
pub(crate) mod passwords;
mod tokens;
mod validation;

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use rusqlite::{OptionalExtension as _, params};
use serde_json::{Value, json};

use self::{
    tokens::BadToken,
    validation::{Member, check, is_code, is_email, is_phone, text},
};
use crate::{
    clock::{iso, iso_or_null, now_ms, whole_second},
    core::Core,
    replies::{Body, Refusal, Reply},
    tenants::{self, Tenant},
};

pub(crate) use guard::{Caller, Denied, identify};
pub(crate) use tokens::{Kind, Tokens};

const LOGIN: [Member; 2] =
    [Member::required("client_code", (3, 50)), Member::required("password", (6, usize::MAX))];
const REFRESH: [Member; 1] = [Member::required("refreshToken", (1, usize::MAX))];
const CODE: [Member; 1] = [Member::required("client_code", (3, 50))
    .of_form(is_code, "El código solo admite letras, números, guion y guion bajo")];
const PROFILE: [Member; 3] = [
    Member::optional("company_name", (2, 255)),
    Member::optional("email", (1, 255)).of_form(is_email, "Ese correo no tiene la forma debida"),
    Member::optional("phone", (1, 20)).of_form(is_phone, "Ese teléfono no tiene la forma debida"),
];
const NEW_PASSWORD: [Member; 3] = [
    Member::required("currentPassword", (1, usize::MAX)),
    Member::required("newPassword", (8, usize::MAX)),
    Member::required("confirmPassword", (1, usize::MAX)),
];

pub(crate) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/login", post(login))
        .route("/refresh", post(refresh))
        .route("/validate-client-code", post(validate_code))
        .route("/verify", get(verify))
        .route("/logout", post(logout))
        .route("/profile", get(profile).put(change_profile))
        .route("/change-password", post(change_password))
        .route("/health", get(health))
}

async fn login(State(core): State<Arc<Core>>, body: Body) -> Reply {
    let checked = check(&body.0, &LOGIN).map_err(Refusal::Invalid)?;
    let code = text(checked, "client_code").to_owned();
    let password = text(checked, "password").to_owned();
    let wrong =
        || Refusal::told(StatusCode::UNAUTHORIZED, "El código o la contraseña no coinciden");
    let tenant =
        core.database.call(move |rows| Tenant::by_code(rows, &code)).await?.ok_or_else(wrong)?;
    if !tenant.is_active() {
        return Err(Refusal::told(StatusCode::FORBIDDEN, "La cuenta no está activa"));
    }
    if !password_fits(password, tenant.password_hash.clone()).await? {
        return Err(wrong());
    }
    let id = tenant.id;
    let stats = core.database.call(move |rows| tenants::totals(rows, id)).await?;
    Ok(Json(json!({
        "success": true,
        "message": "Sesión iniciada",
        "client": tenant.to_json(),
        "isAdmin": tenant.is_admin(),
        "redirectTo": if tenant.is_admin() { "/backoffice" } else { "/dashboard" },
        "tokens": pair(&core, &tenant)?,
        "stats": stats,
    })))
}

async fn refresh(State(core): State<Arc<Core>>, body: Body) -> Reply {
    let checked = check(&body.0, &REFRESH).map_err(Refusal::Invalid)?;
    let claims = core.tokens.read(text(checked, "refreshToken")).map_err(|bad| match bad {
        BadToken::Expired => Refusal::Plain(StatusCode::UNAUTHORIZED, "El token venció"),
        BadToken::Invalid => Refusal::Plain(StatusCode::UNAUTHORIZED, "El token no es válido"),
    })?;
    let refused =
        || Refusal::told(StatusCode::UNAUTHORIZED, "Ese token no sirve para renovar la sesión");
    if claims.kind != Kind::Refresh {
        return Err(refused());
    }
    let tenant = core
        .database
        .call(move |rows| Tenant::by_id(rows, claims.id))
        .await?
        .ok_or_else(refused)?;
    if !tenant.is_active() {
        return Err(Refusal::internal());
    }
    Ok(Json(json!({
        "success": true,
        "message": "Sesión renovada",
        "client": tenant.to_json(),
        "tokens": pair(&core, &tenant)?,
    })))
}

async fn validate_code(State(core): State<Arc<Core>>, body: Body) -> Reply {
    let code = match check(&body.0, &CODE) {
        Ok(checked) => text(checked, "client_code").to_owned(),
        Err(fault) => {
            return Err(Refusal::Other(
                StatusCode::BAD_REQUEST,
                json!({ "success": false, "available": false, "message": fault }),
            ));
        }
    };
    let taken = core.database.call(move |rows| Tenant::by_code(rows, &code)).await?.is_some();
    Ok(Json(json!({
        "success": true,
        "available": !taken,
        "message": if taken { "Ese código ya se usa" } else { "Ese código está libre" },
    })))
}

async fn verify(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    let id = caller.id();
    let stats = core.database.call(move |rows| tenants::totals(rows, id)).await?;
    let claims = &caller.claims;
    Ok(Json(json!({
        "success": true,
        "message": "El token sirve",
        "client": caller.tenant.to_json(),
        "stats": stats,
        "tokenInfo": {
            "issuedAt": iso(claims.iat.saturating_mul(1000)),
            "expiresAt": iso(claims.exp.saturating_mul(1000)),
            "issuer": claims.iss,
            "audience": claims.aud,
        },
    })))
}

async fn logout(_caller: Caller) -> Reply {
    Ok(Json(json!({ "success": true, "message": "Sesión cerrada" })))
}

async fn profile(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    let id = caller.id();
    let (stats, session, bot) = core
        .database
        .call(move |rows| {
            let session = rows
                .query_row(
                    "SELECT id, phone_number, status, connected_at, last_activity
                     FROM whatsapp_sessions WHERE tenant_id = ?1",
                    [id],
                    |row| {
                        Ok(json!({
                            "id": row.get::<_, i64>(0)?,
                            "phone_number": row.get::<_, Option<String>>(1)?,
                            "status": row.get::<_, String>(2)?,
                            "connected_at": iso_or_null(row.get(3)?),
                            "last_activity": iso(row.get(4)?),
                        }))
                    },
                )
                .optional()?;
            let bot: i64 =
                rows.query_row("SELECT bot_enabled FROM tenants WHERE id = ?1", [id], |row| {
                    row.get(0)
                })?;
            Ok((tenants::totals(rows, id)?, session, bot))
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "client": caller.tenant.to_json(),
        "stats": stats,
        "whatsappSession": session,
        "botConfig": {
            "is_enabled": bot,
            "working_hours_start": "00:00:00",
            "working_hours_end": "23:59:00",
            "working_days": [0, 1, 2, 3, 4, 5, 6],
        },
    })))
}

async fn change_profile(State(core): State<Arc<Core>>, caller: Caller, body: Body) -> Reply {
    let checked = check(&body.0, &PROFILE).map_err(Refusal::Invalid)?;
    let member = |name: &str| checked.get(name).and_then(Value::as_str).map(str::to_owned);
    let (name, email, phone) = (member("company_name"), member("email"), member("phone"));
    let id = caller.id();
    let tenant = core
        .database
        .change(move |rows| {
            rows.execute(
                "UPDATE tenants SET company_name = coalesce(?2, company_name),
                     email = coalesce(?3, email), phone = coalesce(?4, phone), updated_at = ?5
                 WHERE id = ?1",
                params![id, name, email, phone, whole_second(now_ms())],
            )?;
            Tenant::by_id(rows, id)
        })
        .await?
        .ok_or(Denied::Gone)?;
    Ok(Json(json!({
        "success": true,
        "message": "Los datos quedaron guardados",
        "client": tenant.to_json(),
    })))
}

async fn change_password(State(core): State<Arc<Core>>, caller: Caller, body: Body) -> Reply {
    let verdict = core.password_attempts.count(caller.id(), Instant::now());
    if !verdict.allowed {
        return Err(Refusal::Other(
            StatusCode::TOO_MANY_REQUESTS,
            json!({
                "success": false,
                "message": "Hubo demasiados intentos; hay que esperar",
                "code": "RATE_LIMIT_EXCEEDED",
                "retryAfter": 900,
            }),
        ));
    }
    let checked = check(&body.0, &NEW_PASSWORD).map_err(Refusal::Invalid)?;
    let new = text(checked, "newPassword").to_owned();
    if new != text(checked, "confirmPassword") {
        return Err(Refusal::Invalid("Las dos contraseñas nuevas difieren".to_owned()));
    }
    let lacks = passwords::shortcomings(&new);
    if !lacks.is_empty() {
        return Err(Refusal::Other(
            StatusCode::BAD_REQUEST,
            json!({
                "success": false,
                "message": "La contraseña nueva es demasiado simple",
                "errors": lacks,
                "strength": passwords::strength(&new),
            }),
        ));
    }
    let current = text(checked, "currentPassword").to_owned();
    if !password_fits(current, caller.tenant.password_hash.clone()).await? {
        return Err(Refusal::told(StatusCode::UNAUTHORIZED, "La contraseña actual no es esa"));
    }
    let strength = passwords::strength(&new);
    let hash = tokio::task::spawn_blocking(move || passwords::hash(&new))
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or_else(Refusal::internal)?;
    let id = caller.id();
    core.database
        .change(move |rows| {
            Ok(rows.execute(
                "UPDATE tenants SET password_hash = ?2, updated_at = ?3 WHERE id = ?1",
                params![id, hash, whole_second(now_ms())],
            )?)
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "message": "La contraseña quedó cambiada",
        "passwordStrength": strength,
    })))
}

async fn health() -> Reply {
    Ok(Json(json!({ "module": "auth", "status": "OK", "timestamp": iso(now_ms()) })))
}

fn pair(core: &Core, tenant: &Tenant) -> Result<Value, Refusal> {
    core.tokens.pair(tenant).map_err(|error| {
        tracing::warn!(%error, "tokens could not be signed");
        Refusal::internal()
    })
}

async fn password_fits(password: String, hash: String) -> Result<bool, Refusal> {
    tokio::task::spawn_blocking(move || passwords::matches(&password, &hash))
        .await
        .map_err(|_| Refusal::internal())
}
