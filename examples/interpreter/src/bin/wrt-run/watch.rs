//! Watch over programs: the time limit, and the user's interrupt.

use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use wrt_interpreter::Interrupt;

use crate::end::Cause;
use crate::options::Options;

/// The time that an interrupted program has to end. It takes longer where a call of the host does
/// not return: in a write to standard error without a reader, or while a large module is loaded.
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
    /// The cause for which the program must end, if any.
    cause: Option<Cause>,
    /// Whether a thread is about to end the process.
    claimed: bool,
}

impl Watch {
    /// Starts to watch, if the options request a time limit, or metrics, which an interrupted
    /// program reports too.
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

    /// The interrupt that stops the program.
    pub(crate) fn interrupt(&self) -> Interrupt {
        self.shared.interrupt.clone()
    }

    /// The cause for which the program was interrupted, if it was.
    pub(crate) fn cause(&self) -> Option<Cause> {
        self.shared.lock().cause
    }

    /// Ensures that no other thread ends the process. Does not return if another thread already
    /// does.
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

    /// Waits until the process must end, or for the given time. Returns whether the process goes
    /// on.
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

    /// Interrupts the program, and ends the process if the program does not end.
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

/// Prints a line, if that does not take long: the program may be waiting for standard error.
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
