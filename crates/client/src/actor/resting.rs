//! The end of an engine, for good or for another one over an empty cache. First everything comes to
//! rest: what is under way then, nobody would know of afterwards.

use super::task::Task;
use super::*;

/// How long the answers of texts on their way are waited for. Without its answer a text's outcome is
/// open.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);
/// The same when the program ends, where somebody waits for that.
const ANSWERS_BEFORE_THE_END: Duration = Duration::from_secs(2);

/// What comes once all is at rest.
pub(super) enum Next {
    Clear { why: Why, waiting: Vec<oneshot::Sender<Result<(), ErrorCode>>> },
    End(oneshot::Sender<()>),
}

/// Until all is at rest.
pub(super) struct Resting {
    next: Next,
    pub(super) until: Instant,
    /// Whether somebody signed in meanwhile.
    signed_in: bool,
}

impl Task {
    pub(super) fn input(&mut self, input: Input) {
        match (&mut self.resting, &input) {
            // No text may leave now: the engine that comes is told.
            (Some(resting), Input::SignedIn) => resting.signed_in = true,
            (Some(resting), Input::SignedOut | Input::SessionExpired) => {
                resting.signed_in = false;
            }
            _ => self.handle(input),
        }
    }

    pub(super) fn rest_to_clear(&mut self, why: Why, done: oneshot::Sender<Result<(), ErrorCode>>) {
        match &mut self.resting {
            Some(Resting { next: Next::Clear { why: reason, waiting }, .. }) => {
                waiting.push(done);
                if why == Why::Damaged {
                    *reason = why;
                }
            }
            // There will be no cache to use.
            Some(Resting { next: Next::End(_), .. }) => {
                let _ = done.send(Err(ErrorCode::SignedOut));
            }
            None => self.rest(Next::Clear { why, waiting: vec![done] }, ANSWERS_WITHIN),
        }
    }

    pub(super) fn rest_to_end(&mut self, done: oneshot::Sender<()>) {
        self.rest(Next::End(done), ANSWERS_BEFORE_THE_END);
    }

    /// Without a session nothing leaves any more, and a text that was about to leave waits again:
    /// as *sending* it would come back as an open outcome, though nobody ever sent it.
    fn rest(&mut self, next: Next, patience: Duration) {
        let until = Instant::now() + patience;
        self.resting = Some(Resting { next, until, signed_in: false });
        self.handle(Input::SignedOut);
    }

    /// What was waited for, once all is at rest or took too long.
    pub(super) fn at_rest(&mut self) -> Option<Resting> {
        let over = self.resting.as_ref().is_some_and(|resting| {
            (self.unstored == 0 && self.sends.is_empty()) || Instant::now() >= resting.until
        });
        if over { self.resting.take() } else { None }
    }

    /// Whether the task goes on.
    pub(super) async fn after_rest(&mut self, resting: Resting) -> bool {
        match resting.next {
            Next::End(done) => {
                let _ = done.send(());
                return false;
            }
            Next::Clear { why, waiting } => {
                let cleared = self.clear_cache(why).await;
                for done in waiting {
                    let _ = done.send(cleared);
                }
            }
        }
        if resting.signed_in {
            self.handle(Input::SignedIn);
        }
        true
    }

    /// Nothing is decided meanwhile, so nothing of the old cache is written to the new one.
    async fn clear_cache(&mut self, why: Why) -> Result<(), ErrorCode> {
        let Surroundings { store, voice, .. } = &self.surroundings;
        let cleared = match why {
            Why::Asked => store.clear_cache().await,
            Why::Damaged => store.rebuild_cache().await.map(drop),
        };
        cleared.map_err(|error| fault::of_store(&error))?;
        let snapshot = store.snapshot().await.map_err(|error| fault::of_store(&error))?;
        let policy = voice.policy();
        self.generation += 1;
        self.engine = Engine::new(Config::default());
        self.answers.clear();
        self.sends.clear();
        *self.shared.aliases() = aliases(&snapshot);
        self.known = snapshot.outbox.iter().map(|row| row.local_id.clone()).collect();
        self.handle(Input::Opened { snapshot: Box::new(snapshot) });
        self.handle(Input::Notices { policy });
        Ok(())
    }
}
