//! Contacts, tags and templates, reading only (contract 4.6 to 4.8).

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use rusqlite::named_params;
use serde_json::{Value, json};

use crate::{
    auth::Caller,
    clock::iso,
    core::Core,
    database::fold,
    replies::{Params, Refusal, Reply, one_or_false},
};

/// Rows of a page, at most.
const LARGEST_PAGE: i64 = 100;

pub(crate) fn contact_routes() -> Router<Arc<Core>> {
    Router::new().route("/", get(contacts)).route("/tags", get(tags))
}

struct PageOf {
    page: i64,
    limit: i64,
    search: Option<String>,
}

impl PageOf {
    fn of(params: &Params) -> Result<Self, Refusal> {
        Ok(Self {
            page: params.count("page", 1)?.max(1),
            limit: params.count("limit", 20)?.clamp(1, LARGEST_PAGE),
            search: params
                .get("search")
                .filter(|text| !text.is_empty())
                .map(|text| format!("%{}%", fold(text))),
        })
    }

    fn offset(&self) -> i64 {
        (self.page - 1).saturating_mul(self.limit)
    }

    fn pages(&self, total: i64) -> i64 {
        total.saturating_add(self.limit - 1) / self.limit
    }
}

async fn contacts(State(core): State<Arc<Core>>, caller: Caller, params: Params) -> Reply {
    let page = PageOf::of(&params)?;
    let (tenant, search) = (caller.id(), page.search.clone());
    let (limit, offset) = (page.limit, page.offset());
    let (data, total) = core
        .database
        .call(move |rows| {
            const MATCHES: &str = "tenant_id = :tenant AND (:search IS NULL
                OR fold(name) LIKE :search OR fold(custom_name) LIKE :search
                OR phone_number LIKE :search OR fold(comments) LIKE :search)";
            let total: i64 = rows.query_row(
                &format!("SELECT count(*) FROM contacts WHERE {MATCHES}"),
                named_params! { ":tenant": tenant, ":search": search },
                |row| row.get(0),
            )?;
            let mut found = rows
                .prepare_cached(&format!(
                    "SELECT id, phone_number, name, custom_name, comments, is_blocked, created_at,
                         updated_at
                     FROM contacts WHERE {MATCHES}
                     ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset"
                ))?
                .query_map(
                    named_params! {
                        ":tenant": tenant, ":search": search, ":limit": limit, ":offset": offset,
                    },
                    |row| {
                        let contact: i64 = row.get(0)?;
                        Ok((
                            contact,
                            json!({
                                "id": contact,
                                "client_id": tenant,
                                "phone_number": row.get::<_, String>(1)?,
                                "name": row.get::<_, Option<String>>(2)?,
                                "custom_name": row.get::<_, Option<String>>(3)?,
                                "profile_pic_url": null,
                                "comments": row.get::<_, Option<String>>(4)?,
                                "is_blocked": one_or_false(row.get(5)?),
                                "last_message_at": null,
                                "created_at": iso(row.get(6)?),
                                "updated_at": iso(row.get(7)?),
                            }),
                        ))
                    },
                )?
                .collect::<Result<Vec<_>, _>>()?;
            for (contact, shown) in &mut found {
                let tags = rows
                    .prepare_cached(
                        "SELECT t.id, t.name, t.color, t.description, ct.assigned_at
                         FROM contact_tags ct JOIN tags t ON t.id = ct.tag_id
                         WHERE ct.contact_id = ?1 ORDER BY t.name",
                    )?
                    .query_map([*contact], |row| {
                        Ok(json!({
                            "id": row.get::<_, i64>(0)?,
                            "name": row.get::<_, String>(1)?,
                            "color": row.get::<_, String>(2)?,
                            "description": row.get::<_, Option<String>>(3)?,
                            "assigned_at": iso(row.get(4)?),
                        }))
                    })?
                    .collect::<Result<Vec<Value>, _>>()?;
                if let Some(members) = shown.as_object_mut() {
                    members.insert("tags".to_owned(), Value::Array(tags));
                }
            }
            Ok((found.into_iter().map(|(_, shown)| shown).collect::<Vec<_>>(), total))
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "data": data,
        "pagination": {
            "page": page.page, "limit": page.limit, "total": total, "pages": page.pages(total),
        },
        "filters": {
            "search": params.get("search").unwrap_or_default(), "blocked": null, "tagId": null,
            "tagIds": null, "tagAssignedFrom": null, "tagAssignedTo": null,
            "sortBy": "created_at", "sortOrder": "DESC",
        },
    })))
}

