//! `send-image` and `send-document` (contract 4.5): not stored by the route; WhatsApp's report
//! stores and tells them some time after the reply.

use std::sync::Arc;

use axum::{
    Json,
    extract::{ConnectInfo, Multipart, State, multipart::Field},
    http::{StatusCode, header},
};
use serde_json::json;

use super::{
    NOT_LINKED, Outcome,
    delivery::{Parcel, deliver, random_id},
    earlier, failed, key_of,
    numbers::whatsapp_id,
    report_later, see_through,
};
use crate::{
    auth::Caller,
    clock::{iso, now_ms},
    config::Dialect,
    core::Core,
    events::TenantKey,
    faults::SendStage,
    listener::Peer,
    replies::{Refusal, Reply},
};

/// Largest file, in bytes.
const FILE_LIMIT: usize = 10 * 1024 * 1024;
/// Largest multipart body: a file that is a little too big must still be told so.
pub(crate) const MULTIPART_LIMIT: usize = 12 * 1024 * 1024;

/// What the upload filter lets in, and the ending stored files get.
const ACCEPTED: [(&str, &str); 7] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("application/pdf", "pdf"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Image,
    Document,
}

impl Route {
    fn field(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Document => "document",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Image => "images",
            Self::Document => "documents",
        }
    }
}

struct Upload {
    name: String,
    mime: String,
    ending: &'static str,
    bytes: axum::body::Bytes,
}

#[derive(Default)]
struct Form {
    upload: Option<Upload>,
    to: Option<String>,
    caption: Option<String>,
    key: Option<String>,
}

fn bad(message: &str) -> Refusal {
    Refusal::told(StatusCode::BAD_REQUEST, message)
}

fn too_big() -> Refusal {
    bad("El archivo pasa de los 10 MB permitidos")
}

impl Form {
    async fn read(core: &Core, route: Route, mut parts: Multipart) -> Result<Self, Refusal> {
        let mut form = Self::default();
        while let Some(field) = parts.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            if field.file_name().is_some() {
                if name != route.field() || form.upload.is_some() {
                    return Err(Refusal::internal());
                }
                form.upload = Some(read_upload(core, field).await?);
                continue;
            }
            let text = field.text().await.map_err(broken)?;
            match name.as_str() {
                "to" => form.to = Some(text),
                "caption" => form.caption = Some(text),
                "clientMessageId" => form.key = Some(text),
                _ => {}
            }
        }
        Ok(form)
    }
}

fn broken(error: axum::extract::multipart::MultipartError) -> Refusal {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { too_big() } else { Refusal::internal() }
}

async fn read_upload(core: &Core, field: Field<'_>) -> Result<Upload, Refusal> {
    let mime = field.content_type().unwrap_or_default().to_ascii_lowercase();
    let Some((_, ending)) = ACCEPTED.iter().find(|(accepted, _)| *accepted == mime) else {
        return Err(bad("Ese tipo de archivo no se admite: solo imágenes, PDF y Word"));
    };
    let name = file_name(core, &field);
    let bytes = field.bytes().await.map_err(broken)?;
    if bytes.len() > FILE_LIMIT {
        return Err(too_big());
    }
    Ok(Upload { name, mime, ending, bytes })
}

/// `filename*` wins. A plain `filename` arrives garbled on the existing backend: its UTF-8 is read
/// as Latin-1 there.
fn file_name(core: &Core, field: &Field<'_>) -> String {
    let extended = field
        .headers()
        .get(header::CONTENT_DISPOSITION)
        .and_then(|value| value.to_str().ok())
        .and_then(extended_name);
    let plain = field.file_name().unwrap_or_default();
    match (extended, core.config.dialect) {
        (Some(name), _) => name,
        (None, Dialect::Embedded) => plain.to_owned(),
        (None, Dialect::Existing) => plain.bytes().map(char::from).collect(),
    }
}

/// The value of an RFC 5987 `filename*=UTF-8''…`.
fn extended_name(disposition: &str) -> Option<String> {
    let encoded = disposition.split(';').find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case("filename*").then_some(value.trim())
    })?;
    let (charset, rest) = encoded.split_once('\'')?;
    let (_language, text) = rest.split_once('\'')?;
    charset
        .eq_ignore_ascii_case("utf-8")
        .then(|| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
}

pub(crate) async fn send_image(
    State(core): State<Arc<Core>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    caller: Caller,
    parts: Multipart,
) -> Reply {
    let form = Form::read(&core, Route::Image, parts).await?;
    let upload = form.upload.ok_or_else(|| bad("Falta la imagen"))?;
    let to = form.to.filter(|to| !to.is_empty()).ok_or_else(|| bad("Falta el destino"))?;
    // The receiver gets the server's name of the file, not the sender's.
    let name = format!("image-{}-{}.{}", now_ms(), rand::random::<u32>(), upload.ending);
    let key = key_of(&core, form.key.as_deref());
    let parcel = parcel(Route::Image, &to, form.caption, name, key);
    let delivery = dispatch(&core, &peer, &caller, Route::Image, parcel, upload).await?;
    Ok(Json(json!({
        "success": true,
        "message": "La imagen quedó enviada",
        "messageId": delivery.message_id,
        "timestamp": delivery.accepted_at.div_euclid(1000),
        "to": delivery.to,
        "type": "image",
    })))
}

