//! The calling thread.

use rustix::thread::{Timespec, nanosleep, sched_yield};

/// Rounds of a wait that only yield. A thread that runs ends within these.
const BRIEF: usize = 100;

/// Lets other threads run, in one round of a wait: briefly at first, and for a millisecond later. On a
/// busy machine the other thread may have to wait for a CPU.
pub(crate) fn let_others_run(round: usize) {
    if round < BRIEF {
        sched_yield();
    } else {
        // A signal only makes the round shorter.
        let _ = nanosleep(&Timespec { tv_sec: 0, tv_nsec: 1_000_000 });
    }
}
