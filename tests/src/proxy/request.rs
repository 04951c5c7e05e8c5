//! Where requests begin and end on a connection: as much of HTTP/1.1 as a client of ours speaks.

/// Follows the bytes that a client sends.
#[derive(Debug, Default)]
pub struct Requests {
    state: State,
    /// The head as far as it has come.
    head: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// So many bytes of a body to come.
    Body(u64),
    /// Not requests any more.
    Raw,
}

/// What a piece of bytes brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Requests whose last byte came with it.
    pub ended: u32,
    /// Whether the connection becomes a WebSocket with it.
    pub upgrade: bool,
}

impl Requests {
    /// Takes the next bytes.
    pub fn take(&mut self, mut bytes: &[u8]) -> Seen {
        let mut seen = Seen { ended: 0, upgrade: false };
        while !bytes.is_empty() {
            match self.state {
                State::Raw => break,
                State::Body(left) => {
                    let here = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(left);
                    bytes = bytes.get(usize::try_from(here).unwrap_or(0)..).unwrap_or_default();
                    self.body(left - here, &mut seen);
                }
                State::Head => {
                    let (&first, rest) = bytes.split_first().unwrap_or((&0, &[]));
                    self.head.push(first);
                    bytes = rest;
                    if self.head.ends_with(b"\r\n\r\n") {
                        self.head(&mut seen);
                    }
                }
            }
        }
        seen
    }

    fn head(&mut self, seen: &mut Seen) {
        let head = std::mem::take(&mut self.head);
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        if request.parse(&head).is_err() {
            self.state = State::Raw;
            return;
        }
        let value = |name: &str| {
            let header = request.headers.iter().find(|one| one.name.eq_ignore_ascii_case(name));
            header.and_then(|header| std::str::from_utf8(header.value).ok())
        };
        if value("upgrade").is_some_and(|to| to.eq_ignore_ascii_case("websocket")) {
            self.state = State::Raw;
            seen.upgrade = true;
            seen.ended += 1;
        } else if value("transfer-encoding").is_some() {
            self.state = State::Raw;
        } else {
            let length = value("content-length").and_then(|length| length.parse().ok());
            self.body(length.unwrap_or(0), seen);
        }
    }

    fn body(&mut self, left: u64, seen: &mut Seen) {
        if left == 0 {
            self.state = State::Head;
            seen.ended += 1;
        } else {
            self.state = State::Body(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Requests, Seen};

    #[test]
    fn requests_are_counted_however_they_are_cut() {
        let text =
            b"POST /a HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\n\r\nhola!GET /b HTTP/1.1\r\n\
            Host: x\r\n\r\nGET /socket.io HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\nGET /";
        for piece in [1, 3, 50, 1000] {
            let mut requests = Requests::default();
            let seen: Vec<Seen> = text.chunks(piece).map(|bytes| requests.take(bytes)).collect();
            assert_eq!(seen.iter().map(|seen| seen.ended).sum::<u32>(), 3, "pieces of {piece}");
            assert!(seen.iter().any(|seen| seen.upgrade), "pieces of {piece}");
        }
    }
}
