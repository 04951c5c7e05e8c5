//! How to get to a backend: one TLS policy for REST and socket, proxy, time-outs.

use crate::endpoints::{Endpoints, InvalidAddress};
use native_tls::{Certificate, Protocol, TlsConnector};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why no client can be made from the options.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is not one.
    #[error("invalid address: {0}")]
    Address(#[from] InvalidAddress),
    /// The file with extra certificates cannot be read, or holds none.
    #[error("extra certificates: {0}")]
    Certificates(String),
    /// The platform's TLS refuses to start.
    #[error("TLS: {0}")]
    Tls(#[from] native_tls::Error),
    /// The proxy's address is not one.
    #[error("proxy: {0}")]
    Proxy(#[source] reqwest::Error),
    /// The HTTP client refuses the options.
    #[error("HTTP client: {0}")]
    Http(#[from] reqwest::Error),
}

/// Through which HTTP proxy REST goes. The socket library knows none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Proxy {
    /// The system's, from its settings or the environment.
    #[default]
    System,
    /// None, whatever the system says.
    Direct,
    /// This one, for everything.
    Url(String),
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To have a connection.
    pub connect: Duration,
    /// For the whole of an ordinary request.
    pub request: Duration,
    /// For a send: the server itself tries for up to 55 s (contract 4.4).
    pub send: Duration,
    /// To link WhatsApp: the server blocks up to 65 s (contract 4.13).
    pub whatsapp_connect: Duration,
    /// For `GET /health` and for saying goodbye.
    pub probe: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(20),
            send: Duration::from_secs(90),
            whatsapp_connect: Duration::from_secs(75),
            probe: Duration::from_secs(5),
        }
    }
}

/// Everything a client of one backend needs to know.
#[derive(Debug, Clone)]
pub struct NetOptions {
    /// Where it is.
    pub endpoints: Endpoints,
    /// A PEM file of certificates to trust beside the system's, for REST and socket alike.
    pub extra_ca: Option<PathBuf>,
    /// The proxy for REST.
    pub proxy: Proxy,
    /// `User-Agent` of REST.
    pub user_agent: String,
    /// How long to wait.
    pub timeouts: Timeouts,
}

impl NetOptions {
    /// The defaults for this backend.
    #[must_use]
    pub fn new(endpoints: Endpoints) -> Self {
        Self {
            endpoints,
            extra_ca: None,
            proxy: Proxy::default(),
            user_agent: concat!("condorito-desktop/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeouts: Timeouts::default(),
        }
    }

    /// The one TLS policy: the system's trust store, the extra file, TLS 1.2 or later. OpenSSL
    /// takes some 60 ms to read the trust store, so whoever can shares one.
    ///
    /// # Errors
    /// When the extra file cannot be used, or TLS refuses to start.
    pub fn tls(&self) -> Result<TlsConnector, SetupError> {
        let mut builder = TlsConnector::builder();
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        if let Some(path) = &self.extra_ca {
            for certificate in certificates(path)? {
                builder.add_root_certificate(certificate);
            }
        }
        Ok(builder.build()?)
    }

    /// A client that never repeats a request by itself, follows no redirect and keeps no cookie.
    /// Its pool holds up to `idle` connections; with 0, each request has a connection of its own,
    /// so that there is no reused one whose end could be mistaken for 'not written yet'.
    pub(crate) fn client(
        &self,
        idle: usize,
        tls: TlsConnector,
    ) -> Result<reqwest::Client, SetupError> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(self.timeouts.connect)
            .pool_max_idle_per_host(idle)
            .user_agent(&self.user_agent);
        let builder = match &self.proxy {
            Proxy::System => builder,
            Proxy::Direct => builder.no_proxy(),
            Proxy::Url(url) => builder.proxy(reqwest::Proxy::all(url).map_err(SetupError::Proxy)?),
        };
        Ok(builder.build()?)
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, SetupError> {
    let pem = std::fs::read(path).map_err(|error| SetupError::Certificates(error.to_string()))?;
    let list = Certificate::stack_from_pem(&pem)
        .map_err(|error| SetupError::Certificates(error.to_string()))?;
    if list.is_empty() {
        return Err(SetupError::Certificates("the file holds none".to_owned()));
    }
    Ok(list)
}
