//! The demo's contacts at work: they write at a rate, they answer what they are told, some send
//! pictures and voice notes, and the bot attends where it is on.

use std::{sync::Arc, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use rusqlite::OptionalExtension as _;
use tokio::sync::broadcast::error::RecvError;

use super::{
    Heard,
    gallery::CARD,
    media,
    people::{PEOPLE, Person},
    phone::{Media, Report, report},
    phrases::{AFTERTHOUGHTS, ANSWERS, BOT_ANSWERS, CAPTIONS, OPENINGS},
};
use crate::{
    config::Demo, core::Core, error::Error, events::TenantKey, history::Sender,
    sending::files::keep,
};

/// Starts both kinds of traffic; they end with the instance.
pub(crate) fn begin(core: &Arc<Core>, tenant: TenantKey, demo: &Demo) {
    core.spawn(answer(Arc::clone(core), tenant.clone(), demo.clone()));
    if demo.messages_per_minute > 0.0 {
        core.spawn(write(Arc::clone(core), tenant, demo.clone()));
    }
}

/// Contacts that write by themselves.
async fn write(core: Arc<Core>, tenant: TenantKey, demo: Demo) {
    let mut chance = StdRng::seed_from_u64(demo.seed);
    let mean = 60.0 / demo.messages_per_minute;
    loop {
        // Exponential pauses: what arrives independently clusters and leaves gaps.
        let pause = -mean * (1.0 - chance.random::<f64>()).ln();
        tokio::time::sleep(Duration::from_secs_f64(pause.clamp(0.05, 600.0))).await;
        if !core.links.is_connected(tenant.id) {
            continue;
        }
        let Some(person) = PEOPLE.choose(&mut chance) else {
            return;
        };
        if let Err(error) = speak(&core, &tenant, person, &mut chance).await {
            tracing::warn!(%error, "a simulated contact could not write");
        }
    }
}

async fn speak(
    core: &Arc<Core>,
    tenant: &TenantKey,
    person: &Person,
    chance: &mut StdRng,
) -> Result<(), Error> {
    let mut said = Report::text(
        person.phone,
        Some(person.name),
        Sender::Contact,
        OPENINGS.choose(chance).copied().unwrap_or("Hola"),
    );
    match chance.random_range(0..12) {
        0 => {
            let path =
                keep(core, "images", "png", &media::picture(chance.random(), (480, 320))?).await?;
            said.text = CAPTIONS.choose(chance).copied().unwrap_or_default().to_owned();
            said.media = Some(Media::named_by_path("image", path));
        }
        1 => {
            let path = keep(core, "audio", "wav", &media::voice_note()).await?;
            said.text.clear();
            said.media = Some(Media::named_by_path("audio", path));
        }
        2 if chance.random_ratio(1, 3) => {
            said.text = CARD.to_owned();
            said.media = Some(Media::without_file("contact_card"));
        }
        3 if chance.random_ratio(1, 3) => {
            said.text.clear();
            said.media = Some(Media::without_file("location"));
        }
        _ => {}
    }
    report(core, tenant, said).await?;
    if chance.random_bool(0.25) {
        tokio::time::sleep(Duration::from_millis(chance.random_range(400..2500))).await;
        let more = AFTERTHOUGHTS.choose(chance).copied().unwrap_or("Gracias");
        let said = Report::text(person.phone, Some(person.name), Sender::Contact, more);
        report(core, tenant, said).await?;
    }
    if attended_by_bot(core, tenant.id, person.phone).await? {
        tokio::time::sleep(Duration::from_millis(chance.random_range(600..1500))).await;
        let answer = BOT_ANSWERS.choose(chance).copied().unwrap_or("Un momento, por favor.");
        report(core, tenant, Report::text(person.phone, None, Sender::Bot, answer)).await?;
    }
    Ok(())
}

async fn attended_by_bot(core: &Core, tenant: i64, phone: &'static str) -> Result<bool, Error> {
    Ok(core
        .database
        .call(move |rows| {
            Ok(rows
                .query_row(
                    "SELECT c.bot_enabled AND t.bot_enabled
                     FROM conversations c JOIN tenants t ON t.id = c.tenant_id
                     WHERE c.tenant_id = ?1 AND c.contact_phone = ?2",
                    rusqlite::params![tenant, phone],
                    |row| row.get(0),
                )
                .optional()?
                .unwrap_or(false))
        })
        .await?)
}

/// Contacts that answer what they are told.
async fn answer(core: Arc<Core>, tenant: TenantKey, demo: Demo) {
    let mut heard = core.hearing.listen();
    let mut chance = StdRng::seed_from_u64(demo.seed.wrapping_add(1));
    loop {
        let Heard { tenant: to, user } = match heard.recv().await {
            Ok(heard) => heard,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if to != tenant || !chance.random_bool(demo.answers.clamp(0.0, 1.0)) {
            continue;
        }
        let (soonest, latest) = demo.answer_after;
        let pause = chance.random_range(soonest..=latest.max(soonest));
        let words = ANSWERS.choose(&mut chance).copied().unwrap_or("Dale");
        let (core_, tenant) = (Arc::clone(&core), tenant.clone());
        core.spawn(async move {
            tokio::time::sleep(pause).await;
            let said = Report::text(&user, None, Sender::Contact, words);
            if let Err(error) = report(&core_, &tenant, said).await {
                tracing::warn!(%error, "a simulated contact could not answer");
            }
        });
    }
}
