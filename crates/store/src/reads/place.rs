//! Places in a conversation, and the texts that name them.

use condorito_model::RowId;
use std::str::FromStr;

/// A message, by what its `cursor` or `id` says of its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// A server message: milliseconds of its time and its id. Written `m:<millis>:<id>`.
    Message {
        /// Server time in milliseconds.
        sent_at: i64,
        /// Row id.
        id: i64,
    },
    /// A text not sent yet, by its order. Written `o:<order>`.
    Outbox(i64),
    /// A row id alone; a negative one is an order. Written as a number.
    Id(RowId),
}

/// Which page of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The last one.
    Newest,
    /// Right before a message.
    Before(Anchor),
    /// Right after a message.
    After(Anchor),
    /// A message and what lies on both sides.
    Around(Anchor),
}

impl FromStr for Anchor {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| crate::Error::NoPlace);
        match text.split_once(':') {
            Some(("m", rest)) => {
                let (sent_at, id) = rest.split_once(':').ok_or(crate::Error::NoPlace)?;
                Ok(Self::Message { sent_at: number(sent_at)?, id: number(id)? })
            }
            Some(("o", order)) => Ok(Self::Outbox(number(order)?)),
            Some(_) => Err(crate::Error::NoPlace),
            None => Ok(Self::Id(RowId(number(text)?))),
        }
    }
}

/// The cursor of a server message.
pub(crate) fn message_cursor(sent_at: i64, id: i64) -> String {
    format!("m:{sent_at}:{id}")
}

/// The cursor of a text not sent yet.
pub(crate) fn outbox_cursor(order: i64) -> String {
    format!("o:{order}")
}

/// The cursor after one row of a list by (number, id), as `c:<number>:<id>`.
pub(crate) fn list_cursor(number: i64, id: i64) -> String {
    format!("c:{number}:{id}")
}

/// The reverse of [`list_cursor`].
pub(crate) fn parse_list_cursor(text: &str) -> Result<(i64, i64), crate::Error> {
    let parsed = text.strip_prefix("c:").and_then(|rest| {
        let (number, id) = rest.split_once(':')?;
        Some((number.parse().ok()?, id.parse().ok()?))
    });
    parsed.ok_or(crate::Error::NoPlace)
}

#[cfg(test)]
mod tests {
    use super::{Anchor, message_cursor, outbox_cursor};
    use condorito_model::RowId;

    #[test]
    fn reads_what_it_wrote_and_plain_ids() {
        let message = Anchor::Message { sent_at: -5, id: 7 };
        for (text, expected) in [
            (message_cursor(-5, 7), Some(message)),
            (outbox_cursor(3), Some(Anchor::Outbox(3))),
            ("12".into(), Some(Anchor::Id(RowId(12)))),
            ("-12".into(), Some(Anchor::Id(RowId(-12)))),
            ("m:1".into(), None),
            ("x:1:2".into(), None),
            ("m:1:2:3".into(), None),
            ("99999999999999999999".into(), None),
            (String::new(), None),
        ] {
            assert_eq!(text.parse::<Anchor>().ok(), expected, "{text:?}");
        }
    }
}
