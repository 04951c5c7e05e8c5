//! What the engine asks while the link is believed to be there and every request fails at once, as
//! between the death of a server and the moment the link's end is seen.

#![allow(clippy::unwrap_used)]

use condorito_model::fact::ConversationFact;
use condorito_model::link::LinkFact;
use condorito_model::record::{OutboxRow, OutboxState, Outcome, Snapshot, StoreOp};
use condorito_model::rest::{Failure, Headers, Reply, Request};
use condorito_model::{ConversationId, ErrorCode, LocalId, Timestamp};
use condorito_sync::{Answered, Command, Config, Effect, Engine, Input, Now, Token};
use std::collections::VecDeque;

const PHONE: &str = "5493875550001";
const ID: ConversationId = ConversationId(7);

/// An engine with a list of one conversation, whose pages never come.
struct Desk {
    engine: Engine,
    now: u64,
    /// When a page was asked for.
    pages: Vec<u64>,
    /// Whether the list fails too.
    down: bool,
    /// The number of the conversation.
    phone: &'static str,
    answers: Vec<(Token, Result<Answered, ErrorCode>)>,
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self {
            engine: Engine::new(Config::default()),
            now: 0,
            pages: Vec::new(),
            down: false,
            phone: PHONE,
            answers: Vec::new(),
        };
        desk.input(Input::Opened { snapshot: Box::new(Snapshot::default()) });
        desk.input(Input::SignedIn);
        desk.input(Input::Link { fact: LinkFact::Up { generation: 1 } });
        desk
    }

    /// Gives an input, and to everything that follows its answer, at once.
    fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let wall = Timestamp::from_millis(i64::try_from(self.now).unwrap());
            for effect in self.engine.handle(Now { mono: self.now, wall }, input) {
                match effect {
                    Effect::Store { ticket, ops } => {
                        assert!(!ops.iter().any(|op| matches!(op, StoreOp::ApplyMessages { .. })));
                        let result = Ok(vec![Outcome::Done; ops.len()]);
                        inputs.push_back(Input::Stored { ticket, result });
                    }
                    Effect::Request { id, request } => {
                        let result = self.serve(&request);
                        let headers = Headers::default();
                        inputs.push_back(Input::Answer { request: id, result, headers, rtt_ms: 1 });
                    }
                    Effect::Answer { token, result } => self.answers.push((token, result)),
                    _ => {}
                }
            }
        }
    }

    fn ask(&mut self, number: u64, command: Command) {
        self.input(Input::Command { token: Token(number), command });
    }

    fn answer(&self, number: u64) -> Option<&Result<Answered, ErrorCode>> {
        self.answers.iter().find(|(token, _)| *token == Token(number)).map(|(_, result)| result)
    }

    fn serve(&mut self, request: &Request) -> Result<Reply, Failure> {
        if matches!(request, Request::Messages { .. }) {
            self.pages.push(self.now);
            assert!(self.pages.len() < 100, "a storm: {:?}", self.pages);
        }
        match request {
            Request::Conversations { .. } if self.down => Err(Failure::ServerFault { status: 500 }),
            Request::Conversations { .. } => {
                let row = ConversationFact {
                    id: ID,
                    phone: self.phone.into(),
                    name: None,
                    last_message: Some("hola".into()),
                    last_message_at: Some(Timestamp::from_millis(0)),
                    unread_count: 1,
                    bot_enabled: false,
                    total_messages: Some(3),
                };
                Ok(Reply::Conversations { rows: vec![row], raw_rows: 1 })
            }
            _ => Err(Failure::NotSent),
        }
    }

    fn until(&mut self, end: u64) {
        while let Some(due) = self.engine.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.input(Input::Tick);
        }
        self.now = end;
    }

    fn write(&mut self, number: u64) {
        let row = OutboxRow {
            local_id: LocalId(format!("texto {number}")),
            order: i64::try_from(number).unwrap(),
            conversation_id: ID,
            phone: PHONE.into(),
            text: "dale".into(),
            file: None,
            written_at: Timestamp::from_millis(0),
            state: OutboxState::Queued,
            hold: None,
            attempts: 0,
            consents: 1,
            baseline: None,
            message_id: None,
            error: None,
        };
        self.input(Input::Command {
            token: Token(number),
            command: Command::Written { row: Box::new(row) },
        });
    }

    /// The most pages asked for within a second.
    fn most_in_a_second(&self) -> usize {
        let within =
            |from: u64| self.pages.iter().filter(|at| (from..from + 1000).contains(*at)).count();
        self.pages.iter().map(|from| within(*from)).max().unwrap_or(0)
    }
}

#[test]
fn a_text_that_waits_for_its_page_does_not_take_its_back_off_away() {
    let mut desk = Desk::new();
    for number in 1..=20 {
        desk.write(number);
        desk.until(number * 50);
    }
    desk.until(10_000);
    assert!(desk.most_in_a_second() <= 2, "{:?}", desk.pages);
    assert!((2..=9).contains(&desk.pages.len()), "{:?}", desk.pages);
}

#[test]
fn an_operator_who_asks_again_and_again_is_no_storm() {
    let mut desk = Desk::new();
    for number in 1..=100 {
        let command = Command::LoadMessages { conversation_id: ID, older: false };
        desk.input(Input::Command { token: Token(number), command });
        desk.until(number * 50);
    }
    assert!(desk.most_in_a_second() <= 2, "{:?}", desk.pages);
}

#[test]
fn who_waits_for_a_comparison_that_fails_is_told() {
    let mut desk = Desk::new();
    desk.until(60_000);
    desk.down = true;
    desk.ask(1, Command::SyncNow);
    desk.until(75_000);
    assert_eq!(desk.answer(1), Some(&Err(ErrorCode::ServerFault)));
    // The comparison itself goes on, and is over once the server is well.
    desk.down = false;
    desk.until(140_000);
    desk.ask(2, Command::SyncNow);
    desk.until(300_000);
    assert!(matches!(desk.answer(2), Some(Ok(Answered::Synced { .. }))), "{:?}", desk.answers);
}

#[test]
fn a_conversation_is_found_by_the_number_that_it_has_now() {
    let mut desk = Desk::new();
    desk.until(1000);
    desk.phone = "5493875550002";
    desk.ask(1, Command::SyncNow);
    desk.until(300_000);
    desk.ask(2, Command::StartConversation { phone: "5493875550002".into() });
    assert_eq!(desk.answer(2), Some(&Ok(Answered::Conversation { id: ID })));
    desk.ask(3, Command::StartConversation { phone: PHONE.into() });
    let begun = desk.answer(3);
    assert!(matches!(begun, Some(Ok(Answered::Conversation { id })) if id.is_local()), "{begun:?}");
}
