//! The CPU of the caller, as a hint.

/// Number of the current CPU; the thread may have moved by the time it is used.
pub(crate) fn current() -> usize {
    rustix::thread::sched_getcpu()
}
