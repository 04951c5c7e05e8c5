//! What is left behind when the program breaks: the place where it broke, and nothing of what it
//! held.

/// To be called by every host before anything else.
///
/// A panic is told by its place only, since its words may quote what people wrote (a text that is
/// cut in the middle of a letter is quoted whole). And no core is written: it would hold texts,
/// tokens and keys in clear.
pub fn leave_no_traces() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, thread = std::thread::current().name(), "a task broke");
        } else {
            eprintln!("broke at {place}");
        }
    }));
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let allowed = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
        // Lowering one's own limit is always allowed.
        let _ = setrlimit(Resource::Core, allowed);
    }
}
