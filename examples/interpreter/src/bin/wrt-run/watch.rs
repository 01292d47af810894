//! Ends a program that runs too long, or that its user interrupts.

use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use wrt_interpreter::Interrupt;

use crate::end::Cause;
use crate::options::Options;

/// How long a program that is asked to end may take to do so. It takes longer where the host does
/// not return: in a write to error output that nobody reads, or while a large module is loaded.
const GRACE: Duration = Duration::from_secs(1);

/// Watches over one program.
pub(crate) struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    interrupt: Interrupt,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Why the program is to end, if it is.
    cause: Option<Cause>,
    /// Whether somebody is about to end the process.
    claimed: bool,
}

impl Watch {
    /// Starts to watch, if the options ask for a limit of time or for metrics, which an interrupted
    /// program reports, too.
    pub(crate) fn start(options: &Options) -> Result<Option<Self>, String> {
        if options.time_limit.is_none() && !options.metrics {
            return Ok(None);
        }
        let shared = Arc::new(Shared {
            interrupt: Interrupt::new(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        if let Some(limit) = options.time_limit {
            let shared = Arc::clone(&shared);
            let watcher = thread::Builder::new().name("time limit".into());
            watcher
                .spawn(move || shared.wait_and_end(limit))
                .map_err(|error| format!("cannot start a thread for the time limit: {error}"))?;
        }
        if options.metrics {
            let shared = Arc::clone(&shared);
            ctrlc::set_handler(move || shared.end(Cause::User))
                .map_err(|error| format!("cannot listen to interrupts: {error}"))?;
        }
        Ok(Some(Self { shared }))
    }

    /// What stops the program.
    pub(crate) fn interrupt(&self) -> Interrupt {
        self.shared.interrupt.clone()
    }

    /// Why the program was asked to end, if it was.
    pub(crate) fn cause(&self) -> Option<Cause> {
        self.shared.lock().cause
    }

    /// Makes sure that nobody else ends the process. Does not return if somebody else does.
    pub(crate) fn claim(&self) {
        let mut state = self.shared.lock();
        if state.claimed {
            drop(state);
            loop {
                thread::park();
            }
        }
        state.claimed = true;
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the process is to end, or for this long. Returns whether it does not end yet.
    fn wait(&self, limit: Duration) -> bool {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, limit, |state| !state.claimed);
        !waited.unwrap_or_else(PoisonError::into_inner).0.claimed
    }

    fn wait_and_end(&self, limit: Duration) {
        if self.wait(limit) {
            self.end(Cause::Time(limit));
        }
    }

    /// Asks the program to end, and ends the process if it does not.
    fn end(&self, cause: Cause) {
        self.lock().cause.get_or_insert(cause);
        self.interrupt.raise();
        if !self.wait(GRACE) {
            return;
        }
        let mut state = self.lock();
        if !state.claimed {
            state.claimed = true;
            let cause = state.cause.unwrap_or(cause);
            drop(state);
            say_briefly(format!("{cause}, outside of the program's code"));
            process::exit(cause.code().into());
        }
    }
}

/// Says a line, if that does not take long: it may be error output that the program waits for.
fn say_briefly(line: String) {
    let (said, heard) = mpsc::channel();
    let speaker = thread::Builder::new().spawn(move || {
        crate::say(&line);
        let _ = said.send(());
    });
    if speaker.is_ok() {
        let _ = heard.recv_timeout(GRACE);
    }
}
