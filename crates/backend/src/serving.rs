//! Starting and stopping the listener without touching the rest of the instance.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    core::Core,
    error::Error,
    listener::{Doorway, Peer},
    routes, sockets,
};

/// A listener that serves.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Binds `address` and serves `core` there.
    pub(crate) async fn start(core: &Arc<Core>, address: SocketAddr) -> Result<Self, Error> {
        let refused = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let bound = listener.local_addr().map_err(refused)?;
        let _ = core.url.set(format!("http://{}{}", reachable(bound), core.config.base_path));
        let (layer, io) = sockets::layer(core);
        core.sockets.set(Some(io));
        let site = routes::router(core).layer(layer);
        let doorway = Doorway::new(listener, Arc::clone(&core.switch));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(doorway, site.into_make_service_with_connect_info::<Peer>())
            .with_graceful_shutdown(async move {
                let _ = stopped.await;
            });
        let task = tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the listener failed");
            }
        });
        Ok(Self { address: bound, stop: Some(stop), task })
    }

    /// Stops listening and cuts every connection; returns when nothing of it is left.
    pub(crate) async fn stop(mut self, core: &Core) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        core.switch.cut_all();
        core.sockets.close().await;
        // A connection accepted in the very last moment is cut in the next round.
        loop {
            core.switch.cut_all();
            if tokio::time::timeout(Duration::from_millis(20), &mut self.task).await.is_ok() {
                break;
            }
        }
    }
}

/// Where a listener on every address can be reached from this machine.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let loopback = match bound.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(loopback, bound.port())
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}
