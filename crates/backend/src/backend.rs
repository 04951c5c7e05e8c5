//! The library's surface: start an instance, look into it, give it orders, stop it.

use std::{ops::Deref, sync::Arc};

use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    config::{Config, Dialect},
    core::{Core, Parts},
    database::{Database, DatabaseError},
    error::Error,
    events::emit_departures,
    faults::Board,
    instance::Instance,
    serving::Serving,
    simulator::{Hearing, demo, traffic},
    sockets::Sockets,
    tenants::Tenant,
    whatsapp::{Link, phone_of},
};

/// Starts instances.
#[derive(Debug)]
pub struct Backend;

impl Backend {
    /// Opens the database, binds the address and serves.
    ///
    /// # Errors
    /// When the base path is malformed, the database cannot be opened or the address is taken.
    pub async fn start(config: Config) -> Result<BackendHandle, Error> {
        check_base_path(&config.base_path)?;
        let database = Database::open(&config.database)?;
        let secret = signing_secret(&database).await?;
        let (uploads, borrowed_folder) = match &config.uploads {
            Some(folder) => (folder.clone(), None),
            None => {
                let folder = TempDir::with_prefix("condorito-uploads-")?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        std::fs::create_dir_all(&uploads)?;
        let (departures, inbox) = mpsc::unbounded_channel();
        let faults = Arc::new(Board::default());
        let sockets = Arc::new(Sockets::default());
        let emitter =
            tokio::spawn(emit_departures(inbox, Arc::clone(&faults), Arc::clone(&sockets)));
        let address = config.address;
        let core = Arc::new(Core::new(Parts {
            config,
            database,
            secret,
            uploads,
            departures,
            faults,
            sockets,
            hearing: Hearing::new(),
        }));
        if core.config.dialect == Dialect::Embedded {
            restore_links(&core).await?;
        }
        // Before the first client can look: it finds the whole history.
        let demo = match core.config.demo.clone() {
            Some(demo) => Some((demo::prepare(&core, demo.seed).await?, demo)),
            None => None,
        };
        let serving = Serving::start(&core, address).await?;
        let _ = core.address.set(serving.address);
        *core.serving.lock().await = Some(serving);
        if let Some((tenant, demo)) = demo {
            traffic::begin(&core, tenant, &demo);
        }
        Ok(BackendHandle {
            instance: Instance { core },
            emitter,
            _borrowed_folder: borrowed_folder,
        })
    }
}

fn check_base_path(path: &str) -> Result<(), Error> {
    let sound = path.is_empty()
        || (path.starts_with('/')
            && !path.ends_with('/')
            && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte)));
    if sound { Ok(()) } else { Err(Error::BasePath(path.to_owned())) }
}

/// The secret tokens are signed with: made once per database.
async fn signing_secret(database: &Database) -> Result<Vec<u8>, Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Secrets(error.to_string()))?;
    let fresh: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let secret: String = database
        .change(move |rows| {
            rows.execute(
                "INSERT INTO settings (name, value) VALUES ('jwt_secret', ?1)
                 ON CONFLICT (name) DO NOTHING",
                [fresh],
            )?;
            Ok(rows.query_row(
                "SELECT value FROM settings WHERE name = 'jwt_secret'",
                [],
                |row| row.get(0),
            )?)
        })
        .await?;
    Ok(secret.into_bytes())
}

/// Links the tenants that were linked when the database was last used.
async fn restore_links(core: &Core) -> Result<(), DatabaseError> {
    let linked = core
        .database
        .call(|rows| {
            let ids = rows
                .prepare("SELECT tenant_id FROM whatsapp_sessions WHERE status = 'connected'")?
                .query_map([], |row| row.get::<_, i64>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            ids.into_iter().map(|id| Tenant::by_id(rows, id)).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    for tenant in linked.into_iter().flatten() {
        core.links.set(tenant.id, Link::Connected(phone_of(&tenant)));
    }
    Ok(())
}

/// A running instance and the duty to stop it with [`Self::shutdown`]. When merely dropped, its
/// listener and tasks live on with the runtime.
#[derive(Debug)]
pub struct BackendHandle {
    instance: Instance,
    emitter: JoinHandle<()>,
    _borrowed_folder: Option<TempDir>,
}

impl BackendHandle {
    /// Ends everything; returns when no task, thread, connection or temporary file is left.
    pub async fn shutdown(self) {
        let core = &self.instance.core;
        self.instance.go_down().await;
        core.end_background().await;
        core.database.close().await;
        self.emitter.abort();
        let _ = self.emitter.await;
    }
}

impl Deref for BackendHandle {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}
