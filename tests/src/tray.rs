//! A panel that shows nothing, but takes tray icons, reads them and clicks on them as one would.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use zbus::{Connection, OwnedVariant, Proxy};

use crate::poll::{Seen, until};

const NAME: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";
const ITEM_PATH: &str = "/StatusNotifierItem";

/// An item's pictures: width, height, and pixels with alpha first.
pub type Pixmaps = Vec<(i32, i32, Vec<u8>)>;

/// The panel on the test's own bus.
pub struct Panel {
    connection: Connection,
    items: watch::Receiver<Vec<String>>,
}

struct Interface {
    items: watch::Sender<Vec<String>>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Interface {
    fn register_status_notifier_item(&self, service: String) {
        self.items.send_modify(|items| items.push(service));
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items.borrow().clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

impl Panel {
    /// Takes the name `org.kde.StatusNotifierWatcher` on the bus at `address`.
    ///
    /// # Errors
    /// When the bus cannot be reached or the name is taken.
    pub async fn start(address: &str) -> Result<Self> {
        let (sender, items) = watch::channel(Vec::new());
        let connection = zbus::connection::Builder::address(address)
            .name(NAME)
            .serve_at(PATH, Interface { items: sender })
            .build()
            .await
            .context("the recorded panel")?;
        Ok(Self { connection, items })
    }

    /// The icon that was put into the tray last, once there is one.
    ///
    /// # Errors
    /// When there is none within `limit`.
    pub async fn item(&self, limit: Duration) -> Result<Item> {
        let name = until("an icon in the tray", limit, async || {
            Ok(Seen::from_option(self.items.borrow().last().cloned(), "none"))
        })
        .await?;
        let (bus, interface) = (&self.connection, "org.kde.StatusNotifierItem");
        let item: Proxy<'static> =
            Proxy::new_owned(bus.clone(), name.clone(), ITEM_PATH, interface).await?;
        let menu: zbus::OwnedObjectPath = item.get_property("Menu").await?;
        let interface = "com.canonical.dbusmenu";
        let menu = Proxy::new_owned(bus.clone(), name, menu, interface).await?;
        Ok(Item { item, menu })
    }
}

/// An icon in the tray.
pub struct Item {
    item: Proxy<'static>,
    menu: Proxy<'static>,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How the menu knows it.
    pub id: i32,
    /// What it says; empty for a separator.
    pub label: String,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// Whether it is checked; `None` when it cannot be.
    pub checked: Option<bool>,
}

impl Item {
    /// Title and text of its tooltip.
    ///
    /// # Errors
    /// When the app is gone.
    pub async fn tooltip(&self) -> Result<(String, String)> {
        // Asked each time: the item tells of changes, but not by `PropertiesChanged`.
        let (_, _, title, text): (String, Pixmaps, String, String) =
            self.property("ToolTip").await?;
        Ok((title, text))
    }

    /// Its pictures.
    ///
    /// # Errors
    /// When the app is gone.
    pub async fn pictures(&self) -> Result<Pixmaps> {
        self.property("IconPixmap").await
    }

    async fn property<T>(&self, name: &str) -> Result<T>
    where
        T: TryFrom<OwnedVariant>,
        T::Error: Into<zbus::Error>,
    {
        let properties = Proxy::new(
            self.item.connection(),
            self.item.destination().to_owned(),
            ITEM_PATH,
            "org.freedesktop.DBus.Properties",
        )
        .await?;
        let value: OwnedVariant =
            properties.call("Get", &("org.kde.StatusNotifierItem", name)).await?;
        T::try_from(value).map_err(|error| anyhow::anyhow!(error.into()))
    }

    /// Its menu, without what is above the lines.
    ///
    /// # Errors
    /// When the app is gone.
    pub async fn menu(&self) -> Result<Vec<Line>> {
        let every: (Vec<i32>, Vec<String>) = Default::default();
        let all: Vec<(i32, HashMap<String, OwnedVariant>)> =
            self.menu.call("GetGroupProperties", &every).await?;
        let mut lines: Vec<Line> = all
            .into_iter()
            .filter(|(id, _)| *id != 0)
            .map(|(id, properties)| {
                let text = |name: &str| {
                    properties.get(name).and_then(|it| it.downcast_ref::<String>().ok())
                };
                let number =
                    |name: &str| properties.get(name).and_then(|it| it.downcast_ref::<i32>().ok());
                let enabled = properties.get("enabled").and_then(|it| it.downcast_ref().ok());
                Line {
                    id,
                    label: text("label").unwrap_or_default(),
                    enabled: enabled.unwrap_or(true),
                    checked: text("toggle-type").and(number("toggle-state")).map(|it| it == 1),
                }
            })
            .collect();
        lines.sort_by_key(|line| line.id);
        Ok(lines)
    }

    /// Waits until its tooltip says `text`.
    ///
    /// # Errors
    /// After `limit`, with what it says instead.
    pub async fn until_it_says(&self, text: &str, limit: Duration) -> Result<()> {
        until(&format!("the tray to say {text:?}"), limit, async || {
            let (_, said) = self.tooltip().await?;
            Ok(Seen::when(said == text, said))
        })
        .await
    }

    /// Chooses a line of the menu by its label.
    ///
    /// # Errors
    /// When there is no such line.
    pub async fn choose(&self, label: &str) -> Result<()> {
        let menu = self.menu().await?;
        let line = menu.iter().find(|line| line.label == label);
        let id = line.with_context(|| format!("no {label:?} in {menu:?}"))?.id;
        let nothing = zbus::Variant::from(0_i32);
        let chosen: zbus::Result<()> =
            self.menu.call("Event", &(id, "clicked", nothing, 0_u32)).await;
        chosen.with_context(|| format!("choosing {label:?}"))
    }

    /// Clicks on the icon itself.
    ///
    /// # Errors
    /// When the app is gone.
    pub async fn click(&self) -> Result<()> {
        let clicked: zbus::Result<()> = self.item.call("Activate", &(0_i32, 0_i32)).await;
        clicked.context("clicking on the tray icon")
    }
}
