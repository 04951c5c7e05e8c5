//! Looking into a running instance and giving it orders.

use std::{net::SocketAddr, sync::Arc};

use rusqlite::params;

use crate::{
    auth::passwords,
    config::{Dialect, EchoKind},
    core::Core,
    database::DatabaseError,
    error::Error,
    events::last_seq,
    faults::Faults,
    history::Sender,
    sending::delivery::Delivery,
    serving::Serving,
    simulator::{
        bulk,
        phone::{self, Report, Stored},
    },
    tenants::{self, NewTenant, Tenant},
    views::{self, ConversationView, MessageView},
    whatsapp::{self, Link, phone_of},
};

/// The inside of a running instance; cheap to clone and to hand to a task.
#[derive(Clone)]
pub struct Instance {
    pub(crate) core: Arc<Core>,
}

impl Instance {
    /// `http://host:port` and the base path, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        self.core.url()
    }

    /// The address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.core.address.get().copied().unwrap_or(self.core.config.address)
    }

    /// The path sockets connect to, with its trailing slash.
    #[must_use]
    pub fn socket_path(&self) -> String {
        format!("{}/socket.io/", self.core.config.base_path)
    }

    /// Orders faults.
    #[must_use]
    pub fn faults(&self) -> Faults<'_> {
        Faults::new(&self.core)
    }

    /// Makes a tenant; one that is there already keeps its password and rows.
    ///
    /// # Errors
    /// When the password cannot be hashed or the database fails.
    pub async fn add_tenant(&self, tenant: NewTenant) -> Result<i64, Error> {
        add_tenant(&self.core, tenant).await
    }

    /// Sets a tenant's `status`: `active`, `inactive` or `suspended`.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn set_status(&self, client_code: &str, status: &str) -> Result<(), Error> {
        let tenant = self.tenant(client_code).await?;
        let status = status.to_owned();
        self.core
            .database
            .change(move |rows| {
                Ok(rows.execute(
                    "UPDATE tenants SET status = ?2 WHERE id = ?1",
                    params![tenant.id, status],
                )?)
            })
            .await?;
        Ok(())
    }

    /// A contact writes. `phone` is a number or a WhatsApp id. `None`: the message was dropped, as
    /// the existing backend drops the second message of a foreign number.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn inject_message(
        &self,
        client_code: &str,
        phone: &str,
        name: &str,
        text: &str,
    ) -> Result<Option<Stored>, Error> {
        self.report(client_code, Report::text(phone, Some(name), Sender::Contact, text)).await
    }

    /// A contact writes `count` texts, `text 1` to `text count`, as fast as they can be stored;
    /// returns how many were.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn inject_many(
        &self,
        client_code: &str,
        phone: &str,
        count: u32,
        text: &str,
    ) -> Result<u32, Error> {
        let tenant = self.tenant(client_code).await?.key();
        let mut stored = 0;
        let mut last = None;
        for number in 1..=count {
            let said = format!("{text} {number}");
            let report = Report::text(phone, None, Sender::Contact, &said);
            let (outcome, emitted) = phone::report(&self.core, &tenant, report).await?;
            stored += u32::from(outcome.is_some());
            last = Some(emitted);
        }
        if let Some(emitted) = last {
            emitted.wait().await;
        }
        Ok(stored)
    }

    /// The owner writes from the handset.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn send_from_phone(
        &self,
        client_code: &str,
        phone: &str,
        text: &str,
    ) -> Result<Option<Stored>, Error> {
        self.report(client_code, Report::text(phone, None, Sender::Client, text)).await
    }

    /// The bot answers a contact (kind B).
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn bot_reply(
        &self,
        client_code: &str,
        phone: &str,
        text: &str,
    ) -> Result<Option<Stored>, Error> {
        self.report(client_code, Report::text(phone, None, Sender::Bot, text)).await
    }

    /// WhatsApp reports a contact's message whose id is given: twice the same id is once stored.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn inject_with_id(
        &self,
        client_code: &str,
        phone: &str,
        text: &str,
        message_id: &str,
    ) -> Result<Option<Stored>, Error> {
        let mut report = Report::text(phone, None, Sender::Contact, text);
        report.message_id = Some(message_id.to_owned());
        self.report(client_code, report).await
    }

    async fn report(&self, client_code: &str, report: Report) -> Result<Option<Stored>, Error> {
        let tenant = self.tenant(client_code).await?.key();
        let (stored, emitted) = phone::report(&self.core, &tenant, report).await?;
        emitted.wait().await;
        Ok(stored)
    }

    /// All conversations of a tenant, newest first.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn conversations(&self, client_code: &str) -> Result<Vec<ConversationView>, Error> {
        let tenant = self.tenant(client_code).await?.id;
        Ok(self.core.database.call(move |rows| views::conversations(rows, tenant)).await?)
    }

    /// All messages of a conversation, oldest first.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn messages(
        &self,
        client_code: &str,
        conversation: i64,
    ) -> Result<Vec<MessageView>, Error> {
        let tenant = self.tenant(client_code).await?.id;
        Ok(self.core.database.call(move |rows| views::messages(rows, tenant, conversation)).await?)
    }

    /// What reached WhatsApp, in order: the proof that nothing was sent twice.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn deliveries(&self, client_code: &str) -> Result<Vec<Delivery>, Error> {
        let tenant = self.tenant(client_code).await?.id;
        Ok(self.core.database.call(move |rows| Delivery::all(rows, tenant)).await?)
    }

    /// The number of the tenant's newest event.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn last_seq(&self, client_code: &str) -> Result<i64, Error> {
        let tenant = self.tenant(client_code).await?.id;
        Ok(self.core.database.call(move |rows| last_seq(rows, tenant)).await?)
    }

    /// Links WhatsApp as if the QR had been scanned, or unlinks it as the phone does. Both are
    /// told by events.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn set_linked(&self, client_code: &str, linked: bool) -> Result<(), Error> {
        let tenant = self.tenant(client_code).await?;
        if linked {
            whatsapp::link(&self.core, &tenant.key(), phone_of(&tenant), None).await?;
        } else {
            whatsapp::unlink(&self.core, &tenant.key(), "LOGOUT").await?;
        }
        Ok(())
    }

    /// Scans the QR that is on show; false when there is none.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn scan_qr(&self, client_code: &str) -> Result<bool, Error> {
        let tenant = self.tenant(client_code).await?;
        match self.core.links.get(tenant.id) {
            Some(Link::Waiting { attempt, .. }) => {
                whatsapp::link(&self.core, &tenant.key(), phone_of(&tenant), Some(attempt)).await
            }
            _ => Ok(false),
        }
    }

    /// Which event follows the texts sent from now on.
    pub fn set_echo(&self, kind: EchoKind) {
        self.core.echo.set(kind);
    }

    /// Writes `conversations` conversations of `messages_each` messages at once, without events.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn seed(
        &self,
        client_code: &str,
        conversations: u32,
        messages_each: u32,
    ) -> Result<(), Error> {
        let tenant = self.tenant(client_code).await?.id;
        self.core
            .database
            .change(move |rows| bulk::seed(rows, tenant, conversations, messages_each))
            .await?;
        Ok(())
    }

    /// Stops listening: every connection is cut, new ones are refused. The rows stay.
    pub async fn go_down(&self) {
        if let Some(serving) = self.core.serving.lock().await.take() {
            serving.stop(&self.core).await;
        }
    }

    /// Listens again on the same address after [`Self::go_down`]. What lived in memory is gone:
    /// counts of the limiters and, on the existing dialect, the link to WhatsApp.
    ///
    /// # Errors
    /// When the address was taken meanwhile.
    pub async fn come_up(&self) -> Result<(), Error> {
        let mut serving = self.core.serving.lock().await;
        if serving.is_none() {
            self.core.limiter.clear();
            self.core.password_attempts.clear();
            if self.core.config.dialect == Dialect::Existing {
                self.core.links.clear();
            }
            *serving = Some(Serving::start(&self.core, self.address()).await?);
        }
        Ok(())
    }

    /// [`Self::go_down`], then [`Self::come_up`].
    ///
    /// # Errors
    /// When the address was taken meanwhile.
    pub async fn restart(&self) -> Result<(), Error> {
        self.go_down().await;
        self.come_up().await
    }

    async fn tenant(&self, client_code: &str) -> Result<Tenant, Error> {
        let code = client_code.to_owned();
        self.core
            .database
            .call(move |rows| Tenant::by_code(rows, &code))
            .await?
            .ok_or_else(|| Error::UnknownTenant(client_code.to_owned()))
    }
}

/// Makes a tenant, linked when asked; without events.
pub(crate) async fn add_tenant(core: &Core, tenant: NewTenant) -> Result<i64, Error> {
    let password = tenant.password.clone();
    let hash = tokio::task::spawn_blocking(move || passwords::hash(&password))
        .await
        .map_err(|error| Error::Secrets(error.to_string()))??;
    let row = core
        .database
        .change(move |rows| {
            let inserted = tenants::insert(rows, &tenant, &hash)?;
            if let (Some(id), true) = (inserted, tenant.linked) {
                whatsapp::remember(rows, id, "connected", Some(&tenant.phone))?;
            }
            let row = Tenant::by_code(rows, &tenant.client_code)?;
            Ok(row.map(|row| (row, inserted.is_some() && tenant.linked)))
        })
        .await?;
    let Some((row, linked)) = row else {
        return Err(DatabaseError::Unavailable.into());
    };
    if linked {
        core.links.set(row.id, Link::Connected(phone_of(&row)));
    }
    Ok(row.id)
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Instance").field("url", &self.url()).finish_non_exhaustive()
    }
}
