//! Who is calling: the bearer token, and the tenant's state, looked up on every request
//! (contract 2.3).

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};

use super::tokens::{BadToken, Claims};
use crate::{core::Core, events::TenantKey, replies::Refusal, tenants::Tenant};

/// The authenticated tenant of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) tenant: Tenant,
    pub(crate) claims: Claims,
}

impl Caller {
    pub(crate) fn id(&self) -> i64 {
        self.tenant.id
    }

    pub(crate) fn key(&self) -> TenantKey {
        self.tenant.key()
    }
}

/// Why a caller is not let in; the replies are those of contract 2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    Missing,
    Expired,
    Invalid,
    Gone,
    Inactive,
    Unclear,
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        let unauthorized = StatusCode::UNAUTHORIZED;
        let (status, message, code) = match denied {
            Denied::Missing => (unauthorized, "Falta el token de acceso", "TOKEN_MISSING"),
            Denied::Expired => (unauthorized, "El token venció", "TOKEN_EXPIRED"),
            Denied::Invalid => (unauthorized, "El token no es válido", "TOKEN_INVALID"),
            Denied::Gone => (unauthorized, "La cuenta ya no existe", "CLIENT_NOT_FOUND"),
            Denied::Inactive => {
                (StatusCode::FORBIDDEN, "La cuenta no está activa", "ACCOUNT_INACTIVE")
            }
            Denied::Unclear => (unauthorized, "No se pudo verificar el acceso", "UNAUTHORIZED"),
        };
        Self::Coded(status, message, code)
    }
}

/// The tenant a token stands for.
pub(crate) async fn identify(core: &Core, token: &str) -> Result<Caller, Denied> {
    let claims = core.tokens.read(token).map_err(|bad| match bad {
        BadToken::Expired => Denied::Expired,
        BadToken::Invalid => Denied::Invalid,
    })?;
    let id = claims.id;
    let tenant = core
        .database
        .call(move |rows| Tenant::by_id(rows, id))
        .await
        .map_err(|_| Denied::Unclear)?
        .ok_or(Denied::Gone)?;
    if tenant.is_active() { Ok(Caller { tenant, claims }) } else { Err(Denied::Inactive) }
}

/// The token of an `Authorization` header; the scheme is optional and of any case.
fn bearer(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => header,
    };
    (!token.is_empty()).then_some(token)
}

impl FromRequestParts<Arc<Core>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, Refusal> {
        let token = bearer(parts).ok_or(Denied::Missing)?.to_owned();
        Ok(identify(core, &token).await?)
    }
}
