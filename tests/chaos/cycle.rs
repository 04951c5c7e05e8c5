//! One cycle: weather, blows, healing.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::time::Instant;

use crate::run::{ONLINE, Run};
use crate::schedule::{Blow, Cycle};

/// What is still to be done after a blow.
enum Later {
    Open,
    ComeBack(Duration),
    Link,
}

impl Run {
    /// Weather and blows, then healing.
    pub async fn cycle(&mut self, cycle: &Cycle) -> Result<()> {
        let began = Instant::now();
        self.proxy.weather(cycle.faulty);
        let mut later: Vec<(Instant, Later)> = Vec::new();
        for (at, blow) in &cycle.blows {
            self.wait(began + *at, &mut later).await?;
            match *blow {
                Blow::Strike(fault) => self.proxy.strike(fault),
                Blow::KillClient(away) => {
                    // Away already: one kill is as good as two.
                    if let Some(client) = self.put(None) {
                        client.kill().await?;
                        self.report.client_kills += 1;
                        later.push((Instant::now() + away, Later::Open));
                    }
                }
                Blow::KillServer(away, unlinked) => {
                    let down = later.iter().any(|(_, what)| matches!(what, Later::ComeBack(_)));
                    if !down {
                        self.server.die().await?;
                        self.report.server_kills += 1;
                        later.push((Instant::now() + away, Later::ComeBack(unlinked)));
                    }
                }
                // The server may be away.
                Blow::SpoilSends => drop(self.orders.spoil_sends(&mut self.chance).await),
            }
        }
        self.wait(began + cycle.length, &mut later).await?;
        while let Some((due, _)) = later.iter().min_by_key(|(due, _)| *due) {
            self.wait(*due, &mut later).await?;
        }
        if cycle.rests {
            self.heal().await?;
            if cycle.hurried {
                let client = self.client()?;
                // It may be dead by its own fault: the wait tells.
                let _ = client.ask("reconnect_now", json!({}), ONLINE).await;
            }
            self.online().await;
        }
        Ok(())
    }

    /// Waits until `until`, doing meanwhile what falls due.
    async fn wait(&mut self, until: Instant, later: &mut Vec<(Instant, Later)>) -> Result<()> {
        loop {
            let next = later.iter().enumerate().min_by_key(|(_, (due, _))| *due);
            let Some((place, due)) = next.map(|(place, (due, _))| (place, *due)) else { break };
            if due > until {
                break;
            }
            tokio::time::sleep_until(due).await;
            match later.swap_remove(place).1 {
                Later::Open => self.open()?,
                Later::ComeBack(unlinked) => {
                    self.server.come_back().await?;
                    later.push((Instant::now() + unlinked, Later::Link));
                }
                Later::Link => self.orders.link().await?,
            }
        }
        tokio::time::sleep_until(until).await;
        Ok(())
    }

    /// Nothing is in the way any more.
    pub async fn heal(&mut self) -> Result<()> {
        self.proxy.heal();
        self.orders.spare_sends().await
    }
}
