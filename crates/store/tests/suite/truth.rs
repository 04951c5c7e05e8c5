//! Whatever the store is told, in whatever order: what it calls unbroken misses nothing that the
//! server has.

use crate::support::{Home, at, chat};
use condorito_model::fact::{MessageFact, MessageKind, Sender};
use condorito_model::record::{Coverage, Outcome, Run, StoreOp};
use condorito_model::{ConversationId, MessageId, RowId};
use condorito_store::Place;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::runtime::Runtime;

/// What happens next. Numbers are reduced to what there is.
#[derive(Debug, Clone)]
enum Event {
    /// The server gets a message and tells; `doubtful`: the client is not sure that it is next.
    Live { doubtful: bool },
    /// The server gets a message while nobody listens.
    Missed,
    /// A file that was sent earlier gets its row late, and the server tells.
    Late { place: usize },
    /// A page of history.
    Window { from: usize, length: usize },
    /// Single messages, as a search on the server would bring.
    Scattered { picks: Vec<usize> },
    /// The client finds that as many are cached as the server counts.
    Counted,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => any::<bool>().prop_map(|doubtful| Event::Live { doubtful }),
        3 => Just(Event::Missed),
        1 => (0..40_usize).prop_map(|place| Event::Late { place }),
        4 => (0..40_usize, 1..8_usize).prop_map(|(from, length)| Event::Window { from, length }),
        1 => prop::collection::vec(0..40_usize, 1..4).prop_map(|picks| Event::Scattered { picks }),
        1 => Just(Event::Counted),
    ];
    prop::collection::vec(event, 1..40)
}

/// (second, id), the order of a conversation.
type Key = (i64, i64);

/// The server's history, and what the client was given of it.
#[derive(Debug, Default)]
struct World {
    history: Vec<Key>,
    /// The client's copy, with the flags that follow from the rules.
    cached: BTreeMap<Key, bool>,
}

impl World {
    /// The key before another on the server.
    fn before(&self, key: Key) -> Option<Key> {
        self.history.iter().copied().filter(|other| *other < key).max()
    }

    /// Whether `key` could be called joined: what lies before it is cached, or nothing does.
    fn may_join(&self, key: Key) -> bool {
        self.before(key).is_none_or(|before| self.cached.contains_key(&before))
    }

    fn coverage(&self) -> Coverage {
        let flags: Vec<bool> = self.cached.values().copied().collect();
        let newest_break = flags.iter().rposition(|joined| !joined).unwrap_or(0);
        Coverage {
            cached: u32::try_from(flags.len()).unwrap(),
            newest_id: self.cached.keys().map(|(_, id)| RowId(*id)).max(),
            gap: flags.iter().skip(1).any(|joined| !joined),
            start_known: flags.first().copied().unwrap_or(false),
            run: u32::try_from(flags.len() - newest_break).unwrap(),
        }
    }
}

fn fact(conversation: ConversationId, (second, id): Key) -> MessageFact {
    MessageFact {
        id: RowId(id),
        conversation_id: conversation,
        message_id: MessageId(format!("false_{id}")),
        from: Sender::Contact,
        kind: MessageKind::Text,
        content: None,
        sent_at: at(second),
        media: None,
        phone: None,
    }
}

/// One store for all cases, each with a conversation of its own.
fn shared() -> &'static (Runtime, Home) {
    static SHARED: OnceLock<(Runtime, Home)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .expect("a runtime");
        let home = runtime.block_on(Home::new());
        (runtime, home)
    })
}

static NEXT_CONVERSATION: AtomicI64 = AtomicI64::new(1);
static NEXT_MESSAGE: AtomicI64 = AtomicI64::new(1);

