//! A small number for each live thread, so that it can count in a place of its own.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};
use std::thread_local;

/// How many live threads can have a number at once.
pub(super) const SLOTS: usize = 16;

/// One bit for each number that a live thread has.
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// This thread has not asked yet.
const UNKNOWN: usize = usize::MAX;
/// This thread has no number: there were none left, or it is ending.
const NONE: usize = usize::MAX - 1;

thread_local! {
    /// The number, or one of the two values above. It has no destructor, so reading it is a load.
    static SLOT: Cell<usize> = const { Cell::new(UNKNOWN) };
    /// Gives the number back when the thread ends; touched only when one is taken.
    static LEASE: Lease = const { Lease(Cell::new(NONE)) };
}

struct Lease(Cell<usize>);

impl Drop for Lease {
    fn drop(&mut self) {
        // What this thread still counts while it ends goes where all may count.
        SLOT.set(NONE);
        if self.0.get() < SLOTS {
            // Release: whoever takes the number next sees all that was counted under it.
            TAKEN.fetch_and(!(1 << self.0.get()), Ordering::Release);
        }
    }
}

/// This thread's number, below [`SLOTS`], or `None` if it has none. No other live thread has it,
/// and the next one to get it sees everything this one wrote.
#[inline(always)]
pub(super) fn current() -> Option<usize> {
    let slot = SLOT.get();
    if slot < SLOTS { Some(slot) } else { current_slow(slot) }
}

#[cold]
fn current_slow(slot: usize) -> Option<usize> {
    if slot == UNKNOWN {
        // A thread that is ending has no lease any more and gets no number.
        let taken = LEASE.try_with(|lease| {
            let taken = take();
            lease.0.set(taken);
            taken
        });
        SLOT.set(taken.unwrap_or(NONE));
    }
    Some(SLOT.get()).filter(|slot| *slot < SLOTS)
}

/// Takes the lowest free number.
fn take() -> usize {
    let free = |taken: u32| Some(taken.trailing_ones() as usize).filter(|slot| *slot < SLOTS);
    let claim = |taken: u32| free(taken).map(|slot| taken | 1 << slot);
    // Acquire: pairs with the release of the thread that had the number before.
    match TAKEN.fetch_update(Ordering::Acquire, Ordering::Relaxed, claim) {
        Ok(before) => free(before).unwrap_or(NONE),
        Err(_) => NONE,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::thread;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn live_threads_never_share_a_number_and_numbers_come_back() {
        for _ in 0..20 {
            let all_have_asked = Barrier::new(SLOTS + 4);
            let numbers: Vec<_> = thread::scope(|scope| {
                let ask = || {
                    let number = current();
                    all_have_asked.wait();
                    assert_eq!(number, current());
                    number
                };
                let threads: Vec<_> = (0..SLOTS + 4).map(|_| scope.spawn(ask)).collect();
                threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
            });
            assert!(numbers.len() >= SLOTS / 2, "numbers of ended threads are given out again");
            assert_eq!(numbers.len(), numbers.iter().collect::<HashSet<_>>().len());
        }
    }
}
