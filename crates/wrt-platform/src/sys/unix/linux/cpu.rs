//! Where the caller runs, as a hint.

/// The number of the CPU; it may be another by the time it is used.
pub(crate) fn current() -> usize {
    rustix::thread::sched_getcpu()
}
