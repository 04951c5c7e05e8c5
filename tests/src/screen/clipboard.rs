//! What was copied, asked for as a program would into which it is pasted.

use std::time::Duration;

use anyhow::Result;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt, CreateWindowAux, WindowClass};
use x11rb::{COPY_DEPTH_FROM_PARENT, COPY_FROM_PARENT, CURRENT_TIME, NONE};

use super::Screen;
use crate::poll::{Seen, until};

/// Four-byte units that are taken at once; what is larger would come in parts.
const LARGEST: u32 = 1 << 20;

impl Screen {
    /// Waits until the clipboard has something of this kind, such as `image/png`, and returns it.
    ///
    /// # Errors
    /// When it has not, or the display is gone.
    pub async fn until_copied(&self, kind: &str, limit: Duration) -> Result<Vec<u8>> {
        let (clipboard, target) = (self.atom("CLIPBOARD")?, self.atom(kind)?);
        let place = self.atom("CONDORITO_PASTED")?;
        let taker = self.connection.generate_id()?;
        self.connection
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                taker,
                self.root,
                0,
                0,
                1,
                1,
                0,
                WindowClass::INPUT_OUTPUT,
                COPY_FROM_PARENT,
                &CreateWindowAux::new(),
            )?
            .check()?;
        let pasted = until(&format!("{kind} on the clipboard"), limit, async || {
            self.connection
                .convert_selection(taker, clipboard, target, place, CURRENT_TIME)?
                .check()?;
            let mut answers = Vec::new();
            while let Some(event) = self.connection.poll_for_event()? {
                if let Event::SelectionNotify(answer) = event
                    && answer.requestor == taker
                    && answer.property != NONE
                {
                    let asked = self.connection.get_property(
                        true,
                        taker,
                        place,
                        AtomEnum::ANY,
                        0,
                        LARGEST,
                    )?;
                    answers.push(asked.reply()?.value);
                }
            }
            let answer = answers.into_iter().find(|value| !value.is_empty());
            Ok(Seen::from_option(answer, "nothing of the kind"))
        })
        .await;
        self.connection.destroy_window(taker)?.check()?;
        pasted
    }
}
