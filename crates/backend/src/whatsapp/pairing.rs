//! How a link comes and goes, with the events that tell it (contract 3.2, 4.13).

use std::{sync::Arc, time::Duration};

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::{
    links::{Link, Phone},
    qr,
};
use crate::{
    clock::{iso, now_ms, whole_second},
    core::Core,
    database::DatabaseError,
    error::Error,
    events::{Happening, TenantKey},
    sending::delivery::random_id,
    tenants::Tenant,
};

/// Between the scan and the link being usable.
const SCAN_TO_READY: Duration = Duration::from_millis(60);
/// QR codes shown before an attempt is given up.
const QR_CODES: u32 = 30;

/// What the server remembers of the link.
pub(crate) fn remember(
    rows: &Connection,
    tenant: i64,
    status: &str,
    phone: Option<&str>,
) -> Result<(), DatabaseError> {
    let now = whole_second(now_ms());
    let connected_at = (status == "connected").then_some(now);
    rows.execute(
        "INSERT INTO whatsapp_sessions (tenant_id, phone_number, status, connected_at, last_activity)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (tenant_id) DO UPDATE SET status = excluded.status,
             phone_number = coalesce(excluded.phone_number, phone_number),
             connected_at = coalesce(excluded.connected_at, connected_at),
             last_activity = excluded.last_activity",
        params![tenant, phone, status, connected_at, now],
    )?;
    Ok(())
}

/// The phone a tenant links: the number of its profile.
pub(crate) fn phone_of(tenant: &Tenant) -> Phone {
    let digits = |text: &String| text.chars().filter(char::is_ascii_digit).collect();
    Phone {
        number: tenant.phone.as_ref().map(digits).unwrap_or_default(),
        name: tenant.company_name.clone(),
    }
}

fn told(event: &'static str, tenant: &TenantKey, members: Value) -> Happening {
    let mut payload = json!({ "clientCode": tenant.code });
    if let (Some(payload), Value::Object(members)) = (payload.as_object_mut(), members) {
        payload.extend(members);
        payload.insert("timestamp".to_owned(), json!(iso(now_ms())));
    }
    Happening::new(event, payload)
}

/// Shows one QR after another until one is scanned, another attempt begins or all are used up.
pub(crate) async fn pair(core: Arc<Core>, tenant: TenantKey, phone: Phone, attempt: u64) {
    let timing = core.config.whatsapp.clone();
    tokio::time::sleep(timing.qr_after).await;
    if let Some(scan_after) = timing.scan_after {
        let (core, tenant, phone) = (Arc::clone(&core), tenant.clone(), phone);
        let scanner = Arc::clone(&core);
        scanner.spawn(async move {
            tokio::time::sleep(scan_after).await;
            if let Err(error) = link(&core, &tenant, phone, Some(attempt)).await {
                tracing::warn!(%error, "a pairing failed");
            }
        });
    }
    for _ in 0..QR_CODES {
        if let Err(error) = show(&core, &tenant, attempt).await {
            tracing::warn!(%error, "no QR could be shown");
            return;
        }
        tokio::time::sleep(timing.qr_rotation).await;
        if core.links.get(tenant.id).and_then(|link| link.attempt()) != Some(attempt) {
            return;
        }
    }
}

async fn show(core: &Core, tenant: &TenantKey, attempt: u64) -> Result<(), Error> {
    let png = Arc::new(qr::png(&format!("2@{}{}{}", random_id(), random_id(), random_id()))?);
    if !core.links.show(tenant.id, attempt, Arc::clone(&png), now_ms()) {
        return Ok(());
    }
    let owner = tenant.clone();
    core.change(tenant, move |rows, happenings| {
        remember(rows, owner.id, "connecting", None)?;
        happenings.push(told("whatsapp:qr", &owner, json!({ "qr": qr::data_url(&png) })));
        Ok(())
    })
    .await?;
    Ok(())
}

/// Links the phone and tells it. With an attempt: only if that one is still under way; the answer
/// is whether the link was made.
pub(crate) async fn link(
    core: &Core,
    tenant: &TenantKey,
    phone: Phone,
    attempt: Option<u64>,
) -> Result<bool, Error> {
    let still = |link: Option<Link>| link.and_then(|link| link.attempt()) == attempt;
    if attempt.is_some() && !still(core.links.get(tenant.id)) {
        return Ok(false);
    }
    let owner = tenant.clone();
    core.change(tenant, move |_, happenings| {
        happenings.push(told("whatsapp:authenticated", &owner, json!({})));
        Ok(())
    })
    .await?;
    tokio::time::sleep(SCAN_TO_READY).await;
    match attempt {
        Some(attempt) => {
            if !core.links.complete(tenant.id, attempt, phone.clone()) {
                return Ok(false);
            }
        }
        None => core.links.set(tenant.id, Link::Connected(phone.clone())),
    }
    let owner = tenant.clone();
    let ((), emitted) = core
        .change(tenant, move |rows, happenings| {
            remember(rows, owner.id, "connected", Some(&phone.number))?;
            happenings.push(told(
                "whatsapp:ready",
                &owner,
                json!({
                    "phoneNumber": phone.number,
                    "clientInfo": { "pushname": phone.name, "platform": "android" },
                }),
            ));
            happenings.push(told(
                "whatsapp:status_updated",
                &owner,
                json!({
                    "status": "connected", "phoneNumber": phone.number, "connected": true,
                }),
            ));
            happenings.push(told(
                "whatsapp:connection_completed",
                &owner,
                json!({ "success": true, "phoneNumber": phone.number }),
            ));
            Ok(())
        })
        .await?;
    emitted.wait().await;
    Ok(true)
}

/// Ends the link, tells why.
pub(crate) async fn unlink(
    core: &Core,
    tenant: &TenantKey,
    reason: &'static str,
) -> Result<(), DatabaseError> {
    core.links.remove(tenant.id);
    let owner = tenant.clone();
    let ((), emitted) = core
        .change(tenant, move |rows, happenings| {
            remember(rows, owner.id, "disconnected", None)?;
            happenings.push(told("whatsapp:disconnected", &owner, json!({ "reason": reason })));
            Ok(())
        })
        .await?;
    emitted.wait().await;
    Ok(())
}
