//! The addresses that follow from the one the operator gives (contract 1.1).

use reqwest::Url;

/// Why an address is not one of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// It cannot be read as an address with a host.
    #[error("not an address")]
    NotAnAddress,
    /// Neither `https` nor `http`.
    #[error("only https and http addresses are taken")]
    Scheme,
    /// It carries a user name or password, which would end up in logs and settings.
    #[error("an address must not carry a user name or password")]
    Credentials,
    /// It carries a query or a fragment.
    #[error("an address must not carry a query or fragment")]
    Query,
}

/// The addresses of one backend: `https://host/backend` gives REST under `/backend/api`, the
/// socket under `/backend/socket.io/` and media under `/backend/uploads`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Without a trailing slash in its path, except the root's.
    base: Url,
}

impl Endpoints {
    /// Reads an address as typed.
    ///
    /// # Errors
    /// When it is none, or one that is not taken.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let mut base = Url::parse(text.trim()).map_err(|_| InvalidAddress::NotAnAddress)?;
        if !matches!(base.scheme(), "https" | "http") {
            return Err(InvalidAddress::Scheme);
        }
        if base.host_str().is_none_or(str::is_empty) {
            return Err(InvalidAddress::NotAnAddress);
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(InvalidAddress::Credentials);
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(InvalidAddress::Query);
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        Ok(Self { base })
    }

    /// The address as it is kept and shown: no trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Whether what is said to it can be read on the way.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }

    /// An address below the base; `path` begins with a slash and may carry a query.
    #[must_use]
    pub fn rest(&self, path: &str) -> Url {
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        let mut url = self.below(path);
        url.set_query(query);
        url
    }

    /// Where the socket is. The trailing slash matters: without it the socket library finds no
    /// handshake. The prefix belongs into the path, never into a namespace.
    #[must_use]
    pub fn socket(&self) -> Url {
        self.below("/socket.io/")
    }

    /// Where a stored `media_url` is to be had: the server's idea of its own host is often wrong,
    /// so what follows `/uploads/` is joined to the base; another absolute address stays as it is
    /// (contract 4.15). `None` for what is no address, or would leave `/uploads/`.
    #[must_use]
    pub fn media(&self, stored: &str) -> Option<Url> {
        if let Some(at) = stored.find("/uploads/") {
            let suffix = stored.get(at..)?;
            let suffix = suffix.split(['?', '#']).next()?;
            let url = self.below(suffix);
            let root = self.below("/uploads/");
            return url.path().starts_with(root.path()).then_some(url);
        }
        match Url::parse(stored) {
            Ok(url) if matches!(url.scheme(), "https" | "http") => Some(url),
            Ok(_) => None,
            Err(_) if stored.starts_with('/') => Some(self.below(stored)),
            Err(_) => None,
        }
    }

    fn below(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Endpoints, InvalidAddress};

    #[test]
    fn a_prefix_goes_into_every_path() {
        let cases = [
            ("https://crm.example/backend", "https://crm.example/backend"),
            ("https://crm.example/backend/", "https://crm.example/backend"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("  http://[::1]:3000/ ", "http://[::1]:3000"),
            ("HTTPS://CRM.example:8443/a/b//", "https://crm.example:8443/a/b"),
        ];
        for (typed, base) in cases {
            let endpoints = Endpoints::parse(typed).unwrap();
            assert_eq!(endpoints.base(), base);
            assert_eq!(
                endpoints.rest("/api/messages/search?q=%25").as_str(),
                format!("{base}/api/messages/search?q=%25")
            );
            assert_eq!(endpoints.socket().as_str(), format!("{base}/socket.io/"));
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        let cases = [
            ("", InvalidAddress::NotAnAddress),
            ("crm.example", InvalidAddress::NotAnAddress),
            ("https://", InvalidAddress::NotAnAddress),
            ("ftp://crm.example", InvalidAddress::Scheme),
            ("ws://crm.example", InvalidAddress::Scheme),
            ("file:///etc/passwd", InvalidAddress::Scheme),
            ("javascript:alert(1)", InvalidAddress::Scheme),
            ("https://ana:clave@crm.example", InvalidAddress::Credentials),
            ("https://ana@crm.example", InvalidAddress::Credentials),
            ("https://crm.example/?a=1", InvalidAddress::Query),
            ("https://crm.example/#/login", InvalidAddress::Query),
        ];
        for (typed, expected) in cases {
            assert_eq!(Endpoints::parse(typed), Err(expected), "{typed:?}");
        }
    }

    #[test]
    fn media_come_from_the_base() {
        let endpoints = Endpoints::parse("https://crm.example/backend").unwrap();
        let cases = [
            (
                "http://localhost:3000/uploads/images/1_a.jpg",
                Some("https://crm.example/backend/uploads/images/1_a.jpg"),
            ),
            ("/uploads/audio/2.mp3", Some("https://crm.example/backend/uploads/audio/2.mp3")),
            ("/uploads/a.jpg?x=1#y", Some("https://crm.example/backend/uploads/a.jpg")),
            ("https://cdn.example/3.jpg", Some("https://cdn.example/3.jpg")),
            ("/otra/4.jpg", Some("https://crm.example/backend/otra/4.jpg")),
            ("/uploads/../api/auth/profile", None),
            ("/uploads/%2e%2e/api/auth/profile", None),
            ("file:///uploads", None),
            ("javascript:alert(1)", None),
            ("5.jpg", None),
            ("", None),
        ];
        for (stored, expected) in cases {
            let url = endpoints.media(stored);
            assert_eq!(url.as_ref().map(reqwest::Url::as_str), expected, "{stored:?}");
        }
    }
}
