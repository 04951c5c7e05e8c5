//! What an answer means: a reply, or the one failure that fits (contract 1.4, 2.3, 4.4, 5.3).

use crate::call::{BodyFault, Lost, Response};
use condorito_model::rest::{Failure, Reply, Request};
use condorito_model::wire::{GuardCode, ServerError, decode_reply};

/// What the guard before every route rejected, if it was the guard that answered.
pub(crate) fn guard(response: &Response) -> Option<GuardCode> {
    let body = response.body.as_ref().ok()?;
    let code = ServerError::of(body).code?;
    match (response.status, code) {
        (403, GuardCode::AccountInactive) => Some(code),
        (401, GuardCode::AccountInactive) => None,
        (401, _) => Some(code),
        _ => None,
    }
}

/// The failure of a request to which no answer came.
pub(crate) const fn of_loss(lost: Lost) -> Failure {
    match lost {
        Lost::NotSent { .. } => Failure::NotSent,
        Lost::Unclear { .. } => Failure::Unclear { status: None },
    }
}

/// What an answer says, once the guard let the request through.
pub(crate) fn judge(request: &Request, response: &Response) -> Result<Reply, Failure> {
    let status = response.status;
    match status {
        200..=299 => success(request, response),
        429 => Err(Failure::RateLimited { retry_after_ms: response.retry_after_ms }),
        400..=499 => Err(refusal(request, response)),
        // A proxy gave up waiting: the backend may still be at it.
        502 | 504 => Err(Failure::Unclear { status: Some(status) }),
        500..=599 => Err(fault(request, response)),
        // A redirect was not followed, and is none of the backend's.
        _ if request.is_send() => Err(Failure::Unclear { status: Some(status) }),
        _ => Err(Failure::Refused { status, message: None }),
    }
}

fn success(request: &Request, response: &Response) -> Result<Reply, Failure> {
    let unclear = Failure::Unclear { status: Some(response.status) };
    match &response.body {
        Ok(body) => decode_reply(request, body)
            .map_err(|_| if request.is_send() { unclear } else { Failure::Malformed }),
        Err(BodyFault::Cut) => Err(unclear),
        Err(_) if request.is_send() => Err(unclear),
        Err(_) => Err(Failure::Malformed),
    }
}

fn refusal(request: &Request, response: &Response) -> Failure {
    let status = response.status;
    let Ok(body) = &response.body else {
        // Not the backend's words. A proxy refuses a body that is too big before passing it on;
        // of its other pages nobody knows.
        return if request.is_send() && status != 413 {
            Failure::Unclear { status: Some(status) }
        } else {
            Failure::Refused { status, message: None }
        };
    };
    let said = ServerError::of(body);
    if request.is_send() {
        if status == 400 && said.is_not_linked() {
            return Failure::NotLinked;
        }
        if status == 408 {
            return Failure::Unclear { status: Some(status) };
        }
    }
    Failure::Refused { status, message: said.message }
}

fn fault(request: &Request, response: &Response) -> Failure {
    let status = response.status;
    match &response.body {
        Ok(body) if request.is_send() && ServerError::of(body).is_contact_clash() => {
            Failure::RefusedNumber
        }
        Err(_) if request.is_send() => Failure::Unclear { status: Some(status) },
        _ => Failure::ServerFault { status },
    }
}
