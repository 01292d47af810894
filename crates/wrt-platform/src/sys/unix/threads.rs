//! The calling thread.

/// Lets other threads run.
pub(crate) fn yield_now() {
    rustix::thread::sched_yield();
}