async fn tags(State(core): State<Arc<Core>>, caller: Caller) -> Reply {
    let tenant = caller.id();
    let data = core
        .database
        .call(move |rows| {
            let found = rows
                .prepare_cached(
                    "SELECT id, name, color, description, created_at, updated_at,
                         (SELECT count(*) FROM contact_tags ct WHERE ct.tag_id = tags.id)
                     FROM tags WHERE tenant_id = ?1 ORDER BY created_at DESC, id DESC",
                )?
                .query_map([tenant], |row| {
                    Ok(json!({
                        "id": row.get::<_, i64>(0)?,
                        "client_id": tenant,
                        "name": row.get::<_, String>(1)?,
                        "color": row.get::<_, String>(2)?,
                        "description": row.get::<_, Option<String>>(3)?,
                        "created_at": iso(row.get(4)?),
                        "updated_at": iso(row.get(5)?),
                        "has_auto_message": 0,
                        "auto_message_template_id": null,
                        "auto_message_delay_hours": "24.00",
                        "auto_message_content": null,
                        "is_active_auto": 0,
                        "contact_count": row.get::<_, i64>(6)?,
                    }))
                })?
                .collect::<Result<Vec<Value>, _>>()?;
            Ok(found)
        })
        .await?;
    Ok(Json(json!({ "success": true, "total": data.len(), "data": data })))
}

pub(crate) async fn templates(
    State(core): State<Arc<Core>>,
    caller: Caller,
    params: Params,
) -> Reply {
    let page = PageOf::of(&params)?;
    let (tenant, search) = (caller.id(), page.search.clone());
    let (limit, offset) = (page.limit, page.offset());
    let (templates, total) = core
        .database
        .call(move |rows| {
            const MATCHES: &str = "tenant_id = :tenant AND (:search IS NULL
                OR fold(name) LIKE :search OR fold(content) LIKE :search)";
            let total: i64 = rows.query_row(
                &format!("SELECT count(*) FROM templates WHERE {MATCHES}"),
                named_params! { ":tenant": tenant, ":search": search },
                |row| row.get(0),
            )?;
            let found = rows
                .prepare_cached(&format!(
                    "SELECT id, name, content, category, is_active, usage_count, created_at,
                         updated_at
                     FROM templates WHERE {MATCHES}
                     ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset"
                ))?
                .query_map(
                    named_params! {
                        ":tenant": tenant, ":search": search, ":limit": limit, ":offset": offset,
                    },
                    |row| {
                        Ok(json!({
                            "id": row.get::<_, i64>(0)?,
                            "client_id": tenant,
                            "name": row.get::<_, String>(1)?,
                            "content": row.get::<_, String>(2)?,
                            // Always empty on the recorded instance (contract 8.1).
                            "variables": [],
                            "category": row.get::<_, String>(3)?,
                            "is_active": row.get::<_, i64>(4)?,
                            "usage_count": row.get::<_, i64>(5)?,
                            "created_at": iso(row.get(6)?),
                            "updated_at": iso(row.get(7)?),
                        }))
                    },
                )?
                .collect::<Result<Vec<Value>, _>>()?;
            Ok((found, total))
        })
        .await?;
    Ok(Json(json!({
        "success": true,
        "templates": templates,
        "total": total,
        "page": page.page,
        "limit": page.limit,
        "total_pages": page.pages(total),
    })))
}
