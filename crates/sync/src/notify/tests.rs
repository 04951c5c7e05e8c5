//! Bursts, mutes, switches, and the operator's own unlinking.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::{AT_ONCE, DIGEST_EVERY_MS, WINDOW_MS};
use crate::{Command, Config, Effect, Engine, Input, Notice, NoticePolicy, Now, Token};
use condorito_model::fact::{MessageFact, MessageKind, Sender, ServerEvent, WhatsappState};
use condorito_model::link::LinkFact;
use condorito_model::record::{ConversationRow, Coverage, Snapshot};
use condorito_model::rest::{Failure, Headers, Reply, Request};
use condorito_model::{ConversationId, MessageId, RowId, Timestamp};

/// Wall time of the machine at zero.
const WALL: i64 = 1_790_000_000_000;

struct Desk {
    engine: Engine,
    at: u64,
    next: i64,
}

impl Desk {
    fn new() -> Self {
        let row = |id| ConversationRow {
            id: ConversationId(id),
            phone: format!("54938755500{id:02}"),
            name: Some(format!("Contacto {id}")),
            last_message: None,
            last_message_at: None,
            unread: 50,
            bot_enabled: false,
            total: Some(0),
            older_unknown: Some(0),
            stale: false,
            local_at: None,
            local_preview: None,
        };
        let snapshot = Snapshot {
            conversations: (1..=20).map(|id| (row(id), Coverage::default())).collect(),
            ..Snapshot::default()
        };
        let mut desk = Self { engine: Engine::new(Config::default()), at: 0, next: 0 };
        desk.input(Input::Opened { snapshot: Box::new(snapshot) });
        desk
    }

    fn input(&mut self, input: Input) -> Vec<Effect> {
        let wall = Timestamp::from_millis(WALL).plus_millis(i64::try_from(self.at).unwrap());
        self.engine.handle(Now { mono: self.at, wall }, input)
    }

    fn policy(&mut self, policy: NoticePolicy) {
        self.input(Input::Notices { policy });
    }

    /// A message of a contact, live.
    fn message(&mut self, id: i64) -> Vec<Notice> {
        self.input(Input::Tick);
        self.next += 1;
        let message = MessageFact {
            id: RowId(self.next),
            conversation_id: ConversationId(id),
            message_id: MessageId(format!("false_{}", self.next)),
            from: Sender::Contact,
            kind: MessageKind::Text,
            content: Some("hola".into()),
            sent_at: Timestamp::from_millis(WALL),
            media: None,
            phone: None,
        };
        self.engine.count_new(ConversationId(id), &[message], true);
        self.tick()
    }

    fn tick(&mut self) -> Vec<Notice> {
        let effects = self.input(Input::Tick);
        notices(effects)
    }
}

fn notices(effects: Vec<Effect>) -> Vec<Notice> {
    effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Notify { notice } => Some(notice),
            _ => None,
        })
        .collect()
}

fn of(told: &[Notice]) -> Option<i64> {
    match told {
        [Notice::Message { conversation_id, .. }] => Some(conversation_id.0),
        _ => None,
    }
}

#[test]
fn a_burst_is_one_digest_that_grows() {
    let mut desk = Desk::new();
    for id in 1..=5 {
        assert_eq!(of(&desk.message(id)), Some(id));
        desk.at += 100;
    }
    let first = desk.message(6);
    assert_eq!(first, [Notice::Digest { messages: 6, conversations: 6 }]);
    // What follows at once waits, whoever it is from.
    for id in [7, 7, 1] {
        desk.at += 100;
        assert_eq!(desk.message(id), []);
    }
    let due = desk.engine.deadline().unwrap();
    assert_eq!(due, 500 + DIGEST_EVERY_MS);
    desk.at = due;
    assert_eq!(desk.tick(), [Notice::Digest { messages: 9, conversations: 7 }]);
    // Nothing new: nothing to tell.
    desk.at += DIGEST_EVERY_MS;
    assert_eq!(desk.tick(), []);
    // The storm is over: one by one again, and a later digest begins anew.
    desk.at += WINDOW_MS;
    assert_eq!(of(&desk.message(9)), Some(9));
}

#[test]
fn one_contact_who_writes_much_is_no_burst() {
    let mut desk = Desk::new();
    for _ in 0..4 * AT_ONCE {
        assert_eq!(of(&desk.message(1)), Some(1));
        desk.at += 10;
    }
}

#[test]
fn a_digest_leaves_out_what_was_read_or_muted_meanwhile() {
    let mut desk = Desk::new();
    for id in 1..=6 {
        desk.message(id);
    }
    desk.message(7);
    desk.input(Input::Focus { conversation_id: Some(ConversationId(7)), focused: true });
    desk.policy(NoticePolicy {
        muted: [(ConversationId(6), None)].into(),
        ..NoticePolicy::default()
    });
    desk.at = desk.engine.deadline().unwrap();
    assert_eq!(desk.tick(), [Notice::Digest { messages: 5, conversations: 5 }]);
}

