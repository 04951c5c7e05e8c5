//! `media:` serves the page files of messages that are kept here: `/<message>` and
//! `/<message>/small`. It fetches nothing, and hands out pictures, sounds and films only.

use condorito_client::ErrorCode;
use std::ops::Range;
use tauri::http::{Method, Request, Response, StatusCode, header};
use tauri::{AppHandle, Manager, UriSchemeContext, UriSchemeResponder, Wry};

use crate::core::Core;
use crate::window;

/// The scheme's name.
pub const SCHEME: &str = "media";

type Body = Vec<u8>;

/// Answers a request of the page.
#[allow(clippy::needless_pass_by_value, reason = "the signature that Tauri calls")]
pub fn serve(
    context: UriSchemeContext<'_, Wry>,
    request: Request<Body>,
    responder: UriSchemeResponder,
) {
    if context.webview_label() != window::LABEL {
        responder.respond(bare(StatusCode::FORBIDDEN));
        return;
    }
    let app = context.app_handle().clone();
    tauri::async_runtime::spawn(async move {
        responder.respond(answer(&app, &request).await);
    });
}

async fn answer(app: &AppHandle, request: &Request<Body>) -> Response<Body> {
    if request.method() != Method::GET {
        return bare(StatusCode::METHOD_NOT_ALLOWED);
    }
    let Some((message, small)) = named(request.uri().path()) else {
        return bare(StatusCode::NOT_FOUND);
    };
    let asked = request.headers().get(header::RANGE).and_then(|range| range.to_str().ok());
    let range = match asked.map(range) {
        None => None,
        Some(Some(range)) => Some(range),
        Some(None) => return bare(StatusCode::RANGE_NOT_SATISFIABLE),
    };
    let partial = range.is_some() && !small;
    let part = match app.state::<Core>().media_part(message, small, range).await {
        Ok(part) => part,
        Err(ErrorCode::FileKind) => return bare(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Err(_) => return bare(StatusCode::NOT_FOUND),
    };
    if partial && part.start >= part.size {
        return bare(StatusCode::RANGE_NOT_SATISFIABLE);
    }
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, part.mime)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::ACCEPT_RANGES, "bytes")
        // What is cleared must not be shown from the page's own cache.
        .header(header::CACHE_CONTROL, "no-store");
    if partial {
        let end = part.start.saturating_add(u64::try_from(part.bytes.len()).unwrap_or(u64::MAX));
        response = response.status(StatusCode::PARTIAL_CONTENT).header(
            header::CONTENT_RANGE,
            format!("bytes {}-{}/{}", part.start, end.saturating_sub(1), part.size),
        );
    }
    response.body(part.bytes).unwrap_or_else(|_| bare(StatusCode::INTERNAL_SERVER_ERROR))
}

fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response
}

/// The message that a path names, and whether its small picture is meant.
fn named(path: &str) -> Option<(i64, bool)> {
    let path = path.strip_prefix('/')?;
    let (id, small) = match path.strip_suffix("/small") {
        Some(id) => (id, true),
        None => (path, false),
    };
    let digits = !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit());
    id.parse().ok().filter(|_| digits).map(|id| (id, small))
}

/// One part from its first byte to before its last, as `bytes=<first>-<last>` asks; `None` for
/// anything else.
fn range(asked: &str) -> Option<Range<u64>> {
    let (first, last) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.trim().parse().ok()?;
    let end = match last.trim() {
        "" => u64::MAX,
        last => last.parse::<u64>().ok()?.saturating_add(1),
    };
    (first < end).then_some(first..end)
}

#[cfg(test)]
mod tests {
    use super::{named, range};

    #[test]
    fn a_path_names_a_message() {
        for (path, expected) in [
            ("/12", Some((12, false))),
            ("/12/small", Some((12, true))),
            ("/", None),
            ("/-12", None),
            ("/+12", None),
            ("/12/../13", None),
            ("/12/large", None),
            ("/99999999999999999999", None),
        ] {
            assert_eq!(named(path), expected, "{path}");
        }
    }

    #[test]
    fn a_range_is_one_part() {
        for (asked, expected) in [
            ("bytes=0-", Some(0..u64::MAX)),
            ("bytes=5-9", Some(5..10)),
            ("bytes=9-5", None),
            ("bytes=-5", None),
            ("bytes=0-1,3-4", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(range(asked), expected, "{asked}");
        }
    }
}
