//! A slot for each live thread, so that it can count in a separate stripe.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};
use std::thread_local;

use super::sync::STRIPE;

/// The most live threads with a slot, so that an index of a counter fits a byte.
pub(super) const THREADS: usize = 256 / STRIPE;

/// The numbers in use by live threads, one bit each.
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// This thread has not requested a slot yet.
const UNKNOWN: u8 = 1;
/// This thread has no slot: there were none left, or it is ending.
const NONE: u8 = 2;

thread_local! {
    /// The thread's number times the counters in a stripe, or one of the two values above. It has no destructor, so reading it is a load.
    static SLOT: Cell<u8> = const { Cell::new(UNKNOWN) };
    /// Returns the number when the thread ends; used only when one is taken.
    static LEASE: Lease = const { Lease(Cell::new(None)) };
}

/// The number that a thread has taken.
struct Lease(Cell<Option<u32>>);

impl Drop for Lease {
    fn drop(&mut self) {
        // A thread that is ending counts in the shared stripe.
        SLOT.set(NONE);
        if let Some(number) = self.0.get() {
            // Release: the next thread to take the number sees all counts made under it.
            TAKEN.fetch_and(!(1 << number), Ordering::Release);
        }
    }
}

/// This thread's slot, if it has already requested one: a multiple of the counters in a stripe. No
/// other live thread has the same slot, and the next thread to get it sees all writes of this one.
#[inline(always)]
pub(super) fn known() -> Option<u8> {
    let slot = SLOT.get();
    if slot & (STRIPE as u8 - 1) == 0 { Some(slot) } else { None }
}

/// This thread's slot, requested on the first call; `None` if there is no free slot.
pub(super) fn ask() -> Option<u8> {
    if SLOT.get() == UNKNOWN {
        // A thread that is ending has lost its lease and gets no number.
        let number = LEASE.try_with(|lease| {
            lease.0.set(take());
            lease.0.get()
        });
        let slot = number.ok().flatten().map(|number| number as u8 * STRIPE as u8);
        SLOT.set(slot.unwrap_or(NONE));
    }
    known()
}

/// Takes the lowest free number.
fn take() -> Option<u32> {
    let free = |taken: u32| Some(taken.trailing_ones()).filter(|free| (*free as usize) < THREADS);
    let claim = |taken: u32| free(taken).map(|number| taken | 1 << number);
    // Acquire: pairs with the release of the thread that had the number before.
    let before = TAKEN.fetch_update(Ordering::Acquire, Ordering::Relaxed, claim).ok()?;
    free(before)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::thread;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn live_threads_never_share_a_slot_and_slots_come_back() {
        for _ in 0..20 {
            let all_have_asked = Barrier::new(THREADS + 4);
            let slots: Vec<_> = thread::scope(|scope| {
                let ask = || {
                    let slot = ask();
                    all_have_asked.wait();
                    assert_eq!(slot, known());

                    slot
                };
                let threads: Vec<_> = (0..THREADS + 4).map(|_| scope.spawn(ask)).collect();
                threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
            });
            assert!(slots.len() >= THREADS / 2, "slots of ended threads are given out again");
            assert!(slots.iter().all(|slot| usize::from(*slot) % STRIPE == 0));
            assert_eq!(slots.len(), slots.iter().collect::<HashSet<_>>().len());
        }
    }
}
