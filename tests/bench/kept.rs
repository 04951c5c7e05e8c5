//! Data folders that are filled once and kept for the next run: made by the real client, which
//! signs in to an embedded backend that is gone afterwards, and filled through the store.

use crate::headless::Headless;
use crate::world::{CODE, World};
use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use condorito_backend::{Backend, Config, NewTenant};
use condorito_model::ConversationId;
use condorito_model::record::{Run, StoreOp};
use condorito_store::{Key, Options, Store};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// Grows when the content or the way of filling changes: what was kept is then made anew.
const EDITION: u32 = 1;

/// Rows of one commit while filling.
const BATCH: usize = 1_000;

/// A data folder of an account that is signed in.
pub struct Kept {
    /// What the client is given.
    pub data: PathBuf,
    /// The folder of the account's two files.
    pub account: PathBuf,
    /// Their key.
    pub key: [u8; 32],
}

impl Kept {
    /// The folder of this name, made and filled unless it was before.
    pub async fn prepare(folder: &Path, name: &str, world: Option<World>) -> Result<Self> {
        let data = folder.join(name);
        let mark = folder.join(format!("{name}.ready"));
        let edition = format!("{EDITION} {world:?}\n");
        let ready = fs::read_to_string(&mark).is_ok_and(|kept| kept == edition);
        if !ready {
            for leftover in [fs::remove_file(&mark), fs::remove_dir_all(&data)] {
                match leftover {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(error.into());
                    }
                    _ => {}
                }
            }
            sign_in(&data).await?;
        }
        let kept = Self::find(data)?;
        if !ready {
            if let Some(world) = world {
                eprintln!("filling {}", kept.account.display());
                let (store, _, _) = kept.open().await?;
                fill(&store, world).await?;
                store.close().await;
            }
            fs::write(&mark, edition)?;
        }
        Ok(kept)
    }

    fn find(data: PathBuf) -> Result<Self> {
        let account = fs::read_dir(data.join("accounts"))?.next().context("an account")??.path();
        let secrets: Value = serde_json::from_slice(&fs::read(data.join("secrets.json"))?)?;
        let name = account.file_name().context("its name")?.to_string_lossy();
        let key = secrets
            .pointer(&format!("/secrets/key:{name}"))
            .and_then(Value::as_str)
            .context("the key of the account")?;
        let key = STANDARD.decode(key)?;
        let key = key.try_into().ok().context("a key has 32 bytes")?;
        Ok(Self { data, account, key })
    }

    /// Opens the account's store.
    pub async fn open(
        &self,
    ) -> Result<(Store, condorito_model::record::Snapshot, condorito_store::OpenReport)> {
        Ok(Store::open(&self.account, Key::new(self.key), Options::default()).await?)
    }

    /// A copy of the account's files, in a folder that goes with it.
    pub fn copy(&self) -> Result<tempfile::TempDir> {
        let above = self.data.parent().context("the folder above")?;
        let copy = tempfile::TempDir::new_in(above)?;
        for file in ["outbox.db", "cache.db"] {
            fs::copy(self.account.join(file), copy.path().join(file))?;
        }
        Ok(copy)
    }
}

async fn sign_in(data: &Path) -> Result<()> {
    let backend = Backend::start(Config::default()).await?;
    backend.add_tenant(NewTenant::new(CODE, "medida")).await?;
    let url = backend.url();
    let folder = data.to_owned();
    let signed_in = tokio::task::spawn_blocking(move || {
        let mut client = Headless::start(&folder, Some(&url))?;
        client.ask("login", &json!({ "clientCode": CODE, "password": "medida" }))?;
        client.end()
    })
    .await?;
    backend.shutdown().await;
    signed_in
}

/// Puts everything of a world into an empty store, message by message in the order of time, as
/// live events would.
pub async fn fill(store: &Store, world: World) -> Result<()> {
    let rows: Vec<_> = (1..).zip(world.tallies()).map(|(id, tally)| world.row(id, tally)).collect();
    for rows in rows.chunks(BATCH) {
        let put = StoreOp::PutConversations { rows: rows.to_vec() };
        apply(store, vec![put]).await?;
    }
    let mut ops = Vec::with_capacity(BATCH);
    for id in 1..=world.messages {
        let message = world.message(id);
        ops.push(StoreOp::ApplyMessages {
            conversation_id: ConversationId(message.conversation_id.0),
            messages: vec![message],
            run: Run::Live { unbroken: true },
            local_ids: Vec::new(),
        });
        if ops.len() == BATCH || id == world.messages {
            apply(store, std::mem::take(&mut ops)).await?;
        }
        if id % 100_000 == 0 {
            eprintln!("{id} messages");
        }
    }
    let sizes = store.sizes().await?;
    ensure!(
        i64::try_from(sizes.messages)? == world.messages && sizes.gaps == 0,
        "filled wrongly: {sizes:?}"
    );
    Ok(())
}

async fn apply(store: &Store, ops: Vec<StoreOp>) -> Result<()> {
    match store.apply(ops).await {
        Ok(_) => Ok(()),
        Err(fault) => anyhow::bail!("not stored: {fault:?}"),
    }
}
