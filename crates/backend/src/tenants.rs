//! The companies that log in.

use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde_json::{Value, json};

use crate::{
    clock::{iso, now_ms, whole_second},
    database::DatabaseError,
    events::TenantKey,
    replies::sum,
};

/// A tenant's row.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) id: i64,
    pub(crate) client_code: String,
    pub(crate) company_name: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) status: String,
    pub(crate) password_hash: String,
    created_at: i64,
    updated_at: i64,
}

const COLUMNS: &str =
    "id, client_code, company_name, email, phone, status, password_hash, created_at, updated_at";

impl Tenant {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            id: row.get(0)?,
            client_code: row.get(1)?,
            company_name: row.get(2)?,
            email: row.get(3)?,
            phone: row.get(4)?,
            status: row.get(5)?,
            password_hash: row.get(6)?,
            created_at: row.get(7)?,
            updated_at: row.get(8)?,
        })
    }

    pub(crate) fn by_id(rows: &Connection, id: i64) -> Result<Option<Self>, DatabaseError> {
        Ok(rows
            .prepare_cached(&format!("SELECT {COLUMNS} FROM tenants WHERE id = ?1"))?
            .query_row([id], Self::read)
            .optional()?)
    }

    /// The code's case does not matter (contract 2.1).
    pub(crate) fn by_code(rows: &Connection, code: &str) -> Result<Option<Self>, DatabaseError> {
        Ok(rows
            .prepare_cached(&format!("SELECT {COLUMNS} FROM tenants WHERE client_code = ?1"))?
            .query_row([code], Self::read)
            .optional()?)
    }

    pub(crate) fn key(&self) -> TenantKey {
        TenantKey { id: self.id, code: self.client_code.clone() }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.status == "active"
    }

    /// Admin is who is named so (contract 2.4).
    pub(crate) fn is_admin(&self) -> bool {
        self.company_name == "Admin"
    }

    /// `client` of the auth replies.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "client_code": self.client_code,
            "company_name": self.company_name,
            "email": self.email,
            "phone": self.phone,
            "status": self.status,
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
        })
    }
}

/// A tenant to be made.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// The code it logs in with, 3 to 50 letters.
    pub client_code: String,
    /// Its password, at least 6 letters.
    pub password: String,
    /// The company's name.
    pub company_name: String,
    /// Number of its handset, digits only.
    pub phone: String,
    /// Whether WhatsApp is linked from the start.
    pub linked: bool,
}

impl NewTenant {
    /// A linked tenant with a name and a number made from its code.
    #[must_use]
    pub fn new(client_code: impl Into<String>, password: impl Into<String>) -> Self {
        let client_code = client_code.into();
        Self {
            company_name: format!("Comercio {client_code}"),
            client_code,
            password: password.into(),
            phone: "5491130000001".to_owned(),
            linked: true,
        }
    }
}

/// Writes the row; `None` when the code is taken.
pub(crate) fn insert(
    rows: &Connection,
    tenant: &NewTenant,
    password_hash: &str,
) -> Result<Option<i64>, DatabaseError> {
    let now = whole_second(now_ms());
    let inserted = rows.execute(
        "INSERT INTO tenants
             (client_code, company_name, email, phone, password_hash, created_at, updated_at)
         VALUES (:code, :name, :email, :phone, :hash, :now, :now)
         ON CONFLICT (client_code) DO NOTHING",
        named_params! {
            ":code": tenant.client_code,
            ":name": tenant.company_name,
            ":email": format!("{}@example.test", tenant.client_code.to_lowercase()),
            ":phone": format!("+{}", tenant.phone),
            ":hash": password_hash,
            ":now": now,
        },
    )?;
    Ok((inserted == 1).then(|| rows.last_insert_rowid()))
}

/// `stats` of login, verify and profile.
pub(crate) fn totals(rows: &Connection, tenant: i64) -> Result<Value, DatabaseError> {
    let (messages, bot, manual): (i64, Option<i64>, Option<i64>) = rows.query_row(
        "SELECT count(*), sum(sender_type = 'bot'), sum(sender_type = 'client')
         FROM messages WHERE tenant_id = ?1",
        [tenant],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let count = |table: &str| -> Result<i64, rusqlite::Error> {
        rows.query_row(
            &format!("SELECT count(*) FROM {table} WHERE tenant_id = ?1"),
            [tenant],
            |row| row.get(0),
        )
    };
    Ok(json!({
        "totalContacts": count("contacts")?,
        "totalConversations": count("conversations")?,
        "totalMessages": messages,
        "botMessages": sum(bot),
        "manualMessages": sum(manual),
        "totalTemplates": count("templates")?,
    }))
}
