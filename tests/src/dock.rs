//! A dock that shows nothing, but hears what counts apps want on their icons.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use zbus::{Connection, MatchRule, MessageStream, OwnedVariant};

/// The dock on the test's own bus.
pub struct Dock {
    updates: MessageStream,
}

/// A count on an icon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The desktop entry that the icon is of, `application://….desktop`.
    pub entry: String,
    /// The count, `None` when it is not to be seen.
    pub count: Option<i64>,
}

impl Dock {
    /// Listens from now on at the bus at `address`.
    ///
    /// # Errors
    /// When the bus cannot be reached.
    pub async fn listen(address: &str) -> Result<Self> {
        let connection: Connection =
            zbus::connection::Builder::address(address).build().await.context("the dock's bus")?;
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface("com.canonical.Unity.LauncherEntry")
            .member("Update")
            .build()?;
        let updates = MessageStream::for_match_rule(rule, &connection, None).await?;
        Ok(Self { updates })
    }

    /// The next count that an app wants to have shown.
    ///
    /// # Errors
    /// When none comes within `limit` or it is not as docks read it.
    pub async fn next(&mut self, limit: Duration) -> Result<Count> {
        let message = tokio::time::timeout(limit, self.updates.next())
            .await
            .context("no count within the time")?
            .context("the bus is gone")??;
        let (entry, properties): (String, HashMap<String, OwnedVariant>) =
            message.body().deserialize()?;
        let get = |name: &str| properties.get(name).with_context(|| format!("{name} is missing"));
        let count = i64::try_from(get("count")?).context("count is an int64")?;
        let visible = bool::try_from(get("count-visible")?).context("count-visible is a bool")?;
        Ok(Count { entry, count: visible.then_some(count) })
    }
}