#[test]
fn a_mute_holds_until_its_time() {
    let mut desk = Desk::new();
    let until = Some(Timestamp::from_millis(WALL).plus_millis(60_000));
    desk.policy(NoticePolicy {
        muted: [(ConversationId(1), until), (ConversationId(2), None)].into(),
        ..NoticePolicy::default()
    });
    assert_eq!(desk.message(1), []);
    desk.at = 60_000;
    assert_eq!(of(&desk.message(1)), Some(1));
    assert_eq!(desk.message(2), []);
}

#[test]
fn muted_conversations_make_no_burst() {
    let mut desk = Desk::new();
    desk.policy(NoticePolicy {
        muted: (10..=20).map(|id| (ConversationId(id), None)).collect(),
        ..NoticePolicy::default()
    });
    for id in 10..=20 {
        assert_eq!(desk.message(id), []);
    }
    assert_eq!(of(&desk.message(1)), Some(1));
}

#[test]
fn what_came_while_nothing_was_wanted_is_not_told_later() {
    let mut desk = Desk::new();
    desk.policy(NoticePolicy { do_not_disturb: true, ..NoticePolicy::default() });
    for id in 1..=10 {
        assert_eq!(desk.message(id), []);
    }
    desk.policy(NoticePolicy::default());
    assert_eq!(of(&desk.message(1)), Some(1));
    assert_eq!(desk.tick(), []);
}

/// WhatsApp's state as an event of the link, after it was connected.
fn unlinked_after(desk: &mut Desk, before: impl FnOnce(&mut Desk)) -> Vec<Notice> {
    desk.input(Input::SignedIn);
    desk.input(Input::Link { fact: LinkFact::Up { generation: 1 } });
    let whatsapp = |desk: &mut Desk, state| {
        let event = ServerEvent::Whatsapp { state, qr: None, phone: None, reason: None };
        notices(desk.input(Input::Link { fact: LinkFact::Event { generation: 1, event } }))
    };
    whatsapp(desk, WhatsappState::Connected);
    before(desk);
    whatsapp(desk, WhatsappState::Disconnected)
}

/// Asks for the unlinking; the request that left.
fn unlink(desk: &mut Desk) -> crate::RequestId {
    let command = Command::Ask { request: Request::WhatsappDisconnect };
    let effects = desk.input(Input::Command { token: Token(1), command });
    let id = effects.into_iter().find_map(|effect| match effect {
        Effect::Request { id, request: Request::WhatsappDisconnect } => Some(id),
        _ => None,
    });
    id.unwrap_or_else(|| panic!("nothing left"))
}

fn answer(desk: &mut Desk, request: crate::RequestId, result: Result<Reply, Failure>) {
    let headers = Headers::default();
    let effects = desk.input(Input::Answer { request, result, headers, rtt_ms: 1 });
    let answered = |effect: &Effect| matches!(effect, Effect::Answer { token: Token(1), .. });
    assert!(effects.iter().any(answered), "{effects:?}");
}

#[test]
fn whatsapp_lost_is_told_unless_it_was_unlinked_here() {
    let lost = [Notice::WhatsappLost];
    assert_eq!(unlinked_after(&mut Desk::new(), |_| ()), lost);
    let own = unlinked_after(&mut Desk::new(), |desk| {
        unlink(desk);
    });
    assert_eq!(own, [], "by the event, before the answer");
    let unclear = unlinked_after(&mut Desk::new(), |desk| {
        let request = unlink(desk);
        answer(desk, request, Err(Failure::Unclear { status: None }));
    });
    assert_eq!(unclear, [], "it may have been done");
    let refused = unlinked_after(&mut Desk::new(), |desk| {
        let request = unlink(desk);
        answer(desk, request, Err(Failure::Refused { status: 403, message: None }));
    });
    assert_eq!(refused, lost, "it was not done");
    let later = unlinked_after(&mut Desk::new(), |desk| {
        unlink(desk);
        desk.at += super::OWN_UNLINK_MS;
    });
    assert_eq!(later, lost, "long after");
}

#[test]
fn each_kind_can_be_switched_off() {
    let mut desk = Desk::new();
    desk.policy(NoticePolicy { notify_whatsapp: false, ..NoticePolicy::default() });
    assert_eq!(unlinked_after(&mut desk, |_| ()), []);
    let mut desk = Desk::new();
    let phone = "5493875550001";
    desk.engine.tell_failed(phone, false);
    let told = desk.tick();
    assert!(matches!(told.as_slice(), [Notice::SendFailed { .. }]), "{told:?}");
    desk.policy(NoticePolicy { notify_failed: false, ..NoticePolicy::default() });
    desk.engine.tell_failed(phone, false);
    assert_eq!(desk.tick(), []);
}

#[test]
fn a_failure_on_screen_needs_no_notice() {
    let mut desk = Desk::new();
    desk.input(Input::Focus { conversation_id: Some(ConversationId(1)), focused: true });
    desk.engine.tell_failed("5493875550001", false);
    assert_eq!(desk.tick(), []);
}
