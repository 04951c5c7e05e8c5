//! What is on the test's display, asked of the display itself, and what a person does to windows,
//! by way of the window manager.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, EventMask, ImageFormat, Window,
};
use x11rb::rust_connection::RustConnection;

use crate::poll::{Seen, until};

mod clipboard;

/// Class of the app's window.
const CLASS: &[u8] = b"condorito-desktop";

/// The display.
pub struct Screen {
    connection: RustConnection,
    root: Window,
}

/// A rectangle on the screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// What a window looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Picture {
    /// Share of its pixels that are light, from 0 to 1.
    pub light: f64,
    /// Whether all of them have the same colour.
    pub blank: bool,
}

impl Screen {
    /// Connects to a display such as `:1`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn connect(display: &str) -> Result<Self> {
        let (connection, number) =
            RustConnection::connect(Some(display)).context("the test's display")?;
        let setup = connection.setup();
        let root = setup.roots.get(number).context("a screen")?.root;
        Ok(Self { connection, root })
    }

    /// Waits until a window manager looks after the windows.
    ///
    /// # Errors
    /// When none does.
    pub async fn until_managed(&self, limit: Duration) -> Result<()> {
        until("a window manager", limit, async || {
            let manager = self.numbers(self.root, "_NET_SUPPORTING_WM_CHECK")?;
            Ok(Seen::when(!manager.is_empty(), "none"))
        })
        .await
    }

    /// The app's window, when it is among those that a person could get at: not when it is hidden.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn window(&self) -> Result<Option<Window>> {
        for window in self.numbers(self.root, "_NET_CLIENT_LIST")? {
            let class = self.connection.get_property(
                false,
                window,
                AtomEnum::WM_CLASS,
                AtomEnum::STRING,
                0,
                256,
            )?;
            // A window may go between the list and the question.
            let Ok(class) = class.reply() else { continue };
            let mut parts = class.value.split(|&byte| byte == 0);
            if parts.any(|part| part.eq_ignore_ascii_case(CLASS)) {
                return Ok(Some(window));
            }
        }
        Ok(None)
    }

    /// Waits for the app's window to be there, and returns it.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn until_there(&self, limit: Duration) -> Result<Window> {
        until("the window", limit, async || Ok(Seen::from_option(self.window()?, "none"))).await
    }

    /// Waits for a window beside `main` to be there or, with `there` false, to have gone; returns it.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn until_dialog(
        &self,
        main: Window,
        there: bool,
        limit: Duration,
    ) -> Result<Option<Window>> {
        until("the dialog", limit, async || {
            let windows = self.numbers(self.root, "_NET_CLIENT_LIST")?;
            let dialog = windows.iter().copied().find(|&window| window != main);
            let come = dialog.is_some() == there;
            Ok(Seen::from_option(come.then_some(dialog), format!("windows {windows:?}")))
        })
        .await
    }

    /// Waits for the app's window to be hidden.
    ///
    /// # Errors
    /// When it stays.
    pub async fn until_hidden(&self, limit: Duration) -> Result<()> {
        until("the window to be hidden", limit, async || {
            Ok(Seen::when(self.window()?.is_none(), "it is there"))
        })
        .await
    }

    /// Waits for the app's window to be in front with the focus.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn until_in_front(&self, limit: Duration) -> Result<Window> {
        until("the window in front", limit, async || {
            let active = self.numbers(self.root, "_NET_ACTIVE_WINDOW")?;
            let window = self.window()?;
            let found = window.filter(|window| active.contains(window));
            Ok(Seen::from_option(found, format!("{window:?}, active {active:?}")))
        })
        .await
    }

    /// Closes a window by its frame's button.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn close(&self, window: Window) -> Result<()> {
        self.ask(window, "_NET_CLOSE_WINDOW", [0, 2, 0, 0, 0])
    }

    /// Minimises a window by its frame's button.
    ///
    /// # Errors
    /// When the display is gone.
    pub async fn minimise(&self, window: Window, limit: Duration) -> Result<()> {
        self.ask(window, "WM_CHANGE_STATE", [3, 0, 0, 0, 0])?;
        let hidden = self.atom("_NET_WM_STATE_HIDDEN")?;
        until("the window to be minimised", limit, async || {
            let states = self.numbers(window, "_NET_WM_STATE")?;
            Ok(Seen::when(states.contains(&hidden), format!("{states:?}")))
        })
        .await
    }

    /// Moves and resizes a window by its frame.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn put(&self, window: Window, area: Area) -> Result<()> {
        // Gravity of the window's own, all four values given, asked by a person.
        let flags = 0b1111 << 8 | 2 << 12;
        let edge = |value: i32| u32::from_ne_bytes(value.to_ne_bytes());
        let values = [flags, edge(area.x), edge(area.y), area.width, area.height];
        self.ask(window, "_NET_MOVERESIZE_WINDOW", values)
    }

    /// Where a window is: its upper left corner with its frame, its size without.
    ///
    /// # Errors
    /// When the window is gone.
    pub fn area(&self, window: Window) -> Result<Area> {
        let size = self.connection.get_geometry(window)?.reply()?;
        let inner = self.connection.translate_coordinates(window, self.root, 0, 0)?.reply()?;
        let frame = self.numbers(window, "_NET_FRAME_EXTENTS")?;
        let (left, top) = match frame.as_slice() {
            [left, _, top, _] => (i32::try_from(*left)?, i32::try_from(*top)?),
            _ => (0, 0),
        };
        Ok(Area {
            x: i32::from(inner.dst_x) - left,
            y: i32::from(inner.dst_y) - top,
            width: size.width.into(),
            height: size.height.into(),
        })
    }

    /// Waits until a window is exactly there.
    ///
    /// # Errors
    /// When it is elsewhere, with where.
    pub async fn until_at(&self, window: Window, area: Area, limit: Duration) -> Result<()> {
        until("the window at its place", limit, async || {
            let now = self.area(window)?;
            Ok(Seen::when(now == area, format!("{now:?} for {area:?}")))
        })
        .await
    }

    /// What the display shows where the window is; `None` while it is not there to be seen.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn picture(&self) -> Result<Option<Picture>> {
        let Some(window) = self.window()? else {
            return Ok(None);
        };
        let Ok(size) = self.connection.get_geometry(window)?.reply() else {
            return Ok(None);
        };
        let (width, height) = (size.width, size.height);
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, width, height, u32::MAX)?
            .reply();
        // Not mapped yet, not mapped any more, or partly outside.
        let Ok(image) = image else {
            return Ok(None);
        };
        let (mut count, mut light, mut blank) = (0_u32, 0_u32, true);
        let mut first = None;
        // Every 13th is enough to tell, and in time for the next picture.
        for pixel in image.data.chunks_exact(4).step_by(13) {
            let [blue, green, red, _] = pixel else { continue };
            let colour = [*blue, *green, *red];
            blank &= *first.get_or_insert(colour) == colour;
            count += 1;
            if colour.iter().map(|&part| u32::from(part)).sum::<u32>() > 3 * 150 {
                light += 1;
            }
        }
        if count == 0 {
            bail!("a picture of {width} by {height} without pixels");
        }
        Ok(Some(Picture { light: f64::from(light) / f64::from(count), blank }))
    }

    fn ask(&self, window: Window, message: &str, values: [u32; 5]) -> Result<()> {
        let event = ClientMessageEvent::new(32, window, self.atom(message)?, values);
        let to_the_manager = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
        self.connection.send_event(false, self.root, to_the_manager, event)?.check()?;
        Ok(())
    }

    fn atom(&self, name: &str) -> Result<u32> {
        Ok(self.connection.intern_atom(false, name.as_bytes())?.reply()?.atom)
    }

    /// The numbers of a property; none when it is not set or the window is gone.
    fn numbers(&self, window: Window, property: &str) -> Result<Vec<u32>> {
        let property = self.atom(property)?;
        let asked =
            self.connection.get_property(false, window, property, AtomEnum::ANY, 0, 1024)?;
        Ok(asked
            .reply()
            .ok()
            .and_then(|reply| reply.value32().map(Iterator::collect))
            .unwrap_or_default())
    }
}
