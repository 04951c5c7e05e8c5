//! An operator at the app, a backend behind it and a contact who writes.

use anyhow::{Context, Result};
use condorito_tests::app::{App, SOON};
use condorito_tests::backend::Backend;
use condorito_tests::built::artifacts;
use condorito_tests::desktop::Desktop;
use condorito_tests::poll::{Seen, until};
use fantoccini::key::Key;
use serde_json::{Value, json};

/// The company that signs in.
pub const TENANT: &str = "CLI001";
/// Its password.
pub const PASSWORD: &str = "Secreto-2024";
/// A contact's number.
pub const ANA: &str = "5491150239962";

/// Everything of one test. Dropped from top to bottom: the app first, its desktop last.
pub struct Operator {
    /// The window.
    pub app: App,
    /// The backend.
    pub backend: Backend,
    /// The desktop.
    pub desktop: Desktop,
}

impl Operator {
    /// Starts a backend with one company, whose contact Ana has written `texts`, and opens the app
    /// on the sign-in screen.
    ///
    /// # Errors
    /// When a part does not come up.
    pub async fn at_the_door(test: &str, texts: &[&str]) -> Result<Self> {
        let folder = artifacts(test)?;
        let backend = Backend::start(&folder)?;
        backend.order("addTenant", json!({"clientCode": TENANT, "password": PASSWORD})).await?;
        for text in texts {
            write(&backend, text).await?;
        }
        let desktop = Desktop::start(&folder).await?;
        let app = App::start(&desktop, &["--locale", "es"]).await?;
        Ok(Self { app, backend, desktop })
    }

    /// As [`Operator::at_the_door`], signed in and caught up.
    ///
    /// # Errors
    /// When a part does not come up or signing in fails.
    pub async fn at_work(test: &str, texts: &[&str]) -> Result<Self> {
        let operator = Self::at_the_door(test, texts).await?;
        operator.sign_in(PASSWORD).await?;
        operator.until_connection("online").await?;
        Ok(operator)
    }

