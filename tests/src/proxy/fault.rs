//! What can befall a connection.

use std::time::Duration;

use rand::Rng;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// A page that is no answer of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// 502 and HTML, as a gateway gives it.
    BadGateway,
    /// 200 and HTML, as a captive portal gives it.
    Portal,
}

/// What befalls a connection: at once, or once so many bytes went in a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// When.
    pub after: Option<(Direction, u64)>,
    /// What.
    pub kind: Kind,
}

/// Kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Both ends are closed; with `reset` without a farewell.
    Cut {
        /// RST in place of FIN.
        reset: bool,
    },
    /// Both ways stand still for good, and both ends stay open.
    Blackhole,
    /// One way stands still for good.
    HalfOpen(Direction),
    /// Both ways stand still for a while.
    Stall(Duration),
    /// From now on so many bytes at a time, so often.
    Trickle {
        /// Bytes.
        bytes: usize,
        /// Pause.
        pause: Duration,
    },
    /// So many bytes to the client become 0xFF, which no JSON, UTF-8 or header holds: damage that
    /// TCP's checksum missed and that can be noticed. Bytes to the server are never damaged:
    /// what a server makes of them says nothing of the client.
    Corrupt(usize),
    /// The so-many-th request of the connection is answered by a page. With `delivered` the server
    /// got it, and its answer is thrown away.
    Answer {
        /// Counted from 1.
        request: u32,
        /// With what.
        page: Page,
        /// Whether the server got the request.
        delivered: bool,
    },
}

impl Fault {
    /// One that happens at once.
    pub const fn now(kind: Kind) -> Self {
        Self { after: None, kind }
    }

    /// One for a new connection.
    pub fn draw(chance: &mut impl Rng) -> Self {
        // Somewhere in the head, in a short answer, or far into a page of a list.
        let longest = match chance.random_range(0..4) {
            0 => 60,
            1 => 400,
            2 => 3000,
            _ => 60_000,
        };
        let bytes = chance.random_range(0..longest);
        let direction = if chance.random_bool(0.4) { Direction::Up } else { Direction::Down };
        let after = Some((direction, bytes));
        match chance.random_range(0..10) {
            0 | 1 => Self { after, kind: Kind::Cut { reset: chance.random_bool(0.5) } },
            2 => Self { after, kind: Kind::Blackhole },
            3 => Self { after, kind: Kind::HalfOpen(direction) },
            4 => {
                let pause = Duration::from_millis(chance.random_range(50..4000));
                Self { after, kind: Kind::Stall(pause) }
            }
            5 => Self { after, kind: Self::crawl(chance) },
            6 => {
                let after = Some((Direction::Down, bytes));
                Self { after, kind: Kind::Corrupt(chance.random_range(1..16)) }
            }
            _ => Self { after: None, kind: Self::foreign(chance) },
        }
    }

    /// One for connections that are open.
    pub fn strike(chance: &mut impl Rng) -> Self {
        Self::now(match chance.random_range(0..8) {
            0 | 1 => Kind::Cut { reset: chance.random_bool(0.5) },
            2 => Kind::Blackhole,
            3 => Kind::HalfOpen(Direction::Up),
            4 => Kind::HalfOpen(Direction::Down),
            5 => Kind::Stall(Duration::from_millis(chance.random_range(50..4000))),
            6 => Self::crawl(chance),
            _ => Kind::Corrupt(chance.random_range(1..16)),
        })
    }

    fn crawl(chance: &mut impl Rng) -> Kind {
        Kind::Trickle {
            bytes: chance.random_range(1..200),
            pause: Duration::from_millis(chance.random_range(5..60)),
        }
    }

    fn foreign(chance: &mut impl Rng) -> Kind {
        Kind::Answer {
            request: chance.random_range(1..4),
            page: if chance.random_bool(0.5) { Page::BadGateway } else { Page::Portal },
            delivered: chance.random_bool(0.5),
        }
    }
}

impl Kind {
    /// What it is counted as.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cut { .. } => "cut",
            Self::Blackhole => "blackhole",
            Self::HalfOpen(_) => "half-open",
            Self::Stall(_) => "stall",
            Self::Trickle { .. } => "trickle",
            Self::Corrupt(_) => "corrupt",
            Self::Answer { page: Page::BadGateway, delivered: true, .. } => "502 after delivery",
            Self::Answer { page: Page::BadGateway, delivered: false, .. } => "502 undelivered",
            Self::Answer { page: Page::Portal, delivered: true, .. } => "HTML after delivery",
            Self::Answer { page: Page::Portal, delivered: false, .. } => "HTML undelivered",
        }
    }
}

impl Page {
    /// As it goes over the wire.
    pub(super) fn bytes(self) -> Vec<u8> {
        let (status, body) = match self {
            Self::BadGateway => {
                ("502 Bad Gateway", "<html><head><title>502 Bad Gateway</title></head></html>")
            }
            Self::Portal => ("200 OK", "<!doctype html><html><body>Bienvenido</body></html>"),
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
        .into_bytes()
    }
}