pub(crate) async fn send_document(
    State(core): State<Arc<Core>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    caller: Caller,
    parts: Multipart,
) -> Reply {
    let form = Form::read(&core, Route::Document, parts).await?;
    let upload = form.upload.ok_or_else(|| bad("Falta el documento"))?;
    let to = form.to.filter(|to| !to.is_empty()).ok_or_else(|| bad("Falta el destino"))?;
    if upload.mime.starts_with("image/") {
        return Err(bad("Por esta ruta no se envían imágenes"));
    }
    let size = upload.bytes.len();
    let key = key_of(&core, form.key.as_deref());
    let parcel = parcel(Route::Document, &to, form.caption, upload.name.clone(), key);
    let delivery = dispatch(&core, &peer, &caller, Route::Document, parcel, upload).await?;
    Ok(Json(json!({
        "success": true,
        "message": "El documento quedó enviado",
        "messageId": delivery.message_id,
        "timestamp": iso(delivery.accepted_at),
        "to": delivery.to,
        "type": "document",
        "filename": delivery.file_name,
        "size": size,
    })))
}

fn parcel(
    route: Route,
    to: &str,
    caption: Option<String>,
    file_name: String,
    key: Option<String>,
) -> Parcel {
    Parcel {
        to: whatsapp_id(to),
        kind: route.field(),
        text: caption.filter(|caption| !caption.is_empty()),
        file_name: Some(file_name),
        media_path: None,
        key,
    }
}

async fn dispatch(
    core: &Arc<Core>,
    peer: &Peer,
    caller: &Caller,
    route: Route,
    parcel: Parcel,
    upload: Upload,
) -> Result<super::delivery::Delivery, Refusal> {
    if !core.links.is_connected(caller.id()) {
        return Err(bad(NOT_LINKED));
    }
    let work = file_work(Arc::clone(core), caller.key(), route, parcel, upload);
    see_through(core, peer, work).await
}

async fn file_work(
    core: Arc<Core>,
    tenant: TenantKey,
    route: Route,
    mut parcel: Parcel,
    upload: Upload,
) -> Outcome {
    match earlier(&core, &tenant, parcel.key.as_ref()).await {
        Ok(Some(delivery)) => return Outcome::Sent(delivery),
        Ok(None) => {}
        Err(refusal) => return Outcome::Refused(refusal),
    }
    let fault = core.faults.next_send();
    if let Some((SendStage::BeforeDelivery, answer)) = fault {
        return Outcome::Spoiled(answer);
    }
    tokio::time::sleep(core.config.whatsapp.send_latency).await;
    match keep(&core, route.folder(), upload.ending, &upload.bytes).await {
        Ok(path) => parcel.media_path = Some(path),
        Err(error) => return Outcome::Refused(failed(error.to_string())),
    }
    let delivery = match deliver(&core, tenant.id, parcel).await {
        Ok(delivery) => delivery,
        Err(error) => return Outcome::Refused(failed(error.to_string())),
    };
    let usual = Some(core.config.whatsapp.file_echo_after);
    let (report_after, answer) = match fault {
        Some((SendStage::AfterDelivery { report_after_ms }, answer)) => {
            (report_after_ms.map(std::time::Duration::from_millis), Some(answer))
        }
        Some((_, answer)) => (usual, Some(answer)),
        None => (usual, None),
    };
    report_later(&core, tenant, delivery.clone(), report_after);
    answer.map_or(Outcome::Sent(delivery), Outcome::Spoiled)
}

/// Writes a media file; returns its path below the instance's address.
pub(crate) async fn keep(
    core: &Core,
    folder: &str,
    ending: &str,
    bytes: &[u8],
) -> Result<String, std::io::Error> {
    let directory = core.uploads().join(folder);
    tokio::fs::create_dir_all(&directory).await?;
    let chance = random_id().to_lowercase();
    let name = format!("{}_{}.{ending}", now_ms(), chance.get(4..10).unwrap_or(&chance));
    tokio::fs::write(directory.join(&name), bytes).await?;
    Ok(format!("/uploads/{folder}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extended_file_name_is_decoded() {
        let header = "form-data; name=\"document\"; filename=\"lista n.pdf\"; \
                      filename*=UTF-8''lista%20de%20precios%20%C3%B1.pdf";
        assert_eq!(extended_name(header).as_deref(), Some("lista de precios ñ.pdf"));
        assert_eq!(extended_name("form-data; name=\"a\"; filename=\"b\""), None);
    }
}