async fn live_through(home: &Home, events: &[Event]) -> Result<(), TestCaseError> {
    let conversation = ConversationId(NEXT_CONVERSATION.fetch_add(1, Ordering::SeqCst));
    home.put(chat(conversation.0)).await;
    let mut world = World::default();
    for event in events {
        let id = NEXT_MESSAGE.fetch_add(1, Ordering::SeqCst);
        let last = world.history.last().map_or(0, |(second, _)| *second);
        // Two messages share each second: the id decides.
        let next = (last.max(i64::try_from(world.history.len() / 2).unwrap()), id);
        let (keys, run) = match event {
            Event::Live { doubtful } => {
                world.history.push(next);
                let newest = world.cached.last_key_value().map(|(key, _)| *key);
                let unbroken = !doubtful && world.before(next) == newest;
                (vec![next], Run::Live { unbroken })
            }
            Event::Missed => {
                world.history.push(next);
                continue;
            }
            Event::Late { place } => {
                if world.history.is_empty() {
                    continue;
                }
                let (second, _) = world.history[place % world.history.len()];
                let key = (second, id);
                world.history.push(key);
                world.history.sort_unstable();
                (vec![key], Run::Live { unbroken: false })
            }
            Event::Window { from, length } => {
                if world.history.is_empty() {
                    continue;
                }
                let from = from % world.history.len();
                let keys: Vec<Key> =
                    world.history.iter().copied().skip(from).take(*length).collect();
                (keys, Run::Window { from_start: from == 0 })
            }
            Event::Scattered { picks } => {
                if world.history.is_empty() {
                    continue;
                }
                let count = world.history.len();
                let mut keys: Vec<Key> = picks.iter().map(|n| world.history[n % count]).collect();
                keys.sort_unstable();
                keys.dedup();
                (keys, Run::Scattered)
            }
            Event::Counted => {
                let oldest = world.cached.first_key_value().map(|(key, _)| *key);
                let whole =
                    world.cached.keys().all(|key| Some(*key) == oldest || world.may_join(*key));
                if !whole {
                    continue;
                }
                let outcome =
                    home.apply(vec![StoreOp::CloseGaps { conversation_id: conversation }]).await;
                for (key, joined) in &mut world.cached {
                    *joined |= Some(*key) != oldest;
                }
                prop_assert_eq!(outcome, vec![Outcome::Closed { coverage: world.coverage() }]);
                continue;
            }
        };
        let new: Vec<i64> =
            keys.iter().filter(|key| !world.cached.contains_key(key)).map(|key| key.1).collect();
        let known = world.cached.contains_key(&keys[0]);
        let outcome = home
            .apply(vec![StoreOp::ApplyMessages {
                conversation_id: conversation,
                messages: keys.iter().map(|key| fact(conversation, *key)).collect(),
                run,
                local_ids: Vec::new(),
            }])
            .await;
        let Some(Outcome::Applied { mut inserted, joined, coverage }) = outcome.into_iter().next()
        else {
            panic!("no outcome")
        };
        inserted.sort_unstable();
        let mut new = new;
        new.sort_unstable();
        prop_assert_eq!(inserted.iter().map(|id| id.0).collect::<Vec<_>>(), new);
        let from_start = run == Run::Window { from_start: true };
        prop_assert_eq!(joined, known || from_start);
        // What the store now says of each message, read back.
        let read = read_flags(home, conversation).await;
        for key in &keys {
            world.cached.insert(*key, false);
        }
        prop_assert_eq!(
            read.keys().collect::<Vec<_>>(),
            world.cached.keys().collect::<Vec<_>>(),
            "the messages are those given"
        );
        for (key, joined) in &read {
            prop_assert!(
                !joined || world.may_join(*key),
                "{key:?} is called joined, but {:?} is not cached",
                world.before(*key)
            );
        }
        if matches!(run, Run::Window { .. }) {
            let known = keys.iter().skip(usize::from(!from_start)).all(|key| read[key]);
            prop_assert!(known, "a window has no gap within");
        }
        world.cached = read;
        prop_assert_eq!(coverage, world.coverage());
        pages_tell_the_truth(home, conversation, &world).await?;
    }
    Ok(())
}

async fn read_flags(home: &Home, conversation: ConversationId) -> BTreeMap<Key, bool> {
    let dump = home.store.dump().await.expect("read");
    dump.messages
        .into_iter()
        .filter(|message| message.fact.conversation_id == conversation)
        .map(|message| {
            let second = (message.fact.sent_at.as_millis() - at(0).as_millis()) / 1000;
            ((second, message.fact.id.0), message.joined)
        })
        .collect()
}

/// A page that is called complete has every message of the server's in its range.
async fn pages_tell_the_truth(
    home: &Home,
    conversation: ConversationId,
    world: &World,
) -> Result<(), TestCaseError> {
    for key in world.cached.keys() {
        let anchor = condorito_store::Anchor::Id(RowId(key.1));
        let read = home.store.messages(conversation, Place::Before(anchor), 3).await;
        let read = read.expect("read").expect("cached");
        if read.complete {
            let mut expected: Vec<i64> = world
                .history
                .iter()
                .rev()
                .filter(|other| *other < key)
                .take(3)
                .map(|other| other.1)
                .collect();
            expected.reverse();
            prop_assert_eq!(crate::support::ids(&read.page.items), expected, "before {:?}", key);
            let older = world.history.iter().filter(|other| *other < key).count() > 3;
            prop_assert!(read.page.has_older || !older);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_called_unbroken_misses_nothing(events in events()) {
        let (runtime, home) = shared();
        runtime.block_on(live_through(home, &events))?;
    }
}