    /// Kills the app as a power cut would, and opens it again.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn with_a_killed_app(self) -> Result<Self> {
        self.app.kill(&self.desktop)?;
        let app = App::start(&self.desktop, &["--locale", "es"]).await?;
        Ok(Self { app, ..self })
    }

    /// Kills the app, and opens it again by a link.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn with_an_app_opened_by(self, link: &str) -> Result<Self> {
        self.app.kill(&self.desktop)?;
        let app = App::start(&self.desktop, &["--locale", "es", link]).await?;
        Ok(Self { app, ..self })
    }

    /// Fills in the sign-in screen and submits it.
    ///
    /// # Errors
    /// When a field is missing.
    pub async fn sign_in(&self, password: &str) -> Result<()> {
        self.app.fill(&by_id("login-backend"), &self.backend.url()).await?;
        self.app.fill(&by_id("login-code"), TENANT).await?;
        self.app.fill(&by_id("login-password"), password).await?;
        self.app.click(&by_id("login-submit")).await
    }

    /// Waits until the app says it is in this state of connection.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn until_connection(&self, state: &str) -> Result<()> {
        let script = "
            const shown = document.querySelector('[data-testid=connection-state]');
            return shown?.dataset.state === arguments[0] || (shown?.dataset.state ?? document.body.innerText);
        ";
        self.app
            .until_within(
                SOON * 2,
                &format!("the connection to be {state}"),
                script,
                vec![json!(state)],
            )
            .await
    }

    /// Ana writes.
    ///
    /// # Errors
    /// When the backend is down.
    pub async fn ana_writes(&self, text: &str) -> Result<()> {
        write(&self.backend, text).await
    }

    /// Somebody writes who has not written before.
    ///
    /// # Errors
    /// When the backend is down.
    pub async fn stranger_writes(&self, phone: &str, text: &str) -> Result<()> {
        let message = json!({"tenant": TENANT, "phone": phone, "text": text});
        self.backend.order("inject", message).await.map(drop)
    }

    /// The server's id of Ana's conversation.
    ///
    /// # Errors
    /// When the server has none.
    pub async fn anas_conversation(&self) -> Result<i64> {
        let all = self.backend.order("conversations", json!({"tenant": TENANT})).await?;
        let found = all
            .as_array()
            .into_iter()
            .flatten()
            .find(|conversation| conversation.get("contactPhone") == Some(&json!(ANA)));
        found
            .and_then(|conversation| conversation.get("id"))
            .and_then(Value::as_i64)
            .with_context(|| format!("Ana's conversation in {all}"))
    }

    /// Opens a conversation from the list.
    ///
    /// # Errors
    /// When it is not in the list or its messages do not appear.
    pub async fn open(&self, conversation: i64) -> Result<()> {
        self.app.click(&row(conversation)).await?;
        self.until_open(conversation).await
    }

    /// Waits until a conversation is open, with messages.
    ///
    /// # Errors
    /// When it does not open.
    pub async fn until_open(&self, conversation: i64) -> Result<()> {
        let script = "
            const row = document.querySelector(arguments[0]);
            const messages = document.querySelectorAll('[data-testid=message]').length;
            return (row?.getAttribute('aria-current') === 'true' && messages > 0) || messages;
        ";
        self.app
            .until_within(
                SOON,
                "the conversation to be open",
                script,
                vec![json!(row(conversation))],
            )
            .await
    }

    /// Writes into the open conversation and sends.
    ///
    /// # Errors
    /// When there is no composer, or the text does not appear among the messages.
    pub async fn answer(&self, text: &str) -> Result<()> {
        self.app.fill(&by_id("composer"), text).await?;
        self.app.press(&by_id("composer"), Key::Enter).await?;
        self.app
            .until_within(
                SOON,
                &format!("{text:?} among the messages"),
                "return [...document.querySelectorAll('[data-testid=message]')].some((it) => it.innerText.includes(arguments[0]))",
                vec![json!(text)],
            )
            .await
    }

    /// Waits until the own messages on screen are exactly these texts in this order, all in `state`.
    ///
    /// # Errors
    /// When they never are, with what there is instead.
    pub async fn until_own_messages(&self, state: &str, texts: &[&str]) -> Result<()> {
        let script = "
            const own = [...document.querySelectorAll('[data-testid=message][data-from=client]')];
            const seen = own.map((it) => [it.dataset.state, it.innerText]);
            const wanted = arguments[1];
            return (seen.length === wanted.length
                && seen.every(([state, text], at) => state === arguments[0] && text.includes(wanted[at]))) || seen;
        ";
        self.app
            .until_within(
                SOON * 2,
                &format!("own messages {state}: {texts:?}"),
                script,
                vec![json!(state), json!(texts)],
            )
            .await
    }

    /// Waits until WhatsApp was handed exactly these texts, in this order.
    ///
    /// # Errors
    /// When it was not, with what it was handed instead.
    pub async fn until_delivered(&self, texts: &[&str]) -> Result<()> {
        until("the deliveries", SOON * 2, async || {
            let all = self.backend.order("deliveries", json!({"tenant": TENANT})).await?;
            let handed: Vec<&str> = all
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|delivery| delivery.get("text").and_then(Value::as_str))
                .collect();
            Ok(Seen::when(handed == texts, all.to_string()))
        })
        .await
    }
}

async fn write(backend: &Backend, text: &str) -> Result<()> {
    let message = json!({"tenant": TENANT, "phone": ANA, "name": "Ana Pérez", "text": text});
    backend.order("inject", message).await.map(drop)
}

/// Selector of an element by its test id.
pub fn by_id(id: &str) -> String {
    format!("[data-testid={id}]")
}

/// Selector of a conversation's row in the list.
pub fn row(conversation: i64) -> String {
    format!("[data-testid=conversation-row][data-id='{conversation}']")
}
