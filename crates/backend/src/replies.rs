//! The error bodies of the contract (1.4) and what reads request bodies the way the existing
//! backend does.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Request},
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::database::DatabaseError;

/// JSON and form bodies may be this long (contract 1.2).
pub(crate) const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// A refusal, by the shape it takes on the wire.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// E1: `{success, message, code}`.
    Coded(StatusCode, &'static str, &'static str),
    /// E2: `{success, message}`.
    Told(StatusCode, String),
    /// E3: `{success, message, errors:[one]}`, 400.
    Invalid(String),
    /// E4: `{success, message, error}`, 500.
    Failed { message: &'static str, error: String },
    /// E7: `{error}`.
    Plain(StatusCode, &'static str),
    /// E8: `{error, path, method}`, 404.
    Unknown { path: String, method: String },
    /// Any other body.
    Other(StatusCode, Value),
}

impl Refusal {
    pub(crate) fn told(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Told(status, message.into())
    }

    /// E7 with status 500: what a thrown error becomes.
    pub(crate) fn internal() -> Self {
        Self::Plain(StatusCode::INTERNAL_SERVER_ERROR, "No se pudo completar la operación")
    }

    /// E8 for the request that was made.
    pub(crate) fn unknown(method: &Method, uri: &Uri) -> Self {
        let path = uri.path_and_query().map_or_else(|| uri.path(), |whole| whole.as_str());
        Self::Unknown { path: path.to_owned(), method: method.to_string() }
    }
}

impl From<DatabaseError> for Refusal {
    fn from(error: DatabaseError) -> Self {
        tracing::warn!(%error, "a request failed in the database");
        Self::internal()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Coded(status, message, code) => {
                (status, json!({ "success": false, "message": message, "code": code }))
            }
            Self::Told(status, message) => {
                (status, json!({ "success": false, "message": message }))
            }
            Self::Invalid(error) => (
                StatusCode::BAD_REQUEST,
                json!({
                    "success": false,
                    "message": "Hay datos que no son válidos",
                    "errors": [error],
                }),
            ),
            Self::Failed { message, error } => (
                StatusCode::INTERNAL_SERVER_ERROR,
                json!({ "success": false, "message": message, "error": error }),
            ),
            Self::Plain(status, error) => (status, json!({ "error": error })),
            Self::Unknown { path, method } => (
                StatusCode::NOT_FOUND,
                json!({ "error": "Esa ruta no existe", "path": path, "method": method }),
            ),
            Self::Other(status, body) => (status, body),
        };
        (status, Json(body)).into_response()
    }
}

/// What every handler returns.
pub(crate) type Reply = Result<Json<Value>, Refusal>;

/// A JSON body. Without a JSON content type it reads as `{}`; malformed text is 400 E7, more than
/// [`BODY_LIMIT`] 413 E7 (contract 1.2).
pub(crate) struct Body(pub(crate) Value);

impl Body {
    /// A member of the body, `null` when absent.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"));
        if !is_json {
            return Ok(Self(Value::Object(Map::new())));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Refusal::Plain(StatusCode::PAYLOAD_TOO_LARGE, "El cuerpo es demasiado grande")
            } else {
                Refusal::Plain(StatusCode::BAD_REQUEST, "El cuerpo no llegó completo")
            }
        })?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Value::Object(Map::new())));
        }
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => Ok(Self(value)),
            _ => Err(Refusal::Plain(StatusCode::BAD_REQUEST, "El cuerpo no es JSON válido")),
        }
    }
}

/// Query parameters as text, the first of each name.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A count: the default when absent, 500 when it is no number or negative (contract 1.4).
    pub(crate) fn count(&self, name: &str, default: i64) -> Result<i64, Refusal> {
        match self.get(name) {
            None => Ok(default),
            Some(text) => {
                leading_integer(text).filter(|count| *count >= 0).ok_or_else(Refusal::internal)
            }
        }
    }
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Refusal> {
        axum::extract::Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map(|query| Self(query.0))
            .map_err(|_| Refusal::internal())
    }
}

/// The integer a text starts with, as the existing backend reads ids and counts: `12abc` is 12.
pub(crate) fn leading_integer(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse::<i64>().ok().map(|number| sign * number)
}

/// A boolean that the wire writes as `1` or `false` (contract 1.5).
pub(crate) fn one_or_false(value: bool) -> Value {
    if value { json!(1) } else { json!(false) }
}

/// A sum: text, or the number 0 when there was nothing to add up (contract 1.5).
pub(crate) fn sum(value: Option<i64>) -> Value {
    value.map_or_else(|| json!(0), |sum| json!(sum.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_up_to_the_first_letter() {
        for (text, number) in [
            ("12", Some(12)),
            ("12abc", Some(12)),
            (" 7", Some(7)),
            ("-1", Some(-1)),
            ("abc", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(leading_integer(text), number, "{text:?}");
        }
    }
}
